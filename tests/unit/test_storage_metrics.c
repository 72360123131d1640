/* test_storage_metrics.c - what storage tells of itself, page by page. */

#include "metric_pages.h"

#include "storage_metrics.h"

#define TIME_MS 1796040000123

static sales_t *sales;
static histogram_t syncs;
static storage_facts_t facts;
static uint64_t sequence;

static bool put (uint64_t draw, uint64_t *position, metrics_page_t *page)
{
    return storage_metrics (&facts, draw, position, page);
}

static sale_t *open_draw (uint64_t identity, const char *name, uint32_t agencies)
{
    sale_terms_t terms = {
        .agencies = agencies, .highest = 9999, .source = SOURCE_RANDOM};
    snprintf (terms.name, sizeof terms.name, "%s", name);
    const record_t opened = sale_opening (identity, &terms);
    sale_t *sale = sale_new (++sequence, &opened, sales_held_bytes (sales));
    sales_add (sales, sale);
    return sale;
}

static void store (sale_t *sale, uint32_t agency, uint32_t count)
{
    const cursor_t *cursor = cursors_admit (sale->cursors, agency);
    record_t record = cursor_record (cursor, count);
    record.time_ms = TIME_MS;
    sale_apply (sale, ++sequence, &record);
}

static void cancel (sale_t *sale, uint32_t agency, uint64_t offset)
{
    const record_t record =
        cursor_cancel_record (cursors_find (sale->cursors, agency), offset);
    sale_apply (sale, ++sequence, &record);
}

static int setup (void **state)
{
    (void) state;
    sequence = 100;
    sales = sales_new ();
    syncs = (histogram_t){0};
    facts = (storage_facts_t){.sales = sales, .syncs = &syncs};
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    sales_destroy (&sales);
    return 0;
}

static void the_log_and_the_disk_are_told (void **state)
{
    (void) state;
    facts.log = (log_counts_t){12, 49152, 67112960, 4};
    facts.records = 345;
    facts.lag_bytes = 678;
    facts.gathered_bytes = 9;
    facts.disk_size = 2000000;
    facts.disk_free = 500000;
    facts.conflicts = 3;
    facts.strays = 4;
    histogram_add (&syncs, 900);
    assert_int_equal (metric_pages (put, 0, 8192, NULL), 1);
    metric_is ("loteria_conflicts_total 3");
    metric_is ("loteria_strays_total 4");
    metric_is ("loteria_log_groups_total 12");
    metric_is ("loteria_log_bytes_total 49152");
    metric_is ("loteria_log_records_total 345");
    metric_is ("loteria_log_size_bytes 67112960");
    metric_is ("loteria_log_segments 4");
    metric_is ("loteria_log_checkpoint_lag_bytes 678");
    metric_is ("loteria_log_gathered_bytes 9");
    metric_is ("loteria_disk_free_bytes 500000");
    metric_is ("loteria_disk_size_bytes 2000000");
    metric_is ("loteria_log_sync_seconds_count 1");
    assert_int_equal (metric_lines ("loteria_log_waiting"), 0); // for nobody
    facts.disk_size = 0;
    facts.engine = true;
    facts.waiting_ms = 1500;
    metric_pages (put, 0, 8192, NULL);
    metric_is ("loteria_log_waiting_seconds 1.500");
    assert_int_equal (metric_lines ("loteria_disk"), 0);
}

static void bets_are_told_by_draw_and_agency (void **state)
{
    (void) state;
    sale_t *first = open_draw (11, "first", 5), *noche = open_draw (22, "noche", 3);
    store (first, 2, 100);
    store (first, 2, 20);
    store (first, 5, 7);
    cancel (first, 2, 3);
    store (noche, 3, 1);
    cursors_admit (noche->cursors, 1);
    metric_pages (put, 0, 8192, NULL);
    metric_is ("loteria_bets_total{draw=\"first\"} 127");
    metric_is ("loteria_batches_total{draw=\"first\"} 3");
    metric_is ("loteria_bets_cancelled_total{draw=\"first\"} 1");
    metric_is ("loteria_bets_total{draw=\"noche\"} 1");
    metric_is ("loteria_agency_bets{draw=\"first\",agency=\"2\"} 120");
    metric_is ("loteria_agency_cancelled{draw=\"first\",agency=\"2\"} 1");
    metric_is (
        "loteria_agency_last_batch_timestamp_seconds{draw=\"first\",agency=\"2\"} "
        "1796040000.000");
    metric_is ("loteria_agency_bets{draw=\"first\",agency=\"5\"} 7");
    metric_is ("loteria_agency_bets{draw=\"noche\",agency=\"1\"} 0");
    assert_int_equal (metric_lines ("loteria_agency_bets{"), 4); // who has an account
    assert_int_equal (metric_lines ("loteria_agency_last_batch"), 3);
    metric_pages (put, 22, 8192, NULL);
    assert_int_equal (metric_lines ("loteria_"), 3 + 3 + 2);
    assert_int_equal (metric_lines ("loteria_bets_total{draw=\"noche\"}"), 1);
    metric_pages (put, 33, 8192, NULL);
    assert_int_equal (metric_lines ("loteria_"), 0);
}

/* Whatever the pages' size: the same text. */
static void pages_go_on_where_they_ended (void **state)
{
    (void) state;
    static char whole[sizeof metric_text];
    for (uint64_t draw = 1; draw <= 4; draw++) {
        char name[16];
        snprintf (name, sizeof name, "draw-%u", (unsigned) draw);
        sale_t *sale = open_draw (draw, name, 40);
        for (uint32_t agency = (uint32_t) draw; agency <= 40; agency += (uint32_t) draw)
            store (sale, agency, agency);
    }
    assert_int_equal (metric_pages (put, 0, 1 << 19, NULL), 1);
    strcpy (whole, metric_text);
    static const size_t sizes[] = {2500, 2501, 3000, 4096, 9999};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_true (metric_pages (put, 0, sizes[i], NULL) > 1);
        assert_string_equal (metric_text, whole);
    }
}

static sale_t *noche;
static uint32_t newcomer;

/* The highest comes first, so that each is before what was told. */
static void another_appears (void)
{
    if (newcomer > 1)
        store (noche, newcomer -= 2, 1);
}

static void who_appears_between_two_pages_moves_nobody (void **state)
{
    (void) state;
    open_draw (11, "first", 10);
    noche = open_draw (22, "noche", 100);
    for (uint32_t agency = 2; agency <= 100; agency += 2)
        store (noche, agency, 1);
    newcomer = 101;
    assert_true (metric_pages (put, 0, 2500, another_appears) > 3);
    for (uint32_t agency = 2; agency <= 100; agency += 2) {
        char line[128];
        snprintf (line, sizeof line,
                  "loteria_agency_bets{draw=\"noche\",agency=\"%u\"} ", agency);
        assert_int_equal (metric_lines (line), 1);
    }
}

/* A draw that is put away between two pages takes no other with it. */
static void put_one_away (void)
{
    sale_t *sale = sales_find (sales, 11);
    if (sale) {
        sales_remove (sales, sale);
        sale_destroy (&sale);
    }
}

static void a_draw_that_goes_takes_no_other_along (void **state)
{
    (void) state;
    sale_t *first = open_draw (11, "first", 60);
    noche = open_draw (22, "noche", 60);
    for (uint32_t agency = 1; agency <= 60; agency++) {
        store (first, agency, 1);
        store (noche, agency, 1);
    }
    metric_pages (put, 0, 2500, put_one_away);
    assert_int_equal (metric_lines ("loteria_agency_bets{draw=\"noche\""), 60);
    assert_true (metric_lines ("loteria_agency_bets{draw=\"first\"") < 60);
}

/* It comes from a peer. */
static void any_position_is_borne (void **state)
{
    (void) state;
    static char text[8192];
    sale_t *sale = open_draw (11, "first", AGENCIES_MAX);
    store (sale, AGENCIES_MAX, 1);
    for (int shift = 0; shift < 64; shift++)
        for (int64_t by = -2; by <= 2; by++) {
            uint64_t position = ((uint64_t) 1 << shift) + (uint64_t) by;
            const uint64_t before = position;
            metrics_page_t page = {.text = text, .capacity = sizeof text};
            if (put (0, &position, &page))
                assert_true (position > before && page.size > 0);
            position = before | (uint64_t) sale->opened << 20;
            put (0, &position, &page);
        }
    uint64_t position = UINT64_MAX;
    metrics_page_t page = {.text = text, .capacity = sizeof text};
    assert_false (put (0, &position, &page));
}

#define STORAGE_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        STORAGE_TEST (the_log_and_the_disk_are_told),
        STORAGE_TEST (bets_are_told_by_draw_and_agency),
        STORAGE_TEST (pages_go_on_where_they_ended),
        STORAGE_TEST (who_appears_between_two_pages_moves_nobody),
        STORAGE_TEST (a_draw_that_goes_takes_no_other_along),
        STORAGE_TEST (any_position_is_borne),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
