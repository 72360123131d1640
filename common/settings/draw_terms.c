/* draw_terms.c - number and close of a draw as people write them: loteria-central,
   loteria-state and loteria-ctl. */

#include "draw_terms.h"

#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "draw_name.h"
#include "local_time.h"
#include "text.h"

#define FIXED      "fixed:"
#define DIGITS     "0123456789"
#define DIGITS_MAX 9
#define DAYS_AHEAD 2 // a time that is skipped tomorrow is a moment of the day after

static bool two_digits (const char *text, uint32_t below, uint32_t *value);

static_assert (NUMBER_MAX_MAX == 999999999, "any number of DIGITS_MAX digits will do");

const char *terms_number_parse (const char *text, terms_number_t *number)
{
    *number = (terms_number_t){0};
    if (strcmp (text, "entered") == 0)
        number->source = TERMS_ENTERED;
    else if (strcmp (text, "random") == 0)
        number->source = TERMS_RANDOM;
    else if (strcmp (text, "provable") == 0)
        number->source = TERMS_PROVABLE;
    else if (strncmp (text, FIXED, strlen (FIXED)) != 0)
        return "is not fixed:N, entered, random or provable";
    else {
        const char *digits = text + strlen (FIXED);
        const size_t zeros = strspn (digits, "0");
        const size_t size = strlen (digits);
        if (size == 0 || digits[strspn (digits, DIGITS)] || size - zeros > DIGITS_MAX)
            return "has no number from 0 to " BOUND_TEXT (
                NUMBER_MAX_MAX) " behind fixed:";
        number->source = TERMS_FIXED;
        number->number = (uint32_t) strtoul (digits, NULL, 10);
    }
    return NULL;
}

const char *terms_closes_parse (const char *text, terms_closes_t *closes)
{
    *closes = (terms_closes_t){0};
    if (strcmp (text, "all-asked") == 0)
        closes->closing = TERMS_ALL_ASKED;
    else if (strcmp (text, "never") == 0)
        closes->closing = TERMS_NEVER;
    else {
        closes->closing = TERMS_AT;
        if (terms_time_parse (text, &closes->minute))
            return "is not all-asked, never or a time from 00:00 to 23:59";
    }
    return NULL;
}

const char *terms_time_parse (const char *text, uint32_t *minute)
{
    uint32_t hours, minutes;
    if (strlen (text) != 5 || text[2] != ':' || !two_digits (text, 24, &hours) ||
        !two_digits (text + 3, 60, &minutes))
        return "is no time from 00:00 to 23:59";
    *minute = hours * 60 + minutes;
    return NULL;
}

const char *terms_number_fault (const char *text)
{
    terms_number_t number;
    return terms_number_parse (text, &number);
}

const char *terms_closes_fault (const char *text)
{
    terms_closes_t closes;
    return terms_closes_parse (text, &closes);
}

const char *terms_name_fault (const char *text)
{
    return draw_name_fault (bytes_of (text, strlen (text)));
}

const char *terms_source_name (uint8_t source)
{
    return source == TERMS_FIXED      ? "fixed"
           : source == TERMS_ENTERED  ? "entered"
           : source == TERMS_RANDOM   ? "random"
           : source == TERMS_PROVABLE ? "provable"
                                      : "?";
}

uint64_t terms_closes_ms (terms_closes_t closes, uint64_t now_ms)
{
    if (closes.closing != TERMS_AT)
        return closes.closing == TERMS_NEVER ? UINT64_MAX : 0;
    const local_date_t today = local_date (now_ms);
    uint64_t moment_ms = 0;
    for (int days = 0; moment_ms <= now_ms && days <= DAYS_AHEAD; days++)
        moment_ms = local_moment (local_date_after (today, days), closes.minute);
    return moment_ms;
}

static bool two_digits (const char *text, uint32_t below, uint32_t *value)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return false;
    *value = (uint32_t) (text[0] - '0') * 10 + (uint32_t) (text[1] - '0');
    return *value < below;
}
