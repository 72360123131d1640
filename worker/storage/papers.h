/* papers.h - whether what an event of a provable draw has on paper (fair_paper.h) is
   so, by the draw's records and the papers before it: such a paper is recorded, and any
   other is not. (Who signed it, and how, is for who checks notes; and a root over bets
   takes a pass over them: roots.h, award.h.) */

#ifndef LOTERIA_PAPERS_H
#define LOTERIA_PAPERS_H

#include "notes.h"
#include "statement.h"

#define PAPERS_WHY_BYTES 160

typedef struct {    // what a Y says, for who works out the root
    salt_key_t key; //
    uint64_t count; // of bets
    hash_t root;    // over them
} papers_commitment_t;

/* 1 when the paper of such an event fits; 0 when not, and `why` (PAPERS_WHY_BYTES) says
   what of it; -1 with errno when the draw's cannot be read. `agency` is 0 for events of
   all. The sale has learned. */
int papers_fit (notes_t *notes, sale_t *sale, uint8_t kind, uint32_t agency,
                bytes_t text, char *why);

/* The number that follows from the seal and from the nonces of all who take part, as
   the draw's papers have them: 1, or 0 when one of these is missing, or -1 with errno.
 */
int papers_number (notes_t *notes, sale_t *sale, uint32_t *number);

/* Of the paper of a Y that fits. */
papers_commitment_t papers_commitment (bytes_t text);

#endif
