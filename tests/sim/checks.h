/* checks.h - what must hold, checked from what the agencies were told.

   I1  Every acknowledged bet is stored and durable, byte for byte, once.
   I2  None is stored twice; each agency's bets are stored in its order.
   I3  Nothing is stored that was not sent.
   I4  Every result ever told is the same.
   I5  An agency's winners are its own bets with the number drawn.
   I6  Nothing is acknowledged beyond what an agency was sealed with; counts add up; one
       draw is recorded, ever.
   I7  Once faults stop, everything under way is acknowledged, and everybody ends well.

   The disks are read here with code of its own, not with the product's. */

#ifndef LOTERIA_CHECKS_H
#define LOTERIA_CHECKS_H

#include "world.h"

checks_t *checks_new (world_t *world);
void checks_destroy (checks_t **checks);

/* An agency's process sends, or was handed, this message. */
void checks_sent (checks_t *checks, uint32_t agency, bytes_t message);
void checks_received (checks_t *checks, uint32_t agency, bytes_t message);

/* A process sends this bundle: of storage and state, is all that it says durable? */
void checks_told (checks_t *checks, const node_t *node, bytes_t bundle);

/* How many bets were acknowledged so far, and seals and results told; and whether all
   that is durable on this disk, but for what only the log's last group holds: an older
   log without it cannot be told from a crash. */
uint64_t checks_promised (const checks_t *checks);
bool checks_kept (checks_t *checks, const disk_t *disk);

/* How many checkpoints there were, and how often the log's ring was written. */
uint64_t checks_checkpoints (const checks_t *checks);
uint64_t checks_laps (const checks_t *checks);

/* Storage has started: its files are as they are to be. */
void checks_settled (checks_t *checks);

/* An agency's process ended: well, with these winners, or for this reason. */
void checks_ended (checks_t *checks, const node_t *node, bytes_t winners);
void checks_failed (checks_t *checks, const node_t *node, const char *why);

/* Faults stop now; time passes after that; the day is over. */
void checks_calm (checks_t *checks);
void checks_tick (checks_t *checks);
void checks_over (checks_t *checks);

#endif
