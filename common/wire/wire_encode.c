/* wire_encode.c - messages to bytes. Every process; touches memory only. */

#include "wire.h"

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

static size_t body_size (const wire_message_t *message);
static size_t welcome_size (const wire_welcome_t *welcome);
static uint8_t *put_body (uint8_t *at, const wire_message_t *message);
static uint8_t *put_limits (uint8_t *at, const wire_limits_t *limits);
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
    at = put_hash (at, welcome->head);
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
    at = put_hash (at, winners->head);
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
