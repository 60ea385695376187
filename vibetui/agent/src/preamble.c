#include "dec_modes.h"
#include "modes.h"

enum { EMULATORS_TITLES = 10 }; /* as many as xterm keeps */

static void kitty_write(const struct kitty *kitty, struct writer *writer)
{
    write_format(writer, "\x1b[<%uu\x1b[=%u;1u", KITTY_DEPTH, kitty->flags[0]);
    for (unsigned i = 1; i <= kitty->depth; i++)
        write_format(writer, "\x1b[>%uu", kitty->flags[i]);
}

/* Ends a sequence under way, leaves the alternate screen, and puts everything that is tracked to
 * its power-up state. Not RIS, which would take the client's scrollback away. */
static void reset_write(struct writer *writer)
{
    /* Leaving the alternate screen restores a cursor, and with it colours and character sets. */
    write_string(writer, "\x18\x1b\\\x1b[?1049l\x0f\x1b(B\x1b)B\x1b[0m\x1b[4l\x1b[r\x1b[?5W\x1b>");
    for (unsigned i = 0; i < PLAIN_COUNT; i++)
        write_format(writer, "\x1b[?%u%c", PLAIN[i].number, PLAIN[i].on_after_reset ? 'h' : 'l');
    for (unsigned i = 0; i < sizeof MOUSE / sizeof MOUSE[0]; i++)
        write_format(writer, "\x1b[?%ul", MOUSE[i]);
    for (unsigned i = 0; i < sizeof MOUSE_ENCODING / sizeof MOUSE_ENCODING[0]; i++)
        write_format(writer, "\x1b[?%ul", MOUSE_ENCODING[i]);
    write_string(writer, "\x1b[>4;0m\x1b[0 q");
    for (unsigned i = 0; i < EMULATORS_TITLES; i++)
        write_string(writer, "\x1b[23;2t");
}

static void title_write(const struct title *title, struct writer *writer)
{
    write_string(writer, "\x1b]2;");
    write_bytes(writer, title->text, title->size);
    write_string(writer, "\x1b\\");
}

static void titles_write(const struct modes *modes, struct writer *writer)
{
    for (unsigned i = 0; i < modes->titles; i++) {
        title_write(&modes->saved[i], writer);
        write_string(writer, "\x1b[22;2t");
    }
    title_write(&modes->title, writer);
}

static void margins_write(unsigned first, unsigned last, char final, struct writer *writer)
{
    if (first == 0 && last == 0)
        return;
    write_format(writer, "\x1b[%u", first != 0 ? first : 1u);
    if (last != 0)
        write_format(writer, ";%u", last);
    write_format(writer, "%c", final);
}

void modes_preamble(const struct modes *modes, struct writer *writer)
{
    /* The screen is erased after the keyboard sequences, which old emulators print in part. It is
     * erased with ED 0 from the home position: ED 2 pushes the screen into some scrollbacks. */
    static const char ERASE[] = "\x1b[H\x1b[J";
    uint32_t usual = plain_after_reset();

    reset_write(writer);
    kitty_write(&modes->kitty[0], writer);
    write_string(writer, ERASE);
    if (modes->alternate != 0) {
        write_format(writer, "\x1b[?%uh", modes->alternate);
        kitty_write(&modes->kitty[1], writer);
        write_string(writer, ERASE);
    }
    if (modes->modify_other_keys != 0)
        write_format(writer, "\x1b[>4;%um", modes->modify_other_keys);
    if (modes->cursor_shape != 0)
        write_format(writer, "\x1b[%u q", modes->cursor_shape);
    margins_write(modes->top, modes->bottom, 'r', writer);
    for (unsigned i = 0; i < PLAIN_COUNT; i++)
        if ((modes->set ^ usual) >> i & 1 && PLAIN[i].number != SYNCHRONISED)
            write_format(writer, "\x1b[?%u%c", PLAIN[i].number, modes->set >> i & 1 ? 'h' : 'l');
    margins_write(modes->left, modes->right, 's', writer); /* after mode 69, which it takes */
    if (modes->mouse != 0)
        write_format(writer, "\x1b[?%uh", modes->mouse);
    if (modes->mouse_encoding != 0)
        write_format(writer, "\x1b[?%uh", modes->mouse_encoding);
    if (modes->application_keypad)
        write_string(writer, "\x1b=");
    if (modes->insert)
        write_string(writer, "\x1b[4h");
    titles_write(modes, writer);
    if (modes->charset[0] != 'B')
        write_format(writer, "\x1b(%c", modes->charset[0]);
    if (modes->charset[1] != 'B')
        write_format(writer, "\x1b)%c", modes->charset[1]);
    if (modes->shift)
        write_string(writer, "\x0e");
    sgr_write(&modes->sgr, writer);
}
