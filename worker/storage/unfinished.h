/* unfinished.h - a directory that is filled as a whole or not at all.

   What is to be in DIR is made in DIR/unfinished and moved up at the end. So a process
   that is killed leaves nothing that could be taken for a day; and whoever fills DIR
   next clears up behind it. */

#ifndef LOTERIA_UNFINISHED_H
#define LOTERIA_UNFINISHED_H

#include <limits.h>
#include <stdbool.h>

#define UNFINISHED           "unfinished"
#define UNFINISHED_WHY_BYTES 1024

typedef struct {
    const char *directory; // borrowed
    bool made;             // by this process
    int lock;
    char path[PATH_MAX]; // where to make it
} unfinished_t;

/* Make the directory, or take it if it is empty (an `unfinished` of an earlier attempt
   is removed), and an empty folder in it. Nobody else may fill it meanwhile. 0, or -1
   with the reason in `why` (UNFINISHED_WHY_BYTES); then nothing is to be ended. */
int unfinished_begin (unfinished_t *unfinished, const char *directory, char *why);
/* Empty the folder. 0, or -1 (errno). */
int unfinished_clear (unfinished_t *unfinished);
/* Move this entry up, if it is there; that is safe on the disk when this returns. 0, or
   -1 (errno). */
int unfinished_move (unfinished_t *unfinished, const char *name);
/* Remove the folder; without `whole` all that was filled in, and the directory if it
   was made. */
void unfinished_end (unfinished_t *unfinished, bool whole);

#endif
