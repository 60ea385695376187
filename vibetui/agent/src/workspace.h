/* The volume at the workspace belongs to root when the engine has just made it. */
#ifndef VIBE_WORKSPACE_H
#define VIBE_WORKSPACE_H

#include "agent.h"

/* Gives it to the user, once: what already belongs to somebody is left alone. */
void workspace_own(const struct options *options);

#endif
