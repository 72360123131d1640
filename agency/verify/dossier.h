/* dossier.h - the folder with what was published of a provable draw (docs/fairness.md,
   "A folder of notes"), in memory. */

#ifndef LOTERIA_DOSSIER_H
#define LOTERIA_DOSSIER_H

#include "bytes.h"

#define DOSSIER_WHY_BYTES 512

typedef struct {
    uint32_t party; // an agency, or 0: the operator
    bytes_t file;
} party_file_t;

typedef struct { // ascending
    size_t count;
    party_file_t *of;
} party_files_t;

/* Files that are not there have no data. */
typedef struct {
    bytes_t open, seal, auditor, result, off; // off: void.note
    party_files_t ready, countersigned, nonces, salts;
    bytes_t bets, cancelled;
} dossier_t;

/* Read the folder; other files in it are left alone. 0, or -1 with the reason in `why`
   (DOSSIER_WHY_BYTES), for people. To be cleared, also after -1. */
int dossier_load (const char *folder, dossier_t *dossier, char *why);
void dossier_clear (dossier_t *dossier);

/* One file; `why` as above. To be unloaded. */
int dossier_load_file (const char *path, bytes_t *file, char *why);
void dossier_unload_file (bytes_t *file);

/* The party's file; without data: there is none. */
bytes_t dossier_find (const party_files_t *files, uint32_t party);

#endif
