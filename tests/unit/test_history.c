/* test_history.c - history.c */

#include "testing.h"

#include "history.h"

#define PIECE ((int64_t) HISTORY_PIECE_MS)
#define HOUR  (HISTORY_PIECES * PIECE)

static char *last_of (const history_t *history, int64_t now_ms)
{
    json_t *json = json_new ();
    json_object (json, NULL);
    history_json_last (history, now_ms, json);
    json_end (json);
    return json_finish (&json, NULL);
}

#define assert_last(history, now_ms, expected)                                         \
    do {                                                                               \
        char *last_ = last_of (history, now_ms);                                       \
        assert_string_equal (last_, expected);                                         \
        free (last_);                                                                  \
    } while (0)

static void a_piece_has_the_mean_of_what_is_known_of_it (void **state)
{
    (void) state;
    history_t *history = history_new ();
    history_add (history, 5 * PIECE, 5 * PIECE + 2000, 100, 200);
    history_add (history, 5 * PIECE + 2000, 5 * PIECE + 4000, 50, 300);
    assert_last (history, 5 * PIECE + 4000, "{\"piece\":5,\"rate\":75,\"bets\":300}");
    assert_last (history, 6 * PIECE, "{\"piece\":6,\"rate\":null,\"bets\":null}");
    history_destroy (&history);
}

static void what_touches_several_pieces_is_shared_out (void **state)
{
    (void) state;
    history_t *history = history_new ();
    history_add (history, 5 * PIECE, 6 * PIECE - 1000, 0, 0);
    history_add (history, 6 * PIECE - 1000, 8 * PIECE, 10, 210);
    assert_last (history, 5 * PIECE, "{\"piece\":5,\"rate\":1,\"bets\":210}");
    assert_last (history, 6 * PIECE, "{\"piece\":6,\"rate\":10,\"bets\":210}");
    assert_last (history, 7 * PIECE, "{\"piece\":7,\"rate\":10,\"bets\":210}");
    history_destroy (&history);
}

static void an_hour_later_it_is_gone (void **state)
{
    (void) state;
    history_t *history = history_new ();
    history_add (history, 5 * PIECE, 6 * PIECE, 7, 70);
    assert_last (history, 5 * PIECE, "{\"piece\":5,\"rate\":7,\"bets\":70}");
    assert_last (history, 5 * PIECE + HOUR,
                 "{\"piece\":365,\"rate\":null,\"bets\":null}");
    history_add (history, 5 * PIECE + HOUR, 6 * PIECE + HOUR, 9, 90);
    assert_last (history, 5 * PIECE + HOUR, "{\"piece\":365,\"rate\":9,\"bets\":90}");
    assert_last (history, 5 * PIECE, "{\"piece\":5,\"rate\":null,\"bets\":null}");
    history_destroy (&history);
}

static void all_of_it_is_an_hour_oldest_first (void **state)
{
    (void) state;
    history_t *history = history_new ();
    history_add (history, 1 * PIECE, 2 * PIECE, 3, 30);
    history_add (history, 359 * PIECE, 360 * PIECE, 4, 40);
    json_t *json = json_new ();
    json_object (json, NULL);
    history_json (history, 359 * PIECE, json);
    json_end (json);
    char *text = json_finish (&json, NULL);
    static const char begins[] = "{\"piece_s\":10,\"ends\":359,\"rates\":[null,3,null,";
    assert_memory_equal (text, begins, strlen (begins));
    assert_non_null (strstr (text, ",null,4],\"bets\":[null,30,null,"));
    assert_non_null (strstr (text, ",null,40]}"));
    size_t commas = 0;
    for (const char *at = text; *at; at++)
        commas += *at == ',';
    assert_int_equal (commas, 3 + 2 * (HISTORY_PIECES - 1));
    free (text);
    history_destroy (&history);
}

static void nonsense_adds_nothing_and_a_long_gap_no_more_than_an_hour (void **state)
{
    (void) state;
    history_t *history = history_new ();
    history_add (history, 0, PIECE, -1, 5);
    history_add (history, PIECE, 0, 5, 5);
    history_add (history, -5, -1, 5, 5);
    assert_last (history, 0, "{\"piece\":0,\"rate\":null,\"bets\":null}");
    history_add (history, INT64_MIN + HOUR, PIECE, 2, 5);
    assert_last (history, 0, "{\"piece\":0,\"rate\":2,\"bets\":5}");
    history_add (history, 0, 1000 * HOUR, 8, 6);
    assert_last (history, 1000 * HOUR - 1, "{\"piece\":359999,\"rate\":8,\"bets\":6}");
    history_destroy (&history);
}

static void without_a_draw_there_is_a_rate_and_no_bets (void **state)
{
    (void) state;
    history_t *history = history_new ();
    history_add (history, 0, PIECE, 2, HISTORY_NO_BETS);
    assert_last (history, 0, "{\"piece\":0,\"rate\":2,\"bets\":null}");
    history_destroy (&history);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_piece_has_the_mean_of_what_is_known_of_it),
        cmocka_unit_test (what_touches_several_pieces_is_shared_out),
        cmocka_unit_test (an_hour_later_it_is_gone),
        cmocka_unit_test (all_of_it_is_an_hour_oldest_first),
        cmocka_unit_test (nonsense_adds_nothing_and_a_long_gap_no_more_than_an_hour),
        cmocka_unit_test (without_a_draw_there_is_a_rate_and_no_bets),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
