/* Resolves a name and connects, in a helper. */
#ifndef VIBE_DIALER_H
#define VIBE_DIALER_H

#include "helper.h"

/* Gives one connected socket; `port` 0: `host` is the path of a Unix socket. */
void dialer_run(const struct errand *errand);

#endif
