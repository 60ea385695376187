#define _GNU_SOURCE
#include "ring.h"

#include <sys/mman.h>

enum { MASK = RING_CAPACITY - 1, RELEASE_UNIT = 64 * 1024 };

bool ring_open(struct ring *ring)
{
    void *bytes = mmap(NULL, RING_CAPACITY, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED)
        return false;
    *ring = (struct ring){.bytes = bytes};
    return true;
}

void ring_close(struct ring *ring)
{
    if (ring->bytes != NULL && munmap(ring->bytes, RING_CAPACITY) < 0)
        complain("munmap", NULL);
    *ring = (struct ring){0};
}

uint8_t *ring_space(const struct ring *ring, size_t *size)
{
    size_t at = ring->head & MASK;
    /* One unit stays free, so that `ring_forget` never hands back bytes at the head. */
    size_t free = RING_CAPACITY - RELEASE_UNIT - (size_t)(ring->head - ring->tail);
    size_t straight = RING_CAPACITY - at;
    *size = free < straight ? free : straight;
    return ring->bytes + at;
}

void ring_grow(struct ring *ring, size_t size)
{
    ring->head += size;
}

int ring_pieces(const struct ring *ring, uint64_t from, size_t size, struct iovec pieces[2])
{
    size_t kept = (size_t)(ring->head - from);
    if (size > kept)
        size = kept;
    if (size == 0)
        return 0;
    size_t at = from & MASK;
    size_t straight = RING_CAPACITY - at;
    if (size <= straight) {
        pieces[0] = (struct iovec){ring->bytes + at, size};
        return 1;
    }
    pieces[0] = (struct iovec){ring->bytes + at, straight};
    pieces[1] = (struct iovec){ring->bytes, size - straight};
    return 2;
}

uint8_t ring_byte(const struct ring *ring, uint64_t offset)
{
    return ring->bytes[offset & MASK];
}

void ring_forget(struct ring *ring, uint64_t tail)
{
    uint64_t from = ring->tail / RELEASE_UNIT, to = tail / RELEASE_UNIT;
    ring->tail = tail;
    for (uint64_t unit = from; unit < to; unit++) {
        void *bytes = ring->bytes + (unit * RELEASE_UNIT & MASK);
        /* Failing costs memory that is bounded anyway. */
        if (madvise(bytes, RELEASE_UNIT, MADV_DONTNEED) < 0)
            complain("madvise", NULL);
    }
}
