/* journal.h - an append-only journal of fixed-size records that proves itself.

   On disk: a header and records of 128 bytes each, so that no record lies across two
   sectors. A record holds the owner's payload and a seal of this module:

     payload 112 | synced u32 | check u32 | chain u64

   `check` hashes the record alone; `chain` hashes it with the chain of the record
   before as the seed (the header's own hash for the first), so records can be neither
   lost, reordered nor taken from another journal unnoticed. `synced` is how many
   records were safely on disk when this one was written: a record vouches for those.
   That is what tells an unfinished tail, which a crash may leave and recovery cuts off,
   from damage to what was promised, which stops the start. Hashes are XXH3: they find
   accidents, not forgers. docs/storage.md has the whole argument. */

#ifndef LOTERIA_JOURNAL_H
#define LOTERIA_JOURNAL_H

#include <stdbool.h>

#include "bytes.h"
#include "file.h"

#define JOURNAL_RECORD_BYTES  128
#define JOURNAL_PAYLOAD_BYTES 112
#define JOURNAL_KIND_BYTES    12
#define JOURNAL_WHY_BYTES     512
#define JOURNAL_RECORDS_MAX   UINT32_MAX

typedef struct journal journal_t;

/* What the owner says of a record found at the start: 0, or -1 when the record is
   sound but what it speaks of is not, with the reason in `why` (JOURNAL_WHY_BYTES). */
typedef int (journal_found_fn) (void *context, uint32_t index, const uint8_t *payload,
                                char *why);

/* Read the journal in `file` (which stays the caller's) and hand each sound record to
   `found`, in order, up to the first that is not. A new, empty journal if the file is
   empty. Nothing is written. Returns NULL with the reason in `why` (JOURNAL_WHY_BYTES)
   when the file is no journal of this `kind` (at most JOURNAL_KIND_BYTES), cannot be
   read, or is damaged where something behind it vouches for what is lost. */
journal_t *journal_open (file_t *file, const char *kind, journal_found_fn *found,
                         void *context, char *why);
void journal_destroy (journal_t **journal);

/* Make the file what was read: header if new, tail cut off, and everything that no
   record vouches for written once more, since after a failed sync the page cache may
   show what the disk has not. Then sync. Returns 0, or -1 with errno. */
int journal_settle (journal_t *journal);

/* Whether the file held nothing yet. */
bool journal_fresh (const journal_t *journal);
/* Records so far, with those not written yet; and how many of them are vouched for. */
uint32_t journal_count (const journal_t *journal);
uint32_t journal_synced (const journal_t *journal);
/* Bytes behind the last sound record that journal_settle cuts off, zeros not counted.
 */
uint64_t journal_torn (const journal_t *journal);
/* The chain of the last record: a hash of everything before it. */
uint64_t journal_chain (const journal_t *journal);
/* Drawn at random when the journal was made; never 0. */
uint64_t journal_identity (const journal_t *journal);

/* See to it that `records` more will fit. -1 with ENOSPC or EDQUOT when not. */
int journal_reserve (journal_t *journal, uint32_t records);

/* Add a record, in memory; returns its index. The payload's first byte, its kind, is
   not 0: zeros are space that was reserved and never written. */
uint32_t journal_append (journal_t *journal, const uint8_t *payload);

/* Write what was added; then sync it. After -1 (errno) the process must end. */
int journal_write (journal_t *journal);
int journal_sync (journal_t *journal);

/* Read records [first, first + count) into `payloads` (JOURNAL_PAYLOAD_BYTES each);
   those not written yet are there too. Returns how many there were, -1 with errno. */
int journal_read (journal_t *journal, uint32_t first, uint32_t count,
                  uint8_t *payloads);

#endif
