/* follower.h - state follows storage's log.

   State has no file. When it starts it registers with storage, asks for the list of the
   draws that are live, and then for the events of each, until it has them all. From
   there on storage tells what it records. An event that is ahead of what is known tells
   that others were lost: they are replayed, and this one with them.

   A registration that is refused since another state's stands is asked for again behind
   that: so the last one to start is heard. Once it is registered, another state's ends
   it. So each state supersedes at most one other, and two that start together do not go
   on for ever; unless it is never told that it is registered, its connection being cut
   each time. When the connection to storage was lost and is back the registration is
   asked for again as it was, which tells whether it is the same log, and how far the
   draws are is asked as well: storage may have closed one by the clock meanwhile.

   What is asked here is asked again until it is answered. No socket and no clock. */

#ifndef LOTERIA_FOLLOWER_H
#define LOTERIA_FOLLOWER_H

#include "draws.h"
#include "outbox.h"

typedef enum {
    FOLLOWER_STARTING,  // not registered, or not all replayed
    FOLLOWER_FOLLOWING, // what is known is all, or will be told
    // it is over, the process has to end:
    FOLLOWER_SUPERSEDED, // another state has registered with this storage
    FOLLOWER_OTHER_LOG,  // storage has another log than before
    FOLLOWER_IMPOSSIBLE  // what the log says cannot have happened
} follower_stage_t;

/* A source of random numbers, each of 64 bits. */
typedef struct {
    uint64_t (*draw) (void *context);
    void *context;
} chance_t;

typedef struct follower follower_t;

/* `own` is this process's own number, drawn at random, not 0: storage knows by it that
   a registration asked for again is the same one (life.h). Borrows the draws. */
follower_t *follower_new (uint32_t own, draws_t *draws, const chance_t *chance);
void follower_destroy (follower_t **follower);

/* To be told in every turn: what time it is, by the clock that is never set and by the
   one on the wall, and whether a message to storage would be taken now. */
void follower_tick (follower_t *follower, int64_t now_ms, uint64_t wall_ms,
                    bool reachable);
/* Another state may have taken this one's place: the registration is asked for again,
   as it was. */
void follower_doubt (follower_t *follower);
/* Ask for what is wanted next, unless that was just done. After all that may have
   changed it. */
void follower_pursue (follower_t *follower);
/* When to be told again at the latest; INT64_MAX: no need. Whether it would ask storage
   for something, could it be reached. */
int64_t follower_deadline (const follower_t *follower);
bool follower_wants (const follower_t *follower);

/* Storage's answers. Each returns whether it made sense here. */
bool follower_registered (follower_t *follower, const wire_message_t *message);
bool follower_refused (follower_t *follower, const wire_message_t *message);
/* An event: the draw that it is about, if what it says is known now; NULL: it is too
   early, or makes no sense (then `*strange`). `*news`: it was not known before. */
live_t *follower_event (follower_t *follower, const wire_message_t *message, bool *news,
                        bool *strange);

/* Have an event recorded, for who asked in this envelope or for nobody. It has happened
   once storage says so, not before. Or a draw opened; its identity is not 0. */
void follower_record (follower_t *follower, const envelope_t *envelope,
                      const live_t *live, const wire_event_t *event);
void follower_open (follower_t *follower, uint64_t identity,
                    const wire_event_t *opened);
/* Ask storage something else. The message has the epoch from follower_epoch (). */
void follower_ask (follower_t *follower, const envelope_t *envelope,
                   const wire_message_t *message);

/* What is to be sent to storage: the only peer, so unnamed. */
outbox_t *follower_outbox (follower_t *follower);

follower_stage_t follower_stage (const follower_t *follower);
uint64_t follower_epoch (const follower_t *follower); // 0: not registered
bool follower_reachable (const follower_t *follower);

/* An identity that no draw has yet. */
uint64_t follower_new_identity (follower_t *follower);

/* A number from 0 to `highest`, all equally likely. */
uint32_t follower_chance (const chance_t *chance, uint32_t highest);

#endif
