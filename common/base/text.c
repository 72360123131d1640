/* text.c - the rule of text.h, and the one reader of UTF-8: for every process. */

#include "text.h"

#include <stdio.h>

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"
#define JOINER_NONE     0x200C
#define JOINER          0x200D

typedef struct {
    uint32_t first, last;
} range_t;

// Sorted, like all tables here. Invisible, or changing the direction of text.
static const range_t hidden[] = {
    {0x00AD, 0x00AD},   // soft hyphen
    {0x034F, 0x034F},   // grapheme joiner
    {0x061C, 0x061C},   // Arabic letter mark
    {0x115F, 0x1160},   // Hangul fillers
    {0x17B4, 0x17B5},   // Khmer inherent vowels
    {0x180B, 0x180F},   // Mongolian selectors and separator
    {0x200B, 0x200F},   // zero-width space, joiners, direction marks
    {0x202A, 0x202E},   // embeddings and overrides
    {0x2060, 0x206F},   // word joiner, invisible operators, isolates
    {0x3164, 0x3164},   // Hangul filler
    {0xFDD0, 0xFDEF},   // noncharacters
    {0xFE00, 0xFE0F},   // variation selectors
    {0xFEFF, 0xFEFF},   // byte order mark
    {0xFFA0, 0xFFA0},   // Hangul filler
    {0xFFF0, 0xFFFC},   // annotations, object replacement
    {0x1BCA0, 0x1BCA3}, // shorthand controls
    {0x1D173, 0x1D17A}, // musical controls
    {0xE0000, 0xE0FFF}, // tags, more variation selectors
};

static const range_t blanks[] = {
    {0x0020, 0x0020}, {0x00A0, 0x00A0}, {0x1680, 0x1680}, {0x2000, 0x200A},
    {0x202F, 0x202F}, {0x205F, 0x205F}, {0x2800, 0x2800}, {0x3000, 0x3000},
};

// Combining marks: of no script in particular, Cyrillic, Hebrew, Arabic, kana.
static const range_t marks[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x05BF, 0x05BF},
    {0x05C1, 0x05C2}, {0x05C4, 0x05C5}, {0x05C7, 0x05C7}, {0x064B, 0x065F},
    {0x0670, 0x0670}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF},
    {0x3099, 0x309A}, {0xFE20, 0xFE2F},
};

// Scripts that need the joiners: Arabic to Mandaic, India's, Myanmar's, Khmer,
// Mongolian.
static const range_t joining[] = {
    {0x0600, 0x08FF}, {0x0900, 0x0DFF}, {0x1000, 0x109F},
    {0x1780, 0x18AF}, {0xA840, 0xA8FF}, {0x11000, 0x11FFF},
};

#define AMONG(table, character)                                                        \
    is_among (table, sizeof (table) / sizeof *(table), character)

static text_fault_t fault_at (bytes_t rest, uint32_t before, uint32_t character,
                              size_t size);
static bool may_join (uint32_t before, bytes_t after);
static bool is_among (const range_t *table, size_t count, uint32_t character);

text_fault_t text_check (bytes_t text, uint32_t *character)
{
    uint32_t first = 0, last = 0;
    bytes_t rest = text;
    while (rest.size > 0) {
        const size_t size = text_character (rest, character);
        if (size == 0) {
            *character = rest.data[0];
            return TEXT_NOT_UTF8;
        }
        const text_fault_t fault = fault_at (rest, last, *character, size);
        if (fault != TEXT_GOOD)
            return fault;
        last = *character;
        if (rest.data == text.data)
            first = last;
        rest = bytes_of (rest.data + size, rest.size - size);
    }
    *character = text_is_blank (first) ? first : text_is_blank (last) ? last : 0;
    return *character ? TEXT_BLANK : TEXT_GOOD;
}

/* What is wrong with the character that `rest` begins with; `before` is 0 for the
   first. */
static text_fault_t fault_at (bytes_t rest, uint32_t before, uint32_t character,
                              size_t size)
{
    if (character >= ' ' && character < 0x7F)
        return TEXT_GOOD;
    if (text_is_control (character))
        return TEXT_CONTROL;
    const bytes_t after = bytes_of (rest.data + size, rest.size - size);
    if (character == JOINER || character == JOINER_NONE)
        return may_join (before, after) ? TEXT_GOOD : TEXT_HIDDEN;
    const bool alone = before == 0 || text_is_blank (before);
    return text_is_hidden (character) || (alone && AMONG (marks, character))
               ? TEXT_HIDDEN
               : TEXT_GOOD;
}

static bool may_join (uint32_t before, bytes_t after)
{
    uint32_t next;
    return AMONG (joining, before) && after.size > 0 &&
           text_character (after, &next) > 0 && AMONG (joining, next);
}

const char *text_explain (text_fault_t fault, uint32_t character,
                          char explanation[TEXT_EXPLANATION_BYTES])
{
    static const char *const formats[] = {
        [TEXT_GOOD] = "nothing is wrong with it",
        [TEXT_NOT_UTF8] = "bytes that are not UTF-8, 0x%02X (saved as %s?)",
        [TEXT_CONTROL] = "a control character, U+%04X",
        [TEXT_HIDDEN] = "an invisible character, or one that reverses text, U+%04X",
        [TEXT_BLANK] = "whitespace at its start or end, U+%04X",
    };
    if (fault == TEXT_GOOD)
        return formats[fault];
    const char *encoding = character >= 0xFE ? "UTF-16" : "Latin-1"; // its mark
    snprintf (explanation, TEXT_EXPLANATION_BYTES, formats[fault], character, encoding);
    return explanation;
}

size_t text_character (bytes_t text, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; // by length
    const uint8_t *at = text.data;
    const uint8_t lead = at[0];
    if (lead < 0x80) {
        *character = lead;
        return 1;
    }
    const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || length > text.size)
        return 0;
    uint32_t value = lead & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (at[i] & 0x3F);
    }
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < least[length] || value > 0x10FFFF || surrogate)
        return 0;
    *character = value;
    return length;
}

bool text_is_control (uint32_t character)
{
    return character < 0x20 || (character >= 0x7F && character <= 0x9F) ||
           character == 0x2028 || character == 0x2029;
}

bool text_is_hidden (uint32_t character)
{
    const bool last_of_plane = (character & 0xFFFE) == 0xFFFE; // noncharacters
    return last_of_plane || AMONG (hidden, character);
}

bool text_is_blank (uint32_t character)
{
    return AMONG (blanks, character);
}

static bool is_among (const range_t *table, size_t count, uint32_t character)
{
    for (size_t i = 0; i < count && table[i].first <= character; i++)
        if (character <= table[i].last)
            return true;
    return false;
}

void text_clean (char *text)
{
    bytes_t rest = bytes_of (text, strlen (text));
    while (rest.size > 0) {
        uint32_t character = 0;
        const size_t size = text_character (rest, &character);
        const size_t taken = size > 0 ? size : 1;
        char *at = text + (rest.data - (const uint8_t *) text);
        if (size > 0 && text_is_control (character))
            memset (at, ' ', taken);
        else if (size == 0 || text_is_hidden (character))
            memset (at, '?', taken);
        rest = bytes_of (rest.data + taken, rest.size - taken);
    }
}

bytes_t text_without_mark (bytes_t text)
{
    const bytes_t mark = bytes_of (BYTE_ORDER_MARK, sizeof BYTE_ORDER_MARK - 1);
    if (text.size < mark.size || memcmp (text.data, mark.data, mark.size) != 0)
        return text;
    return bytes_of (text.data + mark.size, text.size - mark.size);
}
