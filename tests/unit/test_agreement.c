/* test_agreement.c - which endpoints are the same place, which numbers go together.
   What looks at files is shown by tests/e2e/test_agreement.py. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agreement.h"

#define COUNT(table) (sizeof (table) / sizeof (table)[0])

static char why[CONFIG_WHY_BYTES];

static bool differ (const char *a, const char *b)
{
    const agreement_endpoint_t places[] = {{"--a", a}, {"--b", b}};
    return agreement_places_differ (places, 2, why);
}

static void the_same_place (void **state)
{
    (void) state;
    static const char *const table[][2] = {
        {"tcp://127.0.0.1:9", "tcp://127.0.0.1:9"},
        {"tcp://*:9", "tcp://127.0.0.1:9"},
        {"tcp://0.0.0.0:9", "tcp://10.0.0.1:9"},
        {"tcp://[::]:9", "tcp://[::1]:9"},
        {"ipc:///tmp/a", "ipc:///tmp/a"},
        {"storage:1", "storage:1"},
        {"tcp://", "tcp://"},
    };
    for (size_t i = 0; i < COUNT (table); i++) {
        char expected[256];
        for (int turned = 0; turned < 2; turned++) {
            const char *a = table[i][turned], *b = table[i][1 - turned];
            if (differ (a, b))
                fail_msg ("%s and %s differ", a, b);
            snprintf (expected, sizeof expected,
                      "--a %s and --b %s: the same address; change one of them", a, b);
            assert_string_equal (why, expected);
        }
    }
}

static void different_places (void **state)
{
    (void) state;
    static const char *const table[][2] = {
        {"tcp://127.0.0.1:9", "tcp://127.0.0.1:10"},
        {"tcp://127.0.0.1:9", "tcp://127.0.0.2:9"},
        {"tcp://*:9", "tcp://*:10"},
        {"tcp://*:9", "ipc://*:9"},
        {"tcp://127.0.0.1:0", "tcp://127.0.0.1:0"}, // any that is free
        {"tcp://*:0", "tcp://127.0.0.1:0"},
        {"tcp://*:*", "tcp://127.0.0.1:*"},
        {"tcp://127.0.0.1:*", "tcp://127.0.0.1:*"},
        {"ipc:///tmp/a", "ipc:///tmp/b"},
        {"tcp://", "tcp://x"},
        {"tcp:/", "tcp://*:9"},
        {"", "tcp://*:9"},
        {NULL, "tcp://*:9"},
    };
    for (size_t i = 0; i < COUNT (table); i++) {
        assert_true (differ (table[i][0], table[i][1]));
        assert_true (differ (table[i][1], table[i][0]));
    }
    assert_true (differ (NULL, NULL));
}

static void every_pair_is_looked_at (void **state)
{
    (void) state;
    const agreement_endpoint_t places[] = {{"--a", "tcp://h:1"},
                                           {"--b", "tcp://h:2"},
                                           {"--c", NULL},
                                           {"--d", "tcp://h:2"}};
    assert_false (agreement_places_differ (places, 4, why));
    assert_memory_equal (why, "--b tcp://h:2 and --d tcp://h:2: ", 33);
    assert_true (agreement_places_differ (places, 3, why));
}

static void numbers (void **state)
{
    (void) state;
    assert_true (agreement_number ((terms_number_t){TERMS_FIXED, 0}, 0, why));
    assert_true (agreement_number ((terms_number_t){TERMS_FIXED, 9999}, 9999, why));
    assert_true (agreement_number ((terms_number_t){TERMS_RANDOM, 0}, 9999, why));
    assert_false (agreement_number ((terms_number_t){TERMS_FIXED, 10000}, 9999, why));
    assert_non_null (strstr (why, "--number-max 9999"));
    assert_null (strstr (why, "10000")); // it is nobody's business before the draw

    assert_true (agreement_memory (256, 1048576, 512, why));
    assert_false (agreement_memory (256, 1048577, 512, why));
    assert_false (agreement_memory (256, 1048576, 511, why));
    assert_true (agreement_memory (64, 65536, 64, why));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_same_place),
        cmocka_unit_test (different_places),
        cmocka_unit_test (every_pair_is_looked_at),
        cmocka_unit_test (numbers),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
