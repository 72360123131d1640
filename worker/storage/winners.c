/* winners.c - the search for winners. Storage.

   A cursor is a record's index and a row in it: index << 16 | row. Zero begins. */

#include "winners.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "bet_csv.h"

#define RECORDS_A_TIME   1024
#define RECORDS_PER_PAGE (1024 * 1024)
#define STRETCH_BYTES    (256 * 1024) // of rows that are read at a time

#define LANES  16 // bytes that are compared at once, on any processor
#define STRIDE 64 // bytes between two questions whether there was anything
typedef uint8_t lanes_t __attribute__ ((vector_size (LANES)));
typedef uint64_t words_t __attribute__ ((vector_size (LANES)));

typedef struct { // for one page
    winners_t *winners;
    bool over;
    char needle[1 + NUMBER_DIGITS_MAX + 2 + 1]; // ,7574 CRLF
    size_t needle_size;
    size_t documents_size;
    uint64_t scanned;
} search_t;

typedef struct { // over the book, for all pages
    archive_t *archive;
    search_t *searches;
    size_t count, open;
    uint8_t *rows; // STORE_BYTES_MAX
    uint64_t position,
        end; // of these rows in bets.csv: of one record, or several in a row
} pass_t;

static void begin (search_t *search, winners_t *winners);
static int search_book (pass_t *pass);
static uint64_t next_record (const pass_t *pass, uint64_t index);
static int search_record (pass_t *pass, uint64_t index, const record_t *record,
                          const record_t *end);
static void end_page (pass_t *pass, search_t *search, uint64_t next);
static bool wanted (const pass_t *pass, const record_t *record);
static int read_rows (pass_t *pass, const record_t *record, const record_t *end,
                      bytes_t *rows);
static bool search_rows (search_t *search, bytes_t rows, uint32_t from_row,
                         uint32_t *next_row);
static const uint8_t *find_number (const search_t *search, const uint8_t *at,
                                   const uint8_t *end);
static bool worth_a_look (const search_t *search, const uint8_t *at);
static const uint8_t *row_at (bytes_t rows, uint32_t row);
static bool add_document (search_t *search, bytes_t row);

int winners_find (archive_t *archive, winners_t *winners, size_t count)
{
    pass_t pass = {.archive = archive, .count = count, .open = count};
    pass.searches = calloc (count, sizeof *pass.searches);
    pass.rows = malloc (STORE_BYTES_MAX);
    assert (pass.searches && pass.rows);
    for (size_t i = 0; i < count; i++)
        begin (&pass.searches[i], &winners[i]);
    const int rc = search_book (&pass);
    for (size_t i = 0; i < count; i++)
        winners[i].page.documents =
            bytes_of (winners[i].documents, pass.searches[i].documents_size);
    free (pass.rows);
    free (pass.searches);
    return rc;
}

static void begin (search_t *search, winners_t *winners)
{
    search->winners = winners;
    search->needle_size = (size_t) snprintf (search->needle, sizeof search->needle,
                                             ",%u\r\n", winners->page.number);
    winners->page.count = 0;
    winners->page.next = 0;
}

/* Only what is between an open page's beginning and its end is read. */
static int search_book (pass_t *pass)
{
    const uint32_t count = archive_end (pass->archive)->records;
    record_t *records = malloc (RECORDS_A_TIME * sizeof *records);
    assert (records);
    uint64_t first = 0, end = 0; // of `records`
    uint64_t index = next_record (pass, 0);
    int rc = 0;
    while (rc == 0 && index < count) {
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
        const size_t open = pass->open;
        rc =
            search_record (pass, index, &records[index - first], &records[end - first]);
        index++;
        if (pass->open < open || index == end)
            index = next_record (pass, index);
    }
    free (records);
    return rc;
}

/* The first from `index` on that an open page may have something of. */
static uint64_t next_record (const pass_t *pass, uint64_t index)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < pass->count; i++) {
        const search_t *search = &pass->searches[i];
        const uint64_t begin = search->winners->page.cursor >> 16;
        const uint64_t own = begin > index ? begin : index;
        if (!search->over && own < next)
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
        if (search->over || index < cursor >> 16)
            continue;
        if (index >= (cursor >> 16) + RECORDS_PER_PAGE ||
            search->scanned >= WINNERS_SCAN_BYTES) {
            end_page (pass, search, index << 16);
            continue;
        }
        if (record->kind != RECORD_BETS || record->agency != search->winners->agency)
            continue;
        if (!rows.data && read_rows (pass, record, end, &rows) == -1)
            return -1;
        uint32_t next_row;
        if (!search_rows (search, rows, index == cursor >> 16 ? cursor & 0xFFFF : 0,
                          &next_row))
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

static bool wanted (const pass_t *pass, const record_t *record)
{
    bool wanted = false;
    for (size_t i = 0; i < pass->count && record->kind == RECORD_BETS && !wanted; i++)
        wanted = !pass->searches[i].over &&
                 pass->searches[i].winners->agency == record->agency;
    return wanted;
}

/* The rows of a record. Those of the records right behind it are read with them, as
   long as they are wanted too: a call for each record's 8 KiB takes twice as long. */
static int read_rows (pass_t *pass, const record_t *record, const record_t *end,
                      bytes_t *rows)
{
    if (record->position < pass->position ||
        record->position + record->size > pass->end) {
        const record_t *next = record + 1;
        pass->position = record->position;
        pass->end = record->position + record->size;
        while (next < end && next->position == pass->end && wanted (pass, next) &&
               pass->end + next->size - pass->position <= STRETCH_BYTES)
            pass->end += next++->size;
        if (archive_read_unchecked (pass->archive, record, (size_t) (next - record),
                                    pass->rows) == -1)
            return -1;
    }
    *rows = bytes_of (pass->rows + (record->position - pass->position), record->size);
    return archive_check_rows (pass->archive, record, rows->data);
}

/* The number is a row's last field: `,number CRLF` occurs nowhere else, as a quoted
   field is followed by a comma and no field holds a line end. False when the page is
   full: the row that had no room is the next one's first. */
static bool search_rows (search_t *search, bytes_t rows, uint32_t from_row,
                         uint32_t *next_row)
{
    const uint8_t *at = row_at (rows, from_row), *end = rows.data + rows.size, *hit;
    search->scanned += rows.size;
    while ((hit = find_number (search, at, end))) {
        const uint8_t *before = memrchr (rows.data, '\n', (size_t) (hit - rows.data));
        const uint8_t *row = before ? before + 1 : rows.data;
        at = hit + search->needle_size;
        if (!add_document (search, bytes_of (row, (size_t) (at - row)))) {
            *next_row = (uint32_t) bytes_count (
                bytes_of (rows.data, (size_t) (row - rows.data)), '\n');
            return false;
        }
    }
    return true;
}

/* Where `,number CRLF` is next; NULL: nowhere. Several times as fast as memmem ()
   alone, which is asked about the few places that are worth it. */
static const uint8_t *find_number (const search_t *search, const uint8_t *at,
                                   const uint8_t *end)
{
    const size_t size = search->needle_size;
    while ((size_t) (end - at) >= STRIDE + size) {
        if (worth_a_look (search, at)) {
            const uint8_t *hit = memmem (at, STRIDE + size - 1, search->needle, size);
            if (hit)
                return hit;
        }
        at += STRIDE;
    }
    return memmem (at, (size_t) (end - at), search->needle, size);
}

/* Whether the number's comma, first and last digit stand in their places behind any of
   the next STRIDE bytes. */
static bool worth_a_look (const search_t *search, const uint8_t *at)
{
    const size_t last = search->needle_size - sizeof "\r\n"; // the last digit's place
    words_t there = {0};
    for (size_t i = 0; i < STRIDE; i += LANES) {
        lanes_t comma, first_digit, last_digit;
        memcpy (&comma, at + i, LANES);
        memcpy (&first_digit, at + i + 1, LANES);
        memcpy (&last_digit, at + i + last, LANES);
        there |= (words_t) ((comma == (uint8_t) search->needle[0]) &
                            (first_digit == (uint8_t) search->needle[1]) &
                            (last_digit == (uint8_t) search->needle[last]));
    }
    return (there[0] | there[1]) != 0;
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
