/* dossier.h - what was published of a provable draw (docs/fairness.md, "A folder of
   notes"), in memory. Pure. */

#ifndef LOTERIA_DOSSIER_H
#define LOTERIA_DOSSIER_H

#include "bytes.h"

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

/* The party's file; without data: there is none. */
bytes_t dossier_find (const party_files_t *files, uint32_t party);

#endif
