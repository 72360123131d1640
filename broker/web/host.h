/* host.h - whether a request was really meant for this server; pure.

   A page of a stranger in the operator's browser can let a name of its own lead to
   127.0.0.1 and would then be of the same origin as we are ("DNS rebinding"). Its
   requests have that name in `Host`. It cannot have an address there, nor a name
   without a dot, which nobody outside can own. */

#ifndef LOTERIA_HOST_H
#define LOTERIA_HOST_H

#include <stdbool.h>

/* `host` is the header's value, with or without a port; NULL when there was none (no
   browser leaves it out). */
bool host_is_ours (const char *host);

#endif
