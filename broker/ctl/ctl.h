/* ctl.h - loteria-ctl's questions to running processes. */

#ifndef LOTERIA_CTL_H
#define LOTERIA_CTL_H

#include <stdint.h>

#include "wire.h"

/* Ask whoever listens at `endpoint` who it is, and wait up to `timeout_ms`. Returns
   NULL with its name in `name`, ended by a zero and fit to print, or why there is none.
   `keys` is the folder of the process that is asked, NULL when it has none. A signal at
   `signal_fd` ends the wait. */
const char *ctl_ping (const char *endpoint, const char *keys, int64_t timeout_ms,
                      int signal_fd, char name[WIRE_NAME_BYTES_MAX + 1]);

#endif
