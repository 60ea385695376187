/* Bytes between a client's frames and a plain descriptor, a frame at a time each way. */
#ifndef VIBE_FLOW_H
#define VIBE_FLOW_H

#include "client.h"

/* What a client has sent and the descriptor has not taken yet: at most the rest of one frame. */
struct sink {
    int fd; /* -1: closed; what still comes is dropped */
    bool ending; /* INPUT_END: nothing comes after what is held */
    size_t size, sent;
    uint8_t *data; /* INPUT_CAPACITY */
};

/* False: the frame before is still under way. */
bool sink_take(struct sink *sink, const uint8_t *data, size_t size);
/* Writes what the descriptor takes. False: it takes nothing any more. */
bool sink_write(struct sink *sink);
bool sink_wants_write(const struct sink *sink);
/* The last byte has been written and none will come. */
bool sink_done(const struct sink *sink);

enum flow { FLOW_WAITS, FLOW_WENT, FLOW_ENDED, FLOW_BROKE };

/* Whether the client has read all that came before: only then is more taken in for it. */
bool flow_allows(const struct client *client);
/* Moves what `fd` has to the client, as one frame of this type. */
enum flow flow_read(int fd, struct client *client, uint8_t type);

#endif
