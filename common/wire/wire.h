/* wire.h - the messages of Lotería: what docs/protocol.md specifies, as code.

   A message is one ZeroMQ frame: an eight-byte header (signature, version, command,
   agency) and the command's body. The same messages travel on the front, alone, and
   on the inner hops, each in an envelope, in bundles (bundle.h). Encoding and decoding
   touch nothing but memory; tests/vectors/ holds the byte examples both ways. */

#ifndef LOTERIA_WIRE_H
#define LOTERIA_WIRE_H

#include "bytes.h"
#include "bounds.h"

#define WIRE_VERSION      2
#define WIRE_HEADER_BYTES 8
/* What precedes the rows of a BATCH or STORE: header, draw, offset, digest, writer,
   count. */
#define WIRE_BATCH_BYTES (WIRE_HEADER_BYTES + 4 * 8 + 4)
/* What a BATCHES takes besides the BATCHes in it: its header, and before each a size.
 */
#define WIRE_ENCLOSED_BYTES 4
/* The head that vouches for the central's log: a SHA-256. */
#define WIRE_HEAD_BYTES 32
/* No message but BATCH, BATCHES, STORE and WINNERS is longer than this. */
#define WIRE_SMALL_BYTES_MAX 512
#define WIRE_NAME_BYTES_MAX  64 // PONG

typedef enum {
    // agency to central
    WIRE_HELLO = 0x01,
    WIRE_BATCH = 0x02,
    WIRE_READY = 0x03,
    WIRE_RESULTS = 0x04,
    WIRE_DONE = 0x05,
    WIRE_CHECK = 0x06,
    WIRE_BATCHES = 0x07, // several BATCHes in one message
    WIRE_PING = 0x0F,    // anybody, to the broker's front, storage or state
    // central to agency
    WIRE_WELCOME = 0x11,
    WIRE_STORED = 0x12,
    WIRE_WAITING = 0x13,
    WIRE_WINNERS = 0x14,
    WIRE_GOODBYE = 0x15,
    WIRE_DIGEST = 0x16,
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
    // storage to state
    WIRE_EVENT = 0x3A,
    WIRE_REGISTERED = 0x3B
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
    REFUSED_CLOSED = 34,     // the agency has asked for its results
    REFUSED_TALLY = 35,      // READY with another count than is stored
    REFUSED_UNDRAWN = 36,    // results before the draw
    REFUSED_KEY = 37,        // the connection's key is not the agency's, or no longer
    REFUSED_DRAW = 38,       // what it speaks of is another draw than this central's
    REFUSED_SUPERSEDED = 39, // to a state: another one has registered since
    // now: send it again later
    REFUSED_BUSY = 40,
    REFUSED_NOSPACE = 41,
    REFUSED_UNAVAILABLE = 42 // a part of the central is away
} wire_code_t;

typedef struct { // HELLO: 0 means no limit of the sender's own; each hop lowers them
    uint32_t window;
    uint32_t message_bytes_max; // of one BATCH
    uint32_t rows_max;
    uint32_t bundle_bytes; // of a BATCHES; 0 means that none is sent, or taken
} wire_limits_t;

typedef enum { DAY_OPEN = 0, DAY_SEALED = 1, DAY_DRAWN = 2 } wire_day_t;

/* A digest (digest.h) tells two histories of an agency apart: it is that of its bets
   before an offset. A draw is 64 bits drawn at random with a day's log, never 0. */

typedef struct {    // WELCOME, and ADMIT on its way to become one
    uint64_t epoch; // of the state that asks: ADMIT alone
    uint64_t draw;
    uint64_t next;
    uint64_t digest; // of all bets before `next`
    wire_limits_t limits;
    uint32_t agencies;             // on the roll
    uint32_t ready;                // of them
    uint8_t day;                   // wire_day_t: this agency's
    uint64_t sequence;             // of the log's last record as of this answer
    uint8_t head[WIRE_HEAD_BYTES]; // of the log's chain there
} wire_welcome_t;

typedef struct { // BATCH: rows as typed; STORE: canonical rows
    uint64_t draw;
    uint64_t offset;
    uint64_t digest; // of all the agency's bets before `offset`
    uint64_t writer; // 0: bets of a file; else the one run that sells this single bet
    uint32_t count;
    bytes_t rows; // borrowed from the message
} wire_batch_t;

typedef struct { // READY: all; CHECK: no digest yet; DIGEST: no draw
    uint64_t draw;
    uint64_t count;
    uint64_t digest; // of the agency's first `count` bets
} wire_tally_t;

typedef struct { // STORED
    uint64_t next;
    uint64_t digest; // of all bets before `next`
} wire_stored_t;

typedef struct { // RESULTS
    uint64_t draw;
    uint64_t cursor;
} wire_results_t;

typedef struct { // WAITING
    uint32_t ready;
    uint32_t agencies;
} wire_waiting_t;

typedef struct {    // FIND
    uint64_t epoch; // of the state that asks
    uint64_t draw;
    uint64_t cursor;
    uint64_t count; // what the agency was sealed with
    uint32_t number;
} wire_find_t;

typedef enum {          // what may happen to a draw
    EVENT_OPENED = 'O', // agencies, number: the first
    EVENT_SEALED = 'S', // agency, count, digest
    EVENT_DRAWN = 'D',  // number
    EVENT_SERVED = 'V'  // agency: it has said that it has its winners
} wire_event_kind_t;

typedef struct {  // an event; what its kind does not have is 0
    uint8_t kind; // wire_event_kind_t
    uint32_t agency;
    uint32_t agencies;
    uint32_t number;
    uint64_t count;
    uint64_t digest;
} wire_event_t;

typedef struct { // REGISTERED
    uint64_t epoch;
    uint64_t draw;
    uint64_t events; // that the draw has so far
} wire_registered_t;

typedef struct { // REPLAY
    uint64_t epoch;
    uint64_t draw;
    uint64_t from; // the ordinal of the first that is wanted
} wire_replay_t;

typedef struct { // RECORD
    uint64_t epoch;
    uint64_t draw;
    uint64_t seen; // sequence of the last event that state knows
    wire_event_t event;
} wire_record_t;

typedef struct {       // EVENT
    uint64_t sequence; // of its record
    uint64_t ordinal;  // among the draw's events, from 0 on
    wire_event_t event;
} wire_recorded_t;

typedef struct { // WINNERS
    uint64_t cursor;
    uint64_t next; // cursor of the next page; 0 when this is the last
    uint32_t number;
    uint32_t count;    // of documents in this page
    uint64_t sequence; // as in WELCOME: at the draw, or later
    uint8_t head[WIRE_HEAD_BYTES];
    bytes_t documents; // each followed by LF; borrowed from the message
} wire_winners_t;

typedef struct {       // REFUSED
    uint16_t code;     // wire_code_t
    uint8_t command;   // the one refused
    uint8_t field;     // 1..5 in the order of the row, or 0
    uint32_t row;      // 1.. within the batch, or 0
    uint64_t offset;   // of the refused batch; or what the request carried, or 0
    uint64_t expected; // the agency's next offset, where it is known
    bytes_t text;      // for people; at most REFUSAL_TEXT_MAX; borrowed
} wire_refused_t;

typedef enum {
    ROLE_NONE = 0,
    ROLE_WORKER = 1,
    ROLE_STORAGE = 2,
    ROLE_STATE = 3,
    ROLE_ANY = 0xFF // in no message: where there are no keys, anybody is anything
} wire_role_t;

typedef struct {     // JOIN
    uint8_t role;    // wire_role_t
    uint32_t credit; // requests that a worker takes at once; else 0
    uint32_t heartbeat_ms;
} wire_join_t;

typedef struct {
    uint8_t command; // wire_command_t
    uint32_t agency; // 0 where there is none (JOIN, PING, ...)
    union {
        wire_limits_t hello;
        wire_batch_t batch; // BATCH, STORE
        bytes_t batches; // BATCHES: 1 to WINDOW_MAX, see wire_batches_next (); borrowed
        wire_tally_t tally;     // READY, CHECK, DIGEST
        wire_results_t results; // RESULTS
        uint64_t draw;          // DONE
        wire_stored_t stored;   // STORED
        wire_welcome_t welcome; // WELCOME, ADMIT
        wire_waiting_t waiting;
        wire_find_t find;
        uint64_t state; // REGISTER: its life, see life.h
        wire_registered_t registered;
        wire_replay_t replay;
        wire_record_t record;
        wire_recorded_t recorded; // EVENT
        wire_winners_t winners;
        wire_refused_t refused;
        wire_join_t join;
        uint32_t boot; // JOINED: the broker's
        bytes_t name;  // PONG: the process that answers; borrowed
    };
} wire_message_t;

/* Bytes that `message` takes when encoded. */
size_t wire_size (const wire_message_t *message);

/* Encode `message` into `buffer`, which has wire_size (message) bytes; return them. */
size_t wire_encode (const wire_message_t *message, uint8_t *buffer);

/* Write just what precedes the rows of a BATCH or STORE: WIRE_BATCH_BYTES. The rows of
   `batch` are not looked at. */
void wire_batch_head (uint8_t *buffer, uint8_t command, uint32_t agency,
                      const wire_batch_t *batch);

/* A BATCHES is written by its head and then, again and again, a BATCH that is encoded
   already; each returns the place behind what it wrote. */
uint8_t *wire_batches_head (uint8_t *buffer, uint32_t agency);
uint8_t *wire_batches_put (uint8_t *at, bytes_t batch);

/* Take the next BATCH off the `batches` of a message that was decoded: its bytes, and
   what they say. False at the end. */
bool wire_batches_next (bytes_t *batches, bytes_t *frame, wire_message_t *batch);

/* Decode `frame` into `message`, whose slices borrow from it. Returns
   REFUSED_OK, or why it is no message; `command` and `agency` are set as far as
   they could be read, else 0. */
wire_code_t wire_decode (bytes_t frame, wire_message_t *message);

/* The command's name as the protocol spells it, "?" when unknown. */
const char *wire_command_name (uint8_t command);

/* The code's name as the protocol spells it, "?" when unknown. */
const char *wire_code_name (uint16_t code);

/* What the code means, for people; NULL for those of a batch's rows, of which
   bet_fault.h says more. */
const char *wire_code_text (uint16_t code);

/* The refusal of `request`: its agency, command and, for a batch, offset filled in.
   Borrows `text`, of which REFUSAL_TEXT_MAX bytes count; NULL: what the code means.
   What storage is asked for an agency is refused as what that asked: a STORE as BATCH,
   an ADMIT as HELLO, a FIND as RESULTS, a RECORD as READY or DONE if it is one of
   theirs. */
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
