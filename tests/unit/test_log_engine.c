/* test_log_engine.c - the log that an engine keeps: what is asked of the engine, what
   of its answers is believed, and when it ends. The engine is the test's own, in
   memory. */

#include "testing.h"

#include "disk.h"
#include "log_engine.h"

#include <errno.h>

#include "bounds.h"

#define IDENTITY    0xABCD012345678901
#define OTHER       0x1111111111111111
#define ENTRIES_MAX 64
#define BELIEVE_ALL UINT64_MAX

typedef struct {
    uint64_t epoch;
    size_t size;
    uint8_t *body;
} entry_t;

static struct { // what it keeps, and how it answers
    engine_t engine;
    entry_t entries[ENTRIES_MAX];
    uint64_t count, epoch, durable;
    engine_outcome_t outcome; // of what is asked next
    bool silent;              // there is no answer yet
    bool keeps;               // what is committed
    size_t at_a_time;         // entries in an answer
    unsigned asked;
    bool pending;
    engine_question_t question; // the last one
    engine_entry_t told[ENTRIES_MAX];
} fake;

static disk_t *disk;
static disk_file_t *file;
static log_t *lg;
static char why[LOG_WHY_BYTES];
static struct { // by the last opening
    uint64_t count, disbelieve;
} found;

/* ---- The engine ---- */

static void fake_ask (engine_t *engine, engine_line_t line,
                      const engine_question_t *question)
{
    assert_ptr_equal (engine, &fake.engine);
    assert_int_equal (line, ENGINE_LOG);
    assert_false (fake.pending);
    fake.question = *question;
    fake.pending = true;
    fake.asked++;
}

static void keep (const engine_question_t *question)
{
    assert_int_equal (question->ordinal, fake.count + 1);
    entry_t *entry = &fake.entries[fake.count++];
    entry->epoch = question->epoch;
    entry->size = question->body.size;
    entry->body = malloc (entry->size);
    memcpy (entry->body, question->body.data, entry->size);
}

static engine_outcome_t fake_look (engine_t *engine, engine_line_t line,
                                   engine_answer_t *answer)
{
    assert_ptr_equal (engine, &fake.engine);
    assert_int_equal (line, ENGINE_LOG);
    if (!fake.pending || fake.silent)
        return ENGINE_PENDING;
    fake.pending = false;
    *answer = (engine_answer_t){.why = "the engine says so"};
    if (fake.question.kind == ENGINE_COMMIT) {
        if (fake.outcome == ENGINE_DONE || fake.keeps)
            keep (&fake.question);
        return fake.outcome;
    }
    answer->entries = fake.told;
    answer->epoch = fake.epoch;
    answer->last = fake.count;
    answer->durable = fake.durable;
    for (uint64_t i = fake.question.ordinal;
         i >= 1 && i <= fake.count && answer->count < fake.at_a_time; i++)
        fake.told[answer->count++] = (engine_entry_t){
            .ordinal = i,
            .epoch = fake.entries[i - 1].epoch,
            .body = bytes_of (fake.entries[i - 1].body, fake.entries[i - 1].size)};
    return fake.outcome;
}

static int fake_descriptor (engine_t *engine, engine_line_t line)
{
    (void) engine, (void) line;
    return -1;
}

static const engine_ops_t fake_ops = {
    .ask = fake_ask, .look = fake_look, .descriptor = fake_descriptor};

static void forget_from (uint64_t ordinal)
{
    while (fake.count >= ordinal)
        free (fake.entries[--fake.count].body);
}

static int setup (void **state)
{
    (void) state;
    memset (&fake, 0, sizeof fake);
    fake.engine =
        (engine_t){.ops = &fake_ops, .identity = IDENTITY, .name = "postgres://a/b#c"};
    fake.epoch = 1;
    fake.outcome = ENGINE_DONE;
    fake.at_a_time = ENTRIES_MAX;
    disk = disk_new (NULL);
    file = disk_file (disk, "bets.log");
    found.disbelieve = BELIEVE_ALL;
    assert_int_equal (log_engine_sign (file->file, IDENTITY), 0);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    log_destroy (&lg);
    disk_destroy (&disk);
    forget_from (1);
    return 0;
}

/* ---- The log ---- */

static void make_record (uint64_t sequence, uint8_t *bytes)
{
    const record_t record = {
        .kind = RECORD_DRAWN, .draw = IDENTITY, .offset = sequence};
    record_put (bytes, &record);
}

static void append (void)
{
    uint8_t bytes[RECORD_BYTES];
    make_record (log_sequence (lg) + 1, bytes);
    assert_int_equal (log_fits (lg, 1, 0, false), LOG_FITS);
    log_append (lg, bytes, bytes_of ("", 0));
}

static int take (void *context, const record_t *record, const uint8_t *bytes,
                 bytes_t rows, char *reason)
{
    uint8_t expected[RECORD_BYTES];
    assert_ptr_equal (context, &found);
    assert_int_equal (rows.size, 0);
    if (record->offset == found.disbelieve) {
        snprintf (reason, LOG_WHY_BYTES, "it is not believed");
        return -1;
    }
    make_record (record->offset, expected);
    assert_memory_equal (bytes, expected, RECORD_BYTES);
    found.count++;
    return 0;
}

static void open_at (const log_mark_t *mark)
{
    log_destroy (&lg);
    fake.pending = false;
    found.count = 0;
    lg = log_engine_open (&fake.engine, file->file, IDENTITY, mark, why);
    assert_non_null (lg);
}

/* Everything at once: 1, 0 or -1. */
static int catch_up_for (int64_t silence_ms)
{
    why[0] = 0;
    return log_catch_up (lg, take, &found, UINT64_MAX, UINT64_MAX, silence_ms, why);
}

static int catch_up (void)
{
    return catch_up_for (INT32_MAX);
}

static int follow (void)
{
    why[0] = 0;
    return log_follow (lg, take, &found, &why[0]);
}

static void lead (const log_mark_t *mark)
{
    open_at (mark);
    log_lead (lg, fake.epoch);
    assert_int_equal (catch_up (), 1);
    assert_true (log_leads (lg));
}

static void commit (void)
{
    append ();
    assert_int_equal (log_begin (lg), 0);
    assert_int_equal (log_look (lg), 1);
    assert_int_equal (log_durable (lg), log_sequence (lg));
}

static void says (const char *text)
{
    if (!strstr (why, text))
        fail_msg ("%s\nand not: %s", why, text);
}

/* ---- Writing ---- */

static void a_group_is_one_question_with_epoch_and_ordinal (void **state)
{
    (void) state;
    fake.epoch = 7;
    lead (NULL);
    append ();
    append ();
    fake.silent = true;
    assert_int_equal (log_begin (lg), 0);
    assert_true (log_busy (lg));
    assert_int_equal (fake.question.kind, ENGINE_COMMIT);
    assert_int_equal (fake.question.epoch, 7);
    assert_int_equal (fake.question.ordinal, 1);
    assert_int_equal (fake.question.sequence, 0);
    assert_int_equal (fake.question.body.size, 128 + 2 * RECORD_BYTES);
    append (); // into the next one
    const unsigned asked = fake.asked;
    assert_int_equal (log_begin (lg), 0);
    assert_int_equal (log_look (lg), 0);
    assert_int_equal (fake.asked, asked);
    assert_int_equal (log_durable (lg), 0);
    fake.silent = false;
    assert_int_equal (log_look (lg), 1);
    assert_int_equal (log_durable (lg), 2);
    assert_int_equal (log_mark (lg).position, 1);
    assert_int_equal (log_begin (lg), 0);
    assert_int_equal (fake.question.ordinal, 2);
    assert_int_equal (fake.question.sequence, 2);
    assert_int_equal (log_wait (lg), 0);
    assert_int_equal (log_durable (lg), 3);
    assert_int_equal (log_counts (lg).groups, 2);
    assert_int_equal (log_counts (lg).bytes, 2 * 128 + 3 * RECORD_BYTES);
}

static void what_was_written_is_found_again (void **state)
{
    (void) state;
    uint8_t head[SHA256_BYTES];
    lead (NULL);
    for (int i = 0; i < 5; i++)
        commit ();
    const log_mark_t mark = log_mark (lg);
    commit ();
    memcpy (head, log_head (lg), sizeof head);
    for (fake.at_a_time = 1; fake.at_a_time < 4; fake.at_a_time++) {
        fake.epoch++;
        lead (NULL);
        assert_int_equal (found.count, 6);
        assert_memory_equal (log_head (lg), head, sizeof head);
        lead (&mark);
        assert_int_equal (found.count, 1);
        assert_memory_equal (log_head (lg), head, sizeof head);
        assert_int_equal (log_sequence (lg), 6);
        assert_int_equal (log_mark (lg).position, 6);
    }
    commit ();
}

/* And whatever is asked of it afterwards: it is over, and the engine not asked again.
 */
static void nothing_is_asked_again_after (engine_outcome_t outcome)
{
    lead (NULL);
    commit ();
    for (int way = 0; way < 2; way++) {
        append ();
        fake.outcome = outcome;
        const unsigned asked = fake.asked;
        if (way == 0) {
            assert_int_equal (log_begin (lg), 0);
            assert_int_equal (log_look (lg), -1);
        } else
            assert_int_equal (log_wait (lg), -1);
        assert_int_equal (log_look (lg), -1);
        assert_int_equal (log_begin (lg), -1);
        assert_int_equal (log_wait (lg), -1);
        assert_int_equal (log_fits (lg, 1, 0, false), LOG_FAILED);
        assert_int_equal (fake.asked, asked + 1);
        assert_int_equal (log_durable (lg), 1);
        assert_int_equal (log_mark (lg).position, 1);
        assert_non_null (
            strstr (log_failure (lg), "postgres://a/b#c: group 2: the engine says so"));
        assert_int_equal (log_superseded (lg), outcome == ENGINE_FENCED);
        fake.outcome = ENGINE_DONE;
        lead (NULL);
        assert_null (log_failure (lg));
    }
}

static void who_is_fenced_ends (void **state)
{
    (void) state;
    nothing_is_asked_again_after (ENGINE_FENCED);
}

static void who_does_not_know_ends (void **state)
{
    (void) state;
    nothing_is_asked_again_after (ENGINE_UNKNOWN);
}

static void whose_commit_failed_ends (void **state)
{
    (void) state;
    nothing_is_asked_again_after (ENGINE_FAILED);
}

static void what_was_not_known_may_be_there_at_the_next_start (void **state)
{
    (void) state;
    lead (NULL);
    commit ();
    append ();
    fake.outcome = ENGINE_UNKNOWN;
    fake.keeps = true;
    assert_int_equal (log_wait (lg), -1);
    fake.outcome = ENGINE_DONE;
    fake.epoch++;
    lead (NULL);
    assert_int_equal (found.count, 2);
    commit ();
}

static void how_much_a_start_would_read_is_known (void **state)
{
    (void) state;
    const uint64_t group = 128 + RECORD_BYTES;
    lead (NULL);
    for (unsigned i = 1; i <= 3; i++) {
        commit ();
        assert_int_equal (log_unreleased (lg), i * group);
    }
    const log_mark_t mark = log_mark (lg);
    commit ();
    append ();
    assert_int_equal (log_release (lg, &mark), 0);
    assert_int_equal (log_unreleased (lg), 2 * group);
    assert_int_equal (log_wait (lg), 0);
    lead (&mark);
    assert_int_equal (log_unreleased (lg), 2 * group);
}

/* ---- Following ---- */

static void who_follows_takes_what_is_known_to_be_safe (void **state)
{
    (void) state;
    lead (NULL);
    commit ();
    commit ();
    open_at (NULL);
    assert_int_equal (catch_up (), 1); // the second has none behind it
    assert_int_equal (found.count, 1);
    assert_int_equal (log_groups_there (lg), 2);
    assert_int_equal (log_groups_found (lg), 1);
    fake.durable = 2;
    assert_true (log_behind (lg)); // it has asked
    assert_int_equal (follow (), 1);
    assert_int_equal (found.count, 2);
    assert_false (log_leads (lg));
    assert_int_equal (log_mark (lg).sequence, 2);
}

/* Whoever was the active has it in his own files that it was safe. */
static void who_follows_takes_what_is_vouched_for (void **state)
{
    (void) state;
    lead (NULL);
    for (int i = 0; i < 3; i++)
        commit ();
    append (); // as nobody was told
    fake.outcome = ENGINE_UNKNOWN;
    fake.keeps = true;
    assert_int_equal (log_wait (lg), -1);
    fake.outcome = ENGINE_DONE;
    for (uint64_t vouched = 0; vouched <= 4; vouched++) {
        open_at (NULL);
        log_vouch (lg, vouched);
        assert_int_equal (catch_up (), 1);
        assert_int_equal (found.count, vouched == 4 ? 4 : 3); // it has one behind it
        follow ();
        follow (); // and stays
        assert_int_equal (found.count, vouched == 4 ? 4 : 3);
        assert_int_equal (log_groups_found (lg), found.count);
    }
    forget_from (4);
    for (uint64_t vouched = 2; vouched <= 3; vouched++) {
        open_at (NULL);
        log_vouch (lg, vouched);
        assert_int_equal (catch_up (), 1);
        assert_int_equal (found.count, vouched);
    }
}

/* Though an answer ends before it. */
static void who_follows_reads_on_to_what_is_vouched_for (void **state)
{
    (void) state;
    lead (NULL);
    for (int i = 0; i < 3; i++)
        commit ();
    for (size_t at_a_time = 1; at_a_time <= 3; at_a_time++) {
        fake.at_a_time = at_a_time;
        open_at (NULL);
        log_vouch (lg, 3);
        assert_int_equal (catch_up (), 1);
        assert_int_equal (found.count, 3);
    }
    forget_from (3);
    open_at (NULL);
    log_vouch (lg, 3); // which is gone: it does not wait for that
    assert_int_equal (catch_up (), 1);
    assert_int_equal (found.count, 2);
}

/* Nothing else tells of the last one, before there is another. */
static void what_is_safe_is_noted_in_the_page (void **state)
{
    (void) state;
    lead (NULL);
    assert_int_equal (log_noted (lg), 0);
    commit ();
    commit ();
    append ();
    fake.outcome = ENGINE_UNKNOWN;
    fake.keeps = true;
    assert_int_equal (log_wait (lg), -1);
    fake.outcome = ENGINE_DONE;
    open_at (NULL);
    assert_int_equal (log_noted (lg), 2);
    fake.durable = 3;
    assert_int_equal (catch_up (), 1);
    assert_int_equal (log_noted (lg), 3);
    open_at (NULL);
    assert_int_equal (log_noted (lg), 3);
    for (size_t i = 128; i < 144; i++) { // torn
        file->cached.data[i] ^= 1;
        open_at (NULL);
        assert_int_equal (log_noted (lg), 0);
        file->cached.data[i] ^= 1;
    }
}

static void who_follows_passes_over_a_machine_that_was_left_behind (void **state)
{
    (void) state;
    fake.epoch = 5;
    lead (NULL);
    commit ();
    commit ();
    fake.durable = 2;
    open_at (NULL);
    assert_int_equal (catch_up (), 1);
    assert_int_equal (found.count, 2);
    follow ();
    assert_int_equal (fake.question.epoch, 5); // it would say no by itself
    entry_t second = fake.entries[1];
    fake.count = 1;
    fake.durable = 1;
    assert_int_equal (follow (), 0);
    assert_non_null (
        strstr (log_silence (lg), "groups 2 to 2, which were safe, are not"));
    fake.entries[1] = second;
    fake.count = 2;
    assert_int_equal (follow (), 0);
    assert_null (log_silence (lg));
}

static void who_leads_reads_nothing_that_does_not_know_his_epoch (void **state)
{
    (void) state;
    lead (NULL);
    commit ();
    open_at (NULL);
    follow (); // asked before
    assert_int_equal (fake.question.epoch, 0);
    log_lead (lg, 9);
    fake.epoch = 9;
    assert_int_equal (follow (), 0); // so it does not count
    assert_int_equal (found.count, 0);
    assert_int_equal (fake.question.epoch, 9);
    assert_false (log_leads (lg));
    assert_int_equal (follow (), 1);
    assert_true (log_leads (lg));
    const unsigned asked = fake.asked;
    assert_int_equal (follow (), 0); // there is nothing to follow any more
    assert_int_equal (fake.asked, asked);
}

static void who_led_hears_that_another_does (void **state)
{
    (void) state;
    open_at (NULL);
    log_lead (lg, 3);
    fake.epoch = 4;
    assert_int_equal (catch_up (), -1);
    says ("another process has taken over: the epoch is 4, and was 3 here");
    assert_int_equal (errno, ESTALE);
    assert_true (log_superseded (lg));
}

static void an_engine_that_says_nothing_is_told (void **state)
{
    (void) state;
    open_at (NULL);
    fake.outcome = ENGINE_FAILED;
    assert_int_equal (catch_up_for (10), -1);
    assert_int_equal (errno, ETIMEDOUT);
    fake.silent = true;
    open_at (NULL);
    assert_int_equal (catch_up_for (10), -1);
    says ("it does not answer");
}

static void much_is_read_in_pieces (void **state)
{
    (void) state;
    unsigned pieces = 0;
    lead (NULL);
    for (int i = 0; i < 9; i++)
        commit ();
    fake.at_a_time = 1;
    open_at (NULL);
    log_lead (lg, fake.epoch);
    for (int rc = 0; rc != 1; pieces++) {
        rc = log_catch_up (lg, take, &found, 4, 600, INT32_MAX, why);
        assert_int_not_equal (rc, -1);
        const log_mark_t mark = log_mark (lg);
        assert_true (pieces > 0 || mark.sequence == 4);
        assert_int_equal (log_release (lg, &mark), 0);
    }
    assert_int_equal (found.count, 9);
    assert_true (pieces > 2);
}

/* ---- What is refused ---- */

static void an_engine_that_lost_something_is_named_with_the_groups (void **state)
{
    (void) state;
    lead (NULL);
    for (int i = 0; i < 5; i++)
        commit ();
    const log_mark_t mark = log_mark (lg);
    forget_from (3);
    fake.epoch++;
    open_at (&mark);
    log_lead (lg, fake.epoch);
    assert_int_equal (catch_up (), -1);
    assert_int_equal (errno, 0);
    says ("groups 3 to 5 are gone");
    says ("keep this directory");
    assert_int_equal (found.count, 0);
}

static void an_engine_that_went_on_otherwise_is_refused (void **state)
{
    (void) state;
    lead (NULL);
    commit ();
    commit ();
    const log_mark_t mark = log_mark (lg);
    forget_from (2);
    fake.epoch++;
    lead (NULL);
    append (); // two records in place of one
    append ();
    assert_int_equal (log_wait (lg), 0);
    commit ();
    fake.epoch++;
    for (int leads = 0; leads < 2; leads++) {
        open_at (&mark);
        if (leads)
            log_lead (lg, fake.epoch);
        assert_int_equal (catch_up (), -1);
        says ("group 2: it is not the group that was found here");
        assert_int_equal (found.count, 0);
    }
}

/* What was safe when it was followed is not there at the machine that leads now. */
static void who_begins_to_lead_compares_what_he_has (void **state)
{
    (void) state;
    lead (NULL);
    commit ();
    commit ();
    fake.durable = 2;
    open_at (NULL);
    assert_int_equal (catch_up (), 1);
    assert_int_equal (found.count, 2);
    log_t *const follows = lg;
    lg = NULL;
    fake.pending = false;
    forget_from (2);
    fake.epoch++;
    lead (NULL);
    append ();
    append ();
    assert_int_equal (log_wait (lg), 0);
    log_destroy (&lg);
    lg = follows;
    fake.pending = true;
    fake.question = (engine_question_t){.kind = ENGINE_READ, .ordinal = 3};
    log_lead (lg, fake.epoch);
    assert_int_equal (catch_up (), -1);
    says ("group 2: it is not the group that was found here");
}

static void entries_that_are_not_as_written_are_refused (void **state)
{
    (void) state;
    lead (NULL);
    commit ();
    commit ();
    entry_t *entry = &fake.entries[1];
    for (size_t i = 0; i < entry->size; i++) {
        entry->body[i] ^= 1;
        open_at (NULL);
        log_lead (lg, fake.epoch);
        assert_int_equal (catch_up (), -1);
        says ("group 2: ");
        assert_int_equal (found.count, 1);
        entry->body[i] ^= 1;
    }
    for (size_t size = entry->size; entry->size-- > 0;) {
        open_at (NULL);
        log_lead (lg, fake.epoch);
        assert_int_equal (catch_up (), -1);
        if (entry->size == 0) {
            entry->size = size;
            break;
        }
    }
    entry->epoch = 0; // lower than the one before
    open_at (NULL);
    log_lead (lg, fake.epoch);
    assert_int_equal (catch_up (), -1);
    says ("it does not go on from record 1");
}

static void entries_in_another_order_are_refused (void **state)
{
    (void) state;
    lead (NULL);
    for (int i = 0; i < 3; i++)
        commit ();
    const entry_t swapped = fake.entries[1];
    fake.entries[1] = fake.entries[2];
    fake.entries[2] = swapped;
    open_at (NULL);
    log_lead (lg, fake.epoch);
    assert_int_equal (catch_up (), -1);
    says ("group 2: its bytes are damaged"); // as its position is another
    fake.entries[2] = fake.entries[1];
    fake.entries[1] = swapped;
}

static void what_its_owner_refuses_is_told (void **state)
{
    (void) state;
    lead (NULL);
    commit ();
    commit ();
    found.disbelieve = 2;
    open_at (NULL);
    log_lead (lg, fake.epoch);
    assert_int_equal (catch_up (), -1);
    says ("group 2: record 2: it is not believed");
}

/* ---- The page ---- */

static void the_page_says_which_log_it_is (void **state)
{
    (void) state;
    assert_int_equal (log_engine_signed (file->file), 1);
    fake.engine.identity = OTHER;
    assert_null (log_engine_open (&fake.engine, file->file, IDENTITY, NULL, why));
    says ("is of another log than postgres://a/b#c has");
    fake.engine.identity = IDENTITY;
    assert_null (log_engine_open (&fake.engine, file->file, OTHER, NULL, why));
    says ("is of another log");
    for (size_t i = 0; i < 128; i++) {
        file->cached.data[i] ^= 1;
        assert_int_equal (log_engine_signed (file->file), 0);
        assert_null (log_engine_open (&fake.engine, file->file, IDENTITY, NULL, why));
        says ("start without --log");
        file->cached.data[i] ^= 1;
    }
}

static void a_log_in_the_file_and_one_elsewhere_are_not_confused (void **state)
{
    (void) state;
    assert_null (log_open (file->file, IDENTITY, NULL, take, &found, why));
    says ("kept by an engine: --log says which");
    disk_set (file, NULL, 0);
    lg = log_new (file->file, IDENTITY, NULL, why);
    assert_non_null (lg);
    assert_int_equal (log_engine_signed (file->file), 0);
    assert_null (log_engine_open (&fake.engine, file->file, IDENTITY, NULL, why));
    says ("bets.log: the log of this day is in this file");
}

static void without_an_engine_it_ends_at_the_mark (void **state)
{
    (void) state;
    lead (NULL);
    commit ();
    const log_mark_t mark = log_mark (lg);
    log_destroy (&lg);
    lg = log_engine_open (NULL, file->file, IDENTITY, &mark, why);
    assert_non_null (lg);
    assert_int_equal (log_sequence (lg), 1);
    log_destroy (&lg);
    log_mark_t odd[] = {mark, mark, mark};
    odd[0].last = 1;
    odd[1].position = 2;
    odd[2].position = UINT64_MAX;
    for (size_t i = 0; i < 3; i++) {
        assert_null (log_engine_open (NULL, file->file, IDENTITY, &odd[i], why));
        says ("there is no such place in it");
    }
}

int main (void)
{
#define T(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T (a_group_is_one_question_with_epoch_and_ordinal),
        T (what_was_written_is_found_again),
        T (who_is_fenced_ends),
        T (who_does_not_know_ends),
        T (whose_commit_failed_ends),
        T (what_was_not_known_may_be_there_at_the_next_start),
        T (how_much_a_start_would_read_is_known),
        T (who_follows_takes_what_is_known_to_be_safe),
        T (who_follows_takes_what_is_vouched_for),
        T (who_follows_reads_on_to_what_is_vouched_for),
        T (what_is_safe_is_noted_in_the_page),
        T (who_follows_passes_over_a_machine_that_was_left_behind),
        T (who_leads_reads_nothing_that_does_not_know_his_epoch),
        T (who_led_hears_that_another_does),
        T (an_engine_that_says_nothing_is_told),
        T (much_is_read_in_pieces),
        T (an_engine_that_lost_something_is_named_with_the_groups),
        T (an_engine_that_went_on_otherwise_is_refused),
        T (who_begins_to_lead_compares_what_he_has),
        T (entries_that_are_not_as_written_are_refused),
        T (entries_in_another_order_are_refused),
        T (what_its_owner_refuses_is_told),
        T (the_page_says_which_log_it_is),
        T (a_log_in_the_file_and_one_elsewhere_are_not_confused),
        T (without_an_engine_it_ends_at_the_mark),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
