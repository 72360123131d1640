/* test_ledger.c - the offset rule as a table, the jumps between records by brute force,
   and what is held for its turn. */

#include "mail.h"
#include "testing.h"

#include "ledger.h"

static ledger_t *ledger;

static int setup (void **state)
{
    (void) state;
    ledger = ledger_new ();
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    ledger_destroy (&ledger);
    assert_null (ledger);
    ledger_destroy (&ledger);
    return 0;
}

static void accounts_are_opened_once (void **state)
{
    (void) state;
    static const uint32_t agencies[] = {1, 2, 99999, AGENCIES_MAX};
    for (size_t i = 0; i < 4; i++) {
        assert_null (ledger_find (ledger, agencies[i]));
        account_t *account = ledger_admit (ledger, agencies[i]);
        assert_non_null (account);
        assert_int_equal (account->agency, agencies[i]);
        assert_int_equal (account->next, 0);
        assert_false (account->sealed);
        assert_ptr_equal (ledger_admit (ledger, agencies[i]), account);
        assert_ptr_equal (ledger_find (ledger, agencies[i]), account);
    }
    static const uint32_t strangers[] = {0, 3, AGENCIES_MAX + 1, UINT32_MAX};
    for (size_t i = 0; i < 4; i++)
        assert_null (ledger_find (ledger, strangers[i]));
}

static void offsets_are_judged_by_one_rule (void **state)
{
    (void) state;
    static const struct {
        uint64_t next, offset;
        uint32_t count;
        ledger_verdict_t open, sealed;
    } cases[] = {
        {0, 0, 1, LEDGER_NEXT, LEDGER_CLOSED},
        {0, 0, UINT32_MAX, LEDGER_NEXT, LEDGER_CLOSED},
        {0, 1, 1, LEDGER_AHEAD, LEDGER_CLOSED},
        {0, UINT64_MAX, 1, LEDGER_AHEAD, LEDGER_CLOSED},
        {0, UINT64_MAX, UINT32_MAX, LEDGER_AHEAD, LEDGER_CLOSED},
        {10, 10, 1, LEDGER_NEXT, LEDGER_CLOSED},
        {10, 11, 1, LEDGER_AHEAD, LEDGER_CLOSED},
        {10, 0, 1, LEDGER_PAST, LEDGER_PAST},
        {10, 0, 10, LEDGER_PAST, LEDGER_PAST},
        {10, 9, 1, LEDGER_PAST, LEDGER_PAST},
        {10, 4, 6, LEDGER_PAST, LEDGER_PAST},
        {10, 0, 11, LEDGER_ACROSS, LEDGER_CLOSED},
        {10, 9, 2, LEDGER_ACROSS, LEDGER_CLOSED},
        {10, 9, UINT32_MAX, LEDGER_ACROSS, LEDGER_CLOSED},
        {UINT64_MAX, 0, UINT32_MAX, LEDGER_PAST, LEDGER_PAST},
        {UINT64_MAX, UINT64_MAX - 1, 1, LEDGER_PAST, LEDGER_PAST},
        {UINT64_MAX, UINT64_MAX - 1, 2, LEDGER_ACROSS, LEDGER_CLOSED},
        {UINT64_MAX, UINT64_MAX, 1, LEDGER_NEXT, LEDGER_CLOSED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        account_t account = {.next = cases[i].next};
        assert_int_equal (ledger_judge (&account, cases[i].offset, cases[i].count),
                          cases[i].open);
        account.sealed = true;
        assert_int_equal (ledger_judge (&account, cases[i].offset, cases[i].count),
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
        const account_t *account = ledger_admit (ledger, agency);
        const record_t record = ledger_record (account, RECORD_BETS, bets);
        const uint32_t ordinal = ++count[agency];
        assert_int_equal (record.kind, RECORD_BETS);
        assert_int_equal (record.agency, agency);
        assert_int_equal (record.count, bets);
        assert_int_equal (record.offset, next[agency]);
        assert_int_equal (record.previous, numbers[agency][ordinal - 1]);
        assert_int_equal (record.jump, numbers[agency][ordinal & (ordinal - 1)]);
        ledger_apply (ledger, index, &record);
        numbers[agency][ordinal] = index + 1;
        next[agency] += bets;
        assert_int_equal (account->next, next[agency]);
        assert_int_equal (account->last, index + 1);
        assert_int_equal (account->ordinal, ordinal);
    }
}

static void a_seal_closes_its_account_only (void **state)
{
    (void) state;
    account_t *sealed = ledger_admit (ledger, 1), *open = ledger_admit (ledger, 2);
    record_t record = ledger_record (sealed, RECORD_BETS, 7);
    ledger_apply (ledger, 0, &record);
    assert_false (sealed->sealed);
    record = ledger_record (sealed, RECORD_SEAL, 0);
    assert_int_equal (record.kind, RECORD_SEAL);
    assert_int_equal (record.offset, 7);
    ledger_apply (ledger, 1, &record);
    assert_true (sealed->sealed);
    assert_int_equal (sealed->next, 7);
    assert_false (open->sealed);
}

static void records_open_accounts_themselves (void **state)
{
    (void) state;
    const record_t record = {.kind = RECORD_BETS, .agency = 44, .count = 3};
    ledger_apply (ledger, 0, &record); // as read back at the start
    assert_int_equal (ledger_find (ledger, 44)->next, 3);
}

/* ---- What is held ---- */

static int hold (account_t *account, uint64_t offset, size_t size, uint64_t ticket)
{
    static uint8_t message[STORE_BYTES_MAX];
    const envelope_t envelope = {7, (uint32_t) ticket, ticket % 5};
    memset (message, (int) (offset % 251), size);
    return ledger_hold (ledger, account, &envelope, bytes_of (message, size), offset);
}

static void assert_released (account_t *account, uint64_t offset, size_t size,
                             uint64_t ticket)
{
    held_t *held = ledger_release (ledger, account);
    assert_non_null (held);
    assert_int_equal (held->offset, offset);
    assert_int_equal (held->envelope.boot, 7);
    assert_int_equal (held->envelope.ticket, ticket);
    assert_int_equal (held->envelope.client, ticket % 5);
    assert_int_equal (held->message_size, size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal (held->message[i], offset % 251);
    free (held);
}

static void held_batches_come_out_when_their_turn_has_come (void **state)
{
    (void) state;
    account_t *account = ledger_admit (ledger, 1);
    static const uint64_t offsets[] = {30, 10, 20, 50, 40};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal (hold (account, offsets[i], 10 + i, offsets[i]), 0);
    assert_null (ledger_release (ledger, account));
    account->next = 9;
    assert_null (ledger_release (ledger, account));
    account->next = 10;
    assert_released (account, 10, 11, 10);
    assert_null (ledger_release (ledger, account));
    account->next = 35; // some are past it by now
    assert_released (account, 20, 12, 20);
    assert_released (account, 30, 10, 30);
    assert_null (ledger_release (ledger, account));
    account->next = 50;
    assert_released (account, 40, 14, 40);
    assert_released (account, 50, 13, 50);
    assert_null (ledger_release (ledger, account));
    assert_int_equal (account->held_count, 0);
    assert_int_equal (account->held_bytes, 0);
}

static void the_later_of_two_with_one_offset_is_kept (void **state)
{
    (void) state;
    account_t *account = ledger_admit (ledger, 1);
    for (uint64_t i = 0; i < 10; i++) {
        assert_int_equal (hold (account, 5, 100 + i, i), 0);
        assert_int_equal (hold (account, 8, 50, i), 0);
    }
    assert_int_equal (account->held_count, 2);
    assert_int_equal (account->held_bytes, 159);
    account->next = 8;
    assert_released (account, 5, 109, 9);
    assert_released (account, 8, 50, 9);
}

static void holding_is_bounded_by_batches (void **state)
{
    (void) state;
    account_t *account = ledger_admit (ledger, 1);
    for (uint64_t i = 0; i < HELD_BATCHES_PER_AGENCY; i++)
        assert_int_equal (hold (account, 1 + i, 10, i), 0);
    assert_int_equal (hold (account, 1 + HELD_BATCHES_PER_AGENCY, 10, 0), -1);
    assert_int_equal (hold (account, 100, 10, 7), 0); // in place of another
    assert_int_equal (hold (ledger_admit (ledger, 2), 1, 10, 0), 0);
    account->next = 1;
    assert_released (account, 1, 10, 0);
    assert_int_equal (hold (account, 1 + HELD_BATCHES_PER_AGENCY, 10, 0), 0);
}

static void holding_is_bounded_by_distance (void **state)
{
    (void) state;
    const uint64_t farthest = (uint64_t) WINDOW_MAX * BATCH_ROWS_MAX;
    account_t *account = ledger_admit (ledger, 1);
    account->next = 100;
    assert_int_equal (hold (account, 100 + farthest + 1, 10, 0), -1);
    assert_int_equal (hold (account, UINT64_MAX, 10, 0), -1);
    assert_int_equal (account->held_count, 0);
    assert_int_equal (hold (account, 100 + farthest, 10, 0), 0);
    assert_int_equal (account->held_count, 1);
}

static void holding_is_bounded_by_bytes (void **state)
{
    (void) state;
    enum { SIZE = 1024 * 1024, EACH = HELD_BYTES_PER_AGENCY / SIZE };
    uint32_t agency = 1;
    for (; agency <= HELD_BYTES_MAX / HELD_BYTES_PER_AGENCY; agency++) {
        account_t *account = ledger_admit (ledger, agency);
        for (uint64_t i = 0; i < EACH; i++)
            assert_int_equal (hold (account, 1 + i, SIZE, i), 0);
        assert_int_equal (account->held_bytes, HELD_BYTES_PER_AGENCY);
        assert_int_equal (hold (account, 1 + EACH, 1, 0), -1);
    }
    account_t *late = ledger_admit (ledger, agency);
    assert_int_equal (hold (late, 1, 1, 0), -1); // all are full together
    ledger_drop_held (ledger, ledger_find (ledger, 3));
    assert_int_equal (ledger_find (ledger, 3)->held_bytes, 0);
    for (uint64_t i = 0; i < EACH; i++) // exactly what was dropped, and no more
        assert_int_equal (hold (late, 1 + i, SIZE, i), 0);
    assert_int_equal (hold (ledger_admit (ledger, agency + 1), 1, 1, 0), -1);
    late->next = 1;
    assert_released (late, 1, SIZE, 0);
    assert_int_equal (hold (ledger_find (ledger, agency + 1), 1, SIZE, 0), 0);
    assert_int_equal (hold (ledger_find (ledger, agency + 1), 2, 1, 0), -1);
    assert_null (ledger_release (ledger, ledger_find (ledger, 3)));
}

/* Against a plain list, through thousands of steps; what is counted is what is there.
 */
static void holding_follows_a_plain_list (void **state)
{
    (void) state;
    enum { OFFSETS = 600 };
    static uint64_t tickets[OFFSETS]; // ticket + 1, by offset; 0: not held
    uint64_t random = 17;
    account_t *account = ledger_admit (ledger, 1);
    for (uint64_t step = 0; step < 30000; step++) {
        const size_t offset = random_below (&random, OFFSETS);
        size_t count = 0;
        for (size_t i = 0; i < OFFSETS; i++)
            count += tickets[i] > 0;
        assert_int_equal (account->held_count, count);
        assert_int_equal (account->held_bytes, count * 20);
        if (random_below (&random, 2000) == 0) {
            ledger_drop_held (ledger, account);
            memset (tickets, 0, sizeof tickets);
        } else if (random_below (&random, 5) > 0) {
            account->next = 0;
            const bool room = tickets[offset] || count < HELD_BATCHES_PER_AGENCY;
            assert_int_equal (hold (account, offset, 20, step), room ? 0 : -1);
            if (room)
                tickets[offset] = step + 1;
        } else {
            account->next = offset;
            for (size_t i = 0; i <= offset; i++)
                if (tickets[i]) {
                    assert_released (account, i, 20, tickets[i] - 1);
                    tickets[i] = 0;
                }
            assert_null (ledger_release (ledger, account));
        }
    }
}

#define LEDGER_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        LEDGER_TEST (accounts_are_opened_once),
        LEDGER_TEST (offsets_are_judged_by_one_rule),
        LEDGER_TEST (records_point_back),
        LEDGER_TEST (a_seal_closes_its_account_only),
        LEDGER_TEST (records_open_accounts_themselves),
        LEDGER_TEST (held_batches_come_out_when_their_turn_has_come),
        LEDGER_TEST (the_later_of_two_with_one_offset_is_kept),
        LEDGER_TEST (holding_is_bounded_by_batches),
        LEDGER_TEST (holding_is_bounded_by_distance),
        LEDGER_TEST (holding_is_bounded_by_bytes),
        LEDGER_TEST (holding_follows_a_plain_list),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
