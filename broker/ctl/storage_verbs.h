/* storage_verbs.h - the verbs of loteria-ctl about the files of a day, which
   loteria-storage carries out, whether the day is served meanwhile or not. */

#ifndef LOTERIA_STORAGE_VERBS_H
#define LOTERIA_STORAGE_VERBS_H

#include "command.h"

/* Each returns the exit code that is loteria-storage's, and 2 when it cannot be run
   or there is no day. */
int storage_verbs_check (const command_t *command);
int storage_verbs_backup (const command_t *command);  // DIR
int storage_verbs_archive (const command_t *command); // DRAW FILE
int storage_verbs_restore (const command_t *command); // FILE

/* The data directory that is meant. */
const char *storage_verbs_directory (const command_t *command);

#endif
