/* note_verbs.h - the notes of a provable draw: loteria-ctl draw notes. */

#ifndef LOTERIA_NOTE_VERBS_H
#define LOTERIA_NOTE_VERBS_H

#include "command.h"

/* Write the folder that docs/fairness.md describes. Returns the exit code. */
int note_verbs_notes (const command_t *command);

#endif
