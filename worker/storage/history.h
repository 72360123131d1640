/* history.h - all records of one draw, in order, and what they make of it. */

#ifndef LOTERIA_HISTORY_H
#define LOTERIA_HISTORY_H

#include "book.h"

typedef struct {
    uint64_t sequence;
    record_t record;
} history_entry_t;

typedef struct {
    uint64_t identity;          // of the log
    uint64_t records;           // of the log, when it was read
    uint8_t head[SHA256_BYTES]; // after them
    bool live;                  // a checkpoint speaks of it, and not `archived`
    sale_t *sale;               // NULL: there is no such draw
    history_entry_t *entries;
    size_t count, capacity;
    size_t held_bytes; // of the sale's
} history_t;

/* Read the draw of this name from a day's files, below the checkpoint and in the log,
   up to what is durable by now. Every record of the day is chained to the one before
   it, up to the checkpoint, which says the same. `locked`: nobody can be writing the
   day, the caller sees to that. 0, without a sale if the day has no such draw; or -1
   with the reason in `why` (BOOK_WHY_BYTES). */
int history_read (history_t *history, const char *directory, const char *draw,
                  bool locked, char *why);

/* Add a record of the draw, the first of which opens it. 0, or -1 with the reason in
   `why` (LOG_WHY_BYTES) when it cannot be the next one. */
int history_add (history_t *history, uint64_t sequence, const record_t *record,
                 char *why);
void history_free (history_t *history);

/* What is to be done with the rows of one record after the other: 0, or -1 (errno). */
typedef int (history_rows_fn) (void *context, bytes_t rows);

typedef enum {
    HISTORY_PROVEN,
    HISTORY_OTHER, // some rows are not what the records vouch for, or missing
    HISTORY_UNREAD // or what was to be done with them failed: errno
} history_proof_t;

/* Whether the rows of the draw's file `which` are, in this file from `base` on, what
   the records vouch for; each piece that is goes to `each` (NULL: nowhere). */
history_proof_t history_prove (const history_t *history, int which, file_t *file,
                               uint64_t base, history_rows_fn *each, void *context);

#endif
