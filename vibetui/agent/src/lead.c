#include "lead.h"

#include <string.h>

static uint64_t turns; /* counts what decides who leads */

static bool may_lead(const struct client *client, const struct terminal *terminal)
{
    return client->fd >= 0 && client->terminal == terminal && !client->read_only;
}

/* Who typed last; where nobody has, who came first. */
static struct client *choose(const struct terminal *terminal)
{
    struct client *best = NULL;
    for (size_t i = 0; i < client_slots; i++) {
        struct client *client = &clients[i];
        if (!may_lead(client, terminal))
            continue;
        if (best == NULL || client->led_at > best->led_at ||
            (client->led_at == best->led_at && client->joined_at < best->joined_at))
            best = client;
    }
    return best;
}

struct client *lead_of(const struct terminal *terminal)
{
    return terminal->leader;
}

static void lead(struct terminal *terminal, struct client *client)
{
    terminal->leader = client;
    if (client != NULL && client->size.rows != 0)
        terminal_resize(terminal, client->size);
}

static bool same_person(const struct client *a, const struct client *b)
{
    return a->who_size == b->who_size && memcmp(a->who, b->who, a->who_size) == 0;
}

void lead_joined(struct client *client)
{
    struct terminal *terminal = client->terminal;
    client->joined_at = ++turns;
    if (client->read_only)
        return;
    if (terminal->leader == NULL)
        lead(terminal, client);
    else if (same_person(client, terminal->leader)) {
        /* The same person from another place: what they sit at now. */
        client->led_at = terminal->leader->led_at == 0 ? 0 : ++turns;
        lead(terminal, client);
    }
}

void lead_typed(struct client *client)
{
    client->led_at = ++turns;
    if (client->terminal->leader != client)
        lead(client->terminal, client);
}

void lead_sized(struct client *client, struct size size)
{
    client->size = size;
    if (client->terminal->leader == client)
        terminal_resize(client->terminal, size);
}

void lead_left(struct terminal *terminal, const struct client *client)
{
    if (terminal->leader == client)
        lead(terminal, choose(terminal));
}
