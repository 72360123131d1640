/* cursors.h - how far each agency is, and the offset rule.

   Pure: no file, no socket, no clock. A cursor begins when state vouches for its
   agency, or when the log shows that it did. One integer, `next`, is the whole filter
   of duplicates: a bet is (agency, offset), and offsets are stored in order. */

#ifndef LOTERIA_CURSORS_H
#define LOTERIA_CURSORS_H

#include "checkpoint.h"
#include "envelope.h"
#include "record.h"

typedef enum {
    CURSOR_NEXT,   // exactly what comes next
    CURSOR_PAST,   // stored already, or something else is
    CURSOR_AHEAD,  // what lies before it is missing
    CURSOR_ACROSS, // begins in what is stored and ends behind it
    CURSOR_CLOSED  // the agency is sealed, and this is not among its bets
} cursor_verdict_t;

typedef struct { // a batch that came before its turn, or for which a group had no room
    uint64_t offset;
    envelope_t envelope;
    bool told; // the broker knows that it is held
    size_t message_size;
    uint8_t message[]; // the STORE, encoded
} held_t;

typedef struct {
    checkpoint_cursor_t at; // how far it is
    held_t **held;          // by offset
    uint32_t held_count, held_capacity;
    size_t held_bytes;
    bool owed; // something is to be answered when this group is over
    bool due;  // batches are held whose turn has come
    bool ack;  // a STORED is owed for what this group holds, to:
    envelope_t ack_to;
} cursor_t;

typedef struct cursors cursors_t;

cursors_t *cursors_new (void);
void cursors_destroy (cursors_t **cursors);

/* The agency's cursor, begun if there is none. `agency` is 1..AGENCIES_MAX. */
cursor_t *cursors_admit (cursors_t *cursors, uint32_t agency);
/* NULL when the agency has no cursor (or is no possible agency). */
cursor_t *cursors_find (const cursors_t *cursors, uint32_t agency);
/* The sequence of the last record of bets of any; 0 none. */
uint64_t cursors_last (const cursors_t *cursors);
/* How many there are; how many of them the log shows, which a checkpoint keeps. */
uint32_t cursors_count (const cursors_t *cursors);
uint32_t cursors_recorded (const cursors_t *cursors);

/* The offset rule. `count` is at least 1. */
cursor_verdict_t cursor_judge (const cursor_t *cursor, uint64_t offset, uint32_t count);

/* The record of the agency's next `count` bets: agency, offset, where it points, and
   the digest so far, which the caller moves on behind the rows. */
record_t cursor_record (const cursor_t *cursor, uint32_t count);

/* Take a record into its agency's cursor, if it is about one. */
void cursors_apply (cursors_t *cursors, uint64_t sequence, const record_t *record);
/* Whether it can be the next: 0, or -1 with the reason in `why` (LOG_WHY_BYTES). For
   records that are read; `rows` are its own. */
int cursors_accept (const cursors_t *cursors, const record_t *record, bytes_t rows,
                    char *why);

/* A cursor as a checkpoint has it. -1 when it cannot be: there is one already, or its
   fields contradict each other. */
int cursors_restore (cursors_t *cursors, const checkpoint_cursor_t *at);
/* Write all that the log shows, for a checkpoint. Returns the place behind. */
uint8_t *cursors_put (const cursors_t *cursors, uint8_t *at);

/* Keep a copy of an encoded STORE whose turn has not come, in place of one with the
   same offset. Returns 0, or -1 when it is too far ahead or there is no room. */
int cursors_hold (cursors_t *cursors, cursor_t *cursor, const envelope_t *envelope,
                  bytes_t message, uint64_t offset);
/* The held batch whose turn has come (or is past); NULL when none. It stays held. */
const held_t *cursor_due (const cursor_t *cursor);
/* Take the first one held, which is the caller's to free. */
held_t *cursors_release (cursors_t *cursors, cursor_t *cursor);
/* Forget what is held for the agency. */
void cursors_drop_held (cursors_t *cursors, cursor_t *cursor);

#endif
