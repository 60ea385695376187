#include "sizes.h"

#include <string.h>

void sizes_init(struct sizes *sizes, struct size size)
{
    *sizes = (struct sizes){.first = size};
}

static void leave_out(struct sizes *sizes, unsigned i)
{
    sizes->count--;
    memmove(&sizes->change[i], &sizes->change[i + 1],
            (sizes->count - i) * sizeof sizes->change[0]);
}

static unsigned shortest(const struct sizes *sizes)
{
    unsigned found = 0;
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i + 1 < sizes->count; i++) {
        uint64_t bytes = sizes->change[i + 1].offset - sizes->change[i].offset;
        if (bytes < least) {
            least = bytes;
            found = i;
        }
    }
    return found;
}

void sizes_add(struct sizes *sizes, uint64_t offset, struct size size)
{
    if (sizes->count > 0 && sizes->change[sizes->count - 1].offset == offset)
        sizes->count--; /* nothing was said at that size */
    if (same_size(sizes_at(sizes, offset), size))
        return;
    if (sizes->count == SIZES_KEPT)
        leave_out(sizes, shortest(sizes));
    sizes->change[sizes->count].offset = offset;
    sizes->change[sizes->count].size = size;
    sizes->count++;
}

struct size sizes_at(const struct sizes *sizes, uint64_t offset)
{
    struct size size = sizes->first;
    for (unsigned i = 0; i < sizes->count && sizes->change[i].offset <= offset; i++)
        size = sizes->change[i].size;
    return size;
}

uint64_t sizes_next(const struct sizes *sizes, uint64_t offset)
{
    for (unsigned i = 0; i < sizes->count; i++)
        if (sizes->change[i].offset > offset)
            return sizes->change[i].offset;
    return UINT64_MAX;
}

void sizes_forget(struct sizes *sizes, uint64_t tail)
{
    sizes->first = sizes_at(sizes, tail);
    while (sizes->count > 0 && sizes->change[0].offset <= tail)
        leave_out(sizes, 0);
}
