/* listener.h - the socket that browsers connect to. */

#ifndef LOTERIA_LISTENER_H
#define LOTERIA_LISTENER_H

#include "address.h"
#include "problem.h"

/* What --listen says: HOST:PORT, such as 127.0.0.1:8080, [::1]:8080, *:8080; http://
   may stand before it. 0, or -1 with what is wrong in `why`. */
int listener_parse (address_t *address, const char *text, char why[ADDRESS_WHY_BYTES]);

/* Whether only this machine can reach it. Asks the resolver for a name. */
bool listener_is_local (const address_t *address);

/* A socket that listens there, at the first address of a name; the port that was left
   open is in `address` afterwards. -1 with the problem. While a predecessor still holds
   the port it is waited for. */
int listener_open (address_t *address, problem_t *problem);

#endif
