/* sample.c - invented bets. Whole numbers and one small generator only, so that a seed
   means the same rows on every machine. Part of make-bets. */

#include "sample.h"

#include <stdbool.h>
#include <string.h>

#include "names.h"

#define AWKWARD_EVERY  200
#define DOCUMENT_FIRST 20000000
#define DOCUMENT_LAST  47999999
#define YEAR_FIRST     1940
#define YEAR_LAST      2006
#define NUMBERS        10000

/* One of a table's entries. */
#define PICK(sample, table) ((table)[below (sample, sizeof (table) / sizeof *(table))])

static uint64_t next (sample_t *sample);
static uint32_t below (sample_t *sample, uint32_t limit);
static char *put_names (char *at, sample_t *sample);
static const char *pick_first_name (sample_t *sample, bool woman);
static char *put_awkward_names (char *at, sample_t *sample);
static char *put_birthdate (char *at, sample_t *sample);
static char *put_text (char *at, const char *text);
static char *put_digits (char *at, uint32_t value, int digits);

/* Mixed before they meet: neighbouring agencies and seeds have nothing in common. */
void sample_start (sample_t *sample, uint32_t agency, uint64_t seed)
{
    sample->state = seed;
    sample->state = next (sample) + agency;
    sample->state = next (sample);
}

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators). */
static uint64_t next (sample_t *sample)
{
    uint64_t mixed = sample->state += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
    return mixed ^ mixed >> 31;
}

/* 0..limit - 1. No division, and a bias that no sample is large enough to show. */
static uint32_t below (sample_t *sample, uint32_t limit)
{
    return (uint32_t) ((next (sample) >> 32) * limit >> 32);
}

size_t sample_row (sample_t *sample, char *out)
{
    bool awkward = below (sample, AWKWARD_EVERY) == 0;
    char *at = awkward ? put_awkward_names (out, sample) : put_names (out, sample);
    *at++ = ',';
    uint32_t documents = DOCUMENT_LAST - DOCUMENT_FIRST + 1;
    at = put_digits (at, DOCUMENT_FIRST + below (sample, documents), 8);
    *at++ = ',';
    at = put_birthdate (at, sample);
    *at++ = ',';
    uint32_t number = below (sample, NUMBERS);
    at = put_digits (at, number,
                     number < 10     ? 1
                     : number < 100  ? 2
                     : number < 1000 ? 3
                                     : 4);
    at = put_text (at, "\r\n");
    return (size_t) (at - out);
}

/* First names, one or two, comma, surname. */
static char *put_names (char *at, sample_t *sample)
{
    bool woman = below (sample, 2) == 0;
    const char *first = pick_first_name (sample, woman);
    const char *second = pick_first_name (sample, woman);
    at = put_text (at, first);
    if (first != second && below (sample, 8) < 5) {
        *at++ = ' ';
        at = put_text (at, second);
    }
    *at++ = ',';
    return put_text (at, PICK (sample, surnames));
}

static const char *pick_first_name (sample_t *sample, bool woman)
{
    return woman ? PICK (sample, women) : PICK (sample, men);
}

/* The same, with what makes readers of CSV stumble. */
static char *put_awkward_names (char *at, sample_t *sample)
{
    const char *first = pick_first_name (sample, below (sample, 2) == 0);
    const char *last = PICK (sample, surnames);
    switch (below (sample, 4)) {
    case 0: // María,"Pérez, hijo"
        at = put_text (put_text (at, first), ",\"");
        return put_text (put_text (at, last), ", hijo\"");
    case 1: // "María ""Mari""",Pérez
        at = put_text (put_text (put_text (at, "\""), first), " \"\"");
        at = put_text (put_text (at, PICK (sample, nicknames)), "\"\"\",");
        return put_text (at, last);
    case 2: // María,D'Angelo
        at = put_text (put_text (at, first), ",");
        return put_text (at, PICK (sample, apostrophe_surnames));
    default: // María,Pérez #2
        at = put_text (put_text (at, first), ",");
        return put_text (put_text (at, last), " #2");
    }
}

static char *put_birthdate (char *at, sample_t *sample)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint32_t year = YEAR_FIRST + below (sample, YEAR_LAST - YEAR_FIRST + 1);
    uint32_t month = below (sample, 12);
    bool leap_february = month == 1 && year % 4 == 0; // 2000 was a leap year too
    uint32_t day = below (sample, days[month] + leap_february);
    at = put_digits (at, year, 4);
    *at++ = '-';
    at = put_digits (at, month + 1, 2);
    *at++ = '-';
    return put_digits (at, day + 1, 2);
}

static char *put_text (char *at, const char *text)
{
    size_t size = strlen (text);
    memcpy (at, text, size);
    return at + size;
}

static char *put_digits (char *at, uint32_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char) ('0' + value % 10);
        value /= 10;
    }
    return at + digits;
}
