/* bet.c - the rules that a bet's fields obey. Used by the worker, which checks what
   agencies send, and by whoever reads bets.csv back. */

#include "bet.h"

static size_t character_decode (const uint8_t *at, size_t size, uint32_t *character);
static bool character_is_control (uint32_t character);
static unsigned month_days (unsigned year, unsigned month);

const char *bet_field_name (uint8_t field)
{
    static const char *const names[] = {"row",      "first name", "last name",
                                        "document", "birthdate",  "number"};
    return field < sizeof names / sizeof names[0] ? names[field] : "?";
}

wire_code_t bet_check_text (bytes_t text, size_t bytes_max)
{
    if (text.size == 0)
        return REFUSED_MISSING;
    if (text.size > bytes_max)
        return REFUSED_LONG;
    size_t at = 0;
    while (at < text.size) {
        uint32_t character;
        size_t size = character_decode (text.data + at, text.size - at, &character);
        if (size == 0)
            return REFUSED_UTF8;
        if (character_is_control (character))
            return REFUSED_CONTROL;
        at += size;
    }
    return REFUSED_NOTHING;
}

/* Returns the bytes that the character takes, 0 if it is none. */
static size_t character_decode (const uint8_t *at, size_t size, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; // for so many bytes
    uint8_t lead = at[0];
    if (lead < 0x80) {
        *character = lead;
        return 1;
    }
    size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || length > size)
        return 0;
    uint32_t value = lead & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (at[i] & 0x3F);
    }
    bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < least[length] || value > 0x10FFFF || surrogate)
        return 0;
    *character = value;
    return length;
}

static bool character_is_control (uint32_t character)
{
    return character < 0x20 || (character >= 0x7F && character <= 0x9F) ||
           character == 0x2028 || character == 0x2029;
}

wire_code_t bet_check_birthdate (bytes_t text)
{
    if (text.size == 0)
        return REFUSED_MISSING;
    if (text.size != BIRTHDATE_BYTES || text.data[4] != '-' || text.data[7] != '-')
        return REFUSED_DATE;
    static const uint8_t places[] = {0, 1, 2, 3, 5, 6, 8, 9};
    unsigned digits[sizeof places];
    bool wrong = false; // asked once at the end: no branch per digit
    for (size_t i = 0; i < sizeof places; i++) {
        digits[i] = text.data[places[i]] - (unsigned) '0';
        wrong |= digits[i] > 9;
    }
    unsigned year = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3];
    unsigned month = digits[4] * 10 + digits[5];
    unsigned day = digits[6] * 10 + digits[7];
    if (wrong || year < 1 || month < 1 || month > 12 || day < 1)
        return REFUSED_DATE;
    return day <= 28 || day <= month_days (year, month) ? REFUSED_NOTHING
                                                        : REFUSED_DATE;
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
    uint64_t value = 0; // wraps for an over-long one, whose value nobody asks for
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
    return REFUSED_NOTHING;
}
