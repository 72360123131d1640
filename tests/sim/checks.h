/* checks.h - what must hold, checked from what the agencies and operators were told.

   I1  Every acknowledged bet is stored and durable, byte for byte, once.
   I2  None is stored twice; each agency's bets are stored in its order.
   I3  Nothing is stored that was not sent.
   I4  Every result ever told is the same.
   I5  An agency's winners are its own bets with the number drawn, in the draw it asked
       about.
   I6  Nothing is acknowledged beyond what an agency was sealed with; counts add up; one
       draw is recorded, ever, of each name.
   I7  Once faults stop, everything under way is acknowledged, and everybody ends well.
   I8  Files removed or exchanged are noticed.
   I9  No bet is stored after its agency's seal, nor after the draw's close, nor when it
       reached storage at the time of the close or later; who is told CLOSED is sealed.
   I10 A draw gets one number, after its last seal, within its highest, from where it
       said; a void one gets none; what an operator is told to be so is.
   I11 A bet is cancelled once, by its agency, before its seal; it never wins.
   I12 Each draw's files, notes and what it is archived as are what the log says.
   I13 What operators are told when they ask is so, and no secret.
   I14 A provable draw has each of its notes once, and they prove it.
   I15 Storage does not serve on a database that has lost what was safe.
   I16 Of two storages one serves: the other answers nothing that it was asked since; in
       the end both have the same files.

   The disks are read here with code of its own, not with the product's. */

#ifndef LOTERIA_CHECKS_H
#define LOTERIA_CHECKS_H

#include "wire.h"
#include "world.h"

checks_t *checks_new (world_t *world);
void checks_destroy (checks_t **checks);

/* An agency's process sends, or was handed, this message. */
void checks_sent (checks_t *checks, const node_t *node, bytes_t message);
void checks_received (checks_t *checks, const node_t *node, bytes_t message);

/* A process sends this bundle: of storage and state, is all that it says durable? And
   storage was handed this one. */
void checks_told (checks_t *checks, const node_t *node, bytes_t bundle);
void checks_reached (checks_t *checks, const node_t *storage, bytes_t bundle);

/* An operator was told that his order, by its place in the plan, was carried out; what
   there is, one draw of it. Whether an order is of no use any more. */
void checks_ordered (checks_t *checks, const node_t *node, int order,
                     const wire_message_t *ordered);
void checks_listed (checks_t *checks, const wire_message_t *draw);
bool checks_moot (const checks_t *checks, const plan_order_t *order);

/* An operator was told this about storage or state, and this page of an agency's
   winners. The identity of a draw of the plan, 0: it is not opened. */
void checks_reported (checks_t *checks, const node_t *node, bytes_t text);
void checks_shown (checks_t *checks, const node_t *node, bytes_t winners);
uint64_t checks_identity (const checks_t *checks, uint32_t draw);

/* How many bets were acknowledged so far, and seals and results told; and whether all
   that is durable on this disk, but for what only the log's last group holds: an older
   log without it cannot be told from a crash. `older_moment`: less is kept, too, if it
   is what the day once was. */
uint64_t checks_promised (const checks_t *checks);
bool checks_kept (checks_t *checks, const disk_t *disk, bool older_moment);
/* Whether nothing happens to the draw any more; and the path of a file of its
   (scan_file_t), valid until the next call. */
bool checks_finished (checks_t *checks, uint32_t draw);
const char *checks_path (const checks_t *checks, uint32_t draw, int file);
/* How many bytes a draw's file has by the log, as far as that is durable; UINT64_MAX:
   it is no draw's. */
uint64_t checks_rows (checks_t *checks, const char *path);

/* How many checkpoints there were, and how often the log's ring was written. */
uint64_t checks_checkpoints (const checks_t *checks);
uint64_t checks_laps (const checks_t *checks);
/* How far a machine's newest checkpoint covers the log. */
uint64_t checks_position (const checks_t *checks, int machine);

/* Storage has started: its files are as they are to be. Whether all that is recorded
   has come into a machine's files. One of two storages begins another life. */
void checks_settled (checks_t *checks, const node_t *storage);
bool checks_caught_up (checks_t *checks, int machine);
void checks_begin (checks_t *checks, const node_t *storage);
/* A machine has another disk from here on. */
void checks_replaced (checks_t *checks, int machine);

typedef struct {
    bytes_t winners;
    bool sold;   // a file, to its end
    bool closed; // its sale was, before that
} checks_end_t;

/* An agency's process ended: well, or for this reason. */
void checks_ended (checks_t *checks, node_t *node, const checks_end_t *end);
void checks_failed (checks_t *checks, node_t *node, const char *why);
/* Which bet the agency cancels next; it did, or (why not) could not: whether it tries
   another one. */
uint64_t checks_cancels (checks_t *checks, const node_t *node);
bool checks_cancelled (checks_t *checks, const node_t *node, const char *why);

/* Faults stop now; time passes after that; the day is over. */
void checks_calm (checks_t *checks);
void checks_tick (checks_t *checks);
void checks_over (checks_t *checks);

#endif
