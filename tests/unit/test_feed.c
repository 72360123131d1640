/* test_feed.c - feed.c: every bet that is stored is told of, once, in order. */

#include "session_day.h"

static struct {
    uint64_t wanted;   // the first
    uint64_t begun;    // so many were stored then
    uint64_t next;     // that is to be told of
    uint64_t rows;     // told of
    const char *fault; // what begin says
} told;

static const char *begin (void *self, const char *draw, uint64_t identity,
                          bool provable, uint64_t stored, uint64_t *next)
{
    (void) self;
    assert_false (provable);
    assert_string_equal (draw, "first");
    assert_true (identity == DRAW);
    told.begun = stored;
    *next = told.next = told.wanted;
    return told.fault;
}

static void add (void *self, uint64_t offset, uint32_t count, bytes_t rows)
{
    (void) self;
    assert_true (offset == told.next);
    for (uint32_t i = 0; i < count; i++) {
        char text[64];
        const int size = snprintf (
            text, sizeof text, "Ana,Paz,%08" PRIu64 ",2000-01-01,7574\n", offset + i);
        assert_true (rows.size >= (size_t) size);
        assert_memory_equal (rows.data, text, (size_t) size);
        rows = bytes_of (rows.data + size, rows.size - (size_t) size);
    }
    assert_int_equal (rows.size, 0);
    told.next += count;
    told.rows += count;
}

static const session_receipts_t receipts = {NULL, begin, add};

static void start_from (day_t *day, uint64_t wanted)
{
    memset (&told, 0, sizeof told);
    told.wanted = wanted;
    day->options.receipts = &receipts;
    day->options.task = SESSION_SELL_ONLY;
    start (day);
}

/* Sell the rest, three at a time, and end. */
static void sell_to_the_end (day_t *day)
{
    bytes_t bytes;
    while (!session_over (day->session)) {
        wire_message_t message;
        if (!next_output (day, &bytes)) {
            day->now_ms += 1;
            session_tick (day->session, day->now_ms);
            continue;
        }
        assert_int_equal (wire_decode (bytes, &message), REFUSED_OK);
        if (message.command == WIRE_BATCH)
            stored (day, message.batch.offset + message.batch.count);
    }
    assert_state (day, SESSION_ENDED);
    assert_int_equal (progress (day)->stored, 10);
}

static void all_that_is_sold_is_told (void **state)
{
    day_t *day = *state;
    start_from (day, 0);
    said (day, WIRE_HELLO);
    welcome (day, 0);
    sell_to_the_end (day);
    assert_int_equal (told.rows, 10);
}

/* What an earlier run sold, and did not tell of. */
static void what_is_missing_is_read_again (void **state)
{
    day_t *day = *state;
    for (uint64_t before = 0; before <= 10; before++)
        for (uint64_t wanted = 0; wanted <= before; wanted++) {
            start_from (day, wanted);
            day->fake.at = 0;
            said (day, WIRE_HELLO);
            welcome (day, before);
            sell_to_the_end (day);
            assert_int_equal (told.begun, before);
            assert_int_equal (told.rows, 10 - wanted);
            assert_int_equal (told.next, 10);
        }
}

/* Batches of an earlier run arrive while this one sells. */
static void what_others_sold_is_told_as_well (void **state)
{
    day_t *day = *state;
    for (uint64_t jump = 4; jump <= 10; jump++) {
        start_from (day, 0);
        day->fake.at = 0;
        said (day, WIRE_HELLO);
        welcome (day, 0);
        said_batch (day, 0, 3);
        stored (day, jump);
        sell_to_the_end (day);
        assert_int_equal (told.rows, 10);
    }
}

static void a_lost_connection_doubles_nothing (void **state)
{
    day_t *day = *state;
    start_from (day, 0);
    said (day, WIRE_HELLO);
    welcome (day, 0);
    said_batch (day, 0, 3);
    said_batch (day, 3, 3);
    session_reconnected (day->session, day->now_ms);
    said (day, WIRE_HELLO);
    welcome (day, 3);
    sell_to_the_end (day);
    assert_int_equal (told.rows, 10);
}

/* Nobody knows yet whose bets those are. */
static void what_differs_is_not_told (void **state)
{
    day_t *day = *state;
    start_from (day, 0);
    said (day, WIRE_HELLO);
    welcome (day, 0);
    said_batch (day, 0, 3);
    stored_as (day, 3, 77);
    assert_int_equal (told.rows, 0);
    start_from (day, 0);
    day->fake.at = 0;
    day->fake.other_at = 2;
    said (day, WIRE_HELLO);
    welcome (day, 5);
    answer_checks (day);
    assert_state (day, SESSION_FAILED);
    assert_int_equal (told.rows, 0);
}

static void who_cannot_begin_ends_it (void **state)
{
    day_t *day = *state;
    start_from (day, 0);
    told.fault = "that is another draw's";
    said (day, WIRE_HELLO);
    welcome (day, 0);
    assert_failed (day, "that is another draw's");
}

#define FEED_TEST(name) cmocka_unit_test_setup_teardown (name, day_setup, day_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        FEED_TEST (all_that_is_sold_is_told),
        FEED_TEST (what_is_missing_is_read_again),
        FEED_TEST (what_others_sold_is_told_as_well),
        FEED_TEST (a_lost_connection_doubles_nothing),
        FEED_TEST (what_differs_is_not_told),
        FEED_TEST (who_cannot_begin_ends_it),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
