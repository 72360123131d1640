/* hits.h - the records that hold bets on a draw's number. Who has searched all bets for
   it remembers them, so that the next one looks at these alone. Pure. */

#ifndef LOTERIA_HITS_H
#define LOTERIA_HITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HITS_MAX 16384 // records, 64 KiB; of more nothing is remembered

typedef struct {
    bool known; // these are all; else any record may hold one
    uint32_t number;
    uint32_t *sequences; // owned; ascending once they are known
    size_t count, capacity;
} hits_t; // zeros begin

/* A record that holds one, in any order, each once; and: that was all. */
void hits_add (hits_t *hits, uint32_t sequence);
void hits_complete (hits_t *hits, uint32_t number);
void hits_clear (hits_t *hits);

bool hits_known (const hits_t *hits, uint32_t number);

/* The place in the index (a sequence less one) of the first record from `index` on that
   may hold a bet on this number; UINT64_MAX: there is none. */
uint64_t hits_from (const hits_t *hits, uint32_t number, uint64_t index);

#endif
