/* Who follows the LISTING, and when it has changed. */
#ifndef VIBE_WATCH_H
#define VIBE_WATCH_H

#include "client.h"

/* Turns the connection into a watch, and answers with the first LISTING. */
void watch_begin(struct client *client);
/* At every turn of the loop: looks whether anything has changed, at most ten times a second.
 * `events`: a descriptor was ready. */
void watch_tick(int64_t now, bool events);
/* When to look again; INT64_MAX: nobody watches. */
int64_t watch_next_tick(void);
/* Queues the newest LISTING where the watcher hasn't had it. False: it has. */
bool watch_next_frame(struct client *client);

#endif
