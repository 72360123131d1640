/* folder.h - reads the folder with what was published of a provable draw
   (docs/fairness.md, "A folder of notes"). */

#ifndef LOTERIA_FOLDER_H
#define LOTERIA_FOLDER_H

#include "dossier.h"

#define FOLDER_WHY_BYTES 512

/* Read the folder; other files in it are left alone. 0, or -1 with the reason in `why`
   (FOLDER_WHY_BYTES), for people. To be cleared, also after -1. */
int folder_load (const char *folder, dossier_t *dossier, char *why);
void folder_clear (dossier_t *dossier);

/* One file; `why` as above. To be unloaded. */
int folder_load_file (const char *path, bytes_t *file, char *why);
void folder_unload_file (bytes_t *file);

#endif
