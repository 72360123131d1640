/* test_watch.c - a connection that is there before anybody has looked is noticed at the
   first look, and that is due at once: ZeroMQ's descriptor says nothing of an event
   that came before one was taken. */

#include "testing.h"

#include "clock.h"
#include "logger.h"
#include "watch.h"

#define WAIT_MS 20000 /* longer only if something is broken */

static zsock_t *listener, *socket_;
static gate_t *gate;
static watch_t *watch;

static int setup (void **state)
{
    (void) state;
    problem_t problem;
    logger_set_level (LOG_CRITICAL);
    listener = zsock_new (ZMQ_ROUTER);
    socket_ = zsock_new (ZMQ_DEALER);
    gate = gate_new (&(gate_options_t){0}, &problem);
    return listener && socket_ && gate &&
                   zsock_bind (listener, "tcp://127.0.0.1:*") != -1
               ? 0
               : -1;
}

static int teardown (void **state)
{
    (void) state;
    watch_destroy (&watch);
    zsock_destroy (&socket_);
    zsock_destroy (&listener);
    gate_destroy (&gate);
    return 0;
}

/* So it is connected: what was sent over it has come. */
static void wait_for_a_message (void)
{
    zmq_pollitem_t item = {zsock_resolve (listener), 0, ZMQ_POLLIN, 0};
    assert_int_equal (zstr_send (socket_, "here"), 0);
    assert_int_equal (zmq_poll (&item, 1, WAIT_MS), 1);
}

static void what_came_before_the_first_look_is_seen_at_it (void **state)
{
    (void) state;
    problem_t problem;
    const int64_t now_ms = clock_ms ();
    const watch_options_t options = {.gate = gate,
                                     .socket = socket_,
                                     .endpoint = zsock_endpoint (listener),
                                     .peer = "storage"};
    watch = watch_new (&options, now_ms, &problem);
    assert_non_null (watch);
    assert_int_equal (watch_opened (watch), 0);
    assert_int_equal (watch_deadline (watch), now_ms);
    wait_for_a_message ();
    watch_look (watch, now_ms);
    for (zmq_pollitem_t item = watch_item (watch); watch_opened (watch) == 0;) {
        assert_int_equal (zmq_poll (&item, 1, WAIT_MS), 1); // the last of its events
        watch_look (watch, now_ms);
    }
    assert_int_equal (watch_opened (watch), 1);
    assert_true (watch_deadline (watch) > now_ms); // nothing is due any more
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (what_came_before_the_first_look_is_seen_at_it,
                                         setup, teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
