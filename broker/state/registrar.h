/* registrar.h - state's side of every conversation.

   Takes requests from workers and what storage says, one at a time, asks the draw what
   to do, records what happened, and answers to the broker. What storage finds (WELCOME,
   WINNERS, a refusal) it answers there itself. Nothing leaves before the journal has
   what it speaks of. No socket and no clock. */

#ifndef LOTERIA_REGISTRAR_H
#define LOTERIA_REGISTRAR_H

#include "draw.h"
#include "outbox.h"

typedef struct registrar registrar_t;

/* Borrows both; the draw has been opened and holds what the journal holds. */
registrar_t *registrar_new (draw_t *draw, journal_t *journal);
void registrar_destroy (registrar_t **registrar);

/* What time it is, for the log: what of it an agency can cause has a rate limit. To be
   told in every turn. */
void registrar_tick (registrar_t *registrar, int64_t now_ms);

/* A bundle from a worker. */
void registrar_requests (registrar_t *registrar, bytes_t bundle);
/* A bundle from storage. */
void registrar_answers (registrar_t *registrar, bytes_t bundle);

/* Write and sync what was recorded. -1 with errno: the process must end. */
int registrar_commit (registrar_t *registrar);
/* What then is to be sent to the brokers, and to storage (the only peer, so unnamed).
 */
outbox_t *registrar_to_brokers (registrar_t *registrar);
outbox_t *registrar_to_storage (registrar_t *registrar);
/* This bundle could not be sent to storage: refuse its requests, to the brokers. */
void registrar_unsent (registrar_t *registrar, bytes_t bundle);

/* Every agency has said that it has its winners, the last one just now. */
bool registrar_done (const registrar_t *registrar);

uint64_t registrar_strays (const registrar_t *registrar);

#endif
