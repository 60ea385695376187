#include "watch.h"

#include <string.h>

#include "listing.h"

/* The last state, and its number; its watchers have heard of those up to their `seen`. */
static uint8_t last[MAX_PAYLOAD];
static size_t last_size;
static uint64_t version;
static int64_t looked_at;
/* How often to look soon: an event's consequences (a shell starts a program) come after it. */
static int stirred;

static bool anybody(void)
{
    for (size_t i = 0; i < client_slots; i++)
        if (clients[i].fd >= 0 && clients[i].stream == WATCH_STREAM)
            return true;
    return false;
}

static void look(void)
{
    static uint8_t fresh[MAX_PAYLOAD];
    struct writer writer = {.data = fresh, .capacity = sizeof fresh};
    listing_write(&writer, false);
    if (writer.size == last_size && memcmp(fresh, last, last_size) == 0)
        return;
    memcpy(last, fresh, writer.size);
    last_size = writer.size;
    version++;
}

static void put_listing(struct client *client)
{
    static uint8_t payload[MAX_PAYLOAD];
    struct writer writer = {.data = payload, .capacity = sizeof payload};
    listing_write(&writer, true);
    client->seen = version;
    client_put(client, FRAME_LISTING, payload, writer.size);
}

void watch_begin(struct client *client)
{
    client->stream = WATCH_STREAM;
    look();
    looked_at = now_ms();
    put_listing(client);
}

void watch_tick(int64_t now, bool events)
{
    if (events)
        stirred = 2;
    if (now < watch_next_tick())
        return;
    looked_at = now;
    if (stirred > 0)
        stirred--;
    look();
}

int64_t watch_next_tick(void)
{
    if (!anybody())
        return INT64_MAX;
    return looked_at + (stirred > 0 ? WATCH_LEAST_MS : WATCH_LOOK_MS);
}

bool watch_next_frame(struct client *client)
{
    if (client->seen == version)
        return false;
    put_listing(client);
    return true;
}
