/* winners.h - finding an agency's winners in the book, page by page. */

#ifndef LOTERIA_WINNERS_H
#define LOTERIA_WINNERS_H

#include "archive.h"
#include "wire.h"

/* A page of an agency's winners: of those of page.number, what begins at page.cursor.
 */
typedef struct {
    uint32_t agency;                       // in
    wire_winners_t page;                   // in: cursor, number; out: the rest
    uint8_t documents[WINNERS_PAGE_BYTES]; // out, what page.documents refers to
} winners_t;

/* Fill in `count` pages, in one pass over the book: count, documents (in the order of
   the bets) and next. One page reads a bounded stretch of the book, so it may hold no
   document and yet not be the last. A cursor that was never given out finds nothing or
   less, never another agency's. Returns 0, or -1 with errno when the book cannot be
   read. */
int winners_find (archive_t *archive, winners_t *winners, size_t count);

#endif
