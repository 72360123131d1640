/* wire_decode.c - bytes to messages: whatever they are, nothing is read beyond them,
   and what does not fit a command is none. Every process; touches memory only. */

#include "wire.h"

#include "text.h"

static wire_code_t read_header (reader_t *reader, wire_message_t *message);
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
static bytes_t read_name (reader_t *reader);
static bytes_t read_note (reader_t *reader);
static void check_name (reader_t *reader, bytes_t name);
static void check_note (reader_t *reader, bytes_t note);
static void check_source (reader_t *reader, uint8_t source);
static bytes_t read_rest (reader_t *reader);

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

bool wire_batches_next (bytes_t *batches, bytes_t *frame, wire_message_t *batch)
{
    return batches->size > 0 && enclosed_batch (batches, frame, batch);
}

bool wire_awarded_next (bytes_t *awarded, wire_award_t *award)
{
    reader_t reader = {.rest = *awarded};
    *award = read_award (&reader);
    *awarded = reader.rest;
    return !reader.failed;
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
        reader->failed |= message->waiting.day > DAY_ENDED;
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
    read_hash (reader, welcome.head);
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
    case EVENT_ENDED:
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
    read_hash (reader, winners.head);
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
