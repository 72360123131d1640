/* record.h - what storage records, 128 bytes each: in the log, with its rows behind it;
   and without them in the index, which keeps all of them.

     0  kind u8, zero u8, count u16    40 jump u32       80  rows SHA-256, 32 bytes
     4  agency u32                     44 number u32     112 agencies u32
     8  draw u64                       48 digest u64     116 durable u32
     16 offset u64                     56 writer u64     120 zero u32
     24 position u64                   64 time u64       124 check u32: XXH3 of bytes
     32 size u32, 36 previous u32      72 rows hash u64      0-123, its lower half

   A kind without rows has text in place of bytes 72-111. Records are numbered from 0,
   its index; the sequence of a record is its index + 1, so that 0 is "none". Each is
   chained to all before it by SHA-256: a chain's last value, its head, tells one
   history from all others, and nobody can make another one with the same head. Pure. */

#ifndef LOTERIA_RECORD_H
#define LOTERIA_RECORD_H

#include "bounds.h"
#include "sha256.h"

#define RECORD_BYTES      128
#define RECORD_TEXT_BYTES 40
#define RECORDS_MAX       (UINT32_MAX - 1) /* sequences have 32 bits in a record */

typedef enum {
    RECORD_BETS = 'B',       // a batch of an agency; its rows are of bets.csv
    RECORD_CANCELLED = 'K',  // a bet of an agency does not count; of cancelled.csv
    RECORD_REGISTERED = 'R', // a state registered; the record's sequence is its epoch
    // events of a draw
    RECORD_OPENED = 'O', // its terms
    RECORD_SEALED = 'S', // an agency has asked for its results
    RECORD_EXCUSED =
        'X', // an agency's bets are complete though it never asked; of notes
    RECORD_CLOSED = 'C', // all agencies' bets are complete; of notes
    RECORD_DRAWN = 'D',  // it is made
    RECORD_SERVED = 'V', // an agency has its winners
    RECORD_VOIDED = 'W', // it will never be made; of notes
    // events of a provable draw
    RECORD_ENDED = 'E', // an agency sells no more, and is about to commit
    // likewise: papers (fair_paper.h), of notes
    RECORD_NOTED = 'N',     // it has its open note
    RECORD_COMMITTED = 'Y', // an agency has committed, which is how it asks
    RECORD_ATTESTED = 'U',  // the auditor has signed the seal
    RECORD_LOCKED = 'L',    // it has its seal
    RECORD_REVEALED = 'A',  // an agency's nonce is known
    RECORD_PUBLISHED = 'Q'  // it has its result note
} record_kind_t;

/* What a kind does not have is 0. */
typedef struct {
    uint8_t kind;    // record_kind_t
    uint16_t count;  // B: bets; K: 1; O: where the number comes from, a letter (wire.h)
    uint32_t agency; // B, K, S, X, V, E, Y, A: whose
    uint64_t draw;   // its identity; R: 0
    uint64_t offset; // B: bets of the agency before this record; K: before the bet;
                     // S, E, Y: all of its bets; O: when the draw closes, as in wire.h
    uint64_t position;  // of the rows in the draw's file for this kind; of kinds
                        // without, where the next ones of bets.csv begin
    uint32_t size;      // bytes of rows
    uint32_t previous;  // sequence of the one before it: B, K: of the agency's B or K;
                        // of the draw's events
    uint32_t jump;      // B: sequence of one further back; O: the highest number; S, E,
                        // Y: how many bets the agency has cancelled
    uint32_t number;    // D, and O when it is known: the winning number
    uint64_t digest;    // B, S, E, Y: of the agency's bets, these included (digest.h)
    uint64_t writer;    // B: 0 for bets of a file, else the run that sold this one; R:
                        // the state's life (life.h); of events: the epoch of the state
                        // that asked for it, 0: the clock
    uint64_t time_ms;   // since 1970, for people to read; nothing depends on it
    uint64_t rows_hash; // XXH3 of the rows
    uint8_t rows_sha256[SHA256_BYTES]; // of the rows
    uint8_t text[RECORD_TEXT_BYTES];   // kinds without rows; O: the name, zero padded
    uint32_t agencies;                 // O: on the roll
    uint32_t durable; // records that were durable when its group was handed over: all
                      // before this group. Who has this record knows that they were
} record_t;

/* Whether records of this kind have rows, in one of the draw's files: B in bets.csv, K
   in cancelled.csv, C, X, W and papers in notes. Those of C, X and W may be empty. */
bool record_has_rows (uint8_t kind);
/* Whether they are a paper, in any draw: those of W are one in a provable draw. */
bool record_has_paper (uint8_t kind);
/* Whether it is something that happened to a draw. */
bool record_is_event (uint8_t kind);
/* The name that O gives the draw; borrowed. */
bytes_t record_name (const record_t *record);

/* Fill in what vouches for the rows: size and both hashes. */
void record_vouch (record_t *record, bytes_t rows);
/* Whether these are the rows that it vouches for: by XXH3, for whom accidents matter;
   `record_proves` by SHA-256, too. */
bool record_matches (const record_t *record, bytes_t rows);
bool record_proves (const record_t *record, bytes_t rows);

/* Write RECORD_BYTES, the check included. */
void record_put (uint8_t *bytes, const record_t *record);
/* Read RECORD_BYTES: whether they are a record. They are none when the check is not
   theirs, the kind is unknown, or a field has a value that nothing here writes. */
bool record_get (const uint8_t *bytes, record_t *record);
/* The size of the rows behind an encoded record, which was checked before. */
uint32_t record_rows_size (const uint8_t *bytes);

/* The chain of no records of this log. */
void chain_start (uint64_t identity, uint8_t chain[SHA256_BYTES]);
/* Move a chain on behind one more record. */
void chain_add (uint8_t chain[SHA256_BYTES], const uint8_t *bytes);

#endif
