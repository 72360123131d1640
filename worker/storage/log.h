/* log.h - the log of records, which is the truth: everything else that storage keeps is
   made from it, and can be made again.

   Records and their rows are gathered into a group; a group becomes durable as a whole,
   by one sync, while the next one is gathered. So what is appended is not durable yet:
   an answer waits until log_durable () has reached the sequence that it stands on.

       log_fits, log_append ...      into the group being gathered
       log_begin                     written, and its sync begun in the background
       log_descriptor, log_look      when it is over: log_durable () has moved

   Positions in the log grow for ever. Implemented by log_files.c on one file: a ring of
   segments, written round and round; what lies before a mark that was released is
   written over. And by log_engine.c on an engine (engine.h), where a sync is a commit,
   a position is a group's ordinal, and nothing is written over. */

#ifndef LOTERIA_LOG_H
#define LOTERIA_LOG_H

#include "file.h"
#include "record.h"

#define LOG_WHY_BYTES  512
#define LOG_PAGE_BYTES 4096 /* groups begin at multiples of this */

typedef struct log log_t;

typedef struct {            // an empty log's shape; an existing one has its own
    uint64_t segment_bytes; // 0: the default; a multiple of LOG_PAGE_BYTES, and at
                            // least two of the largest groups that are wanted
    uint32_t segments;      // 0: the default; 4 at least
    struct engine *engine;  // that keeps it (log_engine.h); NULL: the file does
    uint64_t epoch;         // with an engine: who leads has it; 0: it follows
} log_options_t;

/* Where a log is, between two groups. */
typedef struct {
    uint64_t position;           // where it goes on
    uint64_t last;               // where the last group before it begins; of none, the
                                 // same
    uint64_t sequence;           // of the last record before it
    uint8_t chain[SHA256_BYTES]; // after it
} log_mark_t;

/* What the owner says of a record that was found behind the mark (decoded, as its
   RECORD_BYTES, and its rows, all of them borrowed; they are handed over in order): 0,
   or -1, which ends the opening, with the reason in `why` (LOG_WHY_BYTES). */
typedef int (log_found_fn) (void *context, const record_t *record, const uint8_t *bytes,
                            bytes_t rows, char *why);

/* A new log in an empty file, which stays the caller's; `identity` is not 0. It is
   durable when this returns, its directory entry apart (file.h). NULL with the reason
   in `why` and errno: ENOSPC or EDQUOT when there is no room. */
log_t *log_new (file_t *file, uint64_t identity, const log_options_t *options,
                char *why);

/* The log in the file, from `mark` on (NULL: from its beginning). Each record behind it
   goes to `found` in order. The last group before the mark has to be there, and end as
   the mark says. Nothing is written, and a file opened for reading will do. What a
   crash left of a group that was never durable is passed over. NULL with the reason in
   `why` (which names the file) when it is no log, not the log `identity` (0: whichever
   it is), has been cut short, damaged or exchanged, or cannot be read; errno is 0 but
   for the latter. */
log_t *log_open (file_t *file, uint64_t identity, const log_mark_t *mark,
                 log_found_fn *found, void *context, char *why);
/* The same while another process may be writing: what was written last and looks
   unfinished or out of order may only be on its way, and ends it without a complaint. A
   ring that was written over since the mark was read is refused as above: read the
   checkpoint again then. */
log_t *log_peek (file_t *file, uint64_t identity, const log_mark_t *mark,
                 log_found_fn *found, void *context, char *why);
void log_destroy (log_t **log);

/* Make what was found safe: after a failed sync the page cache may show what the disk
   has not, so the last group is read and compared, written once more, and synced.
   Before the first append. 0, or -1 with errno. */
int log_settle (log_t *log);

typedef enum {
    LOG_FITS,
    LOG_FULL_GROUP, // the group being gathered is full: once it is begun
    LOG_FULL,       // the ring is: after a checkpoint and log_release
    LOG_NO_SPACE,   // the disk is: when somebody has made room; nothing has changed
    LOG_FAILED      // errno; the process must end
} log_room_t;

/* Whether so many more records with so many bytes of rows in all fit. `kept`: into the
   room, too, that is kept for records that must not fail on a full disk (a draw's
   events); batches leave it alone. A single record with STORE_BYTES_MAX of rows fits
   an empty group. */
log_room_t log_fits (log_t *log, uint32_t records, size_t rows_bytes, bool kept);

/* Add a record, encoded (record.h), and the rows that it speaks of, all of which are
   copied. It has to fit. Returns its sequence. */
uint64_t log_append (log_t *log, const uint8_t *bytes, bytes_t rows);

/* Write what was gathered and begin to sync it. Nothing is done when nothing was
   gathered, or while the group before is under way: call it again once log_look says
   that it is over. 0, or -1 with errno, and then the process must end. */
int log_begin (log_t *log);

/* Readable when log_look has something to tell; -1 where there is no such thing. */
int log_descriptor (log_t *log);
/* Take note of a group that has become durable: 1 if so, 0 when there is nothing new,
   -1 with errno, and then nothing more is durable and the process must end. */
int log_look (log_t *log);
/* Write, sync and wait for everything, here and now. 0, or -1 with errno as above. */
int log_wait (log_t *log);

/* Whether a group is under way; bytes gathered for the next one (0: none). */
bool log_busy (const log_t *log);
size_t log_gathered (const log_t *log);

/* The sequence of the last record appended; of the last that is durable. */
uint64_t log_sequence (const log_t *log);
uint64_t log_durable (const log_t *log);
/* The chain after the last record appended (a head). */
const uint8_t *log_head (const log_t *log);
uint64_t log_identity (const log_t *log);

/* Where the durable end is. */
log_mark_t log_mark (const log_t *log);
/* Everything before this mark is in a checkpoint that is durable: it may be written
   over, but for the segment with the group at its end. 0, or -1 with EINVAL when the
   mark is before the one released last or not durable; nothing is released then. */
int log_release (log_t *log, const log_mark_t *mark);
/* Bytes of the log behind the mark released last, those of the group being gathered
   included: what a restart would read. */
uint64_t log_unreleased (const log_t *log);

typedef struct {
    uint64_t groups,
        bytes;           // made durable since it was opened; with what goes with them
    uint64_t file_bytes; // that it takes
    uint32_t segments;
} log_counts_t;
log_counts_t log_counts (const log_t *log);

/* Bytes behind the last sound group that look like an unfinished one, as log_open found
   them; 0 when there are none. */
uint64_t log_torn (const log_t *log);
/* The file is still what it was (file.h, sound): 0, or -1 with errno. */
int log_sound (log_t *log);

/* What has failed, after any -1, where it is not a file: one line; NULL else. */
const char *log_failure (const log_t *log);
/* Whether it failed because another process is the log's active now. */
bool log_superseded (const log_t *log);

#endif
