/* sale.h - one draw at storage: its terms, its phase, how far its agencies are, and
   what has happened to it.

   A sale follows from its draw's records and from nothing else: whoever applies them in
   order has the same. So what a record may say as things stand is judged here, for one
   that is asked for and for one that is read again. Pure: no file, no socket, no clock.
 */

#ifndef LOTERIA_SALE_H
#define LOTERIA_SALE_H

#include "cursors.h"
#include "hits.h"
#include "wire.h"

typedef struct folder folder_t; // folders.h

enum { ROWS_BETS, ROWS_CANCELLED, ROWS_NOTES, ROWS_NONE }; // a draw's files of rows

typedef struct { // what its O says
    char name[DRAW_NAME_BYTES_MAX + 1];
    uint32_t agencies;
    uint32_t highest;   // number that may be bet on
    uint8_t source;     // wire_source_t
    uint32_t number;    // if it is fixed
    uint64_t closes_ms; // or CLOSES_ALL_ASKED, CLOSES_NEVER
} sale_terms_t;

typedef struct {    // which of the draw's events, counted from 1, 0 none
    uint32_t asked; // sealed the agency at its own wish: S, or Y
    uint32_t excused, served, revealed, ended;
} sale_seat_t;

struct sale {
    uint64_t identity;
    sale_terms_t terms;
    uint32_t opened;     // sequence of its O
    uint32_t last_event; // of its last event
    uint32_t events;     // how many there are
    uint32_t last;       // sequence of the last record that is known to be its own
    uint8_t flags;       // DRAW_CLOSED ...
    uint32_t number;     // of D
    uint64_t bytes[DRAW_ROWS]; // of its files of rows, what is gathered included
    cursors_t *cursors;
    // for who has them: nothing here looks at these
    folder_t *folder; // the book's
    bool overdue;     // it should have been closed by now: nothing is sold
    bool marked;      // for --check: the checkpoint has it
    unsigned pins;    // jobs that work on it: it is not put away
    hits_t hits;      // of its number, once the winners were hashed
    uint64_t used;    // the table's
    int64_t used_ms;  //
    // where its events lie, once they were read: sale_learn ()
    bool learned;
    uint32_t *sequences; // by ordinal
    size_t sequences_capacity;
    sale_seat_t *seats; // by agency
    uint32_t closed_at, drawn_at, void_at;
    uint32_t noted_at, locked_at, attested_at, published_at;
};

/* The terms in a record that opens a draw. */
sale_terms_t sale_terms (const record_t *opened);
/* The record that would open a draw with these terms. */
record_t sale_opening (uint64_t identity, const sale_terms_t *terms);

/* The sale that this record opened. `held_bytes` as in cursors_new (). */
sale_t *sale_new (uint64_t sequence, const record_t *opened, size_t *held_bytes);
/* One as a checkpoint, or `archived`, has it, without its cursors; `opened` is the
   record that it says opened it. NULL when they contradict each other. */
sale_t *sale_restore (const checkpoint_draw_t *entry, const record_t *opened,
                      size_t *held_bytes);
/* Its cursors follow: entry->cursors of them, which are taken off. 0, or -1 when one
   contradicts itself or the draw. */
int sale_restore_cursors (sale_t *sale, uint32_t count, bytes_t *cursors);
void sale_destroy (sale_t **sale);

/* What a checkpoint says of it. */
checkpoint_draw_t sale_entry (const sale_t *sale);

/* What `archived` says of it in the log of this identity: `size` bytes, to be freed. */
uint8_t *sale_encode (const sale_t *sale, uint64_t identity, size_t *size);

/* PHASE_OPEN, CLOSED, SEALED, DRAWN or VOID. */
wire_phase_t sale_phase (const sale_t *sale);
/* Whether its number follows from what agencies commit to (docs/fairness.md). */
bool sale_provable (const sale_t *sale);
/* Whether it is drawn or void: a provable one once its result is published. */
bool sale_finished (const sale_t *sale);
/* Whether a clock closes it, and has not yet. */
bool sale_closes_by_clock (const sale_t *sale);
/* What the draw is for an agency: wire_day_t. */
wire_day_t sale_day (const sale_t *sale, const cursor_t *cursor);

/* In which of its files the rows of such a record are; ROWS_NONE. */
int sale_rows_of (uint8_t kind);
/* Whether those are a paper (fair_paper.h). */
bool sale_has_paper (const sale_t *sale, uint8_t kind);
/* Where the next rows of such a record will begin: `position` of one without rows, too.
 */
uint64_t sale_position (const sale_t *sale, uint8_t kind);

/* Whether such a record can be the next one of the draw (not O, which is none's): 0, or
   -1 with the reason in `why` (LOG_WHY_BYTES). Position, previous and rows are not
   looked at. */
int sale_judge (const sale_t *sale, const record_t *record, char *why);
/* The same of one that is read, and everything in it. `rows` are its own; data NULL:
   they are not at hand. */
int sale_accept (const sale_t *sale, const record_t *record, bytes_t rows, char *why);
/* Take it in: any of the draw's records but O. */
void sale_apply (sale_t *sale, uint64_t sequence, const record_t *record);

/* ---- Where its events lie, which is read when it is first asked for ---- */

/* A sale that was restored has not learned: the caller reads its events, from the last
   one back (record.previous), and hands each over, `ordinal` from events - 1 down to 0.
   0, or -1 when such an event cannot be there. */
int sale_learn (sale_t *sale, uint32_t ordinal, uint64_t sequence,
                const record_t *record);
/* Which event of the draw this one would repeat, from 1 on; 0: none. After that. */
uint32_t sale_recorded (const sale_t *sale, uint8_t kind, uint32_t agency);

#endif
