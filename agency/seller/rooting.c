/* rooting.c - the root over an agency's bets (agency). Pure. */

#include "rooting.h"

#include "bet_csv.h"

static bool take_row (rooting_t *rooting);

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
    tree_begin (&rooting->winners);
    for (; rooting->offsets_count > 0 && *rooting->offsets < from; rooting->offsets++)
        rooting->offsets_count--;
}

void rooting_watch (rooting_t *rooting, uint32_t number)
{
    rooting->looks = true;
    rooting->number = number;
}

bool rooting_step (rooting_t *rooting, uint32_t rows)
{
    for (; rows > 0 && rooting->next < rooting->end && !rooting->faulty; rows--)
        rooting->faulty = !take_row (rooting);
    return rooting->faulty || rooting->next == rooting->end;
}

static bool take_row (rooting_t *rooting)
{
    uint8_t scratch[ROW_BYTES_MAX];
    uint32_t agency;
    bet_t bet;
    if (bet_csv_next (&rooting->rest, scratch, &agency, &bet) != 1 ||
        agency != rooting->agency)
        return false;
    const bool cancelled =
        rooting->offsets_count > 0 && *rooting->offsets == rooting->next;
    if (cancelled) {
        rooting->offsets++;
        rooting->offsets_count--;
    }
    const uint64_t offset = rooting->next++;
    if (rooting->looks && (cancelled || bet.number != rooting->number))
        return true; // a million bets are looked through in a tenth of the time
    const hash_t leaf = leaves_hash (
        &rooting->leaves, offset, cancelled ? LEAF_CANCELLED : LEAF_STANDS, NULL, &bet);
    tree_add (rooting->looks ? &rooting->winners : &rooting->tree, &leaf);
    return true;
}
