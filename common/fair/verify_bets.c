/* verify_bets.c - the bets of a provable draw, held against its notes: one pass over
   bets.csv, in which each agency's bets stand in their order. */

#include "verify_state.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "bet_csv.h"
#include "hex.h"
#include "sorted.h"

typedef struct { // a row of cancelled.csv
    uint32_t agency;
    uint64_t offset;
    bytes_t row; // as it has to stand in bets.csv
} cancelled_t;

typedef struct {
    size_t count;
    cancelled_t *of; // by agency and offset
} cancels_t;

typedef struct { // what was found of an agency
    leaves_t leaves;
    tree_t tree, winners;
    const cancelled_t *cancelled, *cancelled_end; // still to come
} account_t;

static bool read_cancelled (checker_t *checker, cancels_t *cancels);
static bool read_offset (bytes_t *rows, uint64_t *offset);
static int by_place (const void *a, const void *b);
static bool open_accounts (checker_t *checker, const cancels_t *cancels,
                           account_t *accounts);
static void deal_out (const cancels_t *cancels, uint32_t agency, account_t *account);
static bool count_bets (checker_t *checker, account_t *accounts);
static bool count_bet (checker_t *checker, account_t *account, uint32_t agency,
                       const bet_t *bet, bytes_t row);
static size_t find_agency (const seal_t *seal, uint32_t agency, size_t guess);
static bool compare (checker_t *checker, const account_t *accounts);
static bool compare_agency (checker_t *checker, size_t which, const account_t *account);

bool verify_bets (checker_t *checker)
{
    cancels_t cancels = {0};
    account_t *accounts = calloc (checker->seal.agencies, sizeof *accounts);
    assert (accounts || checker->seal.agencies == 0);
    const bool holds = read_cancelled (checker, &cancels) &&
                       open_accounts (checker, &cancels, accounts) &&
                       count_bets (checker, accounts) && compare (checker, accounts);
    free (cancels.of);
    free (accounts);
    return holds;
}

/* Each row is the bet's offset, a comma, and the row of bets.csv. */
static bool read_cancelled (checker_t *checker, cancels_t *cancels)
{
    bytes_t rows = checker->dossier->cancelled;
    uint8_t scratch[ROW_BYTES_MAX];
    bet_t bet;
    size_t capacity = 0;
    while (rows.size > 0) {
        cancelled_t cancelled;
        if (cancels->count == capacity) {
            capacity = capacity > 0 ? 2 * capacity : 64;
            cancels->of = realloc (cancels->of, capacity * sizeof *cancels->of);
            assert (cancels->of);
        }
        const bool sound = read_offset (&rows, &cancelled.offset);
        const uint8_t *row = rows.data;
        if (!sound || bet_csv_next (&rows, scratch, &cancelled.agency, &bet) != 1)
            return verify_fail (checker, "cancelled.csv: row %zu is none",
                                cancels->count + 1);
        if (find_agency (&checker->seal, cancelled.agency, 0) == checker->seal.agencies)
            return verify_fail (checker,
                                "cancelled.csv: row %zu is of agency %" PRIu32
                                ", which does not take part",
                                cancels->count + 1, cancelled.agency);
        cancelled.row = bytes_of (row, (size_t) (rows.data - row));
        cancels->of[cancels->count++] = cancelled;
    }
    if (cancels->count > 0)
        qsort (cancels->of, cancels->count, sizeof *cancels->of, by_place);
    return true;
}

/* It has one spelling. */
static bool read_offset (bytes_t *rows, uint64_t *offset)
{
    size_t digits = 0;
    *offset = 0;
    while (digits < rows->size && digits < 19 && rows->data[digits] >= '0' &&
           rows->data[digits] <= '9')
        *offset = *offset * 10 + (rows->data[digits++] - '0');
    if (digits == 0 || digits == rows->size || rows->data[digits] != ',' ||
        (digits > 1 && rows->data[0] == '0'))
        return false;
    *rows = bytes_of (rows->data + digits + 1, rows->size - digits - 1);
    return true;
}

static int by_place (const void *a, const void *b)
{
    const cancelled_t *one = a, *other = b;
    if (one->agency != other->agency)
        return one->agency > other->agency ? 1 : -1;
    return (one->offset > other->offset) - (one->offset < other->offset);
}

static bool open_accounts (checker_t *checker, const cancels_t *cancels,
                           account_t *accounts)
{
    const char *draw = checker->open.origin.draw;
    for (size_t i = 0; i < checker->seal.agencies; i++) {
        const stake_t *stake = &checker->seal.of[i];
        const bytes_t file = dossier_find (&checker->dossier->salts, stake->agency);
        salt_key_t key;
        if (!file.data)
            return verify_fail (checker,
                                "salts-%" PRIu32 ".txt is missing: bets cannot be held "
                                "against the seal without it",
                                stake->agency);
        if (!hex_read_line (file, key.of, sizeof key.of))
            return verify_fail (checker, "salts-%" PRIu32 ".txt is no salt key",
                                stake->agency);
        const hash_t hash = hash_of (bytes_of (key.of, sizeof key.of));
        if (!hash_equal (&hash, &stake->salts))
            return verify_fail (checker,
                                "salts-%" PRIu32 ".txt is not the salt key of the seal",
                                stake->agency);
        leaves_begin (&accounts[i].leaves, bytes_of (draw, strlen (draw)),
                      stake->agency, &key);
        tree_begin (&accounts[i].tree);
        tree_begin (&accounts[i].winners);
        deal_out (cancels, stake->agency, &accounts[i]);
    }
    return true;
}

/* The agency's part of what is cancelled. */
static void deal_out (const cancels_t *cancels, uint32_t agency, account_t *account)
{
    const size_t from =
        sorted_from (cancels->of, cancels->count, sizeof *cancels->of, agency);
    size_t to = from;
    while (to < cancels->count && cancels->of[to].agency == agency)
        to++;
    account->cancelled = cancels->of ? cancels->of + from : NULL;
    account->cancelled_end = cancels->of ? cancels->of + to : NULL;
}

static bool count_bets (checker_t *checker, account_t *accounts)
{
    bytes_t rows = checker->dossier->bets;
    uint8_t scratch[ROW_BYTES_MAX];
    uint64_t number = 0;
    size_t which = 0;
    for (;;) {
        uint32_t agency;
        bet_t bet;
        const uint8_t *row = rows.data;
        const int more = bet_csv_next (&rows, scratch, &agency, &bet);
        if (more == 0)
            return true;
        number++;
        if (more == -1)
            return verify_fail (checker, "bets.csv: row %" PRIu64 " is none", number);
        which = find_agency (&checker->seal, agency, which);
        if (which == checker->seal.agencies)
            return verify_fail (checker,
                                "bets.csv: row %" PRIu64 " is of agency %" PRIu32
                                ", which does not take part",
                                number, agency);
        if (!count_bet (checker, &accounts[which], agency, &bet,
                        bytes_of (row, (size_t) (rows.data - row))))
            return false;
    }
}

static bool count_bet (checker_t *checker, account_t *account, uint32_t agency,
                       const bet_t *bet, bytes_t row)
{
    const uint64_t offset = account->tree.count;
    const bool cancelled = account->cancelled < account->cancelled_end &&
                           account->cancelled->offset == offset;
    if (cancelled && !bytes_equal (account->cancelled->row, row))
        return verify_fail (checker,
                            "cancelled.csv has another bet %" PRIu64
                            " of agency %" PRIu32 " than bets.csv",
                            offset, agency);
    if (cancelled)
        account->cancelled++;
    const hash_t leaf = leaves_hash (
        &account->leaves, offset, cancelled ? LEAF_CANCELLED : LEAF_STANDS, NULL, bet);
    tree_add (&account->tree, &leaf);
    if (!cancelled && checker->drawn && bet->number == checker->result.number)
        tree_add (&account->winners, &leaf);
    return true;
}

/* Rows of an agency follow each other, mostly. */
static size_t find_agency (const seal_t *seal, uint32_t agency, size_t guess)
{
    if (guess < seal->agencies && seal->of[guess].agency == agency)
        return guess;
    return sorted_find (seal->of, seal->agencies, sizeof *seal->of, agency);
}

static bool compare (checker_t *checker, const account_t *accounts)
{
    uint64_t bets = 0;
    for (size_t i = 0; i < checker->seal.agencies; i++) {
        if (!compare_agency (checker, i, &accounts[i]))
            return false;
        bets += accounts[i].tree.count;
    }
    return verify_tell (checker, "bets",
                        "%" PRIu64 " bets of %zu agencies are those that were sealed%s",
                        bets, checker->seal.agencies,
                        checker->drawn ? ", and the winners are all with the number"
                                       : "");
}

static bool compare_agency (checker_t *checker, size_t which, const account_t *account)
{
    const stake_t *stake = &checker->seal.of[which];
    const hash_t root = tree_root (&account->tree), won = tree_root (&account->winners);
    if (account->cancelled < account->cancelled_end)
        return verify_fail (checker,
                            "cancelled.csv has bet %" PRIu64 " of agency %" PRIu32
                            ", which is not there, or twice",
                            account->cancelled->offset, stake->agency);
    if (account->tree.count != stake->count)
        return verify_fail (checker,
                            "agency %" PRIu32 " has %" PRIu64
                            " bets in bets.csv, and %" PRIu64 " were sealed",
                            stake->agency, account->tree.count, stake->count);
    if (!hash_equal (&root, &stake->root))
        return verify_fail (
            checker, "the bets of agency %" PRIu32 " are not those that were sealed",
            stake->agency);
    if (!checker->drawn)
        return true;
    const won_t *said = &checker->result.won[which];
    if (account->winners.count != said->count || !hash_equal (&won, &said->root))
        return verify_fail (checker,
                            "agency %" PRIu32 " has %" PRIu64
                            " winning bets, and result.note says others (%" PRIu64 ")",
                            stake->agency, account->winners.count, said->count);
    return true;
}
