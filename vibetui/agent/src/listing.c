#define _GNU_SOURCE
#include "listing.h"

#include <string.h>

#include "foreground.h"
#include "lead.h"

enum { LEADS = 1, READ_ONLY = 2 };

/* A LISTING always fits into one frame. */
_Static_assert(4 + MAX_LAYOUT + MAX_TERMINALS * (36 + MAX_TITLE + MAX_NAME + MAX_COMMAND) +
                       MAX_CLIENTS * (4 + MAX_WHO) <= MAX_PAYLOAD,
               "a LISTING may be larger than a frame");

static char layout[MAX_LAYOUT];
static size_t layout_size;

bool listing_arrange(struct text text)
{
    if (text.size > MAX_LAYOUT)
        return false;
    memcpy(layout, text.data, text.size);
    layout_size = text.size;
    return true;
}

static void write_clients(struct writer *writer, const struct terminal *terminal)
{
    uint16_t count = 0;
    for (size_t i = 0; i < client_slots; i++)
        count += clients[i].fd >= 0 && clients[i].terminal == terminal;
    write_u16(writer, count);
    for (size_t i = 0; i < client_slots; i++) {
        const struct client *client = &clients[i];
        if (client->fd < 0 || client->terminal != terminal)
            continue;
        write_u8(writer, client->role);
        write_u8(writer, (uint8_t)((lead_of(terminal) == client ? LEADS : 0) |
                                   (client->read_only ? READ_ONLY : 0)));
        write_text(writer, client->who, client->who_size);
    }
}

static void write_terminal(struct writer *writer, const struct terminal *terminal, bool offsets)
{
    uint8_t status[2];
    char command[MAX_COMMAND];
    write_u32(writer, terminal->number);
    write_u32(writer, (uint32_t)terminal->pid);
    terminal_status(terminal, status);
    write_bytes(writer, status, sizeof status);
    write_u16(writer, terminal->size.rows);
    write_u16(writer, terminal->size.columns);
    write_u64(writer, offsets ? terminal->ring.head : 0);
    write_u32(writer, terminal->now.bells);
    write_text(writer, terminal->now.title.text, terminal->now.title.size);
    write_text(writer, terminal->name, terminal->name_size);
    write_text(writer, command, foreground_name(terminal, command));
    write_clients(writer, terminal);
}

void listing_write(struct writer *writer, bool offsets)
{
    const struct terminal *shown[MAX_TERMINALS];
    size_t count = 0;
    for (size_t i = 0; i < terminal_slots; i++) {
        const struct terminal *terminal = &terminals[i];
        if (terminal->number == 0 || terminal->forgotten)
            continue;
        size_t at = count++;
        for (; at > 0 && shown[at - 1]->number > terminal->number; at--)
            shown[at] = shown[at - 1];
        shown[at] = terminal;
    }
    write_text(writer, layout, layout_size);
    write_u16(writer, (uint16_t)count);
    for (size_t i = 0; i < count; i++)
        write_terminal(writer, shown[i], offsets);
}
