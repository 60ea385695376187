/* Clients and the terminals they follow: where a replay starts, and who holds whom back. */
#ifndef VIBE_STREAM_H
#define VIBE_STREAM_H

#include "client.h"

/* `flags` and `value` as ATTACH has them. */
void stream_attach(struct client *client, struct terminal *terminal, uint8_t flags,
                   uint64_t value);
/* Begins the replay that a client is owed which had fallen too far behind. */
void stream_restart(struct client *client);
/* Whether the PTY may be read: nobody is attached, or the best of them keeps up. */
bool stream_allows_reading(const struct terminal *terminal);
/* After new output: resynchronise who is too far behind, forget what nobody needs. */
void stream_advance(struct terminal *terminal, size_t history);
bool stream_attached(const struct terminal *terminal);

#endif
