/* rooting.c - the root over an agency's bets (agency). Pure. */

#include "rooting.h"

#include "bet_csv.h"

#define KEPT_ROW_BYTES_MAX (AGENCY_DIGITS_MAX + 1 + ROW_BYTES_MAX)

static void search (rooting_t *rooting, uint32_t rows);
static const uint8_t *next_winner (const rooting_t *rooting, const uint8_t *end);
static bytes_t whole_rows (bytes_t rows, size_t bytes_max);
static void pass_over (rooting_t *rooting, const uint8_t *to);
static bool take_row (rooting_t *rooting);
static bool is_cancelled (rooting_t *rooting);

void rooting_begin (rooting_t *rooting, bytes_t draw, uint32_t agency,
                    const salt_key_t *key, bytes_t rows, uint64_t from, uint64_t count,
                    const uint64_t *offsets, size_t offsets_count)
{
    *rooting = (rooting_t){.agency = agency,
                           .rest = rows,
                           .next = from,
                           .end = from + count,
                           .offsets = offsets,
                           .offsets_count = offsets_count};
    leaves_begin (&rooting->leaves, draw, agency, key);
    tree_begin (&rooting->tree);
}

void rooting_watch (rooting_t *rooting, uint32_t number)
{
    rooting->looks = true;
    rooting->needle = needle_of (number);
}

bool rooting_step (rooting_t *rooting, uint32_t rows)
{
    if (rooting->looks)
        search (rooting, rows);
    else
        for (; rows > 0 && rooting->next < rooting->end && !rooting->faulty; rows--)
            rooting->faulty = !take_row (rooting);
    return rooting->faulty || rooting->next == rooting->end;
}

/* A winner is read like any bet; of the others just the line ends are counted. */
static void search (rooting_t *rooting, uint32_t rows)
{
    const bytes_t slice =
        whole_rows (rooting->rest, (size_t) rows * KEPT_ROW_BYTES_MAX);
    const uint8_t *end = slice.data + slice.size, *winner;
    rooting->faulty = slice.size == 0 && rooting->next < rooting->end;
    while ((winner = next_winner (rooting, end)) != NULL) {
        pass_over (rooting, winner);
        if (rooting->next == rooting->end)
            return;
        rooting->faulty = !take_row (rooting);
        if (rooting->faulty)
            return;
    }
    pass_over (rooting, end);
}

static const uint8_t *next_winner (const rooting_t *rooting, const uint8_t *end)
{
    const uint8_t *from = rooting->rest.data;
    return needle_find (&rooting->needle, bytes_of (from, (size_t) (end - from)), 0)
        .data;
}

static bytes_t whole_rows (bytes_t rows, size_t bytes_max)
{
    const size_t size = rows.size < bytes_max ? rows.size : bytes_max;
    const uint8_t *last = memrchr (rows.data, '\n', size);
    return bytes_of (rows.data, last ? (size_t) (last + 1 - rows.data) : 0);
}

/* Behind the last one there may be others. */
static void pass_over (rooting_t *rooting, const uint8_t *to)
{
    const bytes_t rest = rooting->rest;
    const size_t size = (size_t) (to - rest.data);
    const uint64_t rows = bytes_count (bytes_of (rest.data, size), '\n');
    const uint64_t left = rooting->end - rooting->next;
    rooting->next += rows < left ? rows : left;
    rooting->rest = bytes_of (to, rest.size - size);
}

static bool take_row (rooting_t *rooting)
{
    uint8_t scratch[ROW_BYTES_MAX];
    uint32_t agency;
    bet_t bet;
    if (bet_csv_next (&rooting->rest, scratch, &agency, &bet) != 1 ||
        agency != rooting->agency)
        return false;
    const bool cancelled = is_cancelled (rooting);
    const hash_t leaf =
        leaves_hash (&rooting->leaves, rooting->next++,
                     cancelled ? LEAF_CANCELLED : LEAF_STANDS, NULL, &bet);
    if (!rooting->looks || !cancelled)
        tree_add (&rooting->tree, &leaf);
    return true;
}

/* The one at `next`. Both ascend. */
static bool is_cancelled (rooting_t *rooting)
{
    while (rooting->offsets_count > 0 && *rooting->offsets < rooting->next) {
        rooting->offsets++;
        rooting->offsets_count--;
    }
    return rooting->offsets_count > 0 && *rooting->offsets == rooting->next;
}
