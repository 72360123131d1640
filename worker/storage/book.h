/* book.h - bets.csv and bets.journal as the one thing that they are: rows, and records
   that vouch for them.

   A record says of one stored batch whose it is, which bets of that agency it holds and
   who wrote them, where its rows lie in bets.csv and what they hash to, and the digest
   of all the agency's bets so far; or that an agency is sealed.
   Each record also points back to its agency's record before, and further back (the
   jumps of a skip list that only ever grows at its end), so that any bet is found in
   O(log² n) reads and nothing in memory grows with the bets. */

#ifndef LOTERIA_BOOK_H
#define LOTERIA_BOOK_H

#include "journal.h"

typedef enum { RECORD_BETS = 'B', RECORD_SEAL = 'S' } record_kind_t;

typedef struct {
    uint8_t kind;       // record_kind_t
    uint16_t count;     // bets; 0 for a seal
    uint32_t agency;    // whose
    uint64_t offset;    // bets of the agency before this record
    uint64_t position;  // of the rows in bets.csv
    uint32_t size;      // bytes of rows
    uint32_t previous;  // the agency's record before: its index + 1, 0 when none
    uint32_t jump;      // one further back, likewise
    uint64_t rows_hash; // XXH3 of the rows
    uint64_t digest;    // of the agency's bets, these included (digest.h)
    uint64_t writer;    // 0: bets of a file; else the run that sold this one
} record_t;

typedef struct book book_t;

typedef void (book_found_fn) (void *context, uint32_t index, const record_t *record);

/* Open the book in these two files, which stay the caller's, handing each record to
   `found`. Nothing is written. NULL with the reason in `why` (JOURNAL_WHY_BYTES) when
   it is damaged. */
book_t *book_open (file_t *csv, file_t *journal, book_found_fn *found, void *context,
                   char *why);
void book_destroy (book_t **book);

/* Cut off the unfinished tail of both files and make the rest safe. 0, or -1 (errno).
 */
int book_settle (book_t *book);

uint32_t book_records (const book_t *book);
uint64_t book_bytes (const book_t *book); // of bets.csv
uint64_t book_torn (const book_t *book);  // bytes that book_settle cuts off, both files
uint64_t book_hash (const book_t *book);  // of everything in order
uint64_t book_draw (const book_t *book);  // its identity: which draw this is; never 0

/* See to it that a record with `rows_size` bytes will fit. -1 with ENOSPC or EDQUOT
   when not; nothing has changed then. */
int book_reserve (book_t *book, size_t rows_size);

/* Add a batch or a seal, in memory; position, size and hash are filled in. Returns its
   index. */
uint32_t book_append (book_t *book, record_t *record, bytes_t rows);

/* Write and sync what was added, if anything. After -1 (errno) the process must end. */
int book_commit (book_t *book);

/* Bytes of rows added and not committed. */
size_t book_pending (const book_t *book);

/* Read records [first, first + count): how many there were, or -1 with errno. */
int book_read (book_t *book, uint32_t first, uint32_t count, record_t *records);

/* Read the rows of a record into `rows` (record->size bytes), or of several that follow
   one another: `record` is then the first, its size that of all. 0, or -1 with errno.
 */
int book_read_rows (book_t *book, const record_t *record, uint8_t *rows);

/* Starting from the agency's last record (its index + 1), find the one that holds the
   bet at `offset`. Returns 0, or -1 with errno (ENOENT when there is none). */
int book_find (book_t *book, uint32_t last, uint64_t offset, record_t *record);

/* Whether the agency's stored bets from `offset` on are these rows, written by this
   writer: 1 or 0, or -1 with errno. All `count` of them are stored. */
int book_same (book_t *book, uint32_t last, uint64_t offset, uint32_t count,
               uint64_t writer, bytes_t rows);

/* The digest of the agency's first `count` bets, all of which are stored. 0, or -1 with
   errno. Reads O(log² n) records, and the rows of one. */
int book_digest (book_t *book, uint32_t last, uint64_t count, uint64_t *digest);

#endif
