/* registrar.h - state's side of every conversation.

   Takes requests of agencies and storage's answers, one at a time, asks the draw what
   to do, has storage record what follows, and answers once it is recorded. It has no
   file: when it starts it registers with storage, which replays it the draw's events.
   A registration that is refused since another state's stands is asked for again behind
   that: so the last one to start is heard. Once it is registered, another state's ends
   it. So each state supersedes at most one other, and two that start together do not go
   on for ever; unless it is never told that it is registered, its connection being cut
   each time.
   What it asks for itself (to be registered, a page of the replay, that the draw is
   opened or made) it asks again until it is answered; what it asks for an agency the
   agency asks again. No socket and no clock. */

#ifndef LOTERIA_REGISTRAR_H
#define LOTERIA_REGISTRAR_H

#include "draw.h"
#include "outbox.h"

typedef enum {
    REGISTRAR_STARTING, // not registered, or not all replayed: nobody is answered yet
    REGISTRAR_OPEN,
    // It is over, the process has to end:
    REGISTRAR_SUPERSEDED,     // another state has registered with this storage
    REGISTRAR_OTHER_DRAW,     // storage has another draw's log than before
    REGISTRAR_OTHER_AGENCIES, // the draw was opened with another number of agencies,
    REGISTRAR_OTHER_NUMBER,   // or with another winning number, than this state's
    REGISTRAR_IMPOSSIBLE      // what the log says cannot have happened
} registrar_stage_t;

typedef struct registrar registrar_t;

/* `own` is this process's own number, drawn at random, not 0: storage knows by it that
   a registration asked for again is the same one (life.h). `agencies` and `number` are
   what the draw is opened with, or was. */
registrar_t *registrar_new (uint32_t own, uint32_t agencies, uint32_t number);
void registrar_destroy (registrar_t **registrar);

/* To be told in every turn: what time it is, and whether a message to storage would be
   taken now. Asks storage for what is due. */
void registrar_tick (registrar_t *registrar, int64_t now_ms, bool reachable);
/* Another state may have taken this one's place: storage is asked, and says so if it is
   so. It may not have known where to tell this one. */
void registrar_doubt (registrar_t *registrar);
/* When to be told again at the latest; INT64_MAX: no need. */
int64_t registrar_deadline (const registrar_t *registrar);
/* Whether it would ask storage for something, could it be reached. */
bool registrar_wants (const registrar_t *registrar);

/* A bundle of requests, from a worker. */
void registrar_requests (registrar_t *registrar, bytes_t bundle);
/* A bundle from storage. */
void registrar_answers (registrar_t *registrar, bytes_t bundle);

/* What then is to be sent to brokers (by boot number), and to storage (the only peer,
   so unnamed). */
outbox_t *registrar_to_brokers (registrar_t *registrar);
outbox_t *registrar_to_storage (registrar_t *registrar);
/* This bundle could not be sent to storage: whoever asked is told so. */
void registrar_storage_unavailable (registrar_t *registrar, bytes_t bundle);

registrar_stage_t registrar_stage (const registrar_t *registrar);
/* As far as it is known; NULL before storage has told which draw it is. */
const draw_t *registrar_draw (const registrar_t *registrar);
uint64_t registrar_epoch (const registrar_t *registrar); // 0: not registered

/* Every agency has said that it has its winners, the last one just now. */
bool registrar_done (const registrar_t *registrar);

uint64_t registrar_strays (const registrar_t *registrar);

#endif
