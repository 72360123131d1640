/* files.h - what somebody does to the day's files, between two lives of storage or
   under a living one: he removes some, or puts older copies in their place. */

#ifndef LOTERIA_FILES_H
#define LOTERIA_FILES_H

#include "world.h"

typedef struct files files_t;

files_t *files_new (world_t *world);
void files_destroy (files_t **files);

/* Keep a copy of the day as it is now, if storage is at work (between a crash and the
   next start any part of what no checkpoint covers may be missing). It is what is put
   back later. */
void files_copy (files_t *files);
/* Storage is about to start: what was taken away is back. */
void files_begin (files_t *files);
/* On a copy of its disk, a part of the files is removed, or
   exchanged if its last life ended in order (else what would tell may not have reached
   the disk): its start has to be refused, naming one of them, or nothing of what was
   promised is missing. */
void files_try (files_t *files, bool ended_in_order);

/* A file loses its name while storage has it open; it has to notice with its next
   group, and to end. */
void files_unlink (files_t *files);
/* Whether storage may end, since one has, or had in this life of its. */
bool files_missed (const files_t *files);
void files_check (files_t *files);
/* The file has its name again. */
void files_link (files_t *files);

#endif
