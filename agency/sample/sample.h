/* sample.h - invented bets: the rows of an agency's file, the same for the same agency
   and seed on every machine. */

#ifndef LOTERIA_SAMPLE_H
#define LOTERIA_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#define SAMPLE_ROW_BYTES_MAX 128

typedef struct {
    uint64_t state; // of splitmix64
} sample_t;

void sample_start (sample_t *sample, uint32_t agency, uint64_t seed);

/* Write the next row `first,last,document,birthdate,number` CRLF into `out`, which has
   room for SAMPLE_ROW_BYTES_MAX; returns its bytes. About one row in 200 is awkward:
   quoted commas, doubled quotes, an apostrophe, a '#'. */
size_t sample_row (sample_t *sample, char *out);

#endif
