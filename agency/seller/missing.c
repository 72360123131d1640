/* missing.c - which agencies a draw waits for, in words (agency). */

#include "missing.h"

#include <inttypes.h>
#include <stdio.h>

const char *missing_text (const wire_waiting_t *waiting, char text[MISSING_TEXT_BYTES])
{
    const uint32_t all =
        waiting->ready < waiting->agencies ? waiting->agencies - waiting->ready : 0;
    uint32_t named = 0;
    while (named < WAITING_NAMES_MAX && named < all && waiting->missing[named] > 0)
        named++;
    const uint32_t more = all - named;
    text[0] = 0;
    if (named == 0)
        return text;
    size_t size = (size_t) snprintf (text, MISSING_TEXT_BYTES, "%s ",
                                     all == 1 ? "agency" : "agencies");
    for (uint32_t i = 0; i < named; i++) {
        const bool last = i + 1 == named && more == 0;
        size += (size_t) snprintf (text + size, MISSING_TEXT_BYTES - size, "%s%" PRIu32,
                                   i == 0 ? ""
                                   : last ? " and "
                                          : ", ",
                                   waiting->missing[i]);
    }
    if (more > 0)
        snprintf (text + size, MISSING_TEXT_BYTES - size, " and %" PRIu32 " more",
                  more);
    return text;
}
