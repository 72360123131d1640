/* test_sales.c - draws at storage: what may happen to one in which phase, what a
   checkpoint says of it, and the table of all that are live. */

#include "testing.h"

#include <stdio.h>

#include "bounds.h"
#include "sales.h"

#define ROLL   3
#define NUMBER 74

static sales_t *sales;
static uint64_t sequence;

static int setup (void **state)
{
    (void) state;
    sales = sales_new ();
    sequence = 0;
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    sales_destroy (&sales);
    assert_null (sales);
    sales_destroy (&sales);
    return 0;
}

static sale_terms_t terms_of (const char *name, uint8_t source, uint64_t closes_ms)
{
    sale_terms_t terms = {.agencies = ROLL,
                          .highest = 99,
                          .source = source,
                          .number = source == SOURCE_FIXED ? NUMBER : 0,
                          .closes_ms = closes_ms};
    strcpy (terms.name, name);
    return terms;
}

static sale_t *open_with (uint64_t identity, const sale_terms_t *terms)
{
    const record_t opened = sale_opening (identity, terms);
    sale_t *sale = sale_new (++sequence, &opened, sales_held_bytes (sales));
    sales_add (sales, sale);
    return sale;
}

static sale_t *opened (uint64_t identity, const char *name, uint64_t closes_ms)
{
    const sale_terms_t terms = terms_of (name, SOURCE_ENTERED, closes_ms);
    return open_with (identity, &terms);
}

static record_t record_of (const sale_t *sale, uint8_t kind, uint32_t agency)
{
    record_t record = {.kind = kind,
                       .agency = agency,
                       .draw = sale->identity,
                       .position = sale_position (sale, kind),
                       .number = kind == RECORD_DRAWN ? NUMBER : 0};
    const cursor_t *cursor = cursors_find (sale->cursors, agency);
    if (record_is_event (kind))
        record.previous = sale->last_event;
    if (kind == RECORD_BETS && agency > 0) {
        record = cursor_record (cursors_admit (sale->cursors, agency), 2);
        record.draw = sale->identity;
        record.position = sale->bytes[ROWS_BETS];
        record.size = 10;
    } else if (kind == RECORD_SEALED || kind == RECORD_ENDED ||
               kind == RECORD_COMMITTED) {
        record.digest = cursor ? cursor->at.digest : 0;
        record.offset = cursor ? cursor->at.next : 0;
    }
    return record;
}

static bool may (sale_t *sale, uint8_t kind, uint32_t agency)
{
    char why[LOG_WHY_BYTES];
    const record_t record = record_of (sale, kind, agency);
    const int judged = sale_judge (sale, &record, why);
    // what is read is judged by the same rule
    assert_int_equal (judged, sale_accept (sale, &record, bytes_of (NULL, 0), why));
    return judged == 0;
}

static void happens (sale_t *sale, uint8_t kind, uint32_t agency)
{
    const record_t record = record_of (sale, kind, agency);
    assert_true (may (sale, kind, agency));
    sale_apply (sale, ++sequence, &record);
    sales_changed (sales);
}

/* What may happen now, of agency 1 where it is an agency's. */
static void assert_may (sale_t *sale, const char *kinds)
{
    static const char all[] = "BKSXCDVWORNYULAQ";
    for (size_t i = 0; i < sizeof all - 1; i++)
        if (all[i] != 'K' &&
            may (sale, (uint8_t) all[i], strchr ("BSXVYA", all[i]) != NULL) !=
                (strchr (kinds, all[i]) != NULL))
            fail_msg ("%c, where %s may happen", all[i], kinds);
}

/* ---- One draw ---- */

static void a_draw_goes_through_its_phases (void **state)
{
    (void) state;
    sale_t *sale = opened (1, "night", CLOSES_NEVER);
    assert_int_equal (sale_phase (sale), PHASE_OPEN);
    assert_may (sale, "BSXCW");
    happens (sale, RECORD_BETS, 1);
    happens (sale, RECORD_SEALED, 1);
    assert_may (sale, "CW"); // of another agency all of it
    assert_true (may (sale, RECORD_EXCUSED, 2) && may (sale, RECORD_BETS, 2));
    happens (sale, RECORD_EXCUSED, 2);
    happens (sale, RECORD_CLOSED, 0);
    assert_int_equal (sale_phase (sale), PHASE_CLOSED);
    assert_may (sale, "DW");
    assert_true (may (sale, RECORD_SEALED, 2)); // it comes late, and confirms
    assert_true (may (sale, RECORD_SEALED, 3));
    assert_false (may (sale, RECORD_BETS, 3) || may (sale, RECORD_EXCUSED, 3));
    happens (sale, RECORD_DRAWN, 0);
    assert_int_equal (sale_phase (sale), PHASE_DRAWN);
    assert_int_equal (sale->number, NUMBER);
    assert_may (sale, "V");
    assert_true (may (sale, RECORD_SEALED, 3));
    happens (sale, RECORD_SERVED, 1);
    assert_may (sale, "");
    assert_true (may (sale, RECORD_SERVED, 3)); // who never asked has winners, too
}

static void a_draw_that_all_have_asked_for_is_closed_by_that (void **state)
{
    (void) state;
    sale_t *sale = opened (1, "night", CLOSES_ALL_ASKED);
    happens (sale, RECORD_SEALED, 1);
    happens (sale, RECORD_EXCUSED, 2);
    assert_int_equal (sale_phase (sale), PHASE_OPEN);
    assert_may (sale, "CW");
    happens (sale, RECORD_SEALED, 3);
    assert_int_equal (sale_phase (sale), PHASE_CLOSED);
    assert_may (sale, "DW");
    sale_t *early = opened (2, "early", CLOSES_ALL_ASKED);
    happens (early, RECORD_CLOSED, 0); // the operator may
    assert_may (early, "SDW");
}

static sale_t *provable (uint64_t identity, const char *name, uint64_t closes_ms)
{
    const sale_terms_t terms = terms_of (name, SOURCE_PROVABLE, closes_ms);
    return open_with (identity, &terms);
}

/* Nothing is sold before the open note, and nothing undone behind the seal. */
static void a_provable_draw_has_a_note_for_each_step (void **state)
{
    (void) state;
    sale_t *sale = provable (1, "night", CLOSES_NEVER);
    assert_may (sale, "XCWN");
    happens (sale, RECORD_NOTED, 0);
    assert_may (sale, "BXCWY");
    happens (sale, RECORD_BETS, 1);
    happens (sale, RECORD_COMMITTED, 1);
    assert_may (sale, "CW"); // it is not excused, and sells nothing
    assert_true (may (sale, RECORD_COMMITTED, 2) && may (sale, RECORD_EXCUSED, 2));
    happens (sale, RECORD_CLOSED, 0);
    assert_may (sale, "WL");
    assert_true (may (sale, RECORD_COMMITTED, 2)); // there is a window for that
    happens (sale, RECORD_COMMITTED, 2);
    happens (sale, RECORD_LOCKED, 0);
    assert_int_equal (sale_phase (sale), PHASE_SEALED);
    assert_may (sale, "UA");
    assert_false (may (sale, RECORD_COMMITTED, 3) || may (sale, RECORD_REVEALED, 3));
    happens (sale, RECORD_ATTESTED, 0);
    assert_may (sale, "A");
    happens (sale, RECORD_REVEALED, 1);
    assert_may (sale, ""); // there is no number without all nonces
    happens (sale, RECORD_REVEALED, 2);
    assert_may (sale, "D");
    happens (sale, RECORD_DRAWN, 0);
    assert_int_equal (sale_phase (sale), PHASE_DRAWN);
    assert_may (sale, "VQ");
    assert_false (sale_finished (sale)); // its result is still to be told
    happens (sale, RECORD_PUBLISHED, 0);
    assert_true (sale_finished (sale));
    assert_may (sale, "V");
}

/* Also one that has no note yet, which a state that comes back makes. */
static void a_provable_draw_closes_as_others_do (void **state)
{
    (void) state;
    sale_t *sale = provable (1, "night", CLOSES_ALL_ASKED);
    happens (sale, RECORD_NOTED, 0);
    for (uint32_t agency = 1; agency <= ROLL; agency++)
        happens (sale, RECORD_COMMITTED, agency);
    assert_int_equal (sale_phase (sale), PHASE_CLOSED);
    assert_may (sale, "WL");
    sale_t *late = provable (2, "late", 1000);
    assert_true (sale_closes_by_clock (late));
    happens (late, RECORD_CLOSED, 0);
    assert_false (sale_closes_by_clock (late));
    assert_may (late, "WN");
    sale_t *clock = provable (3, "clock", 1000);
    happens (clock, RECORD_NOTED, 0);
    assert_true (sale_closes_by_clock (clock)); // noted or not
    happens (clock, RECORD_VOIDED, 0);
    assert_may (clock, "");
    assert_int_equal (sale_phase (clock), PHASE_VOID);
}

static void a_void_draw_stays_void (void **state)
{
    (void) state;
    for (int closed = 0; closed < 2; closed++) {
        sale_t *sale = opened (1 + (uint64_t) closed, closed ? "b" : "a", CLOSES_NEVER);
        happens (sale, RECORD_BETS, 1);
        if (closed)
            happens (sale, RECORD_CLOSED, 0);
        happens (sale, RECORD_VOIDED, 0);
        assert_int_equal (sale_phase (sale), PHASE_VOID);
        assert_true (sale_finished (sale));
        assert_may (sale, "");
    }
}

static void numbers_are_what_the_terms_say (void **state)
{
    (void) state;
    char why[LOG_WHY_BYTES];
    static const struct {
        uint8_t source;
        uint32_t number;
        bool may;
    } cases[] = {{SOURCE_FIXED, NUMBER, true},      {SOURCE_FIXED, NUMBER + 1, false},
                 {SOURCE_ENTERED, 0, true},         {SOURCE_ENTERED, 99, true},
                 {SOURCE_ENTERED, 100, false},      {SOURCE_RANDOM, 99, true},
                 {SOURCE_RANDOM, UINT32_MAX, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[8];
        snprintf (name, sizeof name, "n%zu", i);
        const sale_terms_t terms = terms_of (name, cases[i].source, CLOSES_NEVER);
        sale_t *sale = open_with (1 + i, &terms);
        happens (sale, RECORD_CLOSED, 0);
        record_t drawn = record_of (sale, RECORD_DRAWN, 0);
        drawn.number = cases[i].number;
        assert_int_equal (sale_judge (sale, &drawn, why) == 0, cases[i].may);
        drawn.agency = 1; // it is nobody's
        assert_int_equal (sale_judge (sale, &drawn, why), -1);
    }
}

/* Of what is read, place and predecessor count as well. */
static void records_follow_one_another (void **state)
{
    (void) state;
    char why[LOG_WHY_BYTES];
    sale_t *sale = opened (1, "night", CLOSES_NEVER);
    happens (sale, RECORD_BETS, 1);
    happens (sale, RECORD_SEALED, 2);
    const bytes_t none = bytes_of (NULL, 0);
    record_t record = record_of (sale, RECORD_CLOSED, 0);
    assert_int_equal (sale_accept (sale, &record, none, why), 0);
    record.previous--;
    assert_int_equal (sale_accept (sale, &record, none, why), -1);
    assert_non_null (strstr (why, "event before"));
    record = record_of (sale, RECORD_DRAWN, 0);
    record.position--; // where the bets end
    assert_int_equal (sale_accept (sale, &record, none, why), -1);
    assert_non_null (strstr (why, "rows"));
    record = record_of (sale, RECORD_CLOSED, 0);
    record_vouch (&record, bytes_of ("why\n", 4));
    assert_int_equal (sale_accept (sale, &record, bytes_of ("why\n", 4), why), 0);
    assert_int_equal (sale_accept (sale, &record, bytes_of ("who\n", 4), why), -1);
    assert_non_null (strstr (why, "note"));
    sale_apply (sale, ++sequence, &record);
    assert_int_equal (sale->bytes[ROWS_NOTES], 4);
    assert_int_equal (sale->bytes[ROWS_BETS], 10);
}

/* In a provable draw, between its open note and its seal, once, before it commits. It
   goes on being waited for. */
static void an_agency_ends_its_sale_before_it_commits (void **state)
{
    (void) state;
    sale_t *plain = opened (1, "first", CLOSES_ALL_ASKED);
    assert_false (may (plain, RECORD_ENDED, 1));
    sale_t *sale = provable (2, "second", CLOSES_ALL_ASKED);
    assert_false (may (sale, RECORD_ENDED, 1));
    happens (sale, RECORD_NOTED, 0);
    happens (sale, RECORD_BETS, 1);
    for (uint32_t agency = 1; agency <= 3; agency++)
        happens (sale, RECORD_ENDED, agency);
    assert_int_equal (sale_phase (sale), PHASE_OPEN);
    assert_int_equal (sale_day (sale, cursors_find (sale->cursors, 1)), DAY_SEALED);
    assert_false (may (sale, RECORD_ENDED, 1) || may (sale, RECORD_BETS, 1));
    assert_int_equal (sale_recorded (sale, RECORD_ENDED, 1), 3);
    assert_int_equal (sale_recorded (sale, RECORD_COMMITTED, 1), 0);
    assert_true (may (sale, RECORD_EXCUSED, 1) && may (sale, RECORD_COMMITTED, 1));
    happens (sale, RECORD_COMMITTED, 1);
    happens (sale, RECORD_EXCUSED, 2);
    happens (sale, RECORD_COMMITTED, 3);
    assert_int_equal (sale_phase (sale), PHASE_CLOSED);
    sale_t *late = provable (3, "late", CLOSES_NEVER);
    happens (late, RECORD_NOTED, 0);
    happens (late, RECORD_COMMITTED, 1);
    assert_false (may (late, RECORD_ENDED, 1));
    happens (late, RECORD_CLOSED, 0);
    assert_true (may (late, RECORD_ENDED, 2)); // it confirms
    happens (late, RECORD_LOCKED, 0);
    assert_false (may (late, RECORD_ENDED, 2));
}

static void days_are_told_as_they_are (void **state)
{
    (void) state;
    sale_t *sale = opened (1, "night", CLOSES_NEVER);
    const cursor_t *one = cursors_admit (sale->cursors, 1);
    const cursor_t *two = cursors_admit (sale->cursors, 2);
    assert_int_equal (sale_day (sale, one), DAY_OPEN);
    happens (sale, RECORD_EXCUSED, 1);
    assert_int_equal (sale_day (sale, one), DAY_SEALED);
    assert_int_equal (sale_day (sale, two), DAY_OPEN);
    happens (sale, RECORD_CLOSED, 0);
    assert_int_equal (sale_day (sale, two), DAY_SEALED);
    happens (sale, RECORD_DRAWN, 0);
    assert_int_equal (sale_day (sale, two), DAY_DRAWN);
    sale_t *night = provable (3, "night", CLOSES_NEVER);
    happens (night, RECORD_NOTED, 0);
    happens (night, RECORD_COMMITTED, 1);
    happens (night, RECORD_CLOSED, 0);
    happens (night, RECORD_LOCKED, 0);
    assert_int_equal (sale_day (night, cursors_admit (night->cursors, 1)), DAY_LOCKED);
    assert_int_equal (sale_day (night, cursors_admit (night->cursors, 2)), DAY_SEALED);
    sale_t *gone = opened (2, "gone", CLOSES_NEVER);
    happens (gone, RECORD_VOIDED, 0);
    assert_int_equal (sale_day (gone, cursors_admit (gone->cursors, 1)), DAY_VOID);
}

static void assert_terms (const sale_terms_t *terms, const sale_terms_t *expected)
{
    assert_string_equal (terms->name, expected->name);
    assert_int_equal (terms->agencies, expected->agencies);
    assert_int_equal (terms->highest, expected->highest);
    assert_int_equal (terms->source, expected->source);
    assert_int_equal (terms->number, expected->number);
    assert_int_equal (terms->closes_ms, expected->closes_ms);
}

/* By chance, as far as it may go: what is restored says and allows the same, and learns
   where its events lie. */
static void a_checkpoint_brings_all_of_it_back (void **state)
{
    (void) state;
    static const char kinds[] = "BBBSXCDVVWNNYYULLAAQ";
    uint64_t random = 3;
    for (uint64_t round = 0; round < 600; round++) {
        record_t events[32];
        uint64_t at[32];
        uint8_t bytes[ROLL * CHECKPOINT_CURSOR_MAX];
        char name[16];
        snprintf (name, sizeof name, "d%u", (unsigned) round);
        sale_t *sale = (round % 4 < 2 ? opened : provable) (
            1 + round, name, round % 2 ? CLOSES_NEVER : CLOSES_ALL_ASKED);
        const sale_terms_t terms = sale->terms;
        events[0] = sale_opening (sale->identity, &terms);
        at[0] = sequence;
        for (int step = 0; step < 60 && sale->events < 32; step++) {
            const uint8_t kind = (uint8_t) kinds[random_below (&random, 20)];
            const uint32_t agency = strchr ("BSXVYA", kind)
                                        ? 1 + (uint32_t) random_below (&random, ROLL)
                                        : 0;
            if (!may (sale, kind, agency))
                continue;
            record_t record = record_of (sale, kind, agency);
            sale_apply (sale, ++sequence, &record);
            if (record_is_event (kind)) {
                events[sale->events - 1] = record;
                at[sale->events - 1] = sequence;
            }
        }
        const checkpoint_draw_t entry = sale_entry (sale);
        bytes_t rest =
            bytes_of (bytes, (size_t) (cursors_put (sale->cursors, bytes) - bytes));
        sale_t *again = sale_restore (&entry, &events[0], NULL);
        assert_non_null (again);
        assert_int_equal (sale_restore_cursors (again, entry.cursors, &rest), 0);
        assert_int_equal (rest.size, 0);
        assert_int_equal (sale_phase (again), sale_phase (sale));
        assert_terms (&again->terms, &terms);
        assert_memory_equal (again->bytes, sale->bytes, sizeof sale->bytes);
        for (uint32_t i = sale->events; i-- > 0;)
            assert_int_equal (sale_learn (again, i, at[i], &events[i]), 0);
        for (size_t i = 0; i < sizeof kinds - 1; i++)
            for (uint32_t agency = 0; agency <= ROLL; agency++) {
                const uint8_t kind = (uint8_t) kinds[i];
                assert_int_equal (may (again, kind, agency), may (sale, kind, agency));
                assert_int_equal (sale_recorded (again, kind, agency),
                                  sale_recorded (sale, kind, agency));
            }
        sale_destroy (&again);
    }
}

static void what_contradicts_itself_is_not_restored (void **state)
{
    (void) state;
    sale_t *sale = opened (1, "night", CLOSES_NEVER);
    happens (sale, RECORD_CLOSED, 0);
    happens (sale, RECORD_DRAWN, 0);
    const checkpoint_draw_t entry = sale_entry (sale);
    const record_t opening = sale_opening (1, &sale->terms);
    for (int i = 0; i < 5; i++) {
        checkpoint_draw_t bad = entry;
        record_t opened_by = opening;
        if (i == 1)
            bad.identity = 2;
        else if (i == 2)
            bad.cursors = ROLL + 1;
        else if (i == 3)
            bad.number = 100;
        else if (i == 4)
            opened_by.kind = RECORD_CLOSED;
        sale_t *again = sale_restore (&bad, &opened_by, NULL);
        assert_true ((again != NULL) == (i == 0));
        if (again)
            assert_int_equal (sale_learn (again, 2, 3, &opening), -1); // not its last
        sale_destroy (&again);
    }
}

/* ---- All of them ---- */

static void draws_are_found_by_identity_and_by_name (void **state)
{
    (void) state;
    enum { MANY = 500 };
    for (uint64_t i = 0; i < MANY; i++) {
        char name[16];
        snprintf (name, sizeof name, "draw-%u", (unsigned) i);
        opened (i << 40 | (i % 7), name, CLOSES_NEVER); // many in one place
    }
    for (uint64_t i = 0; i < MANY; i++) {
        char name[16];
        const int size = snprintf (name, sizeof name, "draw-%u", (unsigned) i);
        sale_t *sale = sales_find (sales, i << 40 | (i % 7));
        assert_non_null (sale);
        assert_string_equal (sale->terms.name, name);
        assert_ptr_equal (sales_named (sales, bytes_of (name, (size_t) size)), sale);
        assert_ptr_equal (sales_at (sales, (size_t) i), sale);
        assert_null (sales_find (sales, i << 40 | 8));
    }
    for (uint64_t i = 0; i < MANY; i += 3) {
        sale_t *sale = sales_find (sales, i << 40 | (i % 7));
        sales_remove (sales, sale);
        sale_destroy (&sale);
    }
    for (uint64_t i = 0; i < MANY; i++)
        assert_true ((sales_find (sales, i << 40 | (i % 7)) == NULL) == (i % 3 == 0));
    assert_null (sales_named (sales, bytes_of ("draw-0", 6)));
    assert_null (sales_named (sales, bytes_of ("draw-", 5)));
}

static void there_may_be_too_many (void **state)
{
    (void) state;
    sale_terms_t terms = terms_of ("large", SOURCE_ENTERED, CLOSES_NEVER);
    terms.agencies = AGENCIES_MAX;
    open_with (1000, &terms);
    assert_false (sales_full (sales, AGENCIES_MAX));
    assert_true (sales_full (sales, AGENCIES_MAX + 1));
    for (uint64_t i = 1; i < DRAWS_OPEN_MAX; i++) {
        char name[16];
        snprintf (name, sizeof name, "d%u", (unsigned) i);
        assert_false (sales_full (sales, ROLL));
        opened (i, name, CLOSES_NEVER);
    }
    assert_true (sales_full (sales, 1));
    happens (sales_find (sales, 1000), RECORD_VOIDED, 0); // that one counts no more
    assert_false (sales_full (sales, 1));
    const uint32_t rest = DRAWS_AGENCIES_MAX - (DRAWS_OPEN_MAX - 1) * ROLL;
    assert_false (sales_full (sales, rest));
    assert_true (sales_full (sales, rest + 1));
}

static void the_clock_closes_the_first_one_first (void **state)
{
    (void) state;
    opened (1, "a", CLOSES_NEVER);
    opened (2, "b", CLOSES_ALL_ASKED);
    assert_true (sales_next_close (sales) == CLOSES_NEVER);
    assert_null (sales_due (sales, UINT64_MAX));
    sale_t *late = opened (3, "c", 2000), *soon = opened (4, "d", 1000);
    assert_int_equal (sales_next_close (sales), 1000);
    assert_null (sales_due (sales, 999));
    assert_ptr_equal (sales_due (sales, 1000), soon);
    happens (soon, RECORD_CLOSED, 0);
    assert_int_equal (sales_next_close (sales), 2000);
    assert_null (sales_due (sales, 1999));
    assert_ptr_equal (sales_due (sales, 3000), late);
    happens (late, RECORD_VOIDED, 0);
    assert_true (sales_next_close (sales) == CLOSES_NEVER);
}

/* Of those that are over the ones used last stay. */
static void what_is_over_and_idle_is_named (void **state)
{
    (void) state;
    opened (100, "open", CLOSES_NEVER); // is none of them, though it was used before
    for (uint64_t i = 1; i <= DRAWS_FINISHED_KEPT + 2; i++) {
        char name[16];
        snprintf (name, sizeof name, "d%u", (unsigned) i);
        happens (opened (i, name, CLOSES_NEVER), RECORD_VOIDED, 0);
        if (i <= DRAWS_FINISHED_KEPT)
            assert_null (sales_idle (sales));
    }
    assert_int_equal (sales_idle (sales)->identity, 1);
    sales_find (sales, 1);
    assert_int_equal (sales_idle (sales)->identity, 2);
    for (int i = 0; i < 2; i++) {
        sale_t *sale = sales_idle (sales);
        sales_remove (sales, sale);
        sale_destroy (&sale);
    }
    assert_null (sales_idle (sales));
    sales_keep (sales, 3);
    assert_int_equal (sales_idle (sales)->identity, 4);
}

/* ... but for what was used just now: else many that are asked about in turn would push
   one another out. Unless there are very many. */
static void what_was_used_just_now_stays (void **state)
{
    (void) state;
    char name[16];
    uint64_t count = 0;
    sales_keep (sales, 1);
    sales_tick (sales, 1000);
    while (!sales_idle (sales)) {
        snprintf (name, sizeof name, "d%u", (unsigned) ++count);
        happens (opened (count, name, CLOSES_NEVER), RECORD_VOIDED, 0);
    }
    assert_int_equal (count, DRAWS_OPEN_MAX + 2);
    sale_t *sale = sales_idle (sales);
    sales_remove (sales, sale);
    sale_destroy (&sale);
    assert_null (sales_idle (sales));
    sales_tick (sales, 1000 + RETRY_MS_MAX); // who asks again has done so
    sales_find (sales, 2);
    assert_null (sales_idle (sales));
    sales_tick (sales, 1000 + 2 * RETRY_MS_MAX);
    assert_int_equal (sales_idle (sales)->identity, 3);
}

static void large_rolls_that_are_over_are_idle_sooner (void **state)
{
    (void) state;
    sale_terms_t terms = terms_of ("a", SOURCE_ENTERED, CLOSES_NEVER);
    terms.agencies = AGENCIES_MAX;
    for (uint64_t i = 1; i <= 3; i++) {
        terms.name[0] = (char) ('a' + i);
        happens (open_with (i, &terms), RECORD_VOIDED, 0);
        assert_true ((sales_idle (sales) != NULL) == (i == 3));
    }
}

#define SALES_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        SALES_TEST (a_draw_goes_through_its_phases),
        SALES_TEST (a_draw_that_all_have_asked_for_is_closed_by_that),
        SALES_TEST (a_provable_draw_has_a_note_for_each_step),
        SALES_TEST (a_provable_draw_closes_as_others_do),
        SALES_TEST (a_void_draw_stays_void),
        SALES_TEST (numbers_are_what_the_terms_say),
        SALES_TEST (records_follow_one_another),
        SALES_TEST (an_agency_ends_its_sale_before_it_commits),
        SALES_TEST (days_are_told_as_they_are),
        SALES_TEST (a_checkpoint_brings_all_of_it_back),
        SALES_TEST (what_contradicts_itself_is_not_restored),
        SALES_TEST (draws_are_found_by_identity_and_by_name),
        SALES_TEST (there_may_be_too_many),
        SALES_TEST (the_clock_closes_the_first_one_first),
        SALES_TEST (what_is_over_and_idle_is_named),
        SALES_TEST (what_was_used_just_now_stays),
        SALES_TEST (large_rolls_that_are_over_are_idle_sooner),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
