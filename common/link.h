/* link.h - what becomes of a connection that is being made, and why nothing does. Pure:
   it is told what ZeroMQ's socket monitor says, and the time.

   ZeroMQ tries and tries again, and says nothing; and some things it does not try again
   (libzmq 4.3.4): after a handshake that was refused, or was of another kind than ours,
   it does nothing for ever. link_turn () says when to connect anew. It also tries the
   first address of a name only: a name that stands for addresses of both kinds is gone
   to by IPv4 and by IPv6 in turn, until somebody is there. */

#ifndef LOTERIA_LINK_H
#define LOTERIA_LINK_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { // those before the first handshake: the further, the later
    LINK_TRYING,
    LINK_NAME,         // its name does not resolve
    LINK_HERE,         // no socket for it can be had on this machine
    LINK_REFUSED,      // refused, or no way leads there
    LINK_NOBODY,       // what is sent to that address is not answered
    LINK_MUTE,         // connected, and then it said nothing
    LINK_CUT,          // connected, and then it ended the connection
    LINK_FOREIGN,      // it speaks no ZeroMQ, or is no socket for us
    LINK_KEYS_THERE,   // it asks for keys, and we have none
    LINK_KEYS_HERE,    // we have keys, and it has none
    LINK_OTHER_KEY,    // it has another key than we were told
    LINK_NOT_ADMITTED, // our key is not admitted: the peer said so
    LINK_LOST,         // there was a connection
    LINK_UP
} link_state_t;

typedef enum { LINK_STAY, LINK_AGAIN, LINK_OTHER_FAMILY } link_turn_t;

typedef struct {
    bool named, keyed; // gone to by name; with CURVE
    bool ipv6;         // how a name is resolved at present
    link_state_t state;
    link_state_t found[2]; // what came of the last attempt by IPv4, and by IPv6
    int64_t tried_ms;      // when the attempt began that is not over
    int64_t connected_ms;
    bool tried, closed, ended, failed, greeted;
    int cuts;         // in a row
    int64_t stuck_ms; // when to connect anew; INT64_MAX: ZeroMQ does it
    int64_t turn_ms;  // not before: by the other family
    int64_t pause_ms;
} link_t;

void link_start (link_t *link, bool named, bool keyed);

/* ZeroMQ's event (ZMQ_EVENT_...), and its value. */
void link_event (link_t *link, unsigned event, uint32_t value, int64_t now_ms);

/* What the owner of the socket has to do now. LINK_OTHER_FAMILY: as link->ipv6 says. */
link_turn_t link_turn (link_t *link, int64_t now_ms);

link_state_t link_state (const link_t *link);

/* Whether it will not pass by itself: somebody has to mend it. */
bool link_needs_help (link_state_t state);

/* For people; a text that stays. */
const char *link_reason (link_state_t state);

#endif
