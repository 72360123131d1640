/* sorted.h - finds entries of a list by number: of an array whose entries begin with a
   uint32_t (an agency's number, mostly) and stand in its order. Pure. */

#ifndef LOTERIA_SORTED_H
#define LOTERIA_SORTED_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t sorted_number (const void *list, size_t place, size_t entry_size)
{
    uint32_t number;
    memcpy (&number, (const char *) list + place * entry_size, sizeof number);
    return number;
}

/* The place of the first entry that is not below `number`; `count`: there is none. The
   list may be NULL if it is empty. */
static inline size_t sorted_from (const void *list, size_t count, size_t entry_size,
                                  uint32_t number)
{
    size_t from = 0, to = count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (sorted_number (list, middle, entry_size) < number)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* The place of the first entry with this number; `count`: there is none. */
static inline size_t sorted_find (const void *list, size_t count, size_t entry_size,
                                  uint32_t number)
{
    const size_t place = sorted_from (list, count, entry_size, number);
    return place < count && sorted_number (list, place, entry_size) == number ? place
                                                                              : count;
}

#endif
