/* ledger.h - storage's accounts: how far each agency is, and the offset rule.

   Pure: no file, no socket, no clock. An account is opened when state vouches for its
   agency, or when the book shows that it was. One integer, `next`, is the whole filter
   of duplicates: a bet is (agency, offset), and offsets are stored in order. */

#ifndef LOTERIA_LEDGER_H
#define LOTERIA_LEDGER_H

#include "book.h"
#include "bundle.h"

typedef enum {
    LEDGER_NEXT,   // exactly what comes next
    LEDGER_PAST,   // stored already, or something else is
    LEDGER_AHEAD,  // what lies before it is missing
    LEDGER_ACROSS, // begins in what is stored and ends behind it
    LEDGER_CLOSED  // the agency is sealed, and this is not among its bets
} ledger_verdict_t;

typedef struct { // a batch that came before its turn
    uint64_t offset;
    envelope_t envelope;
    bool told; // the broker knows that it is held
    size_t message_size;
    uint8_t message[]; // the STORE, encoded
} held_t;

typedef struct {
    uint32_t agency;
    bool sealed;
    uint64_t next;     // the offset that its next bet will have
    uint64_t digest;   // of all its bets so far
    uint32_t last;     // its last record: index + 1, 0 when none
    uint32_t ordinal;  // records so far
    uint32_t path[32]; // last record whose ordinal ends in i zero bits, likewise
    held_t *held[HELD_BATCHES_PER_AGENCY]; // by offset
    size_t held_count, held_bytes;
    bool owed; // something is to be answered when this group is over
    bool ack;  // a STORED is owed for what this group holds, to:
    envelope_t ack_to;
} account_t;

typedef struct ledger ledger_t;

ledger_t *ledger_new (void);
void ledger_destroy (ledger_t **ledger);

/* The agency's account, opened if there is none. `agency` is 1..AGENCIES_MAX. */
account_t *ledger_admit (ledger_t *ledger, uint32_t agency);
/* NULL when the agency has no account (or is no possible agency). */
account_t *ledger_find (ledger_t *ledger, uint32_t agency);

/* The offset rule. `count` is at least 1. */
ledger_verdict_t ledger_judge (const account_t *account, uint64_t offset,
                               uint32_t count);

/* Fill in a record that continues the account: agency, offset, where it points, and the
   digest so far, which the caller moves on behind the rows of a batch. */
record_t ledger_record (const account_t *account, record_kind_t kind, uint32_t count);

/* Take a record into its account: at the start for all of them, then for each new one.
 */
void ledger_apply (ledger_t *ledger, uint32_t index, const record_t *record);

/* Keep a copy of a batch that is ahead, in place of one with the same offset; `message`
   is its STORE. Returns 0, or -1 when it is too far ahead or there is no room. */
int ledger_hold (ledger_t *ledger, account_t *account, const envelope_t *envelope,
                 bytes_t message, uint64_t offset);
/* The held batch whose turn has come (or is past), now the caller's to free; NULL when
   none. */
held_t *ledger_release (ledger_t *ledger, account_t *account);
/* Forget what is held for the account. */
void ledger_drop_held (ledger_t *ledger, account_t *account);

#endif
