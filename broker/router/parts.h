/* parts.h - the parts of a central that answer: storage and state, as their broker sees
   them.

   Pure. A part announces itself (JOIN), is told whom it has joined (JOINED), and is
   there once it is heard after that: from then on it knows where answers go. One that
   is silent for too long is missing until it is heard again; one that took its leave,
   until it announces itself again. Of two with one role the latest to come is the one.
 */

#ifndef LOTERIA_PARTS_H
#define LOTERIA_PARTS_H

#include <stdbool.h>

#include "bounds.h"
#include "bytes.h"
#include "liveness.h"
#include "wire.h"

enum { PARTS_STORAGE, PARTS_STATE, PARTS };

typedef struct {
    uint8_t id_size; // 0: nobody
    uint8_t id[ADDRESS_BYTES_MAX];
    liveness_t liveness;
    bool missing;
    int64_t missing_ms; // since when
} part_t;

typedef struct {
    part_t part[PARTS];
} parts_t;

/* Nobody is there yet. */
void parts_start (parts_t *parts, int64_t now_ms);

/* `role`, ROLE_STORAGE or ROLE_STATE, has this routing id from now on, and is missing
   until it is heard. */
void parts_join (parts_t *parts, uint8_t role, bytes_t id, uint32_t heartbeat_ms,
                 int64_t now_ms);

/* What the peer with this routing id is: its role, ROLE_NONE when it is no part. */
uint8_t parts_role (const parts_t *parts, bytes_t id);

/* It was heard. True: it had been missing. Nothing happens when it is no part. */
bool parts_heard (parts_t *parts, bytes_t id, int64_t now_ms);

/* It took its leave. */
void parts_leave (parts_t *parts, uint8_t role, int64_t now_ms);

/* The role of a part that has just fallen silent for too long, and is missing from here
   on; ROLE_NONE: none has. */
uint8_t parts_expired (parts_t *parts, int64_t now_ms);

/* A part that is missing; ROLE_NONE: none. */
uint8_t parts_missing (const parts_t *parts);

/* Whether this one is; and whether it has been for PART_PATIENCE_MS. */
bool parts_lacks (const parts_t *parts, uint8_t role);
bool parts_gone (const parts_t *parts, uint8_t role, int64_t now_ms);

/* When one of these next has something new to say, if nothing else happens;
   INT64_MAX: never. */
int64_t parts_deadline (const parts_t *parts, int64_t now_ms);

#endif
