/* bet_csv_driver.c - bet_csv_canonical () for tests in other languages.

   bet_csv_driver AGENCY reads batches from stdin, each a line `COUNT SIZE` and then
   SIZE bytes of rows, and answers each on stdout: `ok SIZE` and then the canonical
   rows, or `refused CODE ROW FIELD`. */

#include <stdio.h>
#include <stdlib.h>

#include "bet_csv.h"

static const bet_rules_t rules = {NUMBER_MAX_DEFAULT, 20261130};

static void answer (bytes_t rows, uint32_t count, uint32_t agency);

int main (int argc, char **argv)
{
    if (argc != 2) {
        fprintf (stderr, "usage: bet_csv_driver AGENCY\n");
        return 2;
    }
    uint32_t agency = (uint32_t) strtoul (argv[1], NULL, 10), count;
    size_t size;
    while (scanf ("%u %zu", &count, &size) == 2) {
        uint8_t *rows = malloc (size);
        assert (rows || size == 0);
        if (getchar () != '\n' || fread (rows, 1, size, stdin) != size)
            return 1;
        answer (bytes_of (rows, size), count, agency);
        free (rows);
    }
    return feof (stdin) && fflush (stdout) == 0 ? 0 : 1;
}

static void answer (bytes_t rows, uint32_t count, uint32_t agency)
{
    size_t room = rows.size + (size_t) count * (AGENCY_DIGITS_MAX + 2);
    uint8_t *out = malloc (room);
    assert (out || room == 0);
    bet_csv_error_t error;
    size_t size = bet_csv_canonical (rows, count, agency, &rules, out, &error);
    if (error.code == REFUSED_OK) {
        printf ("ok %zu\n", size);
        fwrite (out, 1, size, stdout);
    } else
        printf ("refused %d %u %d\n", error.code, error.row, error.field);
    free (out);
}
