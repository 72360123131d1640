/* spool.h - bets that come through a pipe, kept in an unnamed file: what is sold has to
   be read again to compare it with what is stored, and to send it again.

   The file is in TMPDIR, or /tmp; it is gone once the process has ended, however that
   came. */

#ifndef LOTERIA_SPOOL_H
#define LOTERIA_SPOOL_H

#include <stdbool.h>
#include <stddef.h>

typedef struct spool spool_t;

/* Take what comes in by `input`, which is borrowed. Returns NULL with one line in
   `error` (`error_size` bytes) when there is no place for the file. */
spool_t *spool_new (int input, char *error, size_t error_size);
void spool_destroy (spool_t **spool);

/* The file, to be read from its beginning; the spool's own. */
int spool_file (const spool_t *spool);

/* Move what has come to the file, without waiting for more; at most SPOOL_TAKE_BYTES.
   Returns 0, or -1 with one line in `error` when it cannot be read or kept. */
#define SPOOL_TAKE_BYTES (256 * 1024)
int spool_take (spool_t *spool, char *error, size_t error_size);

/* Whether the input's end has come. Until then spool_take () is worth a call whenever
   there is something to read. */
bool spool_ended (const spool_t *spool);

#endif
