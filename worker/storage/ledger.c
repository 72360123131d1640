/* ledger.c - who is how far. Storage; pure. */

#include "ledger.h"

#include <assert.h>
#include <stdlib.h>

#define OFFSETS_AHEAD_MAX ((uint64_t) WINDOW_MAX * BATCH_ROWS_MAX)

struct ledger {
    account_t **accounts; // by agency
    size_t held_bytes;    // of all accounts
};

static size_t held_place (const account_t *account, uint64_t offset);
static held_t *held_new (const envelope_t *envelope, bytes_t message, uint64_t offset);
static void remove_held (ledger_t *ledger, account_t *account, size_t place);

ledger_t *ledger_new (void)
{
    ledger_t *ledger = calloc (1, sizeof *ledger);
    assert (ledger);
    ledger->accounts = calloc (AGENCIES_MAX + 1, sizeof (account_t *));
    assert (ledger->accounts);
    return ledger;
}

void ledger_destroy (ledger_t **ledger)
{
    if (*ledger) {
        for (uint32_t agency = 1; agency <= AGENCIES_MAX; agency++)
            if ((*ledger)->accounts[agency]) {
                ledger_drop_held (*ledger, (*ledger)->accounts[agency]);
                free ((*ledger)->accounts[agency]);
            }
        free ((*ledger)->accounts);
        free (*ledger);
    }
    *ledger = NULL;
}

account_t *ledger_admit (ledger_t *ledger, uint32_t agency)
{
    assert (agency >= 1 && agency <= AGENCIES_MAX);
    if (!ledger->accounts[agency]) {
        ledger->accounts[agency] = calloc (1, sizeof (account_t));
        assert (ledger->accounts[agency]);
        ledger->accounts[agency]->agency = agency;
    }
    return ledger->accounts[agency];
}

account_t *ledger_find (ledger_t *ledger, uint32_t agency)
{
    return agency <= AGENCIES_MAX ? ledger->accounts[agency] : NULL;
}

ledger_verdict_t ledger_judge (const account_t *account, uint64_t offset,
                               uint32_t count)
{
    const uint64_t next = account->next;
    if (offset < next && count <= next - offset)
        return LEDGER_PAST;
    if (account->sealed)
        return LEDGER_CLOSED;
    if (offset < next)
        return LEDGER_ACROSS;
    return offset == next ? LEDGER_NEXT : LEDGER_AHEAD;
}

/* The jump goes to the agency's record whose ordinal is this one's with its lowest set
   bit cleared, as in a Fenwick tree: from any record, each bet lies O(log² n) hops
   away.
 */
record_t ledger_record (const account_t *account, record_kind_t kind, uint32_t count)
{
    const uint32_t ordinal = account->ordinal + 1;
    const uint32_t jump = ordinal & (ordinal - 1);
    return (record_t){
        .kind = (uint8_t) kind,
        .count = (uint16_t) count,
        .agency = account->agency,
        .offset = account->next,
        .digest = account->digest,
        .previous = account->last,
        .jump = jump ? account->path[__builtin_ctz (jump)] : 0,
    };
}

void ledger_apply (ledger_t *ledger, uint32_t index, const record_t *record)
{
    account_t *account = ledger_admit (ledger, record->agency);
    account->ordinal++;
    account->last = index + 1;
    // This record ends in n zero bits: it is the latest for all suffixes up to n.
    for (int bit = 0; bit <= __builtin_ctz (account->ordinal); bit++)
        account->path[bit] = index + 1;
    account->next += record->count;
    account->digest = record->digest;
    if (record->kind == RECORD_SEAL)
        account->sealed = true;
}

int ledger_hold (ledger_t *ledger, account_t *account, const envelope_t *envelope,
                 bytes_t message, uint64_t offset)
{
    if (offset - account->next > OFFSETS_AHEAD_MAX)
        return -1;
    const size_t place = held_place (account, offset);
    if (place < account->held_count && account->held[place]->offset == offset)
        remove_held (ledger, account, place);
    const size_t size = message.size;
    if (account->held_count == HELD_BATCHES_PER_AGENCY ||
        account->held_bytes + size > HELD_BYTES_PER_AGENCY ||
        ledger->held_bytes + size > HELD_BYTES_MAX)
        return -1;
    memmove (account->held + place + 1, account->held + place,
             (account->held_count - place) * sizeof (held_t *));
    account->held[place] = held_new (envelope, message, offset);
    account->held_count++;
    account->held_bytes += size;
    ledger->held_bytes += size;
    return 0;
}

held_t *ledger_release (ledger_t *ledger, account_t *account)
{
    if (account->held_count == 0 || account->held[0]->offset > account->next)
        return NULL;
    held_t *held = account->held[0];
    account->held[0] = NULL;
    account->held_bytes -= held->message_size;
    ledger->held_bytes -= held->message_size;
    account->held_count--;
    memmove (account->held, account->held + 1, account->held_count * sizeof (held_t *));
    return held;
}

void ledger_drop_held (ledger_t *ledger, account_t *account)
{
    while (account->held_count > 0)
        remove_held (ledger, account, account->held_count - 1);
}

/* Where a batch with this offset is, or belongs. Most come in order: from the end. */
static size_t held_place (const account_t *account, uint64_t offset)
{
    size_t place = account->held_count;
    while (place > 0 && account->held[place - 1]->offset >= offset)
        place--;
    return place;
}

static held_t *held_new (const envelope_t *envelope, bytes_t message, uint64_t offset)
{
    held_t *held = malloc (sizeof *held + message.size);
    assert (held);
    held->offset = offset;
    held->envelope = *envelope;
    held->told = false;
    held->message_size = message.size;
    put_bytes (held->message, message);
    return held;
}

static void remove_held (ledger_t *ledger, account_t *account, size_t place)
{
    held_t *held = account->held[place];
    account->held_bytes -= held->message_size;
    ledger->held_bytes -= held->message_size;
    free (held);
    account->held_count--;
    memmove (account->held + place, account->held + place + 1,
             (account->held_count - place) * sizeof (held_t *));
}
