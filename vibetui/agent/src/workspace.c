#define _GNU_SOURCE
#include "workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void workspace_own(const struct options *options)
{
    int fd = open(options->workspace, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        if (errno != ENOENT) /* an image without one is fine: shells start in "/" */
            complain("can't open the workspace", strerror(errno));
        return;
    }
    struct stat about;
    if (fstat(fd, &about) < 0)
        complain("can't look at the workspace", strerror(errno));
    else if (about.st_uid == 0 && options->uid != 0 && geteuid() == 0 &&
             fchown(fd, options->uid, options->gid) < 0)
        complain("can't give the workspace to its user", strerror(errno));
    close(fd);
}
