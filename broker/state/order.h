/* order.h - what an operator orders, judged by how things stand: the event that carries
   it out, or why not. Pure.

     order      open               closed               drawn    void
     --------   ----------------   ------------------   ------   ------
     close      C                  PHASE                PHASE    PHASE
     number     PHASE              D, if its number is  PHASE    PHASE
                                     to be entered
     excuse     X, unless it has   PHASE                PHASE    PHASE
                  asked
     void       W                  W                    PHASE    PHASE
     open       NAME, whatever it is

   A provable draw that is sealed takes `attest` (U) and `reveal` (A) alone, which no
   other takes; nothing undoes its seal. An agency is excused there only if as many as
   have to can still commit. The proof of these two is for provable.h to judge.

   What is so already is refused all the same, and the refusal says what is: an order
   that was lost on its way back can be asked again, and does no harm. */

#ifndef LOTERIA_ORDER_H
#define LOTERIA_ORDER_H

#include "draw.h"

/* What a draw is opened with. */
typedef struct {
    char name[DRAW_NAME_BYTES_MAX + 1];
    uint32_t agencies, highest;
    uint8_t source;  // wire_source_t
    uint32_t number; // of a fixed one
    uint64_t closes_ms;
} terms_t;

/* An ORDER says so where the terms are to be state's own. */
#define ORDER_OWN_AGENCIES 0
#define ORDER_OWN_HIGHEST  UINT32_MAX
#define ORDER_OWN_SOURCE   0 // and number

typedef struct {
    wire_code_t code; // REFUSED_OK: it may be; else why not, and
    char text[REFUSAL_TEXT_MAX + 1];
    wire_event_t event; // that carries it out; borrows the order's texts
} verdict_t;

/* An order about a draw that is there, for an agency where it is about one. */
verdict_t order_judge (const draw_t *draw, const wire_order_t *order, uint32_t agency);

/* The order to open a draw at `wall_ms`, by a state whose own terms are `own`; its
   highest is the highest that there is, as nobody takes a bet beyond it. That no draw
   has this name, and that there is room for one, is storage's to judge. */
verdict_t order_judge_opening (const wire_order_t *order, const terms_t *own,
                               uint64_t wall_ms);

/* The event that opens a draw with these terms, which it borrows. */
wire_event_t order_opening (const terms_t *terms);

#endif
