/* test_log.c - log.c: every line through a parser with the rules of those who read
   them. stderr is a file while a test runs. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "logger.h"

#define HEAD_BYTES      (sizeof "2026-11-23 12:00:00 INFO     " - 1)
#define LINE_LENGTH_MAX 1022 // without the line's end

static int file; // what stands in for stderr
static int usual;
static char text[256 * 1024];

static int divert (void **state)
{
    (void) state;
    file = memfd_create ("stderr", MFD_CLOEXEC);
    usual = dup (STDERR_FILENO);
    logger_set_level (LOG_INFO);
    return file == -1 || dup2 (file, STDERR_FILENO) == -1 ? -1 : 0;
}

static int restore (void **state)
{
    (void) state;
    logger_gather (false);
    dup2 (usual, STDERR_FILENO);
    close (usual);
    close (file);
    return 0;
}

/* All that was written so far. */
static char *written (void)
{
    ssize_t size = pread (file, text, sizeof text - 1, 0);
    assert_true (size >= 0);
    text[size] = 0;
    return text;
}

/* The one line that was written, without its end; the file is empty afterwards. */
static char *line_written (void)
{
    char *line = written ();
    char *end = strchr (line, '\n');
    assert_non_null (end);
    assert_int_equal (end[1], 0);
    *end = 0;
    assert_int_equal (ftruncate (file, 0), 0);
    lseek (file, 0, SEEK_SET);
    return line;
}

/* Split on '|': an action, a result of the three, a colon in each part. Returns the
   number of parts. */
static int parse (const char *line)
{
    static const char stamp[] = "dddd-dd-dd dd:dd:dd ";
    for (size_t i = 0; stamp[i]; i++)
        if (stamp[i] == 'd')
            assert_true (line[i] >= '0' && line[i] <= '9');
        else
            assert_int_equal (line[i], stamp[i]);
    assert_memory_equal (line + HEAD_BYTES, "action: ", 8);
    assert_true (strlen (line) <= LINE_LENGTH_MAX);

    char copy[1024];
    char *rest = copy;
    int parts = 0;
    strcpy (copy, line + HEAD_BYTES);
    for (char *part; (part = strsep (&rest, "|")); parts++) {
        assert_non_null (strchr (part, ':'));
        if (parts == 1)
            assert_true (strcmp (part, " result: success") == 0 ||
                         strncmp (part, " result: success ", 17) == 0 ||
                         strncmp (part, " result: fail", 13) == 0 ||
                         strncmp (part, " result: in_progress", 20) == 0);
    }
    assert_true (parts >= 2);
    return parts;
}

static void lines_have_their_form (void **state)
{
    (void) state;
    static const char *const levels[] = {"DEBUG   ", "INFO    ", "WARNING ", "ERROR   ",
                                         "CRITICAL"};
    logger_set_level (LOG_DEBUG);
    for (int level = LOG_DEBUG; level <= LOG_CRITICAL; level++) {
        logger_event ((logger_level_t) level, "sorteo", LOG_SUCCESS, "numero: %d",
                      7574);
        char *line = line_written ();
        assert_int_equal (parse (line), 3);
        assert_memory_equal (line + 20, levels[level], 8);
        assert_string_equal (line + HEAD_BYTES,
                             "action: sorteo | result: success | numero: 7574");
    }
}

static void results_and_parts (void **state)
{
    (void) state;
    logger_event (LOG_INFO, "shutdown", LOG_IN_PROGRESS, NULL);
    assert_string_equal (line_written () + HEAD_BYTES,
                         "action: shutdown | result: in_progress");
    logger_event (LOG_INFO, "apuesta_recibida", LOG_FAIL, "cantidad: %u | reason: %s",
                  3U, "bad date");
    assert_string_equal (
        line_written () + HEAD_BYTES,
        "action: apuesta_recibida | result: fail | cantidad: 3 | reason: bad date");
}

static void a_line_says_whose_it_is (void **state)
{
    (void) state;
    static const struct {
        const char *context, *process, *parts, *expected;
    } cases[] = {
        {"agency: 3", "", "cantidad: 7", "cantidad: 7 | agency: 3"},
        {"agency: 3", "", "", "agency: 3"},
        {"draw: first | agency: 3", "storage", "a: 1 | b: 2",
         "a: 1 | b: 2 | draw: first | agency: 3 | process: storage"},
        {"", "worker-2", "a: 1 | reason: no room",
         "a: 1 | reason: no room | process: worker-2"},
        {"agency: 3", "worker-2", "reason: no room | b: 2",
         "agency: 3 | reason: no room | b: 2 | process: worker-2"},
        {"", "worker-2", "reason: no room", "reason: no room | process: worker-2"},
        {"", "", "reason: no room", "reason: no room"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        logger_set_context (cases[i].context);
        logger_set_process (cases[i].process);
        logger_event_parts (LOG_INFO, "a", LOG_SUCCESS, cases[i].parts);
        const char *line = line_written () + HEAD_BYTES;
        assert_memory_equal (line, "action: a | result: success | ", 30);
        assert_string_equal (line + 30, cases[i].expected);
    }
    logger_set_context ("");
    logger_set_process ("");
}

/* The longest line of all, with as much as can be to be escaped, is one. */
static void lines_are_objects_when_asked_for (void **state)
{
    (void) state;
    static const char stamp[] =
        "{\"time\":\"dddd-dd-ddTdd:dd:dd.ddd?dd:dd\",\"level\":";
    char quotes[1000], *line;
    logger_set_form (LOGGER_JSON);
    logger_event (LOG_INFO, "sorteo", LOG_SUCCESS, "numero: %d | draw: %s", 7574,
                  "a\"b\\c|d\n: e");
    line = line_written ();
    for (size_t i = 0; stamp[i]; i++)
        if (stamp[i] == 'd')
            assert_in_range (line[i], '0', '9');
        else if (stamp[i] != '?')
            assert_int_equal (line[i], stamp[i]);
    assert_string_equal (line + sizeof stamp - 1,
                         "\"INFO\",\"action\":\"sorteo\",\"result\":\"success\","
                         "\"numero\":\"7574\",\"draw\":\"a\\\"b\\\\c/d : e\"}");
    logger_event (LOG_ERROR, "shutdown", LOG_IN_PROGRESS, NULL);
    line = line_written ();
    assert_string_equal (
        line + sizeof stamp - 1,
        "\"ERROR\",\"action\":\"shutdown\",\"result\":\"in_progress\"}");
    memset (quotes, '"', sizeof quotes - 1);
    quotes[sizeof quotes - 1] = 0;
    logger_set_context ("draw: a-name-of-forty-characters-it-is-one | agency: 99999");
    logger_event (LOG_INFO, "a", LOG_FAIL, "reason: %s", quotes);
    line = line_written ();
    assert_in_range (strlen (line), 1800, 4000);
    assert_memory_equal (line + strlen (line) - 2, "\"}", 2);
    logger_set_context ("");
    logger_set_form (LOGGER_TEXT);
}

static void forms_have_names (void **state)
{
    (void) state;
    logger_form_t form;
    assert_int_equal (logger_form_parse ("JSON", &form), 0);
    assert_int_equal (form, LOGGER_JSON);
    assert_int_equal (logger_form_parse ("text", &form), 0);
    assert_int_equal (form, LOGGER_TEXT);
    assert_int_equal (logger_form_parse ("", &form), -1);
    assert_int_equal (logger_form_parse ("jsonl", &form), -1);
}

/* By the clock that lines have: time () has one that lags behind it, by milliseconds.
 */
static time_t now_seconds (void)
{
    struct timespec now;
    clock_gettime (CLOCK_REALTIME, &now);
    return now.tv_sec;
}

static void time_is_local (void **state)
{
    (void) state;
    setenv ("TZ", "XST-5:30", 1);
    tzset ();
    time_t before = now_seconds ();
    logger_event (LOG_INFO, "a", LOG_SUCCESS, NULL);
    time_t after = now_seconds ();
    unsetenv ("TZ");
    tzset ();

    struct tm fields = {0};
    assert_non_null (strptime (line_written (), "%Y-%m-%d %H:%M:%S", &fields));
    time_t logged = timegm (&fields) - (5 * 60 + 30) * 60;
    assert_true (logged >= before && logged <= after);
}

static void values_cannot_break_out (void **state)
{
    (void) state;
    static const struct {
        const char *value, *expected;
    } cases[] = {
        {"plain", "plain"},
        {"a|b", "a/b"},
        {"x | result: success", "x / result: success"},
        {"a\nb\r\tc", "a b  c"},
        {"\x1F\x1E\x01\x7F|", "    /"},
        {"\x1B[31mred", " [31mred"},
        {"Jos\u00E9 \u00D1and\u00FA \U0001F600",
         "Jos\u00E9 \u00D1and\u00FA \U0001F600"},
        {"next\xC2\x85line", "next  line"},
        {"c1\xC2\x9F"
         "end\u00A0",
         "c1  end\u00A0"},
        {"sep\u2028and\u2029\u202Aturned", "sep   and   ?"
                                           "?"
                                           "?turned"},
        {"\u200Bnobody\uFEFF sees\U000E0041", "?"
                                              "?"
                                              "?nobody?"
                                              "?"
                                              "? sees?"
                                              "?"
                                              "?"
                                              "?"},
        {"latin\xE9", "latin?"},
        {"\xC0\x80 \xED\xA0\x80 \xF4\x90\x80\x80 \xFF", "?? ??? ???? ?"},
        {"\xE2\x80|", "?"
                      "?/"},
        {"\xE0\xA0\x80 \xED\x9F\xBF \xF0\x90\x80\x80 \xF4\x8F\xBF\xBD",
         "\xE0\xA0\x80 \xED\x9F\xBF \xF0\x90\x80\x80 \xF4\x8F\xBF\xBD"},
        {"\xE0\x9F\xBF \xF0\x8F\xBF\xBF \xF5\x80\x80\x80", "??"
                                                           "? ??"
                                                           "?? ??"
                                                           "??"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[256];
        logger_event (LOG_INFO, "a", LOG_SUCCESS, "v: %s | w: %s", cases[i].value,
                      cases[i].value);
        snprintf (expected, sizeof expected,
                  "action: a | result: success | v: %s | w: %s", cases[i].expected,
                  cases[i].expected);
        char *line = line_written ();
        assert_int_equal (parse (line), 4);
        assert_string_equal (line + HEAD_BYTES, expected);
    }
}

/* A value of every length around the limit, of characters of one to four bytes. */
static void long_lines_are_cut (void **state)
{
    (void) state;
    static const char *const characters[] = {"x", "\u00E9", "\u20AC", "\U0001F600",
                                             "|"};
    const size_t bare =
        HEAD_BYTES + strlen ("action: a | result: success | k:  | last: 12345");
    char value[2048];

    for (size_t c = 0; c < sizeof characters / sizeof *characters; c++)
        for (size_t size = 900; size < 1100; size++) {
            size_t width = strlen (characters[c]);
            memset (value, '.', size % width);
            value[size % width] = 0;
            while (strlen (value) < size)
                strcat (value, characters[c]);

            logger_event (LOG_INFO, "a", LOG_SUCCESS, "k: %s | last: %d", value, 12345);
            char *line = line_written ();
            int parts = parse (line);
            assert_null (strchr (line, '?')); // no character was split
            bool whole = strstr (line, "last: 12345") != NULL;
            assert_int_equal (whole, size + bare <= LINE_LENGTH_MAX);
            assert_true (whole ? parts == 4 : parts == 3 || parts == 4);
            if (!whole)
                assert_string_equal (line + strlen (line) - 3, "...");
        }
}

static void a_first_part_without_colon_is_not_left (void **state)
{
    (void) state;
    logger_event (LOG_INFO, "a", LOG_SUCCESS, "%2000s: 1", "key");
    assert_string_equal (line_written () + HEAD_BYTES, "action: a | result: success");
}

static void levels_hold_lines_back (void **state)
{
    (void) state;
    for (int lowest = LOG_DEBUG; lowest <= LOG_CRITICAL; lowest++) {
        logger_set_level ((logger_level_t) lowest);
        for (int level = LOG_DEBUG; level <= LOG_CRITICAL; level++) {
            assert_int_equal (logger_enabled ((logger_level_t) level), level >= lowest);
            logger_event ((logger_level_t) level, "a", LOG_SUCCESS, NULL);
            if (level >= lowest)
                parse (line_written ());
            else
                assert_string_equal (written (), "");
        }
    }
}

static void levels_are_parsed_in_any_case (void **state)
{
    (void) state;
    static const struct {
        const char *name;
        logger_level_t level;
    } good[] = {{"CRITICAL", LOG_CRITICAL},
                {"Error", LOG_ERROR},
                {"warning", LOG_WARNING},
                {"InFo", LOG_INFO},
                {"DEBUG", LOG_DEBUG}};
    static const char *const bad[] = {"",     "INF", "INFOO", " INFO",
                                      "WARN", "3",   "NOTSET"};
    logger_level_t level;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal (logger_level_parse (good[i].name, &level), 0);
        assert_int_equal (level, good[i].level);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal (logger_level_parse (bad[i], &level), -1);
}

static void the_limit_counts (void **state)
{
    (void) state;
    logger_limit_t limit = {0};
    uint64_t held_back = 99;

    assert_true (logger_limit_allows (&limit, 10, &held_back));
    assert_int_equal (held_back, 0);
    for (int i = 0; i < 99; i++)
        assert_false (logger_limit_allows (&limit, 11 + 10 * i, &held_back));
    assert_false (logger_limit_allows (&limit, 1009, &held_back));
    assert_true (logger_limit_allows (&limit, 1010, &held_back));
    assert_int_equal (held_back, 100);
    assert_true (logger_limit_allows (&limit, 500000, &held_back));
    assert_int_equal (held_back, 0);
}

static void a_limited_line_says_what_was_not_written (void **state)
{
    (void) state;
    logger_limit_t limit = {0};
    for (int64_t now_ms = 10; now_ms <= 1010; now_ms += 500)
        logger_event_limited (&limit, now_ms, LOG_WARNING, "conexion", LOG_FAIL,
                              "address: %s | 100%%: x", "1|2");
    const char *lines = written ();
    const char *first =
        strstr (lines, "action: conexion | result: fail | address: 1/2 | "
                       "100%: x | not_logged_before: 0\n");
    assert_non_null (first);
    assert_non_null (strstr (first + 1, "100%: x | not_logged_before: 1\n"));
    assert_string_equal (strchr (strchr (lines, '\n') + 1, '\n'), "\n"); // two lines
}

static void strays_are_told_once_a_second (void **state)
{
    (void) state;
    logger_strays_t strays = {0};
    logger_strays (&strays, 0, 5000);
    assert_string_equal (written (), "");
    logger_strays (&strays, 3, 5000);
    assert_non_null (strstr (line_written (), "count: 3"));
    logger_strays (&strays, 3, 9000); // no more than last time
    logger_strays (&strays, 4, 9000);
    assert_non_null (strstr (line_written (), "count: 1"));
    logger_strays (&strays, 9, 9999);
    assert_string_equal (written (), "");
    logger_strays (&strays, 10, 10000);
    assert_non_null (strstr (line_written (), "count: 6"));
}

static void gathered_lines_wait_for_the_flush (void **state)
{
    (void) state;
    logger_gather (true);
    logger_event (LOG_INFO, "a", LOG_SUCCESS, "n: 1");
    logger_event (LOG_INFO, "b", LOG_SUCCESS, "n: 2");
    assert_string_equal (written (), "");
    logger_flush ();
    char *first = written ();
    char *second = strchr (first, '\n') + 1;
    assert_string_equal (strchr (second, '\n'), "\n");
    assert_non_null (strstr (second, "action: b"));
    size_t size = strlen (first);
    logger_flush ();
    assert_int_equal (strlen (written ()), size);
    logger_event (LOG_INFO, "untrue", LOG_SUCCESS, NULL);
    logger_event_now (LOG_INFO, "at_once", LOG_SUCCESS, "n: %d", 3);
    assert_non_null (strstr (written (), "action: at_once | result: success | n: 3\n"));
    assert_null (strstr (written (), "untrue"));
    logger_discard ();
    logger_event (LOG_INFO, "c", LOG_SUCCESS, NULL);
    logger_gather (false);
    assert_null (strstr (written (), "untrue"));
    assert_non_null (strstr (written (), "action: c"));
}

/* Who asks the process is told what is so, and nothing that may not become so. */
static void gathered_lines_are_kept_once_they_leave (void **state)
{
    (void) state;
    const line_ring_t *kept = logger_kept ();
    const uint64_t before = line_ring_next (kept);
    logger_gather (true);
    logger_event (LOG_INFO, "a", LOG_SUCCESS, "n: 1");
    logger_mark ();
    logger_event (LOG_INFO, "b", LOG_SUCCESS, NULL);
    assert_int_equal (line_ring_next (kept), before);
    logger_flush_marked ();
    assert_int_equal (line_ring_next (kept), before + 1);
    logger_discard ();
    logger_event (LOG_WARNING, "c", LOG_FAIL, NULL);
    logger_gather (false);
    assert_int_equal (line_ring_next (kept), before + 2);

    char line[RING_LINE_BYTES_MAX], shown[LOGGER_SHOWN_BYTES];
    const size_t size = line_ring_get (kept, before + 1, line);
    shown[logger_show (bytes_of (line, size), shown)] = 0;
    assert_string_equal (shown + 13, " WARNING action: c | result: fail");
}

/* Whatever stands in a line, a document's value is not shown, and nothing else is lost;
   unless all of it is wanted. */
static void documents_are_hidden (void **state)
{
    (void) state;
    static const struct {
        const char *parts, *shown;
    } cases[] = {
        {"dni: 30904465", "dni: hidden"},
        {"dni: 30904465 | numero: 7574", "dni: hidden | numero: 7574"},
        {"n: 1 | document: a b c | documento: ",
         "n: 1 | document: hidden | documento: hidden"},
        {"dni: 1 | dni: 2 | dni: 3", "dni: hidden | dni: hidden | dni: hidden"},
        {"reason: dni: 1", "reason: dni: 1"},
        {"dnis: 3 | xdni: 4", "dnis: 3 | xdni: 4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        logger_event_parts (LOG_INFO, "a", LOG_SUCCESS, cases[i].parts);
        line_written ();
        char line[RING_LINE_BYTES_MAX], shown[LOGGER_SHOWN_BYTES], expected[256];
        const line_ring_t *kept = logger_kept ();
        const size_t size = line_ring_get (kept, line_ring_next (kept) - 1, line);
        shown[logger_show (bytes_of (line, size), shown)] = 0;
        snprintf (expected, sizeof expected, " INFO action: a | result: success | %s",
                  cases[i].shown);
        assert_string_equal (shown + 13, expected);
        shown[logger_show_whole (bytes_of (line, size), shown)] = 0;
        snprintf (expected, sizeof expected, " INFO action: a | result: success | %s",
                  cases[i].parts);
        assert_string_equal (shown + 13, expected);
    }
}

static void gathered_lines_keep_their_order (void **state)
{
    (void) state;
    logger_gather (true);
    for (int i = 0; i < 2000; i++)
        logger_event (LOG_INFO, "a", LOG_SUCCESS, "n: %d", i);
    assert_string_equal (written (), "");
    logger_flush ();

    char *rest = written ();
    for (int i = 0; i < 2000; i++) {
        char *line = strsep (&rest, "\n");
        assert_int_equal (parse (line), 3);
        assert_int_equal (atoi (strstr (line, "| n: ") + 5), i);
    }
    assert_string_equal (rest, "");
}

static void gathering_is_bounded_and_loses_nothing (void **state)
{
    (void) state;
    const off_t line_size =
        (off_t) (HEAD_BYTES + strlen ("action: a | result: success | n: \n") + 900);
    const int lines = 40000;

    logger_gather (true);
    for (int i = 0; i < lines; i++)
        logger_event (LOG_INFO, "a", LOG_SUCCESS, "n: %900d", i);
    off_t early = lseek (file, 0, SEEK_END);
    assert_true (early > 0 && early < lines * line_size);
    logger_flush ();
    assert_int_equal (lseek (file, 0, SEEK_END), lines * line_size);
}

static void no_stderr_is_no_matter (void **state)
{
    (void) state;
    close (STDERR_FILENO);
    logger_event (LOG_INFO, "a", LOG_SUCCESS, NULL);
    assert_int_equal (dup2 (file, STDERR_FILENO), STDERR_FILENO);
    assert_string_equal (written (), "");
}

#define LOG_TEST(test) cmocka_unit_test_setup_teardown (test, divert, restore)

int main (void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST (lines_have_their_form),
        LOG_TEST (results_and_parts),
        LOG_TEST (time_is_local),
        LOG_TEST (a_line_says_whose_it_is),
        LOG_TEST (lines_are_objects_when_asked_for),
        LOG_TEST (forms_have_names),
        LOG_TEST (values_cannot_break_out),
        LOG_TEST (long_lines_are_cut),
        LOG_TEST (a_first_part_without_colon_is_not_left),
        LOG_TEST (levels_hold_lines_back),
        LOG_TEST (levels_are_parsed_in_any_case),
        LOG_TEST (the_limit_counts),
        LOG_TEST (a_limited_line_says_what_was_not_written),
        LOG_TEST (strays_are_told_once_a_second),
        LOG_TEST (gathered_lines_wait_for_the_flush),
        LOG_TEST (gathered_lines_are_kept_once_they_leave),
        LOG_TEST (documents_are_hidden),
        LOG_TEST (gathered_lines_keep_their_order),
        LOG_TEST (gathering_is_bounded_and_loses_nothing),
        LOG_TEST (no_stderr_is_no_matter),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
