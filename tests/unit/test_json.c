/* test_json.c - what JSON is written, also of bytes that are no text. */

#include "testing.h"

#include <math.h>

#include "json.h"

static void assert_written (json_t *json, const char *expected)
{
    size_t size;
    char *text = json_finish (&json, &size);
    assert_null (json);
    assert_string_equal (text, expected);
    assert_int_equal (size, strlen (expected));
    free (text);
}

static void test_nests (void **state)
{
    (void) state;
    json_t *json = json_new ();
    json_object (json, NULL);
    json_text (json, "name", "noche");
    json_array (json, "agencies");
    json_number (json, NULL, 4);
    json_array (json, NULL);
    json_end (json);
    json_object (json, NULL);
    json_bool (json, "up", true);
    json_null (json, "since");
    json_end (json);
    json_end (json);
    json_text (json, "reason", NULL);
    json_end (json);
    assert_written (json, "{\"name\":\"noche\",\"agencies\":[4,[],{\"up\":true,"
                          "\"since\":null}],\"reason\":null}");
}

static void test_lines (void **state)
{
    (void) state;
    json_t *json = json_new ();
    json_array (json, NULL);
    for (unsigned i = 0; i < 2; i++) {
        json_line (json);
        json_object (json, NULL);
        json_number (json, "agency", i);
        json_end (json);
    }
    json_end (json);
    assert_written (json, "[\n {\"agency\":0},\n {\"agency\":1}]");
}

static void assert_text (const char *bytes, size_t size, const char *expected)
{
    json_t *json = json_new ();
    json_bytes (json, NULL, bytes_of (bytes, size));
    assert_written (json, expected);
}

#define TEXT(bytes, expected) assert_text (bytes, sizeof bytes - 1, "\"" expected "\"")

static void test_escapes_what_has_to_be (void **state)
{
    (void) state;
    TEXT ("", "");
    TEXT ("María \"M\" \\ /", "María \\\"M\\\" \\\\ /");
    TEXT ("\0\n\x1b[31m\x7f", "\\u0000\\u000A\\u001B[31m\\u007F");
    TEXT ("</script>", "\\u003C/script>");
    TEXT ("a\u2028b\u2029", "a\\u2028b\\u2029");
    TEXT ("a\xC2\x80\xC2\x9B"
          "2J",
          "a\\u0080\\u009B2J"); // C1: terminals may obey them
    TEXT ("\U0001F3B0", "\U0001F3B0");
}

static void test_replaces_what_is_no_text (void **state)
{
    (void) state;
    TEXT ("a\xFFz", "a\uFFFDz");
    TEXT ("\xC3", "\uFFFD");
    TEXT ("\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"); // a surrogate
    TEXT ("\xC0\xAF", "\uFFFD\uFFFD");           // an overlong slash
}

static void test_numbers (void **state)
{
    (void) state;
    static const struct {
        double number;
        int decimals;
        const char *expected;
    } cases[] = {{0, 1, "0"},
                 {1.5, 3, "1.5"},
                 {2, 2, "2"},
                 {1234.56, 1, "1234.6"},
                 {-0.01, 1, "0"},
                 {-2.25, 2, "-2.25"},
                 {100, 0, "100"},
                 {NAN, 1, "null"},
                 {INFINITY, 1, "null"},
                 {1e300, 1, "null"},
                 {0.00042, 6, "0.00042"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *json = json_new ();
        json_real (json, NULL, cases[i].number, cases[i].decimals);
        assert_written (json, cases[i].expected);
    }
    json_t *json = json_new ();
    json_number (json, NULL, UINT64_MAX);
    assert_written (json, "18446744073709551615");
}

static void test_times (void **state)
{
    (void) state;
    json_t *json = json_new ();
    json_array (json, NULL);
    json_time (json, NULL, 0);
    json_time (json, NULL, 1764500000123);
    json_end (json);
    assert_written (json, "[null,\"2025-11-30T10:53:20Z\"]");
}

static void test_is_given_up (void **state)
{
    (void) state;
    json_t *json = json_new ();
    json_object (json, NULL);
    json_destroy (&json);
    assert_null (json);
    json_destroy (&json);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_nests),
        cmocka_unit_test (test_lines),
        cmocka_unit_test (test_escapes_what_has_to_be),
        cmocka_unit_test (test_replaces_what_is_no_text),
        cmocka_unit_test (test_numbers),
        cmocka_unit_test (test_times),
        cmocka_unit_test (test_is_given_up),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
