/* test_arguments.c - words and options of a command line, in any order. */

#include "testing.h"

#include "arguments.h"

static const config_item_t items[] = {
    {.name = "reason", .type = CONFIG_TEXT}, {.name = "yes", .type = CONFIG_FLAG}, {0}};

/* Both separated by blanks: what is sorted, and what comes out, options first. */
static void check (const char *given, const char *options, const char *words)
{
    char text[256], found[256] = "", *argv[32] = {0};
    int argc = 0;
    snprintf (text, sizeof text, "%s", given);
    for (char *word = strtok (text, " "); word; word = strtok (NULL, " "))
        argv[argc++] = word;
    const arguments_t sorted = arguments_sort (argc, argv, items);
    for (int i = 0; i < sorted.options; i++)
        strcat (strcat (found, i > 0 ? " " : ""), argv[i]);
    assert_string_equal (found, options);
    *found = 0;
    for (int i = 0; i < sorted.words; i++)
        strcat (strcat (found, i > 0 ? " " : ""), sorted.word[i]);
    assert_string_equal (found, words);
    assert_null (sorted.word[sorted.words]);
}

static void any_order (void **state)
{
    (void) state;
    check ("ctl", "ctl", "");
    check ("ctl draw close a", "ctl", "draw close a");
    check ("ctl --yes draw close a", "ctl --yes", "draw close a");
    check ("ctl draw --yes close a", "ctl --yes", "draw close a");
    check ("ctl draw close a --yes", "ctl --yes", "draw close a");
    check ("ctl draw --reason why void --yes a", "ctl --reason why --yes",
           "draw void a");
    check ("ctl draw --reason=why void a", "ctl --reason=why", "draw void a");
    check ("ctl draw void a --config file", "ctl --config file", "draw void a");
}

static void ends_and_oddities (void **state)
{
    (void) state;
    check ("ctl number -", "ctl", "number -");
    check ("ctl a -- b", "ctl --", "a b"); // for config_load to complain about
    check ("ctl -x a", "ctl -x", "a");     // likewise
    check ("ctl --nothing a", "ctl --nothing", "a");
    check ("ctl a --reason", "ctl --reason", "a");
    check ("ctl --reason --yes a", "ctl --reason --yes", "a");
    check ("ctl --reason -1 a", "ctl --reason -1", "a");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (any_order),
        cmocka_unit_test (ends_and_oddities),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
