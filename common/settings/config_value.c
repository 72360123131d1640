/* config_value.c - numbers, durations, levels and flags as people write them: for
   config.c, in every process. */

#include "config_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "draw_terms.h"
#include "text.h"

#define NS_PER_MS    1000000
#define WRONG_BYTES  (TEXT_EXPLANATION_BYTES + 8)
#define FRACTION_MAX 10000000000000 // 10^13: further digits are less than a nanosecond

static const char *check_text (const char *text, char wrong[WRONG_BYTES]);
static const char *parse_number (const config_item_t *item, const char *text,
                                 uint32_t *number);
static int parse_flag (const char *text, bool *flag);
static int take_term (const char **text, uint64_t *total_ns);
static uint64_t take_unit (const char **text);
static uint64_t fraction_ns (const char *digits, size_t count, uint64_t unit_ns);

int config_value_parse (const config_item_t *item, const char *text,
                        config_value_t *value, char reason[CONFIG_REASON_BYTES])
{
    char text_wrong[WRONG_BYTES];
    const char *wrong = NULL;

    switch (item->type) {
    case CONFIG_TEXT:
        wrong = check_text (text, text_wrong);
        break;
    case CONFIG_DRAW:
        wrong = terms_name_fault (text);
        break;
    case CONFIG_CLOSES:
        wrong = terms_closes_fault (text);
        break;
    case CONFIG_SOURCE:
        wrong = terms_number_fault (text);
        break;
    case CONFIG_NUMBER:
    case CONFIG_SECRET:
        wrong = parse_number (item, text, &value->number);
        break;
    case CONFIG_FLAG:
        if (parse_flag (text, &value->flag) == -1)
            wrong = "is neither yes nor no";
        break;
    case CONFIG_DURATION:
        if (config_parse_duration (text, &value->milliseconds) == -1)
            wrong = "is not a duration such as 500ms, 1.5s or 1h30m";
        break;
    case CONFIG_LEVEL:
        if (logger_level_parse (text, &value->level) == -1)
            wrong = "is not one of CRITICAL, ERROR, WARNING, INFO, DEBUG";
        break;
    case CONFIG_FORM:
        if (logger_form_parse (text, &value->form) == -1)
            wrong = "is neither text nor json";
        break;
    }
    if (!wrong)
        return 0;
    if (item->type == CONFIG_SECRET)
        snprintf (reason, CONFIG_REASON_BYTES, "%s %" PRIu32 " to %" PRIu32, wrong,
                  item->min, item->max);
    else if (item->type == CONFIG_NUMBER)
        snprintf (reason, CONFIG_REASON_BYTES, "'%.64s' %s %" PRIu32 " to %" PRIu32,
                  text, wrong, item->min, item->max);
    else if (item->type == CONFIG_SOURCE)
        snprintf (reason, CONFIG_REASON_BYTES, "%s", wrong);
    else
        snprintf (reason, CONFIG_REASON_BYTES, "'%.64s' %s", text, wrong);
    return -1;
}

static const char *check_text (const char *text, char wrong[WRONG_BYTES])
{
    char explanation[TEXT_EXPLANATION_BYTES];
    uint32_t character;
    const text_fault_t fault = text_check (bytes_of (text, strlen (text)), &character);
    if (fault == TEXT_GOOD)
        return NULL;
    snprintf (wrong, WRONG_BYTES, "has %s",
              text_explain (fault, character, explanation));
    return wrong;
}

void config_value_store (const config_item_t *item, config_value_t value,
                         const char *text)
{
    switch (item->type) {
    case CONFIG_TEXT:
    case CONFIG_DRAW:
    case CONFIG_CLOSES:
    case CONFIG_SOURCE:
        *(const char **) item->value = text;
        break;
    case CONFIG_NUMBER:
    case CONFIG_SECRET:
        *(uint32_t *) item->value = value.number;
        break;
    case CONFIG_DURATION:
        *(uint64_t *) item->value = value.milliseconds;
        break;
    case CONFIG_FLAG:
        *(bool *) item->value = value.flag;
        break;
    case CONFIG_LEVEL:
        logger_set_level (value.level);
        break;
    case CONFIG_FORM:
        logger_set_form (value.form);
        break;
    }
}

int config_parse_duration (const char *text, uint64_t *milliseconds)
{
    uint64_t total_ns = 0;

    if (strcmp (text, "0") != 0) { // the one number that needs no unit
        if (*text == 0)
            return -1;
        while (*text)
            if (take_term (&text, &total_ns) == -1)
                return -1;
    }
    *milliseconds = total_ns / NS_PER_MS + (total_ns % NS_PER_MS != 0);
    return 0;
}

/* strtoull () alone would accept signs, spaces and empty text. */
static const char *parse_number (const config_item_t *item, const char *text,
                                 uint32_t *number)
{
    if (*text == 0 || text[strspn (text, "0123456789")] != 0)
        return "is not a whole number from";
    errno = 0;
    const unsigned long long given = strtoull (text, NULL, 10);
    if (errno == ERANGE || given < item->min || given > item->max)
        return "is outside";
    *number = (uint32_t) given;
    return NULL;
}

static int parse_flag (const char *text, bool *flag)
{
    static const char *const words[] = {"no", "yes", "false", "true", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp (text, words[i]) == 0) {
            *flag = i % 2 == 1;
            return 0;
        }
    return -1;
}

/* Take a number and its unit, "1.5s", off the text. As in Go, digits may be missing on
   one side of the point, and the sum is below 2^63 nanoseconds, 292 years. */
static int take_term (const char **text, uint64_t *total_ns)
{
    static const char digits[] = "0123456789";
    const char *whole = *text;
    size_t whole_count = strspn (whole, digits);
    const char *fraction = whole + whole_count;
    size_t fraction_count = 0;

    if (*fraction == '.')
        fraction_count = strspn (++fraction, digits);
    if (whole_count + fraction_count == 0)
        return -1;
    *text = fraction + fraction_count;
    uint64_t unit_ns = take_unit (text);
    if (unit_ns == 0)
        return -1;

    // Beyond its range strtoull () returns the largest number: too many of any unit.
    uint64_t count = whole_count > 0 ? strtoull (whole, NULL, 10) : 0;
    if (count > INT64_MAX / unit_ns)
        return -1;
    *total_ns += count * unit_ns + fraction_ns (fraction, fraction_count, unit_ns);
    return *total_ns > INT64_MAX ? -1 : 0;
}

/* Nanoseconds of the unit that comes next in the text; 0 when there is none. */
static uint64_t take_unit (const char **text)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {
        {"ns", 1},         {"us", 1000},       {"\u00B5s", 1000}, // the micro sign
        {"\u03BCs", 1000},                                        // the Greek letter
        {"ms", NS_PER_MS},                                        // before "m"
        {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000},
    };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t size = strlen (units[i].name);
        if (strncmp (*text, units[i].name, size) == 0) {
            *text += size;
            return units[i].ns;
        }
    }
    return 0;
}

/* Digits after the point, rounded up. */
static uint64_t fraction_ns (const char *digits, size_t count, uint64_t unit_ns)
{
    uint64_t total_ns = 0;
    uint64_t rest = 0;
    uint64_t scale = 1;

    for (size_t i = 0; i < count; i++) {
        uint64_t digit = (uint64_t) (digits[i] - '0');
        if (scale < FRACTION_MAX)
            scale *= 10;
        else
            digit = digit > 0; // too small to count
        total_ns += digit * unit_ns / scale;
        rest |= digit * unit_ns % scale;
    }
    return total_ns + (rest != 0);
}
