/* `vibe-agent attach`: the same frames over stdin and stdout, for engines whose socket directory
 * is not on the gateway's machine. */
#define _GNU_SOURCE
#include <errno.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent.h"

static int try_connect(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* The name appears by a rename, once the agent listens; until then we wait for that event. */
static int connect_to(const char *path, int wait_ms)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char directory[sizeof address.sun_path];
    int length = snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (length < 0 || (size_t)length >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(directory, address.sun_path, sizeof directory);
    int events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    bool watched = events >= 0 && inotify_add_watch(events, dirname(directory), IN_MOVED_TO) >= 0;
    int64_t deadline = now_ms() + wait_ms;
    int fd;
    while ((fd = try_connect(&address)) < 0 && (errno == ENOENT || errno == ECONNREFUSED) &&
           watched && now_ms() < deadline) {
        struct pollfd state = {.fd = events, .events = POLLIN};
        char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
        if (poll(&state, 1, (int)(deadline - now_ms())) > 0)
            (void)!read(events, buffer, sizeof buffer);
        errno = ENOENT;
    }
    int error = errno;
    if (events >= 0)
        close(events);
    errno = error;
    return fd;
}

/* One direction, with one buffer: it reads only when everything before has been written. */
struct pipe {
    int from, to;
    bool ended;
    size_t size, sent;
    uint8_t bytes[64 * 1024];
};

/* False: this direction is over. Blocking descriptors are used only when poll says so. */
static bool pump(struct pipe *pipe, short from_events, short to_events)
{
    ssize_t size;
    if (pipe->sent < pipe->size) {
        if (!to_events)
            return true;
        size = write(pipe->to, pipe->bytes + pipe->sent, pipe->size - pipe->sent);
        if (size < 0)
            return errno == EINTR || errno == EAGAIN;
        pipe->sent += (size_t)size;
        return true;
    }
    if (!from_events)
        return true;
    size = read(pipe->from, pipe->bytes, sizeof pipe->bytes);
    if (size < 0)
        return errno == EINTR || errno == EAGAIN;
    pipe->size = (size_t)size;
    pipe->sent = 0;
    return size > 0;
}

int relay(const char *socket_path, int wait_ms)
{
    static struct pipe up, down;
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        complain("signal", strerror(errno));
        return 1;
    }
    int fd = connect_to(socket_path, wait_ms);
    if (fd < 0) {
        complain("can't reach the agent", strerror(errno));
        return 1;
    }
    up.from = STDIN_FILENO;
    up.to = down.from = fd;
    down.to = STDOUT_FILENO;
    for (;;) {
        bool up_full = up.sent < up.size, down_full = down.sent < down.size;
        struct pollfd states[] = {
            {.fd = up_full ? -1 : STDIN_FILENO, .events = POLLIN},
            {.fd = fd, .events = (short)((up_full ? POLLOUT : 0) | (down_full ? 0 : POLLIN))},
            /* Watched even when idle: whoever reads us may be gone. */
            {.fd = STDOUT_FILENO, .events = down_full ? POLLOUT : 0},
        };
        if (poll(states, 3, -1) < 0) {
            if (errno == EINTR)
                continue;
            complain("poll", strerror(errno));
            return 1;
        }
        short at_socket = states[1].revents, lost = POLLHUP | POLLERR;
        if (!pump(&up, states[0].revents, at_socket & (POLLOUT | lost)) ||
            !pump(&down, at_socket & (POLLIN | lost), states[2].revents) ||
            (!down_full && states[2].revents & lost))
            return 0;
    }
}
