/* verify.c - bench-verify: is bets.csv what the agencies' files say, each bet once, the
   bets of an agency in its order? Prints who has to win, as one line of JSON.

     bench-verify BETS.CSV AGENCIES COUNT FILE...

   Agency i sold the first COUNT rows (0: all) of the i-th FILE; when there are fewer
   files than agencies they begin anew. */

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "bet_csv.h"
#include "measure.h"

#define WINNING_NUMBER 7574

/* The files' rows are made canonical as agency 1's, whoever sold them: what follows the
   "1" is the same for all. */
#define OWNER_BYTES 1

static bytes_t map_file (const char *path);
static bytes_t canonical (const char *path, uint64_t count);
static bytes_t take_row (bytes_t *rows);
static uint64_t compare (bytes_t stored, bytes_t *left, uint32_t agencies);
static void print_winners (bytes_t rows);

int main (int argc, char **argv)
{
    if (argc < 5) {
        fprintf (stderr, "usage: bench-verify BETS.CSV AGENCIES COUNT FILE...\n");
        return 2;
    }
    const uint32_t agencies = (uint32_t) strtoul (argv[2], NULL, 10);
    const uint64_t count = strtoull (argv[3], NULL, 10);
    const uint32_t files = (uint32_t) argc - 4;
    bytes_t *sold = calloc (files, sizeof *sold);
    bytes_t *left = calloc (agencies + 1, sizeof *left);
    assert (sold && left);
    for (uint32_t i = 0; i < files; i++)
        sold[i] = canonical (argv[4 + i], count);
    for (uint32_t agency = 1; agency <= agencies; agency++)
        left[agency] = sold[(agency - 1) % files];

    const uint64_t bets = compare (map_file (argv[1]), left, agencies);
    printf ("{\"bets\":%" PRIu64 ",\"winners\":{", bets);
    for (uint32_t agency = 1; agency <= agencies; agency++) {
        printf ("%s\"%" PRIu32 "\":[", agency > 1 ? "," : "", agency);
        print_winners (sold[(agency - 1) % files]);
        printf ("]");
    }
    printf ("}}\n");
    for (uint32_t i = 0; i < files; i++)
        free ((void *) sold[i].data);
    free (sold);
    free (left);
    return 0;
}

static bytes_t map_file (const char *path)
{
    struct stat about;
    const int file = open (path, O_RDONLY);
    if (file == -1 || fstat (file, &about) == -1)
        measure_die ("%s: %s", path, strerror (errno));
    if (about.st_size == 0)
        return bytes_of (NULL, 0);
    void *data = mmap (NULL, (size_t) about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (data == MAP_FAILED)
        measure_die ("%s: %s", path, strerror (errno));
    return bytes_of (data, (size_t) about.st_size);
}

/* What the file's first `count` rows have to be in bets.csv. */
static bytes_t canonical (const char *path, uint64_t count)
{
    const bytes_t file = map_file (path);
    bytes_t rest = file;
    size_t size, end;
    uint32_t rows = 0;
    while ((count == 0 || rows < count) && (size = bet_csv_row_size (rest, &end)) > 0) {
        rest = bytes_of (rest.data + size, rest.size - size);
        rows++;
    }
    if (rows == 0 || rows < count)
        measure_die ("%s: fewer rows than that", path);
    const bytes_t text = bytes_of (file.data, file.size - rest.size);
    uint8_t *out = malloc (text.size + (size_t) rows * (AGENCY_DIGITS_MAX + 2));
    assert (out);
    bet_csv_error_t error;
    size = bet_csv_canonical (text, rows, 1, &bet_rules_widest, out, &error);
    if (size == 0)
        measure_die ("%s: row %" PRIu32 " is none", path, error.row);
    return bytes_of (out, size);
}

/* A canonical row holds one LF, at its end. */
static bytes_t take_row (bytes_t *rows)
{
    const uint8_t *end = rows->size > 0 ? memchr (rows->data, '\n', rows->size) : NULL;
    const size_t size = end ? (size_t) (end - rows->data) + 1 : rows->size;
    const bytes_t row = bytes_of (rows->data, size);
    *rows = bytes_of (rows->data + size, rows->size - size);
    return row;
}

static uint64_t compare (bytes_t stored, bytes_t *left, uint32_t agencies)
{
    uint64_t rows = 0;
    while (stored.size > 0) {
        bytes_t row = take_row (&stored);
        uint32_t agency = 0;
        size_t digits = 0;
        while (digits < row.size && row.data[digits] >= '0' && row.data[digits] <= '9')
            agency = 10 * agency + row.data[digits++] - '0';
        rows++;
        if (agency < 1 || agency > agencies)
            measure_die ("row %" PRIu64 ": nobody's", rows);
        bytes_t expected = take_row (&left[agency]);
        row = bytes_of (row.data + digits, row.size - digits);
        if (expected.size > 0)
            expected =
                bytes_of (expected.data + OWNER_BYTES, expected.size - OWNER_BYTES);
        if (!bytes_equal (row, expected))
            measure_die ("row %" PRIu64 ": not agency %" PRIu32 "'s next bet", rows,
                         agency);
    }
    for (uint32_t agency = 1; agency <= agencies; agency++)
        if (left[agency].size > 0)
            measure_die ("agency %" PRIu32 ": bets are missing", agency);
    return rows;
}

static void print_winners (bytes_t rows)
{
    uint8_t scratch[ROW_BYTES_MAX];
    uint32_t agency;
    bet_t bet;
    const char *comma = "";
    while (bet_csv_next (&rows, scratch, &agency, &bet) == 1)
        if (bet.number == WINNING_NUMBER) {
            printf ("%s\"%.*s\"", comma, (int) bet.document.size,
                    (const char *) bet.document.data);
            comma = ",";
        }
}
