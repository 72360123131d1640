/* session_state.h - what the parts of a session share: session.c (what is said and
   when), answers.c, welcome.c and refused.c (what the central said) and sale.c (the
   file). For them alone. */

#ifndef LOTERIA_SESSION_STATE_H
#define LOTERIA_SESSION_STATE_H

#include "session.h"

#include "backoff.h"
#include "compare.h"
#include "digest.h"
#include "results.h"
#include "rooting.h"

#include <inttypes.h>

#define NEVER INT64_MAX

/* The longest question is a COMMIT. */
#define QUESTION_BYTES (WIRE_SMALL_BYTES_MAX + COMMIT_NOTE_BYTES_MAX + BOX_BYTES_MAX)

typedef enum { // why it will fail once all that can be stored is stored
    VERDICT_NONE,
    VERDICT_REFUSED, // `refused` of the row `bad_row`; what stands before is sold
    VERDICT_CLOSED,  // the sale is over, and the row `bad_row` is not in: no failure
    VERDICT_DIFFERS, // the row `bad_row` differs from what is stored
    VERDICT_SOURCE,  // the source failed
    VERDICT_LONG
} verdict_t;

typedef enum { // what the hashing of bets is for
    ROOT_COMMIT,
    ROOT_SEARCH,
    ROOT_ASKED, // whether a bet is cancelled
    ROOT_WINNERS
} root_purpose_t;

typedef struct {  // of a provable draw
    bool looked;  // the central holds no receipt, as it said
    uint8_t day;  // wire_day_t, as it said last
    bool drawn;   // all winners are here
    bool judged;  // and so is the result, which holds
    bool reveals; // REVEAL is the question while it waits
    wire_reveal_t reveal;
    bool aside;     // others have revealed in its place
    int refusals;   // of COMMIT, as the sale is over
    uint8_t which;  // note that is fetched,
    uint8_t *bytes; // so far; owned
    size_t size, total;
    root_purpose_t purpose;
    session_bets_t bets;
    rooting_t rooting;
    bool rooted;          // ours is known
    uint64_t same, upto;  // the first difference is from `same` on, before `upto`
    bool differs;         // there is one: it was seen
    uint64_t from, count; // ROOT that is asked
    hash_t ours, theirs;
    salt_key_t salts; // that is committed to; of ROOT_ASKED zeros
    size_t asked;     // cancels that were looked at
} proof_t;

struct session {
    session_options_t options;
    const rows_t *source; // borrowed
    window_t *window;     // owned
    results_t results;
    session_progress_t progress;
    wire_limits_t agreed;

    uint64_t draw;    // its identity; 0 before the first WELCOME
    uint32_t highest; // number that it takes
    uint64_t digest;  // of what is stored, as the central said last
    bool started;     // the window was, by a first WELCOME
    bool comparing;   // with `theirs`, once the window has got there
    wire_stored_t theirs;
    compare_t compare;
    uint64_t compared;   // rows of a source that grows, and has fewer than are stored
    bool looked;         // the source has been read again since its last row was packed
    uint64_t place;      // of the single bet
    uint64_t place_hash; // the digest of the bets before it
    bool placed;         // both are known
    bool single_sent;    // so it may be stored there
    bool feeding;        // options.receipts, which have begun:
    uint64_t fed;        // bets up to here were told ...
    uint64_t due;        // ... and up to here they are stored, and like the source's
    const window_batch_t *stored[WINDOW_MAX]; // batches that have just been taken out
    uint32_t stored_count;
    int regresses;      // WELCOMEs in a row with fewer bets than were stored
    int conflicts;      // refusals in a row that mean that somebody else sells, too
    int busy;           // BUSYs in a row
    uint64_t busy_from; // the lowest offset that they named; 0: all is to be sent again
    bool over_limits;   // a batch was refused under `refused_under`
    wire_limits_t refused_under;

    verdict_t verdict;
    uint64_t bad_row; // index of the row that it is about
    bool exact_row;   // else it is in the batch that begins there
    wire_refused_t refused;
    uint8_t refused_text[REFUSAL_TEXT_MAX];

    bool asking;     // the state's question is to be sent: `question`
    bool holding;    // refused for now: nothing is sent until the timer ends
    bool closed;     // the agency's bets are complete: nothing can be sold
    bool asks_only;  // RESULTS is the question, not READY
    bool progressed; // since the last HELLO
    int64_t timer_ms;
    backoff_t backoff;
    int64_t pace_ms;  // no new batch before
    int64_t asked_ms; // something was sent last
    int64_t peek_ms;  // when to ask next whether the draw has closed, while idle
    int64_t tick_ms;  // the last tick
    int64_t due_ms;   // when it was to be called again
    uint64_t cursor;  // of the page of winners that is expected
    int leave_tries;

    proof_t proof;

    uint8_t question[QUESTION_BYTES];
    size_t question_size;
    char failure[1024];
    char shortfall[1024];
};

/* ---- answers.c ---- */

/* Take a message from the central. Returns whether it was of use at this moment. */
bool answers_take (session_t *session, const wire_message_t *message, int64_t now_ms);

/* The winners are to be asked for from the first page on. */
void answers_forget_winners (session_t *session);

/* The batches below `next` are stored: returns how many that are. */
uint64_t answers_drop_stored (session_t *session, uint64_t next);

/* ---- welcome.c, refused.c: likewise ---- */

bool welcome_take (session_t *session, const wire_message_t *message, int64_t now_ms);
bool refused_take (session_t *session, const wire_refused_t *refused, int64_t now_ms);

/* A row of this batch is refused: what stands before it is sold, and then it is time to
   say which one it was. Returns true. */
bool refused_row (session_t *session, const wire_refused_t *refused,
                  const window_batch_t *batch, int64_t now_ms);

/* ---- sale.c ---- */

/* Whether there is something to do without waiting for anybody; to pack a batch, in
   particular; and to do it. The last returns whether there is time for more now. */
bool sale_has_work (const session_t *session);
bool sale_packs (const session_t *session);
bool sale_work (session_t *session, int64_t now_ms);

/* Whether it has sold all that there is, and waits for more. */
bool sale_idle (const session_t *session);

/* Go on with the source's row `offset`, after reading those from `from` on; `digest` is
   that of the rows before `from`. */
void sale_start_window (session_t *session, uint64_t offset, uint64_t from,
                        uint64_t digest);

/* The source's rows before the window's first are all stored: whether what is stored
   equals them. If not, the search for the first difference begins. */
bool sale_agrees (session_t *session, const wire_stored_t *stored);

/* A digest that was asked for has come. */
void sale_look_at_compare (session_t *session);

/* All that was read is stored; and: that is all. */
void sale_all_stored (session_t *session, int64_t now_ms);
void sale_over (session_t *session, int64_t now_ms);
void sale_ask_results (session_t *session, int64_t now_ms);

/* The sale is closed, and there are rows that are not in. */
void sale_closed (session_t *session);

/* ---- feed.c: options.receipts ---- */

/* Begin, at the first WELCOME. NULL, or why not. */
const char *feed_begin (session_t *session, uint64_t stored);

/* A batch was taken out of the window as stored, and stays as it is until the next one
   is packed. */
void feed_note (session_t *session, const window_batch_t *batch);

/* The source's bets before `stored->next` are those that are stored: tell of the
   batches that were noted. What is missing before them is due. */
void feed_agreed (session_t *session, const wire_stored_t *stored);

/* What was noted is not known to be so. */
void feed_forget (session_t *session);

/* Whether bets have to be read again to be told of; and some milliseconds of that. The
   latter returns whether there is time for more. */
bool feed_due (const session_t *session);
bool feed_step (session_t *session, int64_t now_ms);

/* ---- pledge.c: its part in a provable draw ---- */

void pledge_clear (session_t *session);

/* At each WELCOME. True: the session goes on another way first, or has failed. */
bool pledge_welcome (session_t *session, const wire_welcome_t *welcome);

/* Whether the draw is provable, and this agency takes part in that. */
bool pledge_active (const session_t *session);

/* A single bet is about to be sent. */
void pledge_offer (session_t *session, bytes_t row);

/* All is sold, or something has come: do what is next, up to its results. */
void pledge_go_on (session_t *session, int64_t now_ms);

/* What the central says of the draw's day, while the session waits: whether there is
   something to do. */
bool pledge_news (session_t *session, uint8_t day);

/* READY was answered: what the draw is for this agency. */
void pledge_take_ended (session_t *session, uint8_t day, int64_t now_ms);
bool pledge_take_note (session_t *session, const wire_note_t *note, int64_t now_ms);
bool pledge_take_rooted (session_t *session, const wire_rooted_t *rooted);
/* The draw is void: the note that says so is kept, before the session fails. */
bool pledge_void (session_t *session, const wire_refused_t *refused);

bool pledge_refused (session_t *session, const wire_refused_t *refused, int64_t now_ms);

/* Some milliseconds of hashing bets, in SESSION_ROOTING. */
void pledge_work (session_t *session, int64_t now_ms);

/* Write the question of the session's state, if it is one of these. */
void pledge_question (const session_t *session, wire_message_t *message);

/* ---- session.c ---- */

void session_ask (session_t *session, session_state_t state);
void session_leave (session_t *session, int64_t now_ms);

/* Say HELLO again: at once, or else at once if there was progress since the last time,
   and after a while if not. */
void session_start_over (session_t *session, bool at_once, int64_t now_ms);
void session_hold_back (session_t *session, uint16_t code, int64_t now_ms);
void session_made_progress (session_t *session);
void session_start_timer (session_t *session, int64_t now_ms);
void session_peek_later (session_t *session, int64_t now_ms);

/* What is stored, as the central said last: what READY says. */
wire_tally_t session_tally (const session_t *session);

/* It cannot go on. All return true: the message that led to this was of use. The second
   is for when `failure` says why already. */
bool session_fail (session_t *session, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
bool session_give_up (session_t *session);
bool session_fail_refused (session_t *session, const wire_refused_t *refused);
bool session_fail_draw (session_t *session);
bool session_fail_void (session_t *session, const wire_refused_t *refused);

#endif
