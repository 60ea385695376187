#include "requests.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dial.h"
#include "exec.h"
#include "inlet.h"
#include "lead.h"
#include "listing.h"
#include "roles.h"
#include "server.h"
#include "stream.h"
#include "watch.h"

static bool malformed(struct client *client)
{
    client_refuse(client, ERROR_MALFORMED, "a frame is malformed");
    return true;
}

static bool denied(struct client *client)
{
    client_error(client, ERROR_DENIED, "you may not do that in this session");
    return true;
}

/* NULL where there is none, and the client has heard so. */
static struct terminal *find(struct client *client, uint32_t number)
{
    struct terminal *terminal = terminal_find(number);
    if (terminal == NULL)
        client_error(client, ERROR_NO_TERMINAL, "there is no such terminal");
    return terminal;
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

/* A text of people's, of at most 64 bytes. */
static struct text read_name(struct reader *payload)
{
    struct text name = read_text(payload);
    if (name.size > MAX_NAME || memchr(name.data, '\0', name.size) != NULL)
        payload->bad = true;
    return name;
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
    struct text banner = read_text(payload), name = read_name(payload);
    if (!read_complete(payload) || spawn.rows == 0 || spawn.columns == 0)
        return malformed(client);

    struct terminal *slot = free_slot();
    if (server_stopping())
        client_error(client, ERROR_FAILED, "the container is stopping");
    else if (slot == NULL)
        client_error(client, ERROR_LIMIT, "there are 128 terminals already");
    else if (terminal_open(slot, &spawn, (const uint8_t *)banner.data, banner.size)) {
        terminal_rename(slot, name);
        put_number(client, FRAME_OPENED, slot->number);
    } else {
        char text[128];
        snprintf(text, sizeof text, "no terminal could be made (%s)", strerror(errno));
        client_error(client, ERROR_FAILED, text);
    }
    return true;
}

static bool execute(struct client *client, struct reader *payload)
{
    struct spawn spawn = {.options = server_options()};
    arena_used = 0;
    spawn.user = keep(payload);
    spawn.cwd = keep(payload);
    keep_all(payload, arguments);
    keep_all(payload, environment);
    spawn.argv = arguments;
    spawn.env = environment;
    if (!read_complete(payload))
        return malformed(client);
    if (server_stopping())
        client_error(client, ERROR_FAILED, "the container is stopping");
    else
        command_start(client, &spawn);
    return true;
}

static bool dial(struct client *client, struct reader *payload)
{
    arena_used = 0;
    const char *host = keep(payload);
    uint16_t port = read_u16(payload);
    if (!read_complete(payload) || host[0] == '\0')
        return malformed(client);
    if (server_stopping())
        client_error(client, ERROR_FAILED, "the container is stopping");
    else
        dial_start(client, host, port, server_options());
    return true;
}

static bool attach(struct client *client, struct reader *payload)
{
    uint32_t number = read_u32(payload);
    uint8_t flags = read_u8(payload);
    uint64_t value = read_u64(payload);
    struct size size = {.rows = read_u16(payload)};
    size.columns = read_u16(payload);
    bool both = flags & ATTACH_FROM_OFFSET && flags & ATTACH_LAST;
    bool half = (size.rows == 0) != (size.columns == 0);
    if (!read_complete(payload) || both || half || flags > ATTACH_FLAGS)
        return malformed(client);
    if (flags & ATTACH_TYPED && client->role != ROLE_NONE)
        return denied(client);
    struct terminal *terminal = find(client, number);
    if (terminal != NULL)
        stream_attach(client, terminal, flags, value, size);
    return true;
}

static bool close_terminal(struct client *client, struct reader *payload)
{
    uint32_t number = read_u32(payload);
    if (!read_complete(payload))
        return malformed(client);
    struct terminal *terminal = find(client, number);
    if (terminal == NULL)
        return true;
    terminal_hang_up(terminal);
    put_number(client, FRAME_CLOSED, number);
    return true;
}

static bool rename_terminal(struct client *client, struct reader *payload)
{
    uint32_t number = read_u32(payload);
    struct text name = read_name(payload);
    if (!read_complete(payload))
        return malformed(client);
    struct terminal *terminal = find(client, number);
    if (terminal == NULL)
        return true;
    terminal_rename(terminal, name);
    put_number(client, FRAME_RENAMED, number);
    return true;
}

static bool arrange(struct client *client, struct reader *payload)
{
    struct text layout = read_text(payload);
    if (!read_complete(payload) || !listing_arrange(layout))
        return malformed(client);
    client_put(client, FRAME_ARRANGED, NULL, 0);
    return true;
}

static bool list(struct client *client, const struct reader *payload)
{
    static uint8_t listing[MAX_PAYLOAD];
    struct writer writer = {.data = listing, .capacity = sizeof listing};
    if (!read_complete(payload))
        return malformed(client);
    listing_write(&writer, true);
    client_put(client, FRAME_LISTING, listing, writer.size);
    return true;
}

static bool hello(struct client *client, struct reader *payload)
{
    (void)read_u16(payload); /* whatever its version, it learns ours */
    if (!read_complete(payload))
        return malformed(client);
    client_greet(client);
    return true;
}

static bool watch(struct client *client, const struct reader *payload)
{
    if (!read_complete(payload))
        return malformed(client);
    watch_begin(client);
    return true;
}

static bool resize(struct client *client, struct reader *payload)
{
    struct size size = {.rows = read_u16(payload)};
    size.columns = read_u16(payload);
    if (!read_complete(payload) || size.rows == 0 || size.columns == 0)
        return malformed(client);
    if (!client->read_only)
        lead_sized(client, size);
    return true;
}

static bool input(struct client *client, const struct reader *payload)
{
    size_t size = (size_t)(payload->end - payload->at);
    if (client->read_only)
        return true;
    if (!terminal_has_room(client->terminal, size))
        return false;
    lead_typed(client); /* first: the program has the typist's size when it reads the key */
    (void)terminal_input(client->terminal, payload->at, size);
    stream_typed(client->terminal, payload->at, size);
    return true;
}

static bool reply(struct client *client, const struct reader *payload)
{
    if (client->read_only || lead_of(client->terminal) != client)
        return true;
    return terminal_input(client->terminal, payload->at, (size_t)(payload->end - payload->at));
}

static bool on_terminal(struct client *client, uint8_t type, struct reader *payload)
{
    if (type == FRAME_INPUT)
        return input(client, payload);
    return type == FRAME_REPLY ? reply(client, payload) : resize(client, payload);
}

static bool on_command(struct client *client, uint8_t type, struct reader *payload)
{
    if (type == FRAME_INPUT)
        return command_input(client, payload->at, (size_t)(payload->end - payload->at));
    uint8_t number = type == FRAME_SIGNAL ? read_u8(payload) : 1;
    if (!read_complete(payload) || number == 0 || number > MAX_SIGNAL)
        return malformed(client);
    if (type == FRAME_SIGNAL)
        command_signal(client, number);
    else
        command_input_end(client);
    return true;
}

static bool on_peer(struct client *client, uint8_t type, struct reader *payload)
{
    if (type == FRAME_INPUT)
        return dial_input(client, payload->at, (size_t)(payload->end - payload->at));
    return read_complete(payload) ? dial_input_end(client) : malformed(client);
}

static bool ask(struct client *client, uint8_t type, struct reader *payload)
{
    switch (type) {
    case FRAME_HELLO:
        return hello(client, payload);
    case FRAME_OPEN_TERMINAL:
        return open_terminal(client, payload);
    case FRAME_ATTACH:
        return attach(client, payload);
    case FRAME_LIST:
        return list(client, payload);
    case FRAME_CLOSE:
        return close_terminal(client, payload);
    case FRAME_RENAME:
        return rename_terminal(client, payload);
    case FRAME_ARRANGE:
        return arrange(client, payload);
    case FRAME_WATCH:
        return watch(client, payload);
    case FRAME_BIND:
        return roles_bind(client, payload) || malformed(client);
    case FRAME_EVICT:
        return roles_evict(client, payload) || malformed(client);
    case FRAME_EXEC:
        return execute(client, payload);
    case FRAME_LISTEN:
        return inlet_open(client, payload, server_options()) || malformed(client);
    case FRAME_TAKE:
        return inlet_take(client, payload) || malformed(client);
    default:
        return dial(client, payload);
    }
}

/* Which streams take the frame, as bits by their kind; 0: there is no such frame. */
static unsigned taken_by(uint8_t type)
{
    switch (type) {
    case FRAME_INPUT:
        return 1u << TERMINAL_STREAM | 1u << COMMAND_STREAM | 1u << PEER_STREAM;
    case FRAME_REPLY:
    case FRAME_RESIZE:
        return 1u << TERMINAL_STREAM;
    case FRAME_INPUT_END:
        return 1u << COMMAND_STREAM | 1u << PEER_STREAM;
    case FRAME_SIGNAL:
        return 1u << COMMAND_STREAM;
    case FRAME_LISTEN:
    case FRAME_TAKE:
        return 1u << NO_STREAM;
    default:
        return type >= FRAME_HELLO && type <= FRAME_EVICT ? 1u << NO_STREAM : 0;
    }
}

bool request_handle(struct client *client, uint8_t type, struct reader payload)
{
    unsigned streams = taken_by(type);
    if (streams == 0)
        return malformed(client);
    if (!role_allows(client, type))
        return denied(client);
    if (!(streams >> client->stream & 1)) {
        client_refuse(client, ERROR_STATE,
                      client->stream == NO_STREAM ? "this connection carries no such stream yet"
                                                  : "this connection carries a stream already");
        return true;
    }
    if (client->stream == TERMINAL_STREAM)
        return on_terminal(client, type, &payload);
    if (client->stream == COMMAND_STREAM)
        return on_command(client, type, &payload);
    if (client->stream == PEER_STREAM)
        return on_peer(client, type, &payload);
    return ask(client, type, &payload);
}
