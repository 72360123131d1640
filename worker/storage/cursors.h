/* cursors.h - how far each agency of a draw is, and the offset rule.

   Pure: no file, no socket, no clock. A cursor begins when state vouches for its
   agency, or when the log shows that it did. One integer, `next`, is the whole filter
   of duplicates: a bet is (agency, offset), and offsets are stored in order. Who sells
   nothing just now takes up some 220 bytes. */

#ifndef LOTERIA_CURSORS_H
#define LOTERIA_CURSORS_H

#include "checkpoint.h"
#include "envelope.h"
#include "record.h"

typedef struct sale sale_t;       // sale.h
typedef struct cursors cursors_t; // of one draw

typedef enum {
    CURSOR_NEXT,   // exactly what comes next
    CURSOR_PAST,   // stored already, or something else is
    CURSOR_AHEAD,  // what lies before it is missing
    CURSOR_ACROSS, // begins in what is stored and ends behind it
    CURSOR_CLOSED  // the agency's bets are complete, and this is not among them
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
    cursors_t *cursors;     // among which it is
    held_t **held;          // by offset
    uint16_t held_count, held_capacity;
    uint32_t held_bytes;
    uint32_t stored_s; // when its last batch was, in seconds since 1970; 0: not known
    bool owed;         // something is to be answered when this group is over
    bool due;          // batches are held whose turn has come
    bool ack;          // a STORED is owed for what this group holds, to:
    envelope_t ack_to;
} cursor_t;

/* Of the agencies 1..`agencies`. `sale` is what cursors_sale () says. `held_bytes`,
   which is borrowed, counts what all draws hold; NULL: these alone. */
cursors_t *cursors_new (uint32_t agencies, sale_t *sale, size_t *held_bytes);
void cursors_destroy (cursors_t **cursors);

sale_t *cursors_sale (const cursors_t *cursors);

/* The agency's cursor, begun if there is none. `agency` is on the roll. */
cursor_t *cursors_admit (cursors_t *cursors, uint32_t agency);
/* NULL when the agency has no cursor, or is not on the roll. */
cursor_t *cursors_find (const cursors_t *cursors, uint32_t agency);
/* The cursor of the next agency behind this one that has any; NULL: there is none. */
cursor_t *cursors_next (const cursors_t *cursors, uint32_t agency);
/* The sequence of the last record of bets of any; 0 none. */
uint64_t cursors_last (const cursors_t *cursors);
/* How many the log shows, which a checkpoint keeps. */
uint32_t cursors_recorded (const cursors_t *cursors);
/* What all of them have together. */
typedef struct {
    uint64_t bets, batches, cancelled;
} cursors_totals_t;
cursors_totals_t cursors_totals (const cursors_t *cursors);

/* Whether the agency's bets are complete: it has asked, has ended its sale (in a
   provable draw), was excused, or all are. */
bool cursor_sealed (const cursor_t *cursor);
/* How many have asked or were excused. */
uint32_t cursors_sealed (const cursors_t *cursors);
/* How many have asked, and how many of these have revealed (in a provable draw). */
uint32_t cursors_asked (const cursors_t *cursors);
uint32_t cursors_revealed (const cursors_t *cursors);
/* From here on the bets of all are complete. (What is held is for the caller to drop.)
 */
void cursors_close (cursors_t *cursors);

/* The offset rule. `count` is at least 1. */
cursor_verdict_t cursor_judge (const cursor_t *cursor, uint64_t offset, uint32_t count);

/* The record of the agency's next `count` bets: agency, offset, where it points, and
   the digest so far, which the caller moves on behind the rows. */
record_t cursor_record (const cursor_t *cursor, uint32_t count);

/* The record of the cancellation of the bet at `offset`. */
record_t cursor_cancel_record (const cursor_t *cursor, uint64_t offset);

/* Take a record into its agency's cursor, if it is about one that is on the roll. */
void cursors_apply (cursors_t *cursors, uint64_t sequence, const record_t *record);
/* Whether a record about an agency that is on the roll can be its next: 0, or -1 with
   the reason in `why` (LOG_WHY_BYTES). For records that are read. `rows` are its own;
   data NULL: they are not at hand, and what can be judged without them is. */
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
