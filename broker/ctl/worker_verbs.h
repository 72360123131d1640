/* worker_verbs.h - has a loteria-central run more workers, or fewer. Each returns the
   exit code, and has said on stderr why it is not 0. */

#ifndef LOTERIA_WORKER_VERBS_H
#define LOTERIA_WORKER_VERBS_H

#include "command.h"

int worker_verbs_add (const command_t *command);    // N
int worker_verbs_remove (const command_t *command); // N

#endif
