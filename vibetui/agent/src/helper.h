/* A process that does, as the agent's user, what may take long, and hands sockets back. */
#ifndef VIBE_HELPER_H
#define VIBE_HELPER_H

#include "agent.h"

enum { HELPER_SAYS = 160, HELPER_GIVES = 2 };

struct errand {
    const char *host;
    uint16_t port;
    bool secret;   /* of a listener: in a directory of its own */
    bool in_place; /* of a listener: of the one that is there */
};

struct helper {
    pid_t pid;
    int answer; /* -1: it isn't listened to any more */
};

/* Starts one that does `run`; false with `errno` set. */
bool helper_start(struct helper *helper, void (*run)(const struct errand *),
                  const struct errand *errand, const struct options *options);
/* How many sockets have come, and what was said; -1: it has ended without a word; -2: nothing has
 * come yet. `text` has HELPER_SAYS bytes, `sockets` HELPER_GIVES places. */
int helper_answer(const struct helper *helper, char *text, int *sockets);
/* Nobody waits for the answer any more; a helper that outlives its answer takes it for the end. */
void helper_forget(struct helper *helper);

/* In the helper: the answer. False: nobody waits for it. */
bool helper_give(const char *text, const int *sockets, size_t count);
_Noreturn void helper_give_up(const char *why);
/* Until nobody wants what was given; signals wait as long. */
void helper_stay(void);

#endif
