/* Follows a terminal's output just far enough to say, at any byte, which modes are in force and
 * whether a sequence is under way. It knows no cells: an emulator it is not. */
#ifndef VIBE_MODES_H
#define VIBE_MODES_H

#include "sgr.h"

enum {
    KITTY_DEPTH = 16,
    TITLE_DEPTH = 4,
    STRING_KEPT = MAX_TITLE + 2,
    PREAMBLE_MAX = 1024 + (TITLE_DEPTH + 1) * (MAX_TITLE + 16),
};

enum parser_state { GROUND, ESCAPE, ESCAPE_INTERMEDIATE, CSI, STRING, STRING_ESCAPE };

/* The kitty keyboard protocol's stack; each of the two screens has its own. */
struct kitty {
    uint8_t flags[KITTY_DEPTH];
    uint8_t depth; /* the flags in force are flags[depth] */
};

struct title {
    uint8_t size;
    char text[MAX_TITLE];
};

/* How text to come looks: what DECSC saves of what is followed. */
struct look {
    struct sgr sgr;
    uint8_t charset[2]; /* final bytes of G0 and G1 */
    uint8_t shift;      /* 1: G1 is in use */
    bool origin;
};

struct modes {
    uint64_t offset;   /* bytes seen */
    uint32_t bells;    /* heard so far, those outside strings */
    uint64_t boundary; /* where the sequence under way began; `offset` where there is none */

    uint8_t state;
    uint8_t prefix, intermediate;
    bool string_is_osc;
    struct params params;
    uint16_t string_size;
    char string[STRING_KEPT];

    uint32_t set; /* of the plain DEC modes, by their index in the table */
    uint16_t alternate; /* 0, or the mode that switched to the alternate screen */
    uint16_t mouse;
    uint16_t mouse_encoding;
    bool application_keypad;
    bool insert;
    uint8_t modify_other_keys;
    uint8_t cursor_shape;
    uint8_t charset[2];
    uint8_t shift;
    uint16_t top, bottom; /* scroll region; 0, 0: the whole screen */
    uint16_t left, right; /* the same of the columns */
    struct kitty kitty[2];
    struct sgr sgr;
    struct look saved_look[2]; /* by DECSC, for each of the two screens */
    struct title title;
    uint8_t titles; /* saved by XTWINOPS 22, the oldest first */
    struct title saved[TITLE_DEPTH];
};

void modes_init(struct modes *modes);
void modes_feed(struct modes *modes, const uint8_t *data, size_t size);
/* No sequence is under way. (The middle of a UTF-8 character shows in the next byte.) */
bool modes_at_boundary(const struct modes *modes);
/* Emulators forget the scroll region when their size changes. */
void modes_resized(struct modes *modes);
/* What takes an emulator in any state to an empty screen with these modes. */
void modes_preamble(const struct modes *modes, struct writer *writer);

#endif
