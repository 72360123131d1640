/* port.h - a port of its own for the agencies, whatever becomes of the broker. */

#ifndef LOTERIA_PORT_H
#define LOTERIA_PORT_H

#include "address.h"
#include "problem.h"

/* Where the broker is to listen: `endpoint` itself; or, when it leaves the port open
   (tcp://127.0.0.1:*), the same with one that is free, in `reserved`. Nobody else is
   given that port while this process runs, so that a broker which is started again
   listens where the agencies have found it. NULL with the problem when there is none,
   or it is no address. */
const char *port_reserve (const char *endpoint, address_t *reserved,
                          problem_t *problem);

#endif
