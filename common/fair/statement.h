/* statement.h - what the parties of a provable draw say, as the texts of signed notes
   (docs/fairness.md has each with an example):

     open     the operator, before the first sale: who takes part, and how it goes
     ready    an agency, at its close: its bets' root, and a commitment to its nonce
     seal     the operator: all of these
     result   the operator: the nonces, the number, and who won how much
     void     the operator, before the seal: the draw is off

   A text has one spelling: what parses is what writing it again gives, byte for byte.
   Pure. */

#ifndef LOTERIA_STATEMENT_H
#define LOTERIA_STATEMENT_H

#include "leaf.h"
#include "number.h"
#include "origin.h"

#define STATEMENT_REASON_BYTES_MAX 200

typedef struct {
    uint32_t agency;
    note_key_t key;
} open_agency_t;

typedef struct {
    origin_t origin;
    uint32_t highest;
    uint64_t closes_s;        // unix time, or CLOSES_ALL_ASKED, CLOSES_NEVER (wire.h)
    uint32_t commit_s, least; // how long agencies may commit; how many have to
    note_key_t operator;
    hash_t commitment; // of the operator's nonce
    size_t agencies;
    open_agency_t *of; // ascending
    bool audited;
    note_key_t auditor; // if so
    hash_t box;         // of the operator's nonce, sealed for the auditor
    bool demo;          // the operator made the agencies' keys: they prove nothing
} open_t;

typedef struct { // what an agency takes part with
    uint32_t agency;
    uint64_t count; // of its bets, cancelled ones too
    hash_t root;
    bool committed;
    hash_t commitment; // if so
    hash_t salts;      // SHA-256 of the salt key
} stake_t;

typedef struct {
    origin_t origin;
    hash_t open;   // SHA-256 of the open note's text
    stake_t stake; // committed
    bool boxed;
    hash_t box; // if so: SHA-256 of the nonce's box for the auditor
} ready_t;

typedef struct {
    origin_t origin;
    hash_t open;
    size_t agencies;
    stake_t *of;       // ascending
    uint64_t sealed_s; // unix time: the operator's word, no proof
} seal_t;

typedef struct {
    uint32_t party; // an agency, or NONCE_OPERATOR
    nonce_t nonce;
    bool by_auditor;
} reveal_t;

typedef struct {
    uint32_t agency;
    uint64_t count;
    hash_t root; // of the winning leaves
} won_t;

typedef struct {
    origin_t origin;
    hash_t seal; // SHA-256 of the seal note's text
    size_t reveals;
    reveal_t *reveal; // ascending, the operator's first
    uint32_t number;
    size_t agencies;
    won_t *won; // ascending
} result_t;

typedef struct {
    origin_t origin;
    hash_t open;
    char reason[STATEMENT_REASON_BYTES_MAX + 1]; // not empty
} void_t;

/* The text of a statement, which must be sound. The caller frees it. `size` receives
   its length, without the 0 that ends it. */
char *open_write (const open_t *statement, size_t *size);
char *ready_write (const ready_t *statement, size_t *size);
char *seal_write (const seal_t *statement, size_t *size);
char *result_write (const result_t *statement, size_t *size);
char *void_write (const void_t *statement, size_t *size);

/* Parse a text. 0, or the number of the first line that is not as it should be, from 1;
   then there is nothing to clear. */
size_t open_parse (bytes_t text, open_t *statement);
size_t ready_parse (bytes_t text, ready_t *statement);
size_t seal_parse (bytes_t text, seal_t *statement);
size_t result_parse (bytes_t text, result_t *statement);
size_t void_parse (bytes_t text, void_t *statement);

/* The key that an agency has in the open note; what it takes part with in the seal.
   NULL: it does not. Borrowed. */
const note_key_t *open_key (const open_t *open, uint32_t agency);
const stake_t *seal_stake (const seal_t *seal, uint32_t agency);

/* Whether both have committed, to the same bets, nonce and salts. */
bool stake_agrees (const stake_t *stake, const stake_t *other);

/* Free what a statement has beside itself. */
void open_clear (open_t *statement);
void seal_clear (seal_t *statement);
void result_clear (result_t *statement);

/* SHA-256 of a note's text: what other statements call it by. */
hash_t statement_hash (bytes_t text);

#endif
