/* test_tenure.c - who holds the lease, and for how long: tenure.c, on an engine of the
   test's own. */

#include "testing.h"

#include "tenure.h"

#define LEASE_MS   3000
#define ANSWERS_MS 450 // a renewal and a half: less than an answers' part of it

/* One lease; what is asked is answered when the test says so. */
typedef struct {
    engine_t engine;
    engine_question_t asked;
    bool pending, ready;
    engine_outcome_t outcome;
    engine_lease_t lease;
    uint64_t unrenewed; // since then, by whatever clock; 0: by `age_ms` and ours
    uint64_t ordinal;   // that the last renewal told
} fake_t;

static fake_t fake;
static tenure_t *tenure;
static int64_t now_ms;

static void fake_ask (engine_t *engine, engine_line_t line,
                      const engine_question_t *question)
{
    (void) engine;
    assert_int_equal (line, ENGINE_LEASE);
    assert_false (fake.pending);
    fake.asked = *question;
    fake.pending = true;
    fake.ready = false;
}

static engine_outcome_t fake_look (engine_t *engine, engine_line_t line,
                                   engine_answer_t *answer)
{
    (void) engine, (void) line;
    if (!fake.pending || !fake.ready)
        return ENGINE_PENDING;
    fake.lease.renewed =
        fake.unrenewed ? fake.unrenewed : (uint64_t) now_ms - fake.lease.age_ms;
    *answer = (engine_answer_t){.lease = fake.lease, .epoch = fake.lease.epoch};
    if (fake.outcome != ENGINE_DONE)
        snprintf (answer->why, sizeof answer->why, "the engine says so");
    fake.pending = false;
    return fake.outcome;
}

static int fake_descriptor (engine_t *engine, engine_line_t line)
{
    (void) engine, (void) line;
    return -1;
}

static const engine_ops_t ops = {
    .ask = fake_ask, .look = fake_look, .descriptor = fake_descriptor};

static void start (const char *holder, bool standby)
{
    fake.pending = false;
    fake.engine = (engine_t){.ops = &ops, .identity = 1, .name = "fake"};
    tenure_destroy (&tenure);
    tenure = tenure_new (&(tenure_options_t){&fake.engine, holder, LEASE_MS, standby},
                         now_ms);
}

static int setup (void **state)
{
    (void) state;
    now_ms = 100000;
    fake = (fake_t){.lease = {.epoch = 4, .age_ms = 100}};
    strcpy (fake.lease.holder, "tcp://a:1");
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    tenure_destroy (&tenure);
    return 0;
}

/* It asks this, and is answered so. */
static tenure_state_t answered (engine_kind_t kind, engine_outcome_t outcome)
{
    if (!fake.pending)
        tenure_turn (tenure, now_ms);
    assert_true (fake.pending);
    assert_int_equal (fake.asked.kind, kind);
    if (kind == ENGINE_TAKE)
        assert_int_equal (fake.asked.epoch, fake.lease.epoch);
    if (kind == ENGINE_TAKE && outcome == ENGINE_DONE) {
        fake.lease.epoch++;
        snprintf (fake.lease.holder, sizeof fake.lease.holder, "%s", fake.asked.holder);
    }
    if (kind == ENGINE_RENEW)
        fake.ordinal = fake.asked.ordinal;
    fake.ready = true;
    fake.outcome = outcome;
    return tenure_turn (tenure, now_ms);
}

static void take (void)
{
    start ("tcp://b:1", true);
    fake.lease.age_ms = LEASE_MS + 1;
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_TAKES);
    assert_int_equal (answered (ENGINE_TAKE, ENGINE_DONE), TENURE_HOLDS);
    fake.lease.age_ms = 0;
}

/* Let time pass until it asks this. */
static int64_t wait_for (engine_kind_t kind)
{
    const int64_t since_ms = now_ms;
    for (int turns = 0; !fake.pending || fake.asked.kind != kind; turns++) {
        assert_true (turns < 100);
        if (fake.pending) {
            answered (fake.asked.kind, ENGINE_DONE);
            continue;
        }
        const int64_t due_ms = tenure_deadline (tenure);
        assert_true (due_ms != INT64_MAX);
        now_ms = due_ms > now_ms ? due_ms : now_ms;
        tenure_turn (tenure, now_ms);
    }
    return now_ms - since_ms;
}

static void nobody_ever_held_it (void **state)
{
    (void) state;
    for (int standby = 0; standby < 2; standby++) {
        start ("tcp://b:1", standby);
        fake.lease = (engine_lease_t){.epoch = 0};
        assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_TAKES);
        assert_false (tenure_serves (tenure, now_ms));
        assert_false (tenure_vouches (tenure, 0, now_ms));
        assert_int_equal (answered (ENGINE_TAKE, ENGINE_DONE), TENURE_HOLDS);
        assert_int_equal (tenure_epoch (tenure), 1);
        assert_true (tenure_serves (tenure, now_ms));
        assert_true (tenure_vouches (tenure, 0, now_ms));
    }
}

static void an_earlier_run_of_ones_own_is_no_other (void **state)
{
    (void) state;
    start ("tcp://a:1", false);
    fake.unrenewed = 1;
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_WAITS);
    fake.unrenewed = 2;
    fake.lease.age_ms = 50; // what it had asked before it was killed
    assert_in_range (wait_for (ENGINE_SEE), 1, 300);
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_WAITS);
    fake.lease.age_ms = 450;
    wait_for (ENGINE_SEE);
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_WAITS);
    assert_in_range (wait_for (ENGINE_SEE), 1, 1);
    fake.lease.age_ms = 451; // a renewal and a half
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_TAKES);
    assert_int_equal (answered (ENGINE_TAKE, ENGINE_DONE), TENURE_HOLDS);
    assert_true (tenure_serves (tenure, now_ms));
}

/* Two of one name would take it from each other for ever. */
static void who_has_ones_own_name_and_lives_is_another (void **state)
{
    (void) state;
    for (int standby = 0; standby < 2; standby++) {
        start ("tcp://a:1", standby);
        fake.lease.age_ms = 200;
        for (int i = 0; i < 2; i++) {
            assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_WAITS);
            assert_false (tenure_has_namesake (tenure));
            fake.lease.age_ms -= 50;
            wait_for (ENGINE_SEE);
        }
        assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE),
                          standby ? TENURE_WAITS : TENURE_BARRED);
        assert_true (tenure_has_namesake (tenure));
    }
    assert_true (tenure_has_namesake (tenure));
    wait_for (ENGINE_SEE);
    fake.lease.age_ms = LEASE_MS; // as anybody else's
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_WAITS);
    wait_for (ENGINE_SEE);
    fake.lease.age_ms = LEASE_MS + 1;
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_TAKES);
    assert_int_equal (answered (ENGINE_TAKE, ENGINE_DONE), TENURE_HOLDS);
    fake.lease.age_ms = 0;
    wait_for (ENGINE_SEE);
    fake.lease.epoch++;
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_LOST);
    assert_non_null (strstr (tenure_why (tenure), "--advertise of its own"));
}

/* That one may be no earlier run of this one, but another that lives. */
static void nobody_of_ones_own_name_still_speaks_when_its_lease_is_taken (void **state)
{
    (void) state;
    static const int64_t leases_ms[] = {1000, LEASE_MS, 4500, 10000, 3600 * 1000};
    for (size_t i = 0; i < sizeof leases_ms / sizeof *leases_ms; i++) {
        const tenure_options_t options = {&fake.engine, "tcp://b:1", leases_ms[i],
                                          true};
        start ("tcp://b:1", true);
        tenure_destroy (&tenure);
        tenure = tenure_new (&options, now_ms);
        fake.lease.age_ms = (uint64_t) leases_ms[i] + 1;
        assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_TAKES);
        assert_int_equal (answered (ENGINE_TAKE, ENGINE_DONE), TENURE_HOLDS);
        int64_t speaks_ms = 0;
        while (tenure_vouches (tenure, 0, now_ms + speaks_ms + 1))
            speaks_ms++;
        start ("tcp://b:1", true);
        tenure_destroy (&tenure);
        tenure = tenure_new (&options, now_ms);
        fake.lease.age_ms = (uint64_t) speaks_ms;
        assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_WAITS);
    }
}

/* What it had asked before it was silent may arrive, and it speaks again. */
static void a_lease_that_was_renewed_since_it_was_seen_is_not_taken (void **state)
{
    (void) state;
    start ("tcp://b:1", true);
    fake.lease.age_ms = LEASE_MS + 1;
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_TAKES);
    assert_true (fake.asked.renewed > 0);
    assert_int_equal (fake.asked.renewed, tenure_seen (tenure)->renewed);
    assert_int_equal (answered (ENGINE_TAKE, ENGINE_FENCED), TENURE_WAITS);
    fake.lease.age_ms = 0;
    tenure_claim (tenure); // from who speaks: it serves later, and need not ask
    wait_for (ENGINE_TAKE);
    assert_int_equal (fake.asked.renewed, 0);
    assert_int_equal (answered (ENGINE_TAKE, ENGINE_DONE), TENURE_HOLDS);
    assert_false (tenure_serves (tenure, now_ms));
    tenure_give_back (tenure);
    wait_for (ENGINE_TAKE);
    assert_int_equal (fake.asked.renewed, 0);
}

static void who_is_no_standby_is_barred_by_another (void **state)
{
    (void) state;
    start ("tcp://b:1", false);
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_BARRED);
    assert_non_null (strstr (tenure_why (tenure), "tcp://a:1"));
    assert_non_null (strstr (tenure_why (tenure), "--standby"));
    fake.lease.age_ms = LEASE_MS + 1;
    start ("tcp://b:1", false);
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_TAKES);
}

static void a_standby_waits_for_a_whole_lease (void **state)
{
    (void) state;
    start ("tcp://b:1", true);
    fake.lease.age_ms = 0;
    for (int i = 0; i < 20; i++) {
        fake.unrenewed = 1 + (uint64_t) i;
        assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_WAITS);
        fake.lease.age_ms = LEASE_MS; // to the millisecond
        assert_in_range (wait_for (ENGINE_SEE), 1, 300);
    }
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_WAITS);
    now_ms += ANSWERS_MS;
    wait_for (ENGINE_SEE);
    assert_string_equal (tenure_seen (tenure)->holder, "tcp://a:1");
    fake.lease.age_ms = LEASE_MS + 1;
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_TAKES);
    assert_false (tenure_serves (tenure, now_ms)); // it is not safe yet
    assert_int_equal (answered (ENGINE_TAKE, ENGINE_DONE), TENURE_HOLDS);
    assert_int_equal (tenure_epoch (tenure), 5);
    assert_true (tenure_serves (tenure, now_ms));
}

/* As after the promotion of a machine whose clock is behind. */
static void a_clock_that_is_behind_keeps_nobody_waiting (void **state)
{
    (void) state;
    start ("tcp://b:1", true);
    fake.unrenewed = 777;
    fake.lease.age_ms = 0;
    answered (ENGINE_SEE, ENGINE_DONE);
    const int64_t since_ms = now_ms;
    do {
        wait_for (ENGINE_SEE);
        assert_true (now_ms - since_ms < 2 * LEASE_MS);
    } while (answered (ENGINE_SEE, ENGINE_DONE) == TENURE_WAITS);
    assert_in_range (now_ms - since_ms, LEASE_MS + 1, LEASE_MS + 300);
    assert_int_equal (answered (ENGINE_TAKE, ENGINE_DONE), TENURE_HOLDS);
    assert_true (tenure_serves (tenure, now_ms));
}

/* It takes the answer of before when it goes on. */
static void a_standby_that_was_stopped_looks_once_more (void **state)
{
    (void) state;
    start ("tcp://b:1", true);
    fake.unrenewed = 777;
    answered (ENGINE_SEE, ENGINE_DONE);
    wait_for (ENGINE_SEE);
    now_ms += 60000;
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_WAITS);
    fake.unrenewed = 778; // it was renewed all the time
    wait_for (ENGINE_SEE);
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_WAITS);
    wait_for (ENGINE_SEE);
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_WAITS);
}

/* And of one whose clock is ahead, while the active one lives, and answers. */
static void a_clock_that_is_ahead_lets_nobody_speak_too_soon (void **state)
{
    (void) state;
    start ("tcp://b:1", true);
    fake.lease.age_ms = 0;
    answered (ENGINE_SEE, ENGINE_DONE);
    wait_for (ENGINE_SEE);
    answered (ENGINE_SEE, ENGINE_DONE);
    wait_for (ENGINE_SEE);
    fake.lease.age_ms = 50000;
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_TAKES);
    assert_int_equal (answered (ENGINE_TAKE, ENGINE_DONE), TENURE_HOLDS);
    assert_false (tenure_serves (tenure, now_ms + ANSWERS_MS - 1));
    assert_true (tenure_serves (tenure, now_ms + ANSWERS_MS));
}

/* Its standbys follow another one; a start finds that. */
static void a_server_that_nobody_follows_is_left (void **state)
{
    (void) state;
    start ("tcp://b:1", true);
    fake.lease.age_ms = LEASE_MS + 1;
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_TAKES);
    now_ms += LEASE_MS + 10000;
    assert_int_equal (tenure_turn (tenure, now_ms), TENURE_TAKES);
    assert_true (tenure_deadline (tenure) == now_ms + 1);
    assert_int_equal (tenure_turn (tenure, now_ms + 1), TENURE_OVER);
    assert_non_null (strstr (tenure_why (tenure), "13001 ms ago"));
}

static void an_engine_that_is_away_is_asked_again (void **state)
{
    (void) state;
    start ("tcp://b:1", true);
    assert_int_equal (answered (ENGINE_SEE, ENGINE_FAILED), TENURE_WAITS);
    assert_string_equal (tenure_why (tenure), "the engine says so");
    assert_in_range (wait_for (ENGINE_SEE), 50, 300);
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_WAITS);
    assert_string_equal (tenure_why (tenure), "");
}

static void of_two_that_try_one_is_told_to_wait (void **state)
{
    (void) state;
    start ("tcp://b:1", true);
    fake.lease.age_ms = LEASE_MS + 1;
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_TAKES);
    assert_int_equal (answered (ENGINE_TAKE, ENGINE_FENCED), TENURE_WAITS);
    fake.lease.age_ms = 10;
    wait_for (ENGINE_SEE);
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_WAITS);
}

static void a_takeover_that_may_have_been_is_the_end (void **state)
{
    (void) state;
    start ("tcp://b:1", true);
    fake.lease.age_ms = LEASE_MS + 1;
    answered (ENGINE_SEE, ENGINE_DONE);
    assert_int_equal (answered (ENGINE_TAKE, ENGINE_UNKNOWN), TENURE_OVER);
    assert_int_equal (tenure_turn (tenure, now_ms + 99999), TENURE_OVER);
    assert_true (tenure_deadline (tenure) == INT64_MAX);
}

static void an_order_takes_it_from_who_has_it (void **state)
{
    (void) state;
    start ("tcp://b:1", true);
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_WAITS);
    tenure_claim (tenure);
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_TAKES);
    assert_int_equal (answered (ENGINE_TAKE, ENGINE_FAILED), TENURE_WAITS);
    wait_for (ENGINE_SEE); // the order stands
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_TAKES);
    assert_int_equal (answered (ENGINE_TAKE, ENGINE_DONE), TENURE_HOLDS);
    // what he still says of what is stored is not to be overtaken
    assert_false (tenure_serves (tenure, now_ms + ANSWERS_MS - 1));
    assert_true (tenure_serves (tenure, now_ms + ANSWERS_MS));
}

static void it_is_renewed_though_commits_are_confirmed (void **state)
{
    (void) state;
    take ();
    for (int i = 0; i < 30; i++) {
        assert_in_range (wait_for (ENGINE_RENEW), 0, LEASE_MS / TENURE_RENEWALS);
        assert_int_equal (fake.asked.epoch, 5);
        tenure_confirm (tenure, now_ms, 100 + (uint64_t) i);
        assert_int_equal (answered (ENGINE_RENEW, ENGINE_DONE), TENURE_HOLDS);
        assert_int_equal (fake.ordinal, i == 0 ? 0 : 99 + i);
    }
}

/* Others see only the renewals. */
static void commits_do_not_put_a_renewal_off (void **state)
{
    (void) state;
    take ();
    wait_for (ENGINE_RENEW);
    answered (ENGINE_RENEW, ENGINE_DONE);
    const int64_t since_ms = now_ms;
    while (!fake.pending || fake.asked.kind != ENGINE_RENEW) {
        if (fake.pending) // SEE
            answered (fake.asked.kind, ENGINE_DONE);
        assert_true ((now_ms += 10) - since_ms <= LEASE_MS / TENURE_RENEWALS + 10);
        tenure_confirm (tenure, now_ms, 0);
        tenure_turn (tenure, now_ms);
    }
}

/* Those who follow learn by renewals what is safe. */
static void a_long_lease_is_renewed_often_all_the_same (void **state)
{
    (void) state;
    tenure_destroy (&tenure);
    start ("tcp://a:1", false);
    tenure_destroy (&tenure);
    tenure = tenure_new (
        &(tenure_options_t){&fake.engine, "tcp://a:1", 3600 * 1000, false}, now_ms);
    fake.lease.age_ms = 751;
    answered (ENGINE_SEE, ENGINE_DONE);
    assert_int_equal (answered (ENGINE_TAKE, ENGINE_DONE), TENURE_HOLDS);
    for (int i = 0; i < 5; i++) {
        assert_in_range (wait_for (ENGINE_RENEW), 0, 500);
        answered (ENGINE_RENEW, ENGINE_DONE);
    }
}

static void without_a_confirmation_it_is_over (void **state)
{
    (void) state;
    take ();
    const int64_t taken_ms = now_ms;
    wait_for (ENGINE_RENEW); // which is never answered
    now_ms = taken_ms + ANSWERS_MS;
    assert_true (tenure_vouches (tenure, 0, now_ms));
    assert_false (tenure_vouches (tenure, 0, now_ms + 1));
    now_ms = taken_ms + LEASE_MS;
    assert_int_equal (tenure_turn (tenure, now_ms), TENURE_HOLDS);
    assert_true (tenure_deadline (tenure) <= now_ms + 1);
    assert_int_equal (tenure_turn (tenure, ++now_ms), TENURE_OVER);
    assert_false (tenure_vouches (tenure, 0, now_ms));
    assert_false (tenure_serves (tenure, now_ms));
    assert_non_null (strstr (tenure_why (tenure), "3001 ms"));
}

/* It counts from when it was asked: it may have waited for its answer all the time. */
static void a_confirmation_is_as_old_as_its_question (void **state)
{
    (void) state;
    take ();
    wait_for (ENGINE_RENEW);
    const int64_t asked_ms = now_ms;
    now_ms += 2500;
    answered (ENGINE_RENEW, ENGINE_DONE);
    assert_false (tenure_vouches (tenure, 0, now_ms));
    assert_true (tenure_vouches (tenure, asked_ms, now_ms)); // they waited for it
    assert_false (tenure_vouches (tenure, asked_ms + 1, now_ms));
}

/* Who waits for the lease to run out sees renewals only, and serves at once. */
static void a_commit_confirms_what_was_ready_before_and_nothing_later (void **state)
{
    (void) state;
    take ();
    wait_for (ENGINE_RENEW); // which is not answered
    now_ms += ANSWERS_MS + 1;
    const int64_t ready_ms = now_ms;
    assert_false (tenure_vouches (tenure, ready_ms, now_ms));
    tenure_confirm (tenure, now_ms, 0);
    now_ms += 5;
    assert_true (tenure_vouches (tenure, ready_ms, now_ms));
    assert_false (tenure_vouches (tenure, ready_ms + 1, now_ms));
    assert_false (tenure_vouches (tenure, 0, now_ms));
    tenure_confirm (tenure, ready_ms - 50, 0); // an older one
    assert_true (tenure_vouches (tenure, ready_ms, now_ms));
    assert_int_equal (answered (ENGINE_RENEW, ENGINE_DONE), TENURE_HOLDS);
    wait_for (ENGINE_RENEW);
    answered (ENGINE_RENEW, ENGINE_DONE);
    assert_true (tenure_vouches (tenure, 0, now_ms));
}

/* As a process that was stopped: before anything leaves it sees that it is over, even
   when an answer is waiting. */
static void who_was_stopped_ends (void **state)
{
    (void) state;
    take ();
    wait_for (ENGINE_RENEW);
    now_ms += 60000;
    assert_false (tenure_vouches (tenure, 0, now_ms));
    assert_int_equal (answered (ENGINE_RENEW, ENGINE_DONE), TENURE_OVER);
}

static void who_is_superseded_is_told (void **state)
{
    (void) state;
    take ();
    wait_for (ENGINE_RENEW);
    assert_int_equal (answered (ENGINE_RENEW, ENGINE_FENCED), TENURE_LOST);
    take ();
    wait_for (ENGINE_SEE);
    fake.lease.epoch++;
    strcpy (fake.lease.holder, "tcp://c:1");
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_LOST);
    assert_non_null (strstr (tenure_why (tenure), "tcp://c:1 has taken over"));
}

/* Without waiting for the lease to run out. */
static void one_that_was_given_back_is_taken_at_once (void **state)
{
    (void) state;
    take ();
    wait_for (ENGINE_RENEW);
    tenure_give_back (tenure); // behind what is asked already
    assert_false (tenure_vouches (tenure, 0, now_ms));
    assert_int_equal (answered (ENGINE_RENEW, ENGINE_DONE), TENURE_HOLDS);
    assert_int_equal (answered (ENGINE_TAKE, ENGINE_DONE), TENURE_OVER);
    assert_string_equal (fake.lease.holder, "");
    assert_int_equal (fake.lease.epoch, 6);
    for (int standby = 0; standby < 2; standby++) {
        strcpy (fake.lease.holder, "");
        start ("tcp://c:1", standby);
        assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_TAKES);
        assert_int_equal (answered (ENGINE_TAKE, ENGINE_DONE), TENURE_HOLDS);
        assert_true (tenure_serves (tenure, now_ms));
    }
    start ("tcp://d:1", true);
    assert_int_equal (answered (ENGINE_SEE, ENGINE_DONE), TENURE_WAITS);
    tenure_give_back (tenure); // what one does not have
    wait_for (ENGINE_SEE);
}

static void a_renewal_that_failed_is_asked_again_in_time (void **state)
{
    (void) state;
    take ();
    for (int i = 0; i < 5; i++) {
        wait_for (ENGINE_RENEW);
        assert_int_equal (answered (ENGINE_RENEW, ENGINE_FAILED), TENURE_HOLDS);
    }
    assert_in_range (wait_for (ENGINE_RENEW), 50, 200);
    assert_int_equal (answered (ENGINE_RENEW, ENGINE_DONE), TENURE_HOLDS);
    assert_true (tenure_vouches (tenure, 0, now_ms));
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (nobody_ever_held_it),
        TEST (an_earlier_run_of_ones_own_is_no_other),
        TEST (who_has_ones_own_name_and_lives_is_another),
        TEST (nobody_of_ones_own_name_still_speaks_when_its_lease_is_taken),
        TEST (a_lease_that_was_renewed_since_it_was_seen_is_not_taken),
        TEST (who_is_no_standby_is_barred_by_another),
        TEST (a_standby_waits_for_a_whole_lease),
        TEST (a_clock_that_is_behind_keeps_nobody_waiting),
        TEST (a_standby_that_was_stopped_looks_once_more),
        TEST (a_clock_that_is_ahead_lets_nobody_speak_too_soon),
        TEST (a_server_that_nobody_follows_is_left),
        TEST (an_engine_that_is_away_is_asked_again),
        TEST (of_two_that_try_one_is_told_to_wait),
        TEST (a_takeover_that_may_have_been_is_the_end),
        TEST (an_order_takes_it_from_who_has_it),
        TEST (it_is_renewed_though_commits_are_confirmed),
        TEST (commits_do_not_put_a_renewal_off),
        TEST (a_long_lease_is_renewed_often_all_the_same),
        TEST (without_a_confirmation_it_is_over),
        TEST (a_confirmation_is_as_old_as_its_question),
        TEST (a_commit_confirms_what_was_ready_before_and_nothing_later),
        TEST (who_was_stopped_ends),
        TEST (who_is_superseded_is_told),
        TEST (one_that_was_given_back_is_taken_at_once),
        TEST (a_renewal_that_failed_is_asked_again_in_time)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
