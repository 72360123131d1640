/* book.h - a day's files as the one thing that they are: the log, which is the truth;
   the archive (bets.index, bets.csv) and the cursors, which are made from it; and the
   checkpoints, which say up to where all of that is safe, so that the log's room can be
   used again.

   Records are gathered into a group. A group is handed over with book_begin (), and
   while it is being synced the next one is gathered: an answer may leave only when
   book_durable () has come to the sequence that it stands on. Files are found by
   file.h; nothing here knows a socket or waits for the disk, but for opening, closing
   and book_wait (). */

#ifndef LOTERIA_BOOK_H
#define LOTERIA_BOOK_H

#include "archive.h"
#include "cursors.h"

#define BOOK_LOG   "bets.log"
#define BOOK_INDEX "bets.index"
#define BOOK_CSV   "bets.csv"

/* A day that this program does not go on with. */
#define BOOK_OLD_WHY                                                                   \
    "is of format 2, which versions before this one made; finish that day with the "   \
    "version that began it, or take an empty directory"

/* Whether a file of an old day lies in the directory: 1 or 0, or -1 with errno; `name`
   is which one. */
int book_old_file (const char *directory, const char **name);

#define BOOK_WHY_BYTES 1024

typedef struct book book_t;

typedef struct {          // what a start found and did; for the log
    bool fresh;           // there was no day: one was begun
    uint64_t replayed;    // records that were read from the log
    uint64_t torn;        // bytes of an unfinished group at the log's end
    uint64_t csv_other;   // bytes above the checkpoint that read otherwise than the
    uint64_t index_other; //   log's, or were missing; in bets.csv, bets.index
    uint64_t csv_cut, index_cut; // bytes behind what the log has, cut off
    const char *torn_checkpoint; // the slot that is not whole, or NULL
} book_recovery_t;

/* Open the day in the directory, begin one if there is nothing of a day at all, and
   bring the cursors (borrowed, empty) to where they were. All files are locked, and put
   right from the log. NULL with the reason in `why` (BOOK_WHY_BYTES), and errno: 0 when
   the files are not a sound day, and then nothing was changed. */
book_t *book_open (const char *directory, const log_options_t *options,
                   cursors_t *cursors, char *why);

/* Everything that was gathered is made durable, a checkpoint is written, and room that
   was reserved is given back. 0, or -1 (errno). */
int book_close (book_t *book);
void book_destroy (book_t **book);

const book_recovery_t *book_recovery (const book_t *book);

uint64_t book_draw (const book_t *book);    // its identity: which draw this is; never 0
uint32_t book_records (const book_t *book); // with those that are gathered
uint64_t book_bytes (const book_t *book);   // of bets.csv, likewise
uint64_t book_durable (const book_t *book); // the sequence up to which all is safe
const uint8_t *book_head (const book_t *book); // chain after the last record

/* ---- The draw's events, and the state that is heard ---- */

uint64_t book_last_event (const book_t *book); // its sequence; 0 none
uint64_t book_events (const book_t *book);     // how many there are
uint64_t book_epoch (const book_t *book); // sequence of the last registration; 0 none

/* ---- Adding ---- */

typedef enum { // who asks for room: each leaves room for those behind it
    BOOK_BETS,
    BOOK_REGISTRATION,
    BOOK_EVENT
} book_use_t;

typedef enum {
    BOOK_FITS,
    BOOK_LATER,   // the group, or the log until the next checkpoint, is full
    BOOK_NOSPACE, // the disk is full; nothing has changed
    BOOK_FAILED   // errno: the process must end
} book_room_t;

/* Whether a record with so many bytes of rows fits; room for it is then reserved. */
book_room_t book_reserve (book_t *book, size_t rows_bytes, book_use_t use);

/* Whether a whole bundle may be taken into the group that is being gathered, or had
   better wait. (What does not fit then is kept for the next one.) */
bool book_full (book_t *book);

/* Add a record for which there is room, and take it into the cursors: bets with their
   rows, or an event or registration without. Filled in: draw, position, hashes, time
   and what it follows from; of an event `previous`, too. Returns its sequence. */
uint64_t book_append (book_t *book, record_t *record, bytes_t rows);

/* What time it is for people, in milliseconds since 1970: records have it. */
void book_set_time (book_t *book, uint64_t time_ms);
/* How many agencies are on the roll: room is kept for the events of all. */
void book_set_agencies (book_t *book, uint32_t agencies);

/* Bytes gathered, with what goes with them; 0: none. */
size_t book_gathered (const book_t *book);

/* ---- Making it durable ---- */

/* Hand over what was gathered: the log begins to sync it, and the archive is written.
   To be called only when no group is under way. With `at_once` the sync is waited for:
   one that is quick is over sooner than another thread could tell. 0, or -1 (errno). */
int book_begin (book_t *book, bool at_once);
/* Whether one is under way. */
bool book_busy (const book_t *book);
/* Take note of what the disk has done meanwhile, for the group and for the checkpoint,
   and go on with the latter: 1 when a group has become durable, 0, or -1 (errno). */
int book_look (book_t *book);
/* Make all that was gathered durable, here and now. 0, or -1 (errno). */
int book_wait (book_t *book);

/* Whether something has failed that book_look () has yet to tell. */
bool book_broken (const book_t *book);

/* What book_look () would have news of: descriptors to poll. Returns how many. */
#define BOOK_DESCRIPTORS 2
int book_descriptors (book_t *book, int *descriptors);

/* What has failed, after any -1: a file, and how; for a message. */
void book_failure (const book_t *book, char *why);

/* ---- Reading: archive.h, what is gathered included ---- */

archive_t *book_archive (book_t *book);

#endif
