/* status_verbs.h - the verbs of loteria-ctl that show how a central is. Each returns
   the exit code, and has said on stderr why it is not 0. */

#ifndef LOTERIA_STATUS_VERBS_H
#define LOTERIA_STATUS_VERBS_H

#include "command.h"

int status_verbs_status (const command_t *command);
int status_verbs_agencies (const command_t *command);
int status_verbs_workers (const command_t *command);
int status_verbs_top (const command_t *command);

#endif
