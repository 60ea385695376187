/* The DEC private modes that are followed, for the tracker and for the preamble. */
#ifndef VIBE_DEC_MODES_H
#define VIBE_DEC_MODES_H

#include <stdbool.h>
#include <stdint.h>

/* DEC private modes that are plain switches. 2026 (synchronised output) is reset and never
 * restored: the screen would stay frozen until the program's next frame. */
static const struct {
    uint16_t number;
    bool on_after_reset;
} PLAIN[] = {
    {1, false},  {5, false},    {6, false},    {7, true},     {25, true},    {45, false},
    {69, false}, {1004, false}, {1007, true},  {2004, false}, {2026, false}, {2031, false},
    {2048, false},
};
enum { PLAIN_COUNT = sizeof PLAIN / sizeof PLAIN[0], SIDE_MARGINS = 69, SYNCHRONISED = 2026 };

static const uint16_t MOUSE[] = {9, 1000, 1002, 1003};
static const uint16_t MOUSE_ENCODING[] = {1005, 1006, 1015, 1016};

static inline uint32_t plain_after_reset(void)
{
    uint32_t set = 0;
    for (unsigned i = 0; i < PLAIN_COUNT; i++)
        set |= (uint32_t)PLAIN[i].on_after_reset << i;
    return set;
}

#endif
