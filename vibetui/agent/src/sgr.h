/* Select Graphic Rendition (ECMA-48 8.3.117): the pen with which the next character is drawn. */
#ifndef VIBE_SGR_H
#define VIBE_SGR_H

#include "wire.h"

enum { MAX_PARAMS = 32 };

struct params {
    uint16_t value[MAX_PARAMS];
    bool sub[MAX_PARAMS]; /* follows a colon */
    uint8_t count;
};

enum color_kind { COLOR_DEFAULT, COLOR_CODE, COLOR_PALETTE = 5, COLOR_RGB = 2 };

struct color {
    uint8_t kind;
    uint8_t value[3];
};

struct sgr {
    uint32_t on; /* bit n: attribute n of 1..9; bit 10: overline */
    uint8_t underline_style;
    struct color foreground, background, underline;
};

void sgr_apply(struct sgr *sgr, const struct params *params);
/* A sequence that takes any pen to this one. */
void sgr_write(const struct sgr *sgr, struct writer *writer);

#endif
