/* database.h - the engine (engine.h) of a simulated day whose log is not on storage's
   disk: one database, on several machines, of which the one that answers may go away,
   be another from then on, and have less than was seen before.

   An entry is first on the machine that answers, where it can be seen; then, unless
   that machine is lost before, on another one as well: then it is safe. */

#ifndef LOTERIA_DATABASE_H
#define LOTERIA_DATABASE_H

#include "world.h"

/* Its machines do what faults say, on this clock; storage asks it by way of engine.h.
 */
database_t *database_new (world_t *world, uint64_t seed);
void database_destroy (database_t **database);

/* When something is over that a storage waits for, or is under way; INT64_MAX: nothing.
 */
int64_t database_next (const database_t *database);
/* What is over by now: each storage that has to hear of it is woken. */
void database_advance (database_t *database);

/* For the invariants. The log's identity; entries that are safe, whatever the machine
   shows that answers; one of them, from 1; how often any of it changed; and the epoch
   that a machine's storage was told is its own, in this life of its. */
uint64_t database_identity (void);
uint64_t database_safe (const database_t *database);
bytes_t database_entry (const database_t *database, uint64_t ordinal);
uint64_t database_version (const database_t *database);
uint64_t database_took (const database_t *database, int machine);

/* A machine's storage begins another life; whether it was told in it that something did
   not go well, so that it may end. */
void database_begin (database_t *database, int machine);
bool database_hurt (const database_t *database, int machine);
/* Whether what was safe is missing: who starts then has to refuse. */
bool database_lost (const database_t *database);

/* Faults. No standby confirms anything for a while; no machine of the database's can be
   reached from a machine, or from WORLD_ALL; connections are lost, likewise, and what
   was asked on them arrives, or not; another machine leads, which has what is safe, and
   of the rest some; somebody else takes the lease; entries that were safe are gone for
   a while. */
void database_block (database_t *database);
void database_leave (database_t *database, int machine);
void database_cut (database_t *database, int machine);
void database_fail_over (database_t *database);
void database_take (database_t *database);
void database_lose (database_t *database);
/* A machine's storage pauses, maybe for longer than it may lead without a word. */
void database_pause (database_t *database, int machine);
/* The power of storage's machine was cut. */
void database_power (database_t *database);
/* All of that is over. */
void database_calm (database_t *database);

#endif
