/* One terminal: a PTY, the program on it, and its last output. */
#ifndef VIBE_TERMINAL_H
#define VIBE_TERMINAL_H

#include "child.h"
#include "modes.h"
#include "ring.h"
#include "sizes.h"

struct terminal {
    uint32_t number; /* 0: this slot is free; numbers are never used twice */
    pid_t pid;
    int master;    /* -1: closed, all output has been read */
    bool hung;     /* nobody has the other side open, yet the program runs on */
    bool ended;    /* the program was reaped, `status` is its wait status */
    bool forgotten; /* CLOSE: gone once the program is, and the clients have heard of it */
    int status;
    uint64_t ended_as; /* counts the ended ones, to drop the oldest first */
    int64_t look_at;   /* when to look at a hung or ended PTY again; 0: never */
    int64_t kill_at;   /* 0, or when a hang-up becomes a SIGKILL */
    uint8_t name_size;
    char name[MAX_NAME];
    struct client *leader; /* whose size this is; NULL where nobody may type */
    struct size size;
    struct sizes sizes; /* what they were along the output that is kept */
    int64_t nudged_at; /* 0, or since when the PTY has been one row short */
    uint64_t nudge_offset;
    struct ring ring;
    struct modes now;    /* at ring.head */
    struct modes before; /* at ring.tail */
    size_t input_size, input_sent;
    uint8_t *input; /* INPUT_CAPACITY */
};

extern struct terminal terminals[MAX_TERMINALS];
extern size_t terminal_slots; /* from here on all are free */

struct terminal *terminal_find(uint32_t number);
/* NULL with `errno` set where the system refused. `slot` is free. */
bool terminal_open(struct terminal *slot, const struct spawn *spawn, const uint8_t *banner,
                   size_t banner_size);
void terminal_free(struct terminal *terminal);

void terminal_rename(struct terminal *terminal, struct text name);

/* Moves output into the ring, at most `READ_BURST` bytes. */
void terminal_read(struct terminal *terminal);
/* Whether input of `size` bytes would be taken now. */
bool terminal_has_room(const struct terminal *terminal, size_t size);
/* All or nothing: false where there is no room now. */
bool terminal_input(struct terminal *terminal, const uint8_t *data, size_t size);
void terminal_write(struct terminal *terminal);
bool terminal_wants_write(const struct terminal *terminal);

void terminal_resize(struct terminal *terminal, struct size size);
/* Follows the modes from where `modes` stands up to `offset`, which is kept. */
void terminal_follow(const struct terminal *terminal, struct modes *modes, uint64_t offset);
/* Makes a full-screen program redraw: one row less, and back when it has reacted. */
void terminal_nudge(struct terminal *terminal);

void terminal_signal(const struct terminal *terminal, int number);
void terminal_hang_up(struct terminal *terminal);
void terminal_reaped(pid_t pid, int status);
/* No more output is waited for, once the program has ended. */
void terminal_give_up(struct terminal *terminal);
/* The status is known and every byte of output is in the ring. */
bool terminal_finished(const struct terminal *terminal);
/* How it ended, as EXITED and LISTING say it. */
void terminal_status(const struct terminal *terminal, uint8_t status[2]);

/* Drops output before `keep_from`, following the modes up to there. */
void terminal_forget(struct terminal *terminal, uint64_t keep_from);

/* Timers: what is due is done; the next one, or INT64_MAX. */
void terminal_tick(struct terminal *terminal, int64_t now);
int64_t terminal_next_tick(const struct terminal *terminal);

#endif
