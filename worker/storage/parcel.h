/* parcel.h - one draw that is over, in one file, with what proves it: a tar archive of
   NAME/bets.csv, cancelled.csv and notes as they are in the draw's folder, `records`,
   and `manifest`, in this order; of the first three those that are not empty.

   `records` is each of the draw's records in the log, in order: its sequence (u64),
   then its 128 bytes. They vouch for all rows. `manifest` is text: which draw of which
   log it is, what came of it, the log's head when this was written, and of each file
   before it the SHA-256 and the size. */

#ifndef LOTERIA_PARCEL_H
#define LOTERIA_PARCEL_H

#include "history.h"

enum { PARCEL_RECORDS = DRAW_ROWS, PARCEL_MANIFEST, PARCEL_FILES };

typedef struct parcel parcel_t;

/* Write the draw, whose files lie in `directory`, to this empty file, and sync it. What
   is written is what its records vouch for. 0, or -1 with the reason in `why`
   (BOOK_WHY_BYTES). */
int parcel_write (const history_t *history, const char *directory, file_t *file,
                  char *why);

/* Read all of a parcel, which proves itself. The file stays the caller's. NULL with the
   reason in `why` (BOOK_WHY_BYTES) when it is none, or was changed or cut. */
parcel_t *parcel_open (file_t *file, char *why);
void parcel_destroy (parcel_t **parcel);

/* The draw as its records have it. */
const history_t *parcel_history (const parcel_t *parcel);

/* The name of one of its files, where it begins, and its size; or false. */
const char *parcel_name (int which);
bool parcel_find (const parcel_t *parcel, int which, uint64_t *position,
                  uint64_t *size);

#endif
