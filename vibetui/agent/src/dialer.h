/* The process that resolves a name and connects, which may take long, and hands the socket back. */
#ifndef VIBE_DIALER_H
#define VIBE_DIALER_H

#include "agent.h"

enum { DIALER_SAYS = 160 };

/* Starts one; -1 with `errno` set. `answer` is then a socket for `dialer_answer`. */
pid_t dialer_start(const char *host, uint16_t port, const struct options *options, int *answer);
/* The connected socket, or -1 and why in `why` (DIALER_SAYS bytes); -2: nothing has come yet. */
int dialer_answer(int answer, char *why);

#endif
