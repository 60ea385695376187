/* The last output of a terminal, addressed by its offset from the terminal's first byte. */
#ifndef VIBE_RING_H
#define VIBE_RING_H

#include <sys/uio.h>

#include "agent.h"

struct ring {
    uint8_t *bytes;
    uint64_t tail, head; /* [tail, head) is kept; head - tail <= RING_CAPACITY */
};

bool ring_open(struct ring *ring);
void ring_close(struct ring *ring);

/* Room for new bytes at the head, in one piece; say how many were put there. */
uint8_t *ring_space(const struct ring *ring, size_t *size);
void ring_grow(struct ring *ring, size_t size);

/* The kept bytes from `from`, at most `size`, in up to two pieces; returns how many pieces. */
int ring_pieces(const struct ring *ring, uint64_t from, size_t size, struct iovec pieces[2]);
uint8_t ring_byte(const struct ring *ring, uint64_t offset);

/* Forget what is before `tail`; whole pages of it go back to the system. */
void ring_forget(struct ring *ring, uint64_t tail);

#endif
