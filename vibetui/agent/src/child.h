/* The program of a terminal, from fork to exec. */
#ifndef VIBE_CHILD_H
#define VIBE_CHILD_H

#include "agent.h"

struct spawn {
    char **argv; /* NULL-terminated; empty: the user's login shell */
    char **env;  /* NULL-terminated NAME=VALUE */
    const char *user; /* "", "name" or "uid:gid" */
    const char *cwd;
    uint16_t rows, columns;
    const struct options *options;
};

/* In the forked child: becomes the program on `slave`, its controlling terminal. */
_Noreturn void child_run(const struct spawn *spawn, int slave);

#endif
