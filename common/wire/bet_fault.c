/* bet_fault.c - names a row's fault and its likely cause: for the worker's refusals. */

#include "bet_fault.h"

#include <inttypes.h>
#include <stdio.h>

#include "text.h"

static bytes_t find_row (bytes_t rows, uint32_t number);
static void explain_fields (bytes_t row, char *text, size_t size);
static const char *separator_name (bytes_t row);
static size_t count_fields (bytes_t row);
static bool has_lone_cr (bytes_t row);
static const char *explain_value (bytes_t row, const bet_rules_t *rules,
                                  const bet_csv_error_t *error,
                                  char explanation[TEXT_EXPLANATION_BYTES]);
static const char *explain_date (bytes_t date);
static const char *likely_cause (bytes_t row, const bet_csv_error_t *error);
static bool has_digit (bytes_t text);
static bool has (bytes_t text, uint8_t byte);

const char *bet_fault_explain (bytes_t rows, const bet_rules_t *rules,
                               const bet_csv_error_t *error,
                               char text[REFUSAL_TEXT_MAX + 1])
{
    char explanation[TEXT_EXPLANATION_BYTES];
    const size_t size = REFUSAL_TEXT_MAX + 1;
    const bytes_t row = find_row (rows, error->row);
    if (error->code == REFUSED_FIELDS)
        explain_fields (row, text, size);
    else if (error->field == BET_ROW)
        snprintf (text, size, "%s", explain_value (row, rules, error, explanation));
    else
        snprintf (text, size, "%s: %s%s", bet_field_name ((uint8_t) error->field),
                  explain_value (row, rules, error, explanation),
                  likely_cause (row, error));
    return text;
}

/* The row with this number, from 1, without its line end; empty for 0. */
static bytes_t find_row (bytes_t rows, uint32_t number)
{
    size_t end = 0, size = 0;
    for (uint32_t i = 0; i < number; i++) {
        rows = bytes_of (rows.data + size, rows.size - size);
        end = rows.size;
        size = bet_csv_row_size (rows, &end);
        if (size == 0)
            break;
    }
    return bytes_of (rows.data, end);
}

static void explain_fields (bytes_t row, char *text, size_t size)
{
    const char *separator = separator_name (row);
    const size_t fields = count_fields (row);
    uint32_t character;
    if (row.size == 0)
        snprintf (text, size, "a blank line");
    else if (has_lone_cr (row))
        snprintf (text, size, "lines end in CR alone; they must end in LF or CRLF");
    else if (separator)
        snprintf (text, size, "one field instead of five: %s instead of commas?",
                  separator);
    else if (fields == BET_FIELDS)
        snprintf (text, size, "no line end after the row");
    else if (fields > BET_FIELDS)
        snprintf (
            text, size,
            "%zu fields instead of five: a field with a comma in it must be quoted",
            fields);
    else
        snprintf (text, size, "%zu field%s instead of five%s", fields,
                  fields == 1 ? "" : "s",
                  text_check (row, &character) == TEXT_BLANK && !has (row, ',')
                      ? ": a line of spaces?"
                      : "");
}

/* What the row has instead of commas; NULL if it has commas, or nothing like them. */
static const char *separator_name (bytes_t row)
{
    return has (row, ',')    ? NULL
           : has (row, ';')  ? "semicolons"
           : has (row, '\t') ? "tabs"
           : has (row, '|')  ? "vertical bars"
                             : NULL;
}

/* By its commas that are not in quotes. */
static size_t count_fields (bytes_t row)
{
    size_t fields = 1;
    bool quoted = false;
    for (size_t i = 0; i < row.size; i++) {
        quoted ^= row.data[i] == '"';
        fields += row.data[i] == ',' && !quoted;
    }
    return fields;
}

static bool has_lone_cr (bytes_t row)
{
    const uint8_t *cr = row.size > 0 ? memchr (row.data, '\r', row.size) : NULL;
    return cr && (cr + 1 == row.data + row.size || cr[1] != '\n');
}

static const char *explain_value (bytes_t row, const bet_rules_t *rules,
                                  const bet_csv_error_t *error,
                                  char explanation[TEXT_EXPLANATION_BYTES])
{
    const bytes_t field = bet_csv_field (row, error->field);
    uint32_t character;
    switch (error->code) {
    case REFUSED_EMPTY:
        return "no bets in the batch";
    case REFUSED_COUNT:
        return "more or fewer rows than announced";
    case REFUSED_QUOTES:
        return "quotes are not as in RFC 4180";
    case REFUSED_MISSING:
        return "nothing in it";
    case REFUSED_LONG:
        return "too long";
    case REFUSED_UTF8:
    case REFUSED_CONTROL:
    case REFUSED_CHARACTER:
    case REFUSED_BLANK: {
        const text_fault_t fault = text_check (field, &character);
        return text_explain (fault, character, explanation);
    }
    case REFUSED_DATE:
        return explain_date (field);
    case REFUSED_NUMBER:
        return "not a number of digits alone";
    case REFUSED_RANGE:
        snprintf (explanation, TEXT_EXPLANATION_BYTES,
                  "a number that nobody can bet on: the highest is %" PRIu32,
                  rules->number_max);
        return explanation;
    default:
        return wire_code_name ((uint16_t) error->code);
    }
}

static const char *explain_date (bytes_t date)
{
    if (bet_check_birthdate (date, BET_BORN_ANY) == REFUSED_OK)
        return "a day in the future";
    static const uint8_t shape[] = "dddd-dd-dd";
    bool shaped = date.size == BIRTHDATE_BYTES;
    for (size_t i = 0; shaped && i < date.size; i++) {
        const bool digit = date.data[i] >= '0' && date.data[i] <= '9';
        shaped = shape[i] == 'd' ? digit : date.data[i] == '-';
    }
    if (shaped && memcmp (date.data, "1900", 4) < 0)
        return "a day before 1900";
    return "not a real date, written YYYY-MM-DD";
}

static const char *likely_cause (bytes_t row, const bet_csv_error_t *error)
{
    if (error->code == REFUSED_CONTROL && has_lone_cr (row))
        return " (lines must end in LF or CRLF)";
    if (error->code == REFUSED_CHARACTER && error->row == 1 &&
        error->field == BET_FIRST_NAME && text_without_mark (row).size < row.size)
        return " (a second byte order mark?)";
    if (error->code != REFUSED_DATE)
        return "";
    if (!has_digit (row))
        return " (a header row? a file of bets has none)";
    const bytes_t next = bet_csv_field (row, BET_NUMBER);
    return bet_check_birthdate (next, BET_BORN_ANY) == REFUSED_OK
               ? " (the agency's number before the bet? it is not part of it)"
               : "";
}

static bool has_digit (bytes_t text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] >= '0' && text.data[i] <= '9')
            return true;
    return false;
}

static bool has (bytes_t text, uint8_t byte)
{
    return text.size > 0 && memchr (text.data, byte, text.size);
}
