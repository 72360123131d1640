/* result_verbs.h - the verbs of loteria-ctl about what became of a draw. Each returns
   the exit code, and has said on stderr why it is not 0. */

#ifndef LOTERIA_RESULT_VERBS_H
#define LOTERIA_RESULT_VERBS_H

#include "command.h"

int result_verbs_winners (const command_t *command); // DRAW [AGENCY]
int result_verbs_report (const command_t *command);  // DRAW

#endif
