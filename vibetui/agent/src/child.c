#define _GNU_SOURCE
#include "child.h"

#include "descriptors.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_MAY_NOT = 126, EXIT_NO_PROGRAM = 127, KERNEL_SIGNALS = 64 };

struct identity {
    uid_t uid;
    gid_t gid;
    const char *name, *home, *shell; /* name is NULL where passwd doesn't know the uid */
};

/* On the terminal, for the person in front of it. */
_Noreturn static void fail(const char *what, const char *detail)
{
    dprintf(STDERR_FILENO, "vibe-agent: can't %s%s%s: %s\n", what, detail ? " " : "",
            detail ? detail : "", strerror(errno));
    _exit(errno == EACCES ? EXIT_MAY_NOT : EXIT_NO_PROGRAM);
}

static bool usable_shell(const char *path)
{
    const char *name = strrchr(path, '/');
    return name != NULL && strcmp(name, "/nologin") != 0 && strcmp(name, "/false") != 0 &&
           access(path, X_OK) == 0;
}

static const char *login_shell(const char *wanted)
{
    if (wanted != NULL && usable_shell(wanted))
        return wanted;
    return access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
}

static struct identity identify(const struct spawn *spawn)
{
    struct identity identity = {spawn->options->uid, spawn->options->gid, NULL, NULL, NULL};
    const struct passwd *entry = NULL;
    unsigned uid, gid;
    char surplus;
    bool named = false;

    if (sscanf(spawn->user, "%u:%u%c", &uid, &gid, &surplus) == 2) {
        identity.uid = uid;
        identity.gid = gid;
    } else if (spawn->user[0] != '\0')
        named = true;
    errno = 0;
    entry = named ? getpwnam(spawn->user) : getpwuid(identity.uid);
    if (entry == NULL && named) {
        dprintf(STDERR_FILENO, "vibe-agent: there is no user %s in this container\n", spawn->user);
        _exit(EXIT_NO_PROGRAM);
    }
    if (entry != NULL) {
        if (named) {
            identity.uid = entry->pw_uid;
            identity.gid = entry->pw_gid;
        }
        identity.name = entry->pw_name;
        identity.home = entry->pw_dir;
        identity.shell = entry->pw_shell;
    }
    identity.shell = login_shell(identity.shell);
    if (identity.home == NULL || identity.home[0] != '/')
        identity.home = spawn->options->workspace;
    return identity;
}

pid_t child_fork(void)
{
    sigset_t all, before;
    sigfillset(&all);
    if (sigprocmask(SIG_SETMASK, &all, &before) < 0)
        return -1;
    pid_t pid = fork();
    int error = errno;
    if (pid != 0 && sigprocmask(SIG_SETMASK, &before, NULL) < 0)
        complain("sigprocmask", strerror(errno));
    errno = error;
    return pid;
}

static void take_terminal(int slave)
{
    if (setsid() < 0)
        fail("begin a session", NULL);
    if (ioctl(slave, TIOCSCTTY, 0) < 0)
        fail("take the terminal", NULL);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (dup2(slave, fd) < 0)
            _exit(EXIT_NO_PROGRAM);
}

void child_default_signals(void)
{
    /* The kernel's own struct sigaction, all zero: SIG_DFL. The C library keeps signals 32 to 34
     * to itself and refuses them, but a parent may have left them ignored. */
    static const unsigned long by_default[8];
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number <= KERNEL_SIGNALS; number++)
        syscall(SYS_rt_sigaction, number, by_default, NULL, KERNEL_SIGNALS / 8);
    if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
        fail("unblock signals", NULL);
}

/* So that mesg, screen and tmux may open their own terminal, and a script its /dev/stderr; not
 * vital. */
static void own_streams(uid_t uid)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fchown(fd, uid, (gid_t)-1) == 0 && isatty(fd))
            (void)fchmod(fd, 0620);
}

static void become(const struct identity *identity)
{
    if (geteuid() != 0 && geteuid() == identity->uid)
        return; /* not started as root, as in the tests: nothing to drop */
    if (identity->name != NULL ? initgroups(identity->name, identity->gid) < 0
                               : setgroups(1, &identity->gid) < 0)
        fail("set the groups", identity->name);
    if (setgid(identity->gid) < 0)
        fail("set the group", NULL);
    if (setuid(identity->uid) < 0)
        fail("become the user", identity->name);
}

static void set(const char *name, const char *value)
{
    if (setenv(name, value, 1) < 0)
        fail("set the environment", NULL);
}

static void make_environment(const struct spawn *spawn, const struct identity *identity)
{
    char number[24];
    const char *name = identity->name;
    if (name == NULL) {
        snprintf(number, sizeof number, "%u", (unsigned)identity->uid);
        name = number;
    }
    if (getenv("PATH") == NULL)
        set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    set("HOME", identity->home);
    set("USER", name);
    set("LOGNAME", name);
    set("SHELL", identity->shell);
    for (char **pair = spawn->env; *pair != NULL; pair++) {
        char *equals = strchr(*pair, '=');
        if (equals == NULL || equals == *pair)
            continue;
        *equals = '\0';
        set(*pair, equals + 1);
    }
}

_Noreturn static void execute(const struct spawn *spawn, const struct identity *identity)
{
    if (spawn->argv[0] != NULL) {
        execvp(spawn->argv[0], spawn->argv);
        fail("run", spawn->argv[0]);
    }
    char login[256];
    const char *base = strrchr(identity->shell, '/');
    snprintf(login, sizeof login, "-%s", base != NULL ? base + 1 : identity->shell);
    execl(identity->shell, login, (char *)NULL);
    fail("run", identity->shell);
}

_Noreturn static void start(const struct spawn *spawn)
{
    child_default_signals();
    descriptors_restore();
    umask(022);
    struct identity identity = identify(spawn);
    own_streams(identity.uid);
    become(&identity);
    make_environment(spawn, &identity);
    const char *cwd = spawn->cwd[0] != '\0' ? spawn->cwd : spawn->options->workspace;
    if (chdir(cwd) < 0 && chdir("/") < 0)
        fail("enter", "/");
    execute(spawn, &identity);
}

_Noreturn void child_run(const struct spawn *spawn, int slave)
{
    take_terminal(slave);
    start(spawn);
}

_Noreturn void child_run_piped(const struct spawn *spawn, const int streams[3])
{
    if (setsid() < 0)
        _exit(EXIT_NO_PROGRAM);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (dup2(streams[fd], fd) < 0)
            _exit(EXIT_NO_PROGRAM);
    start(spawn);
}

void child_close_from(int first)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) == 0)
        return;
#endif
    long most = sysconf(_SC_OPEN_MAX);
    for (int fd = first; fd < most; fd++)
        close(fd);
}

void child_become(const struct options *options)
{
    struct identity identity = {.uid = options->uid, .gid = options->gid};
    become(&identity);
}

void child_status(int status, uint8_t said[2])
{
    bool by_signal = WIFSIGNALED(status);
    said[0] = by_signal ? 2 : 1;
    said[1] = (uint8_t)(by_signal ? WTERMSIG(status) : WEXITSTATUS(status));
}
