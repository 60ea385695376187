/* What every part of vibe-agent knows: the bounds, and how it was started. */
#ifndef VIBE_AGENT_H
#define VIBE_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define AGENT_VERSION "0.1.0"
#define PROTOCOL_VERSION 2

/* All memory is static or one ring for each terminal: PROTOCOL.md states the sums. */
enum {
    MAX_TERMINALS = 128,
    MAX_CLIENTS = 256,
    MAX_WORDS = 1024, /* argv, and env, of one OPEN_TERMINAL */
    MAX_TITLE = 224,
    MAX_NAME = 64, /* a terminal's */
    MAX_WHO = 64,  /* to whom a connection is bound */
    MAX_LAYOUT = 4096,
    MAX_COMMAND = 16,
    MAX_SIGNAL = 64,
    HEADER_SIZE = 5,
    MAX_PAYLOAD = 64 * 1024,
    MAX_FRAME = HEADER_SIZE + MAX_PAYLOAD,
    INPUT_CAPACITY = MAX_PAYLOAD,
    RING_CAPACITY = 8 * 1024 * 1024, /* a power of two; only what is kept is resident */
    HISTORY_DEFAULT = 1024 * 1024,   /* kept of each terminal */
    HISTORY_MAX = 4 * 1024 * 1024,
    LAG_PAUSE = 256 * 1024,      /* the best client so far behind: the PTY isn't read */
    LAG_MAX = 4 * 1024 * 1024,   /* farther behind than this while others keep up: resync */
    RESYNC_BYTES = 256 * 1024,   /* what a resync replays */
    READ_BURST = 64 * 1024,      /* of one terminal, before the others have their turn */
    LINE_WINDOW = 4 * 1024,      /* a replay looks so far for the start of a line */
    WATCH_LEAST_MS = 100, /* between two listings to a watcher */
    WATCH_LOOK_MS = 1000, /* what no descriptor tells (the foreground's name) is looked at */
    NUDGE_LEAST_MS = 30,
    NUDGE_MOST_MS = 200,
    HANGUP_GRACE_MS = 5000, /* CLOSE: from SIGHUP to SIGKILL */
    STOP_GRACE_MS = 3000,   /* SIGTERM: until SIGKILL to all that is left */
    STOP_LAST_MS = 1000,    /* and then until we exit whatever is left */
    DIAL_MS = 10000, /* until nobody has answered a dialled connection */
    TAKE_MS = 10000, /* until an accepted connection is closed that nobody takes */
    CLOSING_MS = 5000,      /* a refused client's time to read why */
};

struct options {
    const char *socket;
    const char *workspace;
    uid_t uid;
    gid_t gid;
    bool allow_uid_set;
    uid_t allow_uid;
    size_t history;
    int64_t idle_ms; /* with nobody connected for so long it ends by itself; 0: never */
};

/* Milliseconds of a clock that never steps. */
int64_t now_ms(void);

/* One line on stderr, which is the container's log. */
void complain(const char *what, const char *detail);

int serve(const struct options *options);
int relay(const char *socket_path, int wait_ms);

#endif
