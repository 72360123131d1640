/* archive.h - bets.index and bets.csv: every record, and every row.

   They are projections of the log: written behind it, synced now and then, and put
   right from it at a start. But the log's room is used again, so what lies below the
   checkpoint is here alone: records are never written twice, and what is read is
   checked, a record against its check, rows against the hash in their record. Each
   record of bets points back to its agency's record before, and further back (the
   jumps of a skip list that only ever grows at its end), so that any bet is found in
   O(log² n) reads and nothing in memory grows with the bets.

   bets.index begins with a header: magic 16, format u32, zero u32, identity u64, zeros,
   and XXH3 of bytes 0-119 at 120. Records follow. bets.csv has rows and nothing else.
 */

#ifndef LOTERIA_ARCHIVE_H
#define LOTERIA_ARCHIVE_H

#include "file.h"
#include "record.h"

#define ARCHIVE_FORMAT       4
#define ARCHIVE_HEADER_BYTES 128
#define ARCHIVE_WHY_BYTES    512

typedef struct archive archive_t;

/* How far the two files go: all of a day, or what a checkpoint covers. */
typedef struct {
    uint64_t identity; // the draw's, never 0
    uint32_t records;
    uint64_t bytes; // of bets.csv
} archive_end_t;

/* The archive in these two files, which stay the caller's. Nothing is read. */
archive_t *archive_new (file_t *index, file_t *csv);
void archive_destroy (archive_t **archive);

/* Make both files an empty archive, and sync them. 0, or -1 (errno). */
int archive_create (archive_t *archive, uint64_t identity);

/* Go on from this end, behind which nothing counts. That the files are of this day, and
   hold that much, is checked; of the content just the end. -1 with the reason in `why`
   (ARCHIVE_WHY_BYTES) when it is not so, and errno: 0 when nothing failed. */
int archive_open (archive_t *archive, const archive_end_t *end, char *why);

/* Where the archive ends, with what is not written yet; and where what is written ends
   (in the page cache, for all that is known). */
const archive_end_t *archive_end (const archive_t *archive);
const archive_end_t *archive_written (const archive_t *archive);

/* See to it that a record and `rows_size` bytes of rows will fit, and `kept` records
   more. -1 with ENOSPC or EDQUOT when not; nothing has changed then. */
int archive_reserve (archive_t *archive, size_t rows_size, uint32_t kept);

/* Whether what lies behind the end is what a crash may leave: of the index, records of
   the one group that was never safe (one that says that more was safe when it was
   written shows that the log was cut short, or is an older copy), and no more rows than
   a group has. 0, or -1 with the reason in `why`, and errno: 0 when it is not. */
int archive_check_tail (archive_t *archive, char *why);

/* Add a record, as it is in the log, and its rows, in memory. */
void archive_append (archive_t *archive, const uint8_t *record, bytes_t rows);

/* Write what was added; it is not synced. After -1 (errno) the process must end. */
int archive_write (archive_t *archive);

/* For a start: how many bytes of what was added the files have otherwise, or not. 0, or
   -1 (errno). */
int archive_compare (archive_t *archive, uint64_t *other_index, uint64_t *other_csv);

/* Nothing stays behind the end: how much that was, index and rows. 0, or -1 (errno). */
int archive_cut (archive_t *archive, uint64_t *index_cut, uint64_t *csv_cut);

/* Whether both files are still in their directory, and as long as they were. 0, or -1
   (errno). */
int archive_sound (archive_t *archive);

/* Read records [first, first + count): how many there were, or -1 with errno. */
int archive_read (archive_t *archive, uint32_t first, uint32_t count,
                  record_t *records);

/* Read the rows of `count` records whose rows follow one another; `rows` has room for
   all. Each record's are checked. 0, or -1 with errno. */
int archive_read_rows (archive_t *archive, const record_t *records, size_t count,
                       uint8_t *rows);

/* The same in two steps, for who reads much and looks at one record after the other:
   read all, then check each. */
int archive_read_unchecked (archive_t *archive, const record_t *records, size_t count,
                            uint8_t *rows);
int archive_check_rows (archive_t *archive, const record_t *record,
                        const uint8_t *rows);

/* Starting from the agency's last record (its index + 1), find the one that holds the
   bet at `offset`. Returns 0, or -1 with errno (ENOENT when there is none). */
int archive_find (archive_t *archive, uint32_t last, uint64_t offset, record_t *record);

/* Whether the agency's stored bets from `offset` on are these rows, written by this
   writer: 1 or 0, or -1 with errno. All `count` of them are stored. */
int archive_same (archive_t *archive, uint32_t last, uint64_t offset, uint32_t count,
                  uint64_t writer, bytes_t rows);

/* The digest of the agency's first `count` bets, all of which are stored. 0, or -1 with
   errno. Reads O(log² n) records, and the rows of one. */
int archive_digest (archive_t *archive, uint32_t last, uint64_t count,
                    uint64_t *digest);

/* The failure that -1 spoke of (errno is EBADMSG when what was read is not what was
   written): the file, and in its `failed` what it was; NULL before
   any. */
file_t *archive_failed (const archive_t *archive);

#endif
