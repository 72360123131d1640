/* compare.h - finds the first bet in which two histories differ, by a binary search
   over the digests of the first N bets: one question for each binary digit of their
   number. Pure: it says what to ask, and others ask. */

#ifndef LOTERIA_COMPARE_H
#define LOTERIA_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t same;        // so many bets are known to be equal ...
    uint64_t same_digest; // ... with this digest
    uint64_t count;       // one among so many differs, if
    bool differs;         // it is known that there is one
    uint64_t at;          // the digest of so many is wanted
    bool have_ours, have_theirs;
    uint64_t ours, theirs;
} compare_t;

typedef enum {
    COMPARE_WAIT,  // the digests at compare_at () are wanted
    COMPARE_ASK,   // likewise, and compare_at () has changed
    COMPARE_FOUND, // the bet with the index `same` (0..) is the first that differs
    COMPARE_SAME   // all `count` are the same
} compare_step_t;

/* Among the first `count` bets; `digest` is that of none at all, and `differs` says
   whether it is already known that one of them does. */
void compare_start (compare_t *compare, uint64_t digest, uint64_t count, bool differs);

uint64_t compare_at (const compare_t *compare);
void compare_ours (compare_t *compare, uint64_t digest);
void compare_theirs (compare_t *compare, uint64_t digest);

/* What follows from what is known so far. */
compare_step_t compare_next (compare_t *compare);

#endif
