/* Connections that a client makes from inside the container. */
#ifndef VIBE_DIAL_H
#define VIBE_DIAL_H

#include <poll.h>

#include "client.h"

enum { MAX_PEERS = 128 };

/* DIALED and the stream, or ERROR, once it is known; until then the client's frames wait. */
void dial_start(struct client *client, const char *host, uint16_t port,
                const struct options *options);
/* TAKEN and the stream: `fd` is a connection that was made to an inlet. False, after an ERROR: there
 * is no room for it now. */
bool dial_adopt(struct client *client, int fd);
/* False: the frame has to wait. */
bool dial_input(struct client *client, const uint8_t *data, size_t size);
/* False: as above. */
bool dial_input_end(struct client *client);
void dial_leave(struct client *client);

void peers_init(void);
void peers_signal_all(int number);
/* Puts what the peers wait for into `states`; how many there are. */
size_t peers_watch(struct pollfd *states);
void peers_serve(const struct pollfd *states);
/* Ends what both sides have ended. */
void peers_settle(int64_t now);
/* When the first dialling is given up, or INT64_MAX. */
int64_t peers_next_tick(void);

#endif
