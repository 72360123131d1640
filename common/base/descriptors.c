/* descriptors.c - file descriptors: the first three, and the limit. Every program. */

#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bounds.h"

static int open_nothing (void);

void descriptors_open_standard (void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl (fd, F_GETFD) == -1 && errno == EBADF && open_nothing () != fd)
            _exit (EXIT_FAILURE); // with nowhere to say so
}

void descriptors_raise_limit (void)
{
    struct rlimit limit;
    if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit (RLIMIT_NOFILE, &limit);
    }
}

size_t descriptors_limit (void)
{
    struct rlimit limit;
    if (getrlimit (RLIMIT_NOFILE, &limit) == -1)
        return 0;
    return limit.rlim_cur > SIZE_MAX ? SIZE_MAX : (size_t) limit.rlim_cur;
}

/* Tried out, as the limit alone says neither how many are in use nor what the whole
   machine has left. */
bool descriptors_left (size_t count)
{
    int taken[DESCRIPTORS_TRIED_MAX];
    size_t got = 0;
    while (got < count && got < DESCRIPTORS_TRIED_MAX &&
           (taken[got] = fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, 0)) != -1)
        got++;
    for (size_t i = 0; i < got; i++)
        close (taken[i]);
    return got == count;
}

/* Takes the lowest free number. Without a /dev, something that cannot be written to. */
static int open_nothing (void)
{
    const int fd = open ("/dev/null", O_RDWR);
    return fd != -1 ? fd : open ("/", O_PATH | O_DIRECTORY);
}
