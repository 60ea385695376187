#include "descriptors.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "agent.h"
#include "inlet.h"

/* A terminal has one, a connection one and up to three pipes of a command, an inlet up to two sockets
 * and its helper, and those who wait there. */
enum { NEEDED = MAX_TERMINALS + 4 * MAX_CLIENTS + MAX_INLETS * (3 + MAX_WAITING) + 64 };

static struct rlimit before;
static bool raised;

void descriptors_raise(void)
{
    if (getrlimit(RLIMIT_NOFILE, &before) < 0 || before.rlim_cur >= NEEDED)
        return;
    struct rlimit wanted = before;
    wanted.rlim_cur = before.rlim_max < NEEDED ? before.rlim_max : NEEDED;
    raised = setrlimit(RLIMIT_NOFILE, &wanted) == 0;
    if (!raised)
        complain("can't raise the limit of descriptors", strerror(errno));
}

void descriptors_restore(void)
{
    if (raised)
        (void)setrlimit(RLIMIT_NOFILE, &before); /* lowering is always allowed */
}
