/* reach.h - what becomes of a connection that is being made, and why nothing does.
   Pure: it is told what ZeroMQ's socket monitor says, and the time.

   ZeroMQ tries and tries again, and says nothing; and some things it does not try again
   (libzmq 4.3.4): after a handshake that was refused, or was of another kind than ours,
   it does nothing for ever. reach_turn () says when to connect anew. It also tries the
   first address of a name only: a name that stands for addresses of both kinds is gone
   to by IPv4 and by IPv6 in turn, until somebody is there. */

#ifndef LOTERIA_REACH_H
#define LOTERIA_REACH_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { // those before the first handshake: the further, the later
    REACH_TRYING,
    REACH_NAME,         // its name does not resolve
    REACH_HERE,         // no socket for it can be had on this machine
    REACH_REFUSED,      // refused, or no way leads there
    REACH_NOBODY,       // what is sent to that address is not answered
    REACH_MUTE,         // connected, and then it said nothing
    REACH_CUT,          // connected, and then it ended the connection
    REACH_FOREIGN,      // it speaks no ZeroMQ, or is no socket for us
    REACH_KEYS_THERE,   // it asks for keys, and we have none
    REACH_KEYS_HERE,    // we have keys, and it has none
    REACH_OTHER_KEY,    // it has another key than we were told
    REACH_NOT_ADMITTED, // our key is not admitted: the peer said so
    REACH_LOST,         // there was a connection
    REACH_UP
} reach_state_t;

typedef enum { REACH_STAY, REACH_AGAIN, REACH_OTHER_FAMILY } reach_turn_t;

typedef struct {
    bool named, keyed; // gone to by name; with CURVE
    bool ipv6;         // how a name is resolved at present
    reach_state_t state;
    uint64_t opened;        // so many times it was there
    reach_state_t found[2]; // what came of the last attempt by IPv4, and by IPv6
    int64_t tried_ms;       // when the attempt began that is not over
    int64_t connected_ms;
    bool tried, closed, ended, failed, greeted;
    int cuts;         // in a row
    int64_t stuck_ms; // when to connect anew; INT64_MAX: ZeroMQ does it
    int64_t turn_ms;  // not before: by the other family
    int64_t pause_ms;
} reach_t;

void reach_start (reach_t *reach, bool named, bool keyed);

/* ZeroMQ's event (ZMQ_EVENT_...), and its value. */
void reach_event (reach_t *reach, unsigned event, uint32_t value, int64_t now_ms);

/* What the owner of the socket has to do now. REACH_OTHER_FAMILY: as reach->ipv6 says.
 */
reach_turn_t reach_turn (reach_t *reach, int64_t now_ms);

reach_state_t reach_state (const reach_t *reach);

/* Whether a failed attempt is the whole answer: of a name's two families, both failed.
 */
bool reach_tried_all (const reach_t *reach);

/* Whether it will not pass by itself: somebody has to mend it. */
bool reach_needs_help (reach_state_t state);

/* For people; a text that stays. */
const char *reach_reason (reach_state_t state);

#endif
