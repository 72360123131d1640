/* wire.c - messages to bytes and back. Every process; touches memory only. */

#include "wire.h"

#define HELLO_BYTES   16
#define WELCOME_BYTES (49 + 8 + WIRE_HEAD_BYTES)
#define BATCH_BYTES   36 // before the rows
#define EVENT_BYTES   29
#define WINNERS_BYTES (24 + 8 + WIRE_HEAD_BYTES) // before the documents
#define REFUSED_BYTES 24                         // before the text

static wire_code_t read_header (reader_t *reader, wire_message_t *message);
static size_t body_size (const wire_message_t *message);
static uint8_t *put_body (uint8_t *at, const wire_message_t *message);
static uint8_t *put_limits (uint8_t *at, const wire_limits_t *limits);
static uint8_t *put_welcome (uint8_t *at, const wire_welcome_t *welcome);
static uint8_t *put_batch (uint8_t *at, const wire_batch_t *batch);
static uint8_t *put_event (uint8_t *at, const wire_event_t *event);
static uint8_t *put_winners (uint8_t *at, const wire_winners_t *winners);
static uint8_t *put_refused (uint8_t *at, const wire_refused_t *refused);
static void read_body (reader_t *reader, wire_message_t *message);
static wire_limits_t read_limits (reader_t *reader);
static wire_welcome_t read_welcome (reader_t *reader);
static wire_batch_t read_batch (reader_t *reader);
static bytes_t read_batches (reader_t *reader, uint32_t agency);
static bool enclosed_batch (bytes_t *batches, bytes_t *frame, wire_message_t *batch);
static wire_event_t read_event (reader_t *reader);
static wire_winners_t read_winners (reader_t *reader);
static wire_refused_t read_refused (reader_t *reader);
static void read_head (reader_t *reader, uint8_t head[WIRE_HEAD_BYTES]);
static bytes_t read_rest (reader_t *reader);
static uint8_t command_of_agency (const wire_message_t *request);

size_t wire_size (const wire_message_t *message)
{
    return WIRE_HEADER_BYTES + body_size (message);
}

size_t wire_encode (const wire_message_t *message, uint8_t *buffer)
{
    uint8_t *at = put_u8 (put_u8 (buffer, 'L'), 'T');
    at = put_u8 (put_u8 (at, WIRE_VERSION), message->command);
    at = put_u32 (at, message->agency);
    at = put_body (at, message);
    return (size_t) (at - buffer);
}

void wire_batch_head (uint8_t *buffer, uint8_t command, uint32_t agency,
                      const wire_batch_t *batch)
{
    wire_message_t message = {.command = command, .agency = agency, .batch = *batch};
    message.batch.rows = bytes_of (NULL, 0);
    wire_encode (&message, buffer);
}

uint8_t *wire_batches_head (uint8_t *buffer, uint32_t agency)
{
    const wire_message_t message = {.command = WIRE_BATCHES, .agency = agency};
    return buffer + wire_encode (&message, buffer);
}

uint8_t *wire_batches_put (uint8_t *at, bytes_t batch)
{
    return put_bytes (put_u32 (at, (uint32_t) batch.size), batch);
}

bool wire_batches_next (bytes_t *batches, bytes_t *frame, wire_message_t *batch)
{
    return batches->size > 0 && enclosed_batch (batches, frame, batch);
}

wire_code_t wire_decode (bytes_t frame, wire_message_t *message)
{
    reader_t reader = {.rest = frame};
    const wire_code_t code = read_header (&reader, message);
    if (code != REFUSED_OK)
        return code;
    read_body (&reader, message);
    if (reader.failed || reader.rest.size > 0)
        return REFUSED_BODY;
    return REFUSED_OK;
}

static wire_code_t read_header (reader_t *reader, wire_message_t *message)
{
    memset (message, 0, sizeof *message);
    uint8_t l = read_u8 (reader), t = read_u8 (reader), version = read_u8 (reader);
    uint8_t command = read_u8 (reader);
    uint32_t agency = read_u32 (reader);
    if (reader->failed || l != 'L' || t != 'T')
        return REFUSED_SIGNATURE;
    message->command = command;
    message->agency = agency;
    if (version != WIRE_VERSION)
        return REFUSED_VERSION;
    return wire_command_name (command)[0] == '?' ? REFUSED_COMMAND : REFUSED_OK;
}

static size_t body_size (const wire_message_t *message)
{
    switch (message->command) {
    case WIRE_HELLO:
        return HELLO_BYTES;
    case WIRE_WELCOME:
        return WELCOME_BYTES;
    case WIRE_ADMIT:
        return 8 + WELCOME_BYTES;
    case WIRE_BATCH:
    case WIRE_STORE:
        return BATCH_BYTES + message->batch.rows.size;
    case WIRE_BATCHES:
        return message->batches.size;
    case WIRE_READY:
    case WIRE_REGISTERED:
    case WIRE_REPLAY:
        return 24;
    case WIRE_RECORD:
        return 24 + EVENT_BYTES;
    case WIRE_EVENT:
        return 16 + EVENT_BYTES;
    case WIRE_CHECK:
    case WIRE_DIGEST:
    case WIRE_RESULTS:
    case WIRE_STORED:
        return 16;
    case WIRE_DONE:
    case WIRE_REGISTER:
    case WIRE_WAITING:
        return 8;
    case WIRE_JOIN:
        return 9;
    case WIRE_JOINED:
        return 4;
    case WIRE_FIND:
        return 36;
    case WIRE_WINNERS:
        return WINNERS_BYTES + message->winners.documents.size;
    case WIRE_REFUSED:
        return REFUSED_BYTES + message->refused.text.size;
    case WIRE_PONG:
        return message->name.size;
    default:
        return 0;
    }
}

static uint8_t *put_body (uint8_t *at, const wire_message_t *message)
{
    switch (message->command) {
    case WIRE_HELLO:
        return put_limits (at, &message->hello);
    case WIRE_ADMIT:
        at = put_u64 (at, message->welcome.epoch);
        return put_welcome (at, &message->welcome);
    case WIRE_WELCOME:
        return put_welcome (at, &message->welcome);
    case WIRE_BATCH:
    case WIRE_STORE:
        return put_batch (at, &message->batch);
    case WIRE_BATCHES:
        return put_bytes (at, message->batches);
    case WIRE_READY:
        at = put_u64 (put_u64 (at, message->tally.draw), message->tally.count);
        return put_u64 (at, message->tally.digest);
    case WIRE_CHECK:
        return put_u64 (put_u64 (at, message->tally.draw), message->tally.count);
    case WIRE_DIGEST:
        return put_u64 (put_u64 (at, message->tally.count), message->tally.digest);
    case WIRE_RESULTS:
        return put_u64 (put_u64 (at, message->results.draw), message->results.cursor);
    case WIRE_DONE:
        return put_u64 (at, message->draw);
    case WIRE_STORED:
        return put_u64 (put_u64 (at, message->stored.next), message->stored.digest);
    case WIRE_WAITING:
        return put_u32 (put_u32 (at, message->waiting.ready),
                        message->waiting.agencies);
    case WIRE_FIND:
        at = put_u64 (put_u64 (at, message->find.epoch), message->find.draw);
        at = put_u64 (at, message->find.cursor);
        at = put_u64 (at, message->find.count);
        return put_u32 (at, message->find.number);
    case WIRE_REGISTER:
        return put_u64 (at, message->state);
    case WIRE_REGISTERED:
        at = put_u64 (at, message->registered.epoch);
        at = put_u64 (at, message->registered.draw);
        return put_u64 (at, message->registered.events);
    case WIRE_REPLAY:
        at = put_u64 (put_u64 (at, message->replay.epoch), message->replay.draw);
        return put_u64 (at, message->replay.from);
    case WIRE_RECORD:
        at = put_u64 (put_u64 (at, message->record.epoch), message->record.draw);
        return put_event (put_u64 (at, message->record.seen), &message->record.event);
    case WIRE_EVENT:
        at = put_u64 (at, message->recorded.sequence);
        at = put_u64 (at, message->recorded.ordinal);
        return put_event (at, &message->recorded.event);
    case WIRE_WINNERS:
        return put_winners (at, &message->winners);
    case WIRE_REFUSED:
        return put_refused (at, &message->refused);
    case WIRE_JOIN:
        at = put_u32 (put_u8 (at, message->join.role), message->join.credit);
        return put_u32 (at, message->join.heartbeat_ms);
    case WIRE_JOINED:
        return put_u32 (at, message->boot);
    case WIRE_PONG:
        return put_bytes (at, message->name);
    default:
        return at;
    }
}

static uint8_t *put_limits (uint8_t *at, const wire_limits_t *limits)
{
    at = put_u32 (at, limits->window);
    at = put_u32 (at, limits->message_bytes_max);
    return put_u32 (put_u32 (at, limits->rows_max), limits->bundle_bytes);
}

static uint8_t *put_welcome (uint8_t *at, const wire_welcome_t *welcome)
{
    at = put_u64 (put_u64 (at, welcome->draw), welcome->next);
    at = put_limits (put_u64 (at, welcome->digest), &welcome->limits);
    at = put_u32 (put_u32 (at, welcome->agencies), welcome->ready);
    at = put_u64 (put_u8 (at, welcome->day), welcome->sequence);
    return put_bytes (at, bytes_of (welcome->head, sizeof welcome->head));
}

static uint8_t *put_batch (uint8_t *at, const wire_batch_t *batch)
{
    at = put_u64 (put_u64 (at, batch->draw), batch->offset);
    at = put_u64 (put_u64 (at, batch->digest), batch->writer);
    return put_bytes (put_u32 (at, batch->count), batch->rows);
}

static uint8_t *put_event (uint8_t *at, const wire_event_t *event)
{
    at = put_u32 (put_u8 (at, event->kind), event->agency);
    at = put_u32 (put_u32 (at, event->agencies), event->number);
    return put_u64 (put_u64 (at, event->count), event->digest);
}

static uint8_t *put_winners (uint8_t *at, const wire_winners_t *winners)
{
    at = put_u64 (put_u64 (at, winners->cursor), winners->next);
    at = put_u32 (put_u32 (at, winners->number), winners->count);
    at = put_u64 (at, winners->sequence);
    at = put_bytes (at, bytes_of (winners->head, sizeof winners->head));
    return put_bytes (at, winners->documents);
}

static uint8_t *put_refused (uint8_t *at, const wire_refused_t *refused)
{
    at = put_u8 (put_u16 (at, refused->code), refused->command);
    at = put_u32 (put_u8 (at, refused->field), refused->row);
    at = put_u64 (put_u64 (at, refused->offset), refused->expected);
    return put_bytes (at, refused->text);
}

static void read_body (reader_t *reader, wire_message_t *message)
{
    switch (message->command) {
    case WIRE_HELLO:
        message->hello = read_limits (reader);
        break;
    case WIRE_ADMIT: {
        const uint64_t epoch = read_u64 (reader);
        message->welcome = read_welcome (reader);
        message->welcome.epoch = epoch;
        break;
    }
    case WIRE_WELCOME:
        message->welcome = read_welcome (reader);
        break;
    case WIRE_BATCH:
    case WIRE_STORE:
        message->batch = read_batch (reader);
        break;
    case WIRE_BATCHES:
        message->batches = read_batches (reader, message->agency);
        break;
    case WIRE_READY:
        message->tally.draw = read_u64 (reader);
        message->tally.count = read_u64 (reader);
        message->tally.digest = read_u64 (reader);
        break;
    case WIRE_CHECK:
        message->tally.draw = read_u64 (reader);
        message->tally.count = read_u64 (reader);
        break;
    case WIRE_DIGEST:
        message->tally.count = read_u64 (reader);
        message->tally.digest = read_u64 (reader);
        break;
    case WIRE_RESULTS:
        message->results.draw = read_u64 (reader);
        message->results.cursor = read_u64 (reader);
        break;
    case WIRE_DONE:
        message->draw = read_u64 (reader);
        break;
    case WIRE_STORED:
        message->stored.next = read_u64 (reader);
        message->stored.digest = read_u64 (reader);
        break;
    case WIRE_WAITING:
        message->waiting.ready = read_u32 (reader);
        message->waiting.agencies = read_u32 (reader);
        break;
    case WIRE_FIND:
        message->find.epoch = read_u64 (reader);
        message->find.draw = read_u64 (reader);
        message->find.cursor = read_u64 (reader);
        message->find.count = read_u64 (reader);
        message->find.number = read_u32 (reader);
        break;
    case WIRE_REGISTER:
        message->state = read_u64 (reader);
        break;
    case WIRE_REGISTERED:
        message->registered.epoch = read_u64 (reader);
        message->registered.draw = read_u64 (reader);
        message->registered.events = read_u64 (reader);
        break;
    case WIRE_REPLAY:
        message->replay.epoch = read_u64 (reader);
        message->replay.draw = read_u64 (reader);
        message->replay.from = read_u64 (reader);
        break;
    case WIRE_RECORD:
        message->record.epoch = read_u64 (reader);
        message->record.draw = read_u64 (reader);
        message->record.seen = read_u64 (reader);
        message->record.event = read_event (reader);
        break;
    case WIRE_EVENT:
        message->recorded.sequence = read_u64 (reader);
        message->recorded.ordinal = read_u64 (reader);
        message->recorded.event = read_event (reader);
        break;
    case WIRE_WINNERS:
        message->winners = read_winners (reader);
        break;
    case WIRE_REFUSED:
        message->refused = read_refused (reader);
        break;
    case WIRE_JOIN:
        message->join.role = read_u8 (reader);
        reader->failed |= wire_role_name (message->join.role)[0] == '?';
        message->join.credit = read_u32 (reader);
        message->join.heartbeat_ms = read_u32 (reader);
        break;
    case WIRE_JOINED:
        message->boot = read_u32 (reader);
        break;
    case WIRE_PONG:
        message->name = read_rest (reader);
        reader->failed |= message->name.size > WIRE_NAME_BYTES_MAX;
        break;
    default:
        break;
    }
}

static wire_limits_t read_limits (reader_t *reader)
{
    wire_limits_t limits;
    limits.window = read_u32 (reader);
    limits.message_bytes_max = read_u32 (reader);
    limits.rows_max = read_u32 (reader);
    limits.bundle_bytes = read_u32 (reader);
    return limits;
}

static wire_welcome_t read_welcome (reader_t *reader)
{
    wire_welcome_t welcome = {0};
    welcome.draw = read_u64 (reader);
    welcome.next = read_u64 (reader);
    welcome.digest = read_u64 (reader);
    welcome.limits = read_limits (reader);
    welcome.agencies = read_u32 (reader);
    welcome.ready = read_u32 (reader);
    welcome.day = read_u8 (reader);
    reader->failed |= welcome.day > DAY_DRAWN;
    welcome.sequence = read_u64 (reader);
    read_head (reader, welcome.head);
    return welcome;
}

static wire_batch_t read_batch (reader_t *reader)
{
    wire_batch_t batch;
    batch.draw = read_u64 (reader);
    batch.offset = read_u64 (reader);
    batch.digest = read_u64 (reader);
    batch.writer = read_u64 (reader);
    batch.count = read_u32 (reader);
    batch.rows = read_rest (reader);
    return batch;
}

/* All of it is looked at: a bundle with one batch that is none, or is another agency's,
   is no bundle, and nothing in it is taken. Nor is one with more batches than any
   window has: looking at thousands of tiny ones would take long. */
static bytes_t read_batches (reader_t *reader, uint32_t agency)
{
    bytes_t rest = reader->rest, frame;
    wire_message_t batch;
    int count = 0;
    for (; rest.size > 0 && count <= WINDOW_MAX && !reader->failed; count++)
        reader->failed |=
            !enclosed_batch (&rest, &frame, &batch) || batch.agency != agency;
    reader->failed |= count == 0 || count > WINDOW_MAX;
    return read_rest (reader);
}

static bool enclosed_batch (bytes_t *batches, bytes_t *frame, wire_message_t *batch)
{
    reader_t outer = {.rest = *batches};
    *frame = read_bytes (&outer, read_u32 (&outer));
    reader_t inner = {.rest = *frame, .failed = outer.failed};
    *batches = outer.rest;
    if (read_header (&inner, batch) != REFUSED_OK || batch->command != WIRE_BATCH)
        return false;
    batch->batch = read_batch (&inner);
    return !inner.failed;
}

static wire_event_t read_event (reader_t *reader)
{
    wire_event_t event;
    event.kind = read_u8 (reader);
    event.agency = read_u32 (reader);
    event.agencies = read_u32 (reader);
    event.number = read_u32 (reader);
    event.count = read_u64 (reader);
    event.digest = read_u64 (reader);
    return event;
}

static wire_winners_t read_winners (reader_t *reader)
{
    wire_winners_t winners;
    winners.cursor = read_u64 (reader);
    winners.next = read_u64 (reader);
    winners.number = read_u32 (reader);
    winners.count = read_u32 (reader);
    winners.sequence = read_u64 (reader);
    read_head (reader, winners.head);
    winners.documents = read_rest (reader);
    return winners;
}

static wire_refused_t read_refused (reader_t *reader)
{
    wire_refused_t refused;
    refused.code = read_u16 (reader);
    refused.command = read_u8 (reader);
    refused.field = read_u8 (reader);
    refused.row = read_u32 (reader);
    refused.offset = read_u64 (reader);
    refused.expected = read_u64 (reader);
    refused.text = read_rest (reader);
    reader->failed |= refused.text.size > REFUSAL_TEXT_MAX;
    return refused;
}

static void read_head (reader_t *reader, uint8_t head[WIRE_HEAD_BYTES])
{
    memset (head, 0, WIRE_HEAD_BYTES);
    put_bytes (head, read_bytes (reader, WIRE_HEAD_BYTES));
}

static bytes_t read_rest (reader_t *reader)
{
    return read_bytes (reader, reader->rest.size);
}

const char *wire_command_name (uint8_t command)
{
    static const char *const names[] = {
        [WIRE_HELLO] = "HELLO",
        [WIRE_BATCH] = "BATCH",
        [WIRE_READY] = "READY",
        [WIRE_RESULTS] = "RESULTS",
        [WIRE_DONE] = "DONE",
        [WIRE_PING] = "PING",
        [WIRE_WELCOME] = "WELCOME",
        [WIRE_STORED] = "STORED",
        [WIRE_WAITING] = "WAITING",
        [WIRE_WINNERS] = "WINNERS",
        [WIRE_GOODBYE] = "GOODBYE",
        [WIRE_REFUSED] = "REFUSED",
        [WIRE_PONG] = "PONG",
        [WIRE_JOIN] = "JOIN",
        [WIRE_BEAT] = "BEAT",
        [WIRE_LEAVE] = "LEAVE",
        [WIRE_REJOIN] = "REJOIN",
        [WIRE_STORE] = "STORE",
        [WIRE_ADMIT] = "ADMIT",
        [WIRE_REGISTER] = "REGISTER",
        [WIRE_REPLAY] = "REPLAY",
        [WIRE_RECORD] = "RECORD",
        [WIRE_FIND] = "FIND",
        [WIRE_EVENT] = "EVENT",
        [WIRE_REGISTERED] = "REGISTERED",
        [WIRE_HELD] = "HELD",
        [WIRE_CHECK] = "CHECK",
        [WIRE_DIGEST] = "DIGEST",
        [WIRE_BATCHES] = "BATCHES",
        [WIRE_JOINED] = "JOINED",
    };
    const size_t known = sizeof names / sizeof names[0];
    return command < known && names[command] ? names[command] : "?";
}

const char *wire_code_name (uint16_t code)
{
    static const char *const names[] = {
        [REFUSED_OK] = "NOTHING",
        [REFUSED_SIGNATURE] = "SIGNATURE",
        [REFUSED_VERSION] = "VERSION",
        [REFUSED_COMMAND] = "COMMAND",
        [REFUSED_FRAMES] = "FRAMES",
        [REFUSED_SIZE] = "SIZE",
        [REFUSED_BODY] = "BODY",
        [REFUSED_EMPTY] = "EMPTY",
        [REFUSED_ROWS] = "ROWS",
        [REFUSED_COUNT] = "COUNT",
        [REFUSED_FIELDS] = "FIELDS",
        [REFUSED_QUOTES] = "QUOTES",
        [REFUSED_MISSING] = "MISSING",
        [REFUSED_LONG] = "LONG",
        [REFUSED_UTF8] = "UTF8",
        [REFUSED_CONTROL] = "CONTROL",
        [REFUSED_DATE] = "DATE",
        [REFUSED_NUMBER] = "NUMBER",
        [REFUSED_RANGE] = "RANGE",
        [REFUSED_BLANK] = "BLANK",
        [REFUSED_CHARACTER] = "CHARACTER",
        [REFUSED_AGENCY] = "AGENCY",
        [REFUSED_HELLO] = "HELLO",
        [REFUSED_GAP] = "GAP",
        [REFUSED_CONFLICT] = "CONFLICT",
        [REFUSED_CLOSED] = "CLOSED",
        [REFUSED_TALLY] = "TALLY",
        [REFUSED_UNDRAWN] = "UNDRAWN",
        [REFUSED_KEY] = "KEY",
        [REFUSED_DRAW] = "DRAW",
        [REFUSED_SUPERSEDED] = "SUPERSEDED",
        [REFUSED_BUSY] = "BUSY",
        [REFUSED_NOSPACE] = "NOSPACE",
        [REFUSED_UNAVAILABLE] = "UNAVAILABLE",
    };
    const size_t known = sizeof names / sizeof names[0];
    return code < known && names[code] ? names[code] : "?";
}

const char *wire_code_text (uint16_t code)
{
    static const char *const texts[] = {
        [REFUSED_SIGNATURE] = "not a message of this protocol",
        [REFUSED_VERSION] = "this central speaks version " BOUND_TEXT (WIRE_VERSION),
        [REFUSED_COMMAND] = "not a command for this process",
        [REFUSED_FRAMES] = "a message is one frame",
        [REFUSED_SIZE] = "longer than WELCOME permits",
        [REFUSED_BODY] = "the body does not fit the command",
        [REFUSED_ROWS] = "more rows than WELCOME permits",
        [REFUSED_AGENCY] = "the agency is not on the roll",
        [REFUSED_HELLO] = "storage has not heard HELLO from this agency",
        [REFUSED_GAP] = "too far ahead of what is stored",
        [REFUSED_CONFLICT] = "other bets are stored",
        [REFUSED_CLOSED] = "the agency has asked for its results",
        [REFUSED_TALLY] = "another count of bets is stored",
        [REFUSED_UNDRAWN] = "the draw has not been made",
        [REFUSED_KEY] = "the key of this connection is not that agency's",
        [REFUSED_DRAW] = "this central's draw is another one",
        [REFUSED_SUPERSEDED] = "another state has registered",
        [REFUSED_BUSY] = "the queue is full, try again later",
        [REFUSED_NOSPACE] = "the central's disk is full",
        [REFUSED_UNAVAILABLE] = "a part of the central is away, try again later",
    };
    return code < sizeof texts / sizeof *texts ? texts[code] : NULL;
}

const char *wire_role_name (uint8_t role)
{
    static const char *const names[] = {
        [ROLE_WORKER] = "worker", [ROLE_STORAGE] = "storage", [ROLE_STATE] = "state"};
    const size_t known = sizeof names / sizeof names[0];
    return role < known && names[role] ? names[role] : "?";
}

bool wire_role_answers (uint8_t role, uint8_t command)
{
    switch (command) {
    case WIRE_STORED:
    case WIRE_HELD:
    case WIRE_DIGEST:
    case WIRE_WELCOME:
    case WIRE_WINNERS:
        return role == ROLE_STORAGE;
    case WIRE_WAITING:
    case WIRE_GOODBYE:
        return role == ROLE_STATE;
    case WIRE_REFUSED:
        return role == ROLE_WORKER || role == ROLE_STORAGE || role == ROLE_STATE;
    default:
        return false;
    }
}

bool wire_role_asks (uint8_t role, uint8_t command)
{
    switch (command) {
    case WIRE_STORE:
    case WIRE_CHECK:
        return role == ROLE_WORKER;
    case WIRE_ADMIT:
    case WIRE_FIND:
    case WIRE_REGISTER:
    case WIRE_REPLAY:
    case WIRE_RECORD:
        return role == ROLE_STATE;
    default:
        return false;
    }
}

bool wire_from_agency (uint8_t command)
{
    return command >= WIRE_HELLO && command <= WIRE_BATCHES;
}

wire_message_t wire_refusal (const wire_message_t *request, wire_code_t code,
                             const char *text)
{
    if (!text)
        text = wire_code_text ((uint16_t) code);
    wire_message_t refusal = {
        .command = WIRE_REFUSED,
        .agency = request->agency,
        .refused = {.code = (uint16_t) code,
                    .command = command_of_agency (request),
                    .text = bytes_of (text, strnlen (text, REFUSAL_TEXT_MAX))}};
    if (request->command == WIRE_BATCH || request->command == WIRE_STORE)
        refusal.refused.offset = request->batch.offset;
    return refusal;
}

/* A FIND may be what a READY brought about; an agency that waits takes its refusal for
   that of its READY. */
static uint8_t command_of_agency (const wire_message_t *request)
{
    switch (request->command) {
    case WIRE_STORE:
        return WIRE_BATCH;
    case WIRE_ADMIT:
        return WIRE_HELLO;
    case WIRE_FIND:
        return WIRE_RESULTS;
    case WIRE_RECORD:
        return request->record.event.kind == EVENT_SEALED   ? WIRE_READY
               : request->record.event.kind == EVENT_SERVED ? WIRE_DONE
                                                            : WIRE_RECORD;
    default:
        return request->command;
    }
}
