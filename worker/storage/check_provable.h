/* check_provable.h - loteria-storage --check, of a provable draw: whether its papers
   say what its records do. */

#ifndef LOTERIA_CHECK_PROVABLE_H
#define LOTERIA_CHECK_PROVABLE_H

#include "archive.h"

#define CHECK_PROVABLE_WHY_BYTES 320

/* Every paper by papers.h; every root over the bets as they are stored; the number, by
   the nonces; the winners. Who signed notes, and how, is for loteria-verify. All
   records of the draw were taken into the sale, one by one. 0, or -1 with the reason in
   `why` (CHECK_PROVABLE_WHY_BYTES). */
int check_provable (archive_t *archive, sale_t *sale, char *why);

#endif
