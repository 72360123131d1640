/* rows.c - bench-rows: how many rows a core checks and writes in their canonical form.

   Invented rows as make-bets writes them, in batches as an agency sends them; what is
   timed is bet_csv_canonical () alone, as a worker calls it. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bet_csv.h"
#include "config.h"
#include "measure.h"
#include "sample.h"

typedef struct {
    uint8_t *rows;
    size_t size;
    uint32_t count;
} batch_t;

static batch_t *make_batches (uint64_t batches, uint64_t bytes);
static uint64_t check_all (const batch_t *batches, uint64_t count, uint8_t *out);

int main (int argc, char **argv)
{
    uint32_t count = 0, bytes = 0, milliseconds = 0;
    const config_item_t items[] = {{"batches", CONFIG_NUMBER, &count, NULL, "250", 1,
                                    100000, "different batches, again and again"},
                                   {"bytes", CONFIG_NUMBER, &bytes, NULL, "8192", 1024,
                                    MESSAGE_BYTES_MAX, "bytes of a batch"},
                                   {"milliseconds", CONFIG_NUMBER, &milliseconds, NULL,
                                    "500", 1, 60000, "how long"},
                                   {0}};
    const config_program_t program = {.program = "bench-rows",
                                      .section = "bench-rows",
                                      .summary = "Rows checked a second, one core.",
                                      .items = items};
    int status;
    config_t *config = config_load (&program, argc, argv, &status);
    if (!config)
        return status;

    batch_t *batches = make_batches (count, bytes);
    uint8_t *out = malloc (2 * (size_t) bytes);
    assert (out);
    uint64_t rows = 0;
    check_all (batches, count, out);
    const int64_t start_ns = measure_ns ();
    int64_t ns;
    do {
        rows += check_all (batches, count, out);
        ns = measure_ns () - start_ns;
    } while (ns < (int64_t) milliseconds * 1000000);
    printf ("{\"rows\":%" PRIu64 ",\"seconds\":%.6f,\"rows_per_second\":%.0f,"
            "\"ns_per_row\":%.2f}\n",
            rows, (double) ns / 1e9, (double) rows * 1e9 / (double) ns,
            (double) ns / (double) rows);
    free (out);
    for (uint64_t i = 0; i < count; i++)
        free (batches[i].rows);
    free (batches);
    config_destroy (&config);
    return 0;
}

static batch_t *make_batches (uint64_t count, uint64_t bytes)
{
    batch_t *batches = calloc (count, sizeof *batches);
    assert (batches);
    sample_t sample;
    sample_start (&sample, 1, 1);
    for (uint64_t i = 0; i < count; i++) {
        batch_t *batch = &batches[i];
        batch->rows = malloc (bytes);
        assert (batch->rows);
        while (batch->size + SAMPLE_ROW_BYTES_MAX <= bytes) {
            batch->size += sample_row (&sample, (char *) batch->rows + batch->size);
            batch->count++;
        }
    }
    return batches;
}

/* Returns how many rows there were. */
static uint64_t check_all (const batch_t *batches, uint64_t count, uint8_t *out)
{
    uint64_t rows = 0;
    for (uint64_t i = 0; i < count; i++) {
        const batch_t *batch = &batches[i];
        bet_csv_error_t error;
        if (bet_csv_canonical (bytes_of (batch->rows, batch->size), batch->count, 1,
                               &bet_rules_widest, out, &error) == 0)
            measure_die ("batch %" PRIu64 ", row %" PRIu32 ": refused", i, error.row);
        rows += batch->count;
    }
    return rows;
}
