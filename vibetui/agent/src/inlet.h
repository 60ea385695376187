/* Sockets inside the container that are listened on for a client elsewhere. */
#ifndef VIBE_INLET_H
#define VIBE_INLET_H

#include <poll.h>

#include "client.h"
#include "helper.h"

enum { MAX_INLETS = 16, MAX_WAITING = 16, INLETS_POLLED = HELPER_GIVES * MAX_INLETS };

/* LISTENING and the stream, or ERROR, once it is known. False: malformed. */
bool inlet_open(struct client *client, struct reader *payload, const struct options *options);
/* TAKEN and a dialled connection's stream, or ERROR. False: malformed. */
bool inlet_take(struct client *client, struct reader *payload);
void inlet_leave(struct client *client);

void inlets_init(void);
/* Ends all of them, and says why. */
void inlets_close(const char *why);
/* Puts what the inlets wait for into `states`; how many there are. */
size_t inlets_watch(struct pollfd *states);
void inlets_serve(const struct pollfd *states);
/* Closes what nobody has taken in time. */
void inlets_settle(int64_t now);
/* When the next one is closed or given up, or INT64_MAX. */
int64_t inlets_next_tick(void);

#endif
