/* reach.h - how an attempt to connect is going, and why it does not succeed. Pure: what
   ZeroMQ's socket monitor says and the time come in as arguments.

   ZeroMQ keeps trying without saying so, but not always (libzmq 4.3.4): after a
   handshake that was refused, or was of another kind than ours, it never tries again.
   reach_turn () says when to connect anew. ZeroMQ also tries only the first address of
   a name: a name with addresses of both families is tried by IPv4 and IPv6 in turn,
   until one works. */

#ifndef LOTERIA_REACH_H
#define LOTERIA_REACH_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { // those before the first handshake: the further, the later
    REACH_TRYING,
    REACH_NAME,         // its name does not resolve
    REACH_HERE,         // this machine has no socket for it
    REACH_REFUSED,      // refused, or no route to it
    REACH_NOBODY,       // nothing answers at that address
    REACH_MUTE,         // connected, then silent
    REACH_CUT,          // connected, then cut off
    REACH_FOREIGN,      // not ZeroMQ, or not a socket for us
    REACH_KEYS_THERE,   // it wants keys, we have none
    REACH_KEYS_HERE,    // we have keys, it has none
    REACH_OTHER_KEY,    // its key is not the one we know
    REACH_NOT_ADMITTED, // the peer does not admit our key
    REACH_LOST,         // there was a connection
    REACH_UP
} reach_state_t;

typedef enum { REACH_STAY, REACH_AGAIN, REACH_OTHER_FAMILY } reach_turn_t;

typedef struct {
    bool named, keyed; // by name; with CURVE
    bool ipv6;         // how a name is resolved at present
    reach_state_t state;
    uint64_t opened;        // how often it was there
    reach_state_t found[2]; // the result of the last attempt by IPv4, by IPv6
    int64_t tried_ms;       // when the present attempt began
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

/* Whether somebody has to mend it, as it will not pass by itself. */
bool reach_needs_help (reach_state_t state);

/* For people; a constant. */
const char *reach_reason (reach_state_t state);

#endif
