/* test_order.c - what an operator orders, judged: the table in order.h row by row. */

#include "testing.h"

#include "bounds.h"
#include "order.h"

#define AGENCIES     3
#define NUMBER       7574
#define HIGHEST      9999
#define NOW          1767225600000 // 2026-01-01T00:00:00Z
#define COUNT(table) (sizeof (table) / sizeof (table)[0])

static draw_t *draw;

static bytes_t text_of (const char *text)
{
    return bytes_of (text, strlen (text));
}

static void apply (wire_event_kind_t kind, uint32_t agency, const char *note)
{
    const wire_event_t event = {.kind = (uint8_t) kind,
                                .agency = agency,
                                .number = kind == EVENT_DRAWN ? NUMBER : 0,
                                .time_ms = NOW,
                                .text = text_of (note)};
    assert_int_equal (draw_apply (draw, &event), 0);
}

static void open_with (uint8_t source)
{
    const wire_event_t opened = {.kind = EVENT_OPENED,
                                 .source = source,
                                 .agencies = AGENCIES,
                                 .number = source == SOURCE_FIXED ? NUMBER : 0,
                                 .highest = HIGHEST,
                                 .closes_ms = CLOSES_NEVER,
                                 .text = text_of ("nocturna")};
    draw_destroy (&draw);
    draw = draw_new (1);
    assert_int_equal (draw_apply (draw, &opened), 0);
}

static void bring_to (uint8_t source, wire_phase_t phase)
{
    open_with (source);
    if (phase == PHASE_CLOSED || phase == PHASE_DRAWN)
        apply (EVENT_CLOSED, 0, "the bell rang");
    if (phase == PHASE_DRAWN)
        apply (EVENT_DRAWN, 0, "");
    if (phase == PHASE_VOID)
        apply (EVENT_VOIDED, 0, "the drum broke");
}

static int teardown (void **state)
{
    (void) state;
    draw_destroy (&draw);
    return 0;
}

static verdict_t judge (wire_order_kind_t kind, uint32_t agency, uint32_t number)
{
    const wire_order_t order = {
        .order = (uint8_t) kind, .number = number, .note = text_of ("because")};
    return order_judge (draw, &order, agency);
}

static void refuses (const verdict_t verdict, wire_code_t code, const char *says)
{
    assert_string_equal (wire_code_name ((uint16_t) verdict.code),
                         wire_code_name ((uint16_t) code));
    if (!strstr (verdict.text, says))
        fail_msg ("'%s' does not say '%s'", verdict.text, says);
}

static void allows (const verdict_t verdict, wire_event_kind_t kind)
{
    assert_string_equal (verdict.text, "");
    assert_int_equal (verdict.code, REFUSED_OK);
    assert_int_equal (verdict.event.kind, kind);
    if (kind == EVENT_DRAWN)
        assert_int_equal (verdict.event.text.size, 0);
    else
        assert_true (bytes_equal (verdict.event.text, text_of ("because")));
    assert_int_equal (draw_apply (draw, &verdict.event), 0); // and it can happen
}

/* In each phase, whatever the number comes from, but for the number itself. */
static void what_is_open_is_closed_excused_and_void (void **state)
{
    (void) state;
    static const uint8_t sources[] = {SOURCE_FIXED, SOURCE_ENTERED, SOURCE_RANDOM};
    for (size_t i = 0; i < COUNT (sources); i++) {
        open_with (sources[i]);
        allows (judge (ORDER_CLOSE, 0, 0), EVENT_CLOSED);
        open_with (sources[i]);
        allows (judge (ORDER_VOID, 0, 0), EVENT_VOIDED);
        open_with (sources[i]);
        const verdict_t excused = judge (ORDER_EXCUSE, 2, 0);
        assert_int_equal (excused.event.agency, 2);
        allows (excused, EVENT_EXCUSED);
    }
}

static void what_is_closed_is_void_or_numbered (void **state)
{
    (void) state;
    bring_to (SOURCE_ENTERED, PHASE_CLOSED);
    refuses (judge (ORDER_CLOSE, 0, 0), REFUSED_PHASE,
             "nocturna was closed at 2026-01-01T00:00:00Z: the bell rang");
    refuses (judge (ORDER_EXCUSE, 1, 0), REFUSED_PHASE, "nocturna was closed at");
    allows (judge (ORDER_VOID, 0, 0), EVENT_VOIDED);
    bring_to (SOURCE_ENTERED, PHASE_CLOSED);
    const verdict_t number = judge (ORDER_NUMBER, 0, 1234);
    assert_int_equal (number.event.number, 1234);
    allows (number, EVENT_DRAWN);
}

static void what_is_drawn_is_final (void **state)
{
    (void) state;
    static const wire_order_kind_t orders[] = {ORDER_CLOSE, ORDER_NUMBER, ORDER_EXCUSE,
                                               ORDER_VOID};
    bring_to (SOURCE_ENTERED, PHASE_DRAWN);
    for (size_t i = 0; i < COUNT (orders); i++)
        for (uint32_t number = NUMBER; number <= NUMBER + 1; number++)
            refuses (judge (orders[i], 1, number), REFUSED_PHASE,
                     "nocturna is drawn, with the number 7574: that is final");
}

static void what_is_void_stays_so (void **state)
{
    (void) state;
    static const wire_order_kind_t orders[] = {ORDER_CLOSE, ORDER_NUMBER, ORDER_EXCUSE,
                                               ORDER_VOID};
    bring_to (SOURCE_ENTERED, PHASE_VOID);
    for (size_t i = 0; i < COUNT (orders); i++)
        refuses (judge (orders[i], 1, 1), REFUSED_PHASE,
                 "nocturna was made void at 2026-01-01T00:00:00Z: the drum broke");
}

static void numbers_are_entered_after_the_close_and_where_they_are_to_be (void **state)
{
    (void) state;
    static const wire_phase_t phases[] = {PHASE_OPEN, PHASE_CLOSED};
    for (size_t i = 0; i < 2; i++) {
        bring_to (SOURCE_FIXED, phases[i]);
        const verdict_t fixed = judge (ORDER_NUMBER, 0, 1234);
        refuses (fixed, REFUSED_PHASE, "fixed: nobody enters it");
        assert_null (strstr (fixed.text, "7574")); // it is a secret still
        bring_to (SOURCE_RANDOM, phases[i]);
        refuses (judge (ORDER_NUMBER, 0, 1234), REFUSED_PHASE,
                 "drawn by chance: nobody enters it");
    }
    bring_to (SOURCE_ENTERED, PHASE_OPEN);
    refuses (judge (ORDER_NUMBER, 0, 1234), REFUSED_PHASE, "after the close");
    bring_to (SOURCE_ENTERED, PHASE_CLOSED);
    refuses (judge (ORDER_NUMBER, 0, HIGHEST + 1), REFUSED_RANGE, "9999");
    refuses (judge (ORDER_NUMBER, 0, UINT32_MAX), REFUSED_RANGE, "9999");
    allows (judge (ORDER_NUMBER, 0, HIGHEST), EVENT_DRAWN);
}

static void an_agency_is_excused_once_and_before_it_asks (void **state)
{
    (void) state;
    open_with (SOURCE_FIXED);
    static const uint32_t strangers[] = {0, AGENCIES + 1, UINT32_MAX};
    for (size_t i = 0; i < 3; i++)
        refuses (judge (ORDER_EXCUSE, strangers[i], 0), REFUSED_AGENCY,
                 "is not on the roll of nocturna (1 to 3)");
    apply (EVENT_SEALED, 1, "");
    refuses (judge (ORDER_EXCUSE, 1, 0), REFUSED_PHASE,
             "has already asked for its results");
    apply (EVENT_EXCUSED, 2, "it is away");
    refuses (judge (ORDER_EXCUSE, 2, 0), REFUSED_PHASE,
             "agency 2 is already excused from nocturna");
    allows (judge (ORDER_EXCUSE, 3, 0), EVENT_EXCUSED);
}

static void what_is_no_order_is_refused (void **state)
{
    (void) state;
    open_with (SOURCE_FIXED);
    for (int kind = 0; kind < 256; kind++)
        if (strcmp (wire_order_name ((uint8_t) kind), "?") == 0 || kind == ORDER_OPEN)
            assert_int_equal (judge ((wire_order_kind_t) kind, 1, 1).code,
                              REFUSED_COMMAND);
}

/* A long reason and a long name: what is cut ends with a whole character. */
static void texts_that_are_too_long_are_cut_between_characters (void **state)
{
    (void) state;
    char note[NOTE_BYTES_MAX + 1], name[DRAW_NAME_BYTES_MAX + 1];
    memset (name, 'a', DRAW_NAME_BYTES_MAX);
    name[DRAW_NAME_BYTES_MAX] = 0;
    for (size_t shift = 0; shift < 2; shift++) {
        memset (note, 'x', sizeof note);
        for (size_t i = shift; i + 1 < NOTE_BYTES_MAX; i += 2)
            memcpy (note + i, "\xC3\xA9", 2);
        note[NOTE_BYTES_MAX - shift] = 0;
        const wire_event_t opened = {.kind = EVENT_OPENED,
                                     .source = SOURCE_RANDOM,
                                     .agencies = 1,
                                     .highest = 9,
                                     .text = text_of (name)};
        draw_destroy (&draw);
        draw = draw_new (1);
        assert_int_equal (draw_apply (draw, &opened), 0);
        apply (EVENT_VOIDED, 0, note);
        const verdict_t verdict = judge (ORDER_CLOSE, 0, 0);
        const size_t size = strlen (verdict.text);
        assert_in_range (size, REFUSAL_TEXT_MAX - 2, REFUSAL_TEXT_MAX);
        assert_memory_equal (verdict.text + size - 2, "\xC3\xA9", 2);
    }
}

/* ---- Openings ---- */

static const terms_t own = {.name = "first",
                            .agencies = 5,
                            .highest = HIGHEST,
                            .source = SOURCE_FIXED,
                            .number = NUMBER,
                            .closes_ms = CLOSES_NEVER};

static wire_order_t opening (void)
{
    return (wire_order_t){.order = ORDER_OPEN,
                          .source = SOURCE_RANDOM,
                          .agencies = 7,
                          .highest = 99,
                          .closes_ms = NOW + 1,
                          .name = text_of ("nocturna")};
}

static verdict_t judge_opening (const wire_order_t *order)
{
    return order_judge_opening (order, &own, NOW);
}

static void a_draw_is_opened_as_it_is_ordered (void **state)
{
    (void) state;
    const wire_order_t order = opening ();
    const verdict_t verdict = judge_opening (&order);
    assert_int_equal (verdict.code, REFUSED_OK);
    const wire_event_t *event = &verdict.event;
    assert_int_equal (event->kind, EVENT_OPENED);
    assert_int_equal (event->source, SOURCE_RANDOM);
    assert_int_equal (event->agencies, 7);
    assert_int_equal (event->highest, 99);
    assert_int_equal (event->number, 0);
    assert_true (event->closes_ms == NOW + 1);
    assert_true (bytes_equal (event->text, text_of ("nocturna")));
}

static void what_an_order_leaves_open_is_the_states_own (void **state)
{
    (void) state;
    wire_order_t order = opening ();
    order.source = ORDER_OWN_SOURCE;
    order.agencies = ORDER_OWN_AGENCIES;
    order.highest = ORDER_OWN_HIGHEST;
    const verdict_t verdict = judge_opening (&order);
    assert_int_equal (verdict.code, REFUSED_OK);
    assert_int_equal (verdict.event.source, SOURCE_FIXED);
    assert_int_equal (verdict.event.number, NUMBER);
    assert_int_equal (verdict.event.agencies, 5);
    assert_int_equal (verdict.event.highest, HIGHEST);
    order.highest = 99;
    const verdict_t beyond = judge_opening (&order); // the own number
    refuses (beyond, REFUSED_RANGE, "beyond the highest, 99");
    assert_null (strstr (beyond.text, "7574"));
}

static void openings_out_of_bounds_are_refused (void **state)
{
    (void) state;
    wire_order_t order = opening ();
    order.name = text_of ("");
    refuses (judge_opening (&order), REFUSED_BODY, "name");
    order.name = text_of ("-x");
    refuses (judge_opening (&order), REFUSED_BODY, "name");
    order = opening ();
    order.agencies = AGENCIES_MAX;
    assert_int_equal (judge_opening (&order).code, REFUSED_OK);
    order.agencies = AGENCIES_MAX + 1;
    refuses (judge_opening (&order), REFUSED_RANGE, "1 to 100000");
    order = opening ();
    order.highest = HIGHEST;
    assert_int_equal (judge_opening (&order).code, REFUSED_OK);
    order.highest = HIGHEST + 1;
    refuses (judge_opening (&order), REFUSED_RANGE, "--number-max");
    order = opening ();
    order.source = SOURCE_FIXED;
    order.number = 99;
    assert_int_equal (judge_opening (&order).code, REFUSED_OK);
    order.number = 100;
    refuses (judge_opening (&order), REFUSED_RANGE, "beyond the highest");
}

static void nobody_opens_what_is_closed_already (void **state)
{
    (void) state;
    static const struct {
        uint64_t closes_ms;
        wire_code_t code;
    } cases[] = {{CLOSES_ALL_ASKED, REFUSED_OK}, {1, REFUSED_RANGE},
                 {NOW - 1, REFUSED_RANGE},       {NOW, REFUSED_RANGE},
                 {NOW + 1, REFUSED_OK},          {CLOSES_NEVER, REFUSED_OK}};
    for (size_t i = 0; i < COUNT (cases); i++) {
        wire_order_t order = opening ();
        order.closes_ms = cases[i].closes_ms;
        const verdict_t verdict = judge_opening (&order);
        assert_int_equal (verdict.code, cases[i].code);
        if (cases[i].closes_ms == NOW)
            refuses (verdict, REFUSED_RANGE, "2026-01-01T00:00:00Z");
    }
}

static void own_terms_make_an_opening (void **state)
{
    (void) state;
    const wire_event_t event = order_opening (&own);
    draw = draw_new (1);
    assert_int_equal (draw_apply (draw, &event), 0);
    const draw_facts_t *facts = draw_facts (draw);
    assert_string_equal (facts->name, "first");
    assert_int_equal (facts->agencies, 5);
    assert_int_equal (facts->highest, HIGHEST);
    assert_int_equal (facts->source, SOURCE_FIXED);
    assert_int_equal (draw_number (draw), NUMBER);
    assert_true (facts->closes_ms == CLOSES_NEVER);
}

#define ORDER_TEST(name) cmocka_unit_test_teardown (name, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        ORDER_TEST (what_is_open_is_closed_excused_and_void),
        ORDER_TEST (what_is_closed_is_void_or_numbered),
        ORDER_TEST (what_is_drawn_is_final),
        ORDER_TEST (what_is_void_stays_so),
        ORDER_TEST (numbers_are_entered_after_the_close_and_where_they_are_to_be),
        ORDER_TEST (an_agency_is_excused_once_and_before_it_asks),
        ORDER_TEST (what_is_no_order_is_refused),
        ORDER_TEST (texts_that_are_too_long_are_cut_between_characters),
        ORDER_TEST (a_draw_is_opened_as_it_is_ordered),
        ORDER_TEST (what_an_order_leaves_open_is_the_states_own),
        ORDER_TEST (openings_out_of_bounds_are_refused),
        ORDER_TEST (nobody_opens_what_is_closed_already),
        ORDER_TEST (own_terms_make_an_opening),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
