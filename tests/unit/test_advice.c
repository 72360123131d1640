/* test_advice.c - what helps against a part that does not answer. */

#include "testing.h"

#include "advice.h"
#include "status_day.h"

static void assert_advice (const view_t *view, status_part_t part, const char *reason,
                           const char *wanted)
{
    char text[ADVICE_BYTES];
    if (!strstr (advice_text (view, part, reason, text), wanted))
        fail_msg ("%s\nhas no %s", text, wanted);
}

static void test_by_reason (void **state)
{
    (void) state;
    assert_advice (NULL, STATUS_STATE, "the keys do not match", "--keys");
    assert_advice (NULL, STATUS_STATE, "nothing listens there", "is it running");
    assert_advice (NULL, STATUS_STATE, "no answer", "end it (under loteria-central");
}

static void test_names_the_process (void **state)
{
    (void) state;
    view_t *view = day_without (STATUS_STORAGE);
    assert_advice (view, STATUS_STORAGE, "no answer", "end process 20, and");
    assert_advice (view, STATUS_STATE, "no answer", "end it (under");
    view_destroy (&view);
}

/* All its parts would end with it, and nobody may be there to start it again. */
static void test_a_central_is_not_simply_ended (void **state)
{
    (void) state;
    view_t *view = day_without (STATUS_CENTRAL);
    assert_advice (view, STATUS_CENTRAL, "no answer", "parts work on, but end with it");
    view_destroy (&view);
}

static void test_whose_reason_tells_most (void **state)
{
    (void) state;
    view_t *view = view_new ();
    assert_int_equal (advice_part (view), STATUS_PARTS);
    view_silent (view, STATUS_BROKER, "refused, nothing listens there");
    view_silent (view, STATUS_STORAGE, "no answer");
    assert_int_equal (advice_part (view), STATUS_BROKER);
    view_silent (view, STATUS_STATE, "the keys do not match");
    assert_int_equal (advice_part (view), STATUS_STATE);
    view_destroy (&view);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_by_reason),
        cmocka_unit_test (test_names_the_process),
        cmocka_unit_test (test_a_central_is_not_simply_ended),
        cmocka_unit_test (test_whose_reason_tells_most),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
