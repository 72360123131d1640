/* sink.c - writes to stderr without blocking: every process, from its one thread. */

#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bounds.h"
#include "clock.h"

#define WAIT_SHARE    8 // of the time
#define TRIES_MAX     100
#define BAR_BYTES_MAX 1024

/* The cursor stays at the bar's beginning. So wherever a terminal that was made
   narrower breaks the bar's line now, what is to be erased begins at the cursor. And a
   bar that is too long, as the terminal has just been made narrower, is cut at its
   edge. */
#define BAR_BEGIN "\r\033[?7l"       // do not break lines
#define BAR_END   "\033[?7h\033[J\r" // break them again; erase the rest
#define BAR_ERASE "\r\033[J"

typedef enum {
    KIND_FILE,   // takes everything at once, or fails
    KIND_OWN,    // a pipe or terminal, reopened for us alone, non-blocking
    KIND_SOCKET, // each send says not to block
    KIND_POLLED  // may block: polled first
} kind_t;

static struct {
    kind_t kind;
    int fd;
    dev_t device; // what stderr was last time
    ino_t inode;
    bool stuck;          // its reader took nothing while we waited
    int64_t left_ms;     // that we may still wait
    int64_t left_at_ms;  // as of then
    bool drawn;          // a bar is on the terminal's last line
    size_t rest_size;    // of a line that was written in part
    char rest[PIPE_BUF]; // that rest
} sink;

static void open_sink (void);
static void open_again (void);
static void close_sink (void);
static void erase_bar (void);
static bool write_rest (void);
static size_t piece_of (const char *lines, size_t size);
static size_t keep_rest (const char *lines, size_t size, size_t done);
static size_t put (const char *bytes, size_t size, bool patient);
static ssize_t put_once (const char *bytes, size_t size);
static bool takes (int timeout_ms);
static bool wait_a_little (void);

size_t sink_write (const char *lines, size_t size)
{
    size_t done = 0;
    open_sink ();
    erase_bar ();
    while (done < size && write_rest ()) {
        const size_t piece = piece_of (lines + done, size - done);
        const size_t written = put (lines + done, piece, true);
        done += keep_rest (lines + done, piece, written);
        if (written < piece)
            break;
    }
    close_sink ();
    return done;
}

void sink_draw (const char *text, size_t size)
{
    char bar[BAR_BYTES_MAX + sizeof BAR_BEGIN + sizeof BAR_END];
    if (size > BAR_BYTES_MAX)
        size = BAR_BYTES_MAX;
    const int bytes =
        snprintf (bar, sizeof bar, BAR_BEGIN "%.*s" BAR_END, (int) size, text);
    open_sink ();
    if (write_rest ()) {
        const size_t done = put (bar, (size_t) bytes, false);
        sink.drawn = true;
        sink.rest_size = done > 0 ? (size_t) bytes - done : 0; // no half a sequence
        memcpy (sink.rest, bar + done, sink.rest_size);
    }
    close_sink ();
}

void sink_erase (void)
{
    open_sink ();
    erase_bar ();
    close_sink ();
}

static void erase_bar (void)
{
    if (sink.drawn && sink.rest_size == 0)
        put (BAR_ERASE, sizeof BAR_ERASE - 1, false);
    sink.drawn = false;
}

static void open_sink (void)
{
    struct stat about;
    if (fstat (STDERR_FILENO, &about) == -1)
        about = (struct stat){.st_mode = S_IFCHR};
    if (about.st_dev != sink.device || about.st_ino != sink.inode) {
        sink.device = about.st_dev;
        sink.inode = about.st_ino;
        sink.rest_size = 0;
        sink.stuck = false;
        sink.left_ms = SINK_WAIT_MS;
    }
    sink.fd = STDERR_FILENO;
    sink.kind = S_ISREG (about.st_mode)    ? KIND_FILE
                : S_ISSOCK (about.st_mode) ? KIND_SOCKET
                                           : KIND_POLLED;
    if (sink.kind == KIND_POLLED)
        open_again ();
}

/* O_NONBLOCK belongs to the open file, not to a descriptor: set on stderr itself, it
   would be set for the shell and every process that shares it. Not kept open: a pipe's
   reader waits until all writers have closed it. */
static void open_again (void)
{
    const int fd =
        open ("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd == -1)
        return; // another user's, or no descriptor left
    sink.kind = KIND_OWN;
    sink.fd = fd;
}

static void close_sink (void)
{
    if (sink.kind == KIND_OWN)
        close (sink.fd);
}

static bool write_rest (void)
{
    const size_t done = put (sink.rest, sink.rest_size, true);
    sink.rest_size -= done;
    memmove (sink.rest, sink.rest + done, sink.rest_size);
    return sink.rest_size == 0;
}

/* As many whole lines as a pipe takes in one piece. */
static size_t piece_of (const char *lines, size_t size)
{
    if (sink.kind == KIND_FILE || size <= PIPE_BUF)
        return size;
    const char *end = memrchr (lines, '\n', PIPE_BUF);
    return end ? (size_t) (end + 1 - lines) : PIPE_BUF;
}

/* `done` of `size` bytes are written: what is left of a line is kept for the next time.
   Returns how many bytes are done with. */
static size_t keep_rest (const char *lines, size_t size, size_t done)
{
    if (done == size || done == 0 || lines[done - 1] == '\n')
        return done;
    const char *end = memchr (lines + done, '\n', size - done);
    const size_t rest = end ? (size_t) (end + 1 - (lines + done)) : size - done;
    if (rest > sizeof sink.rest)
        return done;
    memcpy (sink.rest, lines + done, rest);
    sink.rest_size = rest;
    return done + rest;
}

/* Returns how many bytes were written. */
static size_t put (const char *bytes, size_t size, bool patient)
{
    size_t done = 0;
    for (int tries = 0; done < size && tries < TRIES_MAX; tries++) {
        const ssize_t written = put_once (bytes + done, size - done);
        if (written > 0) {
            done += (size_t) written;
            sink.stuck = false;
            tries = 0;
        } else if (written == 0 || (errno != EINTR && errno != EAGAIN))
            break;
        else if (errno == EAGAIN && !(patient && wait_a_little ()))
            break;
    }
    return done;
}

static ssize_t put_once (const char *bytes, size_t size)
{
    if (sink.kind == KIND_SOCKET)
        return send (sink.fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sink.kind == KIND_POLLED && !takes (0)) {
        errno = EAGAIN;
        return -1;
    }
    return write (sink.fd, bytes, size);
}

static bool takes (int timeout_ms)
{
    struct pollfd item = {.fd = sink.fd, .events = POLLOUT};
    return poll (&item, 1, timeout_ms) == 1;
}

/* Whether it takes something now. */
static bool wait_a_little (void)
{
    const int64_t began_ms = clock_ms ();
    sink.left_ms += (began_ms - sink.left_at_ms) / WAIT_SHARE;
    if (sink.left_ms > SINK_WAIT_MS)
        sink.left_ms = SINK_WAIT_MS;
    const bool taken = !sink.stuck && sink.left_ms > 0 && takes ((int) sink.left_ms);
    sink.stuck = sink.stuck || (!taken && sink.left_ms > 0);
    sink.left_at_ms = clock_ms ();
    sink.left_ms -= sink.left_at_ms - began_ms;
    return taken;
}
