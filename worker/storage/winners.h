/* winners.h - finding an agency's winners in the book, page by page. */

#ifndef LOTERIA_WINNERS_H
#define LOTERIA_WINNERS_H

#include "book.h"
#include "wire.h"

/* Fill in the page of `agency`'s winners that begins at page->cursor, for page->number:
   count, documents (in `documents`, WINNERS_PAGE_BYTES, in the order of the bets) and
   next. One page reads a bounded stretch of the book, so it may hold no document and
   yet not be the last. A cursor that was never given out finds nothing or less, never
   another agency's. Returns 0, or -1 with errno when the book cannot be read. */
int winners_page (book_t *book, uint32_t agency, wire_winners_t *page,
                  uint8_t *documents);

#endif
