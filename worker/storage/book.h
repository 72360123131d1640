/* book.h - a log's files as the one thing that they are: the log, which is the truth;
   the archive (bets.index, and each draw's files) and the sales, which are made from
   it; and the checkpoints, which say up to where all of that is safe, so that the log's
   room can be used again.

   Records are gathered into a group. A group is handed over with book_begin (), and
   while it is being synced the next one is gathered: an answer may leave only when
   book_durable () has come to the sequence that it stands on. Files are found by
   file.h; nothing here knows a socket or waits for the disk, but for opening, closing,
   book_wait (), and where a draw is opened, put away or brought back.

   Draws that are over and were not used for long are put away: what a checkpoint would
   say of one is in its folder then, in `archived`, and it takes up no memory. That file
   is a projection, too: one that is missing or damaged is made again from the index. */

#ifndef LOTERIA_BOOK_H
#define LOTERIA_BOOK_H

#include "archive.h"
#include "sales.h"

#define BOOK_LOG   "bets.log"
#define BOOK_INDEX "bets.index"
#define BOOK_CSV   FOLDERS_BETS /* the link */

/* A day that this program does not go on with: a format for printf (). */
#define BOOK_OLD_WHY                                                                   \
    "is of format %d, which versions before this one made; finish that day with the "  \
    "version that began it, or take an empty directory"

/* Whether a file of an old day lies in the directory: the day's format, or 0; -1 with
   errno. `name` is which file. */
int book_old_file (const char *directory, const char **name);

#define BOOK_WHY_BYTES 1024

typedef struct book book_t;

typedef struct {          // what a start found and did; for the log
    bool fresh;           // there was no day: one was begun
    uint64_t replayed;    // records that were read from the log
    uint64_t torn;        // bytes of an unfinished group at the log's end
    uint64_t rows_other;  // bytes above the checkpoint that read otherwise than the
    uint64_t index_other; //   log's, or were missing; in the draws' files, bets.index
    uint64_t rows_cut, index_cut; // bytes behind what the log has, cut off
    const char *torn_checkpoint;  // the slot that is not whole, or NULL
} book_recovery_t;

/* Open the log in the directory, begin one if there is nothing of one at all, and bring
   the sales (borrowed, empty) to where they were. All files are locked, and put right
   from the log. With an engine all that it has is found first. NULL with the reason in
   `why` (BOOK_WHY_BYTES), and errno: 0 when the files are not sound, and then nothing
   was changed. */
book_t *book_open (const char *directory, const log_options_t *options, sales_t *sales,
                   char *why);

/* Everything that was gathered is made durable, a checkpoint is written, and room that
   was reserved is given back. 0, or -1 (errno). */
int book_close (book_t *book);
void book_destroy (book_t **book);

const book_recovery_t *book_recovery (const book_t *book);

uint64_t book_identity (const book_t *book); // the log's; never 0
uint32_t book_records (const book_t *book);  // with those that are gathered
uint64_t book_bytes (const book_t *book);    // of bets.csv of all live draws, likewise
uint64_t book_durable (const book_t *book);  // the sequence up to which all is safe
const uint8_t *book_head (const book_t *book); // chain after the last record
uint64_t book_epoch (const book_t *book); // sequence of the last registration; 0 none

/* ---- Draws ---- */

sales_t *book_sales (book_t *book);

typedef enum {
    BOOK_FOUND,
    BOOK_NO_DRAW, // there is none of that name
    BOOK_DAMAGED, // `why`: what of it; nothing can be done with this draw
    BOOK_UNREAD   // errno: the process must end
} book_found_t;

/* The draw of this name, brought back if it was put away. What had to be put right for
   that is in `why` (BOOK_WHY_BYTES), which is empty else. */
book_found_t book_find (book_t *book, bytes_t name, sale_t **sale, char *why);

/* Put one draw away that should be, if it can be now: nothing that is gathered, held or
   owed is of it. 1 when one was, 0, or -1 (errno). */
int book_put_away (book_t *book);

/* Read where the sale's events lie, if it is not known yet. 0, or -1 (errno). */
int book_learn (book_t *book, sale_t *sale);
/* A record that has to be there. 0, or -1 (errno). */
int book_read (book_t *book, uint64_t sequence, record_t *record);
/* The note of an event of the sale's, without its line end, into `note`
   (NOTE_BYTES_MAX): its size, or -1 (errno). Of W in a provable draw it is the reason
   that its paper has. */
int book_note (book_t *book, sale_t *sale, const record_t *record, uint8_t *note);
/* The paper of an event of the sale's, into `paper` (PAPER_BYTES_MAX): likewise. */
int book_paper (book_t *book, sale_t *sale, const record_t *record, uint8_t *paper);

/* ---- Adding ---- */

typedef enum {    // who asks for room: each leaves room for those behind it
    BOOK_BETS,    // and cancellations
    BOOK_OPENING, // of a draw: room for all of its events
    BOOK_REGISTRATION,
    BOOK_EVENT
} book_use_t;

typedef enum {
    BOOK_FITS,
    BOOK_LATER,   // the group, or the log until the next checkpoint, is full
    BOOK_NOSPACE, // the disk is full; nothing has changed
    BOOK_FAILED   // errno: the process must end
} book_room_t;

/* Whether a record of this kind with so many bytes of rows fits; room for it is then
   reserved. `sale` is whose it is; NULL for a registration. */
book_room_t book_reserve (book_t *book, sale_t *sale, uint8_t kind, size_t rows_bytes,
                          book_use_t use);

/* Whether a whole bundle may be taken into the group that is being gathered, or had
   better wait. (What does not fit then is kept for the next one.) */
bool book_full (book_t *book);

/* Add a record for which there is room, and take it into the sale. Filled in: draw,
   position, hashes, time and what it follows from; of an event `previous`, too. Returns
   its sequence. */
uint64_t book_append (book_t *book, sale_t *sale, record_t *record, bytes_t rows);

/* Open a draw, with a record as sale_opening () makes it: its folder and the link are
   made, and the record is added. None of its identity or name is live, and none of its
   name was put away. BOOK_FITS with the sale, or why not. */
book_room_t book_open_draw (book_t *book, record_t *opened, sale_t **sale);

/* What time it is for people, in milliseconds since 1970: records have it. */
void book_set_time (book_t *book, uint64_t time_ms);
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

/* The log's counts; what a start would read of it. */
log_counts_t book_counts (const book_t *book);
uint64_t book_lag_bytes (const book_t *book);

/* What has failed, after any -1: a file, and how, or the engine; for a message. */
void book_failure (const book_t *book, char *why);
/* Whether that is that another process leads now. */
bool book_superseded (const book_t *book);

/* ---- A log that an engine keeps, while others append to it: log_engine.h ---- */

/* Take into the files here what has come in, and ask for more: as log_follow (). How
   many groups that were; -1 with the reason in `why` (BOOK_WHY_BYTES), and errno: 0
   when it is for good, ESTALE when another process leads. */
int book_follow (book_t *book, char *why);
/* From here on it leads, with this epoch of the lease's; once book_follow () has found
   the rest, which may take several calls, it does: it may be appended to. */
void book_lead (book_t *book, uint64_t epoch);
bool book_leads (const book_t *book);
/* The log itself, borrowed: for how far it is. */
log_t *book_log (book_t *book);

/* ---- Reading: archive.h, what is gathered included ---- */

archive_t *book_archive (book_t *book);

#endif
