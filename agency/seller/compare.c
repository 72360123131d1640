/* compare.c - a search by halves (agency). */

#include "compare.h"

#include <assert.h>

static void choose (compare_t *compare);

void compare_start (compare_t *compare, uint64_t digest, uint64_t count, bool differs)
{
    assert (count > 0 || !differs);
    *compare = (compare_t){.same_digest = digest, .count = count, .differs = differs};
    choose (compare);
}

/* Whether they differ at all is asked first. */
static void choose (compare_t *compare)
{
    compare->at = compare->differs
                      ? compare->same + (compare->count - compare->same) / 2
                      : compare->count;
    compare->have_ours = compare->have_theirs = false;
}

uint64_t compare_at (const compare_t *compare)
{
    return compare->at;
}

void compare_ours (compare_t *compare, uint64_t digest)
{
    compare->ours = digest;
    compare->have_ours = true;
}

void compare_theirs (compare_t *compare, uint64_t digest)
{
    compare->theirs = digest;
    compare->have_theirs = true;
}

compare_step_t compare_next (compare_t *compare)
{
    if (!compare->differs && compare->same == compare->count)
        return COMPARE_SAME;
    if (compare->differs && compare->count - compare->same == 1)
        return COMPARE_FOUND;
    if (!compare->have_ours || !compare->have_theirs)
        return COMPARE_WAIT;
    if (compare->ours == compare->theirs) {
        compare->same = compare->at;
        compare->same_digest = compare->ours;
    } else {
        compare->count = compare->at;
        compare->differs = true;
    }
    if ((!compare->differs && compare->same == compare->count) ||
        (compare->differs && compare->count - compare->same == 1))
        return compare_next (compare);
    choose (compare);
    return COMPARE_ASK;
}
