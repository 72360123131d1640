/* doorstep.c - accept4 () for ZeroMQ, at the limit of descriptors: every process that
   listens. Runs in ZeroMQ's thread, except for the two functions of the header. */

#include "doorstep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "descriptors.h"
#include "logger.h"

static atomic_int spare = -1;
static atomic_ullong shown_out;

static void show_out (int socket);

void doorstep_open (void)
{
    if (spare == -1)
        spare = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
}

void doorstep_tell (int64_t now_ms)
{
    static logger_limit_t limit;
    static unsigned long long told;
    uint64_t held_back;
    const unsigned long long count = shown_out;
    if (count == told || !logger_limit_allows (&limit, now_ms, &held_back))
        return;
    logger_event (LOG_WARNING, "listen", LOG_FAIL,
                  "descriptors: %zu | turned_away: %llu | reason: out of descriptors "
                  "for connections; raise the limit (ulimit -n)",
                  descriptors_limit (), count - told);
    told = count;
}

/* Replaces the C library's: ZeroMQ calls this one. */
int accept4 (int socket, struct sockaddr *restrict address, socklen_t *restrict size,
             int flags)
{
    const int fd = (int) syscall (SYS_accept4, socket, address, size, flags);
    if (fd == -1 && (errno == EMFILE || errno == ENFILE)) {
        const int error = errno;
        show_out (socket);
        errno = error;
    }
    return fd;
}

/* Another thread may take the spare descriptor first; then we get it back later. */
static void show_out (int socket)
{
    if (spare != -1)
        close (spare);
    const int fd = (int) syscall (SYS_accept4, socket, NULL, NULL, SOCK_CLOEXEC);
    if (fd != -1) {
        close (fd);
        shown_out++;
    }
    spare = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
}
