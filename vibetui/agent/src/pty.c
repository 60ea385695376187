#define _GNU_SOURCE
#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "agent.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

static int open_slave(int master, uint16_t rows, uint16_t columns)
{
    if (grantpt(master) < 0 || unlockpt(master) < 0)
        return -1;
    /* The peer of this very master, whatever is mounted at /dev/pts; Linux 4.13. */
    int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) {
        const char *name = ptsname(master);
        slave = name == NULL ? -1 : open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    }
    struct termios settings;
    if (slave >= 0 && tcgetattr(slave, &settings) == 0) {
        settings.c_iflag |= IUTF8; /* so that erasing takes whole characters */
        if (tcsetattr(slave, TCSANOW, &settings) < 0)
            complain("tcsetattr", NULL);
    }
    if (slave >= 0)
        pty_resize(master, rows, columns);
    return slave;
}

int pty_open(uint16_t rows, uint16_t columns, int *slave)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (master < 0)
        return -1;
    *slave = open_slave(master, rows, columns);
    if (*slave >= 0)
        return master;
    int error = errno;
    close(master);
    errno = error;
    return -1;
}

void pty_resize(int master, uint16_t rows, uint16_t columns)
{
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    if (ioctl(master, TIOCSWINSZ, &size) < 0)
        complain("TIOCSWINSZ", NULL);
}
