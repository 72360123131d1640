/* checkpoint.h - what two alternating files say of how far everything that is made from
   the log is safe on disk: a start reads the newest one, and the log from its mark on.

   Generation 1 goes to the slot CHECKPOINT_A, 2 to CHECKPOINT_B, 3 to A and so on, each
   over the one before the last. So a crash while one is written leaves the other. Pure:
   bytes in, bytes out; the owner reads, writes and syncs the files. Numbers are
   big-endian.

     0   magic 16    24  identity    56  mark: position, last,    128 index records
     16  format u32  32  generation      sequence, chain 32       136 bytes of bets.csv
     20  zero u32    40  bytes in all                             144 epoch
                     48  cursors u32, zero                        152 last event, events
     168 cursors: agency u32, sealed u8, path's length u8, zero u16, next, digest,
         last u32, ordinal u32, path u32 each
     then XXH3 of everything before it */

#ifndef LOTERIA_CHECKPOINT_H
#define LOTERIA_CHECKPOINT_H

#include "log.h"

#define CHECKPOINT_A          "checkpoint.a"
#define CHECKPOINT_B          "checkpoint.b"
#define CHECKPOINT_PATH       32
#define CHECKPOINT_BYTES      176 // without cursors
#define CHECKPOINT_CURSOR_MAX (32 + 4 * CHECKPOINT_PATH)
#define CHECKPOINT_BYTES_MAX                                                           \
    (CHECKPOINT_BYTES + (size_t) AGENCIES_MAX * CHECKPOINT_CURSOR_MAX)

typedef struct {
    uint64_t identity;      // the log's
    uint64_t generation;    // 1 and up
    log_mark_t mark;        // everything before it is safe elsewhere
    uint64_t index_records; // as many are safe in bets.index
    uint64_t csv_bytes;     // of bets.csv that are safe
    uint64_t epoch;         // of the state that registered last; 0 none
    uint64_t last_event;    // its sequence; 0 none
    uint64_t events;        // how many there are
    uint32_t cursors;       // how many follow
} checkpoint_t;

typedef struct { // how far an agency is
    uint32_t agency;
    bool sealed;
    uint64_t next, digest;
    uint32_t last;                  // sequence of its last B; 0 none
    uint32_t ordinal;               // B records so far
    uint32_t path[CHECKPOINT_PATH]; // last record whose ordinal ends in i zero bits
} checkpoint_cursor_t;

/* Write a checkpoint: its beginning, then each cursor, then its end. Each returns the
   place behind; the caller has seen to the room, CHECKPOINT_BYTES and for each cursor
   CHECKPOINT_CURSOR_MAX. */
uint8_t *checkpoint_put (uint8_t *at, const checkpoint_t *checkpoint);
uint8_t *checkpoint_put_cursor (uint8_t *at, const checkpoint_cursor_t *cursor);
/* `start` is where it begins, `at` behind the last cursor. Returns its size. */
size_t checkpoint_close (uint8_t *start, uint8_t *at);

/* Read one: 0, with the cursors' bytes (borrowed) in `cursors`; -1 when it is not
   whole. Bytes behind it, of a longer one before, are none of it. */
int checkpoint_get (bytes_t slot, checkpoint_t *checkpoint, bytes_t *cursors);
/* Take the next cursor off: 0, or -1 at the end. What checkpoint_get let through has as
   many as it says. */
int checkpoint_get_cursor (bytes_t *cursors, checkpoint_cursor_t *cursor);

/* The name of the slot that a generation goes to. */
const char *checkpoint_slot (uint64_t generation);

typedef enum {
    CHECKPOINT_NONE,  // neither file is there: no day, or its checkpoints were removed
    CHECKPOINT_FOUND, // the newest one was read
    CHECKPOINT_REFUSED
} checkpoint_choice_t;

/* Which of the two applies. `a` and `b` are the files' bytes, data NULL when there is
   no such file. What only a crash explains is no fault: one of them that is not whole
   (`*torn` is its name then, else NULL). Anything else is: CHECKPOINT_REFUSED, with the
   reason in `why` (LOG_WHY_BYTES): both are not whole, one is missing or of another
   log, or they are not one generation apart. */
checkpoint_choice_t checkpoint_choose (bytes_t a, bytes_t b, checkpoint_t *checkpoint,
                                       bytes_t *cursors, const char **torn, char *why);

#endif
