/* test_places.c - places.c, on the machine that the test runs on */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "places.h"

#define X8  "xxxxxxxx"
#define X64 X8 X8 X8 X8 X8 X8 X8 X8

static char why[ADDRESS_WHY_BYTES];

static int find (places_t *places, const char *text)
{
    address_t address;
    assert_int_equal (address_parse (&address, text, ADDRESS_LISTEN, why), 0);
    return places_find (places, &address, why);
}

static void what_is_no_name_is_itself (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        bool local;
    } cases[] = {{"tcp://127.0.0.1:1", true}, {"tcp://[::1]:*", true},
                 {"tcp://*:1", false},        {"tcp://[::]:1", false},
                 {"tcp://0.0.0.0:1", false},  {"ipc:///tmp/x", true},
                 {"tcp://lo:1", false}}; // an interface: what it has may change
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        places_t places;
        assert_int_equal (find (&places, cases[i].text), 0);
        assert_int_equal (places.count, 1);
        assert_string_equal (places.list[0].endpoint, cases[i].text);
        assert_int_equal (places_local (&places), cases[i].local);
    }
}

static void a_name_is_its_addresses_each_once (void **state)
{
    (void) state;
    places_t places;
    assert_int_equal (find (&places, "tcp://localhost:12"), 0);
    assert_in_range (places.count, 1, 2);
    assert_true (places_local (&places));
    for (size_t i = 0; i < places.count; i++) {
        const char *endpoint = places.list[i].endpoint;
        assert_true (strcmp (endpoint, "tcp://127.0.0.1:12") == 0 ||
                     strcmp (endpoint, "tcp://[::1]:12") == 0);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal (endpoint, places.list[j].endpoint);
    }
}

/* A part of a name has 63 bytes at most: no server is asked for this one. */
static void a_name_that_does_not_resolve_is_told (void **state)
{
    (void) state;
    places_t places;
    assert_int_equal (find (&places, "tcp://" X64 ".example:12"), -1);
    assert_non_null (strstr (why, X64 ".example does not resolve"));
}

static void one_place_for_others_is_not_local (void **state)
{
    (void) state;
    places_t places;
    assert_int_equal (find (&places, "tcp://127.0.0.1:12"), 0);
    places.list[1] = places.list[0];
    places.count = 2;
    assert_true (places_local (&places));
    address_set_host (&places.list[1], ADDRESS_IPV4, "10.0.0.1");
    assert_false (places_local (&places));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_no_name_is_itself),
        cmocka_unit_test (a_name_is_its_addresses_each_once),
        cmocka_unit_test (a_name_that_does_not_resolve_is_told),
        cmocka_unit_test (one_place_for_others_is_not_local),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
