/* roots.h - the root over an agency's bets of a draw, as they are stored
   (docs/fairness.md, "Leaves" and "Trees").

   In one pass over them, a slice at a time, so that others are served meanwhile. It
   takes up the same memory however many there are. */

#ifndef LOTERIA_ROOTS_H
#define LOTERIA_ROOTS_H

#include "cancels.h"
#include "leaf.h"

typedef struct roots roots_t;

/* Over the agency's bets from `from` on, `count` of them: all are stored. Cancelled are
   those that are so now (which is copied). The archive and the sale are borrowed; the
   cursor is not kept. */
roots_t *roots_new (archive_t *archive, const sale_t *sale, const cursor_t *agency,
                    const cancelled_t *cancelled, const salt_key_t *key, uint64_t from,
                    uint64_t count);
void roots_destroy (roots_t **roots);

/* Take in `bets` more, at most: 1 when all are, 0 when some are left, or -1 with errno
   when the book cannot be read. */
int roots_step (roots_t *roots, uint64_t bets);

/* How many were taken in; and the root over these. */
uint64_t roots_taken (const roots_t *roots);
hash_t roots_root (const roots_t *roots);

#endif
