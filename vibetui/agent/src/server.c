#define _GNU_SOURCE
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "descriptors.h"
#include "dial.h"
#include "exec.h"
#include "inlet.h"
#include "listener.h"
#include "stream.h"
#include "watch.h"
#include "workspace.h"

enum { SIGNALS, LISTENER, FIRST_TERMINAL, POLLED = FIRST_TERMINAL + MAX_TERMINALS + MAX_CLIENTS +
       COMMAND_POLLED + MAX_PEERS + INLETS_POLLED };

static const struct options *started_with;
static bool stopping;
static int64_t kill_at, leave_at;
static int64_t idle_until; /* INT64_MAX: somebody is connected, or it doesn't matter */

const struct options *server_options(void)
{
    return started_with;
}

bool server_stopping(void)
{
    return stopping;
}

int64_t now_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        return 0; /* Linux always has this clock */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* As PID 1 everything in the container is ours to tell; otherwise only our terminals are. */
static void signal_all(int number)
{
    if (getpid() == 1) {
        if (kill(-1, number) < 0 && errno != ESRCH)
            complain("kill", strerror(errno));
        return;
    }
    for (size_t i = 0; i < terminal_slots; i++)
        terminal_signal(&terminals[i], number);
    commands_signal_all(number);
    peers_signal_all(number);
}

static void begin_to_stop(void)
{
    if (stopping) {
        kill_at = now_ms(); /* asked twice: in earnest */
        return;
    }
    stopping = true;
    kill_at = now_ms() + STOP_GRACE_MS;
    inlets_close("the container is stopping"); /* while those who remove their names still run */
    signal_all(SIGHUP); /* interactive shells ignore SIGTERM */
    signal_all(SIGTERM);
    signal_all(SIGCONT);
}

static void await_somebody(int64_t now)
{
    bool matters = started_with->idle_ms != 0 && client_slots == 0 && !stopping;
    if (!matters)
        idle_until = INT64_MAX;
    else if (idle_until == INT64_MAX)
        idle_until = now + started_with->idle_ms;
    else if (now >= idle_until)
        begin_to_stop();
}

/* Reaps everything, our orphaned grandchildren included. True: no child is left. */
static bool reap(void)
{
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid > 0) {
            terminal_reaped(pid, status);
            commands_reaped(pid, status);
        } else if (pid == 0)
            return false;
        else if (errno != EINTR)
            return true; /* ECHILD */
    }
}

static void take_signals(int fd)
{
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo != SIGCHLD)
            begin_to_stop();
}

static int open_signals(void)
{
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGHUP, SIG_IGN) == SIG_ERR ||
        sigprocmask(SIG_BLOCK, &wanted, NULL) < 0)
        return -1;
    return signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void accept_all(int listener)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            client_accept(fd, started_with);
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        if (errno != EAGAIN)
            complain("accept", strerror(errno));
        return;
    }
}

static void await_events(struct pollfd *state, int fd, short events)
{
    /* With no events wanted poll would still report a hang-up, over and over. */
    *state = (struct pollfd){.fd = events != 0 ? fd : -1, .events = events};
}

static void watch_terminal(struct pollfd *state, const struct terminal *terminal)
{
    short events = 0;
    if (terminal->number != 0 && terminal->master >= 0 && !terminal->hung) {
        if (stream_allows_reading(terminal))
            events |= POLLIN;
        if (terminal_wants_write(terminal))
            events |= POLLOUT;
    }
    await_events(state, terminal->master, events);
}

static void watch_client(struct pollfd *state, const struct client *client)
{
    /* A client that is gone must be noticed even where nothing is wanted of it: as the only one
     * it would hold its terminal's output back for ever. */
    *state = (struct pollfd){.fd = client->fd};
    if (client->fd >= 0 && client_wants_read(client))
        state->events |= POLLIN;
    if (client->blocked)
        state->events |= POLLOUT;
}

static int timeout(void)
{
    int64_t next = watch_next_tick(), now = now_ms();
    int64_t dialled = peers_next_tick(), listened = inlets_next_tick();
    if (dialled < next)
        next = dialled;
    if (idle_until < next)
        next = idle_until;
    if (listened < next)
        next = listened;
    int64_t stop_at = leave_at != 0 ? leave_at : kill_at;
    if (stopping && stop_at < next)
        next = stop_at;
    for (size_t i = 0; i < terminal_slots; i++)
        if (terminals[i].number != 0 && terminal_next_tick(&terminals[i]) < next)
            next = terminal_next_tick(&terminals[i]);
    for (size_t i = 0; i < client_slots; i++)
        if (clients[i].fd >= 0 && clients[i].closing && clients[i].close_by < next)
            next = clients[i].close_by;
    if (next == INT64_MAX)
        return -1;
    return next <= now ? 0 : (int)(next - now);
}

static void serve_terminal(struct terminal *terminal, short events)
{
    if (events & POLLOUT)
        terminal_write(terminal);
    if (events & (POLLIN | POLLHUP | POLLERR)) {
        terminal_read(terminal);
        stream_advance(terminal, started_with->history);
    }
}

static void serve_client(struct client *client, short events)
{
    if (events & POLLOUT)
        client->blocked = false;
    if (client_wants_read(client) && events & (POLLIN | POLLHUP | POLLERR))
        client_receive(client);
    else if (events & (POLLHUP | POLLERR))
        client_close(client);
}

/* True: somebody has left meanwhile, of which the others may have to hear. */
static bool flush_all(int64_t now)
{
    bool left = false;
    for (size_t i = 0; i < client_slots; i++) {
        struct client *client = &clients[i];
        if (client->fd < 0)
            continue;
        bool attached = client->terminal != NULL;
        client_flush(client);
        if (client->fd >= 0 && client->closing && now >= client->close_by)
            client_close(client);
        left |= attached && client->terminal == NULL;
    }
    return left;
}

static void settle(bool events)
{
    int64_t now = now_ms();
    for (size_t i = 0; i < terminal_slots; i++)
        if (terminals[i].number != 0)
            terminal_tick(&terminals[i], now);
    commands_settle();
    peers_settle(now);
    inlets_settle(now);
    for (size_t i = 0; i < client_slots; i++)
        if (clients[i].fd >= 0 && clients[i].stalled)
            client_continue(&clients[i]);
    watch_tick(now, events);
    while (flush_all(now))
        ;
    for (size_t i = 0; i < terminal_slots; i++) {
        struct terminal *terminal = &terminals[i];
        if (terminal->number != 0 && terminal->forgotten && terminal_finished(terminal) &&
            !stream_attached(terminal))
            terminal_free(terminal);
    }
    await_somebody(now);
}

/* True: time to go. */
static bool stopped(bool childless)
{
    if (!stopping)
        return false;
    int64_t now = now_ms();
    if (leave_at == 0 && now >= kill_at) {
        signal_all(SIGKILL);
        leave_at = now + STOP_LAST_MS;
    }
    return childless || (leave_at != 0 && now >= leave_at);
}

static struct pollfd polled[POLLED];

static void await_all(int signals, int listener, struct pollfd *of_clients)
{
    await_events(&polled[SIGNALS], signals, POLLIN);
    await_events(&polled[LISTENER], listener, POLLIN);
    for (size_t i = 0; i < terminal_slots; i++)
        watch_terminal(&polled[FIRST_TERMINAL + i], &terminals[i]);
    for (size_t i = 0; i < client_slots; i++)
        watch_client(&of_clients[i], &clients[i]);
}

static int loop(int signals, int listener)
{
    bool childless = false;
    while (!stopped(childless)) {
        /* Both may shrink while they are gone through. */
        size_t of_terminals = terminal_slots, of_clients = client_slots;
        struct pollfd *first_client = polled + FIRST_TERMINAL + of_terminals;
        await_all(signals, listener, first_client);
        struct pollfd *first_command = first_client + of_clients;
        struct pollfd *first_peer = first_command + commands_watch(first_command);
        struct pollfd *first_inlet = first_peer + peers_watch(first_peer);
        size_t count = (size_t)(first_inlet - polled) + inlets_watch(first_inlet);
        int ready = poll(polled, count, timeout());
        if (ready < 0) {
            if (errno == EINTR || errno == EAGAIN || errno == ENOMEM)
                continue;
            complain("poll", strerror(errno));
            return 1;
        }
        if (polled[SIGNALS].revents)
            take_signals(signals);
        childless = reap();
        commands_serve(first_command);
        peers_serve(first_peer);
        inlets_serve(first_inlet);
        for (size_t i = 0; i < of_terminals; i++)
            if (polled[FIRST_TERMINAL + i].revents)
                serve_terminal(&terminals[i], polled[FIRST_TERMINAL + i].revents);
        for (size_t i = 0; i < of_clients; i++)
            if (first_client[i].revents && clients[i].fd >= 0)
                serve_client(&clients[i], first_client[i].revents);
        if (polled[LISTENER].revents)
            accept_all(listener);
        settle(ready > 0);
    }
    return 0;
}

/* The last words of what has just ended, and its status, for those who still listen. */
static void take_leave(void)
{
    for (size_t i = 0; i < terminal_slots; i++)
        if (terminals[i].number != 0) {
            terminal_read(&terminals[i]);
            stream_advance(&terminals[i], started_with->history);
            terminal_give_up(&terminals[i]);
        }
    commands_take_leave();
    settle(true);
}

int serve(const struct options *options)
{
    started_with = options;
    descriptors_raise();
    clients_init();
    commands_init();
    peers_init();
    inlets_init();
    int signals = open_signals();
    if (signals < 0) {
        complain("can't take signals", strerror(errno));
        return 1;
    }
    if (getpid() != 1 && prctl(PR_SET_CHILD_SUBREAPER, 1L) < 0)
        complain("can't adopt orphans", strerror(errno));
    workspace_own(options);
    int listener = listener_open(options->socket);
    if (listener < 0)
        return 1;
    idle_until = INT64_MAX;
    await_somebody(now_ms());
    int result = loop(signals, listener);
    take_leave();
    if (unlink(options->socket) < 0 && errno != ENOENT)
        complain("can't remove the socket", strerror(errno));
    return result;
}
