#include "sgr.h"

enum { OVERLINE = 10 };

static void turn(struct sgr *sgr, unsigned attribute, bool on)
{
    uint32_t bit = UINT32_C(1) << attribute;
    sgr->on = on ? sgr->on | bit : sgr->on & ~bit;
}

/* 38, 48 and 58 in both spellings, "38;5;n" and "38:2::r:g:b"; returns the last index used. */
static unsigned extended(const struct params *params, unsigned at, struct color *color)
{
    const uint16_t *value = params->value;
    unsigned last = at;
    if (at + 1 < params->count && params->sub[at + 1])
        while (last + 1 < params->count && params->sub[last + 1])
            last++;
    else if (at + 1 < params->count)
        last = at + (value[at + 1] == COLOR_RGB ? 4 : 2);
    if (last >= params->count || last < at + 2)
        return last < params->count ? last : params->count - 1u;
    if (value[at + 1] == COLOR_PALETTE)
        *color = (struct color){COLOR_PALETTE, {(uint8_t)value[at + 2], 0, 0}};
    else if (value[at + 1] == COLOR_RGB && last >= at + 4)
        *color = (struct color){
            COLOR_RGB,
            {(uint8_t)value[last - 2], (uint8_t)value[last - 1], (uint8_t)value[last]}};
    return last;
}

static void plain(struct sgr *sgr, unsigned code)
{
    struct color color = {COLOR_CODE, {(uint8_t)code, 0, 0}};
    if (code == 0)
        *sgr = (struct sgr){0};
    else if (code <= 9) {
        turn(sgr, code, true);
        if (code == 4)
            sgr->underline_style = 1;
    } else if (code == 21) {
        turn(sgr, 4, true);
        sgr->underline_style = 2;
    } else if (code == 22) {
        turn(sgr, 1, false);
        turn(sgr, 2, false);
    } else if (code == 25) {
        turn(sgr, 5, false);
        turn(sgr, 6, false);
    } else if (code >= 23 && code <= 29)
        turn(sgr, code - 20, false);
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97))
        sgr->foreground = color;
    else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107))
        sgr->background = color;
    else if (code == 39)
        sgr->foreground = (struct color){0};
    else if (code == 49)
        sgr->background = (struct color){0};
    else if (code == 59)
        sgr->underline = (struct color){0};
    else if (code == 53 || code == 55)
        turn(sgr, OVERLINE, code == 53);
}

void sgr_apply(struct sgr *sgr, const struct params *params)
{
    if (params->count == 0)
        plain(sgr, 0);
    for (unsigned i = 0; i < params->count; i++) {
        unsigned code = params->value[i];
        bool has_sub = i + 1 < params->count && params->sub[i + 1];
        if (code == 38)
            i = extended(params, i, &sgr->foreground);
        else if (code == 48)
            i = extended(params, i, &sgr->background);
        else if (code == 58)
            i = extended(params, i, &sgr->underline);
        else if (code == 4 && has_sub) {
            sgr->underline_style = (uint8_t)params->value[++i];
            turn(sgr, 4, sgr->underline_style != 0);
        } else if (!params->sub[i])
            plain(sgr, code);
    }
}

static void color_write(const struct color *color, unsigned extended_code, struct writer *writer)
{
    const uint8_t *value = color->value;
    if (color->kind == COLOR_CODE)
        write_format(writer, ";%u", value[0]);
    else if (color->kind == COLOR_PALETTE)
        write_format(writer, ";%u;5;%u", extended_code, value[0]);
    else if (color->kind == COLOR_RGB)
        write_format(writer, ";%u;2;%u;%u;%u", extended_code, value[0], value[1], value[2]);
}

void sgr_write(const struct sgr *sgr, struct writer *writer)
{
    write_string(writer, "\x1b[0");
    for (unsigned attribute = 1; attribute <= 9; attribute++)
        if (sgr->on >> attribute & 1 && !(attribute == 4 && sgr->underline_style > 1))
            write_format(writer, ";%u", attribute);
    if (sgr->on >> OVERLINE & 1)
        write_string(writer, ";53");
    color_write(&sgr->foreground, 38, writer);
    color_write(&sgr->background, 48, writer);
    color_write(&sgr->underline, 58, writer);
    write_string(writer, "m");
    /* Apart, for an emulator that knows no colons must not lose the rest. */
    if (sgr->on >> 4 & 1 && sgr->underline_style > 1)
        write_format(writer, "\x1b[4:%um", sgr->underline_style);
}
