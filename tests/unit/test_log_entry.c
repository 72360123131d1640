/* test_log_entry.c - lines that a part reports, and bytes that are none. */

#include "testing.h"

#include "log_entry.h"

static bytes_t text_of (const char *text)
{
    return bytes_of (text, strlen (text));
}

static void assert_text (bytes_t text, const char *expected)
{
    assert_true (bytes_equal (text, text_of (expected)));
}

static void test_takes_log_lines (void **state)
{
    (void) state;
    bytes_t text = text_of (
        "1764500000123 INFO     action: sorteo | result: success | numero: 7574\n"
        "1764500000124 WARNING action: conexion | result: fail | endpoint: "
        "tcp://a:1\n");
    log_entry_t entry;
    uint64_t nonsense = 0;
    assert_true (log_entry_next (&text, &entry, &nonsense));
    assert_int_equal (entry.time_ms, 1764500000123);
    assert_text (entry.level, "INFO");
    assert_text (entry.text, "action: sorteo | result: success | numero: 7574");
    assert_int_equal (entry.parts, 3);
    assert_text (log_entry_part (&entry, "numero"), "7574");
    assert_int_equal (log_entry_part (&entry, "agencia").size, 0);
    assert_true (log_entry_next (&text, &entry, &nonsense));
    assert_text (log_entry_part (&entry, "endpoint"), "tcp://a:1");
    assert_false (log_entry_next (&text, &entry, &nonsense));
    assert_int_equal (nonsense, 0);
}

static void test_takes_refusals (void **state)
{
    (void) state;
    bytes_t text =
        text_of ("5 agency: 4 | draw: noche | code: FIELDS | reason: row 3: x");
    log_entry_t entry;
    uint64_t nonsense = 0;
    assert_true (log_entry_next (&text, &entry, &nonsense));
    assert_int_equal (entry.level.size, 0);
    assert_text (log_entry_part (&entry, "agency"), "4");
    assert_text (log_entry_part (&entry, "reason"), "row 3: x");
    assert_false (log_entry_next (&text, &entry, &nonsense));
}

static void test_passes_over_what_is_none (void **state)
{
    (void) state;
    static const char *const bad[] = {
        "\n",
        "x\n",
        "1\n",
        "1 \n",
        "1 INFO\n",
        "1 a\n",
        "-1 a: b\n",
        "1  : b\n",
        "1a a: b\n",
        "1 a: b | c\n",
        "1 a: b | \n",
        " 1 a: b\n",
        "1234567890123456 a: b\n",
    };
    log_entry_t entry;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t nonsense = 0;
        bytes_t text = text_of (bad[i]);
        assert_false (log_entry_next (&text, &entry, &nonsense));
        assert_int_equal (nonsense, 1);
    }
    bytes_t text = text_of ("nonsense\n1 a: b\n");
    uint64_t nonsense = 0;
    assert_true (log_entry_next (&text, &entry, &nonsense));
    assert_int_equal (nonsense, 1);
}

static void test_keeps_so_many_parts (void **state)
{
    (void) state;
    char line[512] = "1 ";
    log_entry_t entry;
    for (int i = 0; i < LOG_ENTRY_PARTS_MAX; i++)
        strcat (line, i ? "|k: v" : "k: v");
    uint64_t nonsense = 0;
    bytes_t text = text_of (line);
    assert_true (log_entry_next (&text, &entry, &nonsense));
    assert_int_equal (entry.parts, LOG_ENTRY_PARTS_MAX);
    strcat (line, "|k: v");
    text = text_of (line);
    assert_false (log_entry_next (&text, &entry, &nonsense));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_takes_log_lines),
        cmocka_unit_test (test_takes_refusals),
        cmocka_unit_test (test_passes_over_what_is_none),
        cmocka_unit_test (test_keeps_so_many_parts),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
