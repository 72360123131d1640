/* note.h - the note that an operator's order leaves: why, and behind that who, in
   brackets:

     the bell rang [ana@central, key=Ab3dEf9h]

   Who gives the order says his name; state adds the first characters of the key that he
   has proved to have. That is for operators: agencies are told the reason alone. Pure.
 */

#ifndef LOTERIA_NOTE_H
#define LOTERIA_NOTE_H

#include "bounds.h"
#include "bytes.h"

/* A reason and two who may be so long that a note has room for them. */
#define NOTE_REASON_BYTES_MAX 120
#define NOTE_NAME_BYTES_MAX   56
#define NOTE_KEY_BYTES_MAX    16

/* Add who it is to a note: a word of NOTE_NAME_BYTES_MAX at most. A reason that leaves
   no room for it is cut short. */
void note_sign (char note[NOTE_BYTES_MAX + 1], const char *who);

/* The parts of a note, borrowed from it; empty: it has no such part. */
bytes_t note_reason (bytes_t note);
bytes_t note_who (bytes_t note);

#endif
