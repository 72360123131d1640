/* test_inflight.c - what the workers hold: by ticket, by deadline, by worker. */

#include "testing.h"

#include "clients.h"
#include "inflight.h"
#include "pool.h"

static inflight_t *inflight;
static worker_t worker_a, worker_b;

static int setup (void **state)
{
    (void) state;
    inflight = inflight_new ();
    worker_a = worker_b = (worker_t){0};
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    inflight_destroy (&inflight); // and what is in it
    assert_null (inflight);
    inflight_destroy (&inflight);
    return 0;
}

static request_t *add (worker_t *worker, int64_t deadline_ms)
{
    request_t *request = calloc (1, sizeof *request);
    assert_non_null (request);
    zmq_msg_init (&request->message);
    inflight_add (inflight, request, worker, deadline_ms);
    assert_ptr_equal (request->worker, worker);
    assert_true (request->deadline_ms == deadline_ms);
    assert_ptr_equal (inflight_find (inflight, request->ticket), request);
    return request;
}

static void drop (request_t *request)
{
    const uint32_t ticket = request->ticket;
    inflight_remove (inflight, request);
    assert_null (request->worker);
    assert_null (inflight_find (inflight, ticket));
    request_destroy (&request);
}

static void an_empty_one_knows_nothing (void **state)
{
    (void) state;
    static const uint32_t tickets[] = {0, 1, UINT32_MAX};
    for (size_t i = 0; i < 3; i++)
        assert_null (inflight_find (inflight, tickets[i]));
    assert_null (inflight_first (inflight));
    assert_null (inflight_held_by (&worker_a));
    assert_int_equal (inflight_room (inflight), INFLIGHT_MAX);
}

static void a_ticket_of_no_request_finds_none (void **state)
{
    (void) state;
    const request_t *request = add (&worker_a, 0);
    assert_null (inflight_find (inflight, request->ticket + 1));
    assert_null (inflight_find (inflight, 0));
    const uint32_t never = request->ticket + INFLIGHT_MAX; // falls on the same place
    assert_null (inflight_find (inflight, never));
}

/* It is found, and takes up its place; but it has no deadline any more, and is nobody's
   who dies. */
static void what_is_overdue_can_be_found (void **state)
{
    (void) state;
    request_t *requests[3];
    for (int i = 0; i < 3; i++)
        requests[i] = add (&worker_a, i);
    inflight_overdue (inflight, requests[2]);
    inflight_overdue (inflight, requests[0]);
    assert_ptr_equal (inflight_find (inflight, requests[0]->ticket), requests[0]);
    assert_ptr_equal (inflight_first (inflight), requests[1]);
    assert_null (requests[1]->next);
    assert_ptr_equal (inflight_held_by (&worker_a), requests[1]);
    assert_int_equal (inflight_room (inflight), INFLIGHT_MAX - 3);
    assert_ptr_equal (worker_a.late, requests[2]);
    drop (requests[2]);
    assert_ptr_equal (worker_a.late, requests[0]);
    drop (requests[0]);
    assert_null (worker_a.late);
    drop (requests[1]);
    assert_int_equal (inflight_room (inflight), INFLIGHT_MAX);
    assert_int_equal (inflight_bytes (inflight), 0);
}

static void requests_are_found_by_worker_latest_first (void **state)
{
    (void) state;
    request_t *requests[6];
    for (int i = 0; i < 6; i++)
        requests[i] = add (i % 3 == 0 ? &worker_b : &worker_a, i);
    static const int of_a[] = {5, 4, 2, 1}, of_b[] = {3, 0};
    for (int i = 0; i < 2; i++) {
        assert_ptr_equal (inflight_held_by (&worker_b), requests[of_b[i]]);
        drop (requests[of_b[i]]);
    }
    assert_null (inflight_held_by (&worker_b));
    for (int i = 0; i < 4; i++) {
        assert_ptr_equal (inflight_held_by (&worker_a), requests[of_a[i]]);
        drop (requests[of_a[i]]);
    }
    assert_null (inflight_held_by (&worker_a));
}

static void the_nearest_deadline_is_first (void **state)
{
    (void) state;
    request_t *requests[5];
    for (int i = 0; i < 5; i++)
        requests[i] = add (&worker_a, 100 + i);
    drop (requests[2]);
    static const int order[] = {0, 1, 3, 4};
    const request_t *request = inflight_first (inflight);
    for (int i = 0; i < 4; i++, request = request->next)
        assert_ptr_equal (request, requests[order[i]]);
    assert_null (request);
    drop (requests[0]);
    assert_ptr_equal (inflight_first (inflight), requests[1]);
    add (&worker_a, 200);
    assert_ptr_equal (inflight_first (inflight), requests[1]);
}

/* The places of tickets come round; one that is still taken is passed over. */
static void tickets_come_round (void **state)
{
    (void) state;
    request_t *slow[3];
    for (int i = 0; i < 3; i++)
        slow[i] = add (&worker_b, i);
    uint64_t before = slow[2]->ticket;
    for (uint32_t i = 0; i < 3 * INFLIGHT_MAX; i++) {
        request_t *request = add (&worker_a, i);
        assert_true (request->ticket > before);
        before = request->ticket;
        drop (request);
    }
    for (int i = 0; i < 3; i++)
        assert_ptr_equal (inflight_find (inflight, slow[i]->ticket), slow[i]);
    assert_int_equal (inflight_room (inflight), INFLIGHT_MAX - 3);
}

static void there_is_room_for_so_many (void **state)
{
    (void) state;
    static uint64_t tickets[INFLIGHT_MAX];
    for (uint32_t i = 0; i < INFLIGHT_MAX; i++) {
        assert_int_equal (inflight_room (inflight), INFLIGHT_MAX - i);
        tickets[i] = add (&worker_a, i)->ticket;
    }
    assert_int_equal (inflight_room (inflight), 0);
    drop (inflight_find (inflight, tickets[777]));
    assert_int_equal (inflight_room (inflight), 1);
    const uint64_t ticket = add (&worker_b, 0)->ticket; // the only place that is free
    for (uint32_t i = 0; i < INFLIGHT_MAX; i++) {
        assert_true (tickets[i] != ticket);
        assert_true ((inflight_find (inflight, tickets[i]) != NULL) == (i != 777));
    }
}

static void it_follows_a_plain_list (void **state)
{
    (void) state;
    enum { JOBS = 300 };
    request_t *requests[JOBS];
    worker_t *const workers[] = {&worker_a, &worker_b};
    size_t count = 0;
    uint64_t random = 41;
    for (int64_t now_ms = 0; now_ms < 50000; now_ms++) {
        if (count < JOBS && random_below (&random, 2))
            requests[count++] = add (workers[random_below (&random, 2)], now_ms);
        else if (count > 0) {
            const size_t i = random_below (&random, count);
            drop (requests[i]);
            memmove (requests + i, requests + i + 1, (--count - i) * sizeof *requests);
        }
        assert_int_equal (inflight_room (inflight), INFLIGHT_MAX - count);
        assert_ptr_equal (inflight_first (inflight), count > 0 ? requests[0] : NULL);
        for (size_t w = 0; w < 2; w++) {
            const request_t *latest = NULL;
            for (size_t i = 0; i < count; i++)
                latest = requests[i]->worker == workers[w] ? requests[i] : latest;
            assert_ptr_equal (inflight_held_by (workers[w]), latest);
        }
    }
}

#define INFLIGHT_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        INFLIGHT_TEST (an_empty_one_knows_nothing),
        INFLIGHT_TEST (a_ticket_of_no_request_finds_none),
        INFLIGHT_TEST (what_is_overdue_can_be_found),
        INFLIGHT_TEST (requests_are_found_by_worker_latest_first),
        INFLIGHT_TEST (the_nearest_deadline_is_first),
        INFLIGHT_TEST (tickets_come_round),
        INFLIGHT_TEST (there_is_room_for_so_many),
        INFLIGHT_TEST (it_follows_a_plain_list),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
