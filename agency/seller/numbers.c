/* numbers.c - the numbers that rows bet on (agency). Pure.

   It looks at the end of each row only. As that is done for every bet sold, the digits
   of a plain row are read all at once. */

#include "numbers.h"

#include "bet_csv.h"
#include "bounds.h"
#include "lines.h"
#include "short_number.h"

static uint32_t beyond_in_quoted (bytes_t rows, uint64_t highest, uint64_t *number);
static bool number_at_end (const uint8_t *start, const uint8_t *end, uint64_t *number);
static bool beyond (const uint8_t *start, const uint8_t *end, uint64_t highest,
                    uint64_t *number);

uint32_t numbers_beyond (bytes_t rows, uint64_t highest, uint64_t *number)
{
    if (rows.size == 0)
        return 0;
    if (memchr (rows.data, '"', rows.size))
        return beyond_in_quoted (rows, highest, number);
    lines_t lines = lines_of (rows);
    const uint8_t *start = rows.data, *line_feed;
    for (uint32_t row = 1; (line_feed = lines_next (&lines)) != NULL; row++) {
        uint64_t value;
        const bool quick = line_feed - start >= ROW_BYTES_MIN - 1 &&
                           short_number (line_feed - (line_feed[-1] == '\r'), &value);
        if ((!quick || value > highest) && beyond (start, line_feed, highest, number))
            return row;
        start = line_feed + 1;
    }
    return 0;
}

static uint32_t beyond_in_quoted (bytes_t rows, uint64_t highest, uint64_t *number)
{
    size_t size, text_end;
    for (uint32_t row = 1; (size = bet_csv_row_size (rows, &text_end)) > 0; row++) {
        if (beyond (rows.data, rows.data + text_end, highest, number))
            return row;
        rows = bytes_of (rows.data + size, rows.size - size);
    }
    return 0;
}

/* Whether the row between the two ends in a comma and a number that is above. */
static inline bool beyond (const uint8_t *start, const uint8_t *end, uint64_t highest,
                           uint64_t *number)
{
    uint64_t value;
    if (!number_at_end (start, end, &value) || value <= highest)
        return false;
    *number = value;
    return true;
}

bool numbers_of_row (bytes_t row, uint64_t *number)
{
    return number_at_end (row.data, row.data + row.size, number);
}

static inline bool number_at_end (const uint8_t *start, const uint8_t *end,
                                  uint64_t *number)
{
    uint64_t value = 0, unit = 1;
    end -= end > start && end[-1] == '\r';
    const bool quoted = end > start && end[-1] == '"';
    const uint8_t *at = end -= quoted;
    for (; at > start && at[-1] >= '0' && at[-1] <= '9'; at--) {
        if (end - at == NUMBER_DIGITS_MAX)
            return false;
        value += unit * (uint64_t) (at[-1] - '0');
        unit *= 10;
    }
    const bool any = at < end;
    if (quoted && (at == start || *--at != '"'))
        return false;
    *number = value;
    return any && at > start && at[-1] == ',';
}
