/* bet.c - the rules that a bet's fields obey. Used by the worker, which checks what
   agencies send, and by whoever reads bets.csv back. */

#include "bet.h"

#include <endian.h>
#include <time.h>

#include "text.h"

#define DAY_SECONDS   86400
#define CLOCK_SECONDS 1767225600 // 2026-01-01: no clock that is set is older

const bet_rules_t bet_rules_widest = {NUMBER_MAX_MAX, BET_BORN_ANY};

static unsigned month_days (unsigned year, unsigned month);

const char *bet_field_name (uint8_t field)
{
    static const char *const names[] = {"row",      "first name", "last name",
                                        "document", "birthdate",  "number"};
    return field < sizeof names / sizeof names[0] ? names[field] : "?";
}

wire_code_t bet_check_text (bytes_t text, size_t bytes_max)
{
    static const wire_code_t codes[] = {[TEXT_GOOD] = REFUSED_OK,
                                        [TEXT_NOT_UTF8] = REFUSED_UTF8,
                                        [TEXT_CONTROL] = REFUSED_CONTROL,
                                        [TEXT_HIDDEN] = REFUSED_CHARACTER,
                                        [TEXT_BLANK] = REFUSED_BLANK};
    if (text.size == 0)
        return REFUSED_MISSING;
    if (text.size > bytes_max)
        return REFUSED_LONG;
    uint32_t character;
    return codes[text_check (text, &character)];
}

uint32_t bet_born_max (int64_t seconds)
{
    const time_t tomorrow = seconds + DAY_SECONDS;
    struct tm day;
    if (seconds < CLOCK_SECONDS || !gmtime_r (&tomorrow, &day) || day.tm_year > 8099)
        return BET_BORN_ANY;
    return (uint32_t) ((day.tm_year + 1900) * 10000 + (day.tm_mon + 1) * 100 +
                       day.tm_mday);
}

wire_code_t bet_check_birthdate (bytes_t text, uint32_t born_max)
{
    if (text.size == 0)
        return REFUSED_MISSING;
    if (text.size != BIRTHDATE_BYTES)
        return REFUSED_DATE;
    // Eight characters at once: each digit becomes its value, each hyphen zero.
    uint64_t head;
    memcpy (&head, text.data, sizeof head);
    head = le64toh (head) ^ 0x2D30302D30303030; // "0000-00-", the first byte lowest
    const uint64_t beyond =
        (head + 0x7F76767F76767676) | head; // 0x80: not in its range
    const unsigned tens = text.data[8] - (unsigned) '0';
    const unsigned ones = text.data[9] - (unsigned) '0';
    if ((beyond & 0x8080808080808080) != 0 || tens > 9 || ones > 9)
        return REFUSED_DATE;
    const uint64_t pairs = head * 10 + (head >> 8); // of digits, in every byte
    const unsigned year = (pairs & 0xFF) * 100 + (pairs >> 16 & 0xFF);
    const unsigned month = pairs >> 40 & 0xFF, day = tens * 10 + ones;
    const unsigned born = year * 10000 + month * 100 + day;
    if (born < BET_BORN_MIN || born > born_max || month < 1 || month > 12 || day < 1)
        return REFUSED_DATE;
    return day <= 28 || day <= month_days (year, month) ? REFUSED_OK : REFUSED_DATE;
}

static unsigned month_days (unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

wire_code_t bet_check_number (bytes_t text, uint32_t number_max, uint32_t *number)
{
    if (text.size == 0)
        return REFUSED_MISSING;
    uint64_t value = 0; // wraps if it is too long, but then the value is not used
    for (size_t i = 0; i < text.size; i++) {
        unsigned digit = text.data[i] - (unsigned) '0';
        if (digit > 9)
            return REFUSED_NUMBER;
        value = value * 10 + digit;
    }
    if (text.size > NUMBER_DIGITS_MAX)
        return REFUSED_LONG;
    if (value > number_max)
        return REFUSED_RANGE;
    *number = (uint32_t) value;
    return REFUSED_OK;
}
