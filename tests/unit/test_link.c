/* test_link.c - link.c: the events are those that libzmq 4.3.4 was seen to send */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <zmq.h>

#include "bounds.h"
#include "link.h"

#define DELAYED   ZMQ_EVENT_CONNECT_DELAYED
#define CLOSED    ZMQ_EVENT_CLOSED
#define RETRIED   ZMQ_EVENT_CONNECT_RETRIED
#define CONNECTED ZMQ_EVENT_CONNECTED
#define ENDED     ZMQ_EVENT_DISCONNECTED
#define SHAKEN    ZMQ_EVENT_HANDSHAKE_SUCCEEDED
#define UNKEYED   ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
#define WRONG     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
#define CUT       ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
#define MISMATCH  ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH
#define EVENTS    16

static link_t link_;
static int64_t now_ms;

static int setup (void **state)
{
    (void) state;
    now_ms = 5000;
    link_start (&link_, false, false);
    return 0;
}

static void see (const unsigned *events)
{
    for (int i = 0; events[i] && i < EVENTS; i++)
        link_event (&link_, events[i], events[i] == WRONG ? MISMATCH : 0, now_ms);
}

static void what_happens_is_understood (void **state)
{
    (void) state;
    static const struct {
        bool named, keyed;
        unsigned events[EVENTS];
        link_state_t state;
    } cases[] = {
        {false, false, {0}, LINK_TRYING},
        {false, false, {DELAYED}, LINK_TRYING},
        {false, false, {DELAYED, CLOSED, RETRIED}, LINK_REFUSED},
        {false, false, {CLOSED, RETRIED}, LINK_REFUSED}, // ipc
        {true, false, {RETRIED}, LINK_NAME},
        {false, false, {RETRIED}, LINK_HERE},
        {false, false, {DELAYED, CONNECTED}, LINK_MUTE},
        {false, false, {DELAYED, CONNECTED, SHAKEN}, LINK_UP},
        {false, true, {DELAYED, CONNECTED, SHAKEN}, LINK_UP},
        {false, false, {DELAYED, CONNECTED, CUT, ENDED, RETRIED}, LINK_CUT},
        {false, true, {DELAYED, CONNECTED, CUT, ENDED, RETRIED}, LINK_CUT},
        {false,
         true,
         {DELAYED, CONNECTED, CUT, ENDED, RETRIED, DELAYED, CONNECTED, CUT, ENDED},
         LINK_OTHER_KEY},
        {false,
         true,
         {CONNECTED, CUT, ENDED, RETRIED, DELAYED, CLOSED, RETRIED},
         LINK_REFUSED},
        {false, false, {DELAYED, CONNECTED, WRONG, ENDED}, LINK_KEYS_THERE},
        {false, true, {DELAYED, CONNECTED, WRONG, ENDED}, LINK_KEYS_HERE},
        {false, true, {DELAYED, CONNECTED, UNKEYED, ENDED}, LINK_NOT_ADMITTED},
        {false, false, {DELAYED, CONNECTED, ENDED}, LINK_FOREIGN}, // a PUB, say
        {false, false, {CONNECTED, SHAKEN, ENDED, RETRIED}, LINK_LOST},
        {false,
         false,
         {CONNECTED, SHAKEN, ENDED, RETRIED, DELAYED, CLOSED, RETRIED},
         LINK_REFUSED},
        {true, false, {CONNECTED, SHAKEN, ENDED, RETRIED, RETRIED}, LINK_NAME},
        {false,
         true,
         {CONNECTED, UNKEYED, ENDED, DELAYED, CONNECTED},
         LINK_NOT_ADMITTED}, // until it is seen to be otherwise
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        link_start (&link_, cases[i].named, cases[i].keyed);
        see (cases[i].events);
        if (link_state (&link_) != cases[i].state)
            fail_msg ("case %zu: %s", i, link_reason (link_state (&link_)));
    }
}

static void another_error_of_the_protocol_is_no_matter_of_keys (void **state)
{
    (void) state;
    link_event (&link_, WRONG, ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED, now_ms);
    assert_int_equal (link_state (&link_), LINK_FOREIGN);
}

static void the_time_it_takes_tells_a_refusal_from_silence (void **state)
{
    (void) state;
    see ((unsigned[]){DELAYED, 0});
    now_ms += CONNECT_MS;
    see ((unsigned[]){CLOSED, RETRIED, 0});
    assert_int_equal (link_state (&link_), LINK_NOBODY);

    see ((unsigned[]){DELAYED, CONNECTED, 0});
    now_ms += HANDSHAKE_MS;
    see ((unsigned[]){CUT, ENDED, RETRIED, 0});
    assert_int_equal (link_state (&link_), LINK_MUTE);
}

static void what_zeromq_does_not_try_again_is_tried_again (void **state)
{
    (void) state;
    static const unsigned ends[][EVENTS] = {
        {CONNECTED, UNKEYED, ENDED}, {CONNECTED, WRONG, ENDED}, {CONNECTED, ENDED}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        link_start (&link_, true, true);
        see (ends[i]);
        for (int j = 0; j < 3; j++) { // and again, if nothing at all comes of it
            assert_int_equal (link_turn (&link_, now_ms), LINK_STAY);
            assert_int_equal (link_.stuck_ms, now_ms + CONNECT_RETRY_MS_MAX);
            now_ms += CONNECT_RETRY_MS_MAX;
            assert_int_equal (link_turn (&link_, now_ms), LINK_AGAIN);
        }
    }
}

static void what_zeromq_tries_again_is_left_to_it (void **state)
{
    (void) state;
    static const unsigned ends[][EVENTS] = {{0},
                                            {DELAYED, CLOSED, RETRIED},
                                            {RETRIED},
                                            {CONNECTED, CUT, ENDED, RETRIED},
                                            {CONNECTED, SHAKEN, ENDED, RETRIED},
                                            {CONNECTED, SHAKEN}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        link_start (&link_, false, false);
        see (ends[i]);
        assert_int_equal (link_turn (&link_, now_ms + 3600000), LINK_STAY);
        assert_int_equal (link_.stuck_ms, INT64_MAX);
    }
}

/* At once the first time, then not in a flood; and it stays with what worked. */
static void a_name_is_gone_to_by_both_families_in_turn (void **state)
{
    (void) state;
    link_start (&link_, true, false);
    assert_false (link_.ipv6); // what listens on localhost listens there, as a rule
    see ((unsigned[]){DELAYED, CLOSED, RETRIED, 0});
    assert_int_equal (link_turn (&link_, now_ms), LINK_OTHER_FAMILY);
    assert_true (link_.ipv6);
    assert_int_equal (link_turn (&link_, now_ms), LINK_STAY);

    see ((unsigned[]){RETRIED, 0}); // it has none of IPv6
    assert_int_equal (link_state (&link_), LINK_REFUSED);

    int turns = 0;
    for (int i = 0; i < 600; i++) { // a minute of failures, ten a second
        now_ms += 100;
        see ((unsigned[]){RETRIED, 0});
        turns += link_turn (&link_, now_ms) == LINK_OTHER_FAMILY;
    }
    assert_in_range (turns, 10, 30);

    const bool ipv6 = link_.ipv6;
    see ((unsigned[]){DELAYED, CONNECTED, SHAKEN, 0});
    assert_int_equal (link_turn (&link_, now_ms), LINK_STAY);
    assert_int_equal (link_.ipv6, ipv6);
    see ((unsigned[]){ENDED, RETRIED, 0}); // a restart, say: no attempt has failed yet
    assert_int_equal (link_turn (&link_, now_ms), LINK_STAY);
    see ((unsigned[]){DELAYED, CLOSED, RETRIED, 0});
    assert_int_equal (link_turn (&link_, now_ms), LINK_OTHER_FAMILY);
}

static void an_address_has_one_family (void **state)
{
    (void) state;
    for (int i = 0; i < 10; i++) {
        see ((unsigned[]){DELAYED, CLOSED, RETRIED, 0});
        assert_int_equal (link_turn (&link_, now_ms += 10000), LINK_STAY);
    }
}

static void each_state_has_its_own_reason (void **state)
{
    (void) state;
    for (link_state_t a = LINK_TRYING; a <= LINK_UP; a++)
        for (link_state_t b = LINK_TRYING; b < a; b++)
            assert_string_not_equal (link_reason (a), link_reason (b));
    for (link_state_t a = LINK_TRYING; a <= LINK_UP; a++)
        assert_null (strpbrk (link_reason (a), "|:\n"));
    assert_true (link_needs_help (LINK_OTHER_KEY));
    assert_true (link_needs_help (LINK_NOT_ADMITTED));
    assert_false (link_needs_help (LINK_REFUSED));
    assert_false (link_needs_help (LINK_LOST));
    assert_false (link_needs_help (LINK_UP));
}

#define LINK_TEST(name) cmocka_unit_test_setup (name, setup)

int main (void)
{
    const struct CMUnitTest tests[] = {
        LINK_TEST (what_happens_is_understood),
        LINK_TEST (another_error_of_the_protocol_is_no_matter_of_keys),
        LINK_TEST (the_time_it_takes_tells_a_refusal_from_silence),
        LINK_TEST (what_zeromq_does_not_try_again_is_tried_again),
        LINK_TEST (what_zeromq_tries_again_is_left_to_it),
        LINK_TEST (a_name_is_gone_to_by_both_families_in_turn),
        LINK_TEST (an_address_has_one_family),
        LINK_TEST (each_state_has_its_own_reason),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
