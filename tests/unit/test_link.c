/* test_link.c - ZeroMQ's events, as they were seen to come, and what they mean. */

#include "link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <zmq.h>

#define DELAYED   ZMQ_EVENT_CONNECT_DELAYED
#define CLOSED    ZMQ_EVENT_CLOSED
#define RETRIED   ZMQ_EVENT_CONNECT_RETRIED
#define CONNECTED ZMQ_EVENT_CONNECTED
#define GREETED   ZMQ_EVENT_HANDSHAKE_SUCCEEDED
#define VAGUE     ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
#define PROTOCOL  ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
#define AUTH      ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
#define LEFT      ZMQ_EVENT_DISCONNECTED

#define OPENING DELAYED, CONNECTED, GREETED

static void test_events_as_they_come (void **state)
{
    static const struct {
        uint16_t events[12];
        link_state_t state;
        uint64_t opened;
    } table[] = {
        {{0}, LINK_TRYING, 0},
        {{DELAYED}, LINK_TRYING, 0}, // no answer to the call
        {{RETRIED}, LINK_NAMELESS, 0},
        {{RETRIED, RETRIED, RETRIED}, LINK_NAMELESS, 0},
        {{DELAYED, CLOSED, RETRIED}, LINK_NOBODY, 0},
        {{DELAYED, CLOSED, RETRIED, DELAYED}, LINK_NOBODY, 0},
        {{CLOSED, RETRIED}, LINK_UNREACHABLE, 0},
        {{RETRIED, DELAYED, CLOSED, RETRIED}, LINK_NOBODY, 0},
        {{DELAYED, CLOSED, RETRIED, RETRIED}, LINK_NAMELESS, 0}, // it is taken away
        {{DELAYED, CONNECTED, VAGUE, LEFT}, LINK_STRANGE, 0},
        {{DELAYED, CONNECTED, VAGUE, LEFT, RETRIED}, LINK_STRANGE, 0},
        {{DELAYED, CONNECTED, PROTOCOL, LEFT}, LINK_MISMATCH, 0},
        {{DELAYED, CONNECTED, AUTH, LEFT, RETRIED}, LINK_REFUSED, 0},
        {{OPENING}, LINK_OPEN, 1},
        {{OPENING, LEFT}, LINK_LOST, 1},
        {{OPENING, LEFT, RETRIED}, LINK_LOST, 1},
        {{OPENING, LEFT, RETRIED, DELAYED, CLOSED, RETRIED}, LINK_NOBODY, 1},
        {{OPENING, LEFT, RETRIED, OPENING}, LINK_OPEN, 2},
    };
    (void) state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        link_t link = {0};
        for (size_t j = 0; table[i].events[j] != 0; j++)
            link_take (&link, table[i].events[j]);
        if (link.state != table[i].state || link.opened != table[i].opened)
            fail_msg ("row %zu: state %d, opened %u", i, (int) link.state,
                      (unsigned) link.opened);
    }
}

/* Different reasons are different texts, and each stays. */
static void test_reasons_differ (void **state)
{
    (void) state;
    for (int keys = 0; keys < 2; keys++)
        for (int i = 0; i <= LINK_LOST; i++) {
            const link_t one = {.state = (link_state_t) i};
            assert_ptr_equal (link_reason (&one, keys), link_reason (&one, keys));
            for (int j = 0; j < i; j++) {
                const link_t other = {.state = (link_state_t) j};
                assert_string_not_equal (link_reason (&one, keys),
                                         link_reason (&other, keys));
            }
        }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_events_as_they_come),
        cmocka_unit_test (test_reasons_differ),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
