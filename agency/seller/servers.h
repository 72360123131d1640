/* servers.h - the centrals that an agency may sell to: one, or several, of which one is
   active. Pure. */

#ifndef LOTERIA_SERVERS_H
#define LOTERIA_SERVERS_H

#include "address.h"
#include "rotation.h"

typedef struct {
    size_t count;
    char text[SERVERS_MAX][ADDRESS_TEXT_BYTES];     // as typed
    char endpoint[SERVERS_MAX][ADDRESS_TEXT_BYTES]; // as ZeroMQ wants it
} servers_t;

#define SERVERS_WHY_BYTES (2 * ADDRESS_TEXT_BYTES + ADDRESS_WHY_BYTES)

/* "HOST:PORT[,HOST:PORT...]", 1 to SERVERS_MAX of them, no two alike. 0, or -1 with
   what is wrong in `why`. */
int servers_parse (servers_t *servers, const char *list, char why[SERVERS_WHY_BYTES]);

#endif
