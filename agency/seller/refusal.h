/* refusal.h - the central's refusals, in words for the user. Pure. */

#ifndef LOTERIA_REFUSAL_H
#define LOTERIA_REFUSAL_H

#include "wire.h"

typedef struct {        // where the rows come from, and which of them is wrong
    const char *source; // NULL when it is not about rows
    uint64_t line;      // 0 when it is not known, or there are no lines
    bool exact;         // else somewhere from this line on
} refusal_place_t;

/* Whether it is about a fault in a batch's rows: only mending the file will help. */
bool refusal_of_rows (const wire_refused_t *refused);

/* Write one line, ended by a zero, of at most `size` bytes. */
void refusal_describe (const wire_refused_t *refused, const refusal_place_t *place,
                       char *text, size_t size);

#endif
