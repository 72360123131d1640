/* award.h - how many bets of each agency have won in a provable draw, and the root over
   their leaves (docs/fairness.md, "result"): in slices, so that others are served
   meanwhile. */

#ifndef LOTERIA_AWARD_H
#define LOTERIA_AWARD_H

#include "cancels.h"
#include "leaf.h"
#include "statement.h"

typedef struct award award_t;

/* In a draw whose bets are complete, of this number. `keys` are the salt keys of the
   agencies from 1 on, as many as are on its roll; they are copied. The rest is
   borrowed. */
award_t *award_new (archive_t *archive, cancels_t *cancels, const sale_t *sale,
                    uint32_t number, const salt_key_t *keys);
void award_destroy (award_t **award);

/* Search so many bytes of rows more, about: 1 when it is over, 0 when it is not, -1
   with errno when the book cannot be read. */
int award_step (award_t *award, size_t bytes);

/* What was found, once it is over: of each agency on the roll, ascending. Borrowed. And
   in which records: the caller's now, in place of what `hits` held. */
const won_t *award_won (const award_t *award, size_t *count);
void award_hand_over (award_t *award, hits_t *hits);

#endif
