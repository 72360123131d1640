/* try.h - loteria-agency --try: looks, in a second or two, whether the agency could
   sell now, prints what it finds, and sells nothing. */

#ifndef LOTERIA_TRY_H
#define LOTERIA_TRY_H

#include "settings.h"

/* Returns the status to end with: 0 when all is well. */
int try_all (const settings_t *settings, int signal_fd);

#endif
