/* wire.c - messages to bytes and back. Every process; touches memory only. */

#include "wire.h"

#include "text.h"

#define HELLO_BYTES   16                                     // before the name
#define WELCOME_BYTES (57 + 8 + WIRE_HEAD_BYTES)             // before the name
#define BATCH_BYTES   (WIRE_BATCH_BYTES - WIRE_HEADER_BYTES) // before the rows
#define EVENT_BYTES   54                                     // before the text
#define ORDER_BYTES   23                         // before the note, but for the name
#define DRAW_BYTES    66                         // before the name
#define WINNERS_BYTES (24 + 8 + WIRE_HEAD_BYTES) // before the documents
#define REFUSED_BYTES 24                         // before the text
#define JOIN_BYTES    9                          // before the name
#define REPORT_BYTES  (WIRE_REPORT_BYTES - WIRE_HEADER_BYTES) // before the text
#define NOTE_BYTES    13                                      // before the page
#define COMMIT_BYTES  (20 + WIRE_HASH_BYTES + 2)              // but for box and note

static wire_code_t read_header (reader_t *reader, wire_message_t *message);
static size_t body_size (const wire_message_t *message);
static uint8_t *put_body (uint8_t *at, const wire_message_t *message);
static uint8_t *put_limits (uint8_t *at, const wire_limits_t *limits);
static size_t welcome_size (const wire_welcome_t *welcome);
static uint8_t *put_welcome (uint8_t *at, const wire_welcome_t *welcome);
static uint8_t *put_tally (uint8_t *at, const wire_tally_t *tally);
static uint8_t *put_batch (uint8_t *at, const wire_batch_t *batch);
static uint8_t *put_event (uint8_t *at, const wire_event_t *event);
static uint8_t *put_order (uint8_t *at, const wire_order_t *order);
static uint8_t *put_listed (uint8_t *at, const wire_draw_t *draw);
static uint8_t *put_winners (uint8_t *at, const wire_winners_t *winners);
static uint8_t *put_refused (uint8_t *at, const wire_refused_t *refused);
static uint8_t *put_beat (uint8_t *at, const wire_beat_t *beat);
static uint8_t *put_report (uint8_t *at, const wire_report_t *report);
static uint8_t *put_commit (uint8_t *at, const wire_commit_t *commit);
static uint8_t *put_reveal (uint8_t *at, const wire_reveal_t *reveal);
static uint8_t *put_hash (uint8_t *at, const uint8_t hash[WIRE_HASH_BYTES]);
static void read_body (reader_t *reader, wire_message_t *message);
static wire_limits_t read_limits (reader_t *reader);
static wire_welcome_t read_welcome (reader_t *reader);
static void read_open (reader_t *reader, wire_welcome_t *welcome);
static wire_tally_t read_tally (reader_t *reader);
static wire_batch_t read_batch (reader_t *reader);
static bytes_t read_batches (reader_t *reader, const wire_message_t *message);
static bool enclosed_batch (bytes_t *batches, bytes_t *frame, wire_message_t *batch);
static wire_event_t read_event (reader_t *reader);
static void check_text (reader_t *reader, const wire_event_t *event);
static bool is_paper (bytes_t text);
static wire_order_t read_order (reader_t *reader);
static wire_draw_t read_listed (reader_t *reader);
static wire_winners_t read_winners (reader_t *reader);
static wire_refused_t read_refused (reader_t *reader);
static wire_join_t read_join (reader_t *reader);
static wire_beat_t read_beat (reader_t *reader);
static wire_report_t read_report (reader_t *reader);
static uint8_t read_subject (reader_t *reader);
static wire_fetch_t read_fetch (reader_t *reader);
static wire_note_t read_notes_page (reader_t *reader);
static uint8_t read_which (reader_t *reader);
static wire_commit_t read_commit (reader_t *reader);
static wire_reveal_t read_reveal (reader_t *reader);
static wire_award_t read_award (reader_t *reader);
static void read_hash (reader_t *reader, uint8_t hash[WIRE_HASH_BYTES]);
static void read_head (reader_t *reader, uint8_t head[WIRE_HEAD_BYTES]);
static bytes_t read_name (reader_t *reader);
static bytes_t read_note (reader_t *reader);
static void check_name (reader_t *reader, bytes_t name);
static void check_note (reader_t *reader, bytes_t note);
static void check_source (reader_t *reader, uint8_t source);
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
    at = put_u64 (put_u32 (at, message->agency), message->draw);
    at = put_body (at, message);
    return (size_t) (at - buffer);
}

void wire_batch_head (uint8_t *buffer, uint8_t command, uint32_t agency, uint64_t draw,
                      const wire_batch_t *batch)
{
    wire_message_t message = {
        .command = command, .agency = agency, .draw = draw, .batch = *batch};
    message.batch.rows = bytes_of (NULL, 0);
    wire_encode (&message, buffer);
}

uint8_t *wire_batches_head (uint8_t *buffer, uint32_t agency, uint64_t draw)
{
    const wire_message_t message = {
        .command = WIRE_BATCHES, .agency = agency, .draw = draw};
    return buffer + wire_encode (&message, buffer);
}

uint8_t *wire_batches_put (uint8_t *at, bytes_t batch)
{
    return put_bytes (put_u32 (at, (uint32_t) batch.size), batch);
}

uint8_t *wire_awarded_put (uint8_t *at, const wire_award_t *award)
{
    return put_hash (put_u64 (put_u32 (at, award->agency), award->count), award->root);
}

bool wire_awarded_next (bytes_t *awarded, wire_award_t *award)
{
    reader_t reader = {.rest = *awarded};
    *award = read_award (&reader);
    *awarded = reader.rest;
    return !reader.failed;
}

bool wire_provable (const wire_welcome_t *welcome)
{
    static const uint8_t zeros[WIRE_HASH_BYTES];
    return memcmp (welcome->open, zeros, sizeof zeros) != 0;
}

bool wire_event_has_paper (uint8_t kind)
{
    switch (kind) {
    case EVENT_NOTED:
    case EVENT_COMMITTED:
    case EVENT_ATTESTED:
    case EVENT_LOCKED:
    case EVENT_REVEALED:
    case EVENT_PUBLISHED:
    case EVENT_VOIDED:
        return true;
    default:
        return false;
    }
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
    uint64_t draw = read_u64 (reader);
    if (reader->failed || l != 'L' || t != 'T')
        return REFUSED_SIGNATURE;
    message->command = command;
    message->agency = agency;
    message->draw = draw;
    if (version != WIRE_VERSION)
        return REFUSED_VERSION;
    return wire_command_name (command)[0] == '?' ? REFUSED_COMMAND : REFUSED_OK;
}

static size_t body_size (const wire_message_t *message)
{
    switch (message->command) {
    case WIRE_HELLO:
        return HELLO_BYTES + message->hello.name.size;
    case WIRE_WELCOME:
        return welcome_size (&message->welcome);
    case WIRE_ADMIT:
        return 8 + welcome_size (&message->welcome);
    case WIRE_BATCH:
    case WIRE_STORE:
        return BATCH_BYTES + message->batch.rows.size;
    case WIRE_BATCHES:
        return message->batches.size;
    case WIRE_READY:
    case WIRE_REGISTERED:
        return 20;
    case WIRE_RECORD:
        return 16 + EVENT_BYTES + message->record.event.text.size;
    case WIRE_EVENT:
        return 24 + EVENT_BYTES + message->recorded.event.text.size;
    case WIRE_LOOKUP:
        return 8 + message->lookup.name.size;
    case WIRE_DIGEST:
    case WIRE_STORED:
    case WIRE_REPLAY:
        return 16;
    case WIRE_CANCELLED:
        return 12;
    case WIRE_WAITING:
        return 9 + 4 * WAITING_NAMES_MAX;
    case WIRE_STATUS:
        return 9;
    case WIRE_CHECK:
    case WIRE_RESULTS:
    case WIRE_CANCEL:
    case WIRE_REGISTER:
        return 8;
    case WIRE_ORDER:
        return ORDER_BYTES + message->order.name.size + message->order.proof.size +
               message->order.note.size;
    case WIRE_ORDERED:
        return 8 + message->ordered.name.size;
    case WIRE_LIST:
    case WIRE_JOINED:
    case WIRE_SCALE:
    case WIRE_SCALED:
        return 4;
    case WIRE_DRAW:
        return DRAW_BYTES + message->listed.name.size;
    case WIRE_JOIN:
        return JOIN_BYTES + message->join.name.size;
    case WIRE_BEAT:
        return 40;
    case WIRE_REPORT:
        return REPORT_BYTES + message->report.text.size;
    case WIRE_FIND:
        return 28;
    case WIRE_WINNERS:
        return WINNERS_BYTES + message->winners.documents.size;
    case WIRE_REFUSED:
        return REFUSED_BYTES + message->refused.text.size;
    case WIRE_PONG:
        return message->name.size;
    case WIRE_FETCH:
        return 13;
    case WIRE_NOTE:
        return NOTE_BYTES + message->note.bytes.size;
    case WIRE_COMMIT:
        return COMMIT_BYTES + message->commit.box.size + message->commit.note.size;
    case WIRE_REVEAL:
        return 2 * WIRE_HASH_BYTES + WIRE_SIGNATURE_BYTES;
    case WIRE_ROOT:
    case WIRE_ROOTED:
        return 16 + WIRE_HASH_BYTES;
    case WIRE_STAKE:
    case WIRE_STAKED:
        return 8 + WIRE_HASH_BYTES;
    case WIRE_AWARD:
        return 8;
    case WIRE_AWARDED:
        return message->awarded.size;
    default:
        return 0;
    }
}

static size_t welcome_size (const wire_welcome_t *welcome)
{
    return WELCOME_BYTES + welcome->name.size +
           (wire_provable (welcome) ? 1 + WIRE_HASH_BYTES : 0);
}

static uint8_t *put_body (uint8_t *at, const wire_message_t *message)
{
    switch (message->command) {
    case WIRE_HELLO:
        return put_bytes (put_limits (at, &message->hello.limits), message->hello.name);
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
        return put_tally (at, &message->tally);
    case WIRE_CHECK:
        return put_u64 (at, message->tally.count);
    case WIRE_DIGEST:
        return put_u64 (put_u64 (at, message->tally.count), message->tally.digest);
    case WIRE_RESULTS:
        return put_u64 (at, message->cursor);
    case WIRE_CANCEL:
        return put_u64 (at, message->offset);
    case WIRE_CANCELLED:
        at = put_u64 (at, message->cancelled.offset);
        return put_u32 (at, message->cancelled.cancelled);
    case WIRE_STORED:
        return put_u64 (put_u64 (at, message->stored.next), message->stored.digest);
    case WIRE_WAITING:
        at = put_u32 (at, message->waiting.ready);
        at = put_u8 (put_u32 (at, message->waiting.agencies), message->waiting.day);
        for (size_t i = 0; i < WAITING_NAMES_MAX; i++)
            at = put_u32 (at, message->waiting.missing[i]);
        return at;
    case WIRE_FIND:
        at = put_u64 (put_u64 (at, message->find.epoch), message->find.cursor);
        return put_u32 (put_u64 (at, message->find.count), message->find.number);
    case WIRE_REGISTER:
        return put_u64 (at, message->state);
    case WIRE_REGISTERED:
        at = put_u64 (at, message->registered.epoch);
        at = put_u64 (at, message->registered.identity);
        return put_u32 (at, message->registered.draws);
    case WIRE_REPLAY:
        return put_u64 (put_u64 (at, message->replay.epoch), message->replay.from);
    case WIRE_LOOKUP:
        return put_bytes (put_u64 (at, message->lookup.epoch), message->lookup.name);
    case WIRE_RECORD:
        at = put_u64 (put_u64 (at, message->record.epoch), message->record.seen);
        return put_event (at, &message->record.event);
    case WIRE_EVENT:
        at = put_u64 (at, message->recorded.sequence);
        at = put_u64 (at, message->recorded.ordinal);
        at = put_u64 (at, message->recorded.events);
        return put_event (at, &message->recorded.event);
    case WIRE_ORDER:
        return put_order (at, &message->order);
    case WIRE_ORDERED:
        return put_bytes (put_u64 (at, message->ordered.sequence),
                          message->ordered.name);
    case WIRE_LIST:
        return put_u32 (at, message->from);
    case WIRE_DRAW:
        return put_listed (at, &message->listed);
    case WIRE_WINNERS:
        return put_winners (at, &message->winners);
    case WIRE_REFUSED:
        return put_refused (at, &message->refused);
    case WIRE_JOIN:
        at = put_u32 (put_u8 (at, message->join.role), message->join.credit);
        return put_bytes (put_u32 (at, message->join.heartbeat_ms), message->join.name);
    case WIRE_BEAT:
        return put_beat (at, &message->beat);
    case WIRE_JOINED:
        return put_u32 (at, message->boot);
    case WIRE_PONG:
        return put_bytes (at, message->name);
    case WIRE_STATUS:
        return put_u64 (put_u8 (at, message->status.subject), message->status.from);
    case WIRE_REPORT:
        return put_report (at, &message->report);
    case WIRE_SCALE:
    case WIRE_SCALED:
        return put_u32 (at, message->workers);
    case WIRE_FETCH:
        at = put_u32 (put_u8 (at, message->fetch.which), message->fetch.of);
        return put_u64 (at, message->fetch.from);
    case WIRE_NOTE:
        at = put_u32 (put_u8 (at, message->note.which), message->note.of);
        at = put_u32 (put_u32 (at, message->note.total), message->note.from);
        return put_bytes (at, message->note.bytes);
    case WIRE_COMMIT:
        return put_commit (at, &message->commit);
    case WIRE_REVEAL:
        return put_reveal (at, &message->reveal);
    case WIRE_ROOT:
        at = put_hash (at, message->root.salt_key);
        return put_u64 (put_u64 (at, message->root.from), message->root.count);
    case WIRE_ROOTED:
        at = put_u64 (put_u64 (at, message->rooted.from), message->rooted.count);
        return put_hash (at, message->rooted.root);
    case WIRE_STAKE:
        return put_hash (put_u64 (at, message->stake.epoch), message->stake.salt_key);
    case WIRE_STAKED:
        return put_hash (put_u64 (at, message->staked.count), message->staked.root);
    case WIRE_AWARD:
        return put_u64 (at, message->award);
    case WIRE_AWARDED:
        return put_bytes (at, message->awarded);
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
    at = put_u64 (put_u64 (at, welcome->next), welcome->digest);
    at = put_limits (at, &welcome->limits);
    at = put_u32 (put_u32 (at, welcome->agencies), welcome->ready);
    at = put_u32 (put_u8 (at, welcome->day), welcome->highest);
    at = put_u32 (put_u64 (at, welcome->closes_ms), welcome->cancelled);
    at = put_u64 (at, welcome->sequence);
    at = put_bytes (at, bytes_of (welcome->head, sizeof welcome->head));
    at = put_bytes (at, welcome->name);
    return wire_provable (welcome) ? put_hash (put_u8 (at, 0), welcome->open) : at;
}

static uint8_t *put_tally (uint8_t *at, const wire_tally_t *tally)
{
    at = put_u64 (put_u64 (at, tally->count), tally->digest);
    return put_u32 (at, tally->cancelled);
}

static uint8_t *put_batch (uint8_t *at, const wire_batch_t *batch)
{
    at = put_u64 (put_u64 (at, batch->offset), batch->digest);
    at = put_u32 (put_u64 (at, batch->writer), batch->count);
    return put_bytes (at, batch->rows);
}

static uint8_t *put_event (uint8_t *at, const wire_event_t *event)
{
    at = put_u8 (put_u8 (at, event->kind), event->source);
    at = put_u32 (put_u32 (at, event->agency), event->agencies);
    at = put_u32 (put_u32 (at, event->number), event->highest);
    at = put_u64 (put_u32 (at, event->cancelled), event->count);
    at = put_u64 (put_u64 (at, event->digest), event->closes_ms);
    return put_bytes (put_u64 (at, event->time_ms), event->text);
}

static uint8_t *put_order (uint8_t *at, const wire_order_t *order)
{
    at = put_u8 (put_u8 (at, order->order), order->source);
    at = put_u32 (put_u32 (at, order->agencies), order->number);
    at = put_u64 (put_u32 (at, order->highest), order->closes_ms);
    at = put_bytes (put_u8 (at, (uint8_t) order->name.size), order->name);
    return put_bytes (put_bytes (at, order->proof), order->note);
}

static uint8_t *put_listed (uint8_t *at, const wire_draw_t *draw)
{
    at = put_u32 (put_u32 (at, draw->index), draw->total);
    at = put_u8 (put_u8 (at, draw->phase), draw->source);
    at = put_u32 (put_u32 (at, draw->agencies), draw->ready);
    at = put_u32 (put_u32 (at, draw->excused), draw->served);
    at = put_u32 (put_u32 (at, draw->number), draw->highest);
    at = put_u64 (put_u64 (at, draw->opened_ms), draw->closes_ms);
    at = put_u64 (put_u64 (at, draw->closed_ms), draw->drawn_ms);
    return put_bytes (at, draw->name);
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

static uint8_t *put_beat (uint8_t *at, const wire_beat_t *beat)
{
    at = put_u64 (put_u64 (at, beat->batches), beat->bets);
    at = put_u64 (put_u64 (at, beat->refused), beat->cpu_ms);
    return put_u64 (at, beat->memory_bytes);
}

static uint8_t *put_report (uint8_t *at, const wire_report_t *report)
{
    at = put_u8 (put_u8 (at, report->subject), report->more);
    at = put_u64 (put_u64 (at, report->next), report->lost);
    return put_bytes (at, report->text);
}

static uint8_t *put_commit (uint8_t *at, const wire_commit_t *commit)
{
    at = put_hash (put_tally (at, &commit->tally), commit->salt_key);
    at = put_bytes (put_u16 (at, (uint16_t) commit->box.size), commit->box);
    return put_bytes (at, commit->note);
}

static uint8_t *put_reveal (uint8_t *at, const wire_reveal_t *reveal)
{
    at = put_hash (put_hash (at, reveal->seal), reveal->nonce);
    return put_bytes (at, bytes_of (reveal->signature, WIRE_SIGNATURE_BYTES));
}

static uint8_t *put_hash (uint8_t *at, const uint8_t hash[WIRE_HASH_BYTES])
{
    return put_bytes (at, bytes_of (hash, WIRE_HASH_BYTES));
}

static void read_body (reader_t *reader, wire_message_t *message)
{
    switch (message->command) {
    case WIRE_HELLO:
        message->hello.limits = read_limits (reader);
        message->hello.name = read_name (reader);
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
        message->batches = read_batches (reader, message);
        break;
    case WIRE_READY:
        message->tally = read_tally (reader);
        break;
    case WIRE_CHECK:
        message->tally.count = read_u64 (reader);
        break;
    case WIRE_DIGEST:
        message->tally.count = read_u64 (reader);
        message->tally.digest = read_u64 (reader);
        break;
    case WIRE_RESULTS:
        message->cursor = read_u64 (reader);
        break;
    case WIRE_CANCEL:
        message->offset = read_u64 (reader);
        break;
    case WIRE_CANCELLED:
        message->cancelled.offset = read_u64 (reader);
        message->cancelled.cancelled = read_u32 (reader);
        break;
    case WIRE_STORED:
        message->stored.next = read_u64 (reader);
        message->stored.digest = read_u64 (reader);
        break;
    case WIRE_WAITING:
        message->waiting.ready = read_u32 (reader);
        message->waiting.agencies = read_u32 (reader);
        message->waiting.day = read_u8 (reader);
        for (size_t i = 0; i < WAITING_NAMES_MAX; i++)
            message->waiting.missing[i] = read_u32 (reader);
        reader->failed |= message->waiting.day > DAY_LOCKED;
        break;
    case WIRE_FIND:
        message->find.epoch = read_u64 (reader);
        message->find.cursor = read_u64 (reader);
        message->find.count = read_u64 (reader);
        message->find.number = read_u32 (reader);
        break;
    case WIRE_REGISTER:
        message->state = read_u64 (reader);
        break;
    case WIRE_REGISTERED:
        message->registered.epoch = read_u64 (reader);
        message->registered.identity = read_u64 (reader);
        message->registered.draws = read_u32 (reader);
        break;
    case WIRE_REPLAY:
        message->replay.epoch = read_u64 (reader);
        message->replay.from = read_u64 (reader);
        break;
    case WIRE_LOOKUP:
        message->lookup.epoch = read_u64 (reader);
        message->lookup.name = read_name (reader);
        reader->failed |= message->lookup.name.size == 0;
        break;
    case WIRE_RECORD:
        message->record.epoch = read_u64 (reader);
        message->record.seen = read_u64 (reader);
        message->record.event = read_event (reader);
        break;
    case WIRE_EVENT:
        message->recorded.sequence = read_u64 (reader);
        message->recorded.ordinal = read_u64 (reader);
        message->recorded.events = read_u64 (reader);
        message->recorded.event = read_event (reader);
        break;
    case WIRE_ORDER:
        message->order = read_order (reader);
        break;
    case WIRE_ORDERED:
        message->ordered.sequence = read_u64 (reader);
        message->ordered.name = read_name (reader);
        reader->failed |= message->ordered.name.size == 0;
        break;
    case WIRE_LIST:
        message->from = read_u32 (reader);
        break;
    case WIRE_DRAW:
        message->listed = read_listed (reader);
        break;
    case WIRE_WINNERS:
        message->winners = read_winners (reader);
        break;
    case WIRE_REFUSED:
        message->refused = read_refused (reader);
        break;
    case WIRE_JOIN:
        message->join = read_join (reader);
        break;
    case WIRE_BEAT:
        message->beat = read_beat (reader);
        break;
    case WIRE_JOINED:
        message->boot = read_u32 (reader);
        break;
    case WIRE_PONG:
        message->name = read_rest (reader);
        reader->failed |= message->name.size > WIRE_NAME_BYTES_MAX;
        break;
    case WIRE_STATUS:
        message->status.subject = read_subject (reader);
        message->status.from = read_u64 (reader);
        break;
    case WIRE_REPORT:
        message->report = read_report (reader);
        break;
    case WIRE_SCALE:
    case WIRE_SCALED:
        message->workers = read_u32 (reader);
        break;
    case WIRE_FETCH:
        message->fetch = read_fetch (reader);
        break;
    case WIRE_NOTE:
        message->note = read_notes_page (reader);
        break;
    case WIRE_COMMIT:
        message->commit = read_commit (reader);
        break;
    case WIRE_REVEAL:
        message->reveal = read_reveal (reader);
        break;
    case WIRE_ROOT:
        read_hash (reader, message->root.salt_key);
        message->root.from = read_u64 (reader);
        message->root.count = read_u64 (reader);
        break;
    case WIRE_ROOTED:
        message->rooted.from = read_u64 (reader);
        message->rooted.count = read_u64 (reader);
        read_hash (reader, message->rooted.root);
        break;
    case WIRE_STAKE:
        message->stake.epoch = read_u64 (reader);
        read_hash (reader, message->stake.salt_key);
        break;
    case WIRE_STAKED:
        message->staked.count = read_u64 (reader);
        read_hash (reader, message->staked.root);
        break;
    case WIRE_AWARD:
        message->award = read_u64 (reader);
        break;
    case WIRE_AWARDED:
        message->awarded = read_rest (reader);
        reader->failed |= message->awarded.size % WIRE_AWARD_BYTES != 0;
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
    welcome.next = read_u64 (reader);
    welcome.digest = read_u64 (reader);
    welcome.limits = read_limits (reader);
    welcome.agencies = read_u32 (reader);
    welcome.ready = read_u32 (reader);
    welcome.day = read_u8 (reader);
    reader->failed |= welcome.day > DAY_LOCKED;
    welcome.highest = read_u32 (reader);
    welcome.closes_ms = read_u64 (reader);
    welcome.cancelled = read_u32 (reader);
    welcome.sequence = read_u64 (reader);
    read_head (reader, welcome.head);
    read_open (reader, &welcome);
    return welcome;
}

/* The name; of a provable draw a zero, which is in no name, and O behind it. */
static void read_open (reader_t *reader, wire_welcome_t *welcome)
{
    const bytes_t rest = reader->rest;
    const uint8_t *zero = rest.size > 0 ? memchr (rest.data, 0, rest.size) : NULL;
    welcome->name = read_bytes (reader, zero ? (size_t) (zero - rest.data) : rest.size);
    check_name (reader, welcome->name);
    reader->failed |= welcome->name.size == 0;
    if (zero && !reader->failed) {
        read_u8 (reader);
        read_hash (reader, welcome->open);
        reader->failed |= !wire_provable (welcome);
    }
}

static wire_tally_t read_tally (reader_t *reader)
{
    wire_tally_t tally;
    tally.count = read_u64 (reader);
    tally.digest = read_u64 (reader);
    tally.cancelled = read_u32 (reader);
    return tally;
}

static wire_batch_t read_batch (reader_t *reader)
{
    wire_batch_t batch;
    batch.offset = read_u64 (reader);
    batch.digest = read_u64 (reader);
    batch.writer = read_u64 (reader);
    batch.count = read_u32 (reader);
    batch.rows = read_rest (reader);
    return batch;
}

/* All of it is looked at: a bundle with one batch that is none, or is another agency's
   or of another draw, is no bundle, and nothing in it is taken. Nor is one with more
   batches than any window has: looking at thousands of tiny ones would take long. */
static bytes_t read_batches (reader_t *reader, const wire_message_t *message)
{
    bytes_t rest = reader->rest, frame;
    wire_message_t batch;
    int count = 0;
    for (; rest.size > 0 && count <= WINDOW_MAX && !reader->failed; count++)
        reader->failed |= !enclosed_batch (&rest, &frame, &batch) ||
                          batch.agency != message->agency ||
                          batch.draw != message->draw;
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
    event.source = read_u8 (reader);
    event.agency = read_u32 (reader);
    event.agencies = read_u32 (reader);
    event.number = read_u32 (reader);
    event.highest = read_u32 (reader);
    event.cancelled = read_u32 (reader);
    event.count = read_u64 (reader);
    event.digest = read_u64 (reader);
    event.closes_ms = read_u64 (reader);
    event.time_ms = read_u64 (reader);
    event.text = read_rest (reader);
    check_text (reader, &event);
    return event;
}

static void check_text (reader_t *reader, const wire_event_t *event)
{
    switch (event->kind) {
    case EVENT_OPENED:
        reader->failed |= event->text.size == 0;
        check_name (reader, event->text);
        check_source (reader, event->source);
        break;
    case EVENT_CLOSED:
    case EVENT_EXCUSED:
        check_note (reader, event->text);
        break;
    case EVENT_VOIDED:
        if (!is_paper (event->text))
            check_note (reader, event->text);
        break;
    case EVENT_NOTED:
    case EVENT_COMMITTED:
    case EVENT_ATTESTED:
    case EVENT_LOCKED:
    case EVENT_REVEALED:
    case EVENT_PUBLISHED:
        reader->failed |= event->text.size > 0 && !is_paper (event->text);
        break;
    case EVENT_SEALED:
    case EVENT_DRAWN:
    case EVENT_SERVED:
        reader->failed |= event->text.size > 0;
        break;
    default:
        reader->failed = true;
    }
}

/* What may be one: it has an empty line. What it says is for its readers to judge. */
static bool is_paper (bytes_t text)
{
    return text.size > 0 && text.size <= PAPER_BYTES_MAX &&
           (text.data[0] == '\n' || memmem (text.data, text.size, "\n\n", 2));
}

static wire_order_t read_order (reader_t *reader)
{
    wire_order_t order;
    order.order = read_u8 (reader);
    order.source = read_u8 (reader);
    order.agencies = read_u32 (reader);
    order.number = read_u32 (reader);
    order.highest = read_u32 (reader);
    order.closes_ms = read_u64 (reader);
    order.name = read_bytes (reader, read_u8 (reader));
    order.proof = read_bytes (reader, order.order == ORDER_ATTEST ? WIRE_SIGNATURE_BYTES
                                      : order.order == ORDER_REVEAL ? WIRE_HASH_BYTES
                                                                    : 0);
    order.note = read_note (reader);
    check_name (reader, order.name);
    if (order.order == ORDER_OPEN && order.source != 0)
        check_source (reader, order.source);
    reader->failed |= wire_order_name (order.order)[0] == '?';
    return order;
}

static wire_draw_t read_listed (reader_t *reader)
{
    wire_draw_t draw;
    draw.index = read_u32 (reader);
    draw.total = read_u32 (reader);
    draw.phase = read_u8 (reader);
    draw.source = read_u8 (reader);
    draw.agencies = read_u32 (reader);
    draw.ready = read_u32 (reader);
    draw.excused = read_u32 (reader);
    draw.served = read_u32 (reader);
    draw.number = read_u32 (reader);
    draw.highest = read_u32 (reader);
    draw.opened_ms = read_u64 (reader);
    draw.closes_ms = read_u64 (reader);
    draw.closed_ms = read_u64 (reader);
    draw.drawn_ms = read_u64 (reader);
    draw.name = read_name (reader);
    reader->failed |= draw.phase > PHASE_SEALED;
    reader->failed |= (draw.total == 0) != (draw.name.size == 0);
    if (draw.total > 0)
        check_source (reader, draw.source);
    return draw;
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

/* The name becomes part of lines and labels. */
static wire_join_t read_join (reader_t *reader)
{
    wire_join_t join;
    uint32_t character;
    join.role = read_u8 (reader);
    join.credit = read_u32 (reader);
    join.heartbeat_ms = read_u32 (reader);
    join.name = read_rest (reader);
    reader->failed |= join.role < ROLE_WORKER || join.role > ROLE_STATE;
    reader->failed |= join.name.size > WIRE_NAME_BYTES_MAX;
    reader->failed |= text_check (join.name, &character) != TEXT_GOOD;
    return join;
}

static wire_beat_t read_beat (reader_t *reader)
{
    wire_beat_t beat;
    beat.batches = read_u64 (reader);
    beat.bets = read_u64 (reader);
    beat.refused = read_u64 (reader);
    beat.cpu_ms = read_u64 (reader);
    beat.memory_bytes = read_u64 (reader);
    return beat;
}

static wire_report_t read_report (reader_t *reader)
{
    wire_report_t report;
    report.subject = read_subject (reader);
    report.more = read_u8 (reader);
    report.next = read_u64 (reader);
    report.lost = read_u64 (reader);
    report.text = read_rest (reader);
    const size_t size = report.text.size;
    reader->failed |= report.more > 1 || size > REPORT_BYTES_MAX;
    reader->failed |= size > 0 && report.text.data[size - 1] != '\n';
    return report;
}

static uint8_t read_subject (reader_t *reader)
{
    const uint8_t subject = read_u8 (reader);
    reader->failed |= subject > STATUS_DOCUMENTS;
    return subject;
}

static wire_fetch_t read_fetch (reader_t *reader)
{
    wire_fetch_t fetch;
    fetch.which = read_which (reader);
    fetch.of = read_u32 (reader);
    fetch.from = read_u64 (reader);
    return fetch;
}

/* A page ends within the note; one without bytes is behind it. */
static wire_note_t read_notes_page (reader_t *reader)
{
    wire_note_t note;
    note.which = read_which (reader);
    note.of = read_u32 (reader);
    note.total = read_u32 (reader);
    note.from = read_u32 (reader);
    note.bytes = read_rest (reader);
    reader->failed |= note.bytes.size > NOTE_PAGE_BYTES || note.from > note.total ||
                      note.bytes.size > note.total - note.from ||
                      (note.bytes.size == 0 && note.from < note.total);
    return note;
}

static uint8_t read_which (reader_t *reader)
{
    const uint8_t which = read_u8 (reader);
    reader->failed |= wire_note_name (which)[0] == '?';
    return which;
}

static wire_commit_t read_commit (reader_t *reader)
{
    wire_commit_t commit;
    commit.tally = read_tally (reader);
    read_hash (reader, commit.salt_key);
    commit.box = read_bytes (reader, read_u16 (reader));
    commit.note = read_rest (reader);
    reader->failed |= commit.box.size > BOX_BYTES_MAX || commit.note.size == 0 ||
                      commit.note.size > COMMIT_NOTE_BYTES_MAX;
    return commit;
}

static wire_reveal_t read_reveal (reader_t *reader)
{
    wire_reveal_t reveal = {0};
    read_hash (reader, reveal.seal);
    read_hash (reader, reveal.nonce);
    put_bytes (reveal.signature, read_bytes (reader, WIRE_SIGNATURE_BYTES));
    return reveal;
}

static wire_award_t read_award (reader_t *reader)
{
    wire_award_t award;
    award.agency = read_u32 (reader);
    award.count = read_u64 (reader);
    read_hash (reader, award.root);
    return award;
}

static void read_hash (reader_t *reader, uint8_t hash[WIRE_HASH_BYTES])
{
    memset (hash, 0, WIRE_HASH_BYTES);
    put_bytes (hash, read_bytes (reader, WIRE_HASH_BYTES));
}

static void read_head (reader_t *reader, uint8_t head[WIRE_HEAD_BYTES])
{
    read_hash (reader, head);
}

/* Which may be empty. */
static bytes_t read_name (reader_t *reader)
{
    const bytes_t name = read_rest (reader);
    check_name (reader, name);
    return name;
}

static bytes_t read_note (reader_t *reader)
{
    const bytes_t note = read_rest (reader);
    check_note (reader, note);
    return note;
}

static void check_name (reader_t *reader, bytes_t name)
{
    reader->failed |= name.size > 0 && draw_name_fault (name);
}

/* It becomes a line, so it has no line end in it, and nothing that nobody sees. */
static void check_note (reader_t *reader, bytes_t note)
{
    uint32_t character;
    reader->failed |=
        note.size > NOTE_BYTES_MAX || text_check (note, &character) != TEXT_GOOD;
}

static void check_source (reader_t *reader, uint8_t source)
{
    reader->failed |= wire_source_name (source)[0] == '?';
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
        [WIRE_CANCEL] = "CANCEL",
        [WIRE_CANCELLED] = "CANCELLED",
        [WIRE_LOOKUP] = "LOOKUP",
        [WIRE_ORDER] = "ORDER",
        [WIRE_ORDERED] = "ORDERED",
        [WIRE_LIST] = "LIST",
        [WIRE_DRAW] = "DRAW",
        [WIRE_STATUS] = "STATUS",
        [WIRE_REPORT] = "REPORT",
        [WIRE_SCALE] = "SCALE",
        [WIRE_SCALED] = "SCALED",
        [WIRE_FETCH] = "FETCH",
        [WIRE_NOTE] = "NOTE",
        [WIRE_COMMIT] = "COMMIT",
        [WIRE_REVEAL] = "REVEAL",
        [WIRE_ROOT] = "ROOT",
        [WIRE_ROOTED] = "ROOTED",
        [WIRE_STAKE] = "STAKE",
        [WIRE_STAKED] = "STAKED",
        [WIRE_AWARD] = "AWARD",
        [WIRE_AWARDED] = "AWARDED",
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
        [REFUSED_VOID] = "VOID",
        [REFUSED_NAME] = "NAME",
        [REFUSED_PHASE] = "PHASE",
        [REFUSED_DRAWS] = "DRAWS",
        [REFUSED_NOTE] = "NOTE",
        [REFUSED_ROOT] = "ROOT",
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
        [REFUSED_CLOSED] = "the agency's sale in this draw is closed",
        [REFUSED_TALLY] = "another count of bets is stored",
        [REFUSED_UNDRAWN] = "the draw has not been made",
        [REFUSED_KEY] = "the key of this connection is not that agency's",
        [REFUSED_DRAW] = "there is no such draw",
        [REFUSED_SUPERSEDED] = "another state has registered",
        [REFUSED_BUSY] = "the queue is full, try again later",
        [REFUSED_NOSPACE] = "the central's disk is full",
        [REFUSED_UNAVAILABLE] = "a part of the central is away, try again later",
        [REFUSED_VOID] = "the draw is void",
        [REFUSED_NAME] = "there is a draw of that name",
        [REFUSED_PHASE] = "the draw is not at the stage that this takes",
        [REFUSED_DRAWS] = "too many draws are open",
        [REFUSED_NOTE] = "the draw does not have this note yet",
        [REFUSED_ROOT] = "the bets that are stored have another root",
    };
    return code < sizeof texts / sizeof *texts ? texts[code] : NULL;
}

const char *wire_order_name (uint8_t order)
{
    switch (order) {
    case ORDER_OPEN:
        return "open";
    case ORDER_CLOSE:
        return "close";
    case ORDER_NUMBER:
        return "number";
    case ORDER_EXCUSE:
        return "excuse";
    case ORDER_VOID:
        return "void";
    case ORDER_ATTEST:
        return "attest";
    case ORDER_REVEAL:
        return "reveal";
    default:
        return "?";
    }
}

const char *wire_source_name (uint8_t source)
{
    switch (source) {
    case SOURCE_FIXED:
        return "fixed";
    case SOURCE_ENTERED:
        return "entered";
    case SOURCE_RANDOM:
        return "random";
    case SOURCE_PROVABLE:
        return "provable";
    default:
        return "?";
    }
}

const char *wire_phase_name (uint8_t phase)
{
    static const char *const names[] = {
        [PHASE_PLANNED] = "planned", [PHASE_OPEN] = "open", [PHASE_CLOSED] = "closed",
        [PHASE_DRAWN] = "drawn",     [PHASE_VOID] = "void", [PHASE_SEALED] = "sealed",
    };
    return phase < sizeof names / sizeof *names ? names[phase] : "?";
}

const char *wire_note_name (uint8_t which)
{
    switch (which) {
    case NOTE_OPEN:
        return "open";
    case NOTE_RECEIPT:
        return "receipt";
    case NOTE_SEAL:
        return "seal";
    case NOTE_COUNTERSIGNED:
        return "countersigned";
    case NOTE_ATTESTED:
        return "attested";
    case NOTE_RESULT:
        return "result";
    case NOTE_VOID:
        return "void";
    case NOTE_SALTS:
        return "salts";
    case NOTE_BOX:
        return "box";
    default:
        return "?";
    }
}

const char *wire_role_name (uint8_t role)
{
    static const char *const names[] = {
        [ROLE_WORKER] = "worker",
        [ROLE_STORAGE] = "storage",
        [ROLE_STATE] = "state",
        [ROLE_OPERATOR] = "operator",
    };
    const size_t known = sizeof names / sizeof names[0];
    return role < known && names[role] ? names[role] : "?";
}

bool wire_role_answers (uint8_t role, uint8_t command)
{
    switch (command) {
    case WIRE_STORED:
    case WIRE_HELD:
    case WIRE_DIGEST:
    case WIRE_CANCELLED:
    case WIRE_WELCOME:
    case WIRE_WINNERS:
    case WIRE_NOTE:
    case WIRE_ROOTED:
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
    case WIRE_CANCEL:
    case WIRE_FETCH:
    case WIRE_ROOT:
        return role == ROLE_WORKER;
    case WIRE_ADMIT:
    case WIRE_FIND:
    case WIRE_REGISTER:
    case WIRE_REPLAY:
    case WIRE_LOOKUP:
    case WIRE_RECORD:
    case WIRE_STAKE:
    case WIRE_AWARD:
        return role == ROLE_STATE;
    default:
        return false;
    }
}

bool wire_from_agency (uint8_t command)
{
    return command >= WIRE_HELLO && command <= WIRE_ROOT;
}

wire_message_t wire_refusal (const wire_message_t *request, wire_code_t code,
                             const char *text)
{
    if (!text)
        text = wire_code_text ((uint16_t) code);
    wire_message_t refusal = {
        .command = WIRE_REFUSED,
        .agency = request->agency,
        .draw = request->draw,
        .refused = {.code = (uint16_t) code,
                    .command = command_of_agency (request),
                    .text = bytes_of (text, strnlen (text, REFUSAL_TEXT_MAX))}};
    if (request->command == WIRE_BATCH || request->command == WIRE_STORE)
        refusal.refused.offset = request->batch.offset;
    if (request->command == WIRE_CANCEL)
        refusal.refused.offset = request->offset;
    if (request->command == WIRE_READY || request->command == WIRE_COMMIT) {
        const wire_tally_t *tally =
            request->command == WIRE_READY ? &request->tally : &request->commit.tally;
        refusal.refused.offset = tally->count;
        refusal.refused.row = tally->cancelled;
    }
    const uint8_t refused = refusal.refused.command;
    if ((refused == WIRE_READY || refused == WIRE_COMMIT) &&
        request->command == WIRE_RECORD) {
        refusal.refused.offset = request->record.event.count;
        refusal.refused.row = request->record.event.cancelled;
    }
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
        return request->record.event.kind == EVENT_SEALED      ? WIRE_READY
               : request->record.event.kind == EVENT_COMMITTED ? WIRE_COMMIT
               : request->record.event.kind == EVENT_REVEALED  ? WIRE_REVEAL
               : request->record.event.kind == EVENT_SERVED    ? WIRE_DONE
                                                               : WIRE_RECORD;
    default:
        return request->command;
    }
}
