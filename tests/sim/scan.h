/* scan.h - reads what is durable of a simulated day the way a sceptic would: without
   the product's code, and with the agencies' own files beside it.

   What a power cut at this very moment would leave at least is the newest checkpoint
   that is whole; bets.index and the draws' files as far as it says; and the log from
   its mark on, group by group. Every record has to follow from those before it: in its
   draw, in its agency, in what can have happened, in the chain of hashes; and every row
   to be what the agency's file has at that place. */

#ifndef LOTERIA_SCAN_H
#define LOTERIA_SCAN_H

#include "disk.h"
#include "plan.h"

typedef struct database database_t;

#define SCAN_HASH_BYTES 32
#define SCAN_AWAY       "away" // the name of the file that has lost its own
#define SCAN_PATH_BYTES 64

typedef enum { SCAN_BETS, SCAN_CANCELLED, SCAN_NOTES, SCAN_FILES } scan_file_t;

typedef struct {           // a paper of a provable draw, in its file of notes
    size_t position, size; // 0 bytes: it is not there
} scan_paper_t;

typedef struct { // an agency in a draw
    uint64_t stored, digest;
    uint64_t last, last_cancel; // its last record of bets, and of a bet cancelled
    uint32_t cancelled;
    bool *gone;             // of each bet: it was cancelled; owned
    bool asked, excused;    // its own seal, and the operator's
    bool ended;             // its sale, before it commits
    bool complete;          // by one of these, or the close
    uint64_t complete_with; // bets
    bool served;
    scan_paper_t receipt, reveal;
} scan_seat_t;

typedef struct { // what a file of a draw holds, as the log says
    uint8_t *data;
    size_t size, capacity;
} scan_text_t;

typedef struct {
    uint64_t identity; // 0: it was not opened
    uint64_t opened;   // sequence
    uint32_t agencies, highest, number;
    uint8_t source;
    uint64_t closes_ms;
    uint64_t closed, drawn, voided; // sequences; 0: it is not
    uint32_t ready;                 // agencies that are complete
    uint32_t commits, reveals;      // of a provable draw
    scan_paper_t open, seal, result;
    uint64_t last_event, events;
    scan_seat_t seat[PLAN_AGENCIES_MAX + 1];
    scan_text_t file[SCAN_FILES]; // owned
} scan_draw_t;

/* How many bets of each agency reached storage, by its clock, before the draw's close.
 */
typedef uint64_t scan_in_time_t[PLAN_DRAWS_MAX][PLAN_AGENCIES_MAX + 1];

typedef struct {
    const plan_t *plan;         // borrowed
    const database_t *database; // borrowed; NULL: the log is on the disk
    uint64_t identity;          // which log; 0: none has begun
    uint64_t generation;        // of the checkpoint that it began with
    uint64_t position;          // in the log, behind the last group
    uint64_t covered;           // likewise, of the checkpoint
    uint64_t laps;              // of its ring so far
    uint64_t checkpoints;       // records that the checkpoint covers
    uint64_t records;
    uint64_t before_last; // records before the last group, or in the checkpoint
    scan_draw_t draw[PLAN_DRAWS_MAX];  // as the plan counts them
    int latest;                        // the draw that was opened last; -1: none
    uint64_t epoch;                    // of the state that registered last
    uint64_t epochs;                   // how many did
    uint8_t (*heads)[SCAN_HASH_BYTES]; // the chain after 0, 1, 2, ... records; owned
    size_t heads_capacity;
    const scan_in_time_t *in_time; // borrowed, or NULL
    bool unnoted;                  // there may have been no room for a note
    const char *invariant;         // which does not hold, and
    char why[256];                 // what; empty: all do
} scan_t;

/* `in_time` is borrowed; NULL: whatever is there was so. `database` is borrowed, and
   has the log; NULL: it is on the disk. */
void scan_begin (scan_t *scan, const plan_t *plan, const database_t *database,
                 const scan_in_time_t *in_time);
void scan_clear (scan_t *scan);

/* Look at what is durable now: from the beginning if there is another checkpoint or
   `whole`, else from where the last look ended. Without a disk: at all that the
   database has, and nothing else; `unnoted` is the caller's then. */
void scan_look (scan_t *scan, const disk_t *disk, bool whole);

/* Which draw of the plan this identity is; -1: none. */
int scan_draw (const scan_t *scan, uint64_t identity);

/* The path of a draw's file, as "draws/first/bets.csv". */
const char *scan_path (const scan_t *scan, uint32_t draw, scan_file_t file);

/* Whether nobody sells in the draw any more, and it may get its number; whether it is
   drawn or void. */
bool scan_closed (const scan_draw_t *draw);
/* Whether the agency sells no more. */
bool scan_sealed (const scan_seat_t *seat);
bool scan_over (const scan_draw_t *draw);

#endif
