/* What runs in a terminal's foreground. */
#ifndef VIBE_FOREGROUND_H
#define VIBE_FOREGROUND_H

#include "terminal.h"

/* The program's name (not terminated) and its size; 0 where it is the shell itself, or unknown. */
size_t foreground_name(const struct terminal *terminal, char name[MAX_COMMAND]);

#endif
