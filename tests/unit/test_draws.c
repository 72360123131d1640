/* test_draws.c - the table of the draws that state knows. */

#include "testing.h"

#include "bounds.h"
#include "draws.h"

#define COUNT(table) (sizeof (table) / sizeof (table)[0])

static draws_t *draws;
static uint64_t sequence;
static int64_t now_ms;

static int setup (void **state)
{
    (void) state;
    draws = draws_new (0);
    sequence = 0;
    now_ms = 0;
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    draws_destroy (&draws);
    assert_null (draws);
    draws_destroy (&draws);
    return 0;
}

static bytes_t text_of (const char *text)
{
    return bytes_of (text, strlen (text));
}

static live_t *add_at (uint64_t at, uint64_t identity, const char *name,
                       uint32_t agencies)
{
    const wire_recorded_t opened = {.sequence = at,
                                    .events = 1,
                                    .event = {.kind = EVENT_OPENED,
                                              .source = SOURCE_RANDOM,
                                              .agencies = agencies,
                                              .highest = 9999,
                                              .text = text_of (name)}};
    return draws_add (draws, identity, &opened);
}

static live_t *add (uint64_t identity, const char *name)
{
    return add_at (++sequence, identity, name, 3);
}

static void apply (live_t *live, wire_event_kind_t kind)
{
    const wire_event_t event = {.kind = (uint8_t) kind};
    assert_int_equal (draw_apply (live->draw, &event), 0);
    live->applied = ++live->events;
}

static live_t *add_void (uint64_t identity, const char *name)
{
    live_t *live = add (identity, name);
    apply (live, EVENT_VOIDED);
    return live;
}

static void they_are_found_by_identity_and_by_name (void **state)
{
    (void) state;
    live_t *noon = add (7, "mediodia"), *night = add (8, "nocturna");
    assert_true (noon && night && noon != night);
    assert_ptr_equal (draws_find (draws, 7), noon);
    assert_ptr_equal (draws_find (draws, 8), night);
    assert_null (draws_find (draws, 9));
    assert_null (draws_find (draws, 0));
    assert_ptr_equal (draws_named (draws, text_of ("nocturna")), night);
    assert_null (draws_named (draws, text_of ("nocturn")));
    assert_null (draws_named (draws, text_of ("nocturnas")));
    assert_null (draws_named (draws, text_of ("")));
    assert_true (night->applied == 1 && night->events == 1);
    assert_true (night->opened == 2 && night->seen == 2);
    assert_true (live_up_to_date (night));
}

static void they_are_in_the_order_of_their_opening (void **state)
{
    (void) state;
    static const uint64_t sequences[] = {50, 10, 30, 70, 20, 60, 40};
    for (size_t i = 0; i < COUNT (sequences); i++) {
        char name[24];
        snprintf (name, sizeof name, "d%zu", i);
        assert_non_null (add_at (sequences[i], sequences[i], name, 1));
    }
    assert_int_equal (draws_count (draws), COUNT (sequences));
    for (size_t i = 0; i < COUNT (sequences); i++)
        assert_true (draws_at (draws, i)->opened == 10 * (i + 1));
    assert_null (draws_at (draws, COUNT (sequences)));
    draws_forget (draws, 40);
    draws_forget (draws, 41); // is none
    assert_int_equal (draws_count (draws), COUNT (sequences) - 1);
    assert_true (draws_at (draws, 3)->opened == 50);
}

static void what_cannot_be_opened_is_not_added (void **state)
{
    (void) state;
    assert_null (add (5, "-"));
    assert_null (add_at (1, 5, "many", AGENCIES_MAX + 1));
    const wire_recorded_t other = {.event = {.kind = EVENT_CLOSED}};
    assert_null (draws_add (draws, 5, &other));
    assert_int_equal (draws_count (draws), 0);
}

static void there_is_an_end_to_them (void **state)
{
    (void) state;
    for (size_t i = 0; i < DRAWS_LIVE_MAX; i++)
        assert_non_null (add (1 + i, "a"));
    assert_null (add (1000000, "a"));
    assert_int_equal (draws_count (draws), DRAWS_LIVE_MAX);
}

static void one_is_meant_when_one_is_open_or_the_only_one (void **state)
{
    (void) state;
    assert_null (draws_meant (draws));
    live_t *first = add (1, "first");
    assert_ptr_equal (draws_meant (draws), first);
    live_t *second = add (2, "second");
    assert_null (draws_meant (draws)); // two are open
    apply (first, EVENT_CLOSED);
    assert_ptr_equal (draws_meant (draws), second);
    apply (second, EVENT_VOIDED);
    assert_null (draws_meant (draws)); // none is, and there are two
    draws_forget (draws, 2);
    assert_ptr_equal (draws_meant (draws), first); // the only one, closed or not
    apply (first, EVENT_DRAWN);
    assert_ptr_equal (draws_meant (draws), first);
}

/* So long that nothing was used just now. */
static void time_passes (void)
{
    draws_tick (draws, now_ms += DRAW_USED_MS);
}

static void fill_finished (size_t count)
{
    char name[24];
    for (size_t i = 0; i < count; i++) {
        snprintf (name, sizeof name, "v%zu", i);
        add_void (100 + i, name);
    }
}

static void of_the_finished_those_used_last_are_kept (void **state)
{
    (void) state;
    fill_finished (DRAWS_FINISHED_KEPT + 3);
    draws_use (draws, draws_find (draws, 100));
    draws_use (draws, draws_find (draws, 102));
    time_passes ();
    draws_forget_unused (draws);
    assert_int_equal (draws_count (draws), DRAWS_FINISHED_KEPT);
    assert_non_null (draws_find (draws, 100));
    assert_null (draws_find (draws, 101));
    assert_non_null (draws_find (draws, 102));
    assert_null (draws_find (draws, 103));
    assert_null (draws_find (draws, 104));
    assert_non_null (draws_find (draws, 105));
    time_passes ();
    draws_forget_unused (draws);
    assert_int_equal (draws_count (draws), DRAWS_FINISHED_KEPT);
}

static void what_was_used_just_now_is_kept (void **state)
{
    (void) state;
    time_passes ();
    fill_finished (DRAWS_FINISHED_KEPT + 3);
    draws_forget_unused (draws);
    assert_int_equal (draws_count (draws), DRAWS_FINISHED_KEPT + 3);
    time_passes ();
    draws_use (draws, draws_find (draws, 100));
    draws_forget_unused (draws);
    assert_int_equal (draws_count (draws), DRAWS_FINISHED_KEPT);
    assert_non_null (draws_find (draws, 100));
    fill_finished (DRAWS_OPEN_MAX + 2); // there are too many to wait
    draws_forget_unused (draws);
    assert_true (draws_count (draws) <= DRAWS_FINISHED_KEPT + DRAWS_OPEN_MAX);
}

/* Its agency has gone, or was refused. */
static void a_question_is_not_kept_for_ever (void **state)
{
    (void) state;
    const envelope_t envelope = {7, 1, 1};
    fill_finished (DRAWS_FINISHED_KEPT + 1);
    for (size_t i = 0; i < draws_count (draws); i++)
        live_ask (draws_at (draws, i), 1, &envelope);
    for (int64_t ms = 0; ms < QUESTION_MS; ms += DRAW_USED_MS) {
        assert_int_equal (draws_count (draws), DRAWS_FINISHED_KEPT + 1);
        draws_forget_unused (draws);
        time_passes ();
    }
    draws_forget_unused (draws);
    assert_int_equal (draws_count (draws), DRAWS_FINISHED_KEPT);
}

static void so_many_are_kept_as_is_said (void **state)
{
    (void) state;
    draws_destroy (&draws);
    draws = draws_new (2);
    fill_finished (5);
    time_passes ();
    draws_forget_unused (draws);
    assert_int_equal (draws_count (draws), 2);
    assert_non_null (draws_find (draws, 103));
    assert_non_null (draws_find (draws, 104));
}

static void what_is_not_finished_is_never_forgotten (void **state)
{
    (void) state;
    char name[24];
    for (size_t i = 0; i < 60; i++) {
        snprintf (name, sizeof name, "o%zu", i);
        live_t *live = add (1 + i, name);
        if (i % 2)
            apply (live, EVENT_CLOSED);
    }
    fill_finished (DRAWS_FINISHED_KEPT + 1);
    time_passes ();
    draws_forget_unused (draws);
    assert_int_equal (draws_count (draws), 60 + DRAWS_FINISHED_KEPT);
    for (size_t i = 0; i < 60; i++)
        assert_non_null (draws_find (draws, 1 + i));
    assert_null (draws_find (draws, 100));
}

static void one_about_which_something_is_open_is_not_forgotten (void **state)
{
    (void) state;
    const envelope_t envelope = {7, 1, 1};
    fill_finished (DRAWS_FINISHED_KEPT + 3);
    live_ask (draws_find (draws, 100), 2, &envelope);
    draws_find (draws, 101)->events++; // something of it is to be replayed
    time_passes ();
    draws_forget_unused (draws);
    assert_int_equal (draws_count (draws), DRAWS_FINISHED_KEPT);
    assert_non_null (draws_find (draws, 100));
    assert_non_null (draws_find (draws, 101));
    assert_null (draws_find (draws, 104));
    live_answered (draws_find (draws, 100), 2);
    draws_find (draws, 101)->applied++;
    add_void (500, "more");
    add_void (501, "yet-more");
    time_passes ();
    draws_forget_unused (draws);
    assert_null (draws_find (draws, 100));
    assert_null (draws_find (draws, 101));
}

static void all_may_have_questions_and_none_is_forgotten (void **state)
{
    (void) state;
    const envelope_t envelope = {7, 1, 1};
    fill_finished (DRAWS_FINISHED_KEPT + 3);
    for (size_t i = 0; i < draws_count (draws); i++)
        live_ask (draws_at (draws, i), 1, &envelope);
    time_passes ();
    draws_forget_unused (draws);
    assert_int_equal (draws_count (draws), DRAWS_FINISHED_KEPT + 3);
}

static void an_agencys_last_question_is_kept (void **state)
{
    (void) state;
    live_t *live = add (1, "first");
    const envelope_t first = {7, 1, 10}, later = {8, 2, 11}, nobodys = {0};
    assert_null (live_question (live, 1));
    live_answered (live, 1);
    live_ask (live, 1, &first);
    live_ask (live, 3, &first);
    live_ask (live, 1, &later);
    live_ask (live, 2, &nobodys);
    assert_int_equal (live->questions, 2);
    assert_true (live_question (live, 1)->client == 11);
    assert_null (live_question (live, 2));
    assert_true (live_question (live, 3)->client == 10);
    live_answered (live, 1);
    live_answered (live, 1);
    assert_int_equal (live->questions, 1);
    assert_null (live_question (live, 1));
    apply (live, EVENT_VOIDED);
    live_answered (live, 3);
    assert_int_equal (live->questions, 0);
    assert_null (live->asker); // it takes no memory any more
    live_ask (live, 2, &later);
    assert_true (live_question (live, 2)->client == 11);
}

static void agencies_of_open_draws_are_counted (void **state)
{
    (void) state;
    assert_true (draws_agencies (draws) == 0);
    live_t *first = add_at (1, 1, "first", 100);
    add_at (2, 2, "second", 5);
    assert_true (draws_agencies (draws) == 105);
    apply (first, EVENT_CLOSED);
    assert_true (draws_agencies (draws) == 5);
}

static void all_are_over_when_each_is (void **state)
{
    (void) state;
    assert_false (draws_over (draws)); // there is none
    live_t *first = add_at (1, 1, "first", 1);
    assert_false (draws_over (draws));
    add_void (2, "second");
    assert_false (draws_over (draws));
    apply (first, EVENT_CLOSED);
    apply (first, EVENT_DRAWN);
    assert_false (draws_over (draws));
    const wire_event_t served = {.kind = EVENT_SERVED, .agency = 1};
    draw_apply (first->draw, &served);
    assert_true (draws_over (draws));
}

static void names_of_what_is_on_sale_are_told (void **state)
{
    (void) state;
    char names[DRAWS_NAMES_BYTES];
    draws_names (draws, names);
    assert_string_equal (names, "no draw is on sale");
    add (1, "mediodia");
    add_void (2, "nula");
    draws_names (draws, names);
    assert_string_equal (names, "on sale: mediodia");
    add (3, "nocturna");
    draws_names (draws, names);
    assert_string_equal (names, "on sale: mediodia, nocturna");
    for (size_t i = 0; i < 100; i++) {
        char name[DRAW_NAME_BYTES_MAX + 1];
        snprintf (name, sizeof name, "%040zu", i);
        add (10 + i, name);
    }
    draws_names (draws, names);
    assert_non_null (strstr (names, "mediodia, nocturna, 0000"));
    assert_non_null (strstr (names, " and 97 more"));
}

#define DRAWS_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        DRAWS_TEST (they_are_found_by_identity_and_by_name),
        DRAWS_TEST (they_are_in_the_order_of_their_opening),
        DRAWS_TEST (what_cannot_be_opened_is_not_added),
        DRAWS_TEST (there_is_an_end_to_them),
        DRAWS_TEST (one_is_meant_when_one_is_open_or_the_only_one),
        DRAWS_TEST (of_the_finished_those_used_last_are_kept),
        DRAWS_TEST (what_was_used_just_now_is_kept),
        DRAWS_TEST (a_question_is_not_kept_for_ever),
        DRAWS_TEST (so_many_are_kept_as_is_said),
        DRAWS_TEST (what_is_not_finished_is_never_forgotten),
        DRAWS_TEST (one_about_which_something_is_open_is_not_forgotten),
        DRAWS_TEST (all_may_have_questions_and_none_is_forgotten),
        DRAWS_TEST (an_agencys_last_question_is_kept),
        DRAWS_TEST (agencies_of_open_draws_are_counted),
        DRAWS_TEST (all_are_over_when_each_is),
        DRAWS_TEST (names_of_what_is_on_sale_are_told),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
