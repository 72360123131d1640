/* note_folder.h - writes the folder with what was published of a provable draw
   (docs/fairness.md, "A folder of notes"): loteria-ctl draw notes.

   Each file is there whole or not at all. What is there stays: notes do not change, so
   one that differs is what the folder is kept for. The other one is put beside it, as
   NAME.other. */

#ifndef LOTERIA_NOTE_FOLDER_H
#define LOTERIA_NOTE_FOLDER_H

#include "bytes.h"

#define NOTE_FOLDER_WHY_BYTES 256

typedef enum {
    FOLDER_NEW,     // written
    FOLDER_SAME,    // it was there
    FOLDER_DIFFERS, // another was there, and still is
    FOLDER_FAILED   // `why` says why
} folder_put_t;

/* Make the folder, unless it is there. 0, or -1 with why. */
int note_folder_make (const char *folder, char why[NOTE_FOLDER_WHY_BYTES]);

/* Whether the folder has no open note yet, or one of the draw that `open` is of. If
   not, `why` says whose notes it has. */
bool note_folder_fits (const char *folder, bytes_t open,
                       char why[NOTE_FOLDER_WHY_BYTES]);

folder_put_t note_folder_put (const char *folder, const char *name, bytes_t file,
                              char why[NOTE_FOLDER_WHY_BYTES]);

/* The same of a file, which may be long; of one that differs nothing is put beside. */
folder_put_t note_folder_copy (const char *folder, const char *name, const char *path,
                               char why[NOTE_FOLDER_WHY_BYTES]);

/* "new", "same", "differs", "failed" */
const char *note_folder_name (folder_put_t put);

#endif
