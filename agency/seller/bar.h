/* bar.h - the line that shows on a terminal how far an agency is. Pure: numbers in,
   text out. */

#ifndef LOTERIA_BAR_H
#define LOTERIA_BAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    BAR_LOOKING, // for the central, `server`
    BAR_SELLING,
    BAR_WAITING // for the draw
} bar_stage_t;

typedef struct {
    bar_stage_t stage;
    uint32_t agency;
    const char *server;
    uint64_t stored;  // bets that the central has
    uint64_t resumed; // of them, before this run
    uint64_t total;   // that there are to sell, as far as is known; 0: it is not
    bool estimated;   // `total`: from the part of the file that was read
    uint64_t rate;    // bets a second, in this run
    uint32_t ready, agencies;
    const char *missing; // "agencies 4, 7 and 12 more"; "": nobody knows
} bar_t;

#define BAR_BYTES 512

/* Write the line, of at most `columns` - 1 characters: a full line would wrap. Returns
   its bytes. */
size_t bar_write (const bar_t *bar, size_t columns, char text[BAR_BYTES]);

/* How many bets a file has: `rows` of them take up `bytes` of its `total` bytes. */
uint64_t bar_estimate (uint64_t rows, uint64_t bytes, uint64_t total);

#endif
