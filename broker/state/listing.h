/* listing.h - the draws that state knows, and those it will open, told to an operator.
   Pure. */

#ifndef LOTERIA_LISTING_H
#define LOTERIA_LISTING_H

#include "openings.h"

/* A DRAW for each from the `from`th on, at most LIST_DRAWS, to the peer with this
   routing id: in the order of their opening, and then those that are planned. An empty
   one when there is none from there on. */
void listing_tell (const draws_t *draws, const openings_t *openings, uint32_t from,
                   bytes_t peer, outbox_t *outbox);

/* The DRAW of one alone, as of a list of its own. Borrows the draw's texts. */
wire_message_t listing_row (const draw_t *draw);

#endif
