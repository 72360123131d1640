/* clerk_state.h - what the clerk's own sources share: clerk.c, and clerk_provable.c
   with what only provable draws ask for. */

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
/* With the reason that the operator gave. 0, or -1 (errno). */
int clerk_refuse_void (clerk_t *clerk, const request_t *request, sale_t *sale);
/* One for state. */
void clerk_tell_state (clerk_t *clerk, const request_t *request,
                       const wire_message_t *message);
void clerk_refuse_state (clerk_t *clerk, const request_t *request, wire_code_t code,
                         uint64_t offset, uint64_t expected);

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
