/* book_state.h - what the book's own sources share: book.c (adding, checkpoints),
   book_open.c (a start) and book_draws.c (draws that are put away and brought back). */

#ifndef LOTERIA_BOOK_STATE_H
#define LOTERIA_BOOK_STATE_H

#include "book.h"
#include "bounds.h"
#include "log_engine.h"
#include "slots.h"

#define REGISTRATIONS        64 // states that may register on a full disk
#define SLOT_CURSORS_STEP    64
#define SLOT_DRAWS_STEP      4
#define EVENTS_OF_DRAW       7 // beside those of agencies, of which there are:
#define EVENTS_OF_AGENCY     4
#define PAPERS_OF_DRAW       8192 // bytes of notes, beside those of agencies, each of which
#define PAPERS_OF_AGENCY     2560 // has 2.1 kB in all of the draw's papers at most
#define CHECKPOINT_LOG_BYTES ((uint64_t) 16 * 1024 * 1024)
#define RECORDS_A_TIME       512
#define ARCHIVED_NEW         FOLDERS_ARCHIVED ".new"

enum { LOG_FILE, INDEX_FILE, SLOT_A, SLOT_B, FILES };

static const char *const book_names[FILES] = {BOOK_LOG, BOOK_INDEX, CHECKPOINT_A,
                                              CHECKPOINT_B};

typedef enum { // of a checkpoint
    STEP_NONE,
    STEP_WANTED,
    STEP_TAKEN, // as things were when the group under way began
    STEP_FILES, // the index and the draws' files are being synced
    STEP_SLOT
} step_t;

struct book {
    const char *directory; // borrowed
    file_t *files[FILES];
    folders_t *folders;
    engine_t *engine; // that keeps the log; NULL: the file does; borrowed
    log_t *log;
    archive_t *archive;
    sales_t *sales; // borrowed
    book_recovery_t recovery;
    uint64_t epoch;
    uint64_t last_opened;      // sequence of the last draw's O
    uint64_t group_base;       // the last record before the group that is gathered
    int error;                 // errno of a failure that was not told yet
    uint64_t time_ms;          // for records
    uint64_t checkpoint_bytes; // of log, between two checkpoints
    bool crammed; // the disk had no room to put a draw away: until the next checkpoint
    // the checkpoint that is being made, or the last one
    step_t step;
    slots_t slots;
    uint8_t *encoded; // its draws and cursors
    size_t encoded_size;
    uint64_t slot_room; // that both slots have
};

/* Take a sale that is brought to where it was into the table; `fresh`: its folder is
   yet to be made. */
void book_adopt (book_t *book, sale_t *sale, bool fresh);
/* A record that is part of the log from here on. `sale` is NULL for a registration. */
void book_note_record (book_t *book, sale_t *sale, uint64_t sequence,
                       const record_t *record);
/* Everything that a draw's files are known to have is reserved for what is to come. */
int book_reserve_slots (book_t *book);
/* A whole checkpoint, here and now: nothing is gathered or under way. */
int book_make_checkpoint (book_t *book);
/* The newest one, written to its slot once more; not synced. */
int book_write_slot (book_t *book);
int book_slot_of (const book_t *book); // which of the files that is
void book_encode (book_t *book);
/* Of a record of an event that is not of a live draw: the name of its draw, into `name`
   (DRAW_NAME_BYTES_MAX + 1). 0, or -1 (errno). */
int book_name_of (book_t *book, const record_t *record, char *name);

/* ---- A start, and following an engine ---- */

typedef struct { // of book_found_record
    book_t *book;
    int error; // errno: it is not that the log is unsound
} book_opening_t;

/* A log_found_fn: the record is taken into its draw and, in memory, its files. */
int book_found_record (void *context, const record_t *record, const uint8_t *bytes,
                       bytes_t rows, char *why);
/* Whether no more lies behind what was found than a crash leaves. */
int book_check_tail (book_t *book, char *why);
/* What was found is made safe and written to the files, and a checkpoint made. */
int book_put_right (book_t *book, char *why);
/* The same, of what was found later. */
int book_complete (book_t *book, char *why);
/* Folders, and room in the files, for what was found. 0, or -1 (errno). */
int book_make_room (book_t *book);
/* All that the engine has; with an epoch, as who leads. */
int book_follow_all (book_t *book, uint64_t epoch, char *why);
/* An operation failed: -1 with `why` (BOOK_WHY_BYTES). */
int book_start_failed (book_t *book, char *why);

#endif
