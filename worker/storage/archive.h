/* archive.h - bets.index, with every record, and the draws' files, with every row
   (folders.h).

   They are projections of the log: written behind it, synced now and then, and put
   right from it at a start. But the log's room is used again, so what lies below the
   checkpoint is here alone: records are never written twice, and what is read is
   checked, a record against its check, rows against the hash in their record. Each
   record of bets points back to its agency's record before, and further back (the
   jumps of a skip list that only ever grows at its end), so that any bet is found in
   O(log² n) reads and nothing in memory grows with the bets.

   bets.index begins with a header: magic 16, format u32, zero u32, identity u64, zeros,
   and XXH3 of bytes 0-119 at 120. Records follow. */

#ifndef LOTERIA_ARCHIVE_H
#define LOTERIA_ARCHIVE_H

#include "folders.h"

#define ARCHIVE_FORMAT       4
#define ARCHIVE_HEADER_BYTES 128
#define ARCHIVE_WHY_BYTES    512

typedef struct archive archive_t;

/* How far the index goes: all of it, or what a checkpoint covers. */
typedef struct {
    uint64_t identity; // the log's, never 0
    uint32_t records;
} archive_end_t;

/* The archive in this file and these folders, which stay the caller's. Nothing is read.
 */
archive_t *archive_new (file_t *index, folders_t *folders);
void archive_destroy (archive_t **archive);

/* Make the file an empty index, and sync it. 0, or -1 (errno). */
int archive_create (archive_t *archive, uint64_t identity);

/* Go on from this end, behind which nothing counts. That the index is of this log, and
   holds that much, is checked; of the content just the end. -1 with the reason in `why`
   (ARCHIVE_WHY_BYTES) when it is not so, and errno: 0 when nothing failed. */
int archive_open (archive_t *archive, const archive_end_t *end, char *why);

/* Where the archive ends, with what is not written yet; and where what is written ends
   (in the page cache, for all that is known). */
const archive_end_t *archive_end (const archive_t *archive);
const archive_end_t *archive_written (const archive_t *archive);

/* See to it that a record will fit, and `kept` records more; and, in this file of the
   draw's (ROWS_NONE: in none), its rows. -1 with ENOSPC or EDQUOT when not; nothing has
   changed then. */
int archive_reserve (archive_t *archive, folder_t *folder, int which, size_t rows_size,
                     uint32_t kept);

/* Whether what lies behind the index's end is what a crash may leave: records of the
   one group that was never safe (one that says that more was safe when it was written
   shows that the log was cut short, or is an older copy). 0, or -1 with the reason in
   `why`, and errno: 0 when it is not. (For rows see folder_check_tail.) */
int archive_check_tail (archive_t *archive, char *why);
/* Up to which record what lies behind the end shows that all was safe; or the end. 0,
   or -1 (errno). */
int archive_safe (archive_t *archive, uint32_t *safe);

/* Add a record, as it is in the log, and its rows to this file of the draw's, in
 * memory.
 */
void archive_append (archive_t *archive, folder_t *folder, int which,
                     const uint8_t *record, bytes_t rows);

/* Write what was added; it is not synced. After -1 (errno) the process must end. */
int archive_write (archive_t *archive);

/* For a start: how many bytes of what was added the index and the draws' files have
   otherwise, or not. 0, or -1 (errno). */
int archive_compare (archive_t *archive, uint64_t *other_index, uint64_t *other_rows);

/* Nothing stays behind the index's end: how much that was. 0, or -1 (errno). */
int archive_cut (archive_t *archive, uint64_t *index_cut);

/* Whether the index, and the files that have rows to be written, are still in their
   directories, and as long as they were. 0, or -1 (errno). */
int archive_sound (archive_t *archive);

/* Read records [first, first + count): how many there were, or -1 with errno. */
int archive_read (archive_t *archive, uint32_t first, uint32_t count,
                  record_t *records);

/* The same in two steps, for who wants few of those that lie together: their bytes,
   RECORD_BYTES each; and what they say, of record [index]. 0, or -1 with errno. */
int archive_read_encoded (archive_t *archive, uint32_t first, uint32_t count,
                          uint8_t *encoded);
int archive_decode (archive_t *archive, uint32_t index, const uint8_t *encoded,
                    record_t *record);

/* The record with this sequence, which has to be there. 0, or -1 with errno. */
int archive_get (archive_t *archive, uint64_t sequence, record_t *record);

/* Read the rows of `count` records of one kind and draw, whose rows follow one another;
   `rows` has room for all. Each record's are checked. 0, or -1 with errno. */
int archive_read_rows (archive_t *archive, folder_t *folder, const record_t *records,
                       size_t count, uint8_t *rows);

/* The same in two steps, for who reads much and looks at one record after the other:
   read the bytes of bets.csv that hold them, then check each. */
int archive_read_bytes (archive_t *archive, folder_t *folder, uint64_t position,
                        size_t size, uint8_t *rows);
int archive_check_rows (archive_t *archive, folder_t *folder, const record_t *record,
                        const uint8_t *rows);

/* A record that others lead to is not what they say; rows are no bets, though their
   hash is right: EBADMSG, -1. */
int archive_record_damaged (archive_t *archive, uint32_t sequence);
int archive_rows_damaged (archive_t *archive, folder_t *folder, uint32_t agency,
                          uint64_t offset);
int archive_paper_damaged (archive_t *archive, folder_t *folder, const char *what);

/* Starting from the agency's last record (its index + 1), find the one that holds the
   bet at `offset`. Returns 0, or -1 with errno (ENOENT when there is none). */
int archive_find (archive_t *archive, uint32_t last, uint64_t offset, record_t *record);

/* Whether the agency's stored bets from `offset` on are these rows, written by this
   writer: 1 or 0, or -1 with errno. All `count` of them are stored. */
int archive_same (archive_t *archive, folder_t *folder, uint32_t last, uint64_t offset,
                  uint32_t count, uint64_t writer, bytes_t rows);

/* The digest of the agency's first `count` bets, all of which are stored. 0, or -1 with
   errno. Reads O(log² n) records, and the rows of one. */
int archive_digest (archive_t *archive, folder_t *folder, uint32_t last, uint64_t count,
                    uint64_t *digest);

/* The agency's stored bet at `offset` as a row of cancelled.csv, at most
   CANCELLED_ROW_BYTES_MAX of them into `row`: its size, or -1 with errno. */
int64_t archive_cancelled_row (archive_t *archive, folder_t *folder, uint32_t last,
                               uint64_t offset, uint8_t *row);

/* What -1 spoke of (errno is EBADMSG when what was read is not what was written):
   "bets.index: cannot be read"; NULL before any. */
const char *archive_failure (const archive_t *archive);
/* It was no failure: the disk is full. */
void archive_forgive (archive_t *archive);

#endif
