/* test_ready.c - ready.c: when a central can sell, and what it waits for. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ready.h"

static bool take (ready_t *ready, const char *text)
{
    return ready_take (ready, bytes_of (text, strlen (text)));
}

static void what_is_missing_is_named (void **state)
{
    (void) state;
    static const struct {
        ready_t ready;
        const char *text;
    } cases[] = {
        {{0}, "waits for storage to answer"},
        {{.storage = true}, "waits for state to answer"},
        {{.storage = true, .state = true}, "waits for the broker to answer"},
        {{true, true, true, false, false, false, false},
         "waits for storage to join the broker"},
        {{true, true, true, true, false, true, false},
         "waits for state to join the broker"},
        {{true, true, true, true, true, false, false},
         "waits for a worker to join the broker"},
        {{false, true, true, true, true, true, false}, "waits for storage to answer"},
    };
    char text[READY_TEXT_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_false (ready_judge (&cases[i].ready, 4, text));
        assert_string_equal (text, cases[i].text);
    }
    const ready_t all = {true, true, true, true, true, true, false};
    assert_true (ready_judge (&all, 1, text));
    assert_string_equal (text, "ready, with 1 worker");
    assert_true (ready_judge (&all, 8, text));
    assert_string_equal (text, "ready, with 8 workers");
}

static void a_standby_needs_a_broker_that_says_so (void **state)
{
    (void) state;
    char text[READY_TEXT_BYTES];
    ready_t ready = {.standby = true};
    assert_false (ready_judge (&ready, 2, text));
    assert_string_equal (text, "waits for the broker to answer");
    ready.broker = true;
    assert_true (ready_judge (&ready, 2, text));
    assert_string_equal (text, "a standby, with 2 workers");
}

static void what_the_broker_says_is_taken (void **state)
{
    (void) state;
    ready_t ready = {0};
    assert_true (take (&ready, "loteria_requests_total 7\n"
                               "loteria_part_up{peer=\"storage\"} 1\n"
                               "loteria_part_up{peer=\"state\"} 0\n"
                               "loteria_part_up{peer=\"worker\"} 1\n"));
    assert_true (ready.hears_storage && !ready.hears_state && ready.hears_worker);
    assert_true (take (&ready, "loteria_part_up{part=\"storage\"} 0\n"
                               "loteria_part_up{part=\"state\"} 1\n"
                               "loteria_part_up{part=\"worker\"} 0\n"));
    assert_true (!ready.hears_storage && ready.hears_state && !ready.hears_worker);
}

static void nonsense_is_nobody (void **state)
{
    (void) state;
    static const char *const pages[] = {
        "",
        "loteria_part_up 1\n",
        "loteria_part_up{peer=\"storage\"} 1\n",
        "loteria_part_up{peer=\"nobody\"} 1\nloteria_part_up{peer=\"\"} 1\n",
        "loteria_part_up{peer=\"storage\"} yes\n",
        "loteria_part_up{peer=\"storage\n",
        "loteria_part_upper{peer=\"state\"} 1\n",
    };
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        ready_t ready = {0};
        assert_false (take (&ready, pages[i]));
        assert_false (ready.hears_state || ready.hears_worker);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_missing_is_named),
        cmocka_unit_test (a_standby_needs_a_broker_that_says_so),
        cmocka_unit_test (what_the_broker_says_is_taken),
        cmocka_unit_test (nonsense_is_nobody),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
