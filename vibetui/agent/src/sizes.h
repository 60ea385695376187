/* Which size a terminal had along its output, so that each client hears of a change in its place. */
#ifndef VIBE_SIZES_H
#define VIBE_SIZES_H

#include "agent.h"

enum { SIZES_KEPT = 32 };

struct size {
    uint16_t rows, columns;
};

struct sizes {
    struct size first; /* before all the changes */
    uint8_t count;
    struct {
        uint64_t offset; /* the first byte at this size; rising */
        struct size size;
    } change[SIZES_KEPT];
};

void sizes_init(struct sizes *sizes, struct size size);
/* From `offset` (the head) on. Where there are too many, the change that held for the fewest
 * bytes is left out. */
void sizes_add(struct sizes *sizes, uint64_t offset, struct size size);
struct size sizes_at(const struct sizes *sizes, uint64_t offset);
/* Where the first change after `offset` is; UINT64_MAX: there is none. */
uint64_t sizes_next(const struct sizes *sizes, uint64_t offset);
/* Nothing before `tail` will be asked for. */
void sizes_forget(struct sizes *sizes, uint64_t tail);

static inline bool same_size(struct size a, struct size b)
{
    return a.rows == b.rows && a.columns == b.columns;
}

#endif
