/* test_self_report.c - STATUS and its answer: pages, lines, what is lost. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <cmocka.h>

#include "clock.h"
#include "logger.h"
#include "self_report.h"

#define AGENCIES 3000

static char text[REPORT_BYTES_MAX];
static bool present[2 * AGENCIES]; // which agencies there are
static uint64_t asked_draw;

/* An enumeration as a process has it: positions are agencies' numbers. */
static bool put_agency (void *context, uint64_t draw, uint64_t *position,
                        metrics_page_t *page)
{
    (void) context;
    asked_draw = draw;
    uint64_t agency = *position;
    while (agency < 2 * AGENCIES && !present[agency])
        agency++;
    if (agency >= 2 * AGENCIES)
        return false;
    metrics_put (page, METRIC_AGENCY_BETS, agency, "noche", METRIC_NUMBER (agency));
    metrics_put (page, METRIC_AGENCY_CANCELLED, 0, "noche", METRIC_NUMBER (agency));
    *position = agency + 1;
    return true;
}

static wire_code_t knows (void *context, uint64_t draw)
{
    (void) context;
    return draw == 7 ? REFUSED_OK : REFUSED_HELLO;
}

static const self_report_t whole = {.metrics = put_agency, .knows = knows};

static wire_message_t ask (const self_report_t *source, uint8_t subject, uint64_t from,
                           uint64_t draw)
{
    const wire_message_t status = {.command = WIRE_STATUS,
                                   .draw = draw,
                                   .status = {.subject = subject, .from = from}};
    const wire_message_t answer = self_report_answer (source, &status, text);
    uint8_t buffer[WIRE_REPORT_BYTES + REPORT_BYTES_MAX];
    wire_message_t again;
    assert_true (wire_size (&answer) <= sizeof buffer);
    const size_t size = wire_encode (&answer, buffer);
    assert_int_equal (wire_decode (bytes_of (buffer, size), &again), REFUSED_OK);
    return answer;
}

static bool says (const wire_message_t *answer, const char *what)
{
    const bytes_t page = answer->report.text;
    return memmem (page.data, page.size, what, strlen (what)) != NULL;
}

/* How often each agency's bets stand in the page. */
static void count (const wire_message_t *answer, int seen[2 * AGENCIES])
{
    static char page[REPORT_BYTES_MAX + 1];
    memcpy (page, answer->report.text.data, answer->report.text.size);
    page[answer->report.text.size] = 0;
    static const char start[] = "loteria_agency_bets{draw=\"noche\",agency=\"";
    for (const char *at = page; (at = strstr (at, start)); at++)
        seen[atoi (at + strlen (start))]++;
}

static int begin (void **state)
{
    (void) state;
    for (size_t i = 0; i < 2 * AGENCIES; i++)
        present[i] = i % 2;
    return 0;
}

/* Agencies that appear and go between two pages: none of the others is missed, none is
   told twice. */
static void pages_go_on_where_they_were (void **state)
{
    (void) state;
    static int seen[2 * AGENCIES];
    memset (seen, 0, sizeof seen);
    uint64_t from = 0;
    int pages = 0;
    for (bool more = true; more; pages++) {
        const wire_message_t answer = ask (&whole, STATUS_METRICS, from, 0);
        assert_int_equal (answer.command, WIRE_REPORT);
        assert_int_equal (says (&answer, "process_cpu_seconds_total "), pages == 0);
        assert_int_equal (
            says (&answer, "loteria_build_info{version=\"" LOTERIA_VERSION "\"} 1\n"),
            pages == 0);
        count (&answer, seen);
        more = answer.report.more;
        assert_int_equal (answer.report.next != 0, more);
        from = answer.report.next;
        present[10 + 2 * pages] = true;    // long past
        present[2 * AGENCIES - 2] = true;  // yet to come
        present[2 * AGENCIES - 1] = false; // gone
    }
    assert_in_range (pages, 5, 40);
    for (int i = 1; i < 2 * AGENCIES - 1; i += 2)
        assert_int_equal (seen[i], 1);
    assert_int_equal (seen[10], 0);
    assert_int_equal (seen[2 * AGENCIES - 2], 1);
    assert_int_equal (seen[2 * AGENCIES - 1], 0);
}

static void a_page_holds_whole_things (void **state)
{
    (void) state;
    const wire_message_t answer = ask (&whole, STATUS_METRICS, 0, 0);
    char last[64];
    const char *end = (const char *) answer.report.text.data + answer.report.text.size;
    snprintf (last, sizeof last, "cancelled{draw=\"noche\",agency=\"%llu\"} 0\n",
              (unsigned long long) answer.report.next - 2); // its bets are there, too
    assert_memory_equal (end - strlen (last), last, strlen (last));
}

static void any_position_may_come (void **state)
{
    (void) state;
    static const uint64_t froms[] = {1, 2 * AGENCIES, UINT64_MAX / 2, UINT64_MAX - 1,
                                     UINT64_MAX};
    for (size_t i = 0; i < sizeof froms / sizeof *froms; i++) {
        const wire_message_t answer = ask (&whole, STATUS_METRICS, froms[i], 0);
        assert_int_equal (answer.command, WIRE_REPORT);
        assert_int_equal (answer.report.more, i == 0);
    }
}

static bool put_nothing (void *context, uint64_t draw, uint64_t *position,
                         metrics_page_t *page)
{
    (void) context, (void) draw, (void) page;
    return (*position)++ < 3 * REPORT_PIECES_MAX; // things of which nothing is known
}

/* Looking for what is to be told takes no longer than a page may. */
static void a_long_search_is_cut (void **state)
{
    (void) state;
    const self_report_t source = {.metrics = put_nothing};
    wire_message_t answer = ask (&source, STATUS_METRICS, 0, 0);
    int pages = 1;
    for (; answer.report.more; pages++)
        answer = ask (&source, STATUS_METRICS, answer.report.next, 0);
    assert_int_equal (pages, 4);
}

static void a_draw_is_asked_for_alone (void **state)
{
    (void) state;
    wire_message_t answer = ask (&whole, STATUS_METRICS, 0, 7);
    assert_int_equal (answer.draw, 7);
    assert_int_equal (asked_draw, 7);
    assert_false (says (&answer, "process_"));
    answer = ask (&whole, STATUS_METRICS, 0, 8);
    assert_int_equal (answer.command, WIRE_REFUSED);
    assert_int_equal (answer.refused.code, REFUSED_HELLO);
    assert_int_equal (answer.refused.command, WIRE_STATUS);
    const self_report_t bare = {0};
    answer = ask (&bare, STATUS_METRICS, 0, 7);
    assert_int_equal (answer.refused.code, REFUSED_DRAW);
}

static void a_process_without_metrics_tells_of_itself (void **state)
{
    (void) state;
    const self_report_t bare = {0};
    const wire_message_t answer = ask (&bare, STATUS_METRICS, 0, 0);
    assert_false (answer.report.more);
    assert_true (says (&answer, "process_resident_memory_bytes "));
    assert_true (says (&answer, "process_max_fds "));
    const wire_message_t refusals = ask (&bare, STATUS_REFUSALS, 0, 0);
    assert_int_equal (refusals.report.text.size, 0);
    assert_int_equal (refusals.report.next, 0);
}

static void refusals_are_read_by_their_ordinals (void **state)
{
    (void) state;
    line_ring_t *ring = line_ring_new (4, 4096);
    const self_report_t source = {.refusals = ring};
    for (int i = 0; i < 6; i++) {
        char line[32];
        snprintf (line, sizeof line, "%d agency: %d", i, i);
        line_ring_put (ring, bytes_of (line, strlen (line)));
    }
    static const struct {
        uint64_t from, lost;
        const char *expected;
    } cases[] = {{0, 2, "2 agency: 2\n3 agency: 3\n4 agency: 4\n5 agency: 5\n"},
                 {2, 0, "2 agency: 2\n3 agency: 3\n4 agency: 4\n5 agency: 5\n"},
                 {5, 0, "5 agency: 5\n"},
                 {6, 0, ""},
                 {STATUS_FROM_NOW, 0, ""},
                 // of a process that was here before
                 {700, 0, "2 agency: 2\n3 agency: 3\n4 agency: 4\n5 agency: 5\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const wire_message_t answer = ask (&source, STATUS_REFUSALS, cases[i].from, 0);
        assert_int_equal (answer.report.text.size, strlen (cases[i].expected));
        if (answer.report.text.size > 0)
            assert_memory_equal (text, cases[i].expected, strlen (cases[i].expected));
        assert_int_equal (answer.report.next, 6);
        assert_int_equal (answer.report.lost, cases[i].lost);
        assert_int_equal (answer.report.more, 0);
    }
    line_ring_destroy (&ring);
}

/* In place of clock.c's: the minute in which documents were shown goes by here. */
static int64_t now_ms = 1000;

int64_t clock_ms (void)
{
    return now_ms;
}

int64_t clock_us (void)
{
    return now_ms * 1000;
}

uint64_t clock_wall_ms (void)
{
    return 1795000000000 + (uint64_t) now_ms;
}

int clock_timeout (int64_t from_ms, int64_t deadline_ms)
{
    return deadline_ms > from_ms ? (int) (deadline_ms - from_ms) : 0;
}

static void log_quietly (const char *parts)
{
    const int usual = dup (STDERR_FILENO), nowhere = open ("/dev/null", O_WRONLY);
    assert_int_equal (dup2 (nowhere, STDERR_FILENO), STDERR_FILENO);
    logger_event_parts (LOG_INFO, "a", LOG_SUCCESS, parts);
    dup2 (usual, STDERR_FILENO);
    close (usual);
    close (nowhere);
}

static uint64_t lines (void)
{
    return line_ring_next (logger_kept ());
}

/* Who asks for documents is shown them, and that is logged: once a minute, however
   often somebody asks. Nobody else leaves a trace, and neither does who was shown none.
 */
static void documents_are_shown_to_who_asks_for_them (void **state)
{
    (void) state;
    const self_report_t bare = {0};
    logger_set_level (LOG_INFO);
    const uint64_t first = lines ();
    log_quietly ("n: 1");
    ask (&bare, STATUS_DOCUMENTS, first, 0);
    assert_int_equal (lines (), first + 1);
    log_quietly ("dni: 30904465 | numero: 7");
    ask (&bare, STATUS_LINES, first, 0);
    ask (&bare, STATUS_DOCUMENTS, STATUS_FROM_NOW, 0);
    assert_int_equal (lines (), first + 2);

    wire_message_t answer = ask (&bare, STATUS_DOCUMENTS, first, 0);
    assert_int_equal (answer.report.subject, STATUS_DOCUMENTS);
    assert_true (says (&answer, "1795000001000 INFO action: a | result: success | "
                                "dni: 30904465 | numero: 7\n"));
    assert_int_equal (answer.report.next, first + 2);
    assert_int_equal (lines (), first + 3);
    answer = ask (&bare, STATUS_LINES, first + 1, 0);
    assert_true (says (&answer, "| dni: hidden | numero: 7\n"));
    assert_true (says (&answer, "INFO action: eventos | result: success | "
                                "documents: shown\n"));
    now_ms += 59999;
    ask (&bare, STATUS_DOCUMENTS, first, 0);
    assert_int_equal (lines (), first + 3);
    now_ms += 1;
    ask (&bare, STATUS_DOCUMENTS, first, 0);
    ask (&bare, STATUS_DOCUMENTS, first, 0);
    assert_int_equal (lines (), first + 4);
}

/* The log's latest lines, page by page, each once; documents are nobody's business. */
static void log_lines_are_told_without_documents (void **state)
{
    (void) state;
    const self_report_t bare = {0};
    const int usual = dup (STDERR_FILENO), nowhere = open ("/dev/null", O_WRONLY);
    assert_int_equal (dup2 (nowhere, STDERR_FILENO), STDERR_FILENO);
    logger_set_level (LOG_INFO);
    const uint64_t before = ask (&bare, STATUS_LINES, STATUS_FROM_NOW, 0).report.next;
    logger_event (LOG_DEBUG, "unseen", LOG_SUCCESS, NULL);
    for (int i = 0; i < 2 * LINES_KEPT; i++)
        logger_event (LOG_WARNING, "apuesta_almacenada", LOG_SUCCESS,
                      "dni: 3090446%d | numero: %d | note: dni: 1 | documento: 12",
                      i % 10, i);
    dup2 (usual, STDERR_FILENO);
    close (usual);
    close (nowhere);
    uint64_t from = before;
    int line = LINES_KEPT;
    for (bool more = true; more;) {
        const wire_message_t answer = ask (&bare, STATUS_LINES, from, 0);
        assert_int_equal (answer.report.lost, from == before ? LINES_KEPT : 0);
        assert_false (says (&answer, "3090446"));
        const char *at = text, *end = text + answer.report.text.size;
        for (; at < end; at = (const char *) memchr (at, '\n', 1024) + 1) {
            char expected[128];
            const int size = snprintf (
                expected, sizeof expected,
                " WARNING action: apuesta_almacenada | result: success | dni: hidden | "
                "numero: %d | note: dni: 1 | documento: hidden\n",
                line++);
            assert_int_equal (strspn (at, "0123456789"), 13);
            assert_memory_equal (at + 13, expected, (size_t) size);
        }
        from = answer.report.next;
        more = answer.report.more;
    }
    assert_int_equal (line, 2 * LINES_KEPT);
    assert_int_equal (from, before + 2 * LINES_KEPT);
}

#define REPORT_TEST(test) cmocka_unit_test_setup (test, begin)

int main (void)
{
    logger_set_level (LOG_CRITICAL);
    const struct CMUnitTest tests[] = {
        REPORT_TEST (pages_go_on_where_they_were),
        REPORT_TEST (a_page_holds_whole_things),
        REPORT_TEST (any_position_may_come),
        REPORT_TEST (a_long_search_is_cut),
        REPORT_TEST (a_draw_is_asked_for_alone),
        REPORT_TEST (a_process_without_metrics_tells_of_itself),
        REPORT_TEST (refusals_are_read_by_their_ordinals),
        REPORT_TEST (log_lines_are_told_without_documents),
        REPORT_TEST (documents_are_shown_to_who_asks_for_them),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
