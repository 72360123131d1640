/* link.h - what is known of the connection to the central: what ZeroMQ's events say of
   it, put together. */

#ifndef LOTERIA_LINK_H
#define LOTERIA_LINK_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    LINK_TRYING,      // an answer to the call for a connection is waited for
    LINK_NAMELESS,    // the name has no address
    LINK_UNREACHABLE, // there is no way to the address
    LINK_NOBODY,      // nobody listens there
    LINK_STRANGE,     // somebody does, but gives no ZeroMQ greeting, or hung up
    LINK_MISMATCH,    // the two sides' keys do not fit
    LINK_REFUSED,     // our key is not admitted
    LINK_OPEN,
    LINK_LOST // it was open
} link_state_t;

typedef struct {
    link_state_t state;
    uint64_t opened; // so many times
    bool called;     // since the last event that ended an attempt
    bool closed;
    bool hung_up; // a connection ended, and the next attempt is only prepared
} link_t;         // all zeros at the start

/* Take one of ZeroMQ's events (zmq_socket_monitor). Pure. */
void link_take (link_t *link, uint16_t event);

/* Why there is no answer, for people; it stays. `keys`: we have some. */
const char *link_reason (const link_t *link, bool keys);

/* Whether it will not pass by itself, so that people should hear of it at once; and
   whether keys are, or may be, what is wrong. */
bool link_certain (const link_t *link);
bool link_misfit (const link_t *link, bool keys);

#endif
