/* candidate.h - storage on an engine (engine.h), from its start to its end: follows
   what the active one writes, takes over when the time has come (tenure.h), reads what
   is left, leads, and sees that it still does. Tells its role in a file (role.h),
   beside which an order to take over may lie. A shell: files, no sockets. */

#ifndef LOTERIA_CANDIDATE_H
#define LOTERIA_CANDIDATE_H

#include <zmq.h>

#include "book.h"
#include "engine.h"
#include "problem.h"

#define LEASE_SECONDS 3

typedef struct {
    engine_t *engine; // borrowed, as all the others
    book_t *book;
    const char *directory; // of the day: tells two on one machine apart
    const char *advertise; // see tenure.h, holder; NULL or "": the directory
    const char *role_file; // NULL or "": none
    uint32_t lease_s;      // 0: LEASE_SECONDS
    bool standby;
} candidate_options_t;

typedef struct candidate candidate_t;

candidate_t *candidate_new (const candidate_options_t *options, int64_t now_ms);
void candidate_destroy (candidate_t **candidate);

/* Go on. 0, or -1 with the problem: the process has to end, and nothing may be said
   any more. */
int candidate_turn (candidate_t *candidate, int64_t now_ms, problem_t *problem);

/* The process is about to end, and is no active one any more. */
void candidate_end (const candidate_t *candidate);

/* It ends in order, and another may lead at once: waits a moment for that. */
void candidate_close (candidate_t *candidate);

/* For a loop: what to poll, at most CANDIDATE_ITEMS; when to have a turn. */
#define CANDIDATE_ITEMS 2
size_t candidate_items (const candidate_t *candidate, zmq_pollitem_t *items);
int64_t candidate_deadline (const candidate_t *candidate, int64_t now_ms);

/* Whether it leads, has found everything, and may serve. */
bool candidate_leads (const candidate_t *candidate, int64_t now_ms);

/* So long a lease holds, from when it was taken or renewed. */
uint64_t candidate_lease_ms (const candidate_t *candidate);

/* A group whose commit began at that moment is durable. */
void candidate_confirm (candidate_t *candidate, int64_t begun_ms);

/* Whether answers that record nothing may leave; `held_ms` is since when they are ready
   and wait, 0: they do not yet. */
bool candidate_vouches (const candidate_t *candidate, int64_t held_ms, int64_t now_ms);

#endif
