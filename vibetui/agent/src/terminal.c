#define _GNU_SOURCE
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "pty.h"

enum { LOOK_AGAIN_MS = 250, DRAIN_MS = 1000 };

struct terminal terminals[MAX_TERMINALS];
size_t terminal_slots;
static uint8_t inputs[MAX_TERMINALS][INPUT_CAPACITY];
static uint32_t last_number;
static uint64_t ended_count;

struct terminal *terminal_find(uint32_t number)
{
    for (size_t i = 0; i < terminal_slots; i++)
        if (number != 0 && terminals[i].number == number && !terminals[i].forgotten)
            return &terminals[i];
    return NULL;
}

static void produce(struct terminal *terminal, const uint8_t *data, size_t size)
{
    modes_feed(&terminal->now, data, size);
    ring_grow(&terminal->ring, size);
}

static void write_banner(struct terminal *terminal, const uint8_t *banner, size_t size)
{
    if (size == 0)
        return;
    size_t space;
    memcpy(ring_space(&terminal->ring, &space), banner, size);
    produce(terminal, banner, size);
}

bool terminal_open(struct terminal *slot, const struct spawn *spawn, const uint8_t *banner,
                   size_t banner_size)
{
    struct ring ring;
    if (!ring_open(&ring))
        return false;
    int slave;
    int master = pty_open(spawn->rows, spawn->columns, &slave);
    pid_t pid = master < 0 ? -1 : child_fork();
    if (pid == 0)
        child_run(spawn, slave);
    int error = errno;
    if (master >= 0)
        close(slave);
    if (pid < 0) {
        if (master >= 0)
            close(master);
        ring_close(&ring);
        errno = error;
        return false;
    }
    size_t index = (size_t)(slot - terminals);
    if (terminal_slots <= index)
        terminal_slots = index + 1;
    *slot = (struct terminal){.number = ++last_number,
                              .pid = pid,
                              .master = master,
                              .size = {spawn->rows, spawn->columns},
                              .ring = ring,
                              .input = inputs[index]};
    modes_init(&slot->now);
    modes_init(&slot->before);
    sizes_init(&slot->sizes, slot->size);
    write_banner(slot, banner, banner_size);
    return true;
}

static void close_master(struct terminal *terminal)
{
    if (terminal->master >= 0)
        close(terminal->master);
    terminal->master = -1;
    terminal->input_size = terminal->input_sent = 0;
}

void terminal_free(struct terminal *terminal)
{
    close_master(terminal);
    ring_close(&terminal->ring);
    *terminal = (struct terminal){.master = -1};
    while (terminal_slots > 0 && terminals[terminal_slots - 1].number == 0)
        terminal_slots--;
}

void terminal_rename(struct terminal *terminal, struct text name)
{
    terminal->name_size = (uint8_t)name.size;
    memcpy(terminal->name, name.data, name.size);
}

static void hung(struct terminal *terminal)
{
    if (terminal->ended)
        close_master(terminal);
    else {
        /* The program may still open /dev/tty again. */
        terminal->hung = true;
        terminal->look_at = now_ms() + LOOK_AGAIN_MS;
    }
}

void terminal_read(struct terminal *terminal)
{
    size_t total = 0;
    while (total < READ_BURST && terminal->master >= 0) {
        size_t space;
        uint8_t *at = ring_space(&terminal->ring, &space);
        if (space == 0)
            return;
        if (space > READ_BURST - total)
            space = READ_BURST - total;
        ssize_t size = read(terminal->master, at, space);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == EAGAIN)
            return;
        if (size <= 0) {
            hung(terminal); /* EIO: the other side is closed, and everything was read */
            return;
        }
        produce(terminal, at, (size_t)size);
        total += (size_t)size;
    }
}

bool terminal_has_room(const struct terminal *terminal, size_t size)
{
    size_t waiting = terminal->input_size - terminal->input_sent;
    return terminal->master < 0 || size <= INPUT_CAPACITY - waiting;
}

bool terminal_input(struct terminal *terminal, const uint8_t *data, size_t size)
{
    if (terminal->master < 0)
        return true; /* nobody will read it */
    if (terminal->input_sent > 0) {
        terminal->input_size -= terminal->input_sent;
        memmove(terminal->input, terminal->input + terminal->input_sent, terminal->input_size);
        terminal->input_sent = 0;
    }
    if (!terminal_has_room(terminal, size))
        return false;
    memcpy(terminal->input + terminal->input_size, data, size);
    terminal->input_size += size;
    terminal_write(terminal);
    return true;
}

bool terminal_wants_write(const struct terminal *terminal)
{
    return terminal->master >= 0 && terminal->input_sent < terminal->input_size;
}

void terminal_write(struct terminal *terminal)
{
    while (terminal_wants_write(terminal)) {
        ssize_t size = write(terminal->master, terminal->input + terminal->input_sent,
                             terminal->input_size - terminal->input_sent);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == EAGAIN)
            return;
        if (size < 0) {
            terminal->input_size = terminal->input_sent = 0; /* hung up: nobody will read it */
            return;
        }
        terminal->input_sent += (size_t)size;
    }
    terminal->input_size = terminal->input_sent = 0;
}

static void set_size(const struct terminal *terminal, uint16_t rows)
{
    if (terminal->master >= 0)
        pty_resize(terminal->master, rows, terminal->size.columns);
}

void terminal_resize(struct terminal *terminal, struct size size)
{
    if (same_size(size, terminal->size))
        return; /* and a nudge under way goes on */
    terminal->size = size;
    terminal->nudged_at = 0;
    sizes_add(&terminal->sizes, terminal->ring.head, size);
    modes_resized(&terminal->now);
    if (terminal->ring.tail == terminal->ring.head)
        modes_resized(&terminal->before);
    set_size(terminal, size.rows);
}

void terminal_nudge(struct terminal *terminal)
{
    if (terminal->nudged_at != 0 || terminal->ended)
        return;
    terminal->nudged_at = now_ms();
    terminal->nudge_offset = terminal->ring.head;
    set_size(terminal, terminal->size.rows > 1 ? terminal->size.rows - 1 : 2);
}

void terminal_signal(const struct terminal *terminal, int number)
{
    if (terminal->ended || terminal->number == 0)
        return;
    pid_t foreground = terminal->master >= 0 ? tcgetpgrp(terminal->master) : -1;
    if (foreground > 0 && foreground != terminal->pid)
        (void)kill(-foreground, number); /* may have ended just now */
    (void)kill(-terminal->pid, number);
}

void terminal_hang_up(struct terminal *terminal)
{
    terminal->forgotten = true;
    if (terminal->ended)
        return;
    terminal_signal(terminal, SIGHUP);
    terminal_signal(terminal, SIGCONT); /* a stopped program must hear of it too */
    terminal->kill_at = now_ms() + HANGUP_GRACE_MS;
}

void terminal_reaped(pid_t pid, int status)
{
    for (size_t i = 0; i < terminal_slots; i++) {
        struct terminal *terminal = &terminals[i];
        if (terminal->number == 0 || terminal->ended || terminal->pid != pid)
            continue;
        terminal->ended = true;
        terminal->status = status;
        terminal->ended_as = ++ended_count;
        terminal->kill_at = terminal->nudged_at = 0;
        terminal->look_at = now_ms() + DRAIN_MS;
        if (terminal->hung)
            close_master(terminal);
    }
}

void terminal_give_up(struct terminal *terminal)
{
    if (terminal->ended)
        close_master(terminal);
}

bool terminal_finished(const struct terminal *terminal)
{
    return terminal->ended && terminal->master < 0;
}

void terminal_status(const struct terminal *terminal, uint8_t status[2])
{
    if (!terminal->ended)
        status[0] = status[1] = 0;
    else
        child_status(terminal->status, status);
}

void terminal_follow(const struct terminal *terminal, struct modes *modes, uint64_t offset)
{
    while (modes->offset < offset) {
        uint64_t change = sizes_next(&terminal->sizes, modes->offset);
        uint64_t end = change < offset ? change : offset;
        struct iovec pieces[2];
        int count = ring_pieces(&terminal->ring, modes->offset, (size_t)(end - modes->offset),
                                pieces);
        for (int i = 0; i < count; i++)
            modes_feed(modes, pieces[i].iov_base, pieces[i].iov_len);
        if (end == change)
            modes_resized(modes);
    }
}

void terminal_forget(struct terminal *terminal, uint64_t keep_from)
{
    if (keep_from <= terminal->ring.tail)
        return;
    terminal_follow(terminal, &terminal->before, keep_from);
    sizes_forget(&terminal->sizes, keep_from);
    ring_forget(&terminal->ring, keep_from);
}

static int64_t nudge_ends(const struct terminal *terminal)
{
    bool reacted = terminal->ring.head != terminal->nudge_offset;
    return terminal->nudged_at + (reacted ? NUDGE_LEAST_MS : NUDGE_MOST_MS);
}

static void look(struct terminal *terminal, int64_t now)
{
    struct pollfd state = {.fd = terminal->master, .events = POLLIN};
    terminal->look_at = 0;
    if (terminal->master < 0)
        return;
    bool known = poll(&state, 1, 0) >= 0;
    if (terminal->ended) {
        /* Somebody kept the other side open beyond the hang-up; what they wrote is still read. */
        if (!known || !(state.revents & POLLIN))
            close_master(terminal);
        else
            terminal->look_at = now + DRAIN_MS;
    } else if (known && !(state.revents & POLLHUP))
        terminal->hung = false;
    else
        terminal->look_at = now + LOOK_AGAIN_MS;
}

void terminal_tick(struct terminal *terminal, int64_t now)
{
    if (terminal->nudged_at != 0 && now >= nudge_ends(terminal)) {
        terminal->nudged_at = 0;
        set_size(terminal, terminal->size.rows);
    }
    if (terminal->kill_at != 0 && now >= terminal->kill_at) {
        terminal->kill_at = 0;
        terminal_signal(terminal, SIGKILL);
    }
    if (terminal->look_at != 0 && now >= terminal->look_at)
        look(terminal, now);
}

int64_t terminal_next_tick(const struct terminal *terminal)
{
    int64_t next = INT64_MAX;
    if (terminal->nudged_at != 0)
        next = nudge_ends(terminal);
    if (terminal->kill_at != 0 && terminal->kill_at < next)
        next = terminal->kill_at;
    if (terminal->look_at != 0 && terminal->look_at < next)
        next = terminal->look_at;
    return next;
}
