/* takings.h - what is stored, summed up for the log: by draw and agency, for a second
   each. Pure; the time is told. */

#ifndef LOTERIA_TAKINGS_H
#define LOTERIA_TAKINGS_H

#include "sales.h"

#define TAKINGS_MS 1000

typedef struct {
    uint64_t draw; // its identity
    uint32_t agency;
    uint64_t bets;
    uint64_t batches;
    char name[DRAW_NAME_BYTES_MAX + 1]; // of the draw
} takings_entry_t;

typedef struct takings takings_t;

takings_t *takings_new (void);
void takings_destroy (takings_t **takings);

/* A batch of so many bets. The second begins with the first one. */
void takings_add (takings_t *takings, const sale_t *sale, uint32_t agency,
                  uint32_t bets, int64_t now_ms);

/* When it is over; INT64_MAX: nothing was added. */
int64_t takings_deadline (const takings_t *takings);

/* Take all sums, in the order in which their agencies came: `*count` of them, which are
   valid until the next call of takings_add (). Empty afterwards. */
const takings_entry_t *takings_take (takings_t *takings, size_t *count);

#endif
