/* receipt.c - the lines of tickets.csv (agency). */

#include "receipt.h"

#include "draw_name.h"
#include "hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TIME_BYTES     (sizeof "2026-11-30T21:00:05Z" - 1)
#define IDENTITY_BYTES 16

static bool take_field (bytes_t *line, bytes_t *field);
static bool read_name (bytes_t name, receipt_t *ticket);
static bool take_number (bytes_t *text, uint64_t max, uint64_t *number);
static bool read_digits (bytes_t digits, uint64_t max, uint64_t *number);
static bool is_time (bytes_t text);
static bool read_identity (bytes_t digits, uint64_t *identity);

size_t receipt_name (const receipt_sale_t *sale, uint64_t offset,
                     char text[RECEIPT_BYTES])
{
    return (size_t) snprintf (text, RECEIPT_BYTES, "%s-%" PRIu32 "-%" PRIu64,
                              sale->draw, sale->agency, offset);
}

size_t receipt_write (const receipt_sale_t *sale, uint64_t offset, const char *time,
                      uint32_t number, char text[RECEIPT_LINE_BYTES])
{
    char digits[16] = "";
    const size_t size = receipt_name (sale, offset, text);
    if (number != RECEIPT_NO_NUMBER)
        snprintf (digits, sizeof digits, "%" PRIu32, number);
    return size + (size_t) snprintf (text + size, RECEIPT_LINE_BYTES - size,
                                     ",%s,%s,%016" PRIx64 "\n", time, digits,
                                     sale->identity);
}

bool receipt_read (bytes_t line, receipt_t *ticket)
{
    bytes_t name, time, number, identity;
    uint64_t value = RECEIPT_NO_NUMBER;
    if (!take_field (&line, &name) || !take_field (&line, &time) ||
        !take_field (&line, &number))
        return false;
    identity = line;
    memset (ticket, 0, sizeof *ticket);
    if (!read_name (name, ticket) || !is_time (time) ||
        (number.size > 0 && !read_digits (number, NUMBER_MAX_MAX, &value)) ||
        !read_identity (identity, &ticket->sale.identity))
        return false;
    ticket->number = (uint32_t) value;
    return true;
}

static bool take_field (bytes_t *line, bytes_t *field)
{
    const uint8_t *comma = line->size > 0 ? memchr (line->data, ',', line->size) : NULL;
    if (!comma)
        return false;
    *field = bytes_of (line->data, (size_t) (comma - line->data));
    *line = bytes_of (comma + 1, line->size - field->size - 1);
    return true;
}

static bool read_name (bytes_t name, receipt_t *ticket)
{
    uint64_t agency;
    if (!take_number (&name, UINT64_MAX, &ticket->offset) ||
        !take_number (&name, AGENCIES_MAX, &agency) || draw_name_fault (name))
        return false;
    ticket->sale.agency = (uint32_t) agency;
    memcpy (ticket->sale.draw, name.data, name.size);
    return agency > 0;
}

/* From its end, with the hyphen before it. */
static bool take_number (bytes_t *text, uint64_t max, uint64_t *number)
{
    const uint8_t *hyphen =
        text->size > 0 ? memrchr (text->data, '-', text->size) : NULL;
    if (!hyphen)
        return false;
    const size_t before = (size_t) (hyphen - text->data);
    const bytes_t digits = bytes_of (hyphen + 1, text->size - before - 1);
    *text = bytes_of (text->data, before);
    return read_digits (digits, max, number);
}

/* As they were written: no zeros before them. */
static bool read_digits (bytes_t digits, uint64_t max, uint64_t *number)
{
    *number = 0;
    if (digits.size == 0 || (digits.size > 1 && digits.data[0] == '0'))
        return false;
    for (size_t i = 0; i < digits.size; i++) {
        const uint64_t digit = (uint64_t) digits.data[i] - '0';
        if (digit > 9 || *number > (max - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    return true;
}

static bool is_time (bytes_t text)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    if (text.size != TIME_BYTES)
        return false;
    for (size_t i = 0; i < TIME_BYTES; i++)
        if (form[i] == 'd' ? text.data[i] < '0' || text.data[i] > '9'
                           : text.data[i] != form[i])
            return false;
    return true;
}

static bool read_identity (bytes_t digits, uint64_t *identity)
{
    uint8_t bytes[IDENTITY_BYTES / 2];
    if (!hex_read_whole (digits, bytes, sizeof bytes))
        return false;
    *identity = get_u64 (bytes);
    return true;
}

bool receipt_same_sale (const receipt_sale_t *one, const receipt_sale_t *other)
{
    return one->identity == other->identity && one->agency == other->agency &&
           strcmp (one->draw, other->draw) == 0;
}
