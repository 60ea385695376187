#define _GNU_SOURCE
#include "listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent.h"

/* The engine makes the directory where it is a mount; otherwise nobody does. */
static bool make_directory(const char *path)
{
    char directory[sizeof((struct sockaddr_un *)0)->sun_path];
    snprintf(directory, sizeof directory, "%s", path);
    char *slash = strrchr(directory, '/');
    if (slash == NULL || slash == directory)
        return true;
    *slash = '\0';
    return mkdir(directory, 0755) == 0 || errno == EEXIST;
}

int listener_open(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof address.sun_path, "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof address.sun_path) {
        complain("the socket's name is too long", path);
        return -1;
    }
    if (!make_directory(path) || (unlink(address.sun_path) < 0 && errno != ENOENT)) {
        complain("can't prepare the socket's directory", strerror(errno));
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* 0666: an unprivileged gateway outside must get in; who may is SO_PEERCRED's to say. */
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        chmod(address.sun_path, 0666) < 0 || listen(fd, MAX_CLIENTS) < 0 ||
        rename(address.sun_path, path) < 0) {
        complain("can't listen on the socket", strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}
