/* spool.c - bets that come through a pipe, kept in an unnamed file (agency). */

#include "spool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct spool {
    int input; // borrowed
    int file;
    const char *directory;
    off_t size;
    bool ended;
    uint8_t buffer[SPOOL_TAKE_BYTES];
};

static int open_unnamed (const char *directory);
static bool readable (const spool_t *spool);
static int keep (spool_t *spool, size_t size);

spool_t *spool_new (int input, char *error, size_t error_size)
{
    spool_t *spool = calloc (1, sizeof *spool);
    assert (spool);
    const char *directory = getenv ("TMPDIR");
    spool->directory = directory && *directory ? directory : "/tmp";
    spool->input = input;
    spool->file = open_unnamed (spool->directory);
    if (spool->file != -1)
        return spool;
    snprintf (error, error_size, "there is no place to keep it, %s (TMPDIR): %s",
              spool->directory, strerror (errno));
    free (spool);
    return NULL;
}

/* Returns the file, or -1 with errno. */
static int open_unnamed (const char *directory)
{
    char path[4096];
    const int size =
        snprintf (path, sizeof path, "%s/loteria-agency-XXXXXX", directory);
    if (size >= (int) sizeof path)
        return errno = ENAMETOOLONG, -1;
    const int file = mkostemp (path, O_CLOEXEC);
    if (file != -1)
        unlink (path);
    return file;
}

void spool_destroy (spool_t **spool)
{
    if (*spool == NULL)
        return;
    close ((*spool)->file);
    free (*spool);
    *spool = NULL;
}

int spool_file (const spool_t *spool)
{
    return spool->file;
}

int spool_take (spool_t *spool, char *error, size_t error_size)
{
    if (spool->ended || !readable (spool))
        return 0;
    const ssize_t count = read (spool->input, spool->buffer, sizeof spool->buffer);
    if (count == -1 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (count == -1) {
        snprintf (error, error_size, "cannot be read: %s", strerror (errno));
        return -1;
    }
    spool->ended = count == 0;
    if (keep (spool, (size_t) count) == 0)
        return 0;
    snprintf (error, error_size, "cannot be kept in %s (TMPDIR): %s", spool->directory,
              strerror (errno));
    return -1;
}

/* Others may have the input open as well, so it is not made non-blocking. */
static bool readable (const spool_t *spool)
{
    struct pollfd poll_fd = {.fd = spool->input, .events = POLLIN};
    return poll (&poll_fd, 1, 0) == 1;
}

/* Behind what is there; where the file is read is another place. */
static int keep (spool_t *spool, size_t size)
{
    for (size_t done = 0; done < size;) {
        const ssize_t count =
            pwrite (spool->file, spool->buffer + done, size - done, spool->size);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1)
            return -1;
        done += (size_t) count;
        spool->size += count;
    }
    return 0;
}

bool spool_ended (const spool_t *spool)
{
    return spool->ended;
}
