/* Whose a connection is, and what they may ask for. */
#ifndef VIBE_ROLES_H
#define VIBE_ROLES_H

#include "client.h"

enum role { ROLE_NONE, ROLE_VIEWER, ROLE_WRITER, ROLE_OWNER };

/* What the connection's role lets it ask for. */
bool role_allows(const struct client *client, uint8_t type);
/* False: malformed. */
bool roles_bind(struct client *client, struct reader *payload);
bool roles_evict(struct client *client, struct reader *payload);

#endif
