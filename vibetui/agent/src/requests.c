#include "requests.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server.h"
#include "stream.h"

static bool malformed(struct client *client)
{
    client_refuse(client, ERROR_MALFORMED, "a frame is malformed");
    return true;
}

static void put_number(struct client *client, uint8_t type, uint32_t number)
{
    uint8_t payload[4];
    struct writer writer = {.data = payload, .capacity = sizeof payload};
    write_u32(&writer, number);
    client_put(client, type, payload, writer.size);
}

/* The strings of one OPEN_TERMINAL, each with its NUL. A string has two bytes of length on the
 * wire, so a frame's worth of room is enough. */
static char arena[MAX_PAYLOAD];
static size_t arena_used;
static char *arguments[MAX_WORDS + 1], *environment[MAX_WORDS + 1];

static char *keep(struct reader *payload)
{
    struct text text = read_text(payload);
    if (memchr(text.data, '\0', text.size) != NULL || arena_used + text.size >= sizeof arena)
        payload->bad = true;
    if (payload->bad)
        return arena;
    char *kept = arena + arena_used;
    memcpy(kept, text.data, text.size);
    kept[text.size] = '\0';
    arena_used += text.size + 1;
    return kept;
}

static void keep_all(struct reader *payload, char *words[MAX_WORDS + 1])
{
    size_t count = read_u16(payload);
    if (count > MAX_WORDS)
        payload->bad = true;
    size_t i = 0;
    for (; i < count && !payload->bad; i++)
        words[i] = keep(payload);
    words[i] = NULL;
}

/* A free slot, at the cost of the terminal that ended longest ago and that nobody looks at. */
static struct terminal *free_slot(void)
{
    struct terminal *oldest = NULL;
    for (size_t i = 0; i < MAX_TERMINALS; i++) {
        struct terminal *terminal = &terminals[i];
        if (terminal->number == 0)
            return terminal;
        if (terminal_finished(terminal) && !stream_attached(terminal) &&
            (oldest == NULL || terminal->ended_as < oldest->ended_as))
            oldest = terminal;
    }
    if (oldest != NULL)
        terminal_free(oldest);
    return oldest;
}

static bool open_terminal(struct client *client, struct reader *payload)
{
    struct spawn spawn = {.options = server_options()};
    arena_used = 0;
    spawn.rows = read_u16(payload);
    spawn.columns = read_u16(payload);
    spawn.user = keep(payload);
    spawn.cwd = keep(payload);
    keep_all(payload, arguments);
    keep_all(payload, environment);
    spawn.argv = arguments;
    spawn.env = environment;
    struct text banner = read_text(payload);
    if (!read_complete(payload) || spawn.rows == 0 || spawn.columns == 0)
        return malformed(client);

    struct terminal *slot = free_slot();
    if (server_stopping())
        client_error(client, ERROR_FAILED, "the container is stopping");
    else if (slot == NULL)
        client_error(client, ERROR_LIMIT, "there are too many terminals");
    else if (terminal_open(slot, &spawn, (const uint8_t *)banner.data, banner.size))
        put_number(client, FRAME_OPENED, slot->number);
    else {
        char text[128];
        snprintf(text, sizeof text, "no terminal could be made (%s)", strerror(errno));
        client_error(client, ERROR_FAILED, text);
    }
    return true;
}

static bool attach(struct client *client, struct reader *payload)
{
    uint32_t number = read_u32(payload);
    uint8_t flags = read_u8(payload);
    uint64_t value = read_u64(payload);
    bool both = flags & ATTACH_FROM_OFFSET && flags & ATTACH_LAST;
    if (!read_complete(payload) || both || flags > 7)
        return malformed(client);
    struct terminal *terminal = terminal_find(number);
    if (terminal == NULL)
        client_error(client, ERROR_NO_TERMINAL, "there is no such terminal");
    else
        stream_attach(client, terminal, flags, value);
    return true;
}

static bool close_terminal(struct client *client, struct reader *payload)
{
    uint32_t number = read_u32(payload);
    if (!read_complete(payload))
        return malformed(client);
    struct terminal *terminal = terminal_find(number);
    if (terminal == NULL) {
        client_error(client, ERROR_NO_TERMINAL, "there is no such terminal");
        return true;
    }
    terminal_hang_up(terminal);
    put_number(client, FRAME_CLOSED, number);
    return true;
}

static bool list(struct client *client, const struct reader *payload)
{
    static uint8_t listing[MAX_PAYLOAD];
    struct writer writer = {.data = listing, .capacity = sizeof listing};
    const struct terminal *shown[MAX_TERMINALS];
    size_t count = 0;
    if (!read_complete(payload))
        return malformed(client);
    for (size_t i = 0; i < MAX_TERMINALS; i++) {
        const struct terminal *terminal = &terminals[i];
        if (terminal->number == 0 || terminal->forgotten)
            continue;
        size_t at = count++;
        for (; at > 0 && shown[at - 1]->number > terminal->number; at--)
            shown[at] = shown[at - 1];
        shown[at] = terminal;
    }
    write_u16(&writer, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        const struct terminal *terminal = shown[i];
        uint8_t status[2];
        write_u32(&writer, terminal->number);
        write_u32(&writer, (uint32_t)terminal->pid);
        terminal_status(terminal, status);
        write_bytes(&writer, status, sizeof status);
        write_u16(&writer, terminal->rows);
        write_u16(&writer, terminal->columns);
        write_u64(&writer, terminal->ring.head);
        write_text(&writer, terminal->now.title, terminal->now.title_size);
    }
    client_put(client, FRAME_LISTING, listing, writer.size);
    return true;
}

static bool resize(struct client *client, struct reader *payload)
{
    uint16_t rows = read_u16(payload), columns = read_u16(payload);
    if (!read_complete(payload) || rows == 0 || columns == 0)
        return malformed(client);
    if (!client->read_only)
        terminal_resize(client->terminal, rows, columns);
    return true;
}

static bool input(struct client *client, const struct reader *payload)
{
    if (client->read_only)
        return true;
    return terminal_input(client->terminal, payload->at, (size_t)(payload->end - payload->at));
}

bool request_handle(struct client *client, uint8_t type, struct reader payload)
{
    bool streams = type == FRAME_INPUT || type == FRAME_RESIZE;
    if (streams != (client->terminal != NULL)) {
        client_refuse(client, ERROR_STATE,
                      streams ? "this connection is attached to no terminal"
                              : "this connection carries a terminal's stream");
        return true;
    }
    switch (type) {
    case FRAME_HELLO: {
        uint16_t version = read_u16(&payload);
        if (!read_complete(&payload))
            return malformed(client);
        (void)version; /* there is one so far */
        client_greet(client);
        return true;
    }
    case FRAME_OPEN_TERMINAL:
        return open_terminal(client, &payload);
    case FRAME_ATTACH:
        return attach(client, &payload);
    case FRAME_INPUT:
        return input(client, &payload);
    case FRAME_RESIZE:
        return resize(client, &payload);
    case FRAME_LIST:
        return list(client, &payload);
    case FRAME_CLOSE:
        return close_terminal(client, &payload);
    case FRAME_EXEC:
    case FRAME_DIAL:
        client_error(client, ERROR_UNSUPPORTED, "this agent can't do that yet");
        return true;
    default:
        return malformed(client);
    }
}
