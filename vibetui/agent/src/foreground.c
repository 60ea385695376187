#define _GNU_SOURCE
#include "foreground.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

size_t foreground_name(const struct terminal *terminal, char name[MAX_COMMAND])
{
    pid_t group = terminal->master >= 0 && !terminal->ended ? tcgetpgrp(terminal->master) : -1;
    if (group <= 0 || group == terminal->pid)
        return 0;
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/comm", (int)group);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0; /* it has ended just now */
    ssize_t size = read(file, name, MAX_COMMAND);
    close(file);
    if (size > 0 && name[size - 1] == '\n')
        size--;
    return size > 0 ? (size_t)size : 0;
}
