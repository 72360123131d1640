/* events.h - what has happened to the draw, and the one state that is heard.

   State decides, storage records: an event has happened once its record is durable. A
   state registers; the sequence of that record is its epoch, which it puts into each of
   its requests, and only the last one that was given out is served. What is asked for a
   second time is not recorded again: an answer may have been lost. So an event that
   could not have happened as things stand is never recorded, whoever asks for it.

   Where the events lie is kept in memory, four bytes each and eight an agency; it is
   read from the index when a state is first heard. */

#ifndef LOTERIA_EVENTS_H
#define LOTERIA_EVENTS_H

#include "book.h"
#include "wire.h"

typedef struct events events_t;

/* Borrows both. */
events_t *events_new (cursors_t *cursors, book_t *book);
void events_destroy (events_t **events);

/* Whether a state that says this epoch and this draw, from the peer with this routing
   id, is the one to be heard: REFUSED_OK, REFUSED_DRAW or REFUSED_SUPERSEDED. */
wire_code_t events_heard (events_t *events, bytes_t peer, uint64_t epoch,
                          uint64_t draw);

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

/* Record an event, unless it is recorded already: `code` is REFUSED_OK and `ordinal`
   which one it is among the draw's events. Or why not: REFUSED_GAP when it cannot have
   happened to what is recorded (a replay is due); of an agency's seal REFUSED_HELLO,
   REFUSED_TALLY or REFUSED_CONFLICT; REFUSED_NOSPACE or REFUSED_BUSY. -1 with errno
   when the book failed. */
int events_record (events_t *events, const wire_record_t *record, wire_code_t *code,
                   uint64_t *ordinal);

/* How many there are. -1 with errno when the book failed. */
int64_t events_count (events_t *events);
/* One of them, as it is told. 0, or -1 with errno when the book failed. */
int events_read (events_t *events, uint64_t ordinal, wire_recorded_t *recorded);

#endif
