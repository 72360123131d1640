/* ctl.h - what loteria-ctl asks running processes. */

#ifndef LOTERIA_CTL_H
#define LOTERIA_CTL_H

#include <stdint.h>

#include "problem.h"
#include "wire.h"

/* Ask whoever listens at `endpoint` who it is, and wait up to `timeout_ms`. 0 with its
   name in `name`, zero-terminated and printable; or -1 with the problem. `keys` is the
   folder of the process that is asked, NULL when it has none. A signal at `signal_fd`
   ends the wait. */
int ctl_ping (const char *endpoint, const char *keys, int64_t timeout_ms, int signal_fd,
              char name[WIRE_NAME_BYTES_MAX + 1], problem_t *problem);

#endif
