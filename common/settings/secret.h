/* secret.h - a number that nobody may see before its time, from a file or from stdin.

   Anybody can read a command line (/proc/PID/cmdline), but not a file of mode 0600. */

#ifndef LOTERIA_SECRET_H
#define LOTERIA_SECRET_H

#include <stdint.h>

#include "config.h"

/* The setting NAME (a CONFIG_SECRET, whose value is in `number`), or what the file
   `path`, the setting NAME-file, contains, whichever takes precedence; `path` may be
   NULL, or "-" for stdin. A number from 0 to `max`, with a line end or blanks around
   it. 0, or -1 with the reason in `why`, which never quotes what was found: both were
   given at the same place, or the file does not have a number. For a program's `agree`.
 */
int secret_load (const config_t *config, const char *name, const char *path,
                 uint32_t max, uint32_t *number, char why[CONFIG_WHY_BYTES]);

#endif
