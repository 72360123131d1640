/* test_bet_csv_mutated.c - rows with a few bytes changed, cut or added: whatever comes,
   nothing is read or written that should not be, and what is accepted is sound. */

#include "bet_csv_check.h"
#include "digest.h"

#define MUTATIONS 60000

static uint64_t random_next (uint64_t *state) // splitmix64
{
    uint64_t mixed = *state += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
    return mixed ^ mixed >> 31;
}

static size_t random_below (uint64_t *state, size_t limit)
{
    return (size_t) (random_next (state) % limit);
}

static const char *const sound[] = {
    GOOD,
    "a,b,1,2000-01-01,1\n",
    "\"a\",\"b\",\"1\",\"2000-01-01\",\"01\"\r\n",
    "\"P\xC3\xA9rez, hijo\",b,\"1,5\",2000-01-01,1\n",
    "\"Mari\"\"x\"\" Luz\",\"\"\"\",1,1999-02-28,9999\r\n",
    "Nicol\xC3\xA1s,\xE2\x82\xAC\xF0\x9F\x8D\x80,1,2024-02-29,007\r\n",
    (LONG_NAME LONG_NAME LONG_NAME LONG_NAME ",b," LONG_NAME ",2000-01-01,1\n"),
};

static const char *const splinters[] = {",",
                                        "\"",
                                        "\"\"",
                                        "\r",
                                        "\n",
                                        "\r\n",
                                        "\xC3",
                                        "\xC3\xA1",
                                        "\x80",
                                        "\xE2\x80\xA8",
                                        "\xED\xA0\x80",
                                        "\xF0\x9F\x8D\x80",
                                        "0",
                                        "9",
                                        "-",
                                        "x",
                                        "\xFF",
                                        "\x7F"};

/* Put a splinter over, into or in place of some bytes of `text`; returns its new size.
 */
static size_t mutate (uint64_t *seed, uint8_t *text, size_t size)
{
    const char *splinter = splinters[random_below (seed, COUNT (splinters))];
    size_t length = random_below (seed, 8) == 0 ? 0 : strlen (splinter);
    size_t at = random_below (seed, size + 1);
    size_t gone = random_below (seed, 3);
    if (gone > size - at)
        gone = size - at;
    memmove (text + at + length, text + at + gone, size - at - gone);
    memcpy (text + at, splinter, length);
    return size - gone + length;
}

/* A few rows of `source`, a few of their bytes changed; `*count` is as it was before.
 */
static bytes_t make_text (uint64_t *seed, const char *const *source, size_t sources,
                          uint8_t *text, uint32_t *count)
{
    size_t size = 0, mutations = random_below (seed, 4);
    *count = (uint32_t) random_below (seed, 4) + 1;
    for (uint32_t i = 0; i < *count; i++) {
        const char *row = source[random_below (seed, sources)];
        memcpy (text + size, row, strlen (row));
        size += strlen (row);
    }
    for (size_t i = 0; i < mutations; i++)
        size = mutate (seed, text, size);
    return bytes_of (text, size);
}

static size_t write_text (uint8_t *out, bytes_t text)
{
    uint8_t *at = out;
    bool quotes =
        memchr (text.data, ',', text.size) || memchr (text.data, '"', text.size);
    if (quotes)
        *at++ = '"';
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"')
            *at++ = '"';
        *at++ = text.data[i];
    }
    if (quotes)
        *at++ = '"';
    *at++ = ',';
    return (size_t) (at - out);
}

/* A bet that was read is sound, and when written is the bytes that it was read from. */
static void assert_bet (const bet_t *bet, uint32_t agency, bytes_t from)
{
    uint32_t number;
    char digits[16];
    int length = snprintf (digits, sizeof digits, "%u", bet->number);
    assert_int_equal (bet_check_text (bet->first_name, NAME_BYTES_MAX), REFUSED_OK);
    assert_int_equal (bet_check_text (bet->last_name, NAME_BYTES_MAX), REFUSED_OK);
    assert_int_equal (bet_check_text (bet->document, DOCUMENT_BYTES_MAX), REFUSED_OK);
    assert_int_equal (bet_check_birthdate (bet->birthdate, BET_BORN_ANY), REFUSED_OK);
    assert_int_equal (
        bet_check_number (bytes_of (digits, (size_t) length), NUMBER_MAX_MAX, &number),
        REFUSED_OK);
    uint8_t row[ROW_BYTES_MAX + AGENCY_DIGITS_MAX + 2];
    size_t size = (size_t) sprintf ((char *) row, "%u,", agency);
    size += write_text (row + size, bet->first_name);
    size += write_text (row + size, bet->last_name);
    size += write_text (row + size, bet->document);
    size += write_text (row + size, bet->birthdate);
    size += (size_t) sprintf ((char *) row + size, "%u\r\n", bet->number);
    assert_true (bytes_equal (bytes_of (row, size), from));
}

/* Read `text` as canonical rows; returns how many there are before its end or the first
   that is none. `without` receives them without their agency. */
static uint32_t read_canonical (bytes_t text, uint8_t *without, size_t *without_size)
{
    bytes_t all = exact (text), rest = all;
    uint8_t *scratch = malloc (ROW_BYTES_MAX);
    assert_non_null (scratch);
    uint32_t count = 0, agency;
    bet_t bet;
    int status;
    *without_size = 0;
    bytes_t before = rest;
    while ((status = bet_csv_next (&rest, scratch, &agency, &bet)) == 1) {
        bytes_t row = bytes_of (before.data, before.size - rest.size);
        assert_bet (&bet, agency, row);
        size_t prefix = (size_t) snprintf (NULL, 0, "%u,", agency);
        memcpy (without + *without_size, row.data + prefix, row.size - prefix);
        *without_size += row.size - prefix;
        before = rest;
        count++;
    }
    assert_true ((status == 0) == (rest.size == 0));
    free (scratch);
    free ((void *) all.data);
    return count;
}

static uint32_t count_rows (bytes_t text)
{
    bytes_t all = exact (text), rest = all;
    uint32_t count = 0;
    size_t end, size;
    while ((size = bet_csv_row_size (rest, &end)) > 0) {
        assert_true (size <= rest.size && rest.data[size - 1] == '\n');
        assert_true (end == size - 1 || (end == size - 2 && rest.data[end] == '\r'));
        rest = bytes_of (rest.data + size, rest.size - size);
        count++;
    }
    free ((void *) all.data);
    return count;
}

/* The digest of rows as typed is that of their canonical form, if they have one. */
static void assert_digest (bytes_t text, uint32_t count, bytes_t out)
{
    bytes_t copy = exact (text);
    const uint64_t digest = bet_csv_digest (7574, copy, count);
    uint64_t expected = 7574;
    if (out.size > 0) {
        assert_int_equal (digest_rows (&expected, out, digest_prefix (31)), count);
        assert_true (digest == expected);
    }
    free ((void *) copy.data);
}

static void test_mutated_rows (void **state)
{
    (void) state;
    uint64_t seed = 7574;
    uint32_t accepted = 0, refused = 0;
    for (int i = 0; i < MUTATIONS; i++) {
        uint8_t buffer[TEXT_BYTES_MAX], without[TEXT_BYTES_MAX];
        uint32_t count;
        bytes_t text = make_text (&seed, sound, COUNT (sound), buffer, &count);
        bet_csv_error_t error;
        uint32_t found = count_rows (text);
        bytes_t out = canonical (text, count, 31, &error);
        assert_digest (text, count, out);
        if (error.code != REFUSED_OK) {
            assert_in_range (error.code, REFUSED_EMPTY, REFUSED_CHARACTER);
            assert_in_range (error.row, 1, count + 1);
            assert_in_range (error.field, BET_ROW, BET_NUMBER);
            free ((void *) out.data);
            refused++;
            continue;
        }
        size_t size;
        assert_int_equal (found, count);
        assert_int_equal (read_canonical (out, without, &size), count);
        bytes_t again = canonical (bytes_of (without, size), count, 31, &error);
        assert_true (bytes_equal (again, out));
        free ((void *) again.data);
        free ((void *) out.data);
        accepted++;
    }
    assert_true (accepted > MUTATIONS / 10 && refused > MUTATIONS / 10);
}

static void test_mutated_canonical_rows (void **state)
{
    (void) state;
    static const char *const rows[] = {
        ("1," GOOD),
        "4294967295,\"a,b\",c,\"\"\"\",2000-01-01,0\r\n",
        "20,Nicol\xC3\xA1s,\"x \"\"y\"\"\",1,2024-02-29,999999999\r\n",
    };
    uint64_t seed = 7574;
    uint32_t whole = 0;
    for (int i = 0; i < MUTATIONS; i++) {
        uint8_t buffer[TEXT_BYTES_MAX], without[TEXT_BYTES_MAX];
        uint32_t count;
        size_t size;
        bytes_t text = make_text (&seed, rows, COUNT (rows), buffer, &count);
        whole += read_canonical (text, without, &size) == count;
    }
    assert_true (whole > MUTATIONS / 10 && whole < MUTATIONS);
}

/* Every beginning of a batch is refused, and none is read past its end. */
static void test_cut_short (void **state)
{
    (void) state;
    for (size_t i = 0; i < COUNT (sound); i++)
        for (size_t size = 0; size < strlen (sound[i]); size++) {
            bet_csv_error_t error;
            bytes_t out = canonical (bytes_of (sound[i], size), 1, 1, &error);
            assert_int_not_equal (error.code, REFUSED_OK);
            assert_int_equal (error.row, 1);
            free ((void *) out.data);
        }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_mutated_rows),
        cmocka_unit_test (test_mutated_canonical_rows),
        cmocka_unit_test (test_cut_short),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
