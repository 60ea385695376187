#define _GNU_SOURCE
#include "inlet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dial.h"
#include "flow.h"
#include "opener.h"
#include "server.h"

enum { MAX_HOST = 256, MAX_ACCEPTED = 8 + 2 + INET6_ADDRSTRLEN + 2 };

/* A connection that was made to an inlet and that nobody has taken yet. */
struct arrival {
    int fd; /* -1: this place is free */
    uint64_t token;
    int64_t close_at;
};

struct inlet {
    struct client *client; /* NULL: this slot is free */
    struct helper opener;
    bool open; /* else it is being made, until `give_up_at` */
    int64_t give_up_at;
    int sockets[HELPER_GIVES]; /* -1: there is none */
    struct arrival waiting[MAX_WAITING];
    size_t polled; /* where `inlets_watch` has put it */
};

static struct inlet inlets[MAX_INLETS];

static union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage room;
} address; /* of whoever was asked for last */

void inlets_init(void)
{
    for (size_t i = 0; i < MAX_INLETS; i++) {
        inlets[i] = (struct inlet){.opener = {.answer = -1}, .sockets = {-1, -1}};
        for (size_t j = 0; j < MAX_WAITING; j++)
            inlets[i].waiting[j].fd = -1;
    }
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void begin(struct client *client, const struct errand *errand,
                  const struct options *options)
{
    char text[128];
    struct inlet *inlet = inlets;
    while (inlet < inlets + MAX_INLETS && inlet->client != NULL)
        inlet++;
    if (server_stopping())
        client_error(client, ERROR_FAILED, "the container is stopping");
    else if (inlet == inlets + MAX_INLETS)
        client_error(client, ERROR_LIMIT, "there are 16 listeners already");
    else if (!helper_start(&inlet->opener, opener_run, errand, options)) {
        snprintf(text, sizeof text, "nothing could be listened on (%s)", strerror(errno));
        client_error(client, ERROR_FAILED, text);
    } else {
        inlet->client = client;
        inlet->open = false;
        inlet->give_up_at = now_ms() + DIAL_MS;
        client->stream = INLET_STREAM;
        client->inlet = inlet;
    }
}

/* A port has an address or none, a path no port, and a secret socket neither. */
static bool can_be(const struct errand *errand)
{
    if (errand->secret)
        return !errand->in_place && errand->port == 0 && errand->host[0] == '\0';
    return errand->host[0] == '/' ? errand->port == 0 : !errand->in_place;
}

bool inlet_open(struct client *client, struct reader *payload, const struct options *options)
{
    char host[MAX_HOST];
    struct text wanted = read_text(payload);
    struct errand errand = {.host = host, .port = read_u16(payload)};
    uint8_t flags = read_u8(payload);
    if (!read_complete(payload) || wanted.size >= sizeof host ||
        flags > (LISTEN_SECRET | LISTEN_IN_PLACE) ||
        memchr(wanted.data, '\0', wanted.size) != NULL)
        return false;
    memcpy(host, wanted.data, wanted.size);
    host[wanted.size] = '\0';
    errand.secret = flags & LISTEN_SECRET;
    errand.in_place = flags & LISTEN_IN_PLACE;
    if (!can_be(&errand))
        return false;
    begin(client, &errand, options);
    return true;
}

void inlet_leave(struct client *client)
{
    struct inlet *inlet = client->inlet;
    if (inlet == NULL)
        return;
    client->inlet = NULL;
    inlet->client = NULL;
    helper_forget(&inlet->opener); /* and so removes what it has made */
    for (size_t i = 0; i < HELPER_GIVES; i++)
        close_end(&inlet->sockets[i]);
    for (size_t i = 0; i < MAX_WAITING; i++)
        close_end(&inlet->waiting[i].fd);
}

void inlets_close(const char *why)
{
    for (size_t i = 0; i < MAX_INLETS; i++)
        if (inlets[i].client != NULL)
            client_refuse(inlets[i].client, ERROR_FAILED, why);
}

/* The connection goes on as one that carries nothing. */
static void refuse(struct inlet *inlet, const char *why)
{
    struct client *client = inlet->client;
    inlet_leave(client);
    client->stream = NO_STREAM;
    client_error(client, ERROR_FAILED, why);
}

static uint16_t address_port(void)
{
    if (address.any.sa_family == AF_INET)
        return ntohs(address.v4.sin_port);
    return address.any.sa_family == AF_INET6 ? ntohs(address.v6.sin6_port) : 0;
}

static void say_listening(struct inlet *inlet, const char *path)
{
    socklen_t size = sizeof address;
    if (getsockname(inlet->sockets[0], &address.any, &size) < 0)
        address.any.sa_family = AF_UNSPEC;
    uint8_t payload[2 + 2 + HELPER_SAYS];
    struct writer writer = {.data = payload, .capacity = sizeof payload};
    write_u16(&writer, address_port());
    write_text(&writer, path, strlen(path));
    client_put(inlet->client, FRAME_LISTENING, payload, writer.size);
}

/* First the sockets come, then the word that they are nobody else's. */
static void hear_opener(struct inlet *inlet)
{
    char text[HELPER_SAYS];
    int count = helper_answer(&inlet->opener, text, inlet->sockets);
    if (count == -2 || count > 0)
        return;
    if (count < 0 || inlet->sockets[0] < 0) {
        refuse(inlet, text);
        return;
    }
    inlet->open = true;
    say_listening(inlet, text);
}

static struct arrival *free_place(struct inlet *inlet)
{
    for (size_t i = 0; i < MAX_WAITING; i++)
        if (inlet->waiting[i].fd < 0)
            return &inlet->waiting[i];
    return NULL;
}

static void say_accepted(struct client *client, uint64_t token)
{
    char host[INET6_ADDRSTRLEN] = "";
    const void *numbers = address.any.sa_family == AF_INET ? (const void *)&address.v4.sin_addr
                                                           : (const void *)&address.v6.sin6_addr;
    if (address.any.sa_family == AF_INET || address.any.sa_family == AF_INET6)
        (void)inet_ntop(address.any.sa_family, numbers, host, sizeof host);
    uint8_t payload[MAX_ACCEPTED];
    struct writer writer = {.data = payload, .capacity = sizeof payload};
    write_u64(&writer, token);
    write_text(&writer, host, strlen(host));
    write_u16(&writer, address_port());
    client_put(client, FRAME_ACCEPTED, payload, writer.size);
}

static void accept_one(struct inlet *inlet, int listener)
{
    struct arrival *place = free_place(inlet);
    socklen_t size = sizeof address;
    uint64_t token;
    if (place == NULL || !flow_allows(inlet->client))
        return;
    int fd = accept4(listener, &address.any, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return; /* it has gone again */
    if (getrandom(&token, sizeof token, 0) != sizeof token) {
        complain("no random bytes", strerror(errno));
        close(fd);
        return;
    }
    *place = (struct arrival){.fd = fd, .token = token, .close_at = now_ms() + TAKE_MS};
    say_accepted(inlet->client, token);
}

size_t inlets_watch(struct pollfd *states)
{
    size_t count = 0;
    for (size_t i = 0; i < MAX_INLETS; i++) {
        struct inlet *inlet = &inlets[i];
        if (inlet->client == NULL)
            continue;
        inlet->polled = count;
        struct pollfd *state = &states[count];
        count += HELPER_GIVES;
        bool room = inlet->open && flow_allows(inlet->client) && free_place(inlet) != NULL;
        for (size_t j = 0; j < HELPER_GIVES; j++)
            state[j] = (struct pollfd){.fd = room ? inlet->sockets[j] : -1, .events = POLLIN};
        if (!inlet->open)
            state[0].fd = inlet->opener.answer;
    }
    return count;
}

void inlets_serve(const struct pollfd *states)
{
    for (size_t i = 0; i < MAX_INLETS; i++) {
        struct inlet *inlet = &inlets[i];
        if (inlet->client == NULL)
            continue;
        const struct pollfd *state = states + inlet->polled;
        if (!inlet->open) {
            if (state->revents != 0)
                hear_opener(inlet);
            continue;
        }
        for (size_t j = 0; j < HELPER_GIVES && inlet->client != NULL; j++)
            if (state[j].fd >= 0 && state[j].revents != 0)
                accept_one(inlet, state[j].fd);
    }
}

static bool same_person(const struct client *one, const struct client *other)
{
    return one->role == other->role && one->who_size == other->who_size &&
           memcmp(one->who, other->who, one->who_size) == 0;
}

static struct arrival *find(const struct client *client, uint64_t token)
{
    for (size_t i = 0; i < MAX_INLETS; i++) {
        struct inlet *inlet = &inlets[i];
        if (inlet->client == NULL || !same_person(inlet->client, client))
            continue;
        for (size_t j = 0; j < MAX_WAITING; j++)
            if (inlet->waiting[j].fd >= 0 && inlet->waiting[j].token == token)
                return &inlet->waiting[j];
    }
    return NULL;
}

bool inlet_take(struct client *client, struct reader *payload)
{
    uint64_t token = read_u64(payload);
    if (!read_complete(payload))
        return false;
    struct arrival *arrival = find(client, token);
    if (arrival == NULL)
        client_error(client, ERROR_UNREACHABLE, "no such connection waits any more");
    else if (dial_adopt(client, arrival->fd))
        arrival->fd = -1;
    return true;
}

void inlets_settle(int64_t now)
{
    for (size_t i = 0; i < MAX_INLETS; i++) {
        struct inlet *inlet = &inlets[i];
        if (inlet->client == NULL)
            continue;
        if (!inlet->open && now >= inlet->give_up_at) {
            refuse(inlet, "it could not be listened on within 10 seconds");
            continue;
        }
        for (size_t j = 0; j < MAX_WAITING; j++)
            if (inlet->waiting[j].fd >= 0 && now >= inlet->waiting[j].close_at)
                close_end(&inlet->waiting[j].fd);
    }
}

int64_t inlets_next_tick(void)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < MAX_INLETS; i++) {
        const struct inlet *inlet = &inlets[i];
        if (inlet->client == NULL)
            continue;
        if (!inlet->open && inlet->give_up_at < next)
            next = inlet->give_up_at;
        for (size_t j = 0; j < MAX_WAITING; j++)
            if (inlet->waiting[j].fd >= 0 && inlet->waiting[j].close_at < next)
                next = inlet->waiting[j].close_at;
    }
    return next;
}
