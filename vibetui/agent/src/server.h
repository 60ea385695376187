/* The loop: every descriptor, every timer, and the signals. */
#ifndef VIBE_SERVER_H
#define VIBE_SERVER_H

#include "agent.h"

const struct options *server_options(void);
/* SIGTERM has come: no new terminals. */
bool server_stopping(void);

#endif
