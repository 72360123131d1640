/* shelf.h - a log's files in memory, with the sales and the book that they make, and
   one draw, `first`, that is opened with it; and bets made up so that each can be told
   from all others. */

#ifndef LOTERIA_SHELF_H
#define LOTERIA_SHELF_H

#include "disk.h"
#include "testing.h"

#include "book.h"
#include "digest.h"

#define ROWS_BYTES_MAX (256 * 1024) /* of the rows that are made up at once */
#define SHELF_AGENCIES 16           /* whose digests are remembered */
#define SHELF_ROLL     15           /* of a draw */
#define SHELF_DRAW     "first"
#define SHELF_IDENTITY ((uint64_t) 0xD0) /* of the first draw; more are above */
#define SHELF_CSV      "draws/first/bets.csv"

typedef struct {
    disk_t *disk;
    disk_file_t *log, *index, *csv, *slots[2]; // of the disk, once the day was opened
    log_options_t options;
    bool bare;     // no draw is opened with it
    uint32_t kept; // draws that are over, if it is not 0
    sales_t *sales;
    sale_t *sale;       // `first`, while it is live
    cursors_t *cursors; // of it
    book_t *book;
    char why[BOOK_WHY_BYTES];
    int error; // errno of an opening that failed
} shelf_t;

static inline void shelf_init (shelf_t *shelf)
{
    *shelf = (shelf_t){.disk = disk_new (NULL)};
    disk_mount (shelf->disk);
}

/* As when the process is killed. */
static inline void shelf_close (shelf_t *shelf)
{
    book_destroy (&shelf->book);
    sales_destroy (&shelf->sales);
    shelf->sale = NULL;
    shelf->cursors = NULL;
}

static inline void shelf_free (shelf_t *shelf)
{
    shelf_close (shelf);
    disk_mount (NULL);
    disk_destroy (&shelf->disk);
}

static inline unsigned shelf_touches (const shelf_t *shelf)
{
    unsigned touches = 0;
    disk_file_t *file;
    for (size_t i = 0; (file = disk_at (shelf->disk, i)); i++)
        touches += disk_touches (file) + 1;
    return touches;
}

/* Where its files and its first draw are now. */
static inline void shelf_look (shelf_t *shelf)
{
    shelf->log = disk_find (shelf->disk, BOOK_LOG);
    shelf->index = disk_find (shelf->disk, BOOK_INDEX);
    shelf->csv = disk_find (shelf->disk, SHELF_CSV);
    shelf->slots[0] = disk_find (shelf->disk, CHECKPOINT_A);
    shelf->slots[1] = disk_find (shelf->disk, CHECKPOINT_B);
    shelf->sale = shelf->sales ? sales_find (shelf->sales, SHELF_IDENTITY) : NULL;
    shelf->cursors = shelf->sale ? shelf->sale->cursors : NULL;
}

static inline sale_terms_t shelf_terms (const char *name)
{
    sale_terms_t terms = {
        .agencies = SHELF_ROLL, .highest = 9999, .source = SOURCE_FIXED, .number = 3};
    strcpy (terms.name, name);
    return terms;
}

/* Open a draw; not committed. */
static inline sale_t *shelf_draw_with (shelf_t *shelf, uint64_t identity,
                                       const sale_terms_t *terms)
{
    sale_t *sale = NULL;
    record_t opened = sale_opening (identity, terms);
    assert_int_equal (book_open_draw (shelf->book, &opened, &sale), BOOK_FITS);
    assert_non_null (sale);
    shelf_look (shelf);
    return sale;
}

static inline sale_t *shelf_draw (shelf_t *shelf, uint64_t identity, const char *name)
{
    const sale_terms_t terms = shelf_terms (name);
    return shelf_draw_with (shelf, identity, &terms);
}

static inline void shelf_commit (shelf_t *shelf);

/* Start on the files. What is refused as no sound day is left as it was. */
static inline bool shelf_open (shelf_t *shelf)
{
    shelf_close (shelf);
    shelf->sales = sales_new ();
    if (shelf->kept > 0)
        sales_keep (shelf->sales, shelf->kept);
    strcpy (shelf->why, "?");
    const unsigned touches = shelf_touches (shelf);
    shelf->book = book_open ("day", &shelf->options, shelf->sales, shelf->why);
    shelf->error = shelf->book ? 0 : errno;
    shelf_look (shelf);
    if (!shelf->book && shelf->error == 0)
        assert_int_equal (shelf_touches (shelf), touches);
    assert_true ((shelf->book == NULL) == (shelf->why[0] != 0));
    return shelf->book != NULL;
}

static inline void shelf_start (shelf_t *shelf)
{
    if (!shelf_open (shelf))
        fail_msg ("%s", shelf->why);
    if (!shelf->bare && book_records (shelf->book) == 0) {
        shelf_draw (shelf, SHELF_IDENTITY, SHELF_DRAW);
        shelf_commit (shelf);
    }
}

/* The process is stopped, in order. */
static inline void shelf_stop (shelf_t *shelf)
{
    assert_int_equal (book_close (shelf->book), 0);
    shelf_close (shelf);
}

/* The number of a made-up bet, 0..9. */
static inline uint32_t shelf_number (uint32_t agency, uint64_t offset)
{
    return (uint32_t) ((agency * 3 + offset * 7 + offset / 10) % 10);
}

/* Bet `offset` of `agency` as a canonical row; its document tells which it is. */
static inline size_t shelf_row (char *at, uint32_t agency, uint64_t offset)
{
    static const char *const names[] = {"Ana,Paz", "\"O\"\"Hara, \"\"Bo\"\"\",Gil",
                                        "Lucía,Muñoz", "A,B"};
    return (size_t) sprintf (at, "%u,%s,%u%08llu,2000-01-01,%u\r\n", agency,
                             names[offset % 4], agency, (unsigned long long) offset,
                             shelf_number (agency, offset));
}

/* Bets [offset, offset + count) of `agency`; in memory of this function's own. */
static inline bytes_t shelf_rows (uint32_t agency, uint64_t offset, uint32_t count)
{
    static char rows[ROWS_BYTES_MAX];
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        assert_true (size + 128 < sizeof rows);
        size += shelf_row (rows + size, agency, offset + i);
    }
    return bytes_of (rows, size);
}

/* The digest of the agency's first `count` bets. Each is worked out once, row by row.
 */
static inline uint64_t shelf_digest (uint32_t agency, uint64_t count)
{
    static uint64_t *digests[SHELF_AGENCIES];
    static size_t known[SHELF_AGENCIES]; // entries: of 0, 1, 2, ... bets
    char row[128];
    assert_true (agency < SHELF_AGENCIES);
    if (known[agency] <= count) {
        const size_t wanted = (size_t) count + 4096;
        digests[agency] = realloc (digests[agency], wanted * sizeof (uint64_t));
        assert_non_null (digests[agency]);
        digests[agency][0] = 0;
        for (size_t i = known[agency] ? known[agency] : 1; i < wanted; i++) {
            const size_t size = shelf_row (row, agency, i - 1);
            const size_t prefix = strcspn (row, ",") + 1;
            digests[agency][i] = digest_row (
                digests[agency][i - 1], bytes_of (row + prefix, size - prefix - 2));
        }
        known[agency] = wanted;
    }
    return digests[agency][count];
}

/* Make it durable; and the checkpoint, if one is due. */
static inline void shelf_commit (shelf_t *shelf)
{
    assert_int_equal (book_begin (shelf->book, false), 0);
    assert_int_equal (book_gathered (shelf->book), 0);
    assert_int_equal (book_wait (shelf->book), 0);
    assert_int_equal (book_durable (shelf->book), book_records (shelf->book));
    for (int step = 0; step < 8; step++)
        assert_int_equal (book_look (shelf->book), 0);
}

/* Add a record to a draw; what was gathered before is committed if there is no room. */
static inline uint64_t shelf_put_to (shelf_t *shelf, sale_t *sale, record_t *record,
                                     bytes_t rows)
{
    const book_use_t use =
        record->kind == RECORD_BETS || record->kind == RECORD_CANCELLED ? BOOK_BETS
                                                                        : BOOK_EVENT;
    book_t *book = shelf->book;
    while (book_reserve (book, sale, record->kind, rows.size, use) == BOOK_LATER)
        shelf_commit (shelf);
    assert_int_equal (book_reserve (book, sale, record->kind, rows.size, use),
                      BOOK_FITS);
    const uint64_t sequence = book_append (book, sale, record, rows);
    assert_int_equal (record->size, rows.size);
    return sequence;
}

static inline uint64_t shelf_put (shelf_t *shelf, record_t *record, bytes_t rows)
{
    return shelf_put_to (shelf, shelf->sale, record, rows);
}

/* Add the agency's next bets in a draw, or its seal when there are none; not committed.
   Returns the record's sequence. */
static inline uint64_t shelf_append_to (shelf_t *shelf, sale_t *sale, uint32_t agency,
                                        uint32_t count)
{
    const cursor_t *cursor = cursors_admit (sale->cursors, agency);
    record_t record = cursor_record (cursor, count);
    const bytes_t rows = shelf_rows (agency, cursor->at.next, count);
    if (count == 0)
        record = (record_t){.kind = RECORD_SEALED,
                            .agency = agency,
                            .offset = cursor->at.next,
                            .jump = cursor->at.cancelled,
                            .digest = cursor->at.digest};
    digest_rows (&record.digest, rows, digest_prefix (agency));
    return shelf_put_to (shelf, sale, &record, rows);
}

static inline uint64_t shelf_append (shelf_t *shelf, uint32_t agency, uint32_t count)
{
    return shelf_append_to (shelf, shelf->sale, agency, count);
}

/* Cancel a bet; not committed. */
static inline uint64_t shelf_cancel (shelf_t *shelf, sale_t *sale, uint32_t agency,
                                     uint64_t offset)
{
    const cursor_t *cursor = cursors_find (sale->cursors, agency);
    uint8_t row[CANCELLED_ROW_BYTES_MAX];
    const int64_t size = archive_cancelled_row (
        book_archive (shelf->book), sale->folder, cursor->at.last, offset, row);
    assert_true (size > 0);
    record_t record = cursor_cancel_record (cursor, offset);
    return shelf_put_to (shelf, sale, &record, bytes_of (row, (size_t) size));
}

/* Add an event of a draw, with its note; not committed. */
static inline uint64_t shelf_event (shelf_t *shelf, sale_t *sale, uint8_t kind,
                                    uint32_t agency, const char *note)
{
    char line[NOTE_BYTES_MAX + 2] = "";
    record_t record = {.kind = kind,
                       .agency = agency,
                       .number = kind == RECORD_DRAWN ? sale->terms.number : 0};
    if (note && note[0] && sale_rows_of (kind) == ROWS_NOTES)
        snprintf (line, sizeof line, "%s\n", note);
    return shelf_put_to (shelf, sale, &record, bytes_of (line, strlen (line)));
}

static inline bool shelf_sealed (const shelf_t *shelf, uint32_t agency)
{
    const cursor_t *cursor =
        shelf->cursors ? cursors_find (shelf->cursors, agency) : NULL;
    return cursor && cursor_sealed (cursor);
}

static inline uint64_t shelf_next (const shelf_t *shelf, uint32_t agency)
{
    const cursor_t *cursor =
        shelf->cursors ? cursors_find (shelf->cursors, agency) : NULL;
    return cursor ? cursor->at.next : 0;
}

/* The draw's bets.csv holds of each agency's bets those from 0 to the cursor's next,
   once and in order, and nothing else. */
static inline void shelf_check_draw (const shelf_t *shelf, const sale_t *sale,
                                     uint32_t agencies)
{
    uint64_t next[16] = {0};
    char expected[128], path[FOLDERS_PATH_BYTES];
    size_t at = 0;
    assert_true (agencies < 16);
    folders_path (sale->terms.name, FOLDERS_BETS, path);
    const bytes_t csv = disk_cached (shelf->disk, path);
    while (at < csv.size) {
        const uint32_t agency = (uint32_t) strtoul ((char *) csv.data + at, NULL, 10);
        assert_true (agency >= 1 && agency <= agencies);
        const size_t size = shelf_row (expected, agency, next[agency]++);
        assert_true (size <= csv.size - at);
        assert_memory_equal (csv.data + at, expected, size);
        at += size;
    }
    for (uint32_t agency = 1; agency <= agencies; agency++) {
        const cursor_t *cursor = cursors_find (sale->cursors, agency);
        assert_int_equal (next[agency], cursor ? cursor->at.next : 0);
        if (cursor)
            assert_true (cursor->at.digest == shelf_digest (agency, next[agency]));
    }
}

/* The first draw's, if it has been opened. */
static inline void shelf_check (const shelf_t *shelf, uint32_t agencies)
{
    if (shelf->sale)
        shelf_check_draw (shelf, shelf->sale, agencies);
}

#endif
