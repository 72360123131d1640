/* bets.h - an agency's file for a draw of a simulated day: what it types, what bets.csv
   should then hold, and who of them wins. Made here, and not with the product's own
   code. */

#ifndef LOTERIA_BETS_H
#define LOTERIA_BETS_H

#include "dice.h"
#include "rows.h"

typedef struct {
    uint32_t agency, count;
    uint8_t *typed, *canonical, *documents; // texts, with every row's end in:
    size_t *typed_end, *canonical_end, *documents_end;
    uint32_t *numbers;
    uint64_t *digests; // of the first 0, 1, 2, ... bets
    uint32_t beyond;   // the first whose number is beyond the highest; count: none is
} bets_t;

typedef struct {
    uint32_t agency, count;
    uint32_t number, highest; // that wins; that may be bet on
    unsigned winning;         // of a thousand
    bool long_documents;      // so that winners take more than one page
    bool beyond;              // one is beyond the highest
} bets_options_t;

bets_t *bets_new (dice_t *dice, const bets_options_t *options);
void bets_destroy (bets_t **bets);

/* Texts of the rows [offset, offset + count): as typed, without line ends between; and
   as bets.csv has them. */
bytes_t bets_typed (const bets_t *bets, uint64_t offset);
bytes_t bets_canonical (const bets_t *bets, uint64_t offset, uint64_t count);

/* The documents of those of the first `count` that win with this number, each followed
   by LF; `cancelled` says of each whether it does not. Valid until the next call. */
bytes_t bets_winners (const bets_t *bets, uint64_t count, uint32_t number,
                      const bool *cancelled);

/* The digest of the first `count` bets. */
uint64_t bets_digest (const bets_t *bets, uint64_t count);

typedef struct { // an agency's process reads the file, or its first rows
    const bets_t *bets;
    uint32_t count;
    uint64_t at;
} bets_reader_t;

rows_t bets_rows (bets_reader_t *reader);

#endif
