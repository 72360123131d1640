/* results.h - the winners' documents, gathered page by page. Pure. */

#ifndef LOTERIA_RESULTS_H
#define LOTERIA_RESULTS_H

#include "wire.h"

typedef struct {
    uint8_t *documents; // each followed by LF; owned, until results_clear ()
    size_t size;
    size_t capacity;
    uint64_t count;
} results_t; // empty when all zeros

void results_clear (results_t *results);

/* Whether the page can follow those before it: it has as many documents as it says,
   each of a possible length; there are no more winners than the agency has `bets`; and
   the next page, if any, lies further on. */
bool results_fit (const results_t *results, const wire_winners_t *page, uint64_t bets);

/* Append a page that fits. Returns 0, or -1 when that would be over
   WINNERS_BYTES_MAX. */
int results_add (results_t *results, const wire_winners_t *page);

#endif
