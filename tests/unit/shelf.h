/* shelf.h - storage's two files in memory, with the ledger and the book that they make;
   and bets made up so that each can be told from all others. */

#ifndef LOTERIA_SHELF_H
#define LOTERIA_SHELF_H

#include "disk.h"
#include "testing.h"

#include "book.h"
#include "digest.h"
#include "ledger.h"

#define ROWS_BYTES_MAX (256 * 1024) /* of the rows that are made up at once */
#define SHELF_AGENCIES 16           /* whose digests are remembered */

typedef struct {
    disk_t *disk;
    disk_file_t *csv, *journal; // of the disk
    ledger_t *ledger;
    book_t *book;
    char why[JOURNAL_WHY_BYTES];
} shelf_t;

static inline void shelf_init (shelf_t *shelf)
{
    *shelf = (shelf_t){0};
    shelf->disk = disk_new (NULL);
    shelf->csv = disk_file (shelf->disk, "bets.csv");
    shelf->journal = disk_file (shelf->disk, "bets.journal");
}

static inline void shelf_close (shelf_t *shelf)
{
    book_destroy (&shelf->book);
    ledger_destroy (&shelf->ledger);
}

static inline void shelf_free (shelf_t *shelf)
{
    shelf_close (shelf);
    disk_destroy (&shelf->disk);
}

static inline void shelf_found (void *context, uint32_t index, const record_t *record)
{
    ledger_apply (context, index, record);
}

/* Read the files as a process that starts does: nothing is written. */
static inline bool shelf_open (shelf_t *shelf)
{
    shelf_close (shelf);
    shelf->ledger = ledger_new ();
    strcpy (shelf->why, "?");
    const unsigned touches = disk_touches (shelf->csv) + disk_touches (shelf->journal);
    shelf->book = book_open (shelf->csv->file, shelf->journal->file, shelf_found,
                             shelf->ledger, shelf->why);
    assert_int_equal (disk_touches (shelf->csv) + disk_touches (shelf->journal),
                      touches);
    assert_true ((shelf->book == NULL) == (shelf->why[0] != 0));
    return shelf->book != NULL;
}

static inline void shelf_start (shelf_t *shelf)
{
    if (!shelf_open (shelf))
        fail_msg ("%s", shelf->why);
    assert_int_equal (book_settle (shelf->book), 0);
    assert_int_equal (book_torn (shelf->book), 0);
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

/* Add the agency's next bets, or its seal when there are none; not committed. */
static inline uint32_t shelf_append (shelf_t *shelf, uint32_t agency, uint32_t count)
{
    const account_t *account = ledger_admit (shelf->ledger, agency);
    record_t record =
        ledger_record (account, count > 0 ? RECORD_BETS : RECORD_SEAL, count);
    const bytes_t rows = shelf_rows (agency, account->next, count);
    digest_rows (&record.digest, rows, digest_prefix (agency));
    assert_int_equal (book_reserve (shelf->book, rows.size), 0);
    const uint32_t index = book_append (shelf->book, &record, rows);
    assert_int_equal (record.size, rows.size);
    ledger_apply (shelf->ledger, index, &record);
    return index;
}

static inline void shelf_commit (shelf_t *shelf)
{
    assert_int_equal (book_commit (shelf->book), 0);
    assert_int_equal (book_pending (shelf->book), 0);
}

static inline uint64_t shelf_next (const shelf_t *shelf, uint32_t agency)
{
    const account_t *account = ledger_find (shelf->ledger, agency);
    return account ? account->next : 0;
}

/* bets.csv holds of each agency's bets those from 0 to the account's next, once and in
   order, and nothing else. */
static inline void shelf_check (const shelf_t *shelf, uint32_t agencies)
{
    uint64_t next[16] = {0};
    char expected[128];
    size_t at = 0;
    assert_true (agencies < 16);
    while (at < shelf->csv->cached.size) {
        const uint32_t agency =
            (uint32_t) strtoul ((char *) shelf->csv->cached.data + at, NULL, 10);
        assert_true (agency >= 1 && agency <= agencies);
        const size_t size = shelf_row (expected, agency, next[agency]++);
        assert_true (size <= shelf->csv->cached.size - at);
        assert_memory_equal (shelf->csv->cached.data + at, expected, size);
        at += size;
    }
    for (uint32_t agency = 1; agency <= agencies; agency++)
        assert_int_equal (next[agency], shelf_next (shelf, agency));
    for (uint32_t agency = 1; agency <= agencies; agency++)
        if (ledger_find (shelf->ledger, agency))
            assert_true (ledger_find (shelf->ledger, agency)->digest ==
                         shelf_digest (agency, next[agency]));
}

#endif
