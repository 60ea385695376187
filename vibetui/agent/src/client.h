/* One connection: frames in, frames out, and the terminal whose stream it may have become. */
#ifndef VIBE_CLIENT_H
#define VIBE_CLIENT_H

#include "terminal.h"
#include "wire.h"

struct client {
    int fd; /* -1: this slot is free */
    bool closing;  /* say what is queued, then close; nothing more is read */
    bool blocked;  /* the socket took no more; cleared by POLLOUT */
    bool stalled;  /* the next frame must wait, for room in the PTY or in `out` */
    int64_t close_by;

    struct terminal *terminal; /* NULL until ATTACH */
    bool read_only;
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
    IN_CAPACITY = MAX_FRAME,
    /* The rest of one OUTPUT, one answer of any size, and the small frames around a replay. */
    OUT_CAPACITY = 2 * MAX_FRAME + 2 * PREAMBLE_MAX,
};

extern struct client clients[MAX_CLIENTS];

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
/* ERROR, then the end of this connection. */
void client_refuse(struct client *client, enum error_code code, const char *text);

void client_receive(struct client *client);
/* Takes up the frames that had to wait. */
void client_continue(struct client *client);
/* Sends what the socket takes, output straight from the ring. */
void client_flush(struct client *client);
bool client_wants_read(const struct client *client);

#endif
