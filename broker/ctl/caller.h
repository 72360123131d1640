/* caller.h - who gives an order: the name of the user, and of the machine. */

#ifndef LOTERIA_CALLER_H
#define LOTERIA_CALLER_H

#include "note.h"

/* "ana@central", in visible ASCII without brackets: of sudo the user who called it, of
   one without a name the number. */
void caller_name (char name[NOTE_NAME_BYTES_MAX + 1]);

#endif
