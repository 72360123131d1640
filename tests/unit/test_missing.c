/* test_missing.c - missing.c */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "missing.h"

static void those_who_are_missing_are_named (void **state)
{
    (void) state;
    static const struct {
        wire_waiting_t waiting;
        const char *text;
    } cases[] = {
        {{.ready = 5, .agencies = 5}, ""},
        {{.ready = 5, .agencies = 5, .missing = {3}}, ""},
        {{.ready = 9, .agencies = 5, .missing = {3}}, ""},
        {{.ready = 3, .agencies = 5}, ""}, // nobody knows who
        {{.ready = 4, .agencies = 5, .missing = {4}}, "agency 4"},
        {{.ready = 3, .agencies = 5, .missing = {4, 5}}, "agencies 4 and 5"},
        {{.ready = 2, .agencies = 5, .missing = {1, 4, 5}}, "agencies 1, 4 and 5"},
        {{.ready = 6, .agencies = 20, .missing = {4, 7}}, "agencies 4, 7 and 12 more"},
        {{.ready = 18, .agencies = 20, .missing = {4}}, "agencies 4 and 1 more"},
        {{.ready = 12, .agencies = 20, .missing = {1, 2, 3, 4, 5, 6, 7, 8}},
         "agencies 1, 2, 3, 4, 5, 6, 7 and 8"},
    };
    char text[MISSING_TEXT_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal (missing_text (&cases[i].waiting, text), cases[i].text);
}

/* Whatever somebody says. */
static void the_longest_text_has_room (void **state)
{
    (void) state;
    wire_waiting_t waiting = {.agencies = UINT32_MAX};
    char text[MISSING_TEXT_BYTES];
    for (size_t i = 0; i < WAITING_NAMES_MAX; i++)
        waiting.missing[i] = UINT32_MAX;
    missing_text (&waiting, text);
    assert_true (strlen (text) < MISSING_TEXT_BYTES - 1);
    assert_non_null (strstr (text, " and 4294967287 more"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (those_who_are_missing_are_named),
        cmocka_unit_test (the_longest_text_has_room),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
