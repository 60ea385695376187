#include "stream.h"

#include "lead.h"
#include "roles.h"

bool stream_attached(const struct terminal *terminal)
{
    for (size_t i = 0; i < client_slots; i++)
        if (clients[i].fd >= 0 && clients[i].terminal == terminal)
            return true;
    return false;
}

/* How many bytes before the head an unfinished UTF-8 character began; 0: none is under way. */
static unsigned unfinished_character(const struct ring *ring)
{
    for (unsigned back = 1; back <= 3 && ring->head - ring->tail >= back; back++) {
        uint8_t byte = ring_byte(ring, ring->head - back);
        if (byte < 0x80)
            return 0;
        if (byte >= 0xc0) {
            unsigned length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
            return length > back ? back : 0;
        }
    }
    return 0;
}

/* Advances `modes` to the best place to start at or after where it stands: the start of a line
 * within a few kilobytes, else the first place that is in no sequence and in no character. False:
 * there is none before the head. */
static bool find_boundary(const struct terminal *terminal, struct modes *modes)
{
    const struct ring *ring = &terminal->ring;
    static struct modes first; /* large for a stack; this program has one thread */
    bool found = false;
    uint64_t change = sizes_next(&terminal->sizes, modes->offset);
    while (modes->offset < ring->head) {
        uint8_t next = ring_byte(ring, modes->offset);
        if (modes_at_boundary(modes) && (next & 0xc0) != 0x80) {
            if (modes->offset == 0 ||
                (modes->offset > ring->tail && ring_byte(ring, modes->offset - 1) == '\n'))
                return true;
            if (!found) {
                first = *modes;
                found = true;
            }
        }
        if (found && modes->offset - first.offset >= LINE_WINDOW)
            break;
        modes_feed(modes, &next, 1);
        if (modes->offset == change) {
            modes_resized(modes);
            change = sizes_next(&terminal->sizes, change);
        }
    }
    if (found)
        *modes = first;
    return found;
}

/* Where a replay of everything from `target` on starts; `modes` are those in force there. Returns
 * false where the start is inside a string longer than all that is kept. */
static bool find_start(const struct terminal *terminal, uint64_t target, struct modes *modes)
{
    const struct ring *ring = &terminal->ring;
    *modes = terminal->before;
    terminal_follow(terminal, modes, target);
    if (find_boundary(terminal, modes))
        return true;
    if (modes_at_boundary(modes)) {
        modes->offset = ring->head - unfinished_character(ring);
        return true;
    }
    if (modes->boundary < ring->tail)
        return false;
    /* What has arrived of the sequence has changed nothing yet: start with it. */
    modes->offset = modes->boundary;
    return true;
}

static void put_replay(struct client *client, uint64_t offset, const uint8_t *preamble,
                       size_t size)
{
    uint8_t payload[12 + PREAMBLE_MAX];
    struct writer writer = {.data = payload, .capacity = sizeof payload};
    client->told = sizes_at(&client->terminal->sizes, offset);
    write_u64(&writer, offset);
    write_u16(&writer, client->told.rows);
    write_u16(&writer, client->told.columns);
    write_bytes(&writer, preamble, size);
    client_put(client, FRAME_REPLAY, payload, writer.size);
    if (client->fd < 0)
        return;
    client->cursor = offset;
    client->replaying = true;
    client->replay_end = client->terminal->ring.head;
}

static void replay_last(struct client *client, uint64_t bytes)
{
    static struct modes modes;
    struct terminal *terminal = client->terminal;
    const struct ring *ring = &terminal->ring;
    uint64_t kept = ring->head - ring->tail;
    uint8_t preamble[PREAMBLE_MAX];
    struct writer writer = {.data = preamble, .capacity = sizeof preamble};

    bool clean = find_start(terminal, ring->head - (bytes < kept ? bytes : kept), &modes);
    modes_preamble(&modes, &writer);
    if (!clean) /* let the emulator swallow the string's rest, which would be printed */
        write_string(&writer, "\x1b]9999;");
    put_replay(client, modes.offset, preamble, writer.size);
    if (terminal->now.alternate != 0 && !client->quiet)
        terminal_nudge(terminal);
}

void stream_attach(struct client *client, struct terminal *terminal, uint8_t flags,
                   uint64_t value, struct size size)
{
    const struct ring *ring = &terminal->ring;
    struct size before = terminal->size;
    client->stream = TERMINAL_STREAM;
    client->terminal = terminal;
    client->read_only = flags & ATTACH_READ_ONLY || client->role == ROLE_VIEWER;
    client->typed = flags & ATTACH_TYPED;
    client->size = size;
    lead_joined(client);
    /* A new size makes the program redraw by itself. */
    client->quiet = flags & ATTACH_QUIET || !same_size(before, terminal->size);
    if (flags & ATTACH_FROM_OFFSET && value >= ring->tail && value <= ring->head)
        put_replay(client, value, NULL, 0);
    else
        replay_last(client, flags & ATTACH_LAST ? value : HISTORY_MAX);
    client->quiet = flags & ATTACH_QUIET;
}

void stream_leave(struct client *client)
{
    struct terminal *terminal = client->terminal;
    client->terminal = NULL;
    if (terminal != NULL)
        lead_left(terminal, client);
}

/* Begins the replay that a client is owed which had fallen too far behind. */
static void restart(struct client *client)
{
    client->resync = false;
    replay_last(client, RESYNC_BYTES);
}

bool stream_next_frame(struct client *client)
{
    struct terminal *terminal = client->terminal;
    if (client->resync)
        restart(client);
    struct size size = sizes_at(&terminal->sizes, client->cursor);
    uint64_t limit = client->replaying ? client->replay_end : terminal->ring.head;
    uint64_t change = sizes_next(&terminal->sizes, client->cursor);
    uint8_t payload[8];
    struct writer writer = {.data = payload, .capacity = sizeof payload};
    if (!same_size(size, client->told)) {
        client->told = size;
        write_u16(&writer, size.rows);
        write_u16(&writer, size.columns);
        client_put(client, FRAME_SIZE, payload, writer.size);
    } else if (client->cursor < limit) {
        client_announce(client, (change < limit ? change : limit) - client->cursor);
    } else if (client->replaying) {
        client->replaying = false;
        write_u64(&writer, client->replay_end);
        client_put(client, FRAME_REPLAY_END, payload, writer.size);
    } else if (terminal_finished(terminal)) {
        uint8_t status[2];
        terminal_status(terminal, status);
        client_put(client, FRAME_EXITED, status, sizeof status);
        client_end(client);
    } else
        return false;
    return true;
}

void stream_typed(const struct terminal *terminal, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < client_slots && size > 0; i++) {
        struct client *client = &clients[i];
        /* Who asked and doesn't read must not stop the typing. */
        if (client->fd >= 0 && client->terminal == terminal && client->typed &&
            client_has_room(client, size))
            client_put(client, FRAME_TYPED, data, size);
    }
}

bool stream_allows_reading(const struct terminal *terminal)
{
    bool attached = false;
    for (size_t i = 0; i < client_slots; i++) {
        const struct client *client = &clients[i];
        if (client->fd < 0 || client->terminal != terminal || client->resync || client->closing)
            continue;
        if (terminal->ring.head - client->cursor < LAG_PAUSE)
            return true;
        attached = true;
    }
    return !attached;
}

/* The client waits for its socket to take the frame under way, and starts anew from where the
 * terminal is by then. */
static void resynchronise(struct client *client)
{
    client_finish_frame(client);
    client->resync = true;
    client->replaying = false;
}

void stream_advance(struct terminal *terminal, size_t history)
{
    uint64_t head = terminal->ring.head;
    uint64_t keep_from = head > history ? head - history : 0;
    for (size_t i = 0; i < client_slots; i++) {
        struct client *client = &clients[i];
        if (client->fd < 0 || client->terminal != terminal || client->resync)
            continue;
        if (head - client->cursor > LAG_MAX)
            resynchronise(client);
        else if (client->cursor < keep_from)
            keep_from = client->cursor;
    }
    terminal_forget(terminal, keep_from);
}
