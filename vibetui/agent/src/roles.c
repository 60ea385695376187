#include "roles.h"

#include <string.h>

bool role_allows(const struct client *client, uint8_t type)
{
    switch (client->role) {
    case ROLE_NONE:
        return true;
    case ROLE_VIEWER:
        /* On a stream what viewers send is ignored: they are read-only. */
        return type == FRAME_HELLO || type == FRAME_LIST || type == FRAME_WATCH ||
               type == FRAME_ATTACH || client->stream == TERMINAL_STREAM;
    default:
        return type != FRAME_BIND && type != FRAME_EVICT;
    }
}

bool roles_bind(struct client *client, struct reader *payload)
{
    uint8_t role = read_u8(payload);
    struct text who = read_text(payload);
    if (!read_complete(payload) || role < ROLE_VIEWER || role > ROLE_OWNER ||
        who.size > MAX_WHO || memchr(who.data, '\0', who.size) != NULL)
        return false;
    client->role = role;
    client->who_size = (uint8_t)who.size;
    memcpy(client->who, who.data, who.size);
    client_put(client, FRAME_BOUND, &role, sizeof role);
    return true;
}

bool roles_evict(struct client *client, struct reader *payload)
{
    struct text who = read_text(payload);
    if (!read_complete(payload) || who.size > MAX_WHO)
        return false;
    uint16_t count = 0;
    for (size_t i = 0; i < client_slots; i++) {
        struct client *other = &clients[i];
        if (other->fd < 0 || other->closing || other->role == ROLE_NONE ||
            other->who_size != who.size || memcmp(other->who, who.data, who.size) != 0)
            continue;
        client_refuse(other, ERROR_DENIED, "this session is shared with you no more");
        count++;
    }
    uint8_t answer[2];
    struct writer writer = {.data = answer, .capacity = sizeof answer};
    write_u16(&writer, count);
    client_put(client, FRAME_EVICTED, answer, writer.size);
    return true;
}
