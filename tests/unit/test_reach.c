/* test_reach.c - reach.c: the events are those that libzmq 4.3.4 was seen to send */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <zmq.h>

#include "bounds.h"
#include "reach.h"

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

static reach_t reach;
static int64_t now_ms;

static int setup (void **state)
{
    (void) state;
    now_ms = 5000;
    reach_start (&reach, false, false);
    return 0;
}

static void see (const unsigned *events)
{
    for (int i = 0; events[i] && i < EVENTS; i++)
        reach_event (&reach, events[i], events[i] == WRONG ? MISMATCH : 0, now_ms);
}

static void what_happens_is_understood (void **state)
{
    (void) state;
    static const struct {
        bool named, keyed;
        unsigned events[EVENTS];
        reach_state_t state;
    } cases[] = {
        {false, false, {0}, REACH_TRYING},
        {false, false, {DELAYED}, REACH_TRYING},
        {false, false, {DELAYED, CLOSED, RETRIED}, REACH_REFUSED},
        {false, false, {CLOSED, RETRIED}, REACH_REFUSED}, // ipc
        {true, false, {RETRIED}, REACH_NAME},
        {false, false, {RETRIED}, REACH_HERE},
        {false, false, {DELAYED, CONNECTED}, REACH_MUTE},
        {false, false, {DELAYED, CONNECTED, SHAKEN}, REACH_UP},
        {false, true, {DELAYED, CONNECTED, SHAKEN}, REACH_UP},
        {false, false, {DELAYED, CONNECTED, CUT, ENDED, RETRIED}, REACH_CUT},
        {false, true, {DELAYED, CONNECTED, CUT, ENDED, RETRIED}, REACH_CUT},
        {false,
         true,
         {DELAYED, CONNECTED, CUT, ENDED, RETRIED, DELAYED, CONNECTED, CUT, ENDED},
         REACH_OTHER_KEY},
        {false,
         true,
         {CONNECTED, CUT, ENDED, RETRIED, DELAYED, CLOSED, RETRIED},
         REACH_REFUSED},
        {false, false, {DELAYED, CONNECTED, WRONG, ENDED}, REACH_KEYS_THERE},
        {false, true, {DELAYED, CONNECTED, WRONG, ENDED}, REACH_KEYS_HERE},
        {false, true, {DELAYED, CONNECTED, UNKEYED, ENDED}, REACH_NOT_ADMITTED},
        {false, false, {DELAYED, CONNECTED, ENDED}, REACH_FOREIGN}, // a PUB, say
        {false, false, {CONNECTED, SHAKEN, ENDED, RETRIED}, REACH_LOST},
        {false,
         false,
         {CONNECTED, SHAKEN, ENDED, RETRIED, DELAYED, CLOSED, RETRIED},
         REACH_REFUSED},
        {true, false, {CONNECTED, SHAKEN, ENDED, RETRIED, RETRIED}, REACH_NAME},
        {false,
         true,
         {CONNECTED, UNKEYED, ENDED, DELAYED, CONNECTED},
         REACH_NOT_ADMITTED}, // until it is seen to be otherwise
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        reach_start (&reach, cases[i].named, cases[i].keyed);
        see (cases[i].events);
        if (reach_state (&reach) != cases[i].state)
            fail_msg ("case %zu: %s", i, reach_reason (reach_state (&reach)));
    }
}

static void another_error_of_the_protocol_is_no_matter_of_keys (void **state)
{
    (void) state;
    reach_event (&reach, WRONG, ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED, now_ms);
    assert_int_equal (reach_state (&reach), REACH_FOREIGN);
}

static void the_time_it_takes_tells_a_refusal_from_silence (void **state)
{
    (void) state;
    see ((unsigned[]){DELAYED, 0});
    now_ms += CONNECT_MS;
    see ((unsigned[]){CLOSED, RETRIED, 0});
    assert_int_equal (reach_state (&reach), REACH_NOBODY);

    see ((unsigned[]){DELAYED, CONNECTED, 0});
    now_ms += HANDSHAKE_MS;
    see ((unsigned[]){CUT, ENDED, RETRIED, 0});
    assert_int_equal (reach_state (&reach), REACH_MUTE);
}

static void what_zeromq_does_not_try_again_is_tried_again (void **state)
{
    (void) state;
    static const unsigned ends[][EVENTS] = {
        {CONNECTED, UNKEYED, ENDED}, {CONNECTED, WRONG, ENDED}, {CONNECTED, ENDED}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        reach_start (&reach, true, true);
        see (ends[i]);
        for (int j = 0; j < 3; j++) { // and again, if nothing at all comes of it
            assert_int_equal (reach_turn (&reach, now_ms), REACH_STAY);
            assert_int_equal (reach.stuck_ms, now_ms + CONNECT_RETRY_MS_MAX);
            now_ms += CONNECT_RETRY_MS_MAX;
            assert_int_equal (reach_turn (&reach, now_ms), REACH_AGAIN);
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
        reach_start (&reach, false, false);
        see (ends[i]);
        assert_int_equal (reach_turn (&reach, now_ms + 3600000), REACH_STAY);
        assert_int_equal (reach.stuck_ms, INT64_MAX);
    }
}

/* At once the first time, then not in a flood; and it stays with what worked. */
static void a_name_is_gone_to_by_both_families_in_turn (void **state)
{
    (void) state;
    reach_start (&reach, true, false);
    assert_false (reach.ipv6); // what listens on localhost listens there, as a rule
    see ((unsigned[]){DELAYED, CLOSED, RETRIED, 0});
    assert_false (reach_tried_all (&reach));
    assert_int_equal (reach_turn (&reach, now_ms), REACH_OTHER_FAMILY);
    assert_true (reach.ipv6);
    assert_int_equal (reach_turn (&reach, now_ms), REACH_STAY);

    see ((unsigned[]){RETRIED, 0}); // it has none of IPv6
    assert_true (reach_tried_all (&reach));
    assert_int_equal (reach_state (&reach), REACH_REFUSED);

    int turns = 0;
    for (int i = 0; i < 600; i++) { // a minute of failures, ten a second
        now_ms += 100;
        see ((unsigned[]){RETRIED, 0});
        turns += reach_turn (&reach, now_ms) == REACH_OTHER_FAMILY;
    }
    assert_in_range (turns, 10, 30);

    const bool ipv6 = reach.ipv6;
    assert_int_equal (reach.opened, 0);
    see ((unsigned[]){DELAYED, CONNECTED, SHAKEN, 0});
    assert_int_equal (reach.opened, 1);
    assert_int_equal (reach_turn (&reach, now_ms), REACH_STAY);
    assert_int_equal (reach.ipv6, ipv6);
    see ((unsigned[]){ENDED, RETRIED, 0}); // a restart, say: no attempt has failed yet
    assert_int_equal (reach_turn (&reach, now_ms), REACH_STAY);
    see ((unsigned[]){DELAYED, CLOSED, RETRIED, 0});
    assert_int_equal (reach_turn (&reach, now_ms), REACH_OTHER_FAMILY);
}

static void an_address_has_one_family (void **state)
{
    (void) state;
    for (int i = 0; i < 10; i++) {
        see ((unsigned[]){DELAYED, CLOSED, RETRIED, 0});
        assert_true (reach_tried_all (&reach));
        assert_int_equal (reach_turn (&reach, now_ms += 10000), REACH_STAY);
    }
}

static void each_state_has_its_own_reason (void **state)
{
    (void) state;
    for (reach_state_t a = REACH_TRYING; a <= REACH_UP; a++)
        for (reach_state_t b = REACH_TRYING; b < a; b++)
            assert_string_not_equal (reach_reason (a), reach_reason (b));
    for (reach_state_t a = REACH_TRYING; a <= REACH_UP; a++)
        assert_null (strpbrk (reach_reason (a), "|:\n"));
    assert_true (reach_needs_help (REACH_OTHER_KEY));
    assert_true (reach_needs_help (REACH_NOT_ADMITTED));
    assert_false (reach_needs_help (REACH_REFUSED));
    assert_false (reach_needs_help (REACH_LOST));
    assert_false (reach_needs_help (REACH_UP));
}

#define REACH_TEST(name) cmocka_unit_test_setup (name, setup)

int main (void)
{
    const struct CMUnitTest tests[] = {
        REACH_TEST (what_happens_is_understood),
        REACH_TEST (another_error_of_the_protocol_is_no_matter_of_keys),
        REACH_TEST (the_time_it_takes_tells_a_refusal_from_silence),
        REACH_TEST (what_zeromq_does_not_try_again_is_tried_again),
        REACH_TEST (what_zeromq_tries_again_is_left_to_it),
        REACH_TEST (a_name_is_gone_to_by_both_families_in_turn),
        REACH_TEST (an_address_has_one_family),
        REACH_TEST (each_state_has_its_own_reason),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
