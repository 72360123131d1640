/* rooting.h - the root over an agency's bets, from the rows that it keeps (sold.h), a
   slice at a time; or the root over those that bet on one number. Pure. */

#ifndef LOTERIA_ROOTING_H
#define LOTERIA_ROOTING_H

#include "leaf.h"
#include "needle.h"

typedef struct {
    uint32_t agency;
    leaves_t leaves;
    tree_t tree;
    bytes_t rest;            // rows that are still to be read; borrowed
    uint64_t next, end;      // offsets
    const uint64_t *offsets; // that are cancelled, ascending, from `next` on; borrowed
    size_t offsets_count;
    bool looks; // for the needle's number
    needle_t needle;
    bool faulty; // the row at `next` is none, or missing
} rooting_t;

/* Of the bets from `from` on, `count` of them, whose rows `rows` begins with.
   `offsets` are those of all that are cancelled. Rows and offsets are borrowed until it
   is done. */
void rooting_begin (rooting_t *rooting, bytes_t draw, uint32_t agency,
                    const salt_key_t *key, bytes_t rows, uint64_t from, uint64_t count,
                    const uint64_t *offsets, size_t offsets_count);

/* Gather the root over those that stand and bet on this number instead. What bets on
   others is passed over unread, at some gigabytes a second. */
void rooting_watch (rooting_t *rooting, uint32_t number);

/* So many rows more at most; if they are passed over, as many as have the room of so
   many of the longest. True: it is done; the root is tree_root () of `tree`,
   unless it is `faulty`. */
bool rooting_step (rooting_t *rooting, uint32_t rows);

#endif
