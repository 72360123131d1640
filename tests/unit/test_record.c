/* test_record.c - records as bytes, every byte of them; what they vouch for; chains. */

#include "testing.h"

#include "record.h"

#include <xxhash.h>

#include "bounds.h"
#include "wire.h"

static record_t bets (void)
{
    static const char rows[] = "7,Ana,B,1,2000-01-01,7574\r\n";
    record_t record = {.kind = RECORD_BETS,
                       .count = 1,
                       .agency = 7,
                       .draw = 0x1122334455667788,
                       .offset = 41,
                       .position = 0x0102030405,
                       .previous = 9,
                       .jump = 8,
                       .digest = 0xD1,
                       .writer = 0xA1,
                       .time_ms = 1700000000000,
                       .durable = 77};
    record_vouch (&record, bytes_of (rows, sizeof rows - 1));
    return record;
}

static record_t event (record_kind_t kind)
{
    const bool of_agency = kind == RECORD_SEALED || kind == RECORD_SERVED ||
                           kind == RECORD_EXCUSED || kind == RECORD_CANCELLED ||
                           kind == RECORD_COMMITTED || kind == RECORD_REVEALED ||
                           kind == RECORD_ENDED;
    record_t record = {.kind = (uint8_t) kind,
                       .agency = of_agency ? 3 : 0,
                       .draw = kind == RECORD_REGISTERED ? 0 : 1,
                       .offset = 2,
                       .position = 5,
                       .previous = 4,
                       .jump = 9999,
                       .number = 7574,
                       .digest = 6,
                       .writer = 12,
                       .time_ms = 1,
                       .agencies = 5};
    if (kind == RECORD_OPENED)
        record.count = SOURCE_RANDOM;
    else if (kind == RECORD_CANCELLED)
        record.count = 1;
    if (record_has_rows (record.kind))
        record_vouch (&record, bytes_of ("by the operator\n", 16));
    else
        memcpy (record.text, "nocturna", 8);
    return record;
}

static void assert_same (const record_t *record)
{
    uint8_t bytes[RECORD_BYTES], again[RECORD_BYTES];
    record_t got;
    record_put (bytes, record);
    assert_true (record_get (bytes, &got));
    record_put (again, &got);
    assert_memory_equal (bytes, again, sizeof bytes);
    assert_int_equal (record_rows_size (bytes), record->size);
}

static void what_is_put_is_got (void **state)
{
    (void) state;
    static const record_kind_t events[] = {
        RECORD_SEALED,    RECORD_REGISTERED, RECORD_OPENED,    RECORD_DRAWN,
        RECORD_SERVED,    RECORD_CLOSED,     RECORD_EXCUSED,   RECORD_VOIDED,
        RECORD_CANCELLED, RECORD_NOTED,      RECORD_COMMITTED, RECORD_ATTESTED,
        RECORD_LOCKED,    RECORD_REVEALED,   RECORD_PUBLISHED, RECORD_ENDED};
    const record_t record = bets ();
    assert_same (&record);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        const record_t other = event (events[i]);
        assert_same (&other);
    }
}

static void each_field_has_its_place (void **state)
{
    (void) state;
    static const uint8_t start[] = {'B',  0,    0,    1,    0,    0,    0,    7,
                                    0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};
    uint8_t bytes[RECORD_BYTES];
    const record_t record = bets ();
    record_put (bytes, &record);
    assert_memory_equal (bytes, start, sizeof start);
    assert_int_equal (bytes[23], 41);
    assert_int_equal (bytes[31], 5);
    assert_int_equal (bytes[35], record.size);
    assert_int_equal (bytes[39], 9);
    assert_int_equal (bytes[43], 8);
    assert_int_equal (bytes[55], 0xD1);
    assert_int_equal (bytes[63], 0xA1);
    assert_memory_equal (bytes + 80, record.rows_sha256, SHA256_BYTES);
    for (size_t i = 112; i < 124; i++)
        assert_int_equal (bytes[i], i == 119 ? 77 : 0);
    const record_t opened = event (RECORD_OPENED);
    record_put (bytes, &opened);
    assert_int_equal (bytes[46] << 8 | bytes[47], 7574);
    assert_memory_equal (bytes + 72, "nocturna", 9);
    assert_int_equal (bytes[115], 5);
}

static void every_bit_is_checked (void **state)
{
    (void) state;
    record_t got;
    const record_t records[] = {bets (), event (RECORD_SEALED), event (RECORD_VOIDED)};
    for (size_t i = 0; i < 3; i++) {
        uint8_t bytes[RECORD_BYTES];
        record_put (bytes, &records[i]);
        for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
            bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
            assert_false (record_get (bytes, &got));
            bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
        }
    }
}

/* With a check that fits: what nothing here writes is refused all the same. */
static void what_cannot_be_is_no_record (void **state)
{
    (void) state;
    static const struct {
        char kind;
        size_t at;
        uint8_t value;
    } wrong[] = {
        {'B', 0, 'X'},  {'B', 0, 0},   {'B', 1, 1},   {'B', 3, 0},    {'B', 7, 0},
        {'B', 4, 1},    {'B', 35, 0},  {'B', 32, 1},  {'B', 43, 10},  {'B', 120, 1},
        {'B', 123, 1},  {'S', 3, 1},   {'S', 7, 0},   {'S', 35, 1},   {'O', 7, 1},
        {'O', 3, 'X'},  {'O', 35, 1},  {'O', 122, 1}, {'R', 7, 1},    {'D', 7, 1},
        {'V', 7, 0},    {'V', 35, 1},  {'S', 15, 0},  {'R', 15, 1},   {'O', 3, 'P'},
        {'O', 2, 1},    {'O', 115, 0}, {'O', 112, 1}, {'O', 72, 0},   {'O', 72, '-'},
        {'O', 81, 'a'}, {'O', 42, 0},  {'K', 7, 0},   {'K', 3, 2},    {'K', 35, 0},
        {'K', 34, 4},   {'C', 7, 1},   {'C', 3, 1},   {'C', 35, 202}, {'X', 7, 0},
        {'X', 35, 202}, {'W', 7, 1},   {'C', 34, 1},  {'W', 33, 25},  {'N', 7, 1},
        {'N', 33, 25},  {'N', 35, 0},  {'N', 3, 1},   {'Y', 7, 0},    {'Y', 35, 0},
        {'Y', 33, 25},  {'U', 7, 1},   {'L', 7, 1},   {'L', 33, 25},  {'A', 7, 0},
        {'A', 35, 0},   {'Q', 7, 1},   {'Q', 35, 0},  {'E', 3, 1},    {'E', 7, 0},
        {'E', 35, 1},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t bytes[RECORD_BYTES];
        record_t got;
        const record_t record =
            wrong[i].kind == 'B' ? bets () : event ((record_kind_t) wrong[i].kind);
        record_put (bytes, &record);
        bytes[wrong[i].at] = wrong[i].value;
        put_u32 (bytes + 124, (uint32_t) XXH3_64bits (bytes, 124));
        if (record_get (bytes, &got))
            fail_msg ("row %zu is taken", i);
    }
}

/* A registration is of no draw, and all else of one. */
static void only_a_registration_has_no_draw (void **state)
{
    (void) state;
    uint8_t bytes[RECORD_BYTES];
    record_t got, record = bets (), registered = event (RECORD_REGISTERED);
    record.draw = 0;
    record_put (bytes, &record);
    assert_false (record_get (bytes, &got));
    registered.draw = 1;
    record_put (bytes, &registered);
    assert_false (record_get (bytes, &got));
}

static void rows_are_vouched_for (void **state)
{
    (void) state;
    char rows[] = "7,Ana,B,1,2000-01-01,7574\r\n";
    const size_t size = sizeof rows - 1;
    record_t record = bets ();
    assert_true (record_matches (&record, bytes_of (rows, size)));
    assert_true (record_proves (&record, bytes_of (rows, size)));
    assert_false (record_matches (&record, bytes_of (rows, size - 1)));
    assert_false (record_proves (&record, bytes_of (rows, size - 1)));
    for (size_t i = 0; i < size; i++) {
        rows[i] ^= 1;
        assert_false (record_matches (&record, bytes_of (rows, size)));
        assert_false (record_proves (&record, bytes_of (rows, size)));
        rows[i] ^= 1;
    }
    // a forger fits the hash that finds accidents
    rows[3] = 'x';
    record.rows_hash = XXH3_64bits (rows, size);
    assert_true (record_matches (&record, bytes_of (rows, size)));
    assert_false (record_proves (&record, bytes_of (rows, size)));
}

static void a_chain_tells_every_history_apart (void **state)
{
    (void) state;
    uint8_t a[RECORD_BYTES], b[RECORD_BYTES], one[SHA256_BYTES], other[SHA256_BYTES];
    uint8_t expected[SHA256_BYTES];
    const record_t first = bets (), second = event (RECORD_DRAWN);
    record_put (a, &first);
    record_put (b, &second);
    chain_start (0x0102030405060708, one);
    sha256 (bytes_of ("LOTERIA CHAIN 2\n\1\2\3\4\5\6\7\10", 24), bytes_of (NULL, 0),
            expected);
    assert_memory_equal (one, expected, SHA256_BYTES);
    chain_start (0x0102030405060709, other);
    assert_memory_not_equal (one, other, SHA256_BYTES);

    memcpy (other, one, SHA256_BYTES);
    sha256 (bytes_of (one, SHA256_BYTES), bytes_of (a, RECORD_BYTES), expected);
    chain_add (one, a);
    assert_memory_equal (one, expected, SHA256_BYTES);
    chain_add (one, b);
    chain_add (other, b);
    chain_add (other, a);
    assert_memory_not_equal (one, other, SHA256_BYTES);
}

static void kinds_with_rows_are_not_the_events (void **state)
{
    (void) state;
    for (unsigned kind = 0; kind <= 0xFF; kind++) {
        const bool known = kind && strchr ("BKROSXCDVWNYULAQ", (int) kind);
        assert_int_equal (record_has_rows ((uint8_t) kind),
                          kind && strchr ("BKCXWNYULAQ", (int) kind));
        if (known)
            assert_int_equal (record_is_event ((uint8_t) kind),
                              !strchr ("BKR", (int) kind));
    }
}

/* A void draw's reason may be a paper, longer than a line. */
static void papers_may_be_long (void **state)
{
    (void) state;
    static uint8_t paper[PAPER_BYTES_MAX];
    static const record_kind_t kinds[] = {RECORD_VOIDED, RECORD_NOTED, RECORD_LOCKED};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        record_t record = event (kinds[i]);
        record_vouch (&record, bytes_of (paper, sizeof paper));
        assert_same (&record);
        assert_int_equal (record_has_paper (record.kind), i > 0);
    }
}

/* A reason may be missing: then there are no rows, and these are vouched for. */
static void notes_may_be_empty (void **state)
{
    (void) state;
    record_t record = event (RECORD_CLOSED);
    record_vouch (&record, bytes_of (NULL, 0));
    assert_same (&record);
    assert_true (record_proves (&record, bytes_of (NULL, 0)));
    assert_false (record_proves (&record, bytes_of ("\n", 1)));
}

static void a_draw_has_its_name (void **state)
{
    (void) state;
    record_t record = event (RECORD_OPENED);
    assert_true (bytes_equal (record_name (&record), bytes_of ("nocturna", 8)));
    memset (record.text, 'n', sizeof record.text);
    assert_true (
        bytes_equal (record_name (&record), bytes_of (record.text, RECORD_TEXT_BYTES)));
    assert_same (&record);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_put_is_got),
        cmocka_unit_test (each_field_has_its_place),
        cmocka_unit_test (every_bit_is_checked),
        cmocka_unit_test (what_cannot_be_is_no_record),
        cmocka_unit_test (only_a_registration_has_no_draw),
        cmocka_unit_test (rows_are_vouched_for),
        cmocka_unit_test (a_chain_tells_every_history_apart),
        cmocka_unit_test (kinds_with_rows_are_not_the_events),
        cmocka_unit_test (notes_may_be_empty),
        cmocka_unit_test (papers_may_be_long),
        cmocka_unit_test (a_draw_has_its_name),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
