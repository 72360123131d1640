/* test_results.c - how a session gathers its winners, page by page. */

#include "session_day.h"

static void test_pages (void **state)
{
    day_t *day = *state;
    sell_all (day);
    winners (day, 0, 100, 2, "1\n2\n");
    assert_state (day, SESSION_RESULTS);
    assert_int_equal (said (day, WIRE_RESULTS).cursor, 100);
    winners (day, 0, 100, 2, "1\n2\n"); // pushed a second time
    waiting (day, 3);
    winners (day, 99, 0, 1, "9\n");
    assert_int_equal (progress (day)->ignored, 3);
    winners (day, 100, 200, 0, ""); // a page may hold none
    assert_int_equal (said (day, WIRE_RESULTS).cursor, 200);
    winners (day, 200, 0, 1, "3\n");
    said (day, WIRE_DONE);
    winners (day, 200, 0, 1, "3\n");
    assert_int_equal (progress (day)->ignored, 4);
    assert_int_equal (progress (day)->winners, 3);
    assert_true (
        bytes_equal (session_winners (day->session), bytes_of ("1\n2\n3\n", 6)));
}

static void test_pages_that_cannot_be (void **state)
{
    static const struct {
        uint64_t cursor, next;
        uint32_t count;
        const char *documents;
    } table[] = {
        {50, 50, 0, ""},      // leads nowhere
        {50, 49, 0, ""},      // leads back
        {50, 0, 1, ""},       // fewer than announced
        {50, 0, 1, "1\n2\n"}, // more
        {50, 0, 1, "1"},      // without its line end
        {50, 0, 2, "1\n\n"},  // an empty one
        {50, 0, 2, "1\n2"},
        {50, 0, 11, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n"}, // more than bets
        {50, 0, 1, "123456789012345678901234567890123\n"},  // 33 bytes
        {0, 0, 0, ""},
        {51, 0, 0, ""},
        {UINT64_MAX, 0, 0, ""},
    };
    day_t *day = *state;
    sell_all (day);
    winners (day, 0, 50, 1, "77\n");
    said (day, WIRE_RESULTS);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        winners (day, table[i].cursor, table[i].next, table[i].count,
                 table[i].documents);
        assert_state (day, SESSION_RESULTS);
        assert_int_equal (progress (day)->ignored, i + 1);
        assert_int_equal (progress (day)->winners, 1);
    }
    assert_int_equal (progress (day)->records, 4711); // as it was told with a page
    winners (day, 50, 0, 1, "12345678901234567890123456789012\n"); // 32 bytes
    assert_state (day, SESSION_LEAVING);
    assert_int_equal (progress (day)->winners, 2);
    assert_memory_equal (progress (day)->head, "\1\2\3\0", 4);
}

static void test_many_pages (void **state)
{
    day_t *day = *state;
    day->fake.count = 0;
    day->options.task = SESSION_CLOSE_ONLY;
    start (day);
    said (day, WIRE_HELLO);
    welcome_with (day, 100000, (wire_limits_t){0}, DAY_DRAWN);
    said (day, WIRE_READY);
    for (uint64_t page = 0; page < 1000; page++) {
        winners (day, page, page < 999 ? page + 1 : 0, 3, "11111111\n2\n33\n");
        if (page < 999)
            assert_int_equal (said (day, WIRE_RESULTS).cursor, page + 1);
    }
    assert_state (day, SESSION_LEAVING);
    bytes_t documents = session_winners (day->session);
    assert_int_equal (documents.size, 14 * 1000);
    for (size_t at = 0; at < documents.size; at += 14)
        assert_memory_equal (documents.data + at, "11111111\n2\n33\n", 14);
}

static void test_undrawn (void **state)
{
    day_t *day = *state;
    sell_all (day);
    winners (day, 0, 50, 1, "1\n");
    said (day, WIRE_RESULTS);
    refuse (day, REFUSED_UNDRAWN, WIRE_RESULTS, 0);
    assert_state (day, SESSION_WAITING);
    said_nothing (day);
    pass (day);
    said (day, WIRE_READY);
    winners (day, 0, 0, 1, "1\n");
    assert_int_equal (session_winners (day->session).size, 2);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        DAY_TEST (test_pages),
        DAY_TEST (test_pages_that_cannot_be),
        DAY_TEST (test_many_pages),
        DAY_TEST (test_undrawn),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
