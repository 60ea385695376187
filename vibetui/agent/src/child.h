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

/* fork, but signals wait until the child can be told: one that it still ignores would be lost. */
pid_t child_fork(void);
/* In the forked child: becomes the program on `slave`, its controlling terminal. */
_Noreturn void child_run(const struct spawn *spawn, int slave);
/* The same with no terminal; `streams` are its stdin, stdout and stderr. */
_Noreturn void child_run_piped(const struct spawn *spawn, const int streams[3]);

/* For a child that goes on as this program: no signal is blocked or ignored any more, no
 * descriptor from `first` on is open, and it is the agent's default user. Each may end it. */
void child_default_signals(void);
void child_close_from(int first);
void child_become(const struct options *options);

/* A wait status as EXITED and LISTING say it. */
void child_status(int status, uint8_t said[2]);

#endif
