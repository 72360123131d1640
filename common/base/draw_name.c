/* draw_name.c - the rule of draw_name.h. Every process. */

#include "draw_name.h"

static bool is_letter_or_digit (uint8_t byte);

const char *draw_name_fault (bytes_t name)
{
    if (name.size == 0)
        return "is empty";
    if (name.size > DRAW_NAME_BYTES_MAX)
        return "is longer than " BOUND_TEXT (DRAW_NAME_BYTES_MAX) " characters";
    for (size_t i = 0; i < name.size; i++)
        if (!is_letter_or_digit (name.data[i]) && name.data[i] != '-')
            return "may have only letters, digits and -";
    return name.data[0] == '-' ? "begins with -" : NULL;
}

/* Of ASCII, whatever the locale. */
static bool is_letter_or_digit (uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z');
}
