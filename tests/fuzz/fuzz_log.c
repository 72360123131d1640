/* fuzz_log.c - the log and its checkpoints on a disk that did its worst. The first byte
   chooses: the rest is a whole file; or changes to a sound log (three bytes of place,
   one of value), some of them with their group's hash made right again, as a forger
   would; or a checkpoint.

   What opens is a beginning of what there was, unless somebody forged it; it can be
   settled and appended to, and is the same when it is opened once more. */

#include "fuzz.h"

#include "checkpoint.h"
#include "disk.h"

#include <xxhash.h>

#define IDENTITY 0x1234567890ABCDEF
#define SEGMENT  (4 * LOG_PAGE_BYTES)
#define SEGMENTS 4
#define GROUPS   30       // more than a lap
#define FORGED   0x800000 // in a change's place: mend the group's hash

typedef struct {
    uint64_t first, count;
    bool believe; // whatever it is
} found_t;

static log_mark_t make_sound (disk_file_t *file);
static size_t size_of (uint64_t sequence);
static void append (log_t *log, size_t size);
static bool damage (disk_file_t *file, const uint8_t *data, size_t size);
static void mend (disk_file_t *file, size_t at);
static int note (void *context, const record_t *record, const uint8_t *bytes,
                 bytes_t rows, char *why);
static void check (disk_file_t *file, const log_mark_t *mark, bool forged);
static void check_checkpoint (const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == 'K') {
        check_checkpoint (data + 1, size - 1);
        return 0;
    }
    disk_t *disk = disk_new (NULL);
    disk_file_t *file = disk_file (disk, "bets.log");
    if (data[0] == 'F') {
        disk_set (file, data + 1, size - 1);
        check (file, NULL, true);
    } else {
        const log_mark_t mark = make_sound (file);
        check (file, &mark, damage (file, data + 1, size - 1));
    }
    disk_destroy (&disk);
    return 0;
}

/* Some laps of groups, of one page or two; where the checkpoint is. */
static log_mark_t make_sound (disk_file_t *file)
{
    static const log_options_t options = {.segment_bytes = SEGMENT,
                                          .segments = SEGMENTS};
    char why[LOG_WHY_BYTES];
    log_t *log = log_new (file->file, IDENTITY, &options, why);
    MUST (log);
    log_mark_t mark = log_mark (log);
    for (uint64_t i = 1; i <= GROUPS; i++) {
        append (log, size_of (i));
        MUST (log_wait (log) == 0);
        if (i % 6 == 0) {
            mark = log_mark (log);
            MUST (log_release (log, &mark) == 0);
        }
        if (i == GROUPS - 3)
            mark = log_mark (log);
    }
    log_destroy (&log);
    return mark;
}

static size_t size_of (uint64_t sequence)
{
    return 1 + sequence * 797 % (2 * LOG_PAGE_BYTES - 256);
}

static void append (log_t *log, size_t size)
{
    static uint8_t rows[2 * LOG_PAGE_BYTES];
    const uint64_t sequence = log_sequence (log) + 1;
    record_t record = {
        .kind = RECORD_BETS, .agency = 1, .count = 1, .offset = sequence};
    memset (rows, (int) sequence, size);
    record_vouch (&record, bytes_of (rows, size));
    uint8_t bytes[RECORD_BYTES];
    record_put (bytes, &record);
    MUST (log_fits (log, 1, size, false) == LOG_FITS);
    MUST (log_append (log, bytes, bytes_of (rows, size)) == sequence);
}

/* Whether anything was forged. */
static bool damage (disk_file_t *file, const uint8_t *data, size_t size)
{
    bool forged = false;
    for (; size >= 4; data += 4, size -= 4) {
        const size_t place = (size_t) data[0] << 16 | (size_t) data[1] << 8 | data[2];
        const size_t at = (place & ~(size_t) FORGED) % (file->cached.size + 1);
        if (at == file->cached.size) { // its length, too
            const size_t cut = (size_t) data[3] * 512;
            file->cached.size -= cut < file->cached.size ? cut : file->cached.size;
            if (file->cached.size == 0)
                break;
            continue;
        }
        file->cached.data[at] = data[3];
        if (place & FORGED) {
            mend (file, at);
            forged = true;
        }
    }
    return forged;
}

/* The group of this page, or of the page before. */
static void mend (disk_file_t *file, size_t at)
{
    size_t page = at / LOG_PAGE_BYTES * LOG_PAGE_BYTES;
    if (page > LOG_PAGE_BYTES && file->cached.data[page] != 0xff)
        page -= LOG_PAGE_BYTES;
    uint8_t *bytes = file->cached.data + page;
    if (file->cached.size - page < LOG_PAGE_BYTES)
        return;
    if (page == 0) {
        put_u64 (bytes + 120, XXH3_64bits (bytes, 120));
        return;
    }
    reader_t reader = {.rest = bytes_of (bytes + 40, 4)};
    const size_t pages = (read_u32 (&reader) + LOG_PAGE_BYTES - 1) / LOG_PAGE_BYTES;
    if (pages == 0 || pages > 2 || file->cached.size - page < pages * LOG_PAGE_BYTES)
        return;
    put_u64 (bytes + 120, 0);
    put_u64 (bytes + 120, XXH3_64bits (bytes, pages * LOG_PAGE_BYTES));
}

static int note (void *context, const record_t *record, const uint8_t *bytes,
                 bytes_t rows, char *why)
{
    (void) why;
    found_t *found = context;
    record_t again;
    MUST (record_get (bytes, &again) && again.size == rows.size);
    found->count++;
    if (found->believe)
        return 0;
    MUST (record->offset == found->first + found->count);
    MUST (record_proves (record, rows));
    MUST (found->count > GROUPS || rows.size == size_of (record->offset));
    return 0;
}

static void check (disk_file_t *file, const log_mark_t *mark, bool forged)
{
    char why[LOG_WHY_BYTES];
    uint8_t head[SHA256_BYTES];
    found_t found = {.first = mark ? mark->sequence : 0, .believe = forged};
    found_t again = found;
    log_t *log = log_open (file->file, mark ? IDENTITY : 0, mark, note, &found, why);
    if (!log) {
        MUST (strstr (why, "bets.log: ") == why); // it names the file
        return;
    }
    MUST (log_sequence (log) == found.first + found.count);
    MUST (log_settle (log) == 0);
    bool more = log_fits (log, 1, 100, false) == LOG_FITS;
    if (more) {
        append (log, 100);
        MUST (log_begin (log) == 0 && log_look (log) == 1);
    }
    memcpy (head, log_head (log), sizeof head);
    log_destroy (&log);

    again.believe = true;
    log = log_open (file->file, mark ? IDENTITY : 0, mark, note, &again, why);
    MUST (log && again.count == found.count + more);
    MUST (memcmp (head, log_head (log), sizeof head) == 0);
    MUST (!more || log_torn (log) == 0);
    log_destroy (&log);
}

/* Whatever is taken is what would be written; two that are taken are told apart. */
static void check_checkpoint (const uint8_t *data, size_t size)
{
    char why[LOG_WHY_BYTES];
    const char *torn;
    checkpoint_t checkpoint;
    checkpoint_draw_t draw;
    checkpoint_cursor_t cursor;
    checkpoint_rest_t rest;
    uint8_t *copy = malloc (size + 8), *again = malloc (size + CHECKPOINT_CURSOR_MAX);
    MUST (copy && again);
    memcpy (copy, data, size);
    if (size >= CHECKPOINT_BYTES) { // so that it gets behind the hash
        put_u64 (copy + 40, size);
        put_u64 (copy + size - 8, XXH3_64bits (copy, size - 8));
    }
    const bytes_t bytes = bytes_of (copy, size);
    if (checkpoint_get (bytes, &checkpoint, &rest) == 0) {
        uint8_t *at = checkpoint_put (again, &checkpoint);
        for (uint32_t i = 0; i < checkpoint.draws; i++) {
            MUST (checkpoint_get_draw (&rest.draws, &draw) == 0);
            at = checkpoint_put_draw (at, &draw);
        }
        while (checkpoint_get_cursor (&rest.cursors, &cursor) == 0)
            at = checkpoint_put_cursor (at, &cursor);
        MUST (checkpoint_close (again, at) == size && memcmp (again, copy, size) == 0);
    }
    checkpoint_choose (bytes, bytes_of (data, size / 2), &checkpoint, &rest, &torn,
                       why);
    checkpoint_choose (bytes_of (data, size / 2), bytes, &checkpoint, &rest, &torn,
                       why);
    free (copy);
    free (again);
}
