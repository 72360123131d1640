/* award.c - the winners of all agencies, one agency after the other. Storage. */

#include "award.h"

#include <assert.h>
#include <stdlib.h>

#include "bet_csv.h"
#include "needle.h"
#include "trail.h"

#define PIECE_BYTES 256 // what finding a record costs, in bytes that are searched

struct award {
    archive_t *archive;
    cancels_t *cancels;
    const sale_t *sale;
    needle_t needle;
    uint32_t number;
    salt_key_t *keys;
    won_t *won;
    hits_t hits;
    uint32_t agency; // whose turn it is
    // of that agency, if it has sold anything
    trail_t *trail;
    leaves_t leaves;
    tree_t tree;
};

static void begin (award_t *award);
static void end (award_t *award);
static int search (award_t *award, const trail_piece_t *piece);
static int add (award_t *award, uint64_t offset, bytes_t row);

award_t *award_new (archive_t *archive, cancels_t *cancels, const sale_t *sale,
                    uint32_t number, const salt_key_t *keys)
{
    const uint32_t agencies = sale->terms.agencies;
    award_t *award = calloc (1, sizeof *award);
    assert (award);
    award->archive = archive;
    award->cancels = cancels;
    award->sale = sale;
    award->number = number;
    award->needle = needle_of (number);
    award->keys = malloc (agencies * sizeof *award->keys);
    award->won = calloc (agencies, sizeof *award->won);
    assert (award->keys && award->won);
    memcpy (award->keys, keys, agencies * sizeof *award->keys);
    award->agency = 1;
    return award;
}

void award_destroy (award_t **award)
{
    if (*award) {
        trail_destroy (&(*award)->trail);
        free ((*award)->keys);
        free ((*award)->won);
        hits_clear (&(*award)->hits);
        free (*award);
    }
    *award = NULL;
}

int award_step (award_t *award, size_t bytes)
{
    while (award->agency <= award->sale->terms.agencies) {
        trail_piece_t piece;
        if (bytes == 0)
            return 0;
        if (!award->trail)
            begin (award);
        const int more = award->trail ? trail_next (award->trail, &piece) : 0;
        if (more == -1 || (more == 1 && search (award, &piece) == -1))
            return -1;
        const size_t cost = PIECE_BYTES + (more == 1 ? piece.rows.size : 0);
        bytes -= cost < bytes ? cost : bytes;
        if (more == 0)
            end (award);
    }
    return 1;
}

const won_t *award_won (const award_t *award, size_t *count)
{
    *count = award->sale->terms.agencies;
    return award->won;
}

void award_hand_over (award_t *award, hits_t *hits)
{
    hits_clear (hits);
    hits_complete (&award->hits, award->number);
    *hits = award->hits;
    award->hits = (hits_t){0};
}

static void begin (award_t *award)
{
    const char *draw = award->sale->terms.name;
    const cursor_t *cursor = cursors_find (award->sale->cursors, award->agency);
    tree_begin (&award->tree);
    leaves_begin (&award->leaves, bytes_of (draw, strlen (draw)), award->agency,
                  &award->keys[award->agency - 1]);
    if (cursor)
        award->trail = trail_new (award->archive, award->sale, cursor, 0);
}

static void end (award_t *award)
{
    award->won[award->agency - 1] =
        (won_t){award->agency, award->tree.count, tree_root (&award->tree)};
    trail_destroy (&award->trail);
    award->agency++;
}

static int search (award_t *award, const trail_piece_t *piece)
{
    size_t from = 0;
    uint64_t offset = piece->offset;
    bytes_t row;
    while ((row = needle_find (&award->needle, piece->rows, from)).data) {
        const uint8_t *last = piece->rows.data + from;
        if (from == 0)
            hits_add (&award->hits, piece->sequence);
        offset += bytes_count (bytes_of (last, (size_t) (row.data - last)), '\n');
        from = (size_t) (row.data - piece->rows.data) + row.size;
        if (add (award, offset, row) == -1)
            return -1;
        offset++;
    }
    return 0;
}

/* A bet that was cancelled does not win. */
static int add (award_t *award, uint64_t offset, bytes_t row)
{
    uint8_t scratch[ROW_BYTES_MAX];
    cancelled_t cancelled;
    uint32_t agency;
    bet_t bet;
    const cursor_t *cursor = cursors_find (award->sale->cursors, award->agency);
    if (cancels_of (award->cancels, cursor, &cancelled) == -1)
        return -1;
    if (cancels_have (&cancelled, offset))
        return 0;
    if (bet_csv_next (&row, scratch, &agency, &bet) != 1 || agency != award->agency)
        return archive_rows_damaged (award->archive, award->sale->folder, award->agency,
                                     offset);
    const hash_t leaf = leaves_hash (&award->leaves, offset, LEAF_STANDS, NULL, &bet);
    tree_add (&award->tree, &leaf);
    return 0;
}
