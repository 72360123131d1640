/* test_trial.c - trial.c */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trial.h"

static trial_facts_t good (void)
{
    return (trial_facts_t){.agency = 3,
                           .server = "central:12345",
                           .keys = true,
                           .addresses = "10.0.0.7",
                           .reach = REACH_UP,
                           .answered = true,
                           .stored = 812,
                           .text = "first"};
}

static trial_step_t steps[TRIAL_STEPS];

static void all_is_well (void **state)
{
    (void) state;
    static const char *const texts[] = {
        "central:12345 is 10.0.0.7", "somebody listens at central:12345",
        "the central admits this agency's key", "agency 3 is on the roll",
        "draw first is on sale; 812 bets of agency 3 are stored"};
    const trial_facts_t facts = good ();
    assert_true (trial_judge (&facts, steps));
    for (size_t i = 0; i < TRIAL_STEPS; i++) {
        assert_int_equal (steps[i].result, TRIAL_OK);
        assert_string_equal (steps[i].text, texts[i]);
    }
    assert_false (trial_waits (&facts));
}

/* The step at that place is wrong and says so; those before are well, and those behind
   are not known. */
static void assert_wrong (const trial_facts_t *facts, size_t at, const char *says)
{
    assert_false (trial_judge (facts, steps));
    for (size_t i = 0; i < TRIAL_STEPS; i++)
        assert_int_equal (steps[i].result, i < at    ? TRIAL_OK
                                           : i == at ? TRIAL_WRONG
                                                     : TRIAL_OPEN);
    if (!strstr (steps[at].text, says))
        fail_msg ("'%s' does not say '%s'", steps[at].text, says);
}

static void programs_are_told_a_member_for_each_step (void **state)
{
    (void) state;
    trial_facts_t facts = good ();
    facts.reach = REACH_NOT_ADMITTED;
    const bool well = trial_judge (&facts, steps);
    char *json = trial_json (3, well, steps);
    const char *begins = "{\"agency\":3,\"well\":false,\"name\":{\"result\":\"ok\","
                         "\"text\":\"central:12345 is 10.0.0.7\"},\"port\":{";
    assert_memory_equal (json, begins, strlen (begins));
    assert_non_null (strstr (json, ",\"key\":{\"result\":\"wrong\",\"text\":\"the "));
    assert_non_null (strstr (json, ",\"roll\":{\"result\":\"unknown\","));
    assert_non_null (strstr (json, ",\"draw\":{\"result\":\"unknown\","));
    assert_string_equal (json + strlen (json) - 3, "}}\n");
    free (json);
}

static void a_name_is_wrong (void **state)
{
    (void) state;
    trial_facts_t facts = good ();
    facts.name = TRIAL_NAME_UNKNOWN;
    assert_wrong (&facts, 0, "see whether --server is spelt right");
    facts.name = TRIAL_NAME_LATE;
    assert_wrong (&facts, 0, "name server");
    assert_false (trial_waits (&facts));
}

static void a_connection_is_wrong (void **state)
{
    (void) state;
    static const struct {
        reach_state_t reach;
        bool keys, waits;
        size_t at;
        const char *says;
    } cases[] = {
        {REACH_TRYING, true, true, 1, "firewall"},
        {REACH_NAME, true, true, 1, "firewall"},
        {REACH_NOBODY, true, true, 1, "firewall"},
        {REACH_HERE, true, true, 1, "no socket"},
        {REACH_REFUSED, true, true, 1, "whether the central runs"},
        {REACH_LOST, true, true, 1, "whether the central runs"},
        {REACH_FOREIGN, true, true, 1, "no central"},
        {REACH_MUTE, true, true, 2, "its key is not the one"},
        {REACH_CUT, false, true, 2, "it wants keys (--keys)"},
        {REACH_KEYS_THERE, false, false, 2, "--keys"},
        {REACH_KEYS_HERE, true, false, 2, "start it with --keys"},
        {REACH_OTHER_KEY, true, false, 2, "broker.key"},
        {REACH_NOT_ADMITTED, true, false, 2, "loteria-keys enroll 3"},
        {REACH_UP, true, true, 3, "does not answer"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        trial_facts_t facts = good ();
        facts.reach = cases[i].reach;
        facts.keys = cases[i].keys;
        facts.answered = false;
        assert_wrong (&facts, cases[i].at, cases[i].says);
        assert_int_equal (trial_waits (&facts), cases[i].waits);
    }
}

static void an_answer_is_a_refusal (void **state)
{
    (void) state;
    static const struct {
        uint16_t code;
        size_t at;
        const char *says;
        bool waits;
    } cases[] = {
        {REFUSED_KEY, 2, "is not agency 3's: why", false},
        {REFUSED_AGENCY, 3, "why: see --id", false},
        {REFUSED_BUSY, 3, "cannot say now: why (BUSY)", true},
        {REFUSED_UNAVAILABLE, 3, "cannot say now: why (UNAVAILABLE)", true},
        {REFUSED_VERSION, 3, "refuses: why (VERSION)", false},
        {REFUSED_DRAW, 4, "why; see --draw", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        trial_facts_t facts = good ();
        facts.code = cases[i].code;
        strcpy (facts.text, "why");
        assert_wrong (&facts, cases[i].at, cases[i].says);
        assert_int_equal (trial_waits (&facts), cases[i].waits);
    }
}

static void a_sale_is_closed (void **state)
{
    (void) state;
    trial_facts_t facts = good ();
    facts.day = DAY_SEALED;
    assert_wrong (&facts, 4,
                  "draw first is closed, with 812 bets: nothing can be sold");
    facts.day = DAY_DRAWN;
    assert_wrong (&facts, 4, "the draw is made");
    facts.day = DAY_VOID;
    assert_wrong (&facts, 4, "the draw is void");
}

/* Plain draws want neither, and a sale that is closed is told as such. */
static void a_provable_draw_wants_folders (void **state)
{
    (void) state;
    trial_facts_t facts = good ();
    facts.lacks = "give a folder";
    assert_true (trial_judge (&facts, steps));
    facts.provable = true;
    assert_wrong (&facts, 4,
                  "draw first is provable, and nothing is sold in it: give a folder");
    facts.day = DAY_SEALED;
    assert_wrong (&facts, 4, "is closed, with 812 bets");
    facts.day = DAY_OPEN;
    facts.lacks = NULL;
    assert_true (trial_judge (&facts, steps));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (all_is_well),
        cmocka_unit_test (programs_are_told_a_member_for_each_step),
        cmocka_unit_test (a_name_is_wrong),
        cmocka_unit_test (a_connection_is_wrong),
        cmocka_unit_test (an_answer_is_a_refusal),
        cmocka_unit_test (a_sale_is_closed),
        cmocka_unit_test (a_provable_draw_wants_folders),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
