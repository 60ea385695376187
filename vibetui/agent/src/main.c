#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

static const char USAGE[] =
    "usage: vibe-agent serve --socket PATH [--workspace DIR] [--uid N] [--gid N]\n"
    "                        [--allow-uid N] [--history BYTES]\n"
    "                        [--idle MILLISECONDS]\n"
    "       vibe-agent attach --socket PATH [--wait MILLISECONDS]\n"
    "       vibe-agent --version\n";

void complain(const char *what, const char *detail)
{
    fprintf(stderr, "vibe-agent: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
}

_Noreturn static void usage(void)
{
    fputs(USAGE, stderr);
    exit(2);
}

static unsigned long number(const char *text, unsigned long most)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > most) {
        complain("not a number in range", text);
        usage();
    }
    return value;
}

int main(int count, char **words)
{
    struct options options = {
        .workspace = "/workspace", .uid = 1000, .gid = 1000, .history = HISTORY_DEFAULT};
    int wait_ms = 10000;
    const unsigned long most_id = UINT32_MAX - 1; /* the last one means "unchanged" */

    if (count == 2 && strcmp(words[1], "--version") == 0) {
        puts("vibe-agent " AGENT_VERSION);
        return 0;
    }
    if (count < 2 || count % 2 != 0)
        usage();
    for (int i = 2; i + 1 < count; i += 2) {
        const char *name = words[i], *value = words[i + 1];
        if (strcmp(name, "--socket") == 0)
            options.socket = value;
        else if (strcmp(name, "--workspace") == 0)
            options.workspace = value;
        else if (strcmp(name, "--uid") == 0)
            options.uid = (uid_t)number(value, most_id);
        else if (strcmp(name, "--gid") == 0)
            options.gid = (gid_t)number(value, most_id);
        else if (strcmp(name, "--allow-uid") == 0) {
            options.allow_uid = (uid_t)number(value, most_id);
            options.allow_uid_set = true;
        } else if (strcmp(name, "--history") == 0)
            options.history = number(value, HISTORY_MAX);
        else if (strcmp(name, "--idle") == 0)
            options.idle_ms = (int64_t)number(value, 3600 * 1000);
        else if (strcmp(name, "--wait") == 0)
            wait_ms = (int)number(value, 3600 * 1000);
        else
            usage();
    }
    if (options.socket == NULL)
        usage();
    if (strcmp(words[1], "serve") == 0)
        return serve(&options);
    if (strcmp(words[1], "attach") == 0)
        return relay(options.socket, wait_ms);
    usage();
}
