#include "modes.h"

#include "dec_modes.h"

#include <string.h>

enum { BEL = 0x07, SO = 0x0e, SI = 0x0f, CAN = 0x18, SUB = 0x1a, ESC = 0x1b, DEL = 0x7f };

static bool is_set(const struct modes *modes, unsigned number)
{
    for (unsigned i = 0; i < PLAIN_COUNT; i++)
        if (PLAIN[i].number == number)
            return modes->set >> i & 1;
    return false;
}

static const struct look USUAL = {.charset = {'B', 'B'}};

static void hard_reset(struct modes *modes)
{
    modes->set = plain_after_reset();
    modes->alternate = modes->mouse = modes->mouse_encoding = 0;
    modes->application_keypad = modes->insert = false;
    modes->modify_other_keys = modes->cursor_shape = 0;
    modes->charset[0] = modes->charset[1] = 'B';
    modes->shift = 0;
    modes->top = modes->bottom = modes->left = modes->right = 0;
    modes->titles = 0;
    modes->title.size = 0;
    memset(modes->kitty, 0, sizeof modes->kitty);
    modes->sgr = (struct sgr){0};
    modes->saved_look[0] = modes->saved_look[1] = USUAL;
}

static void set_plain(struct modes *modes, unsigned number, bool on)
{
    for (unsigned i = 0; i < PLAIN_COUNT; i++)
        if (PLAIN[i].number == number) {
            uint32_t bit = UINT32_C(1) << i;
            modes->set = on ? modes->set | bit : modes->set & ~bit;
        }
}

/* DECSTR, as the VT510 manual lists it. */
static void soft_reset(struct modes *modes)
{
    set_plain(modes, 1, false);
    set_plain(modes, 6, false);
    set_plain(modes, 7, true);
    set_plain(modes, 25, true);
    modes->application_keypad = modes->insert = false;
    modes->charset[0] = modes->charset[1] = 'B';
    modes->shift = 0;
    modes->top = modes->bottom = modes->left = modes->right = 0;
    modes->sgr = (struct sgr){0};
    modes->saved_look[modes->alternate != 0] = USUAL;
}

/* DECSC and DECRC. */
static void save_look(struct modes *modes)
{
    modes->saved_look[modes->alternate != 0] = (struct look){
        .sgr = modes->sgr,
        .charset = {modes->charset[0], modes->charset[1]},
        .shift = modes->shift,
        .origin = is_set(modes, 6),
    };
}

static void restore_look(struct modes *modes)
{
    const struct look *saved = &modes->saved_look[modes->alternate != 0];
    modes->sgr = saved->sgr;
    memcpy(modes->charset, saved->charset, sizeof modes->charset);
    modes->shift = saved->shift;
    set_plain(modes, 6, saved->origin);
}

void modes_init(struct modes *modes)
{
    memset(modes, 0, sizeof *modes);
    hard_reset(modes);
}

bool modes_at_boundary(const struct modes *modes)
{
    return modes->state == GROUND;
}

void modes_resized(struct modes *modes)
{
    modes->top = modes->bottom = modes->left = modes->right = 0;
}

static bool among(const uint16_t *numbers, size_t count, unsigned number)
{
    for (size_t i = 0; i < count; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

/* 1049 saves the cursor on the way in and restores it on the way out. */
static void switch_screen(struct modes *modes, uint16_t number, bool on)
{
    if (number == 1049 && on && modes->alternate == 0)
        save_look(modes);
    modes->alternate = on ? number : 0;
    if (number == 1049 && !on)
        restore_look(modes);
}

static void dec_mode(struct modes *modes, uint16_t number, bool on)
{
    if (number == 47 || number == 1047 || number == 1049)
        switch_screen(modes, number, on);
    else if (number == 1048)
        (on ? save_look : restore_look)(modes);
    else if (number == 66)
        modes->application_keypad = on;
    else if (among(MOUSE, sizeof MOUSE / sizeof MOUSE[0], number))
        modes->mouse = on ? number : 0; /* xterm: resetting any of them ends tracking */
    else if (among(MOUSE_ENCODING, sizeof MOUSE_ENCODING / sizeof MOUSE_ENCODING[0], number)) {
        if (on || modes->mouse_encoding == number)
            modes->mouse_encoding = on ? number : 0;
    } else
        set_plain(modes, number, on);
    if (number == SIDE_MARGINS)
        modes->left = modes->right = 0;
}

static void kitty_keyboard(struct modes *modes)
{
    struct kitty *kitty = &modes->kitty[modes->alternate != 0];
    const struct params *params = &modes->params;
    unsigned first = params->count > 0 ? params->value[0] : 0;
    unsigned how = params->count > 1 ? params->value[1] : 1;
    uint8_t *flags = &kitty->flags[kitty->depth];

    if (modes->prefix == '=') {
        if (how == 1)
            *flags = (uint8_t)first;
        else if (how == 2)
            *flags |= (uint8_t)first;
        else if (how == 3)
            *flags &= (uint8_t)~first;
    } else if (modes->prefix == '>') {
        if (kitty->depth + 1 == KITTY_DEPTH)
            memmove(kitty->flags, kitty->flags + 1, KITTY_DEPTH - 1);
        else
            kitty->depth++;
        kitty->flags[kitty->depth] = (uint8_t)first;
    } else if (modes->prefix == '<') {
        unsigned count = first == 0 ? 1 : first;
        if (count > kitty->depth)
            memset(kitty, 0, sizeof *kitty);
        else
            kitty->depth = (uint8_t)(kitty->depth - count);
    }
}

/* XTWINOPS 22 and 23: programs save the title before they set their own. */
static void save_title(struct modes *modes)
{
    if (modes->titles == TITLE_DEPTH)
        memmove(modes->saved, modes->saved + 1, sizeof modes->saved - sizeof modes->saved[0]);
    else
        modes->titles++;
    modes->saved[modes->titles - 1] = modes->title;
}

static void window(struct modes *modes, uint16_t what, uint16_t which)
{
    if (which != 0 && which != 2)
        return; /* the icon's */
    if (what == 22)
        save_title(modes);
    else if (what == 23 && modes->titles > 0)
        modes->title = modes->saved[--modes->titles];
}

static void csi_end(struct modes *modes, uint8_t final)
{
    const struct params *params = &modes->params;
    uint16_t first = params->count > 0 ? params->value[0] : 0;
    uint16_t second = params->count > 1 ? params->value[1] : 0;

    if (modes->intermediate == '!' && final == 'p')
        soft_reset(modes);
    else if (modes->intermediate == ' ' && final == 'q')
        modes->cursor_shape = (uint8_t)(first <= 6 ? first : 0);
    else if (modes->intermediate != 0)
        return;
    else if (modes->prefix == '?' && (final == 'h' || final == 'l')) {
        for (unsigned i = 0; i < params->count; i++)
            dec_mode(modes, params->value[i], final == 'h');
    } else if (final == 'u' && modes->prefix != 0 && modes->prefix != '?')
        kitty_keyboard(modes);
    else if (modes->prefix == '>' && final == 'm' && first == 4)
        modes->modify_other_keys = (uint8_t)second;
    else if (modes->prefix != 0)
        return;
    else if (final == 'm')
        sgr_apply(&modes->sgr, params);
    else if (final == 't')
        window(modes, first, second);
    else if (final == 'r') {
        modes->top = first;
        modes->bottom = second;
    } else if (final == 's' && is_set(modes, SIDE_MARGINS)) {
        modes->left = first;
        modes->right = second;
    } else if (final == 's')
        save_look(modes);
    else if (final == 'u')
        restore_look(modes);
    else if ((final == 'h' || final == 'l') && first == 4)
        modes->insert = final == 'h';
}

static void string_end(struct modes *modes)
{
    const char *string = modes->string;
    if (!modes->string_is_osc || modes->string_size < 2 || string[1] != ';' ||
        (string[0] != '0' && string[0] != '2'))
        return;
    struct title *title = &modes->title;
    title->size = 0;
    for (unsigned i = 2; i < modes->string_size; i++)
        if ((uint8_t)string[i] >= ' ' && string[i] != DEL)
            title->text[title->size++] = string[i];
    if (modes->string_size == STRING_KEPT) /* cut: not inside a character */
        while (title->size > 0 && (title->text[title->size - 1] & 0x80)) {
            uint8_t cut = (uint8_t)title->text[--title->size];
            if (cut >= 0xc0)
                break;
        }
}

static void escape_end(struct modes *modes, uint8_t byte)
{
    modes->state = GROUND;
    if (byte == '[') {
        modes->state = CSI;
        modes->prefix = modes->intermediate = 0;
        modes->params = (struct params){0};
    } else if (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_') {
        modes->state = STRING;
        modes->string_is_osc = byte == ']';
        modes->string_size = 0;
    } else if (byte >= 0x20 && byte <= 0x2f) {
        modes->state = ESCAPE_INTERMEDIATE;
        modes->intermediate = byte;
    } else if (byte == 'c')
        hard_reset(modes);
    else if (byte == '7')
        save_look(modes);
    else if (byte == '8')
        restore_look(modes);
    else if (byte == '=' || byte == '>')
        modes->application_keypad = byte == '=';
}

static void escape_intermediate(struct modes *modes, uint8_t byte)
{
    if (byte >= 0x20 && byte <= 0x2f) {
        modes->intermediate = 0; /* "ESC ( %" and the like: not one of ours */
        return;
    }
    modes->state = GROUND;
    if ((modes->intermediate == '(' || modes->intermediate == ')') && byte >= 0x30 && byte < DEL)
        modes->charset[modes->intermediate == ')'] = byte;
}

static void csi_byte(struct modes *modes, uint8_t byte)
{
    struct params *params = &modes->params;
    if (byte >= '0' && byte <= '9') {
        if (params->count == 0)
            params->count = 1;
        uint16_t *value = &params->value[params->count - 1];
        if (*value < 6553)
            *value = (uint16_t)(*value * 10 + (byte - '0'));
    } else if (byte == ';' || byte == ':') {
        if (params->count == 0)
            params->count = 1;
        if (params->count < MAX_PARAMS)
            params->sub[params->count++] = byte == ':';
    } else if (byte >= '<' && byte <= '?')
        modes->prefix = byte;
    else if (byte >= 0x20 && byte <= 0x2f)
        modes->intermediate = byte;
    else if (byte >= 0x40 && byte < DEL) {
        modes->state = GROUND;
        csi_end(modes, byte);
    } else if (byte >= 0x80)
        modes->state = GROUND;
    /* C0 controls are executed inside a sequence, and DEL is ignored. */
}

static void string_byte(struct modes *modes, uint8_t byte)
{
    if (byte == BEL && modes->string_is_osc) {
        modes->state = GROUND;
        string_end(modes);
    } else if (byte == ESC)
        modes->state = STRING_ESCAPE;
    else if (modes->string_size < STRING_KEPT)
        modes->string[modes->string_size++] = (char)byte;
}

static void step(struct modes *modes, uint8_t byte)
{
    if (modes->state != GROUND && (byte == CAN || byte == SUB)) {
        modes->state = GROUND;
        return;
    }
    if (byte == BEL && modes->state != STRING && modes->state != STRING_ESCAPE) {
        modes->bells++;
        return;
    }
    if (byte == ESC && modes->state != STRING) {
        modes->boundary = modes->offset;
        modes->state = ESCAPE;
        return;
    }
    switch (modes->state) {
    case GROUND:
        if (byte == SO || byte == SI)
            modes->shift = byte == SO;
        break;
    case ESCAPE:
        if (byte >= 0x20 && byte != DEL)
            escape_end(modes, byte);
        break;
    case ESCAPE_INTERMEDIATE:
        if (byte >= 0x20 && byte != DEL)
            escape_intermediate(modes, byte);
        break;
    case CSI:
        csi_byte(modes, byte);
        break;
    case STRING:
        string_byte(modes, byte);
        break;
    case STRING_ESCAPE:
        if (byte == '\\') {
            modes->state = GROUND;
            string_end(modes);
        } else {
            /* Any other sequence ends the string as well, and has begun with that ESC. */
            modes->boundary = modes->offset - 1;
            escape_end(modes, byte);
        }
        break;
    }
}

void modes_feed(struct modes *modes, const uint8_t *data, size_t size)
{
    const uint8_t *at = data, *end = data + size;
    while (at < end) {
        if (modes->state == GROUND) {
            /* Nearly all output is text: skip it at memory speed. */
            const uint8_t *text = at;
            while (at < end && (*at > ESC || (*at != ESC && *at != SO && *at != SI && *at != BEL)))
                at++;
            modes->offset += (uint64_t)(at - text);
            if (at == end)
                break;
        }
        step(modes, *at++);
        modes->offset++;
    }
    if (modes->state == GROUND)
        modes->boundary = modes->offset;
}
