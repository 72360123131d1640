/* test_inflight.c - what the workers hold: by ticket, by deadline, by worker. */

#include "testing.h"

#include "clients.h"
#include "inflight.h"
#include "pool.h"

#define BOOT 0xCAFE1234u

static inflight_t *inflight;
static worker_t worker_a, worker_b;

static int setup (void **state)
{
    (void) state;
    inflight = inflight_new (BOOT);
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

static job_t *add (worker_t *worker, int64_t deadline_ms)
{
    job_t *job = calloc (1, sizeof *job);
    assert_non_null (job);
    zmq_msg_init (&job->message);
    inflight_add (inflight, job, worker, deadline_ms);
    assert_ptr_equal (job->worker, worker);
    assert_true (job->deadline_ms == deadline_ms);
    assert_true (inflight_ours (inflight, job->ticket));
    assert_ptr_equal (inflight_find (inflight, job->ticket), job);
    return job;
}

static void drop (job_t *job)
{
    const uint64_t ticket = job->ticket;
    inflight_remove (inflight, job);
    assert_null (job->worker);
    assert_null (inflight_find (inflight, ticket));
    job_destroy (&job);
}

static void an_empty_one_knows_nothing (void **state)
{
    (void) state;
    static const uint64_t tickets[] = {0, 1, UINT64_MAX, (uint64_t) BOOT << 32};
    for (size_t i = 0; i < 4; i++)
        assert_null (inflight_find (inflight, tickets[i]));
    assert_null (inflight_first (inflight));
    assert_null (inflight_held_by (inflight, &worker_a));
    assert_int_equal (inflight_room (inflight), INFLIGHT_MAX);
}

static void tickets_are_this_brokers_own (void **state)
{
    (void) state;
    const job_t *job = add (&worker_a, 0);
    static const uint32_t others[] = {0, BOOT - 1, BOOT + 1, UINT32_MAX};
    for (size_t i = 0; i < 4; i++) {
        const uint64_t ticket = (uint64_t) others[i] << 32 | (uint32_t) job->ticket;
        assert_false (inflight_ours (inflight, ticket));
        assert_null (inflight_find (inflight, ticket));
    }
    const uint64_t never = job->ticket + INFLIGHT_MAX; // falls on the same place
    assert_true (inflight_ours (inflight, never));
    assert_null (inflight_find (inflight, never));
}

static void jobs_are_found_by_worker_latest_first (void **state)
{
    (void) state;
    job_t *jobs[6];
    for (int i = 0; i < 6; i++)
        jobs[i] = add (i % 3 == 0 ? &worker_b : &worker_a, i);
    static const int of_a[] = {5, 4, 2, 1}, of_b[] = {3, 0};
    for (int i = 0; i < 2; i++) {
        assert_ptr_equal (inflight_held_by (inflight, &worker_b), jobs[of_b[i]]);
        drop (jobs[of_b[i]]);
    }
    assert_null (inflight_held_by (inflight, &worker_b));
    for (int i = 0; i < 4; i++) {
        assert_ptr_equal (inflight_held_by (inflight, &worker_a), jobs[of_a[i]]);
        drop (jobs[of_a[i]]);
    }
    assert_null (inflight_held_by (inflight, &worker_a));
}

static void the_nearest_deadline_is_first (void **state)
{
    (void) state;
    job_t *jobs[5];
    for (int i = 0; i < 5; i++)
        jobs[i] = add (&worker_a, 100 + i);
    drop (jobs[2]);
    static const int order[] = {0, 1, 3, 4};
    const job_t *job = inflight_first (inflight);
    for (int i = 0; i < 4; i++, job = job->next)
        assert_ptr_equal (job, jobs[order[i]]);
    assert_null (job);
    drop (jobs[0]);
    assert_ptr_equal (inflight_first (inflight), jobs[1]);
    add (&worker_a, 200);
    assert_ptr_equal (inflight_first (inflight), jobs[1]);
}

/* The places of tickets come round; one that is still taken is passed over. */
static void tickets_come_round (void **state)
{
    (void) state;
    job_t *slow[3];
    for (int i = 0; i < 3; i++)
        slow[i] = add (&worker_b, i);
    uint64_t before = slow[2]->ticket;
    for (uint32_t i = 0; i < 3 * INFLIGHT_MAX; i++) {
        job_t *job = add (&worker_a, i);
        assert_true (job->ticket > before);
        before = job->ticket;
        drop (job);
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
    job_t *jobs[JOBS];
    worker_t *const workers[] = {&worker_a, &worker_b};
    size_t count = 0;
    uint64_t random = 41;
    for (int64_t now_ms = 0; now_ms < 50000; now_ms++) {
        if (count < JOBS && random_below (&random, 2))
            jobs[count++] = add (workers[random_below (&random, 2)], now_ms);
        else if (count > 0) {
            const size_t i = random_below (&random, count);
            drop (jobs[i]);
            memmove (jobs + i, jobs + i + 1, (--count - i) * sizeof *jobs);
        }
        assert_int_equal (inflight_room (inflight), INFLIGHT_MAX - count);
        assert_ptr_equal (inflight_first (inflight), count > 0 ? jobs[0] : NULL);
        for (size_t w = 0; w < 2; w++) {
            const job_t *latest = NULL;
            for (size_t i = 0; i < count; i++)
                latest = jobs[i]->worker == workers[w] ? jobs[i] : latest;
            assert_ptr_equal (inflight_held_by (inflight, workers[w]), latest);
        }
    }
}

#define INFLIGHT_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        INFLIGHT_TEST (an_empty_one_knows_nothing),
        INFLIGHT_TEST (tickets_are_this_brokers_own),
        INFLIGHT_TEST (jobs_are_found_by_worker_latest_first),
        INFLIGHT_TEST (the_nearest_deadline_is_first),
        INFLIGHT_TEST (tickets_come_round),
        INFLIGHT_TEST (there_is_room_for_so_many),
        INFLIGHT_TEST (it_follows_a_plain_list),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
