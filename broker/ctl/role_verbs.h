/* role_verbs.h - which of several centrals is the active one: loteria-ctl takeover. */

#ifndef LOTERIA_ROLE_VERBS_H
#define LOTERIA_ROLE_VERBS_H

#include "command.h"

/* Returns the exit code. */
int role_verbs_takeover (const command_t *command);

#endif
