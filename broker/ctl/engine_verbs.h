/* engine_verbs.h - what is done to the engine that keeps a log: loteria-ctl log init.
 */

#ifndef LOTERIA_ENGINE_VERBS_H
#define LOTERIA_ENGINE_VERBS_H

#include "command.h"

/* Returns the exit code. */
int engine_verbs_init (const command_t *command);

#endif
