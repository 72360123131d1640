/* test_jobs.c - what takes long: in which order it is done, and who hears of it. */

#include "shelf.h"

#include "jobs.h"
#include "roots.h"

static shelf_t shelf;
static cancels_t *cancels;
static jobs_t *jobs;

static int setup (void **state)
{
    (void) state;
    shelf_init (&shelf);
    shelf.kept = 1;
    shelf_start (&shelf);
    cancels = cancels_new (book_archive (shelf.book));
    jobs = jobs_new (shelf.book, cancels);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    jobs_destroy (&jobs);
    assert_null (jobs);
    cancels_destroy (&cancels);
    shelf_free (&shelf);
    return 0;
}

/* So many bets that a root over them takes some slices. */
static void sell (uint32_t agency, uint32_t bets)
{
    for (; bets > 0; bets -= bets < 500 ? bets : 500)
        shelf_append (&shelf, agency, bets < 500 ? bets : 500);
}

static job_t job_of (job_kind_t kind, uint32_t agency, const char *who)
{
    const cursor_t *cursor = cursors_find (shelf.cursors, agency);
    return (job_t){.kind = kind,
                   .draw = SHELF_IDENTITY,
                   .agency = agency,
                   .key = {{3, (uint8_t) agency}},
                   .count = cursor ? cursor->at.next : 0,
                   .peer = bytes_of (who, strlen (who)),
                   .envelope = {.boot = 5, .client = agency},
                   .message = bytes_of (who, strlen (who))};
}

static hash_t root_of (const job_t *job)
{
    const cursor_t *cursor = cursors_find (shelf.cursors, job->agency);
    cancelled_t cancelled;
    assert_int_equal (cancels_of (cancels, cursor, &cancelled), 0);
    roots_t *roots = roots_new (book_archive (shelf.book), shelf.sale, cursor,
                                &cancelled, &job->key, job->from, job->count);
    assert_int_equal (roots_step (roots, UINT64_MAX), 1);
    const hash_t root = roots_root (roots);
    roots_destroy (&roots);
    return root;
}

static void add (const job_t *job)
{
    assert_false (jobs_join (jobs, job));
    assert_true (jobs_add (jobs, job, NULL));
}

/* Slices until a job is over: how many there were. */
static size_t finish (job_done_t *done)
{
    size_t slices = 1;
    int over;
    while ((over = jobs_step (jobs, done)) == 0)
        assert_true (++slices < 100000);
    assert_int_equal (over, 1);
    return slices;
}

static void assert_done (const job_t *job, const char *who)
{
    job_done_t done;
    finish (&done);
    const hash_t root = root_of (job);
    assert_false (done.lost);
    assert_int_equal (done.job->kind, job->kind);
    assert_int_equal (done.job->agency, job->agency);
    assert_true (hash_equal (&done.root, &root));
    assert_true (bytes_equal (done.job->peer, bytes_of (who, strlen (who))));
    assert_true (bytes_equal (done.job->message, bytes_of (who, strlen (who))));
}

static void there_may_be_none (void **state)
{
    (void) state;
    job_done_t done;
    assert_int_equal (jobs_count (jobs), 0);
    assert_int_equal (jobs_step (jobs, &done), 0);
}

static void a_root_comes_in_slices (void **state)
{
    (void) state;
    sell (1, 10000);
    job_t job = job_of (JOB_COMMIT, 1, "one"), kept = job;
    char gone[] = "one";
    job.peer = job.message = bytes_of (gone, 3);
    add (&job);
    memset (gone, 'x', 3); // it was copied
    assert_int_equal (jobs_count (jobs), 1);
    job_done_t done;
    assert_int_equal (jobs_step (jobs, &done), 0);
    assert_in_range (jobs_rooted (jobs), 1, 4096);
    assert_int_equal (jobs_count (jobs), 1);
    assert_done (&kept, "one");
    assert_int_equal (jobs_count (jobs), 0);
    assert_int_equal (jobs_rooted (jobs), 10000);
    assert_int_equal (jobs_step (jobs, &done), 0);
}

static void who_asks_first_is_served_first (void **state)
{
    (void) state;
    job_t job[6];
    for (uint32_t agency = 1; agency <= 6; agency++) {
        sell (agency, 100 * agency);
        job[agency - 1] = job_of (agency % 2 ? JOB_STAKE : JOB_COMMIT, agency, "s");
        add (&job[agency - 1]);
    }
    for (size_t i = 0; i < 6; i++)
        assert_done (&job[i], "s");
}

/* Agencies cannot hold up what state asks for, nor the other way round. */
static void both_lanes_have_their_turns (void **state)
{
    (void) state;
    sell (1, 40000);
    sell (2, 40000);
    sell (3, 100);
    const job_t long_root = job_of (JOB_ROOT, 1, "a"),
                commit = job_of (JOB_COMMIT, 3, "s");
    job_done_t done;
    add (&long_root);
    assert_int_equal (jobs_step (jobs, &done), 0);
    add (&commit);
    assert_in_range (finish (&done), 1, 2);
    assert_int_equal (done.job->agency, 3);
    const job_t root = job_of (JOB_ROOT, 3, "a"),
                long_commit = job_of (JOB_COMMIT, 2, "s");
    add (&long_commit);
    assert_done (&long_root, "a"); // half done, it is over first
    add (&root);
    assert_in_range (finish (&done), 1, 2);
    assert_int_equal (done.job->kind, JOB_ROOT);
    assert_done (&long_commit, "s");
}

static void who_asks_again_joins (void **state)
{
    (void) state;
    sell (1, 20000);
    const job_t job = job_of (JOB_ROOT, 1, "first");
    const job_t again = job_of (JOB_ROOT, 1, "again, from elsewhere");
    job_done_t done;
    add (&job);
    for (int i = 0; i < 5; i++)
        assert_int_equal (jobs_step (jobs, &done), 0);
    assert_true (jobs_join (jobs, &again));
    assert_int_equal (jobs_count (jobs), 1);
    assert_in_range (20000 - jobs_rooted (jobs), 1, 10000);
    assert_done (&job, "again, from elsewhere");
    assert_int_equal (jobs_rooted (jobs), 20000); // nothing was done twice
    assert_int_equal (jobs_count (jobs), 0);
}

/* Whatever differs: the answer is to the last question. */
static void another_question_begins_anew (void **state)
{
    (void) state;
    sell (1, 20000);
    for (int what = 0; what < 3; what++) {
        const job_t job = job_of (JOB_ROOT, 1, "first");
        job_t other = job_of (JOB_ROOT, 1, "other");
        job_done_t done;
        other.key.of[31] = what == 0;
        other.from = what == 1 ? 1 : 0;
        other.count -= what == 1 ? 1 : what == 2 ? 2 : 0;
        add (&job);
        assert_int_equal (jobs_step (jobs, &done), 0);
        assert_true (jobs_join (jobs, &other));
        assert_int_equal (jobs_count (jobs), 1);
        assert_done (&other, "other");
    }
}

/* An agency that says something else again and again holds up nobody. */
static void who_asks_something_else_waits_behind_the_others (void **state)
{
    (void) state;
    job_t job[3];
    job_done_t done;
    for (uint32_t agency = 1; agency <= 3; agency++) {
        sell (agency, 20000);
        job[agency - 1] = job_of (JOB_COMMIT, agency, "s");
        add (&job[agency - 1]);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal (jobs_step (jobs, &done), 0);
        job[0].key.of[30]++;
        assert_true (jobs_join (jobs, &job[0]));
    }
    assert_int_equal (jobs_count (jobs), 3);
    assert_done (&job[1], "s");
    assert_done (&job[2], "s");
    assert_done (&job[0], "s");
}

static void another_agency_kind_or_draw_is_another_job (void **state)
{
    (void) state;
    sell (1, 5);
    sell (2, 5);
    const job_t job = job_of (JOB_COMMIT, 1, "x");
    job_t others[] = {job, job, job, job};
    others[1].agency = 2;
    others[2].kind = JOB_STAKE;
    others[3].draw = 77;
    for (size_t i = 0; i < 4; i++)
        add (&others[i]);
    assert_int_equal (jobs_count (jobs), 4);
    job_done_t done;
    for (size_t i = 0; i < 4; i++) {
        finish (&done);
        assert_int_equal (done.job->agency, others[i].agency);
        assert_int_equal (done.job->kind, others[i].kind);
        assert_int_equal (done.lost, i == 3); // there is no such draw
    }
}

static void so_many_agencies_may_wait (void **state)
{
    (void) state;
    sell (1, 10);
    job_t job = job_of (JOB_ROOT, 1, "x");
    for (uint32_t i = 0; i < ROOT_JOBS_MAX; i++, job.draw++)
        add (&job);
    assert_false (jobs_join (jobs, &job));
    assert_false (jobs_add (jobs, &job, NULL));
    job.draw--;
    assert_true (jobs_join (jobs, &job)); // who waits may ask again
    assert_int_equal (jobs_count (jobs), ROOT_JOBS_MAX);
    const job_t commit = job_of (JOB_COMMIT, 1, "x"); // and state is not refused
    add (&commit);
    job_done_t done;
    finish (&done);
    finish (&done); // both lanes
    job.draw++;
    assert_true (jobs_add (jobs, &job, NULL));
}

/* By what it takes up, not by how many there are. */
static void so_much_that_state_asks_may_wait (void **state)
{
    (void) state;
    static uint8_t paper[PAPER_BYTES_MAX];
    job_done_t done;
    size_t room = STATE_JOBS_BYTES_MAX / sizeof paper;
    job_t job = job_of (JOB_COMMIT, 1, "x");
    sell (1, 10);
    job.message = bytes_of (paper, sizeof paper);
    for (size_t i = 0; i < room; i++, job.draw++)
        add (&job);
    assert_false (jobs_join (jobs, &job));
    assert_false (jobs_add (jobs, &job, NULL));
    job.draw--;
    assert_true (jobs_join (jobs, &job)); // takes up no more
    job.message = bytes_of (paper, 1);
    assert_true (jobs_join (jobs, &job)); // but less, now
    job.message = bytes_of (paper, sizeof paper);
    job.draw++;
    add (&job);
    finish (&done);
    job.draw++;
    add (&job);
    while (jobs_count (jobs) > 0)
        finish (&done);
    for (size_t i = 0; i < room; i++, job.draw++) // all of it is free again
        add (&job);
}

/* As long as a job works on it; one that waits has nothing of it. */
static void a_draw_that_is_worked_on_is_not_put_away (void **state)
{
    (void) state;
    sell (1, 20000);
    sale_t *sale = shelf.sale;
    job_done_t done;
    shelf_event (&shelf, sale, RECORD_CLOSED, 0, NULL);
    shelf_event (&shelf, sale, RECORD_DRAWN, 0, NULL);
    sale_t *other = shelf_draw (&shelf, 0xE0, "second");
    shelf_event (&shelf, other, RECORD_VOIDED, 0, NULL);
    shelf_commit (&shelf);
    const job_t job = job_of (JOB_ROOT, 1, "x");
    add (&job);
    assert_int_equal (jobs_step (jobs, &done), 0);
    assert_non_null (sales_find (shelf.sales, 0xE0)); // it was used last
    assert_ptr_equal (sales_idle (shelf.sales), other);
    assert_done (&job, "x");
    assert_non_null (sales_find (shelf.sales, 0xE0));
    assert_ptr_equal (sales_idle (shelf.sales), sale);
    add (&job);
    assert_int_equal (book_put_away (shelf.book), 1);
    finish (&done);
    assert_true (done.lost);
    assert_true (bytes_equal (done.job->message, bytes_of ("x", 1)));
}

static void an_award_is_of_all (void **state)
{
    (void) state;
    salt_key_t keys[SHELF_ROLL] = {0};
    job_done_t done;
    size_t found = 0;
    sell (1, 60000);
    sell (4, 50);
    shelf_event (&shelf, shelf.sale, RECORD_CLOSED, 0, NULL);
    shelf_event (&shelf, shelf.sale, RECORD_DRAWN, 0, NULL);
    job_t job = job_of (JOB_AWARD, 0, "x");
    assert_true (jobs_add (jobs, &job, keys));
    assert_int_equal (jobs_step (jobs, &done), 0);
    finish (&done);
    assert_int_equal (done.won_count, SHELF_ROLL);
    for (uint64_t offset = 0; offset < 60000; offset++)
        found += shelf_number (1, offset) == shelf.sale->number;
    assert_int_equal (done.won[0].count, found);
    assert_int_equal (done.won[1].count, 0);
    assert_in_range (done.won[3].count, 1, 49);
}

static void a_read_that_fails_is_told (void **state)
{
    (void) state;
    sell (1, 10);
    shelf_cancel (&shelf, shelf.sale, 1, 3);
    shelf_commit (&shelf);
    for (unsigned n = 1; n <= 2; n++) {
        const job_t job = job_of (JOB_ROOT, 1, "x");
        job_done_t done;
        cancels_destroy (&cancels);
        cancels = cancels_new (book_archive (shelf.book));
        jobs_destroy (&jobs);
        jobs = jobs_new (shelf.book, cancels);
        assert_true (jobs_add (jobs, &job, NULL));
        shelf.index->fails[DISK_READ] = n;
        assert_int_equal (jobs_step (jobs, &done), -1);
        assert_int_equal (errno, EIO);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (there_may_be_none, setup, teardown),
        cmocka_unit_test_setup_teardown (a_root_comes_in_slices, setup, teardown),
        cmocka_unit_test_setup_teardown (who_asks_first_is_served_first, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (both_lanes_have_their_turns, setup, teardown),
        cmocka_unit_test_setup_teardown (who_asks_again_joins, setup, teardown),
        cmocka_unit_test_setup_teardown (another_question_begins_anew, setup, teardown),
        cmocka_unit_test_setup_teardown (another_agency_kind_or_draw_is_another_job,
                                         setup, teardown),
        cmocka_unit_test_setup_teardown (
            who_asks_something_else_waits_behind_the_others, setup, teardown),
        cmocka_unit_test_setup_teardown (so_many_agencies_may_wait, setup, teardown),
        cmocka_unit_test_setup_teardown (so_much_that_state_asks_may_wait, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_draw_that_is_worked_on_is_not_put_away,
                                         setup, teardown),
        cmocka_unit_test_setup_teardown (an_award_is_of_all, setup, teardown),
        cmocka_unit_test_setup_teardown (a_read_that_fails_is_told, setup, teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
