#define _GNU_SOURCE
#include "dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dialer.h"
#include "flow.h"

struct peer {
    struct client *client; /* NULL: this slot is free */
    struct helper dialer;  /* its answer is -1 once it is connected */
    int64_t give_up_at;
    struct sink input; /* the peer's socket is its descriptor */
    bool input_ended, output_ended;
    size_t polled; /* where `peers_watch` has put it */
};

static struct peer peers[MAX_PEERS];
static size_t slots; /* those from here on are free */
static uint8_t inputs[MAX_PEERS][INPUT_CAPACITY];

void peers_init(void)
{
    for (size_t i = 0; i < MAX_PEERS; i++)
        peers[i] = (struct peer){.dialer = {.answer = -1}, .input = {.fd = -1, .data = inputs[i]}};
}

/* NULL where there is no room, and the client has heard so. */
static struct peer *free_peer(struct client *client)
{
    size_t at = 0;
    while (at < MAX_PEERS && peers[at].client != NULL)
        at++;
    if (at == MAX_PEERS) {
        client_error(client, ERROR_LIMIT, "there are 128 dialled connections already");
        return NULL;
    }
    return &peers[at];
}

static void begin(struct peer *peer, struct client *client)
{
    size_t at = (size_t)(peer - peers);
    if (slots <= at)
        slots = at + 1;
    peer->client = client;
    peer->input.ending = peer->input_ended = peer->output_ended = false;
    client->stream = PEER_STREAM;
    client->peer = peer;
}

static void connected(struct peer *peer, int fd, uint8_t answer)
{
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* no TCP: no matter */
    peer->input.fd = fd;
    client_put(peer->client, answer, NULL, 0);
}

void dial_start(struct client *client, const char *host, uint16_t port,
                const struct options *options)
{
    struct errand errand = {.host = host, .port = port};
    struct peer *peer = free_peer(client);
    if (peer == NULL)
        return;
    if (!helper_start(&peer->dialer, dialer_run, &errand, options)) {
        char text[128];
        snprintf(text, sizeof text, "nothing could be dialled (%s)", strerror(errno));
        client_error(client, ERROR_FAILED, text);
        return;
    }
    begin(peer, client);
    peer->give_up_at = now_ms() + DIAL_MS;
    peer->input.fd = -1;
}

bool dial_adopt(struct client *client, int fd)
{
    struct peer *peer = free_peer(client);
    if (peer == NULL)
        return false;
    begin(peer, client);
    connected(peer, fd, FRAME_TAKEN);
    return true;
}

static bool connecting(const struct peer *peer)
{
    return peer->dialer.answer >= 0;
}

static void stop_dialling(struct peer *peer)
{
    if (!connecting(peer))
        return;
    helper_forget(&peer->dialer);
    /* It may have ended; until the next reaping its number is nobody else's. */
    (void)kill(peer->dialer.pid, SIGKILL);
}

bool dial_input(struct client *client, const uint8_t *data, size_t size)
{
    return !connecting(client->peer) && sink_take(&client->peer->input, data, size);
}

void dial_leave(struct client *client)
{
    struct peer *peer = client->peer;
    if (peer == NULL)
        return;
    client->peer = NULL;
    peer->client = NULL;
    stop_dialling(peer);
    if (peer->input.fd >= 0)
        close(peer->input.fd);
    peer->input.fd = -1;
    peer->input.size = peer->input.sent = 0;
    while (slots > 0 && peers[slots - 1].client == NULL)
        slots--;
}

void peers_signal_all(int number)
{
    for (size_t i = 0; i < slots; i++)
        if (peers[i].client != NULL && connecting(&peers[i]))
            (void)kill(peers[i].dialer.pid, number);
}

size_t peers_watch(struct pollfd *states)
{
    size_t count = 0;
    for (size_t i = 0; i < slots; i++) {
        struct peer *peer = &peers[i];
        if (peer->client == NULL)
            continue;
        peer->polled = count;
        struct pollfd *state = &states[count++];
        if (connecting(peer)) {
            *state = (struct pollfd){.fd = peer->dialer.answer, .events = POLLIN};
            continue;
        }
        short events = 0;
        if (!peer->output_ended && flow_allows(peer->client))
            events |= POLLIN;
        if (sink_wants_write(&peer->input))
            events |= POLLOUT;
        /* With nothing wanted a hang-up would be reported over and over. */
        *state = (struct pollfd){.fd = events != 0 ? peer->input.fd : -1, .events = events};
    }
    return count;
}

/* The connection goes on as one that carries nothing: it may dial again. */
static void refuse(struct peer *peer, const char *why)
{
    struct client *client = peer->client;
    dial_leave(client);
    client->stream = NO_STREAM;
    client_error(client, ERROR_UNREACHABLE, why);
}

static void take_answer(struct peer *peer)
{
    char why[HELPER_SAYS];
    int sockets[HELPER_GIVES];
    int count = helper_answer(&peer->dialer, why, sockets);
    if (count == -2)
        return;
    helper_forget(&peer->dialer);
    if (count <= 0)
        refuse(peer, why);
    else
        connected(peer, sockets[0], FRAME_DIALED);
}

static void broke(struct peer *peer)
{
    client_refuse(peer->client, ERROR_UNREACHABLE, "the connection was reset by its peer");
}

static void pass_on(struct peer *peer, short events)
{
    if (events & (POLLIN | POLLHUP | POLLERR) && !peer->output_ended &&
        flow_allows(peer->client)) {
        enum flow went = flow_read(peer->input.fd, peer->client, FRAME_OUTPUT);
        if (went == FLOW_BROKE) {
            broke(peer);
            return;
        }
        if (went == FLOW_ENDED) {
            peer->output_ended = true;
            client_put(peer->client, FRAME_OUTPUT_END, NULL, 0);
        }
    }
}

void peers_serve(const struct pollfd *states)
{
    for (size_t i = 0; i < slots; i++) {
        struct peer *peer = &peers[i];
        if (peer->client == NULL)
            continue;
        const struct pollfd *state = states + peer->polled;
        if (state->fd < 0 || state->revents == 0)
            continue;
        if (connecting(peer))
            take_answer(peer);
        else
            pass_on(peer, state->revents);
    }
}

static void settle(struct peer *peer)
{
    if (!peer->input_ended && !sink_write(&peer->input)) {
        broke(peer);
        return;
    }
    if (!peer->input_ended && sink_done(&peer->input)) {
        peer->input_ended = true;
        (void)shutdown(peer->input.fd, SHUT_WR); /* not connected any more: the reading says so */
    }
    if (peer->input_ended && peer->output_ended)
        client_end(peer->client);
}

bool dial_input_end(struct client *client)
{
    if (connecting(client->peer))
        return false;
    client->peer->input.ending = true;
    settle(client->peer);
    return true;
}

void peers_settle(int64_t now)
{
    for (size_t i = 0; i < slots; i++) {
        struct peer *peer = &peers[i];
        if (peer->client == NULL)
            continue;
        if (!connecting(peer))
            settle(peer);
        else if (now >= peer->give_up_at)
            refuse(peer, "nobody answered within 10 seconds");
    }
}

int64_t peers_next_tick(void)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < slots; i++)
        if (peers[i].client != NULL && connecting(&peers[i]) && peers[i].give_up_at < next)
            next = peers[i].give_up_at;
    return next;
}
