/* fuzz_bet_csv.c - any bytes as the rows of a batch. What is accepted comes out in one
   form only: it can be read back, bet by bet, and is accepted again as it is. */

#include "fuzz.h"

#include "bet_csv.h"
#include "bet_fault.h"
#include "text.h"

#define AGENCY 7

static const bet_rules_t rules = {NUMBER_MAX_DEFAULT, 20261231};

static void check_rows (bytes_t rows, uint32_t count);
static bytes_t without_agency (bytes_t canonical, uint32_t count, uint8_t *out);
static void check_walk (bytes_t text);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size < 2 || size > MESSAGE_BYTES_DEFAULT)
        return 0;
    const bytes_t rows = bytes_of (data + 2, size - 2);
    uint32_t lines = 0;
    for (size_t i = 0; i < rows.size; i++)
        lines += rows.data[i] == '\n';
    check_rows (rows, lines);
    check_rows (rows, (uint32_t) data[0] << 8 | data[1]);
    check_walk (rows);
    uint8_t scratch[ROW_BYTES_MAX];
    uint32_t agency;
    bet_t bet;
    bytes_t rest = rows;
    while (bet_csv_next (&rest, scratch, &agency, &bet) == 1)
        continue;
    return 0;
}

static void check_rows (bytes_t rows, uint32_t count)
{
    bet_csv_error_t error;
    const size_t room = rows.size + (size_t) count * (AGENCY_DIGITS_MAX + 2);
    uint8_t *out = malloc (room + 1), *plain = malloc (room + 1),
            *again = malloc (2 * room + 1);
    MUST (out && plain && again);
    const size_t size = bet_csv_canonical (rows, count, AGENCY, &rules, out, &error);
    MUST (size <= room);
    if (size > 0) {
        MUST (error.code == REFUSED_OK);
        const bytes_t canonical = bytes_of (out, size);
        const bytes_t once_more = without_agency (canonical, count, plain);
        const size_t size_again =
            bet_csv_canonical (once_more, count, AGENCY, &rules, again, &error);
        MUST (bytes_equal (bytes_of (again, size_again), canonical));
    } else {
        char text[REFUSAL_TEXT_MAX + 1];
        uint32_t character;
        MUST (error.code != REFUSED_OK && error.row <= count + 1);
        bet_fault_explain (rows, &rules, &error, text);
        MUST (text_check (bytes_of (text, strlen (text)), &character) == TEXT_GOOD);
        MUST (strlen (text) > 0 && !strchr (text, '|'));
    }
    free (again);
    free (plain);
    free (out);
}

/* The rows as an agency would send them. */
static bytes_t without_agency (bytes_t canonical, uint32_t count, uint8_t *out)
{
    uint8_t scratch[ROW_BYTES_MAX], *at = out;
    for (uint32_t i = 0; i < count; i++) {
        const bytes_t before = canonical;
        uint32_t agency;
        bet_t bet;
        MUST (bet_csv_next (&canonical, scratch, &agency, &bet) == 1);
        MUST (agency == AGENCY && bet.number <= NUMBER_MAX_DEFAULT);
        const size_t size = before.size - canonical.size;
        at = put_bytes (at, bytes_of (before.data + 2, size - 2)); // "7,"
    }
    MUST (canonical.size == 0);
    return bytes_of (out, (size_t) (at - out));
}

/* Row sizes partition the text, up to a row that does not end. */
static void check_walk (bytes_t text)
{
    size_t size, end;
    while ((size = bet_csv_row_size (text, &end)) > 0) {
        MUST (size <= text.size && end < size && text.data[size - 1] == '\n');
        text = bytes_of (text.data + size, text.size - size);
    }
}
