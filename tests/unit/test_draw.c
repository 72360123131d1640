/* test_draw.c - the tables in draw.h row by row, and every order of events that cannot
   have happened. */

#include "testing.h"

#include "bounds.h"
#include "draw.h"

#define AGENCIES     3
#define NUMBER       7574
#define HIGHEST      9999
#define IDENTITY     0xD1CE
#define DIGEST       0xD16E57
#define HOUR         1767225600000
#define COUNT(table) (sizeof (table) / sizeof (table)[0])

static draw_t *draw;
static uint64_t time_ms;

static bytes_t text_of (const char *text)
{
    return bytes_of (text, strlen (text));
}

/* As storage would tell it, one millisecond behind the last one. */
static int apply (wire_event_kind_t kind, uint32_t agency, uint64_t count)
{
    wire_event_t event = {.kind = (uint8_t) kind,
                          .agency = agency,
                          .count = count,
                          .digest = kind == EVENT_SEALED ? DIGEST : 0,
                          .number = kind == EVENT_DRAWN ? NUMBER : 0,
                          .time_ms = ++time_ms};
    if (kind == EVENT_CLOSED || kind == EVENT_EXCUSED || kind == EVENT_VOIDED)
        event.text = text_of ("a reason");
    return draw_apply (draw, &event);
}

static wire_event_t opening (uint8_t source, uint64_t closes_ms)
{
    return (wire_event_t){.kind = EVENT_OPENED,
                          .source = source,
                          .agencies = AGENCIES,
                          .number = source == SOURCE_FIXED ? NUMBER : 0,
                          .highest = HIGHEST,
                          .closes_ms = closes_ms,
                          .time_ms = HOUR - 1000,
                          .text = text_of ("nocturna")};
}

static void open_with (uint8_t source, uint64_t closes_ms)
{
    const wire_event_t opened = opening (source, closes_ms);
    draw_destroy (&draw);
    draw = draw_new (IDENTITY);
    time_ms = HOUR;
    assert_int_equal (draw_apply (draw, &opened), 0);
}

static int setup (void **state)
{
    (void) state;
    open_with (SOURCE_FIXED, CLOSES_ALL_ASKED);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    draw_destroy (&draw);
    assert_null (draw);
    draw_destroy (&draw);
    return 0;
}

static void seal_all (void)
{
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        assert_int_equal (apply (EVENT_SEALED, agency, 10 * agency), 0);
}

static void phase_is (wire_phase_t phase)
{
    assert_string_equal (wire_phase_name ((uint8_t) draw_facts (draw)->phase),
                         wire_phase_name ((uint8_t) phase));
}

/* The bets are those that apply () seals with. */
static void assert_ready (uint32_t agency, uint64_t count, draw_answer_t answer,
                          wire_code_t refusal)
{
    wire_code_t code = REFUSED_BUSY;
    const wire_tally_t tally = {count, DIGEST, 0};
    assert_int_equal (draw_ready (draw, agency, &tally, &code), answer);
    assert_string_equal (wire_code_name ((uint16_t) code),
                         wire_code_name ((uint16_t) refusal));
}

static void assert_results (uint32_t agency, draw_answer_t answer, wire_code_t refusal)
{
    wire_code_t code = REFUSED_BUSY;
    assert_int_equal (draw_results (draw, agency, &code), answer);
    assert_int_equal (code, refusal);
}

static const wire_event_kind_t all_kinds[] = {EVENT_OPENED, EVENT_SEALED, EVENT_EXCUSED,
                                              EVENT_CLOSED, EVENT_DRAWN,  EVENT_SERVED,
                                              EVENT_VOIDED};

static void nothing_happens_to_a_draw_that_is_not_open (void **state)
{
    (void) state;
    draw_destroy (&draw);
    draw = draw_new (IDENTITY);
    wire_code_t code;
    phase_is (PHASE_PLANNED);
    assert_true (draw_facts (draw)->identity == IDENTITY);
    assert_false (draw_due (draw) || draw_made (draw) || draw_finished (draw) ||
                  draw_over (draw));
    assert_false (draw_on_roll (draw, 1));
    assert_int_equal (draw_ready (draw, 1, NULL, &code), DRAW_REFUSE);
    assert_int_equal (code, REFUSED_AGENCY);
    for (size_t i = 1; i < COUNT (all_kinds); i++)
        assert_int_equal (apply (all_kinds[i], 1, 0), -1);
    phase_is (PHASE_PLANNED);
}

static void the_terms_are_put_once_and_are_known (void **state)
{
    (void) state;
    open_with (SOURCE_ENTERED, HOUR);
    const draw_facts_t *facts = draw_facts (draw);
    assert_string_equal (facts->name, "nocturna");
    assert_int_equal (facts->agencies, AGENCIES);
    assert_int_equal (facts->highest, HIGHEST);
    assert_int_equal (facts->source, SOURCE_ENTERED);
    assert_true (facts->closes_ms == HOUR && facts->opened_ms == HOUR - 1000);
    assert_int_equal (draw_number (draw), 0);
    const wire_event_t again = opening (SOURCE_ENTERED, HOUR);
    assert_int_equal (draw_apply (draw, &again), -1);
    open_with (SOURCE_FIXED, CLOSES_NEVER);
    assert_int_equal (draw_number (draw), NUMBER);
}

static void terms_are_within_bounds (void **state)
{
    (void) state;
    static const struct {
        uint32_t agencies, number, highest;
        uint8_t source;
        const char *name;
        int result;
    } cases[] = {
        {0, 0, 9, SOURCE_RANDOM, "a", -1},
        {1, 0, 9, SOURCE_RANDOM, "a", 0},
        {AGENCIES_MAX, 0, 9, SOURCE_ENTERED, "a", 0},
        {AGENCIES_MAX + 1, 0, 9, SOURCE_RANDOM, "a", -1},
        {UINT32_MAX, 0, 9, SOURCE_RANDOM, "a", -1},
        {1, 9, 9, SOURCE_FIXED, "a", 0},
        {1, 10, 9, SOURCE_FIXED, "a", -1},
        {1, 1, 9, SOURCE_RANDOM, "a", -1},
        {1, 1, 9, SOURCE_ENTERED, "a", -1},
        {1, 0, NUMBER_MAX_MAX, SOURCE_RANDOM, "a", 0},
        {1, 0, NUMBER_MAX_MAX + 1, SOURCE_RANDOM, "a", -1},
        {1, 0, 0, SOURCE_RANDOM, "a", 0},
        {1, 0, 9, 'Q', "a", -1},
        {1, 0, 9, 0, "a", -1},
        {1, 0, 9, SOURCE_RANDOM, "", -1},
        {1, 0, 9, SOURCE_RANDOM, "-a", -1},
        {1, 0, 9, SOURCE_RANDOM, "../a", -1},
        {1, 0, 9, SOURCE_RANDOM, "a234567890123456789012345678901234567890", 0},
        {1, 0, 9, SOURCE_RANDOM, "a2345678901234567890123456789012345678901", -1},
    };
    for (size_t i = 0; i < COUNT (cases); i++) {
        draw_t *fresh = draw_new (IDENTITY);
        const wire_event_t opened = {.kind = EVENT_OPENED,
                                     .agencies = cases[i].agencies,
                                     .number = cases[i].number,
                                     .highest = cases[i].highest,
                                     .source = cases[i].source,
                                     .text = text_of (cases[i].name)};
        assert_int_equal (draw_apply (fresh, &opened), cases[i].result);
        assert_true ((draw_facts (fresh)->phase == PHASE_OPEN) ==
                     (cases[i].result == 0));
        draw_destroy (&fresh);
    }
}

static void the_roll_is_one_to_agencies (void **state)
{
    (void) state;
    static const struct {
        uint32_t agency;
        bool on;
    } cases[] = {{0, false}, {1, true},  {2, true},
                 {3, true},  {4, false}, {UINT32_MAX, false}};
    for (size_t i = 0; i < COUNT (cases); i++) {
        const uint32_t agency = cases[i].agency;
        assert_true (draw_on_roll (draw, agency) == cases[i].on);
        assert_false (draw_asked (draw, agency) || draw_excused (draw, agency) ||
                      draw_served (draw, agency));
        assert_true (draw_count (draw, agency) == UINT64_MAX);
        assert_int_equal (draw_day (draw, agency), DAY_OPEN);
        if (!cases[i].on) {
            assert_int_equal (apply (EVENT_SEALED, agency, 5), -1);
            assert_int_equal (apply (EVENT_EXCUSED, agency, 0), -1);
        }
    }
}

static void strangers_are_refused (void)
{
    static const uint32_t strangers[] = {0, AGENCIES + 1, UINT32_MAX};
    for (size_t i = 0; i < 3; i++) {
        assert_ready (strangers[i], 0, DRAW_REFUSE, REFUSED_AGENCY);
        assert_results (strangers[i], DRAW_REFUSE, REFUSED_AGENCY);
        assert_int_equal (draw_done (draw, strangers[i]), REFUSED_AGENCY);
    }
}

/* The rows of the table: an agency not on the roll, not asked, asked, drawn. */
static void agencies_are_answered_as_the_table_says (void **state)
{
    (void) state;
    strangers_are_refused ();
    assert_ready (2, 0, DRAW_RECORD, REFUSED_OK);
    assert_ready (2, 20, DRAW_RECORD, REFUSED_OK);
    assert_results (2, DRAW_WAIT, REFUSED_OK);
    assert_int_equal (apply (EVENT_SEALED, 2, 20), 0);
    assert_ready (2, 20, DRAW_WAIT, REFUSED_OK);
    assert_ready (2, 19, DRAW_REFUSE, REFUSED_TALLY);
    assert_ready (2, 21, DRAW_REFUSE, REFUSED_TALLY);
    assert_results (2, DRAW_WAIT, REFUSED_OK);
    assert_int_equal (draw_done (draw, 2), REFUSED_UNDRAWN);
    assert_ready (1, 20, DRAW_RECORD, REFUSED_OK);
    assert_int_equal (apply (EVENT_SEALED, 1, 10), 0);
    assert_int_equal (apply (EVENT_SEALED, 3, 30), 0);
    assert_ready (2, 20, DRAW_WAIT, REFUSED_OK); // due, and not made yet
    strangers_are_refused ();
    assert_int_equal (apply (EVENT_DRAWN, 0, 0), 0);
    strangers_are_refused ();
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        for (int served = 0; served <= 1; served++) {
            assert_ready (agency, 10 * agency, DRAW_TELL, REFUSED_OK);
            assert_ready (agency, 0, DRAW_REFUSE, REFUSED_TALLY);
            assert_results (agency, DRAW_TELL, REFUSED_OK);
            assert_int_equal (draw_done (draw, agency), REFUSED_OK);
            if (!served)
                assert_int_equal (apply (EVENT_SERVED, agency, 0), 0);
        }
}

static void bets_are_compared (void **state)
{
    (void) state;
    static const wire_tally_t other_digest = {10, DIGEST + 1, 0},
                              other_cancels = {10, DIGEST, 1}, right = {10, DIGEST, 0};
    wire_code_t code;
    assert_int_equal (draw_ready (draw, 1, &other_digest, &code), DRAW_RECORD);
    assert_int_equal (apply (EVENT_SEALED, 1, 10), 0);
    assert_int_equal (draw_ready (draw, 1, &other_digest, &code), DRAW_REFUSE);
    assert_int_equal (code, REFUSED_CONFLICT);
    assert_int_equal (draw_ready (draw, 1, &other_cancels, &code), DRAW_REFUSE);
    assert_int_equal (code, REFUSED_TALLY);
    assert_int_equal (draw_ready (draw, 1, &right, &code), DRAW_WAIT);
}

static void an_agency_is_sealed_once (void **state)
{
    (void) state;
    assert_int_equal (apply (EVENT_SEALED, 2, 20), 0);
    assert_true (draw_asked (draw, 2));
    assert_true (draw_count (draw, 2) == 20);
    assert_int_equal (draw_facts (draw)->asked, 1);
    assert_int_equal (draw_facts (draw)->complete, 1);
    assert_int_equal (apply (EVENT_SEALED, 2, 20), -1);
    assert_int_equal (apply (EVENT_SEALED, 2, 21), -1);
    assert_int_equal (apply (EVENT_EXCUSED, 2, 0), -1);
    assert_true (draw_count (draw, 2) == 20);
    assert_int_equal (draw_facts (draw)->asked, 1);
    assert_int_equal (draw_day (draw, 2), DAY_SEALED);
    assert_int_equal (draw_day (draw, 1), DAY_OPEN);
}

/* The rule of the reference: when every agency on the roll has asked. */
static void it_closes_when_all_have_asked (void **state)
{
    (void) state;
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        phase_is (PHASE_OPEN);
        assert_false (draw_due (draw));
        assert_int_equal (apply (EVENT_DRAWN, 0, 0), -1);
        assert_int_equal (apply (EVENT_SERVED, 1, 0), -1);
        assert_int_equal (apply (EVENT_SEALED, agency, 1), 0);
    }
    phase_is (PHASE_CLOSED);
    assert_true (draw_facts (draw)->closed_ms == time_ms);
    assert_true (draw_due (draw) && !draw_made (draw) && !draw_finished (draw));
    assert_int_equal (apply (EVENT_CLOSED, 0, 0), -1);
    assert_int_equal (apply (EVENT_EXCUSED, 1, 0), -1);
    assert_int_equal (apply (EVENT_DRAWN, 0, 0), 0);
    phase_is (PHASE_DRAWN);
    assert_true (draw_made (draw) && draw_finished (draw) && !draw_due (draw));
    assert_true (draw_facts (draw)->drawn_ms == time_ms);
    for (size_t i = 0; i < COUNT (all_kinds); i++)
        if (all_kinds[i] != EVENT_SERVED)
            assert_int_equal (apply (all_kinds[i], 1, 1), -1); // it is final
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        assert_int_equal (draw_day (draw, agency), DAY_DRAWN);
}

/* At an hour, or by order: whoever has asked by then. */
static void with_a_clock_it_is_open_until_it_is_closed (void **state)
{
    (void) state;
    static const uint64_t closes[] = {HOUR, CLOSES_NEVER};
    for (size_t i = 0; i < 2; i++)
        for (uint32_t asked = 0; asked <= AGENCIES; asked++) {
            open_with (SOURCE_FIXED, closes[i]);
            for (uint32_t agency = 1; agency <= asked; agency++)
                assert_int_equal (apply (EVENT_SEALED, agency, 10 * agency), 0);
            phase_is (PHASE_OPEN);
            assert_int_equal (apply (EVENT_DRAWN, 0, 0), -1);
            assert_int_equal (draw_facts (draw)->complete, asked);
            assert_int_equal (apply (EVENT_CLOSED, 0, 0), 0);
            phase_is (PHASE_CLOSED);
            assert_int_equal (draw_facts (draw)->complete, AGENCIES);
            assert_int_equal (draw_facts (draw)->asked, asked);
            assert_true (draw_facts (draw)->closed_ms == time_ms);
            assert_string_equal (draw_facts (draw)->note, "a reason");
            assert_true (draw_due (draw));
            assert_int_equal (apply (EVENT_CLOSED, 0, 0), -1);
            for (uint32_t agency = 1; agency <= AGENCIES; agency++)
                assert_int_equal (draw_day (draw, agency), DAY_SEALED);
        }
}

/* Who was closed says what he has; that changes nothing but that it is known. */
static void who_was_closed_confirms_before_the_draw_or_after (void **state)
{
    (void) state;
    for (int late = 0; late <= 1; late++) {
        open_with (SOURCE_FIXED, HOUR);
        assert_int_equal (apply (EVENT_SEALED, 1, 10), 0);
        assert_int_equal (apply (EVENT_CLOSED, 0, 0), 0);
        if (late)
            assert_int_equal (apply (EVENT_DRAWN, 0, 0), 0);
        const wire_phase_t phase = draw_facts (draw)->phase;
        assert_ready (2, 20, DRAW_RECORD, REFUSED_OK);
        assert_results (2, late ? DRAW_TELL : DRAW_WAIT, REFUSED_OK);
        assert_true (draw_count (draw, 2) == UINT64_MAX);
        assert_int_equal (apply (EVENT_SEALED, 2, 20), 0);
        assert_ready (2, 20, late ? DRAW_TELL : DRAW_WAIT, REFUSED_OK);
        assert_ready (2, 21, DRAW_REFUSE, REFUSED_TALLY);
        assert_int_equal (apply (EVENT_SEALED, 2, 20), -1);
        assert_int_equal (apply (EVENT_SEALED, 1, 10), -1);
        phase_is (phase);
        assert_int_equal (draw_facts (draw)->asked, 2);
        assert_int_equal (draw_facts (draw)->complete, AGENCIES);
    }
}

static void who_is_excused_is_not_waited_for (void **state)
{
    (void) state;
    assert_int_equal (apply (EVENT_SEALED, 1, 10), 0);
    assert_int_equal (apply (EVENT_EXCUSED, 2, 0), 0);
    assert_true (draw_excused (draw, 2) && !draw_asked (draw, 2));
    assert_int_equal (draw_day (draw, 2), DAY_SEALED);
    assert_int_equal (apply (EVENT_EXCUSED, 2, 0), -1);
    assert_int_equal (draw_facts (draw)->complete, 2);
    assert_ready (2, 7, DRAW_RECORD, REFUSED_OK); // it comes back, and confirms
    assert_int_equal (apply (EVENT_SEALED, 2, 7), 0);
    assert_int_equal (draw_facts (draw)->complete, 2); // as before
    phase_is (PHASE_OPEN);
    assert_int_equal (apply (EVENT_EXCUSED, 3, 0), 0);
    phase_is (PHASE_CLOSED);
    assert_int_equal (draw_facts (draw)->asked, 2);
    assert_int_equal (draw_facts (draw)->excused, 2);
    assert_int_equal (apply (EVENT_DRAWN, 0, 0), 0);
    assert_int_equal (apply (EVENT_SERVED, 1, 0), 0);
    assert_true (draw_over (draw)); // the others were excused
    assert_int_equal (apply (EVENT_SERVED, 3, 0), 0);
    assert_int_equal (apply (EVENT_SERVED, 2, 0), 0);
    assert_true (draw_over (draw));
    assert_int_equal (draw_facts (draw)->served, 3);
}

static void each_agency_is_served_once (void **state)
{
    (void) state;
    seal_all ();
    assert_int_equal (apply (EVENT_DRAWN, 0, 0), 0);
    static const uint32_t order[] = {3, 1, 2};
    for (size_t i = 0; i < 3; i++) {
        assert_false (draw_over (draw));
        assert_false (draw_served (draw, order[i]));
        assert_int_equal (apply (EVENT_SERVED, order[i], 0), 0);
        assert_true (draw_served (draw, order[i]));
        assert_int_equal (apply (EVENT_SERVED, order[i], 0), -1);
    }
    assert_true (draw_over (draw));
    assert_int_equal (apply (EVENT_SERVED, 0, 0), -1);
    assert_int_equal (apply (EVENT_SERVED, AGENCIES + 1, 0), -1);
}

static void a_number_that_is_entered_is_not_drawn_by_itself (void **state)
{
    (void) state;
    open_with (SOURCE_ENTERED, CLOSES_ALL_ASKED);
    seal_all ();
    phase_is (PHASE_CLOSED);
    assert_false (draw_due (draw));
    wire_event_t drawn = {.kind = EVENT_DRAWN, .number = HIGHEST + 1};
    assert_int_equal (draw_apply (draw, &drawn), -1);
    drawn.number = 1234;
    assert_int_equal (draw_apply (draw, &drawn), 0);
    assert_int_equal (draw_number (draw), 1234);
    drawn.number = 1235;
    assert_int_equal (draw_apply (draw, &drawn), -1);
    assert_int_equal (draw_number (draw), 1234);
}

static void a_number_by_chance_is_due_at_the_close (void **state)
{
    (void) state;
    open_with (SOURCE_RANDOM, HOUR);
    assert_false (draw_due (draw));
    assert_int_equal (apply (EVENT_CLOSED, 0, 0), 0);
    assert_true (draw_due (draw));
    const wire_event_t drawn = {.kind = EVENT_DRAWN, .number = HIGHEST};
    assert_int_equal (draw_apply (draw, &drawn), 0);
    assert_int_equal (draw_number (draw), HIGHEST);
}

static void it_is_drawn_with_the_number_of_its_terms (void **state)
{
    (void) state;
    seal_all ();
    const wire_event_t drawn = {.kind = EVENT_DRAWN, .number = NUMBER + 1};
    assert_int_equal (draw_apply (draw, &drawn), -1);
    assert_true (draw_due (draw));
    assert_int_equal (draw_number (draw), NUMBER);
}

static void a_void_draw_is_over_for_all (void **state)
{
    (void) state;
    for (int closed = 0; closed <= 1; closed++) {
        open_with (SOURCE_ENTERED, HOUR);
        assert_int_equal (apply (EVENT_SEALED, 1, 10), 0);
        if (closed)
            assert_int_equal (apply (EVENT_CLOSED, 0, 0), 0);
        assert_int_equal (apply (EVENT_VOIDED, 0, 0), 0);
        phase_is (PHASE_VOID);
        assert_string_equal (draw_facts (draw)->note, "a reason");
        assert_true (draw_facts (draw)->drawn_ms == time_ms);
        assert_true (draw_finished (draw) && draw_over (draw) && !draw_made (draw) &&
                     !draw_due (draw));
        for (size_t i = 0; i < COUNT (all_kinds); i++)
            assert_int_equal (apply (all_kinds[i], 2, 1), -1);
        strangers_are_refused ();
        for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
            assert_ready (agency, 10, DRAW_REFUSE, REFUSED_VOID);
            assert_results (agency, DRAW_REFUSE, REFUSED_VOID);
            assert_int_equal (draw_done (draw, agency), REFUSED_VOID);
            assert_int_equal (draw_day (draw, agency), DAY_VOID);
        }
    }
}

static void notes_are_kept_whole (void **state)
{
    (void) state;
    char note[NOTE_BYTES_MAX + 1];
    memset (note, 'n', NOTE_BYTES_MAX);
    note[NOTE_BYTES_MAX] = 0;
    const wire_event_t closed = {.kind = EVENT_CLOSED, .text = text_of (note)},
                       voided = {.kind = EVENT_VOIDED};
    assert_int_equal (draw_apply (draw, &closed), 0);
    assert_string_equal (draw_facts (draw)->note, note);
    assert_int_equal (draw_apply (draw, &voided), 0);
    assert_string_equal (draw_facts (draw)->note, ""); // the later one
}

static void unknown_events_did_not_happen (void **state)
{
    (void) state;
    seal_all ();
    for (int kind = 0; kind < 256; kind++)
        if (kind != EVENT_DRAWN && kind != EVENT_VOIDED)
            assert_int_equal (apply ((wire_event_kind_t) kind, 1, 10), -1);
    assert_int_equal (draw_facts (draw)->asked, AGENCIES);
    assert_false (draw_made (draw));
}

/* ---- Any order ---- */

typedef struct { // what is so, worked out another way
    bool asked[AGENCIES + 1], excused[AGENCIES + 1], served[AGENCIES + 1];
    bool closed, drawn, is_void, all_asked;
} model_t;

static uint32_t count_of (const bool *of)
{
    return (uint32_t) of[1] + of[2] + of[3];
}

static bool model_closed (const model_t *model)
{
    bool all = model->all_asked;
    for (uint32_t i = 1; i <= AGENCIES; i++)
        all = all && (model->asked[i] || model->excused[i]);
    return model->closed || all;
}

static bool model_allows (const model_t *model, wire_event_kind_t kind, uint32_t agency)
{
    const bool on = agency >= 1 && agency <= AGENCIES;
    const bool closed = model_closed (model), over = model->drawn || model->is_void;
    switch (kind) {
    case EVENT_SEALED:
        return on && !model->is_void && !model->asked[agency];
    case EVENT_EXCUSED:
        return on && !closed && !over && !model->asked[agency] &&
               !model->excused[agency];
    case EVENT_CLOSED:
        return !closed && !over;
    case EVENT_DRAWN:
        return closed && !over;
    case EVENT_SERVED:
        return on && model->drawn && !model->served[agency];
    case EVENT_VOIDED:
        return !over;
    default:
        return false;
    }
}

static void model_apply (model_t *model, wire_event_kind_t kind, uint32_t agency)
{
    model->closed = model_closed (model); // what is closed stays so
    if (kind == EVENT_SEALED)
        model->asked[agency] = true;
    else if (kind == EVENT_EXCUSED)
        model->excused[agency] = true;
    else if (kind == EVENT_SERVED)
        model->served[agency] = true;
    model->closed |= kind == EVENT_CLOSED;
    model->drawn |= kind == EVENT_DRAWN;
    model->is_void |= kind == EVENT_VOIDED;
}

static void assert_like (const model_t *model)
{
    const draw_facts_t *facts = draw_facts (draw);
    phase_is (model->is_void         ? PHASE_VOID
              : model->drawn         ? PHASE_DRAWN
              : model_closed (model) ? PHASE_CLOSED
                                     : PHASE_OPEN);
    uint32_t waited_for = 0;
    for (uint32_t i = 1; i <= AGENCIES; i++) {
        assert_true (draw_asked (draw, i) == model->asked[i]);
        assert_true (draw_excused (draw, i) == model->excused[i]);
        assert_true (draw_served (draw, i) == model->served[i]);
        waited_for += !model->excused[i] && !model->served[i];
    }
    assert_int_equal (facts->asked, count_of (model->asked));
    assert_int_equal (facts->excused, count_of (model->excused));
    assert_int_equal (facts->served, count_of (model->served));
    assert_true (draw_over (draw) ==
                 (model->is_void || (model->drawn && waited_for == 0)));
    assert_true (draw_finished (draw) == (model->is_void || model->drawn));
}

/* Whatever is applied in whatever order: what was refused changed nothing, and what
   holds of a draw holds at every step. */
static void any_order_leaves_a_draw (void **state)
{
    (void) state;
    uint64_t random = 23;
    int made = 0, over = 0, is_void = 0;
    for (int day = 0; day < 6000; day++) {
        model_t model = {.all_asked = day % 2};
        open_with (SOURCE_FIXED, model.all_asked ? CLOSES_ALL_ASKED : HOUR);
        for (int step = 0; step < 60; step++) {
            wire_event_kind_t kind = all_kinds[random_below (&random, 7)];
            if ((kind == EVENT_VOIDED || kind == EVENT_CLOSED) &&
                random_below (&random, 8))
                kind = EVENT_SEALED;
            const uint32_t agency = (uint32_t) random_below (&random, AGENCIES + 2);
            const bool allowed = model_allows (&model, kind, agency);
            assert_int_equal (apply (kind, agency, agency), allowed ? 0 : -1);
            if (allowed)
                model_apply (&model, kind, agency);
            assert_like (&model);
        }
        made += model.drawn;
        is_void += model.is_void;
        over += draw_over (draw);
    }
    assert_true (made > 1000 && is_void > 1000 && over > is_void + 500);
}

#define DRAW_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

/* ---- Who is missing ---- */

#define MANY 40

static void open_for_many (void)
{
    wire_event_t opened = opening (SOURCE_FIXED, CLOSES_ALL_ASKED);
    opened.agencies = MANY;
    draw_destroy (&draw);
    draw = draw_new (IDENTITY);
    assert_int_equal (draw_apply (draw, &opened), 0);
}

/* As one who looks at everybody would say it. */
static void assert_missing (void)
{
    uint32_t missing[WAITING_NAMES_MAX];
    size_t count = 0;
    draw_missing (draw, missing);
    for (uint32_t agency = 1; agency <= MANY && count < WAITING_NAMES_MAX; agency++)
        if (draw_facts (draw)->phase == PHASE_OPEN && !draw_asked (draw, agency) &&
            !draw_excused (draw, agency))
            assert_int_equal (missing[count++], agency);
    for (; count < WAITING_NAMES_MAX; count++)
        assert_int_equal (missing[count], 0);
}

static void the_first_who_are_missing_are_known (void **state)
{
    (void) state;
    static const uint32_t steps[] = {1, 7, 11, 39}; // without a common divisor with 40
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        open_for_many ();
        assert_missing ();
        for (uint32_t n = 1, agency = steps[i]; n <= MANY; n++) {
            const wire_event_kind_t kind = n % 3 ? EVENT_SEALED : EVENT_EXCUSED;
            assert_int_equal (apply (kind, agency, 1), 0);
            assert_missing ();
            agency = (agency + steps[i] - 1) % MANY + 1;
        }
    }
}

static void nobody_is_missing_once_it_is_closed (void **state)
{
    (void) state;
    open_for_many ();
    assert_int_equal (apply (EVENT_CLOSED, 0, 0), 0);
    assert_missing ();
    assert_int_equal (apply (EVENT_SEALED, 2, 1), 0);
    assert_missing ();
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST (the_first_who_are_missing_are_known),
        DRAW_TEST (nobody_is_missing_once_it_is_closed),
        DRAW_TEST (nothing_happens_to_a_draw_that_is_not_open),
        DRAW_TEST (the_terms_are_put_once_and_are_known),
        DRAW_TEST (terms_are_within_bounds),
        DRAW_TEST (the_roll_is_one_to_agencies),
        DRAW_TEST (agencies_are_answered_as_the_table_says),
        DRAW_TEST (bets_are_compared),
        DRAW_TEST (an_agency_is_sealed_once),
        DRAW_TEST (it_closes_when_all_have_asked),
        DRAW_TEST (with_a_clock_it_is_open_until_it_is_closed),
        DRAW_TEST (who_was_closed_confirms_before_the_draw_or_after),
        DRAW_TEST (who_is_excused_is_not_waited_for),
        DRAW_TEST (each_agency_is_served_once),
        DRAW_TEST (a_number_that_is_entered_is_not_drawn_by_itself),
        DRAW_TEST (a_number_by_chance_is_due_at_the_close),
        DRAW_TEST (it_is_drawn_with_the_number_of_its_terms),
        DRAW_TEST (a_void_draw_is_over_for_all),
        DRAW_TEST (notes_are_kept_whole),
        DRAW_TEST (unknown_events_did_not_happen),
        DRAW_TEST (any_order_leaves_a_draw),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
