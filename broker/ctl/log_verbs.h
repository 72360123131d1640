/* log_verbs.h - the verbs of loteria-ctl that show what the parts have logged or
   refused. Each returns the exit code, and has said on stderr why it is not 0. */

#ifndef LOTERIA_LOG_VERBS_H
#define LOTERIA_LOG_VERBS_H

#include "command.h"

int log_verbs_events (const command_t *command);
int log_verbs_refused (const command_t *command);

#endif
