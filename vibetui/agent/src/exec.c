#define _GNU_SOURCE
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "flow.h"

struct command {
    pid_t pid;     /* 0: this slot is free */
    bool ended;    /* it was reaped, `status` is its wait status */
    int status;
    struct client *client; /* NULL: it has left */
    struct sink input;
    int output[2]; /* stdout, stderr; -1: closed or at their ends */
    size_t polled; /* where `commands_watch` has put it */
};

static struct command commands[MAX_COMMANDS];
static size_t slots; /* those from here on are free */
static uint8_t inputs[MAX_COMMANDS][INPUT_CAPACITY];
static const uint8_t OUTPUT_FRAMES[2] = {FRAME_OUTPUT, FRAME_ERROUT};

void commands_init(void)
{
    for (size_t i = 0; i < MAX_COMMANDS; i++)
        commands[i] = (struct command){.input = {.fd = -1, .data = inputs[i]}, .output = {-1, -1}};
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_input(struct command *command)
{
    close_end(&command->input.fd);
    command->input.size = command->input.sent = 0;
}

/* Ours is the end `mine` of a pipe, and the only one that doesn't block. */
static bool open_pipe(int pipe_ends[2], int mine)
{
    if (pipe2(pipe_ends, O_CLOEXEC) < 0)
        return false;
    return fcntl(pipe_ends[mine], F_SETFL, O_NONBLOCK) == 0;
}

static void close_pipes(int pipes[3][2])
{
    for (int i = 0; i < 3; i++) {
        close_end(&pipes[i][0]);
        close_end(&pipes[i][1]);
    }
}

static pid_t spawn_piped(const struct spawn *spawn, struct command *command)
{
    int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    pid_t pid = -1;
    if (open_pipe(pipes[0], 1) && open_pipe(pipes[1], 0) && open_pipe(pipes[2], 0))
        pid = child_fork();
    if (pid == 0) {
        const int theirs[3] = {pipes[0][0], pipes[1][1], pipes[2][1]};
        child_run_piped(spawn, theirs);
    }
    int error = errno;
    if (pid > 0) {
        command->input.fd = pipes[0][1];
        command->output[0] = pipes[1][0];
        command->output[1] = pipes[2][0];
        pipes[0][1] = pipes[1][0] = pipes[2][0] = -1;
    }
    close_pipes(pipes);
    errno = error;
    return pid;
}

void command_start(struct client *client, const struct spawn *spawn)
{
    size_t at = 0;
    while (at < MAX_COMMANDS && commands[at].pid != 0)
        at++;
    if (at == MAX_COMMANDS) {
        client_error(client, ERROR_LIMIT, "there are 64 commands already");
        return;
    }
    struct command *command = &commands[at];
    pid_t pid = spawn_piped(spawn, command);
    if (pid < 0) {
        char text[128];
        snprintf(text, sizeof text, "no command could be started (%s)", strerror(errno));
        client_error(client, ERROR_FAILED, text);
        return;
    }
    if (slots <= at)
        slots = at + 1;
    command->pid = pid;
    command->ended = false;
    command->client = client;
    command->input.ending = false;
    client->stream = COMMAND_STREAM;
    client->command = command;
    uint8_t payload[4];
    struct writer writer = {.data = payload, .capacity = sizeof payload};
    write_u32(&writer, (uint32_t)pid);
    client_put(client, FRAME_STARTED, payload, writer.size);
}

bool command_input(struct client *client, const uint8_t *data, size_t size)
{
    return sink_take(&client->command->input, data, size);
}

void command_input_end(struct client *client)
{
    struct command *command = client->command;
    command->input.ending = true;
    if (sink_done(&command->input))
        close_input(command);
}

/* What the program has started goes on to be in its group, whose number is ours while somebody is in
 * it. After that, or once it is somebody's pid again, it may be another's. */
static bool group_is_ours(const struct command *command)
{
    return !command->ended || (kill(command->pid, 0) < 0 && errno == ESRCH);
}

static void signal_group(const struct command *command, int number)
{
    if (!group_is_ours(command) || kill(-command->pid, number) == 0)
        return;
    if (errno != ESRCH)
        complain("kill", strerror(errno));
    else if (!command->ended && kill(command->pid, number) < 0) /* it has not got to its setsid */
        complain("kill", strerror(errno));
}

/* What a program that still runs has put into the background is spared: an editor's server is there
 * for the next connection, as behind any sshd. */
static void hang_up(const struct command *command, int number)
{
    if (command->ended)
        signal_group(command, number);
    else if (kill(command->pid, number) < 0)
        complain("kill", strerror(errno));
}

void command_signal(struct client *client, int number)
{
    signal_group(client->command, number);
}

static void free_if_over(struct command *command)
{
    if (command->ended && command->client == NULL)
        command->pid = 0;
    while (slots > 0 && commands[slots - 1].pid == 0)
        slots--;
}

/* What still runs goes on. */
static void release(struct command *command)
{
    command->client->command = NULL;
    command->client = NULL;
    close_input(command);
    close_end(&command->output[0]);
    close_end(&command->output[1]);
    free_if_over(command);
}

void command_leave(struct client *client)
{
    struct command *command = client->command;
    if (command == NULL)
        return;
    hang_up(command, SIGHUP);
    hang_up(command, SIGCONT);
    release(command);
}

void commands_reaped(pid_t pid, int status)
{
    for (size_t i = 0; i < slots; i++)
        if (commands[i].pid == pid && !commands[i].ended) {
            commands[i].ended = true;
            commands[i].status = status;
            free_if_over(&commands[i]);
            return;
        }
}

void commands_signal_all(int number)
{
    for (size_t i = 0; i < slots; i++)
        if (commands[i].pid != 0 && !commands[i].ended)
            signal_group(&commands[i], number);
}

size_t commands_watch(struct pollfd *states)
{
    size_t count = 0;
    for (size_t i = 0; i < slots; i++) {
        struct command *command = &commands[i];
        if (command->pid == 0 || command->client == NULL)
            continue;
        command->polled = count;
        /* The other side may close its stdin at any time: that is heard without asking. */
        states[count++] = (struct pollfd){
            .fd = command->input.fd, .events = sink_wants_write(&command->input) ? POLLOUT : 0};
        bool allowed = flow_allows(command->client);
        for (int j = 0; j < 2; j++)
            states[count++] =
                (struct pollfd){.fd = allowed ? command->output[j] : -1, .events = POLLIN};
    }
    return count;
}

static void read_output(struct command *command, int which)
{
    enum flow went =
        flow_read(command->output[which], command->client, OUTPUT_FRAMES[which]);
    if (went == FLOW_ENDED || went == FLOW_BROKE)
        close_end(&command->output[which]);
}

void commands_serve(const struct pollfd *states)
{
    for (size_t i = 0; i < slots; i++) {
        struct command *command = &commands[i];
        if (command->pid == 0 || command->client == NULL)
            continue;
        const struct pollfd *at = states + command->polled;
        if (at[0].fd >= 0 && at[0].fd == command->input.fd && at[0].revents != 0 &&
            (at[0].revents & POLLERR || !sink_write(&command->input)))
            close_input(command);
        for (int j = 0; j < 2 && command->client != NULL; j++)
            if (at[1 + j].fd >= 0 && at[1 + j].revents != 0 &&
                client_has_room(command->client, MAX_PAYLOAD))
                read_output(command, j);
    }
}

static void say_exited(struct command *command)
{
    struct client *client = command->client;
    uint8_t status[2];
    child_status(command->status, status);
    release(command);
    client_put(client, FRAME_EXITED, status, sizeof status);
    client_end(client);
}

void commands_settle(void)
{
    for (size_t i = 0; i < slots; i++) {
        struct command *command = &commands[i];
        if (command->pid == 0 || command->client == NULL)
            continue;
        if (command->input.fd >= 0 && (!sink_write(&command->input) || sink_done(&command->input)))
            close_input(command);
        if (command->ended && command->output[0] < 0 && command->output[1] < 0)
            say_exited(command);
    }
}

void commands_take_leave(void)
{
    for (size_t i = 0; i < slots; i++) {
        struct command *command = &commands[i];
        if (command->pid == 0 || command->client == NULL || !command->ended)
            continue;
        for (int j = 0; j < 2; j++) {
            while (command->client != NULL && command->output[j] >= 0 &&
                   client_has_room(command->client, MAX_PAYLOAD)) {
                enum flow went =
                    flow_read(command->output[j], command->client, OUTPUT_FRAMES[j]);
                if (went != FLOW_WENT)
                    close_end(&command->output[j]);
            }
            close_end(&command->output[j]);
        }
    }
    commands_settle();
}
