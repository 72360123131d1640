/* winners.c - the search for winners. Storage.

   A page's cursor is a record's index and a row in it: index << 16 | row. Zero begins.
 */

#include "winners.h"

#include <assert.h>
#include <stdlib.h>

#include "bet_csv.h"
#include "needle.h"

#define RECORDS_A_TIME   1024
#define RECORDS_PER_PAGE (1024 * 1024)
#define STRETCH_BYTES    (256 * 1024) // of rows that are read at a time
#define FOLLOWED_MAX     4096 // records of an agency that are followed one by one,
#define FOLLOWED_WORTH   8    // if so many others lie between them

typedef struct { // for one page
    winners_t *winners;
    uint64_t begin, end; // indexes of records: where it may have something
    bool over;
    bool knows; // which records to look at
    needle_t needle;
    size_t documents_size;
    uint64_t scanned;
} search_t;

typedef struct { // over the records, for some pages
    archive_t *archive;
    search_t *searches;
    size_t count, open;
    uint8_t *rows; // STORE_BYTES_MAX
    folder_t *folder;
    uint64_t position, end; // of these rows in its bets.csv: of one record, or several
} pass_t;

static void begin (search_t *search, winners_t *winners);
static bool worth_following (const search_t *search);
static int follow (pass_t *pass);
static int read_own (pass_t *pass, const search_t *search, record_t *records,
                     uint64_t *indexes, size_t *count);
static int search_all (pass_t *pass);
static uint64_t next_record (const pass_t *pass, uint64_t index);
static int search_record (pass_t *pass, uint64_t index, const record_t *record,
                          const record_t *end);
static void end_page (pass_t *pass, search_t *search, uint64_t next);
static bool wanted (const pass_t *pass, const record_t *record);
static bool is_of (const search_t *search, const record_t *record);
static int read_rows (pass_t *pass, folder_t *folder, const record_t *record,
                      const record_t *end, bytes_t *rows);
static bool search_rows (search_t *search, const record_t *record, bytes_t rows,
                         uint32_t from_row, uint32_t *next_row);
static bool counts (const search_t *search, const record_t *record, bytes_t rows,
                    const uint8_t *row);
static const uint8_t *row_at (bytes_t rows, uint32_t row);
static bool add_document (search_t *search, bytes_t row);

int winners_find (archive_t *archive, winners_t *winners, size_t count)
{
    pass_t pass = {.archive = archive};
    pass.searches = calloc (count, sizeof *pass.searches);
    pass.rows = malloc (STORE_BYTES_MAX);
    assert (pass.searches && pass.rows);
    search_t *const all = pass.searches;
    int rc = 0;
    size_t followed = count; // those from here on
    for (size_t i = 0; i < count; i++) {
        search_t search = {0};
        begin (&search, &winners[i]);
        all[worth_following (&search) ? --followed : pass.count++] = search;
    }
    pass.open = pass.count;
    if (pass.count > 0)
        rc = search_all (&pass);
    pass.count = 1;
    for (size_t i = followed; i < count && rc == 0; i++) {
        pass.searches = &all[i];
        pass.open = 1;
        rc = follow (&pass);
    }
    for (size_t i = 0; i < count; i++)
        all[i].winners->page.documents =
            bytes_of (all[i].winners->documents, all[i].documents_size);
    free (pass.rows);
    free (all);
    return rc;
}

/* An agency's bets lie between the record that opened the draw and its last one. */
static void begin (search_t *search, winners_t *winners)
{
    const uint64_t from = winners->page.cursor >> 16;
    search->winners = winners;
    search->begin = from > winners->sale->opened ? from : winners->sale->opened;
    search->end = winners->agency->at.last;
    search->needle = needle_of (winners->page.number);
    search->knows = hits_known (&winners->sale->hits, winners->page.number);
    winners->page.count = 0;
    winners->page.next = 0;
}

static bool worth_following (const search_t *search)
{
    const uint64_t own = search->winners->agency->at.ordinal;
    return search->begin < search->end && own <= FOLLOWED_MAX &&
           search->end - search->begin > own * FOLLOWED_WORTH;
}

/* One search, over its agency's own records. */
static int follow (pass_t *pass)
{
    const search_t *search = pass->searches;
    size_t count = search->winners->agency->at.ordinal;
    record_t *records = malloc ((count + 1) * sizeof *records);
    uint64_t *indexes = malloc ((count + 1) * sizeof *indexes);
    assert (records && indexes);
    int rc = read_own (pass, search, records, indexes, &count);
    for (size_t i = 0; i < count && rc == 0 && pass->open > 0; i++)
        rc = search_record (pass, indexes[i], &records[i], &records[count]);
    free (records);
    free (indexes);
    return rc;
}

/* From its last one back to where the page begins; in the order in which they lie. */
static int read_own (pass_t *pass, const search_t *search, record_t *records,
                     uint64_t *indexes, size_t *count)
{
    const size_t room = *count;
    size_t first = room;
    uint64_t sequence = search->end;
    while (first > 0 && sequence > search->begin) {
        record_t *record = &records[first - 1];
        const int got =
            archive_read (pass->archive, (uint32_t) sequence - 1, 1, record);
        if (got != 1)
            return -1;
        indexes[--first] = sequence - 1;
        sequence = record->previous;
    }
    *count = room - first;
    memmove (records, records + first, *count * sizeof *records);
    memmove (indexes, indexes + first, *count * sizeof *indexes);
    return 0;
}

/* Only what is between an open page's beginning and its end is read. */
static int search_all (pass_t *pass)
{
    record_t *records = malloc (RECORDS_A_TIME * sizeof *records);
    assert (records);
    uint64_t first = 0, end = 0; // of `records`
    uint64_t index = next_record (pass, 0);
    int rc = 0;
    while (rc == 0 && index != UINT64_MAX) {
        if (index >= end) {
            const int got =
                archive_read (pass->archive, (uint32_t) index, RECORDS_A_TIME, records);
            if (got <= 0) {
                rc = -1;
                break;
            }
            first = index;
            end = index + (uint64_t) got;
        }
        rc =
            search_record (pass, index, &records[index - first], &records[end - first]);
        index = next_record (pass, index + 1);
    }
    free (records);
    return rc;
}

/* The first from `index` on that an open page may have something of, as far as is
   known; UINT64_MAX: there is none. */
static uint64_t next_record (const pass_t *pass, uint64_t index)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < pass->count; i++) {
        const search_t *search = &pass->searches[i];
        const uint64_t own =
            hits_from (&search->winners->sale->hits, search->winners->page.number,
                       search->begin > index ? search->begin : index);
        if (!search->over && own < search->end && own < next)
            next = own;
    }
    return next;
}

/* For each page that has come so far and goes on: whether it ends here, else what the
   record has for it. */
static int search_record (pass_t *pass, uint64_t index, const record_t *record,
                          const record_t *end)
{
    bytes_t rows = {0};
    for (size_t i = 0; i < pass->count; i++) {
        search_t *search = &pass->searches[i];
        const uint64_t cursor = search->winners->page.cursor;
        if (search->over || index < search->begin || index >= search->end)
            continue;
        if (index >= search->begin + RECORDS_PER_PAGE ||
            search->scanned >= WINNERS_SCAN_BYTES) {
            end_page (pass, search, index << 16);
            continue;
        }
        if (!is_of (search, record))
            continue;
        if (!rows.data &&
            read_rows (pass, search->winners->sale->folder, record, end, &rows) == -1)
            return -1;
        uint32_t next_row;
        if (!search_rows (search, record, rows,
                          index == cursor >> 16 ? cursor & 0xFFFF : 0, &next_row))
            end_page (pass, search, index << 16 | next_row);
    }
    return 0;
}

static void end_page (pass_t *pass, search_t *search, uint64_t next)
{
    search->winners->page.next = next;
    search->over = true;
    pass->open--;
}

/* For who goes through all of them. */
static bool wanted (const pass_t *pass, const record_t *record)
{
    bool wanted = false;
    for (size_t i = 0; i < pass->count && !wanted; i++)
        wanted = !pass->searches[i].over && !pass->searches[i].knows &&
                 is_of (&pass->searches[i], record);
    return wanted;
}

static bool is_of (const search_t *search, const record_t *record)
{
    return record->kind == RECORD_BETS &&
           record->agency == search->winners->agency->at.agency &&
           record->draw == search->winners->sale->identity;
}

/* The rows of a record. Those right behind them are read with them, as long as they are
   wanted too: a call for each record's 8 KiB takes twice as long. */
static int read_rows (pass_t *pass, folder_t *folder, const record_t *record,
                      const record_t *end, bytes_t *rows)
{
    if (folder != pass->folder || record->position < pass->position ||
        record->position + record->size > pass->end) {
        pass->folder = folder;
        pass->position = record->position;
        pass->end = record->position + record->size;
        for (const record_t *next = record + 1; next < end; next++) {
            if (next->draw != record->draw || next->kind != RECORD_BETS)
                continue; // its rows are in another file
            if (next->position != pass->end || !wanted (pass, next) ||
                pass->end + next->size - pass->position > STRETCH_BYTES)
                break;
            pass->end += next->size;
        }
        if (archive_read_bytes (pass->archive, folder, pass->position,
                                (size_t) (pass->end - pass->position),
                                pass->rows) == -1)
            return -1;
    }
    *rows = bytes_of (pass->rows + (record->position - pass->position), record->size);
    return archive_check_rows (pass->archive, folder, record, rows->data);
}

/* False when the page is full: the row that had no room is the next one's first. */
static bool search_rows (search_t *search, const record_t *record, bytes_t rows,
                         uint32_t from_row, uint32_t *next_row)
{
    size_t from = (size_t) (row_at (rows, from_row) - rows.data);
    bytes_t row;
    search->scanned += rows.size;
    while ((row = needle_find (&search->needle, rows, from)).data) {
        const size_t before = (size_t) (row.data - rows.data);
        from = before + row.size;
        if (counts (search, record, rows, row.data) && !add_document (search, row)) {
            *next_row = (uint32_t) bytes_count (bytes_of (rows.data, before), '\n');
            return false;
        }
    }
    return true;
}

/* Whether the bet was not cancelled. */
static bool counts (const search_t *search, const record_t *record, bytes_t rows,
                    const uint8_t *row)
{
    const cancelled_t *cancelled = &search->winners->cancelled;
    const bytes_t before = bytes_of (rows.data, (size_t) (row - rows.data));
    return cancelled->count == 0 ||
           !cancels_have (cancelled, record->offset + bytes_count (before, '\n'));
}

static const uint8_t *row_at (bytes_t rows, uint32_t row)
{
    const uint8_t *at = rows.data, *end = rows.data + rows.size;
    while (row > 0 && at < end) {
        const uint8_t *line_end = memchr (at, '\n', (size_t) (end - at));
        at = line_end ? line_end + 1 : end;
        row--;
    }
    return at;
}

/* False when the page has no room for it. */
static bool add_document (search_t *search, bytes_t row)
{
    uint8_t scratch[ROW_BYTES_MAX];
    uint32_t agency;
    bet_t bet;
    const int rc = bet_csv_next (&row, scratch, &agency, &bet);
    if (rc != 1 || bet.document.size > DOCUMENT_BYTES_MAX)
        return true; // no row of ours; what storage was sent was sound
    if (search->documents_size + bet.document.size + 1 > WINNERS_PAGE_BYTES)
        return false;
    uint8_t *at = search->winners->documents + search->documents_size;
    *put_bytes (at, bet.document) = '\n';
    search->documents_size += bet.document.size + 1;
    search->winners->page.count++;
    return true;
}
