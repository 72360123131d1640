/* test_table.c - columns that a person can read. */

#include "testing.h"

#include "table.h"

static void assert_table (table_t *table, const char *expected)
{
    paper_t *paper = paper_new (false, 0, 0);
    table_show (table, paper);
    char *text = paper_finish (&paper, NULL);
    assert_string_equal (text, expected);
    free (text);
    table_destroy (&table);
    assert_null (table);
}

static void test_words_left_numbers_right (void **state)
{
    (void) state;
    table_t *table = table_new ("NAME >BETS LAST_BATCH");
    table_put (table, STYLE_PLAIN, "noche");
    table_put (table, STYLE_PLAIN, "%d", 1200);
    table_put (table, STYLE_PLAIN, "now");
    table_put (table, STYLE_PLAIN, "ñu");
    table_put (table, STYLE_PLAIN, "7");
    table_put (table, STYLE_PLAIN, "-");
    assert_int_equal (table_rows (table), 2);
    assert_table (table, "NAME   BETS  LAST BATCH\n"
                         "noche  1200  now\n"
                         "ñu        7  -\n");
}

static void test_a_heading_alone (void **state)
{
    (void) state;
    table_t *table = table_new (">A B");
    assert_int_equal (table_rows (table), 0);
    assert_table (table, "A  B\n");
    table = NULL;
    table_destroy (&table);
}

static void test_a_thousand_rows (void **state)
{
    (void) state;
    table_t *table = table_new (">N");
    for (int i = 0; i < 1000; i++)
        table_put (table, STYLE_PLAIN, "%d", i);
    paper_t *paper = paper_new (false, 0, 0);
    table_show (table, paper);
    assert_int_equal (paper_lines (paper), 1001);
    paper_destroy (&paper);
    table_destroy (&table);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_words_left_numbers_right),
        cmocka_unit_test (test_a_heading_alone),
        cmocka_unit_test (test_a_thousand_rows),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
