/* bets.c - made-up bets. */

#include "bets.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#define ROW_BYTES 160

typedef struct {
    const char *typed, *canonical; // names
    const char *typed_number;
} sample_t;

static const sample_t samples[] = {
    {"Ana,Paz", "Ana,Paz", "%" PRIu32},
    {"\"Núñez, hija\",\"Ana \"\"Anita\"\"\"", "\"Núñez, hija\",\"Ana \"\"Anita\"\"\"",
     "00%" PRIu32},
    {"\"Luis\",Gil", "Luis,Gil", "\"%" PRIu32 "\""},
    {"Tomás Ignacio de los Milagros,Roldán Fernández",
     "Tomás Ignacio de los Milagros,Roldán Fernández", "%" PRIu32},
};

static void add_bet (bets_t *bets, uint32_t index, dice_t *dice,
                     const bets_options_t *options);
static uint32_t draw_number (bets_t *bets, uint32_t index, dice_t *dice,
                             const bets_options_t *options);
static void add_digest (bets_t *bets, uint32_t index);
static void add (uint8_t *text, size_t *ends, uint32_t index, const char *row);
static bytes_t slice (const uint8_t *text, const size_t *ends, uint64_t offset,
                      uint64_t count);
static rows_status_t next_row (void *self, row_t *row);
static rows_status_t seek_row (void *self, uint64_t index, uint64_t *rows);
static const char *no_error (void *self);

bets_t *bets_new (dice_t *dice, const bets_options_t *options)
{
    bets_t *bets = calloc (1, sizeof *bets);
    assert (bets);
    bets->agency = options->agency;
    bets->count = options->count;
    bets->beyond = options->beyond && options->count > 0
                       ? (uint32_t) dice_below (dice, options->count)
                       : options->count;
    uint8_t **const texts[] = {&bets->typed, &bets->canonical, &bets->documents};
    size_t **const ends[] = {&bets->typed_end, &bets->canonical_end,
                             &bets->documents_end};
    for (int i = 0; i < 3; i++) {
        *texts[i] = malloc ((size_t) options->count * ROW_BYTES + 1);
        *ends[i] = malloc ((options->count + 1) * sizeof (size_t));
        assert (*texts[i] && *ends[i]);
        (*ends[i])[0] = 0; // where the row before the first ends
    }
    bets->numbers = calloc (options->count + 1, sizeof (uint32_t));
    bets->digests = calloc (options->count + 1, sizeof (uint64_t));
    assert (bets->numbers && bets->digests);
    for (uint32_t index = 0; index < options->count; index++) {
        add_bet (bets, index, dice, options);
        add_digest (bets, index);
    }
    return bets;
}

void bets_destroy (bets_t **bets)
{
    if (*bets) {
        free ((*bets)->typed);
        free ((*bets)->canonical);
        free ((*bets)->documents);
        free ((*bets)->typed_end);
        free ((*bets)->canonical_end);
        free ((*bets)->documents_end);
        free ((*bets)->numbers);
        free ((*bets)->digests);
        free (*bets);
    }
    *bets = NULL;
}

bytes_t bets_typed (const bets_t *bets, uint64_t offset)
{
    return slice (bets->typed, bets->typed_end, offset, 1);
}

bytes_t bets_canonical (const bets_t *bets, uint64_t offset, uint64_t count)
{
    return slice (bets->canonical, bets->canonical_end, offset, count);
}

bytes_t bets_winners (const bets_t *bets, uint64_t count, uint32_t number,
                      const bool *cancelled)
{
    static uint8_t *text;
    static size_t capacity;
    const size_t needed = bets->documents_end[count] + 1;
    if (needed > capacity) {
        capacity = needed;
        text = realloc (text, capacity);
        assert (text);
    }
    size_t size = 0;
    for (uint64_t index = 0; index < count; index++)
        if (bets->numbers[index] == number && !cancelled[index]) {
            const bytes_t row = slice (bets->documents, bets->documents_end, index, 1);
            memcpy (text + size, row.data, row.size);
            size += row.size;
        }
    return bytes_of (text, size);
}

uint64_t bets_digest (const bets_t *bets, uint64_t count)
{
    return bets->digests[count];
}

rows_t bets_rows (bets_reader_t *reader)
{
    return (rows_t){.self = reader,
                    .name = "bets",
                    .next = next_row,
                    .seek = seek_row,
                    .error = no_error};
}

static void add_bet (bets_t *bets, uint32_t index, dice_t *dice,
                     const bets_options_t *options)
{
    const sample_t *sample =
        &samples[dice_below (dice, sizeof samples / sizeof *samples)];
    const uint32_t number = draw_number (bets, index, dice, options);
    char document[40], digits[24], row[ROW_BYTES];
    // now and then one person bets twice, and some in several agencies
    snprintf (document, sizeof document, options->long_documents ? "%032u" : "%08u",
              dice_chance (dice, 100) ? 7u : bets->agency * 1000000 + index);
    snprintf (digits, sizeof digits, sample->typed_number, number);
    snprintf (row, sizeof row, "%s,%s,2000-02-29,%s", sample->typed, document, digits);
    add (bets->typed, bets->typed_end, index, row);
    snprintf (row, sizeof row, "%" PRIu32 ",%s,%s,2000-02-29,%" PRIu32 "\r\n",
              bets->agency, sample->canonical, document, number);
    add (bets->canonical, bets->canonical_end, index, row);
    snprintf (row, sizeof row, "%s\n", document);
    add (bets->documents, bets->documents_end, index, row);
}

static uint32_t draw_number (bets_t *bets, uint32_t index, dice_t *dice,
                             const bets_options_t *options)
{
    uint32_t number = (uint32_t) dice_below (dice, options->highest + 1);
    if (dice_chance (dice, options->winning))
        number = options->number;
    else if (number == options->number)
        number = (number + 1) % (options->highest + 1);
    if (index == bets->beyond)
        number = options->highest + 1;
    return bets->numbers[index] = number;
}

/* Of the canonical row without its agency, its comma and its line end. */
static void add_digest (bets_t *bets, uint32_t index)
{
    const bytes_t row = bets_canonical (bets, index, 1);
    const uint8_t *from = memchr (row.data, ',', row.size), *end = row.data + row.size;
    bets->digests[index + 1] = XXH3_64bits_withSeed (
        from + 1, (size_t) (end - from) - 3, bets->digests[index]);
}

static void add (uint8_t *text, size_t *ends, uint32_t index, const char *row)
{
    const size_t size = strlen (row);
    memcpy (text + ends[index], row, size);
    ends[index + 1] = ends[index] + size;
}

static bytes_t slice (const uint8_t *text, const size_t *ends, uint64_t offset,
                      uint64_t count)
{
    return bytes_of (text + ends[offset], ends[offset + count] - ends[offset]);
}

static rows_status_t next_row (void *self, row_t *row)
{
    bets_reader_t *reader = self;
    if (reader->at >= reader->count)
        return ROWS_END;
    *row = (row_t){bets_typed (reader->bets, reader->at), reader->at + 1};
    reader->at++;
    return ROWS_OK;
}

static rows_status_t seek_row (void *self, uint64_t index, uint64_t *rows)
{
    bets_reader_t *reader = self;
    *rows = reader->count;
    reader->at = index < reader->count ? index : reader->count;
    return index <= reader->count ? ROWS_OK : ROWS_END;
}

static const char *no_error (void *self)
{
    (void) self;
    return "the file cannot be read";
}
