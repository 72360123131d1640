/* test_token.c - token.c */

#include "testing.h"

#include <fcntl.h>
#include <unistd.h>

#include "token.h"

#define TOKEN "0123456789abcdef-token"

static bytes_t text (const char *string)
{
    return bytes_of (string, strlen (string));
}

static void both_schemes_bring_it (void **state)
{
    (void) state;
    token_t token;
    char why[TOKEN_WHY_BYTES];
    assert_int_equal (token_set (&token, text (TOKEN), why), 0);
    static const char *const right[] = {
        "Bearer " TOKEN,
        "bearer  " TOKEN,
        "Basic b3BlcmF0b3I6MDEyMzQ1Njc4OWFiY2RlZi10b2tlbg==", // operator:
        "Basic OjAxMjM0NTY3ODlhYmNkZWYtdG9rZW4=",             // :
        "basic OjAxMjM0NTY3ODlhYmNkZWYtdG9rZW4",
        NULL};
    for (size_t i = 0; right[i]; i++)
        if (!token_comes_with (&token, right[i]))
            fail_msg ("%s", right[i]);
}

static void nothing_else_does (void **state)
{
    (void) state;
    token_t token;
    char why[TOKEN_WHY_BYTES];
    assert_int_equal (token_set (&token, text (TOKEN), why), 0);
    static const char *const wrong[] = {
        "",
        TOKEN,
        "Bearer",
        "Bearer ",
        "Bearer 0123456789abcdef-toke",
        "Bearer " TOKEN "n",
        "Bearer " TOKEN " ",
        "Bearer x123456789abcdef-token",
        "Digest " TOKEN,
        "Basic",
        "Basic " TOKEN,
        "Basic MDEyMzQ1Njc4OWFiY2RlZi10b2tlbg==",         // no colon
        "Basic MDEyMzQ1Njc4OWFiY2RlZi10b2tlbjo=",         // as the user
        "Basic OjAxMjM0NTY3ODlhYmNkZWYtdG9rZW4=x",        // behind its end
        "Basic OjAxMjM0NTY3ODlhYmNkZWYtdG9rZW4*",         // no digit
        "Basic OjAxMjM0NTY3ODlhYmNkZWYtdG9rZW4=\xC3\xA1", // neither
        NULL};
    for (size_t i = 0; wrong[i]; i++)
        if (token_comes_with (&token, wrong[i]))
            fail_msg ("%s", wrong[i]);
    assert_false (token_comes_with (&token, NULL));
}

/* Their hashes agree in a byte here and there. */
static void thousands_of_others_are_none (void **state)
{
    (void) state;
    token_t token;
    char why[TOKEN_WHY_BYTES], header[64];
    assert_int_equal (token_set (&token, text (TOKEN), why), 0);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf (header, sizeof header, "Bearer 0123456789abcdef-%u", i);
        assert_false (token_comes_with (&token, header));
    }
}

static void a_long_pair_is_no_harm (void **state)
{
    (void) state;
    token_t token;
    char why[TOKEN_WHY_BYTES], header[4096] = "Basic ";
    assert_int_equal (token_set (&token, text (TOKEN), why), 0);
    memset (header + strlen ("Basic "), 'A', sizeof header - strlen ("Basic ") - 1);
    header[sizeof header - 1] = 0;
    assert_false (token_comes_with (&token, header));
}

static void what_is_no_token_is_refused (void **state)
{
    (void) state;
    static const char *const bad[] = {"",
                                      "short",
                                      "0123456789 abcdef",
                                      "0123456789abcde",
                                      "0123456789abcdef\n0",
                                      "0123456789abcd\xC3\xA9",
                                      NULL};
    char long_one[TOKEN_BYTES_MAX + 2] = {0};
    token_t token;
    char why[TOKEN_WHY_BYTES];
    for (size_t i = 0; bad[i]; i++)
        if (token_set (&token, text (bad[i]), why) != -1)
            fail_msg ("%s", bad[i]);
    memset (long_one, 'a', sizeof long_one - 1);
    assert_int_equal (token_set (&token, text (long_one), why), -1);
    assert_non_null (strstr (why, "16 to 256 visible ASCII characters"));
    assert_int_equal (token_set (&token, bytes_of (long_one, TOKEN_BYTES_MAX), why), 0);
}

static void put (const char *path, const char *content)
{
    const int file = open (path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true (file != -1);
    assert_int_equal (write (file, content, strlen (content)), strlen (content));
    close (file);
}

static void a_file_has_it_in_its_line (void **state)
{
    (void) state;
    static const char *const ends[] = {"", "\n", "\r\n", NULL};
    char path[] = "/tmp/test_token.XXXXXX", why[CONFIG_WHY_BYTES], content[64];
    const int file = mkstemp (path);
    assert_true (file != -1);
    close (file);
    token_t token;
    for (size_t i = 0; ends[i]; i++) {
        snprintf (content, sizeof content, TOKEN "%s", ends[i]);
        put (path, content);
        assert_int_equal (token_load (&token, path, why), 0);
        assert_true (token_comes_with (&token, "Bearer " TOKEN));
    }
    put (path, TOKEN "\n\n");
    assert_int_equal (token_load (&token, path, why), -1);
    assert_non_null (strstr (why, path));
    assert_null (strstr (why, TOKEN));
    unlink (path);
    assert_int_equal (token_load (&token, path, why), -1);
    assert_non_null (strstr (why, "No such file"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (both_schemes_bring_it),
        cmocka_unit_test (nothing_else_does),
        cmocka_unit_test (thousands_of_others_are_none),
        cmocka_unit_test (a_long_pair_is_no_harm),
        cmocka_unit_test (what_is_no_token_is_refused),
        cmocka_unit_test (a_file_has_it_in_its_line),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
