/* ledger.c - one file of tickets (agency). */

#include "ledger.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES  (64 * 1024)
#define ADDED_BYTES (64 * 1024)

static bool open_file (ledger_t *ledger, const char *folder, const char *name,
                       bool make, char *why);
static bool sync_folder (const char *folder);
static bool read_lines (ledger_t *ledger, ledger_take_t *take, void *context,
                        char *why);
static size_t take_lines (ledger_t *ledger, bytes_t rest, ledger_take_t *take,
                          void *context, char *why, bool *sound);
static ssize_t read_at (int file, uint8_t *buffer, size_t size, uint64_t at);
static bool take_line (ledger_t *ledger, bytes_t line, ledger_take_t *take,
                       void *context, char *why);
static bool keep_half (ledger_t *ledger, bytes_t rest, char *why);
static bool not_ours (const ledger_t *ledger, char *why);
static bool half_fits (const ledger_t *ledger, const receipt_sale_t *sale);
static bool says_errno (const ledger_t *ledger, const char *what, char *why);

bool ledger_open (ledger_t *ledger, const char *folder, const char *name, bool make,
                  ledger_take_t *take, void *context, char why[LEDGER_WHY_BYTES])
{
    *ledger = (ledger_t){.file = -1};
    const int size = asprintf (&ledger->path, "%s/%s", folder, name);
    ledger->added = malloc (ADDED_BYTES + RECEIPT_LINE_BYTES);
    assert (size > 0 && ledger->added);
    if (!open_file (ledger, folder, name, make, why) ||
        (ledger->file != -1 && !read_lines (ledger, take, context, why)))
        return false;
    ledger->unsynced = ledger->lines > 0; // by who wrote them, perhaps, who was killed
    return true;
}

/* A pipe that has this name is not to be waited for. */
static bool open_file (ledger_t *ledger, const char *folder, const char *name,
                       bool make, char *why)
{
    struct stat about;
    const int flags = O_RDWR | O_CLOEXEC | O_NONBLOCK | (make ? O_CREAT : 0);
    const bool fresh = access (ledger->path, F_OK) == -1;
    (void) name;
    ledger->file = open (ledger->path, flags, 0600);
    if (ledger->file == -1 && errno == ENOENT && !make)
        return true;
    if (ledger->file == -1 || fstat (ledger->file, &about) == -1)
        return says_errno (ledger, "cannot be opened", why);
    if (!S_ISREG (about.st_mode)) {
        snprintf (why, LEDGER_WHY_BYTES,
                  "%s: is not a regular file: give another folder with --receipts",
                  ledger->path);
        return false;
    }
    if (flock (ledger->file, LOCK_EX | LOCK_NB) == -1) {
        snprintf (why, LEDGER_WHY_BYTES,
                  "%s: another process is using it: wait for that one to end, or give "
                  "another folder with --receipts",
                  ledger->path);
        return false;
    }
    return !fresh || sync_folder (folder) || says_errno (ledger, "cannot be made", why);
}

static bool sync_folder (const char *folder)
{
    const int opened = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = opened != -1 && fsync (opened) == 0;
    if (opened != -1)
        close (opened);
    return synced;
}

void ledger_close (ledger_t *ledger)
{
    if (ledger->file != -1 && ledger->path)
        close (ledger->file);
    free (ledger->path);
    free (ledger->added);
    *ledger = (ledger_t){.file = -1};
}

bool ledger_read (ledger_t *ledger, ledger_take_t *take, void *context,
                  char why[LEDGER_WHY_BYTES])
{
    return ledger->file == -1 || read_lines (ledger, take, context, why);
}

static bool read_lines (ledger_t *ledger, ledger_take_t *take, void *context, char *why)
{
    uint8_t *buffer = malloc (READ_BYTES);
    size_t held = 0;
    ssize_t got;
    bool sound = true;
    assert (buffer);
    ledger->size = ledger->lines = ledger->half_size = 0;
    while (sound && (got = read_at (ledger->file, buffer + held, READ_BYTES - held,
                                    ledger->size + held)) != 0) {
        if (got == -1) {
            sound = says_errno (ledger, "cannot be read", why);
            break;
        }
        held += (size_t) got;
        const size_t taken =
            take_lines (ledger, bytes_of (buffer, held), take, context, why, &sound);
        held -= taken;
        memmove (buffer, buffer + taken, held);
        if (held > 0 && (held >= RECEIPT_LINE_BYTES || memchr (buffer, 0, held)))
            break; // no line: what follows a hole is cut off with it
    }
    if (sound)
        sound = keep_half (ledger, bytes_of (buffer, held), why);
    free (buffer);
    return sound;
}

/* The whole lines, up to a hole; returns their bytes. */
static size_t take_lines (ledger_t *ledger, bytes_t rest, ledger_take_t *take,
                          void *context, char *why, bool *sound)
{
    const size_t size = rest.size;
    const uint8_t *end;
    while (*sound && rest.size > 0 && (end = memchr (rest.data, '\n', rest.size))) {
        const bytes_t line = bytes_of (rest.data, (size_t) (end - rest.data));
        if (memchr (line.data, 0, line.size))
            break;
        *sound = take_line (ledger, line, take, context, why);
        rest = bytes_of (end + 1, rest.size - line.size - 1);
    }
    return size - rest.size;
}

static ssize_t read_at (int file, uint8_t *buffer, size_t size, uint64_t at)
{
    ssize_t got;
    do
        got = pread (file, buffer, size, (off_t) at);
    while (got == -1 && errno == EINTR);
    return got;
}

static bool take_line (ledger_t *ledger, bytes_t line, ledger_take_t *take,
                       void *context, char *why)
{
    receipt_t ticket;
    const bool first = ledger->lines == 0;
    if (!receipt_read (line, &ticket) ||
        (!first && !receipt_same_sale (&ticket.sale, &ledger->sale)) ||
        !take (context, &ticket))
        return not_ours (ledger, why);
    ledger->sale = ticket.sale;
    ledger->size += line.size + 1;
    ledger->lines++;
    return true;
}

/* Behind the last whole line. A power cut may leave zeros where nothing was written
   yet; anything else is as long as a line at most. */
static bool keep_half (ledger_t *ledger, bytes_t rest, char *why)
{
    const uint8_t *hole = rest.size > 0 ? memchr (rest.data, 0, rest.size) : NULL;
    const size_t size = hole ? (size_t) (hole - rest.data) : rest.size;
    if (size >= RECEIPT_LINE_BYTES || (hole && ledger->lines == 0))
        return not_ours (ledger, why);
    put_bytes (ledger->half, bytes_of (rest.data, size));
    ledger->half_size = hole ? size + 1 : size;
    return true;
}

static bool not_ours (const ledger_t *ledger, char *why)
{
    snprintf (why, LEDGER_WHY_BYTES,
              "%s, line %" PRIu64 ": is not the ticket that belongs there: it is "
              "another file, or somebody changed it; move it away, or give another "
              "folder with --receipts",
              ledger->path, ledger->lines + 1);
    return false;
}

bool ledger_fits (const ledger_t *ledger, const receipt_sale_t *sale,
                  char why[LEDGER_WHY_BYTES])
{
    const receipt_sale_t *theirs = &ledger->sale;
    if (ledger->lines == 0)
        return half_fits (ledger, sale) || not_ours (ledger, why);
    if (receipt_same_sale (theirs, sale))
        return true;
    if (theirs->agency != sale->agency)
        snprintf (why, LEDGER_WHY_BYTES,
                  "%s: has tickets of agency %" PRIu32 ", and this is agency %" PRIu32
                  ": give each a folder of its own with --receipts",
                  ledger->path, theirs->agency, sale->agency);
    else
        snprintf (
            why, LEDGER_WHY_BYTES,
            "%s: has tickets of %sdraw %s, and this is %s%s: give each draw a "
            "folder of its own with --receipts",
            ledger->path, strcmp (theirs->draw, sale->draw) == 0 ? "another " : "",
            theirs->draw,
            strcmp (theirs->draw, sale->draw) == 0 ? "a new one of that name" : "draw ",
            strcmp (theirs->draw, sale->draw) == 0 ? "" : sale->draw);
    return false;
}

/* The beginning of a first line: of what would be written there. */
static bool half_fits (const ledger_t *ledger, const receipt_sale_t *sale)
{
    char name[RECEIPT_BYTES];
    const size_t size = receipt_name (sale, 0, name) - 1; // any offset
    return memcmp (ledger->half, name,
                   ledger->half_size < size ? ledger->half_size : size) == 0;
}

void ledger_add (ledger_t *ledger, const char *line, size_t size)
{
    char why[LEDGER_WHY_BYTES];
    if (ledger->failure[0] ||
        (ledger->added_size >= ADDED_BYTES && !ledger_write (ledger, why)))
        return; // it is said by the next one who writes
    memcpy (ledger->added + ledger->added_size, line, size);
    ledger->added_size += size;
}

bool ledger_write (ledger_t *ledger, char why[LEDGER_WHY_BYTES])
{
    size_t done = 0;
    if (ledger->failure[0])
        return snprintf (why, LEDGER_WHY_BYTES, "%s", ledger->failure), false;
    while (done < ledger->added_size) {
        const ssize_t wrote =
            pwrite (ledger->file, ledger->added + done, ledger->added_size - done,
                    (off_t) (ledger->size + done));
        if (wrote == -1 && errno == EINTR)
            continue;
        if (wrote <= 0)
            break;
        done += (size_t) wrote;
    }
    const bool whole = done == ledger->added_size;
    const int error = errno;
    if (whole)
        ledger->size += done;
    // half a line, and what a crash left behind it
    if ((!whole || ledger->half_size > 0) &&
        ftruncate (ledger->file, (off_t) ledger->size) == 0)
        ledger->half_size = 0;
    ledger->unsynced = ledger->unsynced || done > 0;
    errno = error;
    if (!whole) {
        says_errno (ledger, "cannot be written", why);
        memcpy (ledger->failure, why, sizeof ledger->failure);
        return false;
    }
    ledger->added_size = 0;
    return true;
}

bool ledger_sync (ledger_t *ledger, char why[LEDGER_WHY_BYTES])
{
    if (ledger->unsynced && fdatasync (ledger->file) == -1)
        return says_errno (ledger, "cannot be written to its disk", why);
    ledger->unsynced = false;
    return true;
}

static bool says_errno (const ledger_t *ledger, const char *what, char *why)
{
    snprintf (why, LEDGER_WHY_BYTES, "%s: %s: %s", ledger->path, what,
              strerror (errno));
    return false;
}
