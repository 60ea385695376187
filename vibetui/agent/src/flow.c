#define _GNU_SOURCE
#include "flow.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

bool sink_take(struct sink *sink, const uint8_t *data, size_t size)
{
    if (sink->size > 0)
        return false;
    if (sink->fd < 0 || sink->ending)
        return true;
    /* Whatever is wrong with the descriptor shows when the rest is written. */
    ssize_t taken = write(sink->fd, data, size);
    sink->size = size - (taken > 0 ? (size_t)taken : 0);
    sink->sent = 0;
    memcpy(sink->data, data + (size - sink->size), sink->size);
    return true;
}

bool sink_write(struct sink *sink)
{
    while (sink->sent < sink->size) {
        ssize_t size = write(sink->fd, sink->data + sink->sent, sink->size - sink->sent);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return errno == EAGAIN;
        sink->sent += (size_t)size;
    }
    sink->size = sink->sent = 0;
    return true;
}

bool sink_wants_write(const struct sink *sink)
{
    return sink->fd >= 0 && sink->size > 0;
}

bool sink_done(const struct sink *sink)
{
    return sink->ending && sink->size == 0;
}

bool flow_allows(const struct client *client)
{
    return client != NULL && client->fd >= 0 && !client->closing && client->out_size == 0;
}

enum flow flow_read(int fd, struct client *client, uint8_t type)
{
    static uint8_t piece[MAX_PAYLOAD];
    ssize_t size = read(fd, piece, sizeof piece);
    if (size > 0) {
        client_put(client, type, piece, (size_t)size);
        return FLOW_WENT;
    }
    if (size == 0)
        return FLOW_ENDED;
    return errno == EAGAIN || errno == EINTR ? FLOW_WAITS : FLOW_BROKE;
}
