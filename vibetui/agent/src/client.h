/* One connection: frames in, frames out, and the stream that it may have become. */
#ifndef VIBE_CLIENT_H
#define VIBE_CLIENT_H

#include "terminal.h"
#include "wire.h"

enum stream_kind {
    NO_STREAM,
    TERMINAL_STREAM,
    COMMAND_STREAM,
    PEER_STREAM,
    WATCH_STREAM,
    INLET_STREAM,
};

struct client {
    int fd; /* -1: this slot is free */
    bool closing;  /* say what is queued, then close; nothing more is read */
    bool lingering; /* what is queued has been said; what still comes in is thrown away */
    bool blocked;  /* the socket took no more; cleared by POLLOUT */
    bool stalled;  /* the next frame must wait, for room in the PTY or in `out` */
    int64_t close_by;

    uint8_t role; /* ROLE_NONE until BIND */
    uint8_t who_size;
    char who[MAX_WHO];

    uint8_t stream; /* what the connection has become, for good */

    struct command *command;   /* of a COMMAND_STREAM */
    struct peer *peer;         /* of a PEER_STREAM */
    struct inlet *inlet;       /* of an INLET_STREAM */
    struct terminal *terminal; /* of a TERMINAL_STREAM, until the client leaves it */
    bool read_only;
    bool typed; /* hears what is typed */
    bool quiet; /* its replays nudge nobody */
    struct size size; /* of the client's own; 0, 0: it has said none */
    struct size told; /* the terminal's, at the cursor */
    uint64_t joined_at, led_at; /* in turns, see lead.c; 0: never */
    uint64_t seen; /* of a WATCH_STREAM: the version of the listing */
    bool resync; /* owed a replay once `out` is empty; its cursor means nothing until then */
    bool replaying; /* until the cursor gets to `replay_end` */
    uint64_t cursor, replay_end;
    uint32_t frame_left; /* of an OUTPUT frame whose header has gone to `out`, from the cursor */

    size_t in_size;
    uint8_t *in; /* IN_CAPACITY */
    size_t out_size, out_sent;
    uint8_t *out; /* OUT_CAPACITY */
};

enum {
    MAX_ERROR = 261, /* a whole frame */
    IN_CAPACITY = MAX_FRAME,
    /* The rest of one OUTPUT, one answer of any size, and the small frames around a replay. */
    OUT_CAPACITY = 2 * MAX_FRAME + 2 * PREAMBLE_MAX,
};

extern struct client clients[MAX_CLIENTS];
extern size_t client_slots; /* from here on all are free: few turns need to look at all of them */

void clients_init(void);
/* Takes the descriptor over and greets, or refuses with ERROR. */
void client_accept(int fd, const struct options *options);
void client_close(struct client *client);

/* Queues one frame; a client without room for it is closed, which the callers' limits prevent. */
void client_put(struct client *client, uint8_t type, const void *payload, size_t size);
void client_greet(struct client *client);
void client_error(struct client *client, enum error_code code, const char *text);
/* Copies out the rest of an OUTPUT frame that was announced; any other frame has to follow it. */
void client_finish_frame(struct client *client);
/* Whether a frame of `size` can be put, with room to spare for an ERROR. */
bool client_has_room(struct client *client, size_t size);
/* Queues the header of an OUTPUT frame from the cursor on, of at most `size` bytes. */
void client_announce(struct client *client, uint64_t size);
/* What is queued is sent, and no more: the client has left its stream. */
void client_end(struct client *client);
/* ERROR, then the end of this connection. */
void client_refuse(struct client *client, enum error_code code, const char *text);

void client_receive(struct client *client);
/* Takes up the frames that had to wait. */
void client_continue(struct client *client);
/* Sends what the socket takes, output straight from the ring. */
void client_flush(struct client *client);
bool client_wants_read(const struct client *client);

#endif
