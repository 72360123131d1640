/* events.h - what has happened to draws, and the one state that is heard.

   State decides, storage records: an event has happened once its record is durable. A
   state registers; the sequence of that record is its epoch, which it puts into each of
   its requests, and only the last one that was given out is served. What is asked for a
   second time is not recorded again: an answer may have been lost. So an event that
   could not have happened as things stand is never recorded, whoever asks for it.

   One event storage records itself: when the clock has come to the time at which a draw
   closes, it is closed, before anything more is taken in; state hears of it.

   What happens to a provable draw comes with a paper (fair_paper.h), which is kept
   among the draw's notes just as it is. That the root in the paper of an agency that
   commits is the one of the bets that are stored is for the caller to have seen.

   Where a draw's events lie is kept in memory, four bytes each and twelve an agency; it
   is read from the index when a state first asks about that draw. */

#ifndef LOTERIA_EVENTS_H
#define LOTERIA_EVENTS_H

#include "book.h"

typedef struct events events_t;

events_t *events_new (book_t *book); // borrowed
void events_destroy (events_t **events);

/* ---- The state that is heard ---- */

/* Whether a state that says this epoch, from the peer with this routing id, is the one
   to be heard: REFUSED_OK or REFUSED_SUPERSEDED. */
wire_code_t events_heard (events_t *events, bytes_t peer, uint64_t epoch);

/* The state `life` (life.h) registers, from this peer: `code` is REFUSED_OK and
   book_epoch () its epoch from here on (as before, if it was the last to register); or
   REFUSED_SUPERSEDED, when it is not the one behind the last to register; or
   REFUSED_NOSPACE or REFUSED_BUSY. -1 with errno when the book failed. */
int events_register (events_t *events, bytes_t peer, uint64_t life, wire_code_t *code);
/* The life of the last to register, 0: there was none. To be asked after that. */
uint64_t events_life (const events_t *events);
/* Whom that superseded, if it is known where it is, once: its routing id, valid until
   the next call, and its epoch. */
bool events_superseded (events_t *events, bytes_t *peer, uint64_t *epoch);
/* Where the state that is heard is: its routing id, if it is known. */
bool events_state (const events_t *events, bytes_t *peer);

/* ---- What happens ---- */

/* Record an event of the draw `identity`, unless it is recorded already: `code` is
   REFUSED_OK, `sale` the draw and `ordinal` which one it is among its events. Or why
   not: REFUSED_HELLO when there is no such draw, or, of an agency's seal, the agency
   has not said so; REFUSED_GAP when it cannot have happened to what is recorded (a
   replay is due); of a seal REFUSED_TALLY, REFUSED_CONFLICT or REFUSED_VOID; of a draw
   that is to be opened REFUSED_NAME or REFUSED_DRAWS; REFUSED_NOSPACE or REFUSED_BUSY.
   What has to be said about files is in `why` (BOOK_WHY_BYTES), which is empty else. -1
   with errno when the book failed. */
int events_record (events_t *events, uint64_t identity, const wire_record_t *record,
                   wire_code_t *code, sale_t **sale, uint64_t *ordinal, char *why);

/* Whether it may be recorded, or is: `code` as above; nothing is. It is no O. -1 with
   errno when the book failed. */
int events_judge (events_t *events, uint64_t identity, const wire_record_t *record,
                  wire_code_t *code, sale_t **sale, bool *recorded);

/* The clock closes the draw: REFUSED_OK, or REFUSED_NOSPACE or REFUSED_BUSY, and it has
   to be tried again. -1 with errno when the book failed. */
int events_close (events_t *events, sale_t *sale, wire_code_t *code);

/* One of the draw's events, as it is told; its text is valid until the next call. 0, or
   -1 with errno when the book failed. */
int events_read (events_t *events, sale_t *sale, uint64_t ordinal,
                 wire_recorded_t *recorded);

#endif
