/* winners.h - finding agencies' winners in the archive, page by page. */

#ifndef LOTERIA_WINNERS_H
#define LOTERIA_WINNERS_H

#include "cancels.h"

/* A page of an agency's winners in a draw: of those of page.number, what begins at
   page.cursor. A bet that was cancelled does not win. */
typedef struct {
    const sale_t *sale;                    // in: the draw
    const cursor_t *agency;                // in: whose, in this draw
    cancelled_t cancelled;                 // in: which of its bets do not count
    wire_winners_t page;                   // in: cursor, number; out: the rest
    uint8_t documents[WINNERS_PAGE_BYTES]; // out, what page.documents refers to
} winners_t;

/* Fill in `count` pages: count, documents (in the order of the bets) and next. What is
   asked for together is found in one pass over the records of these draws, or over the
   hits that are known (hits.h); but for an agency to which few of them belong its own
   are followed. One page reads a bounded stretch, so it may hold no document and yet
   not be the last. A cursor that was never given out finds nothing or less, never
   another agency's. Returns 0, or -1 with errno when the book cannot be read. */
int winners_find (archive_t *archive, winners_t *winners, size_t count);

#endif
