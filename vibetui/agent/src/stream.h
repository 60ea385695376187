/* Clients and the terminals they follow: where a replay starts, and who holds whom back. */
#ifndef VIBE_STREAM_H
#define VIBE_STREAM_H

#include "client.h"

/* `flags`, `value` and `size` as ATTACH has them. */
void stream_attach(struct client *client, struct terminal *terminal, uint8_t flags,
                   uint64_t value, struct size size);
/* The client is attached no more; the OUTPUT frame under way is complete. */
void stream_leave(struct client *client);
/* Queues what comes next. False: nothing does. */
bool stream_next_frame(struct client *client);
/* For those who asked to hear what is typed. */
void stream_typed(const struct terminal *terminal, const uint8_t *data, size_t size);
/* Whether the PTY may be read: nobody is attached, or the best of them keeps up. */
bool stream_allows_reading(const struct terminal *terminal);
/* After new output: resynchronise who is too far behind, forget what nobody needs. */
void stream_advance(struct terminal *terminal, size_t history);
bool stream_attached(const struct terminal *terminal);

#endif
