/* compare.h - finds the first bet in which two histories differ, by asking for the
   digest of the first N of them: about as many questions as the number has binary
   digits. Pure: only who asks whom is decided here. */

#ifndef LOTERIA_COMPARE_H
#define LOTERIA_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t same;        // so many bets are known to be the same ...
    uint64_t same_digest; // ... with this digest
    uint64_t count;       // among so many is one that differs, if
    bool differs;         // it is known that there is one
    uint64_t at;          // the digests of so many are wanted
    bool have_ours, have_theirs;
    uint64_t ours, theirs;
} compare_t;

typedef enum {
    COMPARE_WAIT,  // the digests at compare_at () are wanted
    COMPARE_ASK,   // likewise, and it is another place than before
    COMPARE_FOUND, // the bet with the index `same` (0..) is the first that differs
    COMPARE_SAME   // all `count` are the same
} compare_step_t;

/* Among the first `count` bets; `digest` is that of none at all, and `differs` says
   whether it is known already that not all of them are the same (then there is one). */
void compare_start (compare_t *compare, uint64_t digest, uint64_t count, bool differs);

uint64_t compare_at (const compare_t *compare);
void compare_ours (compare_t *compare, uint64_t digest);
void compare_theirs (compare_t *compare, uint64_t digest);

/* What follows from what is known by now. */
compare_step_t compare_next (compare_t *compare);

#endif
