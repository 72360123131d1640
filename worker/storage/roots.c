/* roots.c - an agency's bets as the leaves of a tree. Storage. */

#include "roots.h"

#include <assert.h>
#include <stdlib.h>

#include "bet_csv.h"
#include "trail.h"

struct roots {
    archive_t *archive;
    const sale_t *sale;
    uint32_t agency;
    uint64_t next, end; // offsets: what is to be taken in
    trail_t *trail;
    bytes_t rows; // of the trail's last piece, those that are left
    uint64_t *offsets;
    cancelled_t cancelled; // `offsets`
    size_t cancelled_next; // the first of them that is not behind us
    leaves_t leaves;
    tree_t tree;
};

static int take_in (roots_t *roots);
static leaf_state_t state_of (roots_t *roots);

roots_t *roots_new (archive_t *archive, const sale_t *sale, const cursor_t *agency,
                    const cancelled_t *cancelled, const salt_key_t *key, uint64_t from,
                    uint64_t count)
{
    roots_t *roots = calloc (1, sizeof *roots);
    assert (roots && count <= agency->at.next && from <= agency->at.next - count);
    roots->archive = archive;
    roots->sale = sale;
    roots->agency = agency->at.agency;
    roots->next = from;
    roots->end = from + count;
    roots->trail = trail_new (archive, sale, agency, from);
    roots->offsets = malloc ((cancelled->count + 1) * sizeof (uint64_t));
    assert (roots->offsets);
    for (size_t i = 0; i < cancelled->count; i++)
        roots->offsets[i] = cancelled->offsets[i];
    roots->cancelled = (cancelled_t){roots->offsets, cancelled->count};
    const char *draw = sale->terms.name;
    leaves_begin (&roots->leaves, bytes_of (draw, strlen (draw)), roots->agency, key);
    tree_begin (&roots->tree);
    return roots;
}

void roots_destroy (roots_t **roots)
{
    if (*roots) {
        trail_destroy (&(*roots)->trail);
        free ((*roots)->offsets);
        free (*roots);
    }
    *roots = NULL;
}

int roots_step (roots_t *roots, uint64_t bets)
{
    for (; bets > 0 && roots->next < roots->end; bets--) {
        if (roots->rows.size == 0) {
            trail_piece_t piece = {0};
            const int more = trail_next (roots->trail, &piece);
            if (more == -1)
                return -1;
            if (more == 0 || piece.offset != roots->next)
                return archive_rows_damaged (roots->archive, roots->sale->folder,
                                             roots->agency, roots->next);
            roots->rows = piece.rows;
        }
        if (take_in (roots) == -1)
            return -1;
    }
    return roots->next == roots->end ? 1 : 0;
}

uint64_t roots_taken (const roots_t *roots)
{
    return roots->tree.count;
}

hash_t roots_root (const roots_t *roots)
{
    return tree_root (&roots->tree);
}

/* The next row. */
static int take_in (roots_t *roots)
{
    uint8_t scratch[ROW_BYTES_MAX];
    uint32_t agency;
    bet_t bet;
    if (bet_csv_next (&roots->rows, scratch, &agency, &bet) != 1 ||
        agency != roots->agency)
        return archive_rows_damaged (roots->archive, roots->sale->folder, roots->agency,
                                     roots->next);
    const hash_t leaf =
        leaves_hash (&roots->leaves, roots->next, state_of (roots), NULL, &bet);
    tree_add (&roots->tree, &leaf);
    roots->next++;
    return 0;
}

/* Both ascend. */
static leaf_state_t state_of (roots_t *roots)
{
    const cancelled_t *cancelled = &roots->cancelled;
    size_t *at = &roots->cancelled_next;
    while (*at < cancelled->count && cancelled->offsets[*at] < roots->next)
        ++*at;
    const bool is = *at < cancelled->count && cancelled->offsets[*at] == roots->next;
    return is ? LEAF_CANCELLED : LEAF_STANDS;
}
