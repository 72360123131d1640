/* session.h - one agency's conversation with the central, from HELLO to GOODBYE.

   Pure: no socket, no file of its own, no clock. The shell around it does, again and
   again:

     session_receive (...)     for every message that came
     session_tick (...)
     session_next_output (...), session_write_output (...) and, once it was sent,
     session_output_sent (...), until there is none
     wait for a message, for session_deadline (...), or, while an output could not be
     sent, for the socket to take more

   until session_over (). All times are in milliseconds of one clock that never goes
   back. */

#ifndef LOTERIA_SESSION_H
#define LOTERIA_SESSION_H

#include "vault.h"
#include "window.h"

typedef enum {
    SESSION_HELLO,      // asked to be let in
    SESSION_SELLING,    // sends batches until all are acknowledged
    SESSION_COMPARING,  // looks for the first bet that differs from what is stored
    SESSION_CANCELLING, // asked for a bet to be cancelled
    // of a provable draw alone
    SESSION_FETCHING,   // fetches a note
    SESSION_ENDING,     // said READY: sells no more, whatever is still under way
    SESSION_ROOTING,    // hashes its bets
    SESSION_SEARCHING,  // looks for the first leaf that the central has otherwise
    SESSION_COMMITTING, // said COMMIT
    SESSION_WAITING,    // said READY, or asks for the results only: waits for the draw
    SESSION_RESULTS,    // asks for the winners' further pages
    SESSION_LEAVING,    // said DONE
    SESSION_ENDED,      // well
    SESSION_FAILED      // session_failure () says why
} session_state_t;

typedef enum {
    SESSION_WHOLE, // sell, close the sale (READY), and wait for the results
    SESSION_SELL_ONLY,
    SESSION_CLOSE_ONLY,   // sell nothing; close the sale of what is stored, and wait
    SESSION_RESULTS_ONLY, // wait for the results, and close nothing (RESULTS)
    SESSION_CANCEL_ONLY   // cancel one bet
} session_task_t;

/* Who is told of every bet of the source that is stored, also by earlier runs: in their
   order, each once, from the first that he asks for on. */
typedef struct {
    void *self;
    /* The draw is known, whether it is provable, and that so many bets are stored.
       Fills in the offset of the first bet that is wanted. Returns NULL, or why the
       session has to fail. */
    const char *(*begin) (void *self, const char *draw, uint64_t identity,
                          bool provable, uint64_t stored, uint64_t *next);
    /* These are stored, from `offset` on: rows, each ended by LF; borrowed. */
    void (*add) (void *self, uint64_t offset, uint32_t count, bytes_t rows);
} session_receipts_t;

typedef struct { // what the agency was acknowledged for, of a provable draw
    uint64_t count, digest;
    const uint64_t *offsets; // that are cancelled, ascending; borrowed
    size_t offsets_count;
    const uint64_t *asked; // likewise: it asked to cancel them, and heard no answer
    size_t asked_count;
} session_bets_t;

/* An agency's part in a provable draw: what it keeps and signs, and its bets, which are
   those that session_receipts_t was told of. */
typedef struct {
    void *self;
    vault_t *vault; // borrowed
    /* Make all bets durable, and tell of them. NULL, or why not. */
    const char *(*bets) (void *self, session_bets_t *bets);
    /* Their canonical rows, with the agency's number, from this offset on; borrowed
       until the next call of a function of this table. No data: they cannot be read. */
    bytes_t (*rows) (void *self, uint64_t offset);
    /* Bytes that nobody can guess. NULL, or why there are none. */
    const char *(*chance) (void *self, uint8_t *bytes, size_t size);
    /* A single bet is about to be sent (durable from here on): its row, ended by LF. */
    const char *(*offers) (void *self, bytes_t row);
    /* So many bets are stored, with this digest: one that was sent and not answered may
       be among them. NULL; or why they are not those that the agency has. */
    const char *(*settle) (void *self, uint64_t stored, uint64_t digest);
    /* It is about to ask for the bet to be cancelled (durable from here on); and it is
       cancelled. NULL, or why that cannot be noted. */
    const char *(*cancels) (void *self, uint64_t offset);
    const char *(*cancelled) (void *self, uint64_t offset);
} session_proof_t;

typedef struct {
    uint32_t agency;
    wire_limits_t limits; // own; none but bundle_bytes is 0
    int64_t period_ms;    // between two new batches; 0: none
    int64_t patience_ms;  // how long the central may be silent; 0: for ever
    uint64_t seed;        // of the jitter
    uint64_t writer;      // of a single bet, at random; 0 for the bets of a file
    const char *draw;     // its name, borrowed; NULL: the one on sale
    session_task_t task;
    bool growing;    // rows may be added to the source until session_complete ()
    bool piped;      // and it comes from its first row on: those stored may be to come
    uint64_t cancel; // SESSION_CANCEL_ONLY: the offset of the bet

    const session_receipts_t *receipts; // borrowed; may be NULL
    const session_proof_t *proof;       // likewise; with receipts
    const char *unprovable; // without proof: what is missing, and what to do; borrowed

    /* Called for each batch that was stored; may be NULL. `batch` is borrowed. */
    void (*stored) (void *listener, const window_batch_t *batch);
    void *listener;
} session_options_t;

typedef struct {
    session_state_t state;
    int64_t welcomed_ms; // first WELCOME; -1 before
    int64_t stored_ms;   // all bets were acknowledged; -1 before
    int64_t sold_ms;     // and reading the source once more found no others; -1 before
    int64_t heard_ms;    // the central's last useful message, or the start
    uint64_t sent;       // bets sent by this session and acknowledged
    uint64_t stored;     // bets of the agency that the central has, as it said last
    uint64_t retries;    // batches sent again
    uint64_t ignored;    // messages that were unreadable, or came at the wrong moment
    uint64_t served;     // others, but for UNAVAILABLE
    uint64_t standbys;   // UNAVAILABLEs of a central that is a standby
    uint16_t
        held_up;  // wire_code_t of a BUSY, NOSPACE or UNAVAILABLE; 0 once it is over
    bool silence; // the state is FAILED because nobody answered
    bool closed;  // the draw closed, or the agency's sale, before all of the source was
                  // stored: session_shortfall () says what is not
    bool ready;   // the central took READY
    bool asked;   // likewise, or it took the question for the results alone
    bool drawn;   // `number` and `winners` are so
    char draw[DRAW_NAME_BYTES_MAX + 1]; // its name, once welcomed
    uint32_t ready_agencies;
    uint32_t agencies;                   // on the roll
    uint32_t missing[WAITING_NAMES_MAX]; // the first that are not ready; 0: no more
    bool provable;                       // the draw is
    bool committed;                      // the central took COMMIT
    bool late;                           // the draw was sealed without it
    bool revealed;                       // REVEAL was said
    bool proven;                         // the result holds
    uint32_t cancelled;                  // bets of the agency's
    uint32_t number;                     // drawn
    uint64_t winners;                    // documents
    uint64_t records; // in the central's log, as it said with the winners' last page
    uint8_t head[WIRE_HEAD_BYTES]; // of these
} session_progress_t;

typedef struct session session_t;

/* `source` is borrowed and must outlive the session. Where nothing is to be sold it is
   not used and may be NULL. */
session_t *session_new (const session_options_t *options, const rows_t *source,
                        int64_t now_ms);
void session_destroy (session_t **session);

/* Take a message that came. It may be any bytes: what is of no use is counted and
   dropped. */
void session_receive (session_t *session, bytes_t message, int64_t now_ms);

/* The connection was lost and is back: the central's limits may have changed. */
void session_reconnected (session_t *session, int64_t now_ms);

/* Rows were added to the source, whose end was reached. */
void session_more (session_t *session);

/* No more rows will be added to it: what is in it is the whole. */
void session_complete (session_t *session, int64_t now_ms);

/* Sell what the source has, make sure that it is stored, and then end, whatever the
   task was. Returns false when that may take long, since more of the source is still to
   be read. */
bool session_finish (session_t *session, int64_t now_ms);

/* Let time pass: send again, renew, give up. Time in which the process did not run does
   not count as time that the central had to answer in. */
void session_tick (session_t *session, int64_t now_ms);

/* The bytes of the message to be sent next; 0 when there is none now. */
size_t session_next_output (session_t *session, int64_t now_ms);

/* Write that message, right behind session_next_output (), into as many bytes. */
void session_write_output (session_t *session, uint8_t *buffer);

/* It is on its way. */
void session_output_sent (session_t *session, int64_t now_ms);

/* When session_tick () and session_next_output () have to be called again if nothing
   comes; INT64_MAX: never; in the past: there is work to do right now. */
int64_t session_deadline (const session_t *session);

bool session_over (const session_t *session);

/* Whether the central owes an answer, so that its silence means something. */
bool session_answer_due (const session_t *session);

const session_progress_t *session_progress (const session_t *session);

/* Why it failed, in one line for the user. */
const char *session_failure (const session_t *session);

/* `closed`: how much of the source is in, and which is its first bet that is not; one
   line for the user. */
const char *session_shortfall (const session_t *session);

/* The winners' documents, each followed by LF; complete once the state is LEAVING or
   ENDED. */
bytes_t session_winners (const session_t *session);

#endif
