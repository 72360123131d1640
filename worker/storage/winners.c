/* winners.c - the search for winners. Storage.

   A cursor is a record's index and a row in it: index << 16 | row. Zero begins. */

#include "winners.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bet_csv.h"

#define RECORDS_A_TIME   1024
#define RECORDS_PER_PAGE (1024 * 1024)

#define LANES  16 // bytes that are compared at once, on any processor
#define STRIDE 64 // bytes between two questions whether there was anything
typedef uint8_t lanes_t __attribute__ ((vector_size (LANES)));
typedef uint64_t words_t __attribute__ ((vector_size (LANES)));

typedef struct {
    book_t *book;
    wire_winners_t *page;
    uint8_t *documents;
    size_t documents_size;
    char needle[1 + NUMBER_DIGITS_MAX + 2 + 1]; // ,7574 CRLF
    size_t needle_size;
    uint64_t scanned;
    uint8_t *rows; // STORE_BYTES_MAX
} search_t;

static int search_records (search_t *search, uint32_t agency);
static int search_record (search_t *search, uint32_t index, const record_t *record,
                          uint32_t from_row);
static const uint8_t *find_number (const search_t *search, const uint8_t *at,
                                   const uint8_t *end);
static bool worth_a_look (const search_t *search, const uint8_t *at);
static const uint8_t *row_at (bytes_t rows, uint32_t row);
static bool add_document (search_t *search, bytes_t row);

int winners_page (book_t *book, uint32_t agency, wire_winners_t *page,
                  uint8_t *documents)
{
    search_t search = {.book = book, .page = page, .documents = documents};
    search.needle_size = (size_t) snprintf (search.needle, sizeof search.needle,
                                            ",%u\r\n", page->number);
    search.rows = malloc (STORE_BYTES_MAX);
    assert (search.rows);
    page->count = 0;
    page->next = 0;
    const int rc = search_records (&search, agency);
    page->documents = bytes_of (documents, search.documents_size);
    free (search.rows);
    return rc;
}

static int search_records (search_t *search, uint32_t agency)
{
    const uint64_t cursor = search->page->cursor;
    uint64_t index = cursor >> 16;
    const uint64_t end_of_page = index + RECORDS_PER_PAGE;
    const uint32_t count = book_records (search->book);
    record_t *records = malloc (RECORDS_A_TIME * sizeof *records);
    assert (records);
    int rc = 0;
    while (rc == 0 && search->page->next == 0 && index < count) {
        const int got =
            book_read (search->book, (uint32_t) index, RECORDS_A_TIME, records);
        if (got == -1)
            rc = -1;
        for (int i = 0; i < got && rc == 0 && search->page->next == 0; i++, index++)
            if (index >= end_of_page || search->scanned >= WINNERS_SCAN_BYTES)
                search->page->next = index << 16;
            else if (records[i].agency == agency && records[i].kind == RECORD_BETS)
                rc = search_record (search, (uint32_t) index, &records[i],
                                    index == cursor >> 16 ? cursor & 0xFFFF : 0);
    }
    free (records);
    return rc;
}

/* The number is a row's last field: `,number CRLF` occurs nowhere else, as a quoted
   field is followed by a comma and no field holds a line end. */
static int search_record (search_t *search, uint32_t index, const record_t *record,
                          uint32_t from_row)
{
    if (book_read_rows (search->book, record, search->rows) == -1)
        return -1;
    const bytes_t rows = bytes_of (search->rows, record->size);
    const uint8_t *at = row_at (rows, from_row), *end = rows.data + rows.size, *hit;
    search->scanned += record->size;
    while ((hit = find_number (search, at, end))) {
        const uint8_t *before = memrchr (rows.data, '\n', (size_t) (hit - rows.data));
        const uint8_t *row = before ? before + 1 : rows.data;
        at = hit + search->needle_size;
        if (!add_document (search, bytes_of (row, (size_t) (at - row)))) {
            search->page->next =
                (uint64_t) index << 16 |
                bytes_count (bytes_of (rows.data, (size_t) (row - rows.data)), '\n');
            break;
        }
    }
    return 0;
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
        return true; // no row of ours; its hash says it is what was stored
    if (search->documents_size + bet.document.size + 1 > WINNERS_PAGE_BYTES)
        return false;
    uint8_t *at = search->documents + search->documents_size;
    *put_bytes (at, bet.document) = '\n';
    search->documents_size += bet.document.size + 1;
    search->page->count++;
    return true;
}
