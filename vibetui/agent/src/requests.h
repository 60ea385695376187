/* What a client may ask for. */
#ifndef VIBE_REQUESTS_H
#define VIBE_REQUESTS_H

#include "client.h"

/* One frame. False: it must wait, nothing was done. */
bool request_handle(struct client *client, uint8_t type, struct reader payload);

#endif
