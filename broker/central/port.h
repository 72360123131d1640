/* port.h - a port for the agencies that stays the same when the broker restarts. */

#ifndef LOTERIA_PORT_H
#define LOTERIA_PORT_H

#include "address.h"
#include "problem.h"

/* Where the broker is to listen: `endpoint` itself; or, when it leaves the port open
   (tcp://127.0.0.1:*), the same with a free one, in `reserved`. No other process gets
   that port while this one runs, so that a restarted broker listens where the agencies
   found it. NULL with the problem when there is none, or it is not an address. */
const char *port_reserve (const char *endpoint, address_t *reserved,
                          problem_t *problem);

#endif
