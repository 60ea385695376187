/* Makes the sockets of an inlet, in a helper: with the user's rights, whatever is in the way. */
#ifndef VIBE_OPENER_H
#define VIBE_OPENER_H

#include "helper.h"

/* Gives one or two listening sockets; then, once it has let them go itself, it says the path, which
 * is empty for TCP. For a Unix one it stays, and removes that at the end. */
void opener_run(const struct errand *errand);

#endif
