#define _GNU_SOURCE
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"

enum { ANSWER = 3 };

union control {
    struct cmsghdr header;
    char room[CMSG_SPACE(HELPER_GIVES * sizeof(int))];
};

bool helper_give(const char *text, const int *sockets, size_t count)
{
    struct iovec said = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) + 1};
    union control control = {0};
    struct msghdr message = {.msg_iov = &said, .msg_iovlen = 1};
    size_t size = count * sizeof *sockets;
    if (count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(size);
        control.header = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(size), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), sockets, size);
    }
    return sendmsg(ANSWER, &message, MSG_NOSIGNAL) >= 0;
}

_Noreturn void helper_give_up(const char *why)
{
    (void)helper_give(why, NULL, 0);
    _exit(1);
}

void helper_stay(void)
{
    sigset_t all;
    sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    struct pollfd end = {.fd = ANSWER};
    while (poll(&end, 1, -1) < 0 && errno == EINTR)
        ;
}

_Noreturn static void help(void (*run)(const struct errand *), const struct errand *errand,
                           const struct options *options, int answer)
{
    /* Nothing of ours may live on in here: whoever we serve waits for the end of its socket. */
    if (dup2(answer, ANSWER) < 0)
        _exit(1);
    child_close_from(ANSWER + 1);
    child_default_signals();
    child_become(options);
    run(errand);
    _exit(0);
}

bool helper_start(struct helper *helper, void (*run)(const struct errand *),
                  const struct errand *errand, const struct options *options)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        return false;
    pid_t pid = fork();
    if (pid == 0)
        help(run, errand, options, pair[1]);
    int error = errno;
    close(pair[1]);
    if (pid < 0)
        close(pair[0]);
    else
        *helper = (struct helper){.pid = pid, .answer = pair[0]};
    errno = error;
    return pid > 0;
}

static int take_sockets(struct msghdr *message, int *sockets)
{
    const struct cmsghdr *header = CMSG_FIRSTHDR(message);
    if (header == NULL || header->cmsg_type != SCM_RIGHTS)
        return 0;
    size_t size = header->cmsg_len - CMSG_LEN(0);
    memcpy(sockets, CMSG_DATA(header), size);
    int count = (int)(size / sizeof *sockets);
    for (int i = 0; i < count; i++)
        (void)fcntl(sockets[i], F_SETFL, O_NONBLOCK);
    return count;
}

int helper_answer(const struct helper *helper, char *text, int *sockets)
{
    union control control;
    struct iovec said = {.iov_base = text, .iov_len = HELPER_SAYS - 1};
    struct msghdr message = {.msg_iov = &said,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control.room};
    ssize_t size = recvmsg(helper->answer, &message, MSG_CMSG_CLOEXEC);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return -2;
    text[size > 0 ? size : 0] = '\0';
    if (size > 0)
        return take_sockets(&message, sockets);
    snprintf(text, HELPER_SAYS, "it could not be done");
    return -1;
}

void helper_forget(struct helper *helper)
{
    if (helper->answer >= 0)
        close(helper->answer);
    helper->answer = -1;
}
