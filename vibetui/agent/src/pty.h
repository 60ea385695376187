/* Pseudo-terminals, as the kernel gives them. */
#ifndef VIBE_PTY_H
#define VIBE_PTY_H

#include <stdint.h>

/* The master's descriptor (non-blocking) and the slave's; -1 with `errno` set. */
int pty_open(uint16_t rows, uint16_t columns, int *slave);
void pty_resize(int master, uint16_t rows, uint16_t columns);

#endif
