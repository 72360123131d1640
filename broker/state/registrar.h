/* registrar.h - state's side of every conversation.

   Takes requests of agencies and of operators, and storage's answers, one at a time,
   asks the draws what to do, has storage record what follows, and answers once it is
   recorded. It has no file: what it knows is what storage tells it (follower.h). What
   it asks for itself (to be registered, a page of a replay, that a draw is opened, made
   or as an operator orders) it asks again until it is answered; what it asks for an
   agency the agency asks again. No socket and no clock. */

#ifndef LOTERIA_REGISTRAR_H
#define LOTERIA_REGISTRAR_H

#include "notary.h"
#include "openings.h"
#include "orders.h"
#include "questions.h"

typedef enum {
    REGISTRAR_STARTING, // not registered, not all replayed, or its own draw is not
                        // opened: nobody is answered yet
    REGISTRAR_OPEN,
    // It is over, the process has to end:
    REGISTRAR_SUPERSEDED,     // another state has registered with this storage
    REGISTRAR_OTHER_LOG,      // storage has another log than before
    REGISTRAR_OTHER_AGENCIES, // its own draw was opened with another roll,
    REGISTRAR_OTHER_SOURCE,   // another kind of number,
    REGISTRAR_OTHER_NUMBER,   // or another number than this state's
    REGISTRAR_IMPOSSIBLE      // what the log says cannot have happened
} registrar_stage_t;

typedef struct registrar registrar_t;

typedef struct {
    uint32_t own;  // this process's own number, drawn at random, not 0 (follower.h)
    terms_t terms; // of the draw that it opens by itself, if they have a name; and in
                   // any case those that an order leaves open
    terms_closes_t closes;      // that draw, instead of its terms
    const schedule_t *schedule; // of other draws; NULL: none; borrowed
    chance_t chance;
    notary_options_t notary; // of provable draws
    uint32_t draws_kept;     // see draws_new ()
} registrar_options_t;

registrar_t *registrar_new (const registrar_options_t *options);
void registrar_destroy (registrar_t **registrar);

/* To be told in every turn: what time it is, by the clock that is never set and by the
   one on the wall, and whether a message to storage would be taken now. Asks storage
   for what is due. */
void registrar_tick (registrar_t *registrar, int64_t now_ms, uint64_t wall_ms,
                     bool reachable);
/* Another state may have taken this one's place: storage is asked, and says so if it is
   so. It may not have known where to tell this one. */
void registrar_doubt (registrar_t *registrar);
/* When to be told again at the latest; INT64_MAX: no need. */
int64_t registrar_deadline (const registrar_t *registrar);
/* Whether it would ask storage for something, could it be reached. */
bool registrar_wants (const registrar_t *registrar);

/* A bundle of requests, from a worker. */
void registrar_requests (registrar_t *registrar, bytes_t bundle);
/* A message that came alone, from the peer with this routing id: an operator's, if he
   may give orders. `who` is what he has proved of himself, for his order's note
   (note.h); empty: nothing. */
void registrar_operator (registrar_t *registrar, bytes_t peer, bool may,
                         const char *who, bytes_t frame);
/* A bundle from storage. */
void registrar_answers (registrar_t *registrar, bytes_t bundle);

/* What then is to be sent to brokers (by boot number), to operators (by routing id,
   each message alone), and to storage (the only peer, so unnamed). */
outbox_t *registrar_to_brokers (registrar_t *registrar);
outbox_t *registrar_to_operators (registrar_t *registrar);
outbox_t *registrar_to_storage (registrar_t *registrar);
/* This bundle could not be sent to storage: whoever asked is told so. */
void registrar_storage_unavailable (registrar_t *registrar, bytes_t bundle);

registrar_stage_t registrar_stage (const registrar_t *registrar);
const draws_t *registrar_draws (const registrar_t *registrar);
const openings_t *registrar_openings (const registrar_t *registrar);
/* Whether a STATUS may be about this draw: REFUSED_OK, and it stays at hand for a
   while, or REFUSED_HELLO. */
wire_code_t registrar_knows (registrar_t *registrar, uint64_t draw);
uint64_t registrar_epoch (const registrar_t *registrar); // 0: not registered

/* Every draw is over, the last one just now. */
bool registrar_done (const registrar_t *registrar);

uint64_t registrar_strays (const registrar_t *registrar);

#endif
