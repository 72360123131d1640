/* trail.h - an agency's bets in the order in which they were sold, as they are stored.

   Its records point back only; but the jumps among these pointers lead to any place in
   a few steps, and from there on a trail keeps just the records that it has passed on
   its way back: some hundreds at most, however many the agency has. Each record is read
   once, and its rows are held against the hash in it. */

#ifndef LOTERIA_TRAIL_H
#define LOTERIA_TRAIL_H

#include "archive.h"

typedef struct trail trail_t;

typedef struct {       // what a record holds, of what the trail is of
    uint32_t sequence; // of the record
    uint64_t offset;   // of the first bet
    uint32_t count;    // of bets
    bytes_t rows;      // theirs; borrowed, until the next one is asked for
} trail_piece_t;

/* The agency's bets from `from` on, of those that are stored by now. The archive and
   the sale are borrowed; the cursor is not kept. */
trail_t *trail_new (archive_t *archive, const sale_t *sale, const cursor_t *agency,
                    uint64_t from);
void trail_destroy (trail_t **trail);

/* The next piece: 1, or 0 when there is none, or -1 with errno. */
int trail_next (trail_t *trail, trail_piece_t *piece);

#endif
