/* test_cursors.c - the offset rule as a table, the jumps between records by brute
   force, and what is held for its turn. */

#include "testing.h"

#include "bounds.h"
#include "cursors.h"
#include "digest.h"

static cursors_t *cursors;

static int setup (void **state)
{
    (void) state;
    cursors = cursors_new (AGENCIES_MAX, NULL, NULL);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    cursors_destroy (&cursors);
    assert_null (cursors);
    cursors_destroy (&cursors);
    return 0;
}

static void cursors_are_opened_once (void **state)
{
    (void) state;
    static const uint32_t agencies[] = {1, 2, 99999, AGENCIES_MAX};
    for (size_t i = 0; i < 4; i++) {
        assert_null (cursors_find (cursors, agencies[i]));
        cursor_t *cursor = cursors_admit (cursors, agencies[i]);
        assert_non_null (cursor);
        assert_int_equal (cursor->at.agency, agencies[i]);
        assert_int_equal (cursor->at.next, 0);
        assert_false (cursor_sealed (cursor));
        assert_ptr_equal (cursors_admit (cursors, agencies[i]), cursor);
        assert_ptr_equal (cursors_find (cursors, agencies[i]), cursor);
    }
    static const uint32_t strangers[] = {0, 3, AGENCIES_MAX + 1, UINT32_MAX};
    for (size_t i = 0; i < 4; i++)
        assert_null (cursors_find (cursors, strangers[i]));
}

static void offsets_are_judged_by_one_rule (void **state)
{
    (void) state;
    static const struct {
        uint64_t next, offset;
        uint32_t count;
        cursor_verdict_t open, sealed;
    } cases[] = {
        {0, 0, 1, CURSOR_NEXT, CURSOR_CLOSED},
        {0, 0, UINT32_MAX, CURSOR_NEXT, CURSOR_CLOSED},
        {0, 1, 1, CURSOR_AHEAD, CURSOR_CLOSED},
        {0, UINT64_MAX, 1, CURSOR_AHEAD, CURSOR_CLOSED},
        {0, UINT64_MAX, UINT32_MAX, CURSOR_AHEAD, CURSOR_CLOSED},
        {10, 10, 1, CURSOR_NEXT, CURSOR_CLOSED},
        {10, 11, 1, CURSOR_AHEAD, CURSOR_CLOSED},
        {10, 0, 1, CURSOR_PAST, CURSOR_PAST},
        {10, 0, 10, CURSOR_PAST, CURSOR_PAST},
        {10, 9, 1, CURSOR_PAST, CURSOR_PAST},
        {10, 4, 6, CURSOR_PAST, CURSOR_PAST},
        {10, 0, 11, CURSOR_ACROSS, CURSOR_CLOSED},
        {10, 9, 2, CURSOR_ACROSS, CURSOR_CLOSED},
        {10, 9, UINT32_MAX, CURSOR_ACROSS, CURSOR_CLOSED},
        {UINT64_MAX, 0, UINT32_MAX, CURSOR_PAST, CURSOR_PAST},
        {UINT64_MAX, UINT64_MAX - 1, 1, CURSOR_PAST, CURSOR_PAST},
        {UINT64_MAX, UINT64_MAX - 1, 2, CURSOR_ACROSS, CURSOR_CLOSED},
        {UINT64_MAX, UINT64_MAX, 1, CURSOR_NEXT, CURSOR_CLOSED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cursor_t cursor = {.at.next = cases[i].next, .cursors = cursors};
        assert_int_equal (cursor_judge (&cursor, cases[i].offset, cases[i].count),
                          cases[i].open);
        cursor.at.marks = CURSOR_ASKED;
        assert_int_equal (cursor_judge (&cursor, cases[i].offset, cases[i].count),
                          cases[i].sealed);
    }
}

/* Where a record points, against a list of all: to the agency's record before, and to
   the one whose ordinal is its own with the lowest bit cleared. */
static void records_point_back (void **state)
{
    (void) state;
    enum { AGENCIES = 3, RECORDS = 5000 };
    static uint32_t numbers[AGENCIES + 1][RECORDS + 1]; // index + 1, by ordinal
    uint32_t count[AGENCIES + 1] = {0};
    uint64_t next[AGENCIES + 1] = {0}, random = 8;
    for (uint32_t index = 0; index < RECORDS; index++) {
        const uint32_t agency = 1 + (uint32_t) random_below (&random, AGENCIES);
        const uint32_t bets = 1 + (uint32_t) random_below (&random, 100);
        const cursor_t *cursor = cursors_admit (cursors, agency);
        const record_t record = cursor_record (cursor, bets);
        const uint32_t ordinal = ++count[agency];
        assert_int_equal (record.kind, RECORD_BETS);
        assert_int_equal (record.agency, agency);
        assert_int_equal (record.count, bets);
        assert_int_equal (record.offset, next[agency]);
        assert_int_equal (record.previous, numbers[agency][ordinal - 1]);
        assert_int_equal (record.jump, numbers[agency][ordinal & (ordinal - 1)]);
        cursors_apply (cursors, index + 1, &record);
        numbers[agency][ordinal] = index + 1;
        next[agency] += bets;
        assert_int_equal (cursor->at.next, next[agency]);
        assert_int_equal (cursor->at.last, index + 1);
        assert_int_equal (cursor->at.ordinal, ordinal);
    }
}

static void a_seal_closes_its_agency_only (void **state)
{
    (void) state;
    cursor_t *sealed = cursors_admit (cursors, 1), *open = cursors_admit (cursors, 2);
    record_t record = cursor_record (sealed, 7);
    cursors_apply (cursors, 1, &record);
    assert_false (cursor_sealed (sealed));
    record = (record_t){.kind = RECORD_SEALED, .agency = 1, .offset = 7};
    cursors_apply (cursors, 2, &record);
    assert_true (cursor_sealed (sealed));
    assert_int_equal (sealed->at.next, 7);
    assert_false (cursor_sealed (open));
    assert_int_equal (cursors_sealed (cursors), 1);
}

static void records_begin_cursors_themselves (void **state)
{
    (void) state;
    const record_t record = {.kind = RECORD_BETS, .agency = 44, .count = 3};
    cursors_apply (cursors, 1, &record); // as read back at the start
    assert_int_equal (cursors_find (cursors, 44)->at.next, 3);
}

/* What the log does not show is forgotten with the process; the rest comes back as it
   was. */
static void a_checkpoint_has_what_the_log_shows (void **state)
{
    (void) state;
    static uint8_t bytes[8 * CHECKPOINT_CURSOR_MAX];
    uint64_t sequence = 0;
    for (uint32_t i = 0; i < 100; i++) {
        record_t record = cursor_record (cursors_admit (cursors, 1 + i % 3), 1 + i);
        record.digest = i;
        cursors_apply (cursors, ++sequence, &record);
    }
    cursors_admit (cursors, 7); // nothing of it is recorded
    const record_t seals[] = {{.kind = RECORD_SEALED, .agency = 9},
                              {.kind = RECORD_SEALED, .agency = 2}};
    for (size_t i = 0; i < 2; i++)
        cursors_apply (cursors, ++sequence, &seals[i]);
    assert_int_equal (cursors_recorded (cursors), 4);
    assert_int_equal (cursors_last (cursors), 100);
    bytes_t rest = bytes_of (bytes, (size_t) (cursors_put (cursors, bytes) - bytes));
    cursors_t *again = cursors_new (AGENCIES_MAX, NULL, NULL);
    checkpoint_cursor_t at;
    for (int i = 0; i < 4; i++) {
        assert_int_equal (checkpoint_get_cursor (&rest, &at), 0);
        assert_int_equal (cursors_restore (again, &at), 0);
        assert_int_equal (cursors_restore (again, &at), -1); // twice
        assert_memory_equal (&cursors_find (again, at.agency)->at,
                             &cursors_find (cursors, at.agency)->at, sizeof at);
    }
    assert_int_equal (checkpoint_get_cursor (&rest, &at), -1);
    assert_int_equal (cursors_recorded (again), 4);
    assert_null (cursors_find (again, 7));
    cursors_destroy (&again);
}

static void cursors_that_contradict_themselves_are_refused (void **state)
{
    (void) state;
    static const checkpoint_cursor_t none[] = {
        {.agency = 0},
        {.agency = AGENCIES_MAX + 1},
        {.agency = 1, .next = 4},
        {.agency = 1, .next = 4, .last = 2},
        {.agency = 1, .last = 2, .ordinal = 1},
        {.agency = 1, .next = 4, .ordinal = 1},
        {.agency = 1,
         .next = 4,
         .last = 2,
         .ordinal = 1,
         .cancelled = 5,
         .last_cancel = 3},
        {.agency = 1, .next = 4, .last = 2, .ordinal = 1, .cancelled = 1},
        {.agency = 1, .next = 4, .last = 2, .ordinal = 1, .last_cancel = 3},
    };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal (cursors_restore (cursors, &none[i]), -1);
    assert_null (cursors_next (cursors, 0));
}

static const char *refusal_of (const record_t *record, bytes_t rows)
{
    static char why[LOG_WHY_BYTES];
    return cursors_accept (cursors, record, rows, why) == -1 ? why : NULL;
}

/* A record that is read has to follow from those before. */
static void records_are_accepted_if_they_follow (void **state)
{
    (void) state;
    static const char first[] = "1,A,B,20000000,2000-01-01,1\r\n";
    const bytes_t rows = bytes_of (first, sizeof first - 1);
    record_t record = cursor_record (cursors_admit (cursors, 1), 1);
    digest_rows (&record.digest, rows, 2);
    record_vouch (&record, rows);
    assert_null (refusal_of (&record, rows));
    cursors_apply (cursors, 1, &record);
    assert_non_null (strstr (refusal_of (&record, rows), "offset")); // once more

    record = cursor_record (cursors_find (cursors, 1), 1);
    digest_rows (&record.digest, rows, 2);
    record_vouch (&record, rows);
    assert_null (refusal_of (&record, rows));
    record_t bad = record;
    bad.previous = 0;
    assert_non_null (strstr (refusal_of (&bad, rows), "point"));
    bad = record;
    bad.jump = 1 + bad.jump;
    assert_non_null (strstr (refusal_of (&bad, rows), "point"));
    bad = record;
    bad.digest++;
    assert_non_null (strstr (refusal_of (&bad, rows), "digest"));
    bad = record;
    bad.count = 2;
    assert_non_null (strstr (refusal_of (&bad, rows), "count"));
    bad = record;
    bad.rows_hash++;
    assert_non_null (strstr (refusal_of (&bad, rows), "vouches"));
    bad = record;
    bad.agency = 2; // which has none before
    assert_non_null (strstr (refusal_of (&bad, rows), "offset"));

    record_t seal = {.kind = RECORD_SEALED, .agency = 1, .offset = 1};
    assert_non_null (strstr (refusal_of (&seal, bytes_of (NULL, 0)), "digest"));
    seal.digest = cursors_find (cursors, 1)->at.digest;
    assert_null (refusal_of (&seal, bytes_of (NULL, 0)));
    cursors_apply (cursors, 2, &seal);
    assert_non_null (strstr (refusal_of (&seal, bytes_of (NULL, 0)), "before"));
    assert_non_null (strstr (refusal_of (&record, rows), "complete"));
}

/* The agency on nobody's roll, who was excused, who asks late. */
static void marks_are_accepted_once (void **state)
{
    (void) state;
    const bytes_t none = bytes_of (NULL, 0);
    cursors_t *few = cursors, *all = cursors_new (3, NULL, NULL);
    cursors = all;
    record_t bets = cursor_record (cursors_admit (all, 1), 2);
    bets.digest = 9;
    cursors_apply (all, 1, &bets);
    record_t excused = {.kind = RECORD_EXCUSED, .agency = 1};
    record_t seal = {.kind = RECORD_SEALED, .agency = 1, .offset = 2, .digest = 9};
    record_t served = {.kind = RECORD_SERVED, .agency = 1};
    record_t stranger = {.kind = RECORD_EXCUSED, .agency = 4};
    assert_non_null (strstr (refusal_of (&stranger, none), "roll"));
    assert_null (refusal_of (&excused, none));
    cursors_apply (all, 2, &excused);
    assert_true (cursor_sealed (cursors_find (all, 1)));
    assert_non_null (strstr (refusal_of (&excused, none), "before"));
    assert_null (refusal_of (&seal, none)); // it comes late, and confirms
    seal.jump = 1;
    assert_non_null (strstr (refusal_of (&seal, none), "cancelled"));
    seal.jump = 0;
    cursors_apply (all, 3, &seal);
    assert_int_equal (cursors_sealed (all), 1);
    assert_non_null (strstr (refusal_of (&seal, none), "before"));
    assert_null (refusal_of (&served, none));
    cursors_apply (all, 4, &served);
    assert_non_null (strstr (refusal_of (&served, none), "before"));
    record_t ended = {.kind = RECORD_ENDED, .agency = 2, .offset = 1};
    assert_non_null (strstr (refusal_of (&ended, none), "offset"));
    ended.offset = 0;
    assert_null (refusal_of (&ended, none));
    cursors_apply (all, 5, &ended);
    assert_true (cursor_sealed (cursors_find (all, 2)));
    assert_int_equal (cursors_sealed (all), 1); // it is waited for
    assert_non_null (strstr (refusal_of (&ended, none), "before"));
    excused.agency = 2;
    assert_null (refusal_of (&excused, none)); // its machine was lost
    ended.agency = 1;
    ended.offset = 2;
    ended.digest = 9;
    assert_non_null (strstr (refusal_of (&ended, none), "committed"));
    cursors_close (all); // all others, too
    stranger.agency = 2;
    assert_non_null (strstr (refusal_of (&stranger, none), "complete"));
    assert_true (cursor_sealed (cursors_admit (all, 3)));
    cursors_destroy (&all);
    cursors = few;
}

static void cancels_are_accepted_if_they_follow (void **state)
{
    (void) state;
    static const char text[] = "1,1,A,B,20000000,2000-01-01,1\r\n";
    const bytes_t row = bytes_of (text, sizeof text - 1);
    cursor_t *cursor = cursors_admit (cursors, 1);
    record_t bets = cursor_record (cursor, 3);
    cursors_apply (cursors, 5, &bets);
    record_t cancel = cursor_cancel_record (cursor, 1);
    record_vouch (&cancel, row);
    assert_int_equal (cancel.count, 1);
    assert_null (refusal_of (&cancel, row));
    record_t bad = cancel;
    bad.offset = 3;
    assert_non_null (strstr (refusal_of (&bad, row), "not stored"));
    bad.offset = 2;
    assert_non_null (strstr (refusal_of (&bad, row), "its row"));
    bad = cancel;
    bad.previous = 4;
    assert_non_null (strstr (refusal_of (&bad, row), "follow"));
    bad = cancel;
    bad.rows_hash++;
    assert_non_null (strstr (refusal_of (&bad, row), "vouches"));
    cursors_apply (cursors, 6, &cancel);
    assert_int_equal (cursor->at.cancelled, 1);
    assert_int_equal (cursor_cancel_record (cursor, 2).previous, 6);
    record_t excused = {.kind = RECORD_EXCUSED, .agency = 1};
    cursors_apply (cursors, 7, &excused);
    cancel = cursor_cancel_record (cursor, 1);
    assert_non_null (strstr (refusal_of (&cancel, bytes_of (NULL, 0)), "complete"));
}

/* As they come, and as a checkpoint has them. */
static void what_all_have_together_is_known (void **state)
{
    (void) state;
    const cursor_t *cursor = cursors_admit (cursors, 1);
    for (uint64_t sequence = 1; sequence <= 3; sequence++) {
        record_t bets = cursor_record (cursor, 10);
        bets.time_ms = 5000 * sequence;
        cursors_apply (cursors, sequence, &bets);
    }
    assert_int_equal (cursor->stored_s, 15);
    const record_t cancel = cursor_cancel_record (cursor, 4);
    cursors_apply (cursors, 4, &cancel);
    assert_int_equal (cursors_totals (cursors).bets, 30);
    assert_int_equal (cursors_totals (cursors).batches, 3);
    assert_int_equal (cursors_totals (cursors).cancelled, 1);
    checkpoint_cursor_t at = cursor->at;
    at.agency = 2;
    assert_int_equal (cursors_restore (cursors, &at), 0);
    assert_int_equal (cursors_find (cursors, 2)->stored_s, 0);
    assert_int_equal (cursors_totals (cursors).bets, 60);
    assert_int_equal (cursors_totals (cursors).batches, 6);
    assert_int_equal (cursors_totals (cursors).cancelled, 2);
}

/* 100 draws of 1,000 agencies are to be no burden. */
static void a_cursor_at_rest_is_small (void **state)
{
    (void) state;
    assert_true (sizeof (cursor_t) + 2 * sizeof (void *) + sizeof (cursor_t *) <= 300);
    cursor_t *cursor = cursors_admit (cursors, 1);
    const envelope_t envelope = {0};
    for (int i = 0; i < 2; i++) { // and takes up nothing more once it is
        assert_int_equal (
            cursors_hold (cursors, cursor, &envelope, bytes_of ("abc", 3), 1), 0);
        assert_non_null (cursor->held);
        if (i == 0)
            free (cursors_release (cursors, cursor));
        else
            cursors_drop_held (cursors, cursor);
        assert_null (cursor->held);
    }
}

/* ---- What is held ---- */

static envelope_t envelope_of (uint64_t ticket)
{
    return (envelope_t){.boot = 3, .ticket = (uint32_t) ticket, .client = ticket % 5};
}

static int hold (cursor_t *cursor, uint64_t offset, size_t size, uint64_t ticket)
{
    static uint8_t message[STORE_BYTES_MAX];
    memset (message, (int) (offset % 251), size);
    const envelope_t envelope = envelope_of (ticket);
    return cursors_hold (cursors, cursor, &envelope, bytes_of (message, size), offset);
}

static held_t *release_due (cursor_t *cursor)
{
    return cursor_due (cursor) ? cursors_release (cursors, cursor) : NULL;
}

static void assert_released (cursor_t *cursor, uint64_t offset, size_t size,
                             uint64_t ticket)
{
    held_t *held = release_due (cursor);
    const envelope_t envelope = envelope_of (ticket);
    assert_non_null (held);
    assert_int_equal (held->offset, offset);
    assert_int_equal (held->message_size, size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal (held->message[i], offset % 251);
    assert_int_equal (held->envelope.boot, envelope.boot);
    assert_int_equal (held->envelope.ticket, envelope.ticket);
    assert_int_equal (held->envelope.client, envelope.client);
    free (held);
}

static void held_batches_come_out_when_their_turn_has_come (void **state)
{
    (void) state;
    cursor_t *cursor = cursors_admit (cursors, 1);
    static const uint64_t offsets[] = {30, 10, 20, 50, 40};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal (hold (cursor, offsets[i], 10 + i, offsets[i]), 0);
    assert_null (release_due (cursor));
    cursor->at.next = 9;
    assert_null (release_due (cursor));
    cursor->at.next = 10;
    assert_released (cursor, 10, 11, 10);
    assert_null (release_due (cursor));
    cursor->at.next = 35; // some are past it by now
    assert_released (cursor, 20, 12, 20);
    assert_released (cursor, 30, 10, 30);
    assert_null (release_due (cursor));
    cursor->at.next = 50;
    assert_released (cursor, 40, 14, 40);
    assert_released (cursor, 50, 13, 50);
    assert_null (release_due (cursor));
    assert_int_equal (cursor->held_count, 0);
    assert_int_equal (cursor->held_bytes, 0);
}

static void the_later_of_two_with_one_offset_is_kept (void **state)
{
    (void) state;
    cursor_t *cursor = cursors_admit (cursors, 1);
    for (uint64_t i = 0; i < 10; i++) {
        assert_int_equal (hold (cursor, 5, 100 + i, i), 0);
        assert_int_equal (hold (cursor, 8, 50, i), 0);
    }
    assert_int_equal (cursor->held_count, 2);
    assert_int_equal (cursor->held_bytes, 159);
    cursor->at.next = 8;
    assert_released (cursor, 5, 109, 9);
    assert_released (cursor, 8, 50, 9);
}

static void holding_is_bounded_by_count (void **state)
{
    (void) state;
    cursor_t *cursor = cursors_admit (cursors, 1);
    for (uint64_t i = 0; i < HELD_BATCHES_PER_AGENCY; i++)
        assert_int_equal (hold (cursor, 1 + i, 10, i), 0);
    assert_int_equal (hold (cursor, 1 + HELD_BATCHES_PER_AGENCY, 10, 0), -1);
    assert_int_equal (hold (cursor, 100, 10, 7), 0); // in place of another
    assert_int_equal (hold (cursors_admit (cursors, 2), 1, 10, 0), 0);
    cursor->at.next = 1;
    assert_released (cursor, 1, 10, 0);
    assert_int_equal (hold (cursor, 1 + HELD_BATCHES_PER_AGENCY, 10, 0), 0);
}

static void holding_is_bounded_by_distance (void **state)
{
    (void) state;
    const uint64_t farthest = (uint64_t) WINDOW_MAX * BATCH_ROWS_MAX;
    cursor_t *cursor = cursors_admit (cursors, 1);
    cursor->at.next = 100;
    assert_int_equal (hold (cursor, 100 + farthest + 1, 10, 0), -1);
    assert_int_equal (hold (cursor, UINT64_MAX, 10, 0), -1);
    assert_int_equal (cursor->held_count, 0);
    assert_int_equal (hold (cursor, 100 + farthest, 10, 0), 0);
    assert_int_equal (cursor->held_count, 1);
}

static void holding_is_bounded_by_bytes (void **state)
{
    (void) state;
    enum { SIZE = 1024 * 1024, EACH = HELD_BYTES_PER_AGENCY / SIZE };
    uint32_t agency = 1;
    for (; agency <= HELD_BYTES_MAX / HELD_BYTES_PER_AGENCY; agency++) {
        cursor_t *cursor = cursors_admit (cursors, agency);
        for (uint64_t i = 0; i < EACH; i++)
            assert_int_equal (hold (cursor, 1 + i, SIZE, i), 0);
        assert_int_equal (cursor->held_bytes, HELD_BYTES_PER_AGENCY);
        assert_int_equal (hold (cursor, 1 + EACH, 1, 0), -1);
    }
    cursor_t *late = cursors_admit (cursors, agency);
    assert_int_equal (hold (late, 1, 1, 0), -1); // all are full together
    cursors_drop_held (cursors, cursors_find (cursors, 3));
    assert_int_equal (cursors_find (cursors, 3)->held_bytes, 0);
    for (uint64_t i = 0; i < EACH; i++) // exactly what was dropped, and no more
        assert_int_equal (hold (late, 1 + i, SIZE, i), 0);
    assert_int_equal (hold (cursors_admit (cursors, agency + 1), 1, 1, 0), -1);
    late->at.next = 1;
    assert_released (late, 1, SIZE, 0);
    assert_int_equal (hold (cursors_find (cursors, agency + 1), 1, SIZE, 0), 0);
    assert_int_equal (hold (cursors_find (cursors, agency + 1), 2, 1, 0), -1);
    assert_null (release_due (cursors_find (cursors, 3)));
}

/* Against a plain list, through thousands of steps; what is counted is what is there.
 */
static void holding_follows_a_plain_list (void **state)
{
    (void) state;
    enum { OFFSETS = 600 };
    static uint64_t tickets[OFFSETS]; // ticket + 1, by offset; 0: not held
    uint64_t random = 17;
    cursor_t *cursor = cursors_admit (cursors, 1);
    for (uint64_t step = 0; step < 30000; step++) {
        const size_t offset = random_below (&random, OFFSETS);
        size_t count = 0;
        for (size_t i = 0; i < OFFSETS; i++)
            count += tickets[i] > 0;
        assert_int_equal (cursor->held_count, count);
        assert_int_equal (cursor->held_bytes, count * 20);
        if (random_below (&random, 2000) == 0) {
            cursors_drop_held (cursors, cursor);
            memset (tickets, 0, sizeof tickets);
        } else if (random_below (&random, 5) > 0) {
            cursor->at.next = 0;
            const bool room = tickets[offset] || count < HELD_BATCHES_PER_AGENCY;
            assert_int_equal (hold (cursor, offset, 20, step), room ? 0 : -1);
            if (room)
                tickets[offset] = step + 1;
        } else {
            cursor->at.next = offset;
            for (size_t i = 0; i <= offset; i++)
                if (tickets[i]) {
                    assert_released (cursor, i, 20, tickets[i] - 1);
                    tickets[i] = 0;
                }
            assert_null (release_due (cursor));
        }
    }
}

#define CURSORS_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        CURSORS_TEST (cursors_are_opened_once),
        CURSORS_TEST (offsets_are_judged_by_one_rule),
        CURSORS_TEST (records_point_back),
        CURSORS_TEST (a_seal_closes_its_agency_only),
        CURSORS_TEST (records_begin_cursors_themselves),
        CURSORS_TEST (a_checkpoint_has_what_the_log_shows),
        CURSORS_TEST (cursors_that_contradict_themselves_are_refused),
        CURSORS_TEST (records_are_accepted_if_they_follow),
        CURSORS_TEST (marks_are_accepted_once),
        CURSORS_TEST (cancels_are_accepted_if_they_follow),
        CURSORS_TEST (what_all_have_together_is_known),
        CURSORS_TEST (a_cursor_at_rest_is_small),
        CURSORS_TEST (held_batches_come_out_when_their_turn_has_come),
        CURSORS_TEST (the_later_of_two_with_one_offset_is_kept),
        CURSORS_TEST (holding_is_bounded_by_count),
        CURSORS_TEST (holding_is_bounded_by_distance),
        CURSORS_TEST (holding_is_bounded_by_bytes),
        CURSORS_TEST (holding_follows_a_plain_list),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
