#define _GNU_SOURCE
#include "dialer.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "child.h"

enum { ANSWER = 3 };

static void say(const char *why, int connected)
{
    struct iovec text = {.iov_base = (void *)(uintptr_t)why, .iov_len = strlen(why) + 1};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof connected)];
    } control = {0};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1};
    if (connected >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control.room;
        control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof connected),
                                          .cmsg_level = SOL_SOCKET,
                                          .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), &connected, sizeof connected);
    }
    (void)!sendmsg(ANSWER, &message, MSG_NOSIGNAL);
}

_Noreturn static void give_up(const char *why)
{
    say(why, -1);
    _exit(1);
}

static int connect_by_path(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    return -1;
}

/* Tries the addresses in turn; `errno` is the last one's. */
static int connect_by_name(const char *host, uint16_t port)
{
    char service[8];
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found;
    snprintf(service, sizeof service, "%u", (unsigned)port);
    int failure = getaddrinfo(host, service, &wanted, &found);
    if (failure != 0)
        give_up(gai_strerror(failure));
    errno = EADDRNOTAVAIL;
    for (; found != NULL; found = found->ai_next) {
        int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
            continue;
        if (connect(fd, found->ai_addr, found->ai_addrlen) == 0)
            return fd;
        int error = errno;
        close(fd);
        errno = error;
    }
    return -1;
}

_Noreturn static void dial(const char *host, uint16_t port, const struct options *options,
                           int answer)
{
    /* Nothing of ours may live on in here: whoever we serve waits for the end of its socket. */
    if (dup2(answer, ANSWER) < 0)
        _exit(1);
    child_close_from(ANSWER + 1);
    child_default_signals();
    child_become(options);
    int connected = port == 0 ? connect_by_path(host) : connect_by_name(host, port);
    if (connected < 0)
        give_up(strerror(errno));
    say("", connected);
    _exit(0);
}

pid_t dialer_start(const char *host, uint16_t port, const struct options *options, int *answer)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0)
        dial(host, port, options, pair[1]);
    int error = errno;
    close(pair[1]);
    if (pid < 0)
        close(pair[0]);
    *answer = pair[0];
    errno = error;
    return pid;
}

int dialer_answer(int answer, char *why)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec text = {.iov_base = why, .iov_len = DIALER_SAYS - 1};
    struct msghdr message = {.msg_iov = &text,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control.room};
    ssize_t size = recvmsg(answer, &message, MSG_CMSG_CLOEXEC);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return -2;
    why[size > 0 ? size : 0] = '\0';
    const struct cmsghdr *header = size > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header == NULL || header->cmsg_type != SCM_RIGHTS) {
        if (why[0] == '\0')
            snprintf(why, DIALER_SAYS, "the connection could not be made");
        return -1;
    }
    int connected;
    memcpy(&connected, CMSG_DATA(header), sizeof connected);
    (void)fcntl(connected, F_SETFL, O_NONBLOCK);
    return connected;
}
