/* checkpoint.h - what two alternating files say of how far everything that is made from
   the log is safe on disk: a start reads the newest one, and the log from its mark on.

   Generation 1 goes to the slot CHECKPOINT_A, 2 to CHECKPOINT_B, 3 to A and so on, each
   over the one before the last. So a crash while one is written leaves the other. What
   a draw's `archived` says is the same of one draw, in a file of its own. Pure: bytes
   in, bytes out; the owner reads, writes and syncs the files. Numbers are big-endian.

     0   magic 16    24  identity    56  mark: position, last,    128 index records
     16  format u32  32  generation      sequence, chain 32       136 epoch
     20  zero u32    40  bytes in all  112  sequence of the last O  144 bytes of cursors
                     48  draws u32, zero u32   120 zero              152 draws
     draws, in the order they were opened: identity, sequence of its O u32, of its last
         event u32, events u32, flags u8, zero 3, number u32, cursors u32, bytes of
         bets.csv, cancelled.csv, notes; then each one's cursors, in the same order:
     cursors: agency u32, marks u8, path's length u8, zero u16, next, digest, last u32,
         ordinal u32, cancelled u32, last K u32, path u32 each
     then XXH3 of everything before it

   archived: magic 16, format u32, zero u32, the log's identity, bytes in all; then one
   draw, its cursors, and XXH3 of everything before it. */

#ifndef LOTERIA_CHECKPOINT_H
#define LOTERIA_CHECKPOINT_H

#include "log.h"

#define CHECKPOINT_A          "checkpoint.a"
#define CHECKPOINT_B          "checkpoint.b"
#define CHECKPOINT_PATH       32
#define CHECKPOINT_BYTES      160 // without draws
#define CHECKPOINT_DRAW_BYTES 56
#define CHECKPOINT_CURSOR_MAX (40 + 4 * CHECKPOINT_PATH)
#define ARCHIVED_BYTES        48 // without the draw and its cursors

#define DRAW_ROWS 3 // files of rows that a draw has

/* Of all that may be live at once (sales.c): those that are over have twice as many
   agencies at most as those that are open, and those of one more. */
#define CHECKPOINT_CURSORS_MAX (4 * (uint64_t) DRAWS_AGENCIES_MAX)
#define CHECKPOINT_BYTES_MAX                                                           \
    (CHECKPOINT_BYTES + (uint64_t) CHECKPOINT_CURSORS_MAX *                            \
                            (CHECKPOINT_CURSOR_MAX + CHECKPOINT_DRAW_BYTES))
#define ARCHIVED_BYTES_MAX                                                             \
    (ARCHIVED_BYTES + CHECKPOINT_DRAW_BYTES +                                          \
     (uint64_t) AGENCIES_MAX * CHECKPOINT_CURSOR_MAX)

typedef struct {
    uint64_t identity;      // the log's
    uint64_t generation;    // 1 and up
    log_mark_t mark;        // everything before it is safe elsewhere
    uint64_t index_records; // as many are safe in bets.index
    uint64_t epoch;         // of the state that registered last; 0 none
    uint64_t last_opened;   // sequence of the last draw's O; 0 none
    uint32_t draws;         // that are live: how many follow
} checkpoint_t;

enum { // by C, D, W; of a provable draw by N, U, L, Q
    DRAW_CLOSED = 1,
    DRAW_DRAWN = 2,
    DRAW_VOID = 4,
    DRAW_NOTED = 8,
    DRAW_ATTESTED = 16,
    DRAW_LOCKED = 32,
    DRAW_PUBLISHED = 64,
    DRAW_FLAGS = 127 // all of them
};

typedef struct { // how far a draw is
    uint64_t identity;
    uint32_t opened;           // sequence of its O
    uint32_t last_event;       // of its last event, which may be O
    uint32_t events;           // how many there are
    uint8_t flags;             // DRAW_CLOSED ...
    uint32_t number;           // of D
    uint32_t cursors;          // how many it has
    uint64_t bytes[DRAW_ROWS]; // of its files (folders.h)
} checkpoint_draw_t;

enum { // by S or Y, X, V, A, E
    CURSOR_ASKED = 1,
    CURSOR_EXCUSED = 2,
    CURSOR_SERVED = 4,
    CURSOR_REVEALED = 8,
    CURSOR_ENDED = 16,
    CURSOR_MARKS = 31 // all of them
};

typedef struct { // how far an agency is, in a draw
    uint32_t agency;
    uint8_t marks; // CURSOR_ASKED ...
    uint64_t next, digest;
    uint32_t last;                  // sequence of its last B; 0 none
    uint32_t ordinal;               // B records so far
    uint32_t cancelled;             // K records so far
    uint32_t last_cancel;           // sequence of the last of them; 0 none
    uint32_t path[CHECKPOINT_PATH]; // last record whose ordinal ends in i zero bits
} checkpoint_cursor_t;

/* Write a checkpoint: its beginning, then each draw, then the cursors of each, then its
   end. Each returns the place behind; the caller has seen to the room,
   CHECKPOINT_BYTES, for each draw CHECKPOINT_DRAW_BYTES, and for each cursor
   CHECKPOINT_CURSOR_MAX. */
uint8_t *checkpoint_put (uint8_t *at, const checkpoint_t *checkpoint);
uint8_t *checkpoint_put_draw (uint8_t *at, const checkpoint_draw_t *draw);
uint8_t *checkpoint_put_cursor (uint8_t *at, const checkpoint_cursor_t *cursor);
/* `start` is where it begins, `at` behind the last cursor. Returns its size. */
size_t checkpoint_close (uint8_t *start, uint8_t *at);

typedef struct { // what a checkpoint holds besides its beginning; borrowed
    bytes_t draws, cursors;
} checkpoint_rest_t;

/* Read one: 0, with the rest's bytes; -1 when it is not whole. Bytes behind it, of a
   longer one before, are none of it. */
int checkpoint_get (bytes_t slot, checkpoint_t *checkpoint, checkpoint_rest_t *rest);
/* Take the next draw, or the next cursor, off: 0, or -1 at the end. What checkpoint_get
   let through has as many as it says. */
int checkpoint_get_draw (bytes_t *draws, checkpoint_draw_t *draw);
int checkpoint_get_cursor (bytes_t *cursors, checkpoint_cursor_t *cursor);

/* Write a draw's `archived`: its beginning and the draw; then the caller puts the
   cursors and ends it. */
uint8_t *archived_put (uint8_t *at, uint64_t identity, const checkpoint_draw_t *draw);
size_t archived_close (uint8_t *start, uint8_t *at);
/* Read one of this log: 0 with the draw and the cursors' bytes (borrowed); -1 when it
   is not whole, or of another log. */
int archived_get (bytes_t bytes, uint64_t identity, checkpoint_draw_t *draw,
                  bytes_t *cursors);

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
                                       checkpoint_rest_t *rest, const char **torn,
                                       char *why);

#endif
