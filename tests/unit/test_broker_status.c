/* test_broker_status.c - what a broker says of itself. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "broker_status.h"
#include "mail.h"

#define BOOT      7
#define BEHIND_MS 1795000000000
#define AGENCIES  1000

static dispatcher_t *dispatcher;
static broker_status_t status;
static envelope_t handed; // the last request that a worker was given
static char text[800 * 1024];

static void to_client (void *context, bytes_t client, bytes_t message)
{
    (void) context, (void) client, (void) message;
}

static int to_peer (void *context, bytes_t peer, bundle_t *bundle)
{
    (void) context, (void) peer;
    bytes_t rest = bundle_bytes (bundle), encoded;
    envelope_t envelope;
    while (bundle_next (&rest, &envelope, &encoded) == 1)
        if (envelope.client != 0)
            handed = envelope;
    bundle_clear (bundle);
    return 0;
}

static void say (const char *peer, uint8_t role, const envelope_t *envelope,
                 const wire_message_t *message)
{
    bundle_t bundle = {0};
    bundle_write (&bundle, envelope, message);
    dispatcher_bundle (dispatcher, bytes_of (peer, strlen (peer)), role,
                       bundle_bytes (&bundle), 5000);
    bundle_clear (&bundle);
}

static void join (const char *peer, uint8_t role, const char *name)
{
    const envelope_t nobody = {0};
    const wire_message_t message = {
        .command = WIRE_JOIN,
        .join = {role, 64, 60000, bytes_of (name, strlen (name))}};
    const wire_message_t beat = {.command = WIRE_BEAT, .beat = {11, 22, 33, 4400, 55}};
    say (peer, ROLE_ANY, &nobody, &message);
    say (peer, ROLE_ANY, &nobody, &beat);
}

static wire_code_t ask (const char *client, uint32_t agency, const char *address)
{
    const wire_message_t asked = {.command = WIRE_READY, .agency = agency, .draw = 9};
    const sender_t sender = {.address = address};
    zmq_msg_t message;
    zmq_msg_init_size (&message, wire_size (&asked));
    wire_encode (&asked, zmq_msg_data (&message));
    const wire_code_t code = dispatcher_request (
        dispatcher, bytes_of (client, strlen (client)), sender, &message);
    zmq_msg_close (&message);
    return code;
}

static int begin (void **state)
{
    (void) state;
    const dispatcher_options_t options = {
        .boot = BOOT,
        .limits = {.window = 16, .message_bytes_max = 8192, .rows_max = 100},
        .to_client = to_client,
        .to_peer = to_peer};
    dispatcher = dispatcher_new (&options, 5000);
    status = (broker_status_t){.dispatcher = dispatcher,
                               .connections = 12,
                               .strangers = 3,
                               .undelivered = 4,
                               .behind_ms = BEHIND_MS};
    join ("storage", ROLE_STORAGE, "");
    join ("state", ROLE_STATE, "");
    return 0;
}

static int end (void **state)
{
    (void) state;
    dispatcher_destroy (&dispatcher);
    return 0;
}

/* All that it says, in pages of so many bytes; how many pages in `*pages`. */
static const char *told (size_t page_bytes, int *pages)
{
    size_t size = 0;
    uint64_t position = 0;
    *pages = 0;
    for (bool more = true; more; ++*pages) {
        metrics_page_t page = {.text = text + size, .capacity = page_bytes};
        for (;;) {
            const size_t mark = page.size;
            const uint64_t here = position;
            more = broker_status_metrics (&status, 0, &position, &page);
            if (!more || page.full) {
                page.size = more ? mark : page.size;
                position = more ? here : position;
                break;
            }
        }
        size += page.size;
        assert_true (size < sizeof text - page_bytes);
    }
    text[size] = 0;
    return text;
}

static void assert_says (const char *line)
{
    int pages;
    if (!strstr (told (REPORT_BYTES_MAX, &pages), line))
        fail_msg ("nothing says %s in:\n%s", line, text);
}

static void assert_silent (const char *what)
{
    int pages;
    if (strstr (told (REPORT_BYTES_MAX, &pages), what))
        fail_msg ("%s is said in:\n%s", what, text);
}

static void counters_are_told (void **state)
{
    (void) state;
    assert_int_equal (ask ("c", 4, "10.0.0.7"), REFUSED_OK);
    assert_says ("loteria_requests_total 1\n");
    assert_says ("loteria_queue_requests 1\n");
    assert_says ("loteria_connections 12\n");
    assert_says ("loteria_strangers_total 3\n");
    assert_says ("loteria_undelivered_total 4\n");
    assert_says ("loteria_part_up{part=\"storage\"} 1\n");
    assert_says ("loteria_part_up{part=\"state\"} 1\n");
    assert_says ("loteria_part_up{part=\"worker\"} 0\n");
    assert_says ("loteria_refused_total{code=\"CONFLICT\"} 0\n");
}

static void agencies_are_told_while_they_are_there (void **state)
{
    (void) state;
    ask ("c", 4, "10.0.0.7");
    ask ("d", 2, NULL);
    assert_says ("loteria_agency_connected{agency=\"2\",address=\"\",key=\"\"} 1\n");
    assert_says (
        "loteria_agency_connected{agency=\"4\",address=\"10.0.0.7\",key=\"\"} 1\n");
    assert_says ("loteria_agency_last_word_timestamp_seconds{agency=\"4\"} "
                 "1795000005.000\n");
    assert_says ("loteria_agency_queue_requests{agency=\"4\"} 1\n");
    dispatcher_leave (dispatcher, bytes_of ("c", 1));
    assert_silent ("agency=\"4\"");
    assert_says ("agency=\"2\"");
}

static void workers_are_told_with_what_they_say (void **state)
{
    (void) state;
    join ("w", ROLE_WORKER, "sol/4711");
    ask ("c", 4, NULL);
    dispatcher_dispatch (dispatcher, 5000);
    assert_says ("loteria_worker_up{worker=\"sol/4711\"} 1\n");
    assert_says ("loteria_worker_in_flight{worker=\"sol/4711\"} 1\n");
    assert_says ("loteria_worker_credit{worker=\"sol/4711\"} 64\n");
    assert_says ("loteria_worker_answered_total{worker=\"sol/4711\"} 0\n");
    assert_says ("loteria_worker_batches_total{worker=\"sol/4711\"} 11\n");
    assert_says ("loteria_worker_bets_total{worker=\"sol/4711\"} 22\n");
    assert_says ("loteria_worker_refused_total{worker=\"sol/4711\"} 33\n");
    assert_says ("loteria_worker_cpu_seconds_total{worker=\"sol/4711\"} 4.400\n");
    assert_says ("loteria_worker_memory_bytes{worker=\"sol/4711\"} 55\n");
    assert_says ("loteria_part_up{part=\"worker\"} 1\n");
    const wire_message_t waiting = {.command = WIRE_WAITING, .agency = 4};
    say ("state", ROLE_ANY, &handed, &waiting);
    assert_says ("loteria_worker_in_flight{worker=\"sol/4711\"} 0\n");
    assert_says ("loteria_worker_answered_total{worker=\"sol/4711\"} 1\n");
    const envelope_t nobody = {0};
    const wire_message_t leave = {.command = WIRE_LEAVE};
    say ("w", ROLE_ANY, &nobody, &leave);
    assert_silent ("sol/4711");
}

/* Who hangs is told of with what it had, until it is back; it goes on counting. */
static void a_worker_that_fell_silent_is_told_as_away (void **state)
{
    (void) state;
    join ("w", ROLE_WORKER, "sol/4711");
    ask ("c", 4, NULL);
    dispatcher_dispatch (dispatcher, 5000);
    const wire_message_t waiting = {.command = WIRE_WAITING, .agency = 4};
    say ("state", ROLE_ANY, &handed, &waiting);
    ask ("c", 4, NULL);
    dispatcher_dispatch (dispatcher, 5000);
    const int64_t silent_ms = 5000 + HEARTBEATS_MISSED * 60000;
    dispatcher_expire (dispatcher, silent_ms);
    assert_int_equal (dispatcher_workers (dispatcher), 0);
    assert_says ("loteria_worker_up{worker=\"sol/4711\"} 0\n");
    assert_says ("loteria_worker_in_flight{worker=\"sol/4711\"} 1\n");
    assert_says ("loteria_worker_answered_total{worker=\"sol/4711\"} 1\n");
    assert_says ("loteria_worker_last_word_timestamp_seconds{worker=\"sol/4711\"} "
                 "1795000005.000\n");
    assert_says ("loteria_part_up{part=\"worker\"} 0\n");
    join ("w", ROLE_WORKER, "sol/4711");
    assert_says ("loteria_worker_up{worker=\"sol/4711\"} 1\n");
    assert_silent ("loteria_worker_up{worker=\"sol/4711\"} 0\n");
    assert_says ("loteria_worker_in_flight{worker=\"sol/4711\"} 0\n");
    assert_says ("loteria_worker_answered_total{worker=\"sol/4711\"} 1\n");
}

static void who_was_away_for_long_is_forgotten (void **state)
{
    (void) state;
    join ("w", ROLE_WORKER, "sol/4711");
    dispatcher_expire (dispatcher, 5000 + HEARTBEATS_MISSED * 60000);
    assert_says ("sol/4711");
    dispatcher_expire (dispatcher, 5000 + ABSENT_MS);
    assert_silent ("sol/4711");
}

/* A worker that comes back before its old connection is given up. No two lines may have
   the same labels. */
static void the_latest_of_a_name_is_told (void **state)
{
    (void) state;
    join ("w1", ROLE_WORKER, "sol/1");
    join ("w2", ROLE_WORKER, "sol/1");
    join ("w3", ROLE_WORKER, "");
    join ("w4", ROLE_WORKER, "");
    int pages;
    const char *first =
        strstr (told (REPORT_BYTES_MAX, &pages), "loteria_worker_up{worker=\"sol/1\"}");
    assert_non_null (first);
    assert_null (strstr (first + 1, "loteria_worker_up{worker=\"sol/1\"}"));
    assert_says ("loteria_worker_up{worker=\"worker-2\"} 1\n");
    assert_says ("loteria_worker_up{worker=\"worker-3\"} 1\n");
}

/* However small the pages are, the same is told, each thing once. */
static void pages_tell_the_same (void **state)
{
    (void) state;
    static char whole[sizeof text];
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        char client[16];
        snprintf (client, sizeof client, "c%u", agency);
        ask (client, agency, "10.0.0.7");
    }
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf (name, sizeof name, "sol/%d", i);
        join (name, ROLE_WORKER, name);
    }
    int pages;
    strcpy (whole, told (300 * 1024, &pages));
    assert_int_equal (pages, 1);
    for (size_t size = 4096; size <= 32768; size *= 2) {
        assert_string_equal (told (size, &pages), whole);
        assert_true (pages > 3);
    }
}

static void any_position_may_be_asked_for (void **state)
{
    (void) state;
    join ("w", ROLE_WORKER, "sol/1");
    ask ("c", 4, NULL);
    for (uint64_t section = 0; section < 9; section++)
        for (uint64_t place = 0; place <= UINT32_MAX; place += UINT32_MAX) {
            uint64_t position = section << 32 | place;
            metrics_page_t page = {.text = text, .capacity = sizeof text};
            while (broker_status_metrics (&status, 0, &position, &page))
                ;
        }
    uint64_t position = UINT64_MAX;
    metrics_page_t page = {.text = text, .capacity = sizeof text};
    assert_false (broker_status_metrics (&status, 0, &position, &page));
}

static void refusals_are_told (void **state)
{
    (void) state;
    const wire_message_t welcome = {.command = WIRE_WELCOME,
                                    .agency = 4,
                                    .draw = 9,
                                    .welcome = {.name = bytes_of ("noche", 5)}};
    const wire_message_t closed = {.command = WIRE_REFUSED,
                                   .agency = 4,
                                   .draw = 9,
                                   .refused = {.code = REFUSED_CLOSED,
                                               .command = WIRE_BATCH,
                                               .text = bytes_of ("closed", 6)}};
    join ("w", ROLE_WORKER, "sol/1");
    ask ("c", 4, "10.0.0.7");
    dispatcher_dispatch (dispatcher, 5000);
    say ("storage", ROLE_ANY, &handed, &welcome);
    say ("storage", ROLE_ANY, &handed, &closed);
    dispatcher_refuse (dispatcher, bytes_of ("x", 1), (sender_t){.address = "10.0.0.9"},
                       REFUSED_FRAMES, 10);
    assert_says ("loteria_refused_total{code=\"CLOSED\"} 1\n");
    assert_says ("loteria_refused_total{code=\"FRAMES\"} 1\n");
    static const char *const lines[] = {
        "1795000005000 agency: 4 | draw: noche | code: CLOSED | command: BATCH | row: "
        "0 "
        "| field: 0 | offset: 0 | address: 10.0.0.7 | reason: closed",
        "1795000005000 agency: 0 | draw:  | code: FRAMES | command: ? | row: 0 | "
        "field: "
        "0 | offset: 0 | address: 10.0.0.9 | reason: a message is one frame"};
    const line_ring_t *kept = turned_down_kept (dispatcher_view (dispatcher).refusals);
    for (uint64_t i = 0; i < 2; i++) {
        char bytes[RING_LINE_BYTES_MAX], line[LOGGER_SHOWN_BYTES];
        const size_t size = line_ring_get (kept, i, bytes);
        line[broker_status_refusal (&status, bytes_of (bytes, size), line)] = 0;
        assert_string_equal (line, lines[i]);
    }
}

/* Whatever an operator's key sends in a bundle: he joins nobody, and is told nothing.
 */
static void an_operator_is_heard_for_nothing_else (void **state)
{
    (void) state;
    const envelope_t nobody = {0};
    const uint64_t strays = dispatcher_counts (dispatcher)->strays;
    static const uint8_t commands[] = {WIRE_JOIN, WIRE_BEAT, WIRE_LEAVE, WIRE_WAITING};
    for (size_t i = 0; i < sizeof commands; i++) {
        const wire_message_t message = {.command = commands[i],
                                        .join = {.role = ROLE_WORKER}};
        say ("operator", ROLE_OPERATOR, &nobody, &message);
    }
    assert_int_equal (dispatcher_counts (dispatcher)->strays, strays + sizeof commands);
    assert_int_equal (dispatcher_workers (dispatcher), 0);
}

#define STATUS_TEST(test) cmocka_unit_test_setup_teardown (test, begin, end)

int main (void)
{
    logger_set_level (LOG_CRITICAL);
    const struct CMUnitTest tests[] = {
        STATUS_TEST (counters_are_told),
        STATUS_TEST (agencies_are_told_while_they_are_there),
        STATUS_TEST (workers_are_told_with_what_they_say),
        STATUS_TEST (a_worker_that_fell_silent_is_told_as_away),
        STATUS_TEST (who_was_away_for_long_is_forgotten),
        STATUS_TEST (the_latest_of_a_name_is_told),
        STATUS_TEST (pages_tell_the_same),
        STATUS_TEST (any_position_may_be_asked_for),
        STATUS_TEST (refusals_are_told),
        STATUS_TEST (an_operator_is_heard_for_nothing_else),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
