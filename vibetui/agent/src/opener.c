#define _GNU_SOURCE
#include "opener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 16 };

static const char *const PLACES[] = {"/tmp", "/var/tmp", "/dev/shm"};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un path;
};

static int close_with(int fd, int error)
{
    if (fd >= 0)
        close(fd);
    errno = error;
    return -1;
}

static int listen_on(const union address *address, socklen_t size)
{
    int on = 1, family = address->any.sa_family;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (family != AF_UNIX)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, &address->any, size) < 0 || listen(fd, BACKLOG) < 0)
        return close_with(fd, errno);
    return fd;
}

static int listen_v4(struct in_addr host, uint16_t port)
{
    union address address = {
        .v4 = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = host}};
    return listen_on(&address, sizeof address.v4);
}

static int listen_v6(struct in6_addr host, uint16_t port)
{
    union address address = {
        .v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = host}};
    return listen_on(&address, sizeof address.v6);
}

static uint16_t port_of(int fd)
{
    union address address = {0};
    socklen_t size = sizeof address;
    if (getsockname(fd, &address.any, &size) < 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

/* On both families where the container has both; `errno` is set where on none. */
static size_t listen_both(struct in_addr v4, struct in6_addr v6, uint16_t port, int *sockets)
{
    size_t count = 0;
    int fd = listen_v4(v4, port);
    int error = errno;
    if (fd >= 0)
        sockets[count++] = fd;
    else if (error == EADDRINUSE)
        return 0;
    fd = listen_v6(v6, port == 0 && count > 0 ? port_of(sockets[0]) : port);
    if (fd >= 0)
        sockets[count++] = fd;
    else if (errno == EADDRINUSE && port != 0)
        return 0; /* who says localhost there would get somebody else */
    errno = error;
    return count;
}

static bool is_one_of(const char *host, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(host, *names) == 0)
            return true;
    return false;
}

static size_t listen_on_port(const char *host, uint16_t port, int *sockets)
{
    static const char *const own[] = {"", "localhost", "127.0.0.1", "::1", NULL};
    static const char *const all[] = {"*", "0.0.0.0", "::", NULL};
    struct in_addr v4 = {.s_addr = htonl(INADDR_LOOPBACK)}, any = {.s_addr = htonl(INADDR_ANY)};
    struct in6_addr v6;
    if (is_one_of(host, own))
        return listen_both(v4, in6addr_loopback, port, sockets);
    if (is_one_of(host, all))
        return listen_both(any, in6addr_any, port, sockets);
    if (inet_pton(AF_INET, host, &v4) == 1)
        sockets[0] = listen_v4(v4, port);
    else if (inet_pton(AF_INET6, host, &v6) == 1)
        sockets[0] = listen_v6(v6, port);
    else
        helper_give_up("that is no address of this container");
    return sockets[0] >= 0 ? 1 : 0;
}

/* An address without a path where there is no room for it. */
static union address path_address(const char *path)
{
    union address address = {.path = {.sun_family = AF_UNIX}};
    if (strlen(path) < sizeof address.path.sun_path)
        memcpy(address.path.sun_path, path, strlen(path) + 1);
    else
        errno = ENAMETOOLONG;
    return address;
}

/* A copy of ours would go on listening behind the agent's back. */
static bool hand_over(const int *sockets, size_t count, const char *path)
{
    bool wanted = helper_give("", sockets, count);
    for (size_t i = 0; i < count; i++)
        close(sockets[i]);
    return wanted && helper_give(path, NULL, 0);
}

/* Whatever has come there since is somebody's: only what we have made is removed. */
static void remove_socket(const char *path, const struct stat *made)
{
    struct stat there;
    if (lstat(path, &there) == 0 && there.st_dev == made->st_dev && there.st_ino == made->st_ino)
        (void)unlink(path);
}

static int bind_at(const char *path)
{
    union address address = path_address(path);
    umask(0177);
    return address.path.sun_path[0] != '\0' ? listen_on(&address, sizeof address.path) : -1;
}

/* Gives the socket that was made at `path` away, and removes it once its inlet has closed. */
static void hold_open(int fd, const char *path, const struct stat *made)
{
    if (hand_over(&fd, 1, path))
        helper_stay();
    remove_socket(path, made);
}

static void listen_at(const char *path)
{
    struct stat made;
    int fd = bind_at(path);
    if (fd < 0)
        helper_give_up(strerror(errno));
    if (lstat(path, &made) < 0)
        helper_give_up(strerror(errno));
    hold_open(fd, path, &made);
}

/* In a directory where nobody else could have put or could exchange what is there. */
static void own_directory(const char *path)
{
    char directory[sizeof ((struct sockaddr_un *)0)->sun_path];
    struct stat about;
    snprintf(directory, sizeof directory, "%s", path);
    *strrchr(directory, '/') = '\0';
    if (mkdir(directory, 0700) < 0 && errno != EEXIST)
        helper_give_up(strerror(errno));
    if (lstat(directory, &about) < 0)
        helper_give_up(strerror(errno));
    if (!S_ISDIR(about.st_mode) || about.st_uid != geteuid() || (about.st_mode & 022) != 0)
        helper_give_up("the directory is somebody else's");
}

static void listen_in_place(const char *path)
{
    char new_path[sizeof ((struct sockaddr_un *)0)->sun_path];
    struct stat there, made;
    int size = snprintf(new_path, sizeof new_path, "%s.%d", path, (int)getpid());
    if (size >= (int)sizeof new_path)
        helper_give_up(strerror(ENAMETOOLONG));
    own_directory(path);
    if (lstat(path, &there) == 0 && !S_ISSOCK(there.st_mode))
        helper_give_up(strerror(EEXIST));
    int fd = bind_at(new_path);
    if (fd < 0)
        helper_give_up(strerror(errno));
    if (lstat(new_path, &made) < 0 || rename(new_path, path) < 0) {
        int error = errno;
        (void)unlink(new_path);
        helper_give_up(strerror(error));
    }
    hold_open(fd, path, &made);
}

static void listen_secretly(void)
{
    char directory[32], path[48];
    for (size_t i = 0; i < sizeof PLACES / sizeof *PLACES; i++) {
        snprintf(directory, sizeof directory, "%s/vibe-XXXXXX", PLACES[i]);
        if (mkdtemp(directory) == NULL)
            continue;
        snprintf(path, sizeof path, "%s/agent.sock", directory);
        listen_at(path);
        (void)rmdir(directory);
        return;
    }
    helper_give_up(strerror(errno));
}

void opener_run(const struct errand *errand)
{
    int sockets[HELPER_GIVES];
    if (errand->secret)
        listen_secretly();
    else if (errand->in_place)
        listen_in_place(errand->host);
    else if (errand->host[0] == '/')
        listen_at(errand->host);
    else {
        size_t count = listen_on_port(errand->host, errand->port, sockets);
        if (count == 0)
            helper_give_up(strerror(errno));
        (void)hand_over(sockets, count, "");
    }
}
