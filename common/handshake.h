/* handshake.h - hears of connections that come to nothing because the two sides' keys
   do not fit: ZeroMQ itself keeps trying, and says nothing. */

#ifndef LOTERIA_HANDSHAKE_H
#define LOTERIA_HANDSHAKE_H

#include <czmq.h>

typedef enum {
    HANDSHAKE_NOTHING, // nothing new
    HANDSHAKE_REFUSED, // our key is not admitted: the peer said so (RFC 27, status 400)
    HANDSHAKE_MISMATCH // one side with CURVE, the other without; or another server's
                       // key
} handshake_t;

/* What to poll for what happens on `socket`, which has not been connected yet. To be
   destroyed (zsock_destroy) after it. Ends the process when out of sockets. */
zsock_t *handshake_watch (zsock_t *socket);

/* The next thing that went wrong. */
handshake_t handshake_next (zsock_t *watch);

/* For people. */
const char *handshake_text (handshake_t trouble);

#endif
