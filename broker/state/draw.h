/* draw.h - one draw: how far it is, and which agencies it still waits for.

   Pure, and an automaton: what happens is an event of the log's; events are applied one
   by one, once they are durable, the same way when they happen and when storage replays
   them to a state that starts.

     phase    it ends with
     ------   ----------------------------------------------------------------------
     open     C; if it is to close when all have asked: the last S, Y or X; W
     closed   D; W; of a provable draw L in place of D
     sealed   D: of a provable draw, once all that have committed have revealed
     drawn    nothing: it is final. Its number is told, agencies are served; of a
                provable draw once its result is published
     void     nothing

   An agency's bets are complete once it has asked for its results (S), it was excused
   (X), or the draw is closed. Who was excused or closed may ask later: its S then only
   confirms what was stored.

     agency is       READY(count, digest)        RESULTS          DONE
     -------------   -------------------------   --------------   --------------------
     not on the      refuse: AGENCY              refuse: AGENCY   refuse: AGENCY
       roll
     not asked       ask storage to seal it,     wait             refuse: UNDRAWN
                     or to confirm it
     has asked       the same: wait              wait             refuse: UNDRAWN
                     other count: TALLY
     has asked,      the same: tell winners      tell winners     have it recorded, once
       and drawn     other count: TALLY
     void            refuse: VOID                refuse: VOID     refuse: VOID

   Same count, other digest: refuse CONFLICT. In a provable draw (provable.h) READY only
   ends the agency's sale (E): no more of its bets are stored, whatever is still under
   way, and so it knows what to commit to. It asks by COMMIT, which is answered by the
   draw's receipt for it, whatever it says again; and says REVEAL once the draw is
   sealed. When it is closed, and its number does not have to be entered, the draw is
   due: storage is asked to record that it is made, which it does once. */

#ifndef LOTERIA_DRAW_H
#define LOTERIA_DRAW_H

#include <stdbool.h>

#include "provable.h"

typedef enum {
    DRAW_REFUSE, // `code` says why
    DRAW_RECORD, // it is new: to be recorded, if what comes with it holds
    DRAW_WAIT,   // it is recorded: the agency is told how far the draw is
    DRAW_TELL    // the draw is made: it is told its winners
} draw_answer_t;

typedef struct draw draw_t;

typedef struct { // what everybody may know of a draw
    uint64_t identity;
    char name[DRAW_NAME_BYTES_MAX + 1];
    uint32_t agencies, highest; // 1 to `agencies` are on the roll
    uint8_t source;             // wire_source_t
    wire_phase_t phase; // PHASE_PLANNED: nothing of it is known but its identity
    uint32_t asked;     // agencies that have asked for their results
    uint32_t excused;   // that were excused
    uint32_t complete;  // whose bets are complete
    uint32_t served;    // that have their winners
    uint64_t opened_ms, closes_ms, closed_ms, drawn_ms; // drawn_ms: or void
    char note[NOTE_BYTES_MAX + 1]; // why it was closed, or is void; may be empty
    // of a provable draw, from its open note on:
    uint32_t commit_s, least; // time to commit after the close; how many have to
    bool demo, audited;       // the operator made the agencies' keys; an auditor
    bool attested, published; // that one has signed the seal; its result is there
    uint32_t revealed;        // agencies that have, of those that have asked
    uint64_t sealed_ms;       // 0: it is not
} draw_facts_t;

/* A draw of which nothing is known but its identity. */
draw_t *draw_new (uint64_t identity);
void draw_destroy (draw_t **draw);

/* Take in what happened. Returns 0, or -1 when it cannot have happened (an agency off
   the roll, a second number, ...): the log is then not one of ours. Nothing has changed
   then. */
int draw_apply (draw_t *draw, const wire_event_t *event);

/* What to do when an agency closes its sale and asks for its results (READY), when it
   only asks (RESULTS), and when it says that it has them (DONE: REFUSED_OK, or why
   not). When DRAW_REFUSE, `*code` says why. */
draw_answer_t draw_ready (const draw_t *draw, uint32_t agency,
                          const wire_tally_t *tally, wire_code_t *code);
draw_answer_t draw_results (const draw_t *draw, uint32_t agency, wire_code_t *code);
wire_code_t draw_done (const draw_t *draw, uint32_t agency);
/* COMMIT and REVEAL, in a provable draw. */
draw_answer_t draw_commit (const draw_t *draw, uint32_t agency, wire_code_t *code);
draw_answer_t draw_reveal (const draw_t *draw, uint32_t agency, wire_code_t *code);

/* What is known of it; borrowed, and up to date as long as the draw lives. */
const draw_facts_t *draw_facts (const draw_t *draw);
bool draw_on_roll (const draw_t *draw, uint32_t agency);
bool draw_asked (const draw_t *draw, uint32_t agency);
/* Of a provable draw: it has ended its sale, and not committed yet. */
bool draw_ended (const draw_t *draw, uint32_t agency);
bool draw_excused (const draw_t *draw, uint32_t agency);
bool draw_served (const draw_t *draw, uint32_t agency);
/* When it asked, and when it said that it has its winners, in seconds since 1970; 0: it
   has not. */
uint32_t draw_asked_s (const draw_t *draw, uint32_t agency);
uint32_t draw_served_s (const draw_t *draw, uint32_t agency);
/* How many bets it asked with; UINT64_MAX: it has not asked, whatever is stored. */
uint64_t draw_count (const draw_t *draw, uint32_t agency);
/* The first agencies that an open draw waits for, in their order: fills in their
   numbers, 0 behind the last. */
void draw_missing (const draw_t *draw, uint32_t missing[WAITING_NAMES_MAX]);
wire_day_t draw_day (const draw_t *draw, uint32_t agency);

bool draw_due (const draw_t *draw);      // to be made now, by state itself
bool draw_made (const draw_t *draw);     // it has its number
bool draw_told (const draw_t *draw);     // and that is told: all about it is known
bool draw_finished (const draw_t *draw); // told, or void: nothing changes but V, S
/* Of a provable draw: it has its seal; it has its open note (others: always). And its
   notes; NULL: it is a plain one. */
bool draw_sealed (const draw_t *draw);
bool draw_noted (const draw_t *draw);
const provable_t *draw_provable (const draw_t *draw);
/* How many of how many agencies it does not wait for: before its seal of all, then of
   those that are to reveal. And how many have neither asked nor been excused. */
void draw_progress (const draw_t *draw, uint32_t *ready, uint32_t *agencies);
uint32_t draw_awaited (const draw_t *draw);
/* Nobody is waited for any more: it is void, or all agencies but those that were
   excused have their winners. */
bool draw_over (const draw_t *draw);
/* The winning number, a secret until it is made; of a draw whose number is not known
   yet 0. */
uint32_t draw_number (const draw_t *draw);
/* The one that it is to be made with when it is due, unless that is for chance. */
uint32_t draw_due_number (const draw_t *draw);

#endif
