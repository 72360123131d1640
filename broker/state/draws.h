/* draws.h - the draws that state knows: the live ones, each with how far it is known,
   and who asked about it.

   A draw is live from its opening on. Those that are over are kept for who asks for his
   results, up to a number; beyond that the one that was unused longest is forgotten:
   its log is storage's, which tells it again to who asks for it by name. Pure. */

#ifndef LOTERIA_DRAWS_H
#define LOTERIA_DRAWS_H

#include "draw.h"
#include "envelope.h"

/* That there may be at once: more than storage has live. */
#define DRAWS_LIVE_MAX (2 * (DRAWS_OPEN_MAX + DRAWS_FINISHED_KEPT))

typedef struct draws draws_t;

typedef enum {
    WANT_NOTHING,
    WANT_FOUND, // it was put away
    WANT_EVENTS,
    WANT_NEWS,
    WANT_DRAWN
} want_t;

typedef struct {
    draw_t *draw;
    uint64_t events;     // that it has, at least
    uint64_t applied;    // of them, in order
    uint64_t opened;     // sequence of the first one,
    uint64_t seen;       // and of the last one applied
    bool away;           // storage does not have it at hand
    bool stale;          // more may have happened: nobody would have told
    want_t asked;        // of storage, about this draw,
    uint64_t asked_seen; // when that was the last event;
    int64_t again_ms;    // and when it is asked again if no answer comes
    uint64_t page_end;   // of the replay that was asked for
    bool closed_told;    // that it was closed is in the log, or told long ago
    bool chance_taken;   // its number was drawn by chance, and is not recorded yet:
    uint32_t chance;     // this one, whatever is asked again
    int64_t used_ms;     // when it was last used, by the clock,
    uint64_t used;       // when it was last used, counted in uses
    uint32_t questions;  // that are open
    envelope_t *asker;   // by agency; NULL: none has asked yet
    uint32_t *lent;      // by agency: see live_lend (); NULL: nothing is lent
    uint64_t lent_bytes; // all of that
} live_t;

/* `kept`: of those that are finished; 0: DRAWS_FINISHED_KEPT. */
draws_t *draws_new (uint32_t kept);
void draws_destroy (draws_t **draws);

/* A draw that is not known yet, by the event that opened it. NULL: its terms cannot be,
   or there is no room. */
live_t *draws_add (draws_t *draws, uint64_t identity, const wire_recorded_t *opened);

/* Borrowed, until one is added or forgotten. NULL: there is none. */
live_t *draws_find (const draws_t *draws, uint64_t identity);
live_t *draws_named (const draws_t *draws, bytes_t name);
/* The one that is meant by who names none: the only one that is open; or, when none is,
   the only one there is. */
live_t *draws_meant (const draws_t *draws);
/* All of them: in the order of their opening. */
size_t draws_count (const draws_t *draws);
live_t *draws_at (const draws_t *draws, size_t index);

/* What time it is. */
void draws_tick (draws_t *draws, int64_t now_ms);
/* It is of use; and forget what was not, beyond what is kept. Never one that is not
   finished, nor one about which a question is open or something is being replayed; nor
   one that was used just now, unless there are very many: who asks for it is given the
   time to ask again. A question that is not asked again for long is nobody's. */
void draws_use (draws_t *draws, live_t *live);
void draws_forget_unused (draws_t *draws);
void draws_forget (draws_t *draws, uint64_t identity);

/* Agencies on the rolls of those that are open, together. */
uint64_t draws_agencies (const draws_t *draws);
/* Bytes that are lent to agencies of those that are open. */
uint64_t draws_lent (const draws_t *draws);
/* Nobody is waited for any more, in any of them; and there is one. */
bool draws_over (const draws_t *draws);
/* For people, which are on sale: "on sale: first, second and 3 more". */
#define DRAWS_NAMES_BYTES 180
void draws_names (const draws_t *draws, char names[DRAWS_NAMES_BYTES]);

/* All that is known to have happened was applied. */
bool live_up_to_date (const live_t *live);
/* An agency on the roll asks for its results, in this envelope: the latest is kept,
   until it is answered for good. NULL: it has none open. */
void live_ask (live_t *live, uint32_t agency, const envelope_t *envelope);
const envelope_t *live_question (const live_t *live, uint32_t agency);
void live_answered (live_t *live, uint32_t agency);
/* So many bytes are lent to this agency, in place of what was: it may have them under
   way beyond its share. */
void live_lend (live_t *live, uint32_t agency, uint32_t bytes);
uint32_t live_lent (const live_t *live, uint32_t agency);

#endif
