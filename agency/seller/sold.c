/* sold.c - an agency's bets of a provable draw, as acknowledged (agency). */

#include "sold.h"

#include "bet_csv.h"
#include "digest.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLACE_ROWS  1024 // the file's place is known of one row in so many
#define ADDED_BYTES (1024 * 1024)

struct sold {
    char path[PATH_MAX];
    int file;
    uint32_t agency;
    uint64_t size; // of what is in the file, whole rows
    uint64_t count, written;
    uint64_t digest;
    uint64_t *places; // of row 0, PLACE_ROWS, ...
    size_t places_count;
    uint8_t *added; // canonical rows that are not in the file yet
    size_t added_size, added_room;
    bool unsynced, half;
    void *map;
    size_t map_size;
    char failure[SOLD_WHY_BYTES];
};

static bool open_file (sold_t *sold, const char *folder, const char *name, char *why);
static bool read_file (sold_t *sold, char *why);
static bool take_rows (sold_t *sold, bytes_t rows, char *why);
static void note_place (sold_t *sold, uint64_t place);
static void add_rows (sold_t *sold, uint32_t count, bytes_t rows);
static uint8_t *make_room (sold_t *sold, size_t size);
static bool write_added (sold_t *sold);
static bool map_file (sold_t *sold);
static void unmap_file (sold_t *sold);
static void fail (sold_t *sold, const char *what);

sold_t *sold_open (const char *folder, const char *name, uint32_t agency,
                   char why[SOLD_WHY_BYTES])
{
    sold_t *sold = calloc (1, sizeof *sold);
    assert (sold);
    sold->agency = agency;
    sold->file = -1;
    sold->digest = DIGEST_START;
    if (open_file (sold, folder, name, why) && read_file (sold, why))
        return sold;
    sold_close (&sold);
    return NULL;
}

static bool open_file (sold_t *sold, const char *folder, const char *name, char *why)
{
    struct stat about;
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK;
    if (snprintf (sold->path, sizeof sold->path, "%s/%s", folder, name) >=
        (int) sizeof sold->path) {
        snprintf (why, SOLD_WHY_BYTES, "%.200s: is too long a name", folder);
        return false;
    }
    sold->file = open (sold->path, flags, 0600);
    if (sold->file != -1 && fstat (sold->file, &about) == 0 && S_ISREG (about.st_mode))
        return true;
    snprintf (why, SOLD_WHY_BYTES, "%.300s: cannot be opened: %s", sold->path,
              sold->file == -1 ? strerror (errno) : "it is not a regular file");
    return false;
}

static bool read_file (sold_t *sold, char *why)
{
    struct stat about;
    const bool known = fstat (sold->file, &about) == 0;
    const uint64_t size = known ? (uint64_t) about.st_size : 0;
    sold->size = size;
    if (!known || !map_file (sold)) {
        snprintf (why, SOLD_WHY_BYTES, "%.300s: cannot be read: %s", sold->path,
                  strerror (errno));
        return false;
    }
    sold->size = 0;
    const bool sound = take_rows (sold, bytes_of (sold->map, size), why);
    sold->half = sold->size < size;
    sold->unsynced = sold->count > 0; // by who wrote them, perhaps, who was killed
    unmap_file (sold);
    return sound;
}

/* The whole rows, up to a hole. */
static bool take_rows (sold_t *sold, bytes_t rows, char *why)
{
    const size_t prefix = digest_prefix (sold->agency);
    const uint8_t *end;
    char number[AGENCY_DIGITS_MAX + 2];
    snprintf (number, sizeof number, "%" PRIu32 ",", sold->agency);
    while (rows.size > 0 && (end = memchr (rows.data, '\n', rows.size)) != NULL) {
        const size_t size = (size_t) (end + 1 - rows.data);
        if (memchr (rows.data, 0, size))
            return true;
        if (size < ROW_BYTES_MIN || size > prefix + ROW_BYTES_MAX || end[-1] != '\r' ||
            memcmp (rows.data, number, prefix) != 0) {
            snprintf (why, SOLD_WHY_BYTES,
                      "%.300s, row %" PRIu64 ": is no bet that agency %" PRIu32
                      " sold: it is another file, or somebody changed it; put it back",
                      sold->path, sold->count + 1, sold->agency);
            return false;
        }
        note_place (sold, sold->size);
        sold->digest =
            digest_row (sold->digest, bytes_of (rows.data + prefix, size - prefix - 2));
        sold->size += size;
        sold->count = ++sold->written;
        rows = bytes_of (rows.data + size, rows.size - size);
    }
    return true;
}

static void note_place (sold_t *sold, uint64_t place)
{
    if (sold->count % PLACE_ROWS != 0)
        return;
    if ((sold->places_count & (sold->places_count - 1)) == 0) {
        const size_t room = sold->places_count > 0 ? 2 * sold->places_count : 1;
        sold->places = realloc (sold->places, room * sizeof *sold->places);
        assert (sold->places);
    }
    sold->places[sold->places_count++] = place;
}

void sold_close (sold_t **sold)
{
    if (*sold == NULL)
        return;
    unmap_file (*sold);
    if ((*sold)->file != -1)
        close ((*sold)->file);
    free ((*sold)->places);
    free ((*sold)->added);
    free (*sold);
    *sold = NULL;
}

uint64_t sold_count (const sold_t *sold)
{
    return sold->count;
}

uint64_t sold_digest (const sold_t *sold)
{
    return sold->digest;
}

void sold_add (sold_t *sold, uint64_t offset, uint32_t count, bytes_t rows)
{
    size_t text_end;
    for (; count > 0 && offset < sold->count; offset++, count--) {
        const size_t size = bet_csv_row_size (rows, &text_end);
        rows = bytes_of (rows.data + size, rows.size - size);
    }
    if (count > 0 && offset == sold->count && !sold->failure[0])
        add_rows (sold, count, rows);
}

/* The central has accepted them, so they are sound. */
static void add_rows (sold_t *sold, uint32_t count, bytes_t rows)
{
    const size_t prefix = digest_prefix (sold->agency);
    bet_csv_error_t error;
    uint8_t *at =
        make_room (sold, rows.size + (size_t) count * (AGENCY_DIGITS_MAX + 2));
    const size_t size =
        bet_csv_canonical (rows, count, sold->agency, &bet_rules_widest, at, &error);
    if (size == 0) {
        fail (sold, "the central has acknowledged a row that is no bet");
        return;
    }
    digest_rows (&sold->digest, bytes_of (at, size), prefix);
    for (bytes_t rest = bytes_of (at, size); rest.size > 0; sold->count++) {
        const uint8_t *end = memchr (rest.data, '\n', rest.size);
        note_place (sold, sold->size + sold->added_size + (uint64_t) (rest.data - at));
        rest = bytes_of (end + 1, rest.size - (size_t) (end + 1 - rest.data));
    }
    sold->added_size += size;
    if (sold->added_size >= ADDED_BYTES)
        write_added (sold);
}

/* Behind what is to be written. */
static uint8_t *make_room (sold_t *sold, size_t size)
{
    const size_t room = sold->added_size + size;
    unmap_file (sold);
    if (room > sold->added_room) {
        sold->added_room = room > ADDED_BYTES ? 2 * room : ADDED_BYTES;
        sold->added = realloc (sold->added, sold->added_room);
        assert (sold->added);
    }
    return sold->added + sold->added_size;
}

const char *sold_save (sold_t *sold, bool synced)
{
    if (!sold->failure[0] && write_added (sold) && synced && sold->unsynced) {
        if (fdatasync (sold->file) == -1)
            fail (sold, strerror (errno));
        sold->unsynced = false;
    }
    return sold->failure[0] ? sold->failure : NULL;
}

/* Behind the whole rows; half a row that a crash left is cut off first. */
static bool write_added (sold_t *sold)
{
    size_t done = 0;
    if (sold->added_size == 0)
        return true;
    if (sold->half && ftruncate (sold->file, (off_t) sold->size) == -1) {
        fail (sold, strerror (errno));
        return false;
    }
    sold->half = false;
    while (done < sold->added_size) {
        const ssize_t wrote =
            pwrite (sold->file, sold->added + done, sold->added_size - done,
                    (off_t) (sold->size + done));
        if (wrote == -1 && errno == EINTR)
            continue;
        if (wrote <= 0) {
            errno = wrote == 0 ? ENOSPC : errno;
            break;
        }
        done += (size_t) wrote;
    }
    if (done < sold->added_size) {
        fail (sold, strerror (errno));
        sold->half = ftruncate (sold->file, (off_t) sold->size) == -1;
        return false;
    }
    sold->size += done;
    sold->written = sold->count;
    sold->added_size = 0;
    sold->unsynced = true;
    return true;
}

bytes_t sold_rows (sold_t *sold, uint64_t offset)
{
    const uint8_t *end;
    if (offset > sold->written || !map_file (sold))
        return bytes_of (NULL, 0);
    if (offset == sold->written)
        return bytes_of ((uint8_t *) sold->map + sold->size, 0);
    const uint64_t place = sold->places[offset / PLACE_ROWS];
    bytes_t rows =
        bytes_of ((uint8_t *) sold->map + place, (size_t) (sold->size - place));
    for (uint64_t i = offset % PLACE_ROWS; i > 0; i--) {
        end = memchr (rows.data, '\n', rows.size);
        if (!end) // they were counted: somebody has changed it since
            return bytes_of (NULL, 0);
        rows = bytes_of (end + 1, rows.size - (size_t) (end + 1 - rows.data));
    }
    return rows;
}

/* An empty file has data, too. */
static bool map_file (sold_t *sold)
{
    struct stat about;
    if (sold->map)
        return true;
    if (fstat (sold->file, &about) == -1 || (uint64_t) about.st_size < sold->size) {
        errno = EIO; // it was cut short under our hands
        return false;
    }
    sold->map_size = sold->size > 0 ? (size_t) sold->size : 1;
    sold->map = sold->size > 0
                    ? mmap (NULL, sold->map_size, PROT_READ, MAP_SHARED, sold->file, 0)
                    : mmap (NULL, sold->map_size, PROT_READ,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (sold->map == MAP_FAILED)
        sold->map = NULL;
    return sold->map != NULL;
}

static void unmap_file (sold_t *sold)
{
    if (sold->map)
        munmap (sold->map, sold->map_size);
    sold->map = NULL;
}

static void fail (sold_t *sold, const char *what)
{
    snprintf (sold->failure, sizeof sold->failure, "%.300s: cannot be written: %s",
              sold->path, what);
}
