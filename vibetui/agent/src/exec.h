/* Commands without a PTY: three pipes to one client, and how it ended. */
#ifndef VIBE_EXEC_H
#define VIBE_EXEC_H

#include <poll.h>

#include "child.h"
#include "client.h"

enum { MAX_COMMANDS = 64, COMMAND_POLLED = 3 * MAX_COMMANDS };

/* STARTED and the stream, or ERROR. */
void command_start(struct client *client, const struct spawn *spawn);
/* False: the frame has to wait. */
bool command_input(struct client *client, const uint8_t *data, size_t size);
void command_input_end(struct client *client);
void command_signal(struct client *client, int number);
/* The client has gone: the pipes are closed and the command is hung up. */
void command_leave(struct client *client);

void commands_init(void);
void commands_reaped(pid_t pid, int status);
void commands_signal_all(int number);
/* Puts what the commands wait for into `states`; how many there are. */
size_t commands_watch(struct pollfd *states);
void commands_serve(const struct pollfd *states);
/* Says EXITED where a command and its outputs have ended. */
void commands_settle(void);
/* Reads what ended commands have still said, as far as their clients can take it. */
void commands_take_leave(void);

#endif
