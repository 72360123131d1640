/* rotation.h - which of several centrals an agency talks to. Pure: time comes in as an
   argument.

   One of them is active; the others are its standbys, which say so (UNAVAILABLE), or
   are not there. An address is left for the next one that may be tried:
   - when nobody can be reached there, or the connection is lost;
   - when what was asked is not served for a while: nothing is answered, or UNAVAILABLE;
   - when it says that it is a standby.
   One that was left is not tried again for a moment. A silent one is given less time
   when it is tried again, and more each time after that. While there is no other to
   try, a standby is asked again now and then: it may take over at any moment. */

#ifndef LOTERIA_ROTATION_H
#define LOTERIA_ROTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backoff.h"

#define SERVERS_MAX 8

typedef struct {  // since the last look
    bool up;      // there is a connection now
    bool failed;  // there is none, for a reason: refused, lost, ...
    bool asked;   // something was sent that wants an answer
    bool served;  // it answered, and not with UNAVAILABLE
    bool standby; // it said that it is one
} rotation_seen_t;

typedef enum {
    ROTATION_STAY,
    ROTATION_ASK, // stay, and repeat what is unanswered
    ROTATION_MOVE // to the address rotation->at
} rotation_turn_t;

typedef struct {
    size_t count, at;
    struct {
        uint32_t visits; // in a row in which it was silent
        int64_t back_ms; // not before
    } server[SERVERS_MAX];
    bool leaving;    // this one
    int64_t down_ms; // since when there is no connection; INT64_MAX: there is one
    int64_t owed_ms; // when it was asked what is not served; INT64_MAX: nothing is owed
    int64_t ask_ms;  // when to ask a standby again; INT64_MAX: it is none
    backoff_t jitter;
} rotation_t;

/* `count` from 1 to SERVERS_MAX; begins at the first. `seed` is of the jitter. */
void rotation_start (rotation_t *rotation, size_t count, uint64_t seed, int64_t now_ms);

/* What to do about what was seen. With one address, nothing ever. */
rotation_turn_t rotation_turn (rotation_t *rotation, const rotation_seen_t *seen,
                               int64_t now_ms);

/* When to ask again though nothing is seen; INT64_MAX: never. */
int64_t rotation_deadline (const rotation_t *rotation);

#endif
