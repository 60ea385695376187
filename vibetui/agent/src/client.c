#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dial.h"
#include "exec.h"
#include "inlet.h"
#include "requests.h"
#include "stream.h"
#include "watch.h"

struct client clients[MAX_CLIENTS];
size_t client_slots;
/* Apart from the rest, which the loop goes through at every turn. */
static uint8_t in_buffers[MAX_CLIENTS][IN_CAPACITY];
static uint8_t out_buffers[MAX_CLIENTS][OUT_CAPACITY];

void clients_init(void)
{
    for (size_t i = 0; i < MAX_CLIENTS; i++)
        clients[i].fd = -1;
}

static void leave(struct client *client)
{
    stream_leave(client);
    command_leave(client);
    dial_leave(client);
    inlet_leave(client);
}

void client_close(struct client *client)
{
    close(client->fd);
    client->fd = -1;
    leave(client);
    while (client_slots > 0 && clients[client_slots - 1].fd < 0)
        client_slots--;
}

/* Outside our PID namespace shows as pid 0: the gateway, through the bind-mounted directory. The
 * shells inside have a pid and, unless they are root, get nothing. */
static bool trusted(int fd, const struct options *options)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return false;
    return peer.pid == 0 || peer.uid == 0 || peer.uid == geteuid() ||
           (options->allow_uid_set && peer.uid == options->allow_uid);
}

void client_greet(struct client *client)
{
    uint8_t payload[64];
    struct writer writer = {.data = payload, .capacity = sizeof payload};
    write_u16(&writer, PROTOCOL_VERSION);
    write_u32(&writer, (uint32_t)getpid());
    write_text(&writer, AGENT_VERSION, strlen(AGENT_VERSION));
    client_put(client, FRAME_HELLO_AGENT, payload, writer.size);
}

static void refuse_without_slot(int fd, const char *text)
{
    uint8_t frame[128];
    struct writer writer = {.data = frame, .capacity = sizeof frame};
    write_u32(&writer, (uint32_t)(4 + strlen(text)));
    write_u8(&writer, FRAME_ERROR);
    write_u16(&writer, ERROR_LIMIT);
    write_text(&writer, text, strlen(text));
    (void)!send(fd, frame, writer.size, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

void client_accept(int fd, const struct options *options)
{
    struct client *client = NULL;
    for (size_t i = 0; i < MAX_CLIENTS && client == NULL; i++)
        if (clients[i].fd < 0)
            client = &clients[i];
    if (client == NULL) {
        refuse_without_slot(fd, "there are 256 connections already");
        return;
    }
    size_t slot = (size_t)(client - clients);
    if (client_slots <= slot)
        client_slots = slot + 1;
    *client = (struct client){.fd = fd, .in = in_buffers[slot], .out = out_buffers[slot]};
    if (trusted(fd, options))
        client_greet(client);
    else
        client_refuse(client, ERROR_DENIED, "this connection comes from inside the container");
}

void client_finish_frame(struct client *client)
{
    if (client->frame_left == 0)
        return;
    struct iovec pieces[2];
    int count = ring_pieces(&client->terminal->ring, client->cursor, client->frame_left, pieces);
    for (int i = 0; i < count; i++) {
        memcpy(client->out + client->out_size, pieces[i].iov_base, pieces[i].iov_len);
        client->out_size += pieces[i].iov_len;
    }
    client->cursor += client->frame_left;
    client->frame_left = 0;
}

static size_t out_room(const struct client *client)
{
    return OUT_CAPACITY - client->out_size - client->frame_left;
}

static void compact(struct client *client)
{
    client->out_size -= client->out_sent;
    if (client->out_sent > 0)
        memmove(client->out, client->out + client->out_sent, client->out_size);
    client->out_sent = 0;
}

bool client_has_room(struct client *client, size_t size)
{
    compact(client);
    return out_room(client) >= HEADER_SIZE + size + MAX_ERROR;
}

void client_announce(struct client *client, uint64_t size)
{
    client->frame_left = size > MAX_PAYLOAD ? MAX_PAYLOAD : (uint32_t)size;
    frame_header(client->out + client->out_size, FRAME_OUTPUT, client->frame_left);
    client->out_size += HEADER_SIZE;
}

void client_put(struct client *client, uint8_t type, const void *payload, size_t size)
{
    if (client->fd < 0)
        return;
    compact(client);
    if (out_room(client) < HEADER_SIZE + size) {
        client_close(client);
        return;
    }
    client_finish_frame(client);
    frame_header(client->out + client->out_size, type, (uint32_t)size);
    client->out_size += HEADER_SIZE;
    if (size > 0)
        memcpy(client->out + client->out_size, payload, size);
    client->out_size += size;
}

void client_error(struct client *client, enum error_code code, const char *text)
{
    uint8_t payload[MAX_ERROR - HEADER_SIZE];
    struct writer writer = {.data = payload, .capacity = sizeof payload};
    write_u16(&writer, (uint16_t)code);
    write_text(&writer, text, strlen(text));
    client_put(client, FRAME_ERROR, payload, writer.size);
}

void client_end(struct client *client)
{
    if (client->fd < 0)
        return;
    client->closing = true;
    client->close_by = now_ms() + CLOSING_MS;
    leave(client);
}

void client_refuse(struct client *client, enum error_code code, const char *text)
{
    client_error(client, code, text);
    client_end(client);
}

bool client_wants_read(const struct client *client)
{
    if (client->closing)
        return client->lingering;
    return !client->stalled && client->in_size < IN_CAPACITY;
}

void client_continue(struct client *client)
{
    size_t at = 0;
    client->stalled = false;
    while (client->fd >= 0 && !client->closing && client->in_size - at >= HEADER_SIZE) {
        const uint8_t *frame = client->in + at;
        uint32_t length = frame_length(frame);
        if (length > MAX_PAYLOAD) {
            client_refuse(client, ERROR_MALFORMED, "a frame is too large");
            return;
        }
        if (client->in_size - at < HEADER_SIZE + length)
            break;
        struct reader payload = {.at = frame + HEADER_SIZE, .end = frame + HEADER_SIZE + length};
        /* Room for any answer first: who asks and doesn't read the answers has to wait. */
        if (out_room(client) < MAX_FRAME + PREAMBLE_MAX ||
            !request_handle(client, frame[4], payload)) {
            client->stalled = true;
            break;
        }
        at += HEADER_SIZE + length;
    }
    if (at > 0) {
        client->in_size -= at;
        memmove(client->in, client->in + at, client->in_size);
    }
}

void client_receive(struct client *client)
{
    ssize_t size = recv(client->fd, client->in + client->in_size,
                        IN_CAPACITY - client->in_size, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0) {
        client_close(client);
        return;
    }
    if (client->lingering)
        return;
    client->in_size += (size_t)size;
    client_continue(client);
}

/* Queues what comes next. False: nothing does. */
static bool next_frame(struct client *client)
{
    if (client->closing)
        return false;
    if (client->stream == TERMINAL_STREAM)
        return stream_next_frame(client);
    return client->stream == WATCH_STREAM && watch_next_frame(client);
}

/* Everything is said. Input may still be on its way to a stream, and closing before it is read
 * would break the client's connection before it has heard the end. */
static void finish(struct client *client)
{
    if (client->stream == NO_STREAM || shutdown(client->fd, SHUT_WR) < 0) {
        client_close(client);
        return;
    }
    client->lingering = true;
    client->in_size = 0;
}

static void sent(struct client *client, size_t size)
{
    size_t queued = client->out_size - client->out_sent;
    size_t of_queue = size < queued ? size : queued;
    client->out_sent += of_queue;
    if (client->out_sent == client->out_size)
        client->out_sent = client->out_size = 0;
    client->cursor += size - of_queue;
    client->frame_left -= (uint32_t)(size - of_queue);
}

void client_flush(struct client *client)
{
    while (client->fd >= 0 && !client->blocked) {
        if (client->out_size == 0 && client->frame_left == 0 && !next_frame(client)) {
            if (client->closing && !client->lingering)
                finish(client);
            return;
        }
        if (client->fd < 0)
            return;
        struct iovec pieces[3] = {
            {client->out + client->out_sent, client->out_size - client->out_sent}};
        size_t count = 1;
        if (client->frame_left > 0)
            count += (size_t)ring_pieces(&client->terminal->ring, client->cursor,
                                         client->frame_left, pieces + 1);
        struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
        ssize_t size = sendmsg(client->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size >= 0)
            sent(client, (size_t)size);
        else if (errno == EAGAIN)
            client->blocked = true;
        else if (errno != EINTR)
            client_close(client);
    }
}
