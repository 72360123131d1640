/* wire.h - the messages of Lotería: what docs/protocol.md specifies, as code.

   A message is one ZeroMQ frame: a header of 16 bytes (signature, version, command,
   agency, draw) and the command's body. The same messages travel on the front, alone,
   and on the inner hops, each in an envelope, in bundles (bundle.h). Encoding and
   decoding touch nothing but memory; tests/vectors/ holds the byte examples both ways.
 */

#ifndef LOTERIA_WIRE_H
#define LOTERIA_WIRE_H

#include "bytes.h"
#include "bounds.h"
#include "draw_name.h"

#define WIRE_VERSION      2
#define WIRE_HEADER_BYTES 16
/* What precedes the rows of a BATCH or STORE: header, offset, digest, writer, count. */
#define WIRE_BATCH_BYTES (WIRE_HEADER_BYTES + 3 * 8 + 4)
/* What a BATCHES takes besides the BATCHes in it: its header, and before each a size.
 */
#define WIRE_ENCLOSED_BYTES 4
/* The head that vouches for the central's log: a SHA-256. */
#define WIRE_HEAD_BYTES 32
/* No message but BATCH, BATCHES, STORE, WINNERS, REPORT, NOTE, COMMIT, AWARDED, and a
   RECORD or EVENT with a paper, is longer than this. */
#define WIRE_SMALL_BYTES_MAX 512
#define WIRE_NAME_BYTES_MAX  64 // PONG, JOIN
/* What precedes the text of a REPORT: header, subject, more, next, lost. */
#define WIRE_REPORT_BYTES (WIRE_HEADER_BYTES + 1 + 1 + 8 + 8)
/* Of a provable draw (docs/fairness.md): a hash or a key; a signature; an agency's
   entry in AWARDED. */
#define WIRE_HASH_BYTES      32
#define WIRE_SIGNATURE_BYTES 64
#define WIRE_AWARD_BYTES     (4 + 8 + WIRE_HASH_BYTES)

typedef enum {
    // agency to central
    WIRE_HELLO = 0x01,
    WIRE_BATCH = 0x02,
    WIRE_READY = 0x03,
    WIRE_RESULTS = 0x04,
    WIRE_DONE = 0x05,
    WIRE_CHECK = 0x06,
    WIRE_BATCHES = 0x07, // several BATCHes in one message
    WIRE_CANCEL = 0x08,  // to storage, like CHECK
    WIRE_FETCH = 0x09,   // a note of a provable draw; to storage, like CHECK
    WIRE_COMMIT = 0x0A,  // in place of READY, in a provable draw
    WIRE_REVEAL = 0x0B,
    WIRE_ROOT = 0x0C, // to storage, like CHECK
    WIRE_PING = 0x0F, // anybody, to the broker's front, storage or state
    // central to agency
    WIRE_WELCOME = 0x11,
    WIRE_STORED = 0x12,
    WIRE_WAITING = 0x13,
    WIRE_WINNERS = 0x14,
    WIRE_GOODBYE = 0x15,
    WIRE_DIGEST = 0x16,
    WIRE_CANCELLED = 0x17,
    WIRE_NOTE = 0x18,
    WIRE_ROOTED = 0x1A,
    WIRE_REFUSED = 0x1E,
    WIRE_PONG = 0x1F,
    // worker, storage or state to broker; REJOIN and JOINED back
    WIRE_JOIN = 0x21,
    WIRE_BEAT = 0x22,
    WIRE_LEAVE = 0x23,
    WIRE_REJOIN = 0x24,
    WIRE_JOINED = 0x25,
    // worker to storage
    WIRE_STORE = 0x31,
    // storage to broker, for it alone
    WIRE_HELD = 0x36,
    // state to storage
    WIRE_ADMIT = 0x32,
    WIRE_FIND = 0x34,
    WIRE_REGISTER = 0x37,
    WIRE_REPLAY = 0x38,
    WIRE_RECORD = 0x39,
    WIRE_LOOKUP = 0x3C,
    WIRE_STAKE = 0x3D,
    WIRE_AWARD = 0x3F,
    // storage to state
    WIRE_AWARDED = 0x35,
    WIRE_EVENT = 0x3A,
    WIRE_REGISTERED = 0x3B,
    WIRE_STAKED = 0x3E,
    // operator to state, and back
    WIRE_ORDER = 0x41,
    WIRE_ORDERED = 0x42,
    WIRE_LIST = 0x43,
    WIRE_DRAW = 0x44,
    // operator to any process, and back
    WIRE_STATUS = 0x45,
    WIRE_REPORT = 0x46,
    // operator to central, and back
    WIRE_SCALE = 0x48,
    WIRE_SCALED = 0x49
} wire_command_t;

/* Why a request was refused. The numbers are protocol: never reuse one. */
typedef enum {
    REFUSED_OK = 0,
    // the message itself: do not send it again
    REFUSED_SIGNATURE = 1, // no Lotería message, or cut short
    REFUSED_VERSION = 2,
    REFUSED_COMMAND = 3, // unknown, or not for this side
    REFUSED_FRAMES = 4,  // more than one frame
    REFUSED_SIZE = 5,    // over the byte limit
    REFUSED_BODY = 6,    // the body is not what the command's layout says
    // the batch: the file has to be mended
    REFUSED_EMPTY = 10,   // no rows
    REFUSED_ROWS = 11,    // over the row limit
    REFUSED_COUNT = 12,   // more or fewer rows than announced
    REFUSED_FIELDS = 13,  // a row with too few or too many fields
    REFUSED_QUOTES = 14,  // quotes not as RFC 4180 has them
    REFUSED_MISSING = 15, // an empty field
    REFUSED_LONG = 16,    // an over-long field
    REFUSED_UTF8 = 17,
    REFUSED_CONTROL = 18, // a control character
    REFUSED_DATE = 19,
    REFUSED_NUMBER = 20,    // not a number
    REFUSED_RANGE = 21,     // a number outside the permitted range
    REFUSED_BLANK = 22,     // a blank at the beginning or end of a text
    REFUSED_CHARACTER = 23, // a character that nobody sees, or that turns the text
    // what is stored: say HELLO and go on from there, or stop
    REFUSED_AGENCY = 30,     // not on the roll
    REFUSED_HELLO = 31,      // say HELLO first
    REFUSED_GAP = 32,        // ahead of what is stored, or across its end
    REFUSED_CONFLICT = 33,   // other bets are stored, there or before
    REFUSED_CLOSED = 34,     // the agency's sale is over: it asked, or the draw closed
    REFUSED_TALLY = 35,      // READY with another count than is stored
    REFUSED_UNDRAWN = 36,    // DONE before the draw
    REFUSED_KEY = 37,        // the connection's key is not the agency's, or no longer
    REFUSED_DRAW = 38,       // there is no such draw
    REFUSED_SUPERSEDED = 39, // to a state: another one has registered since
    // now: send it again later
    REFUSED_BUSY = 40,
    REFUSED_NOSPACE = 41,
    REFUSED_UNAVAILABLE = 42, // a part of the central is away; or UNAVAILABLE_STANDBY
    // the draw
    REFUSED_VOID = 50,  // it is void; the text is the reason
    REFUSED_NAME = 51,  // there is one of that name
    REFUSED_PHASE = 52, // it is not in the phase that this takes
    REFUSED_DRAWS = 53, // too many are open
    REFUSED_NOTE = 54,  // a provable draw does not have this note yet
    REFUSED_ROOT = 55   // the bets that are stored have another root
} wire_code_t;

/* The `field` of an UNAVAILABLE when the whole central is a standby: another one is
   active. */
#define UNAVAILABLE_STANDBY 1

typedef struct { // 0 means no limit of the sender's own; each hop lowers them
    uint32_t window;
    uint32_t message_bytes_max; // of one BATCH
    uint32_t rows_max;
    uint32_t bundle_bytes; // of a BATCHES; 0 means that none is sent, or taken
} wire_limits_t;

typedef struct { // HELLO
    wire_limits_t limits;
    bytes_t name; // of the draw; empty: the one on sale; borrowed
} wire_hello_t;

/* What the draw is for this agency: its bets are complete once it has asked for its
   results, was excused, or the draw was closed. */
typedef enum {
    DAY_OPEN = 0,
    DAY_SEALED = 1,
    DAY_DRAWN = 2,
    DAY_VOID = 3,
    DAY_LOCKED = 4, // a provable draw is sealed: what the agency committed to is wanted
    DAY_ENDED = 5   // WAITING alone: it said READY in a provable draw, and is to commit
} wire_day_t;

/* Where a draw's winning number comes from. */
typedef enum {
    SOURCE_FIXED = 'F',   // it is known when the draw is opened
    SOURCE_ENTERED = 'E', // the operator enters it after the close
    SOURCE_RANDOM = 'R',  // state draws it after the close
    SOURCE_PROVABLE = 'P' // it follows from secrets of all who take part
} wire_source_t;

/* When a draw closes: a time in milliseconds since 1970, or one of these. */
#define CLOSES_ALL_ASKED 0          // when every agency on the roll has asked
#define CLOSES_NEVER     UINT64_MAX // when the operator closes it

/* A digest (digest.h) tells two histories of an agency apart: it is that of its bets
   before an offset. A draw is known by 64 bits drawn at random when it is opened, never
   0, and by its name; a log by 64 bits of its own. */

typedef struct {    // WELCOME, and ADMIT on its way to become one
    uint64_t epoch; // of the state that asks: ADMIT alone
    uint64_t next;
    uint64_t digest; // of all bets before `next`
    wire_limits_t limits;
    uint32_t agencies;             // on the roll
    uint32_t ready;                // of them
    uint8_t day;                   // wire_day_t: this agency's
    uint32_t highest;              // number that may be bet on
    uint64_t closes_ms;            // or CLOSES_ALL_ASKED, CLOSES_NEVER
    uint32_t cancelled;            // of this agency's bets
    uint64_t sequence;             // of the log's last record as of this answer
    uint8_t head[WIRE_HEAD_BYTES]; // of the log's chain there
    bytes_t name;                  // of the draw; borrowed
    uint8_t open[WIRE_HASH_BYTES]; // of a provable draw: O; zeros: it is none
} wire_welcome_t;

typedef struct { // BATCH: rows as typed; STORE: canonical rows
    uint64_t offset;
    uint64_t digest; // of all the agency's bets before `offset`
    uint64_t writer; // 0: bets of a file; else the one run that sells this single bet
    uint32_t count;
    bytes_t rows; // borrowed from the message
} wire_batch_t;

typedef struct { // READY: all; CHECK: the count; DIGEST: count and digest
    uint64_t count;
    uint64_t digest;    // of the agency's first `count` bets
    uint32_t cancelled; // of them
} wire_tally_t;

typedef struct { // STORED
    uint64_t next;
    uint64_t digest; // of all bets before `next`
} wire_stored_t;

typedef struct {        // CANCELLED
    uint64_t offset;    // of the bet: as CANCEL said it
    uint32_t cancelled; // bets of the agency so far, this one included
} wire_cancelled_t;

typedef struct { // WAITING
    uint32_t ready;
    uint32_t agencies;
    uint8_t day;                         // wire_day_t: OPEN, SEALED, LOCKED or ENDED
    uint32_t missing[WAITING_NAMES_MAX]; // the first that are not ready; 0: no more
} wire_waiting_t;

typedef struct {    // FIND
    uint64_t epoch; // of the state that asks
    uint64_t cursor;
    uint64_t count; // what the agency was sealed with; UINT64_MAX: whatever that was
    uint32_t number;
} wire_find_t;

typedef enum {           // what may happen to a draw
    EVENT_OPENED = 'O',  // source, agencies, number (F), highest, closes_ms; text: name
    EVENT_SEALED = 'S',  // agency, count, digest, cancelled: it has asked
    EVENT_EXCUSED = 'X', // agency; text: why
    EVENT_CLOSED = 'C',  // text: why
    EVENT_DRAWN = 'D',   // number
    EVENT_SERVED = 'V',  // agency: it has said that it has its winners
    EVENT_VOIDED = 'W',  // text: why; of a provable draw a paper (fair_paper.h)
    // of a provable draw alone
    EVENT_ENDED = 'E', // agency, count, digest, cancelled: it sells no more, by READY
    // likewise; text: a paper
    EVENT_NOTED = 'N',     // it has its open note: agencies may come
    EVENT_COMMITTED = 'Y', // agency, count, digest, cancelled: it has asked, by COMMIT
    EVENT_ATTESTED = 'U',  // the auditor has signed the seal
    EVENT_LOCKED = 'L',    // it has its seal
    EVENT_REVEALED = 'A',  // agency: its nonce is known
    EVENT_PUBLISHED = 'Q'  // it has its result note
} wire_event_kind_t;

typedef struct {    // an event; what its kind does not have is 0, or empty
    uint8_t kind;   // wire_event_kind_t
    uint8_t source; // wire_source_t
    uint32_t agency;
    uint32_t agencies;
    uint32_t number;
    uint32_t highest;
    uint32_t cancelled;
    uint64_t count;
    uint64_t digest;
    uint64_t closes_ms;
    uint64_t time_ms; // when it was recorded; 0 in a RECORD
    bytes_t text; // O: the name; C, X, W: one line, may be empty; or a paper; borrowed
} wire_event_t;

/* Whether the event's text is a paper, or may be: W's is one in a provable draw. */
bool wire_event_has_paper (uint8_t kind);

typedef struct { // REGISTERED
    uint64_t epoch;
    uint64_t identity; // of the log
    uint32_t draws;    // that are live: what REPLAY of draw 0 lists
} wire_registered_t;

typedef struct { // REPLAY: of a draw's events, or of draw 0: of the live draws
    uint64_t epoch;
    uint64_t from; // the ordinal of the first that is wanted
} wire_replay_t;

typedef struct { // LOOKUP: answered by the EVENT that opened it, or DRAW
    uint64_t epoch;
    bytes_t name; // of a draw; borrowed
} wire_lookup_t;

typedef struct { // RECORD
    uint64_t epoch;
    uint64_t seen; // sequence of the last event of this draw that state knows
    wire_event_t event;
} wire_record_t;

typedef struct {       // EVENT; unasked when storage closed a draw by the clock
    uint64_t sequence; // of its record
    uint64_t ordinal;  // among the draw's events, from 0 on
    uint64_t events;   // that the draw has
    wire_event_t event;
} wire_recorded_t;

typedef enum {          // what an operator may order
    ORDER_OPEN = 'O',   // source, agencies, number (F), highest, closes_ms; name
    ORDER_CLOSE = 'C',  // note
    ORDER_NUMBER = 'N', // number
    ORDER_EXCUSE = 'X', // the header's agency; note
    ORDER_VOID = 'W',   // note
    ORDER_ATTEST = 'U', // proof: the auditor's signature of the seal
    ORDER_REVEAL = 'A'  // the header's agency (0: the operator); proof: the nonce that
                        // the auditor took out of its box
} wire_order_kind_t;

/* ORDER; what its kind does not have is 0, or empty. To open, source 0, agencies 0 and
   highest UINT32_MAX stand for what state was started with. */
typedef struct {
    uint8_t order;  // wire_order_kind_t
    uint8_t source; // wire_source_t
    uint32_t agencies;
    uint32_t number;
    uint32_t highest;
    uint64_t closes_ms;
    bytes_t name;  // of the draw; empty: the one that is meant; borrowed
    bytes_t proof; // U: WIRE_SIGNATURE_BYTES, A: WIRE_HASH_BYTES; else empty; borrowed
    bytes_t note;  // why: one line, may be empty; borrowed
} wire_order_t;

typedef struct {       // ORDERED
    uint64_t sequence; // of the event that carried it out
    bytes_t name;      // of the draw; borrowed
} wire_ordered_t;

typedef enum {
    PHASE_PLANNED = 0, // by the schedule: nothing is recorded
    PHASE_OPEN = 1,
    PHASE_CLOSED = 2,
    PHASE_DRAWN = 3,
    PHASE_VOID = 4,
    PHASE_SEALED = 5 // a provable draw's: the seal is there, not all have revealed
} wire_phase_t;

typedef struct {    // DRAW: one for each that LIST asks for; its identity in the header
    uint32_t index; // in the list
    uint32_t total; // of the list; 0: it is empty, and so is the rest
    uint8_t phase;  // wire_phase_t
    uint8_t source; // wire_source_t
    uint32_t agencies, ready, excused, served;
    uint32_t number; // the winning one, once that is no secret; else 0
    uint32_t highest;
    uint64_t opened_ms, closes_ms, closed_ms, drawn_ms; // 0: not yet; drawn or void
    bytes_t name;                                       // borrowed
} wire_draw_t;

typedef enum {           // what STATUS asks for
    STATUS_METRICS = 0,  // of the draw in the header; 0: of the process, its live draws
    STATUS_LINES = 1,    // of the log; `from` is an ordinal
    STATUS_REFUSALS = 2, // of a broker; the same
    STATUS_DOCUMENTS = 3 // LINES, with the documents of people that are in them
} wire_subject_t;

/* STATUS: all but METRICS from here on only tell the `next` that there will be. */
#define STATUS_FROM_NOW UINT64_MAX

typedef struct {     // STATUS
    uint8_t subject; // wire_subject_t
    uint64_t from;   // 0, or the `next` of a REPORT before
} wire_status_t;

typedef struct {     // REPORT
    uint8_t subject; // wire_subject_t
    uint8_t more;    // 1: METRICS go on at `next`; lines are there beyond this page
    uint64_t next;   // METRICS: 0 when this was the last page
    uint64_t lost;   // of those wanted, how many are not kept any more
    bytes_t text;    // whole lines, at most REPORT_BYTES_MAX; borrowed
} wire_report_t;

typedef struct { // WINNERS
    uint64_t cursor;
    uint64_t next; // cursor of the next page; 0 when this is the last
    uint32_t number;
    uint32_t count;    // of documents in this page
    uint64_t sequence; // as in WELCOME: at the draw, or later
    uint8_t head[WIRE_HEAD_BYTES];
    bytes_t documents; // each followed by LF; borrowed from the message
} wire_winners_t;

typedef enum { // which note of a provable draw FETCH asks for
    NOTE_OPEN = 'N',
    NOTE_RECEIPT = 'Y', // of an agency
    NOTE_SEAL = 'L',
    NOTE_COUNTERSIGNED = 'A', // the seal, signed by an agency as well
    NOTE_ATTESTED = 'U',      // or by the auditor
    NOTE_RESULT = 'Q',
    NOTE_VOID = 'W',
    // for operators alone:
    NOTE_SALTS = 'K', // an agency's salt key: bytes
    NOTE_BOX = 'B'    // an agency's box for the auditor, 0: the operator's: bytes
} wire_which_t;

typedef struct {   // FETCH
    uint8_t which; // wire_which_t
    uint32_t of;   // which agency's; 0: the one that asks, or none
    uint64_t from; // the byte where the page begins
} wire_fetch_t;

typedef struct {    // NOTE
    uint8_t which;  // wire_which_t
    uint32_t of;    // as FETCH has it
    uint32_t total; // bytes of the note
    uint32_t from;  // where this page begins
    bytes_t bytes;  // of the page: at most NOTE_PAGE_BYTES, none only at the end;
                    // borrowed
} wire_note_t;

typedef struct { // COMMIT
    wire_tally_t tally;
    uint8_t salt_key[WIRE_HASH_BYTES];
    bytes_t box;  // the nonce's, for the auditor: at most BOX_BYTES_MAX; or empty
    bytes_t note; // READY, signed: at most COMMIT_NOTE_BYTES_MAX; both borrowed
} wire_commit_t;

typedef struct {                   // REVEAL
    uint8_t seal[WIRE_HASH_BYTES]; // S
    uint8_t nonce[WIRE_HASH_BYTES];
    uint8_t signature[WIRE_SIGNATURE_BYTES]; // the agency's, of the seal
} wire_reveal_t;

typedef struct { // ROOT: of the leaves that the agency's bets from `from` on are
    uint8_t salt_key[WIRE_HASH_BYTES];
    uint64_t from, count;
} wire_root_t;

typedef struct { // ROOTED
    uint64_t from, count;
    uint8_t root[WIRE_HASH_BYTES];
} wire_rooted_t;

typedef struct { // STAKE: of the header's agency, which has not committed
    uint64_t epoch;
    uint8_t salt_key[WIRE_HASH_BYTES];
} wire_stake_t;

typedef struct { // STAKED
    uint64_t count;
    uint8_t root[WIRE_HASH_BYTES];
} wire_staked_t;

typedef struct { // an entry of AWARDED: an agency's bets that have won
    uint32_t agency;
    uint64_t count;
    uint8_t root[WIRE_HASH_BYTES];
} wire_award_t;

typedef struct {     // REFUSED
    uint16_t code;   // wire_code_t
    uint8_t command; // the one refused
    uint8_t field;   // 1..5 in the order of the row, or 0
    uint32_t row;    // 1.. within the batch, or 0; of a READY or COMMIT: its cancelled
                     // bets
    uint64_t offset; // of the refused batch; or what the request carried, or 0; of a
                     // READY or COMMIT: its count
    uint64_t expected; // the agency's next offset, where it is known
    bytes_t text;      // for people; at most REFUSAL_TEXT_MAX; borrowed
} wire_refused_t;

typedef enum {
    ROLE_NONE = 0,
    ROLE_WORKER = 1,
    ROLE_STORAGE = 2,
    ROLE_STATE = 3,
    ROLE_OPERATOR = 4, // gives state orders; joins nobody
    ROLE_ANY = 0xFF    // in no message: where there are no keys, anybody is anything
} wire_role_t;

typedef struct {     // JOIN
    uint8_t role;    // wire_role_t
    uint32_t credit; // requests that a worker takes at once; else 0
    uint32_t heartbeat_ms;
    bytes_t name; // a worker's: HOST/PID; may be empty; borrowed
} wire_join_t;

typedef struct { // BEAT: what a worker did since it started; zeros from others
    uint64_t batches, bets, refused;
    uint64_t cpu_ms;
    uint64_t memory_bytes; // as of now
} wire_beat_t;

typedef struct {
    uint8_t command; // wire_command_t
    uint32_t agency; // 0 where there is none (JOIN, PING, ...)
    uint64_t draw;   // 0 where there is none: HELLO too, which may name one
    union {
        wire_hello_t hello;
        wire_batch_t batch; // BATCH, STORE
        bytes_t batches; // BATCHES: 1 to WINDOW_MAX, see wire_batches_next (); borrowed
        wire_tally_t tally;     // READY, CHECK, DIGEST
        uint64_t cursor;        // RESULTS
        uint64_t offset;        // CANCEL
        wire_stored_t stored;   // STORED
        wire_welcome_t welcome; // WELCOME, ADMIT
        wire_waiting_t waiting;
        wire_cancelled_t cancelled;
        wire_find_t find;
        uint64_t state; // REGISTER: its life, see life.h
        wire_registered_t registered;
        wire_replay_t replay;
        wire_lookup_t lookup;
        wire_record_t record;
        wire_recorded_t recorded; // EVENT
        wire_order_t order;
        wire_ordered_t ordered;
        uint32_t from;      // LIST
        wire_draw_t listed; // DRAW
        wire_winners_t winners;
        wire_refused_t refused;
        wire_join_t join;
        wire_beat_t beat;
        uint32_t boot; // JOINED: the broker's
        bytes_t name;  // PONG: the process that answers; borrowed
        wire_status_t status;
        wire_report_t report;
        uint32_t workers; // SCALE: wanted, 0: only tell; SCALED: wanted now
        wire_fetch_t fetch;
        wire_note_t note;
        wire_commit_t commit;
        wire_reveal_t reveal;
        wire_root_t root;
        wire_rooted_t rooted;
        wire_stake_t stake;
        wire_staked_t staked;
        uint64_t award;  // AWARD: the epoch of the state that asks
        bytes_t awarded; // AWARDED: see wire_awarded_next (); borrowed
    };
} wire_message_t;

/* Bytes that `message` takes when encoded. */
size_t wire_size (const wire_message_t *message);

/* Encode `message` into `buffer`, which has wire_size (message) bytes; return them. */
size_t wire_encode (const wire_message_t *message, uint8_t *buffer);

/* Write just what precedes the rows of a BATCH or STORE: WIRE_BATCH_BYTES. The rows of
   `batch` are not looked at. */
void wire_batch_head (uint8_t *buffer, uint8_t command, uint32_t agency, uint64_t draw,
                      const wire_batch_t *batch);

/* A BATCHES is written by its head and then, again and again, a BATCH that is encoded
   already, of that agency and draw; each returns the place behind what it wrote. */
uint8_t *wire_batches_head (uint8_t *buffer, uint32_t agency, uint64_t draw);
uint8_t *wire_batches_put (uint8_t *at, bytes_t batch);

/* Take the next BATCH off the `batches` of a message that was decoded: its bytes, and
   what they say. False at the end. */
bool wire_batches_next (bytes_t *batches, bytes_t *frame, wire_message_t *batch);

/* An AWARDED's entries are written one behind the other, agencies ascending: each
   WIRE_AWARD_BYTES; returns the place behind. And taken off one by one; false at the
   end. */
uint8_t *wire_awarded_put (uint8_t *at, const wire_award_t *award);
bool wire_awarded_next (bytes_t *awarded, wire_award_t *award);

/* Whether the draw that an agency is let into is a provable one: WELCOME has its O. */
bool wire_provable (const wire_welcome_t *welcome);

/* Decode `frame` into `message`, whose slices borrow from it. Returns
   REFUSED_OK, or why it is no message; `command`, `agency` and `draw` are set as far as
   they could be read, else 0. Names of draws and notes in it are sound (draw_name.h,
   text.h); what storage and state must judge by what they know is not looked at. */
wire_code_t wire_decode (bytes_t frame, wire_message_t *message);

/* The command's name as the protocol spells it, "?" when unknown. */
const char *wire_command_name (uint8_t command);

/* The code's name as the protocol spells it, "?" when unknown. */
const char *wire_code_name (uint16_t code);

/* The order's name as loteria-ctl has it ("open", "close", ...), "?" when it is none.
 */
const char *wire_order_name (uint8_t order);

/* The source's and the phase's name, "?" when it is none. */
const char *wire_source_name (uint8_t source);
const char *wire_phase_name (uint8_t phase);

/* The note's name ("open", "receipt", ...), "?" when it is none. */
const char *wire_note_name (uint8_t which);

/* What the code means, for people; NULL for those of a batch's rows, of which
   bet_fault.h says more. */
const char *wire_code_text (uint16_t code);

/* The refusal of `request`: its agency, draw, command and, for a batch or a CANCEL,
   offset filled in; for a READY or COMMIT what it said, so that its sender can tell
   which of several is meant. Borrows `text`, of which REFUSAL_TEXT_MAX bytes count;
   NULL: what the code means. What storage is asked for an agency is refused as what
   that asked: a STORE as BATCH, an ADMIT as HELLO, a FIND as RESULTS, a RECORD as
   READY, COMMIT, REVEAL or DONE if it is one of theirs. */
wire_message_t wire_refusal (const wire_message_t *request, wire_code_t code,
                             const char *text);

/* The role's name, "?" when it is none. */
const char *wire_role_name (uint8_t role);

/* Whether who has this role may give an agency this answer, or HELD to the broker. */
bool wire_role_answers (uint8_t role, uint8_t command);

/* Whether who has this role may ask storage for this. */
bool wire_role_asks (uint8_t role, uint8_t command);

/* Whether it is a request of an agency's. */
bool wire_from_agency (uint8_t command);

#endif
