/* slots.h - the two files of checkpoints, as bytes on a disk. */

#ifndef LOTERIA_SLOTS_H
#define LOTERIA_SLOTS_H

#include "checkpoint.h"

typedef struct {
    checkpoint_t checkpoint;
    checkpoint_rest_t rest; // what was read with it; until slots_forget ()
    const char *torn;       // the one that is not whole, or NULL
    uint64_t bytes[2];      // what the two files have
    uint8_t *owned;
} slots_t;

/* Read both files, of which the newer that is whole counts. -1 with the reason in `why`
   (LOG_WHY_BYTES), and errno: 0 when they are not what they should be. */
int slots_read (file_t *a, file_t *b, slots_t *slots, char *why);
/* Free what was read. */
void slots_forget (slots_t *slots);

/* The generation of the checkpoint in this file, 0 when it is not whole. -1 (errno)
   with the reason in `why` when it cannot be read. */
int slots_generation (file_t *file, uint64_t *generation, char *why);

/* Write the checkpoint as `slots` has it with these draws and cursors, encoded, to the
   file that its generation goes to. It is not synced. 0, or -1 (errno). */
int slots_write (slots_t *slots, file_t *const files[2], bytes_t rest);

/* Which of the two a generation goes to: 0 or 1. */
int slots_place (uint64_t generation);

#endif
