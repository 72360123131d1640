/* clerk_state.h - what the clerk's own sources share: clerk.c, which takes requests and
   has answers leave, and with what these come to clerk_bets.c, clerk_draws.c and
   clerk_provable.c. */

#ifndef LOTERIA_CLERK_STATE_H
#define LOTERIA_CLERK_STATE_H

#include "cancels.h"
#include "clerk.h"
#include "events.h"
#include "jobs.h"
#include "notes.h"
#include "rate_limit.h"
#include "takings.h"
#include "winners.h"

#define FINDS_MAX BUNDLE_MESSAGES_MAX

typedef struct {  // one request, and whom to answer
    bytes_t peer; // who passed it on; of interest where state asked for itself
    uint8_t key_role;
    envelope_t envelope;
    bytes_t encoded;
    wire_message_t message;
    sale_t *sale;    // the draw that it is about; of STORE, CHECK and CANCEL
    uint64_t digest; // of a STORE: behind its rows, if it is right about those before
    uint32_t beyond; // of a STORE: the first row whose number is too high, or 0
} request_t;

typedef struct { // cursors, each once
    cursor_t **of;
    size_t count, capacity;
} pointers_t;

typedef struct { // answers that leave together
    outbox_t *answers, *to_state;
} post_t;

struct clerk {
    sales_t *sales; // the book's
    book_t *book;   // borrowed
    events_t *events;
    cancels_t *cancels;
    notes_t *notes;
    jobs_t *jobs;
    bool log_batches, log_bets;
    takings_t *takings; // of what is stored, for the log
    bool late;        // a draw has to be closed first of all, as soon as there is room
    bool overdue;     // some draw is, for want of room
    post_t gathered;  // of the group that is gathered
    post_t leaving;   // of the one that was begun last
    pointers_t owed;  // cursors that this group owes a STORED or a HELD
    pointers_t due;   // cursors of which batches are held whose turn has come
    size_t messages;  // in this group
    winners_t *finds; // FINDS_MAX, of the bundle that is being taken
    request_t *finders;
    size_t finds_count;
    rate_limit_t *refusals, *conflicts; // of the log's lines
    int64_t now_ms;
    uint64_t conflicted, strays;
    char text[REFUSAL_TEXT_MAX + 1]; // of the note that was refused last
};

/* ---- clerk.c ---- */

/* Whether what a state asks comes from the one that registered last; else it is told.
 */
bool clerk_heard (clerk_t *clerk, const request_t *request, uint64_t epoch);
/* The agency's cursor in the draw that it speaks of; or it is told to say HELLO. */
cursor_t *clerk_cursor_for (clerk_t *clerk, request_t *request);

/* An answer for who asked; NULL for `text`: what the code means. */
void clerk_answer (clerk_t *clerk, const request_t *request,
                   const wire_message_t *message);
void clerk_refuse (clerk_t *clerk, const request_t *request, wire_code_t code,
                   const char *text);
/* One for state. */
void clerk_tell_state (clerk_t *clerk, const request_t *request,
                       const wire_message_t *message);
void clerk_refuse_state (clerk_t *clerk, const request_t *request, wire_code_t code,
                         uint64_t offset, uint64_t expected);

/* Whether an operator asked, by way of state, and not an agency. */
bool clerk_for_operator (const request_t *request);
/* The name of the draw that it is about, for the log. */
const char *clerk_draw_of (const request_t *request,
                           char text[DRAW_NAME_BYTES_MAX + 1]);

/* ---- clerk_bets.c ---- */

int clerk_take_store (void *self, void *taken);
int clerk_take_check (void *self, void *taken);
int clerk_take_cancel (void *self, void *taken);
/* Store batches that were held and whose turn has come, while there is room. 0, or -1
   (errno). */
int clerk_store_due (clerk_t *clerk);
/* Answer what is held of this agency, or of all (0), whose sale is over. 0, or -1. */
int clerk_settle_held (clerk_t *clerk, sale_t *sale, uint32_t agency);
/* Tell each agency once what of its bets this group has stored, and what is held. */
void clerk_pay_owed (clerk_t *clerk);
/* Log, now and then, that an agency says something else than what is stored. */
void clerk_conflict (clerk_t *clerk, const request_t *request, const char *reason);

/* ---- clerk_draws.c ---- */

int clerk_take_admit (void *self, void *taken);
int clerk_take_find (void *self, void *taken);
int clerk_take_register (void *self, void *taken);
int clerk_take_replay (void *self, void *taken);
int clerk_take_lookup (void *self, void *taken);
int clerk_take_record (void *self, void *taken);
/* Look for the winners that this bundle asked for, in one pass. 0, or -1 (errno). */
int clerk_answer_finds (clerk_t *clerk);
/* Tell state this event of the draw. 0, or -1 (errno). */
int clerk_tell_event (clerk_t *clerk, const request_t *request, sale_t *sale,
                      uint64_t ordinal);
/* With the reason that the operator gave. 0, or -1 (errno). */
int clerk_refuse_void (clerk_t *clerk, const request_t *request, sale_t *sale);
/* A RECORD of the state that is heard is carried out, and answered. 0, or -1 (errno).
 */
int clerk_record (clerk_t *clerk, request_t *request);
/* It is not: the agency for whom it was, if there is one, hears why not; state of what
   only state can mend. 0, or -1 (errno). */
int clerk_refuse_event (clerk_t *clerk, request_t *request, wire_code_t code,
                        sale_t *sale);

/* ---- clerk_provable.c ---- */

int clerk_take_fetch (void *self, void *taken);
int clerk_take_root (void *self, void *taken);
int clerk_take_stake (void *self, void *taken);
int clerk_take_award (void *self, void *taken);
/* A RECORD of an event that has a paper, or of a number that follows from some: 1 when
   it may be carried out; 0 when it was refused, or has to wait for a root; or -1
   (errno). */
int clerk_judge_paper (clerk_t *clerk, request_t *request);

#endif
