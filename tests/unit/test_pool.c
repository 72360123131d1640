/* test_pool.c - the broker's workers: their turns, their credit, their silence. */

#include "mail.h"
#include "testing.h"

#include "pool.h"

#define MS 500 /* a heartbeat */

static pool_t *pool;

static int setup (void **state)
{
    (void) state;
    pool = pool_new ();
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    pool_destroy (&pool);
    assert_null (pool);
    pool_destroy (&pool);
    return 0;
}

static worker_t *join (const char *id, uint32_t credit)
{
    return pool_join (pool, text_bytes (id), credit, MS, 0);
}

static void charge (worker_t *worker, int items)
{
    while (items-- > 0)
        pool_charge (worker, 10);
}

static void assert_next (const char *id)
{
    const worker_t *worker = pool_next (pool, 0);
    assert_non_null (worker);
    assert_true (bytes_equal (bytes_of (worker->id, worker->id_size), text_bytes (id)));
}

static void an_empty_pool_serves_nobody (void **state)
{
    (void) state;
    assert_null (pool_next (pool, 0));
    assert_null (pool_find (pool, text_bytes ("w")));
    assert_null (pool_expired (pool, INT64_MAX));
    assert_true (pool_deadline (pool) == INT64_MAX);
    assert_int_equal (pool_size (pool), 0);
}

static void workers_are_found_by_their_ids (void **state)
{
    (void) state;
    static const uint8_t ids[][4] = {{0, 1, 2, 3}, {0, 1, 2, 4}, {0, 0, 0, 0}};
    worker_t *workers[12];
    size_t count = 0;
    for (size_t i = 0; i < 3; i++)
        for (size_t size = 3; size <= 4; size++) {
            const bytes_t id = bytes_of (ids[i], size);
            if (!pool_find (pool, id))
                workers[count++] = pool_join (pool, id, 1, MS, 0);
        }
    assert_int_equal (count, 5); // the first two have the same three bytes
    assert_int_equal (pool_size (pool), 5);
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal (
            pool_find (pool, bytes_of (workers[i]->id, workers[i]->id_size)),
            workers[i]);
    assert_null (pool_find (pool, bytes_of (ids[0], 2)));
}

static void workers_are_served_in_turn (void **state)
{
    (void) state;
    join ("a", 10);
    join ("b", 10);
    join ("c", 10);
    for (int i = 0; i < 5; i++) {
        assert_next ("a");
        assert_next ("b");
        assert_next ("c");
    }
    join ("d", 10); // behind the others
    assert_next ("a");
    worker_t *b = pool_find (pool, text_bytes ("b"));
    pool_remove (pool, &b);
    assert_null (b);
    assert_next ("c");
    assert_next ("d");
    assert_next ("a");
}

static void who_holds_least_is_next (void **state)
{
    (void) state;
    worker_t *a = join ("a", 10), *b = join ("b", 10), *c = join ("c", 2);
    charge (a, 5);
    charge (b, 4);
    charge (c, 1);
    assert_next ("c");
    assert_next ("c"); // its turn is not over as long as the others have more to do
    charge (c, 1);
    assert_next ("b"); // c holds less, and takes no more
    charge (b, 2);
    assert_next ("a");
    charge (a, 1);
    assert_next ("b"); // as much as a, which was served later
    pool_settle (a, 10);
    assert_next ("a");
}

static void those_without_credit_are_passed_over (void **state)
{
    (void) state;
    worker_t *a = join ("a", 2), *b = join ("b", 1), *c = join ("c", 3);
    charge (a, 2);
    assert_next ("b");
    charge (b, 1);
    assert_next ("c");
    assert_next ("c");
    charge (c, 3);
    assert_null (pool_next (pool, 0));
    pool_settle (b, 10);
    assert_next ("b");
    assert_next ("b");
}

static void what_a_worker_asks_for_is_put_within_limits (void **state)
{
    (void) state;
    static const struct {
        uint32_t credit, heartbeat_ms, credit_given;
        int64_t interval_ms;
    } cases[] = {
        {0, 0, 1, HEARTBEAT_MS_MIN},
        {1, HEARTBEAT_MS_MIN, 1, HEARTBEAT_MS_MIN},
        {64, 500, 64, 500},
        {WORKER_CREDIT_MAX, HEARTBEAT_MS_MAX, WORKER_CREDIT_MAX, HEARTBEAT_MS_MAX},
        {UINT32_MAX, UINT32_MAX, WORKER_CREDIT_MAX, HEARTBEAT_MS_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        worker_t *worker = pool_join (pool, text_bytes ("w"), cases[i].credit,
                                      cases[i].heartbeat_ms, 1000);
        assert_int_equal (worker->credit, cases[i].credit_given);
        assert_true (pool_deadline (pool) ==
                     1000 + HEARTBEATS_MISSED * cases[i].interval_ms);
        assert_int_equal (pool_size (pool), 1);
    }
}

/* A worker that announces itself again keeps what it holds; less credit than that
   counts as none. */
static void joining_again_changes_the_credit (void **state)
{
    (void) state;
    worker_t *worker = join ("w", 10);
    charge (worker, 6);
    assert_ptr_equal (join ("w", 20), worker);
    assert_int_equal (worker->holding, 6);
    assert_next ("w");
    join ("w", 4);
    assert_null (pool_next (pool, 0));
    pool_settle (worker, 10);
    pool_settle (worker, 10);
    assert_null (pool_next (pool, 0));
    pool_settle (worker, 10);
    assert_next ("w");
    join ("w", 2);
    assert_null (pool_next (pool, 0));
    while (worker->holding > 0)
        pool_settle (worker, 10);
    assert_int_equal (worker->holding_bytes, 0);
    pool_remove (pool, &worker);
    assert_int_equal (pool_size (pool), 0);
}

static void credit_counts_bytes_too (void **state)
{
    (void) state;
    worker_t *worker = join ("w", 10);
    pool_charge (worker, WORKER_CREDIT_BYTES - 1);
    assert_next ("w"); // a little room is room for one more, however long
    pool_charge (worker, MESSAGE_BYTES_MAX);
    assert_null (pool_next (pool, 0));
    pool_settle (worker, WORKER_CREDIT_BYTES - 1);
    assert_null (pool_next (pool, 0));
    pool_settle (worker, MESSAGE_BYTES_MAX);
    assert_next ("w");
}

/* ---- What is overdue ---- */

/* Storage hangs for ten minutes: a worker is given what it has credit for, and a few
   letters more. */
static void who_hangs_is_not_given_more_and_more (void **state)
{
    (void) state;
    enum { CREDIT = 64, MINUTES = 10 };
    worker_t *worker = join ("w", CREDIT);
    int given = 0, late = 0;
    for (int64_t now_ms = 0; now_ms < MINUTES * 60000; now_ms += 10) {
        while (pool_next (pool, now_ms)) {
            const bool is_trial = !pool_takes (worker);
            pool_charge (worker, 10);
            if (is_trial)
                pool_tried (worker, now_ms);
            given++;
        }
        if (now_ms % 2000 == 1990) // all that was given is overdue by then
            for (; late < given; late++)
                pool_overdue (worker, 10, now_ms);
    }
    assert_in_range (given, CREDIT + 1, CREDIT + 10 + MINUTES * 60000 / TRIAL_MS_MAX);
    assert_int_equal (worker->holding, given);
    pool_forgive (worker); // it has answered
    assert_int_equal (worker->holding, 0);
    assert_int_equal (worker->holding_bytes, 0);
    assert_true (pool_takes (worker));
    assert_true (pool_trial (pool) == INT64_MAX);
}

static void a_trial_comes_at_once_and_then_later_and_later (void **state)
{
    (void) state;
    worker_t *worker = join ("w", 2);
    charge (worker, 2);
    assert_null (pool_next (pool, 100000)); // as long as it is in time
    pool_overdue (worker, 10, 5000);
    assert_true (pool_trial (pool) == 5000);
    int64_t now_ms = 5000, wait_ms = TRIAL_MS;
    for (int i = 0; i < 20; i++) {
        assert_ptr_equal (pool_next (pool, now_ms), worker);
        pool_charge (worker, 10);
        pool_tried (worker, now_ms);
        assert_null (pool_next (pool, now_ms + wait_ms - 1));
        now_ms += wait_ms;
        assert_true (pool_trial (pool) == now_ms);
        wait_ms = 2 * wait_ms < TRIAL_MS_MAX ? 2 * wait_ms : TRIAL_MS_MAX;
    }
    pool_forgive (worker);
    assert_int_equal (worker->holding, 21); // those that are in time
    while (worker->holding > 2)
        pool_settle (worker, 10);
    pool_overdue (worker, 10, now_ms); // it begins anew
    assert_true (pool_trial (pool) == now_ms);
    pool_tried (worker, now_ms);
    assert_true (pool_trial (pool) == now_ms + TRIAL_MS);
}

static void others_are_served_before_one_is_tried (void **state)
{
    (void) state;
    worker_t *late = join ("late", 1), *good = join ("good", 1);
    charge (late, 1);
    pool_overdue (late, 10, 0);
    assert_next ("good");
    charge (good, 1);
    assert_next ("late");
    pool_settle (good, 10);
    assert_next ("good");
    pool_remove (pool, &late); // what is overdue is no hindrance
    assert_null (late);
}

static void the_silent_expire (void **state)
{
    (void) state;
    worker_t *slow = pool_join (pool, text_bytes ("slow"), 1, 1000, 0);
    worker_t *fast = pool_join (pool, text_bytes ("fast"), 1, 100, 50);
    const int64_t fast_ms = 50 + HEARTBEATS_MISSED * 100;
    const int64_t slow_ms = HEARTBEATS_MISSED * 1000;
    assert_true (pool_deadline (pool) == fast_ms);
    assert_null (pool_expired (pool, fast_ms - 1));
    assert_ptr_equal (pool_expired (pool, fast_ms), fast);
    liveness_heard (&fast->liveness, fast_ms);
    assert_null (pool_expired (pool, fast_ms));
    pool_remove (pool, &fast);
    assert_true (pool_deadline (pool) == slow_ms);
    assert_null (pool_expired (pool, slow_ms - 1));
    assert_ptr_equal (pool_expired (pool, slow_ms), slow);
    pool_join (pool, text_bytes ("slow"), 1, 1000, slow_ms); // it is heard
    assert_null (pool_expired (pool, slow_ms));
}

static void there_are_enough_workers (void **state)
{
    (void) state;
    char id[ID_BYTES];
    for (int i = 0; i < WORKERS_MAX; i++) {
        snprintf (id, sizeof id, "%d", i);
        assert_non_null (join (id, 1));
    }
    assert_null (join ("one more", 1));
    assert_int_equal (pool_size (pool), WORKERS_MAX);
    assert_non_null (join ("77", 5)); // known already
    worker_t *worker = pool_find (pool, text_bytes ("78"));
    pool_remove (pool, &worker);
    assert_non_null (join ("one more", 1));
}

/* Through thousands of steps the counts are what adding up says. */
static void credit_is_accounted_for (void **state)
{
    (void) state;
    enum { WORKERS = 20 };
    uint64_t random = 2;
    uint32_t in_time[WORKERS] = {0};
    for (int64_t now_ms = 0; now_ms < 60000; now_ms++) {
        char id[ID_BYTES];
        const size_t who = random_below (&random, WORKERS);
        snprintf (id, sizeof id, "w%zu", who);
        worker_t *worker = pool_find (pool, text_bytes (id));
        const size_t what = random_below (&random, 20);
        if (!worker || what == 0)
            pool_join (pool, text_bytes (id), (uint32_t) random_below (&random, 8), 100,
                       now_ms);
        else if (what == 1 && in_time[who] == 0)
            pool_remove (pool, &worker);
        else if (what == 2)
            pool_forgive (worker);
        else if (what == 3 && in_time[who] > 0) {
            pool_overdue (worker, 10, now_ms);
            in_time[who]--;
        } else if (what < 10 && in_time[who] > 0) {
            pool_settle (worker, 10);
            in_time[who]--;
        } else if ((worker = pool_next (pool, now_ms))) {
            assert_true (worker->holding < worker->credit || worker->overdue > 0);
            if (!pool_takes (worker))
                pool_tried (worker, now_ms);
            pool_charge (worker, 10);
            in_time[atoi ((char *) worker->id + 1)]++;
        }
        size_t size = 0;
        for (int i = 0; i < WORKERS; i++) {
            snprintf (id, sizeof id, "w%d", i);
            if (!(worker = pool_find (pool, text_bytes (id))))
                continue;
            size++;
            assert_int_equal (worker->holding - worker->overdue, in_time[i]);
            assert_int_equal (worker->holding_bytes, 10 * worker->holding);
        }
        assert_int_equal (pool_size (pool), size);
    }
}

/* Against a plain search through all of them, whatever happens. */
static void it_follows_a_plain_search (void **state)
{
    (void) state;
    enum { WORKERS = 40 };
    uint64_t random = 41;
    int64_t now_ms = 0;
    worker_t *workers[WORKERS] = {0};
    for (int step = 0; step < 200000; step++) {
        const size_t which = random_below (&random, WORKERS);
        worker_t **slot = &workers[which], *worker = *slot;
        char id[ID_BYTES];
        snprintf (id, sizeof id, "w%zu", which);
        now_ms += (int64_t) random_below (&random, 3);
        switch (random_below (&random, 10)) {
        case 0:
            if (!worker)
                *slot =
                    pool_join (pool, text_bytes (id),
                               1 + (uint32_t) random_below (&random, 4), MS, now_ms);
            break;
        case 1:
            if (worker && worker->holding == worker->overdue)
                pool_remove (pool, slot);
            break;
        case 2:
            if (worker && worker->holding > worker->overdue)
                pool_settle (worker, 10);
            break;
        case 3:
            if (worker && worker->holding > worker->overdue)
                pool_overdue (worker, 10, now_ms);
            break;
        case 4:
            if (worker && random_below (&random, 4) == 0)
                pool_forgive (worker);
            break;
        case 5:
            if (worker)
                liveness_heard (&worker->liveness, now_ms);
            break;
        default: {
            const worker_t *least = NULL;
            int64_t trial_ms = INT64_MAX, silent_ms = INT64_MAX;
            for (size_t i = 0; i < WORKERS; i++) {
                const worker_t *other = workers[i];
                if (!other)
                    continue;
                if (pool_takes (other) && (!least || other->holding < least->holding ||
                                           (other->holding == least->holding &&
                                            other->served < least->served)))
                    least = other;
                if (!pool_takes (other) && other->overdue > 0 &&
                    other->trial_ms < trial_ms)
                    trial_ms = other->trial_ms;
                if (liveness_deadline (&other->liveness) < silent_ms)
                    silent_ms = liveness_deadline (&other->liveness);
            }
            assert_true (pool_trial (pool) == trial_ms);
            worker_t *silent = pool_expired (pool, now_ms);
            assert_true ((silent != NULL) == (silent_ms <= now_ms));
            if (silent)
                liveness_heard (&silent->liveness, now_ms);
            assert_true (pool_deadline (pool) <= silent_ms || silent);
            worker_t *next = pool_next (pool, now_ms);
            if (least)
                assert_ptr_equal (next, least);
            else
                assert_true ((next != NULL) == (trial_ms <= now_ms));
            if (next) {
                pool_charge (next, 10);
                if (!least)
                    pool_tried (next, now_ms);
            }
        }
        }
    }
}

#define POOL_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST (an_empty_pool_serves_nobody),
        POOL_TEST (it_follows_a_plain_search),
        POOL_TEST (workers_are_found_by_their_ids),
        POOL_TEST (workers_are_served_in_turn),
        POOL_TEST (who_holds_least_is_next),
        POOL_TEST (those_without_credit_are_passed_over),
        POOL_TEST (what_a_worker_asks_for_is_put_within_limits),
        POOL_TEST (joining_again_changes_the_credit),
        POOL_TEST (credit_counts_bytes_too),
        POOL_TEST (who_hangs_is_not_given_more_and_more),
        POOL_TEST (a_trial_comes_at_once_and_then_later_and_later),
        POOL_TEST (others_are_served_before_one_is_tried),
        POOL_TEST (the_silent_expire),
        POOL_TEST (there_are_enough_workers),
        POOL_TEST (credit_is_accounted_for),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
