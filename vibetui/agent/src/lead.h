/* Who of a terminal's clients leads: has its size, and answers its queries. */
#ifndef VIBE_LEAD_H
#define VIBE_LEAD_H

#include "client.h"

/* The terminal's leader, or NULL. */
struct client *lead_of(const struct terminal *terminal);
/* After the client was attached. */
void lead_joined(struct client *client);
/* INPUT has come from a client that may type. */
void lead_typed(struct client *client);
/* RESIZE, or the size given at ATTACH. */
void lead_sized(struct client *client, struct size size);
/* The client is attached no more. */
void lead_left(struct terminal *terminal, const struct client *client);

#endif
