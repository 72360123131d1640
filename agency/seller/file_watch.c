/* file_watch.c - notices what is done to a file (agency), by inotify (7). */

#include "file_watch.h"

#include <errno.h>
#include <limits.h>
#include <sys/inotify.h>
#include <unistd.h>

/* Added to, cut; renamed; removed, or another one renamed over it, which takes a link
   away. */
#define NOTICED (IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)

int file_watch_open (const char *path)
{
    const int watch = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
    if (watch == -1 || inotify_add_watch (watch, path, NOTICED) != -1)
        return watch;
    const int error = errno;
    close (watch);
    errno = error;
    return -1;
}

/* What is left over wakes the caller once more, which does no harm. */
void file_watch_clear (int watch)
{
    char events[16 * (sizeof (struct inotify_event) + NAME_MAX + 1)]
        __attribute__ ((aligned (__alignof__(struct inotify_event))));
    const ssize_t taken = read (watch, events, sizeof events);
    (void) taken;
}
