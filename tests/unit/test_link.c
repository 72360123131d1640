/* test_link.c - what an agency says of a connection. */

#include "link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A text for each that people can do something else about; each stays, since it is
   compared as a pointer. */
static void test_reasons_stay_and_fit_a_line (void **state)
{
    (void) state;
    for (int keys = 0; keys < 2; keys++)
        for (reach_state_t at = REACH_TRYING; at <= REACH_UP; at++) {
            assert_ptr_equal (link_reason (at, keys), link_reason (at, keys));
            assert_null (strpbrk (link_reason (at, keys), "|\n"));
        }
    assert_ptr_equal (link_reason (REACH_MUTE, true), link_reason (REACH_CUT, true));
    assert_string_not_equal (link_reason (REACH_CUT, true),
                             link_reason (REACH_CUT, false));
    assert_string_not_equal (link_reason (REACH_NOBODY, false),
                             link_reason (REACH_REFUSED, false));
}

static void test_what_does_not_pass_by_itself (void **state)
{
    (void) state;
    for (reach_state_t at = REACH_TRYING; at <= REACH_UP; at++) {
        const bool keys = at == REACH_KEYS_THERE || at == REACH_KEYS_HERE ||
                          at == REACH_OTHER_KEY || at == REACH_NOT_ADMITTED;
        assert_int_equal (link_misfit (at), keys);
        assert_int_equal (link_certain (at), keys || at == REACH_NAME);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_reasons_stay_and_fit_a_line),
        cmocka_unit_test (test_what_does_not_pass_by_itself),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
