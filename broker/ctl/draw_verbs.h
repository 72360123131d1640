/* draw_verbs.h - the verbs of loteria-ctl that are about draws. Each returns the exit
   code, and has said on stderr why it is not 0. */

#ifndef LOTERIA_DRAW_VERBS_H
#define LOTERIA_DRAW_VERBS_H

#include "command.h"

int draw_verbs_list (const command_t *command);
int draw_verbs_open (const command_t *command);
int draw_verbs_close (const command_t *command);
int draw_verbs_number (const command_t *command);
int draw_verbs_excuse (const command_t *command);
int draw_verbs_void (const command_t *command);
// What the auditor of a provable draw made, in a file
int draw_verbs_attest (const command_t *command);
int draw_verbs_reveal (const command_t *command);

#endif
