/* trail.c - the way along an agency's records, forward. Storage.

   A record's jump goes to the one whose ordinal is its own with the lowest set bit
   cleared. So the records that are waiting, each before the one it was found by, are
   those that lie behind what was handed out, and are at most 32 * 33 / 2. */

#include "trail.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define WAITING_MAX   600
#define PAGE_RECORDS  64          // of the index, that are read together
#define PAGES         8           // that are kept: the way leads back and forth
#define DENSE         16          // one of so many records is the agency's, at least
#define SMALL_BYTES   4096        // rows that are worth reading with their neighbours
#define STRETCH_BYTES (32 * 1024) // so many together

typedef struct {
    uint32_t sequence;
    record_t record;
} place_t;

typedef struct { // of the index
    uint32_t first, count;
    uint8_t records[PAGE_RECORDS * RECORD_BYTES]; // of anybody's; few are looked at
} page_t;

struct trail {
    archive_t *archive;
    const sale_t *sale;
    uint32_t agency;
    bool dense;      // its records are close together
    bool begun;      // the first piece was handed out
    uint64_t next;   // the offset that comes next
    uint32_t passed; // the sequence of a record: it and those before it are behind us
    uint32_t first;  // the agency's first that is still ahead; 0: none
    place_t *waiting;
    size_t count, capacity;
    page_t pages[PAGES]; // by their place in the index
    uint8_t *rows;       // STORE_BYTES_MAX
    uint64_t position;
    size_t size;
};

static int come_to_next (trail_t *trail);
static int wait_for (trail_t *trail, uint32_t sequence);
static int read_record (trail_t *trail, uint32_t sequence, record_t *record);
static const page_t *page_of (trail_t *trail, uint32_t index);
static bool fits (const trail_t *trail, const place_t *place);
static int read_rows (trail_t *trail, const record_t *record, bytes_t *rows);

trail_t *trail_new (archive_t *archive, const sale_t *sale, const cursor_t *agency,
                    uint64_t from)
{
    trail_t *trail = calloc (1, sizeof *trail);
    assert (trail);
    trail->archive = archive;
    trail->sale = sale;
    trail->agency = agency->at.agency;
    trail->dense = (uint64_t) agency->at.ordinal * DENSE >=
                   (uint64_t) agency->at.last - sale->opened;
    trail->next = from;
    trail->first = from < agency->at.next ? agency->at.last : 0;
    trail->rows = malloc (STORE_BYTES_MAX);
    assert (trail->rows);
    return trail;
}

void trail_destroy (trail_t **trail)
{
    if (*trail) {
        free ((*trail)->waiting);
        free ((*trail)->rows);
        free (*trail);
    }
    *trail = NULL;
}

int trail_next (trail_t *trail, trail_piece_t *piece)
{
    if (trail->first != 0) {
        const uint32_t last = trail->first;
        trail->first = 0;
        if (wait_for (trail, last) == -1)
            return -1;
    }
    if (trail->count == 0)
        return 0;
    if (come_to_next (trail) == -1)
        return -1;
    const place_t *place = &trail->waiting[--trail->count];
    const record_t *record = &place->record;
    if (read_rows (trail, record, &piece->rows) == -1)
        return -1;
    const uint64_t before = trail->next - record->offset;
    if (before >= record->count || (before > 0 && trail->begun))
        return archive_record_damaged (trail->archive, place->sequence);
    trail->begun = true;
    piece->sequence = place->sequence;
    piece->offset = trail->next;
    piece->count = record->count - (uint32_t) before;
    const size_t passed = bytes_of_lines (piece->rows, before);
    piece->rows = bytes_of (piece->rows.data + passed, piece->rows.size - passed);
    trail->next = record->offset + record->count;
    trail->passed = place->sequence;
    return 1;
}

/* Until the first that is waiting holds the bet that comes next. What lies before that
   bet at the end of a jump was never waited for. */
static int come_to_next (trail_t *trail)
{
    for (;;) {
        const place_t *place = &trail->waiting[trail->count - 1];
        const uint32_t previous = place->record.previous, jump = place->record.jump;
        if (place->record.offset <= trail->next)
            return 0;
        if (wait_for (trail, jump > trail->passed ? jump : previous) == -1)
            return -1;
        place = &trail->waiting[trail->count - 1];
        if (place->record.offset + place->record.count <= trail->next) {
            trail->passed = place->sequence;
            trail->count--;
        }
    }
}

/* It lies before the one that waits already: whatever the files hold, there is an end.
 */
static int wait_for (trail_t *trail, uint32_t sequence)
{
    if (trail->count == trail->capacity) {
        trail->capacity = 2 * trail->capacity + 32;
        trail->waiting =
            realloc (trail->waiting, trail->capacity * sizeof *trail->waiting);
        assert (trail->waiting);
    }
    place_t *place = &trail->waiting[trail->count];
    place->sequence = sequence;
    if (sequence <= trail->passed || trail->count >= WAITING_MAX)
        return archive_record_damaged (trail->archive, sequence);
    if (read_record (trail, sequence, &place->record) == -1)
        return -1;
    if (!fits (trail, place))
        return archive_record_damaged (trail->archive, sequence);
    trail->count++;
    return 0;
}

static int read_record (trail_t *trail, uint32_t sequence, record_t *record)
{
    const uint32_t index = sequence - 1;
    const page_t *page = page_of (trail, index);
    if (!page)
        return -1;
    const uint32_t at = index - page->first;
    if (at >= page->count)
        return archive_record_damaged (trail->archive, sequence);
    return archive_decode (trail->archive, index,
                           page->records + (size_t) at * RECORD_BYTES, record);
}

/* NULL: it cannot be read. Where the agency's records lie far apart it is just the one.
 */
static const page_t *page_of (trail_t *trail, uint32_t index)
{
    const uint32_t size = trail->dense ? PAGE_RECORDS : 1;
    page_t *page = &trail->pages[index / size % PAGES];
    if (index - page->first < page->count)
        return page;
    page->first = index - index % size;
    const int got =
        archive_read_encoded (trail->archive, page->first, size, page->records);
    page->count = got > 0 ? (uint32_t) got : 0;
    return got == -1 ? NULL : page;
}

static bool fits (const trail_t *trail, const place_t *place)
{
    const record_t *record = &place->record;
    const place_t *later = trail->count > 0 ? place - 1 : NULL;
    return record->kind == RECORD_BETS && record->draw == trail->sale->identity &&
           record->agency == trail->agency &&
           (!later || (place->sequence < later->sequence &&
                       record->offset + record->count <= later->record.offset));
}

/* Of many small records the rows are read together, those of others among them. */
static int read_rows (trail_t *trail, const record_t *record, bytes_t *rows)
{
    folder_t *folder = trail->sale->folder;
    const uint64_t end = folder_end (folder, ROWS_BETS);
    if (record->position < trail->position ||
        record->position + record->size > trail->position + trail->size) {
        trail->position = record->position;
        trail->size = record->size;
        if (trail->dense && record->size < SMALL_BYTES &&
            record->position + record->size <= end)
            trail->size = end - record->position < STRETCH_BYTES
                              ? (size_t) (end - record->position)
                              : STRETCH_BYTES;
        if (archive_read_bytes (trail->archive, folder, trail->position, trail->size,
                                trail->rows) == -1) {
            trail->size = 0;
            return -1;
        }
    }
    *rows = bytes_of (trail->rows + (record->position - trail->position), record->size);
    return archive_check_rows (trail->archive, folder, record, rows->data);
}
