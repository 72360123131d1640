/* draw.h - the draw: which agencies are ready, and whether it was made.

   Pure, and an automaton: what happens is a record; records are applied one by one, the
   same way when they happen and when they are read back after a restart.

     agency is   READY(count, digest)         SEALED(count)      DONE
     ---------   --------------------------   ----------------   -------------------
     not on      refuse: AGENCY               refuse             refuse: AGENCY
       the roll
     open        ask storage to seal          record SEALED      refuse: UNDRAWN
     sealed      same count: wait             nothing new        refuse: UNDRAWN
                 other count: refuse: TALLY
     drawn       same count: tell winners     nothing new        record SERVED, once
                 other count: refuse: TALLY

   Same count, other digest: refuse CONFLICT. Once an agency is sealed it is known which
   draw this is, by storage's identity: what speaks of another is refused with DRAW.

   When the last agency of the roll is sealed, DRAWN is recorded: once, since it is
   recorded only while it is not. */

#ifndef LOTERIA_DRAW_H
#define LOTERIA_DRAW_H

#include <stdbool.h>

#include "journal.h"
#include "wire.h"

typedef enum {
    DRAW_OPENED = 'O', // agencies, number: the first record
    DRAW_SEALED = 'S', // agency, count, identity, digest
    DRAW_DRAWN = 'D',
    DRAW_SERVED = 'V' // agency: it has said that it has its winners
} draw_event_t;

typedef struct {
    uint8_t event; // draw_event_t
    uint32_t agency;
    uint64_t count;
    uint32_t number;
    uint32_t agencies;
    uint64_t identity; // of the draw, as storage has it: never 0
    uint64_t digest;   // of the agency's bets
} draw_record_t;

typedef enum { DRAW_REFUSE, DRAW_ASK_SEAL, DRAW_WAIT, DRAW_TELL } draw_answer_t;

typedef struct draw draw_t;

draw_t *draw_new (void);
void draw_destroy (draw_t **draw);

/* Take in what happened. Returns 0, or -1 when it cannot have happened (an agency off
   the roll, a second draw, ...): the record is then not ours. */
int draw_apply (draw_t *draw, const draw_record_t *record);

/* What to do when an agency asks for its results: when DRAW_REFUSE, `*code` says why.
 */
draw_answer_t draw_ready (const draw_t *draw, uint32_t agency,
                          const wire_tally_t *tally, wire_code_t *code);

/* Which draw this is: 0 before the first agency was sealed. */
uint64_t draw_identity (const draw_t *draw);
/* Whether what is asked about is surely another. */
bool draw_is_other (const draw_t *draw, uint64_t identity);

bool draw_opened (const draw_t *draw);
bool draw_on_roll (const draw_t *draw, uint32_t agency);
bool draw_sealed (const draw_t *draw, uint32_t agency);
bool draw_served (const draw_t *draw, uint32_t agency);
uint64_t draw_count (const draw_t *draw, uint32_t agency); // that it was sealed with
bool draw_due (const draw_t *draw); // all are sealed, and it was not made
bool draw_made (const draw_t *draw);
bool draw_all_served (const draw_t *draw);
wire_day_t draw_day (const draw_t *draw, uint32_t agency);
uint32_t draw_agencies (const draw_t *draw);
uint32_t draw_agencies_ready (const draw_t *draw);
uint32_t draw_number (const draw_t *draw);

/* A record as the payload of a journal's record, and back. */
void draw_put_record (uint8_t *payload, const draw_record_t *record);
void draw_get_record (const uint8_t *payload, draw_record_t *record);

#endif
