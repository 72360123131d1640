/* state_day.h - a state among agencies, operators and a storage that records events,
   loses messages and is restarted: for the tests of its conversations. */

#ifndef LOTERIA_STATE_DAY_H
#define LOTERIA_STATE_DAY_H

#include "testing.h"

#include "bounds.h"
#include "life.h"
#include "logged.h"
#include "logger.h"
#include "registrar.h"

#define AGENCIES       3
#define NUMBER         7574
#define HIGHEST        9999
#define LOG_IDENTITY   0x1095
#define BOOT           77
#define OWN            0x11FE
#define WALL_MS        1767225600000 // when a test begins, by the clock on the wall
#define SENT_BYTES_MAX 4096          // a short note fits
#define COUNT(table)   (sizeof (table) / sizeof (table)[0])

typedef struct {   // a message that was sent
    uint32_t boot; // of the broker that it is for; 0: for storage or an operator
    uint8_t who;   // the operator; 0: none
    envelope_t envelope;
    wire_message_t message; // borrows from `bytes`
    uint8_t bytes[SENT_BYTES_MAX];
} sent_t;

typedef struct {
    sent_t sent[512];
    size_t count;
} mail_t;

static registrar_t *registrar;
// What was sent since it was last looked for
static mail_t to_brokers, to_storage, to_operators;
static uint32_t own;  // this process's number
static terms_t terms; // this state's settings
static terms_closes_t closes;
static const schedule_t *schedule;
static notary_options_t notary_keys; // with which provable draws are signed
static uint32_t draws_kept;          // of those that are over; 0: as many as usual
static uint32_t ticket;
static int64_t now_ms;
static uint64_t wall_ms;
static bool reachable;
static uint64_t chances;

/* ---- A storage, as far as state sees it ---- */

typedef struct { // a draw
    uint64_t identity;
    char name[DRAW_NAME_BYTES_MAX + 1];
    draw_t *judge;
    wire_event_t events[3 + 3 * 128];
    char *texts[3 + 3 * 128]; // of those that have one
    uint64_t sequences[3 + 3 * 128];
    uint64_t count, with_text;
    bool archived;
} kept_t;

typedef struct {
    kept_t draws[160];
    size_t count, open_max;
    uint64_t sequence, epoch, life;
    bool full;
} log_t;

static log_t book; // a restarted storage has it still

static inline void new_book (void)
{
    for (size_t i = 0; i < book.count; i++) {
        draw_destroy (&book.draws[i].judge);
        while (book.draws[i].with_text > 0)
            free (book.draws[i].texts[--book.draws[i].with_text]);
        memset (&book.draws[i], 0, sizeof book.draws[i]);
    }
    book.count = 0;
    book.sequence = book.epoch = book.life = 0;
    book.full = false;
    book.open_max = COUNT (book.draws);
}

static inline kept_t *book_find (uint64_t identity)
{
    for (size_t i = 0; i < book.count; i++)
        if (book.draws[i].identity == identity)
            return &book.draws[i];
    return NULL;
}

static inline kept_t *book_named (bytes_t name)
{
    for (size_t i = 0; i < book.count; i++)
        if (bytes_equal (bytes_of (book.draws[i].name, strlen (book.draws[i].name)),
                         name))
            return &book.draws[i];
    return NULL;
}

/* Most tests are about one. */
static inline kept_t *the_kept (void)
{
    return &book.draws[0];
}

static inline uint64_t the_draw (void)
{
    return book.draws[0].identity;
}

static inline wire_message_t event_of (const kept_t *kept, uint64_t ordinal)
{
    return (wire_message_t){.command = WIRE_EVENT,
                            .agency = kept->events[ordinal].agency,
                            .draw = kept->identity,
                            .recorded = {kept->sequences[ordinal], ordinal, kept->count,
                                         kept->events[ordinal]}};
}

static inline wire_message_t event_at (uint64_t ordinal)
{
    return event_of (the_kept (), ordinal);
}

static inline uint64_t event_like (const kept_t *kept, const wire_event_t *event)
{
    for (uint64_t i = 0; i < kept->count; i++)
        if (kept->events[i].kind == event->kind &&
            kept->events[i].agency == event->agency)
            return i;
    return UINT64_MAX;
}

static inline bool keep_event (kept_t *kept, const wire_event_t *event)
{
    wire_event_t told = *event;
    told.time_ms = wall_ms;
    if (draw_apply (kept->judge, &told) == -1)
        return false;
    assert_true (kept->count < COUNT (kept->events));
    if (event->text.size > 0) {
        assert_true (kept->with_text < COUNT (kept->texts));
        char *text = malloc (event->text.size);
        assert_non_null (text);
        kept->texts[kept->with_text++] = text;
        put_bytes ((uint8_t *) text, event->text);
        told.text = bytes_of (text, event->text.size);
    }
    kept->events[kept->count] = told;
    kept->sequences[kept->count++] = ++book.sequence;
    return true;
}

static inline void add_event (const wire_event_t *event)
{
    assert_true (keep_event (the_kept (), event));
}

static inline kept_t *add_draw (uint64_t identity, const wire_event_t *opened)
{
    assert_true (book.count < COUNT (book.draws));
    kept_t *kept = &book.draws[book.count++];
    *kept = (kept_t){.identity = identity, .judge = draw_new (identity)};
    put_bytes ((uint8_t *) kept->name, opened->text);
    assert_true (keep_event (kept, opened));
    return kept;
}

/* Its hour has come, by storage's clock: the event is told unasked. */
static inline wire_message_t hour_comes (kept_t *kept)
{
    const wire_event_t closed = {.kind = EVENT_CLOSED,
                                 .text = bytes_of ("its hour", 8)};
    assert_true (keep_event (kept, &closed));
    return event_of (kept, kept->count - 1);
}

static inline wire_message_t refusal (const wire_message_t *request, wire_code_t code,
                                      uint64_t offset, uint64_t expected)
{
    wire_message_t refused = wire_refusal (request, code, "no");
    refused.refused.offset = offset;
    refused.refused.expected = expected;
    return refused;
}

static inline wire_message_t storage_registers (const wire_message_t *message)
{
    if (message->draw != 0 && message->draw != LOG_IDENTITY)
        return refusal (message, REFUSED_DRAW, 0, 0);
    if (book.full && book.life != message->state)
        return refusal (message, REFUSED_NOSPACE, 0, 0);
    if (book.life != message->state && !life_follows (message->state, book.life))
        return refusal (message, REFUSED_SUPERSEDED, 0, book.life);
    if (book.life != message->state) {
        book.life = message->state;
        book.epoch = ++book.sequence;
    }
    uint32_t live = 0;
    for (size_t i = 0; i < book.count; i++)
        live += !book.draws[i].archived;
    return (wire_message_t){.command = WIRE_REGISTERED,
                            .registered = {book.epoch, LOG_IDENTITY, live}};
}

static inline size_t storage_replays (const wire_message_t *message,
                                      wire_message_t *answers)
{
    size_t count = 0;
    uint64_t index = 0;
    if (message->draw == 0) {
        for (size_t i = 0; i < book.count && count < REPLAY_EVENTS; i++)
            if (!book.draws[i].archived && index++ >= message->replay.from)
                answers[count++] = event_of (&book.draws[i], 0);
        if (count == 0)
            answers[count++] = refusal (message, REFUSED_GAP, 0, index);
        return count;
    }
    const kept_t *kept = book_find (message->draw);
    if (!kept || kept->archived) {
        answers[0] = refusal (message, REFUSED_HELLO, 0, 0);
        return 1;
    }
    for (uint64_t i = message->replay.from; i < kept->count && count < REPLAY_EVENTS;
         i++)
        answers[count++] = event_of (kept, i);
    return count;
}

static inline wire_message_t storage_opens (const wire_message_t *message)
{
    const wire_event_t *event = &message->record.event;
    size_t open = 0;
    for (size_t i = 0; i < book.count; i++)
        open += !draw_finished (book.draws[i].judge);
    const kept_t *kept = book_find (message->draw);
    if (kept)
        return event_of (kept, 0);
    if (book_named (event->text))
        return refusal (message, REFUSED_NAME, 0, 0);
    if (open >= book.open_max)
        return refusal (message, REFUSED_DRAWS, 0, 0);
    if (book.full)
        return refusal (message, REFUSED_NOSPACE, 0, 0);
    return event_of (add_draw (message->draw, event), 0);
}

/* As storage judges them. */
static inline wire_message_t storage_records (const wire_message_t *message)
{
    const wire_record_t *record = &message->record;
    const wire_event_t *event = &record->event;
    if (event->kind == EVENT_OPENED)
        return storage_opens (message);
    kept_t *kept = book_find (message->draw);
    assert_true (kept && !kept->archived);
    const uint64_t ordinal = event_like (kept, event);
    const bool needs_view =
        event->kind != EVENT_SEALED && event->kind != EVENT_SERVED &&
        event->kind != EVENT_COMMITTED && event->kind != EVENT_REVEALED;
    if (ordinal != UINT64_MAX)
        return event_of (kept, ordinal);
    if (needs_view && record->seen != kept->sequences[kept->count - 1])
        return refusal (message, REFUSED_GAP, 0, kept->count);
    if (book.full)
        return refusal (message, REFUSED_NOSPACE, 0, 0);
    if (!keep_event (kept, event))
        return refusal (message, REFUSED_GAP, 0, kept->count);
    return event_of (kept, kept->count - 1);
}

static inline uint64_t epoch_of (const wire_message_t *message)
{
    switch (message->command) {
    case WIRE_REPLAY:
        return message->replay.epoch;
    case WIRE_RECORD:
        return message->record.epoch;
    case WIRE_ADMIT:
        return message->welcome.epoch;
    case WIRE_LOOKUP:
        return message->lookup.epoch;
    case WIRE_STAKE:
        return message->stake.epoch;
    case WIRE_AWARD:
        return message->award;
    default:
        assert_int_equal (message->command, WIRE_FIND);
        return message->find.epoch;
    }
}

/* Each agency has sold some bets, and nobody has won. */
static inline wire_message_t storage_roots (const wire_message_t *message)
{
    static uint8_t awarded[AGENCIES * WIRE_AWARD_BYTES];
    wire_message_t answer = {.command = WIRE_STAKED,
                             .agency = message->agency,
                             .draw = message->draw,
                             .staked = {.count = 10 * message->agency}};
    if (message->command == WIRE_STAKE)
        return answer;
    uint8_t *at = awarded;
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        const wire_award_t award = {.agency = agency};
        at = wire_awarded_put (at, &award);
    }
    return (wire_message_t){.command = WIRE_AWARDED,
                            .draw = message->draw,
                            .awarded = bytes_of (awarded, sizeof awarded)};
}

/* What storage answers, to state: how many messages, at most a page of events. What it
   answers agencies is of no interest here. */
static inline size_t storage_answers (const sent_t *asked, wire_message_t *answers)
{
    const wire_message_t *message = &asked->message;
    kept_t *kept;
    if (message->command == WIRE_REGISTER) {
        answers[0] = storage_registers (message);
        return 1;
    }
    if (epoch_of (message) != book.epoch) {
        answers[0] =
            refusal (message, REFUSED_SUPERSEDED, epoch_of (message), book.epoch);
        return 1;
    }
    switch (message->command) {
    case WIRE_REPLAY:
        return storage_replays (message, answers);
    case WIRE_RECORD:
        answers[0] = storage_records (message);
        return 1;
    case WIRE_STAKE:
    case WIRE_AWARD:
        answers[0] = storage_roots (message);
        return 1;
    case WIRE_LOOKUP:
        kept = book_named (message->lookup.name);
        if (kept)
            kept->archived = false;
        answers[0] =
            kept ? event_of (kept, 0) : wire_refusal (message, REFUSED_DRAW, NULL);
        answers[0].agency = message->agency;
        return 1;
    case WIRE_ADMIT:
        kept = book_find (message->draw);
        assert_true (kept && bytes_equal (bytes_of (kept->name, strlen (kept->name)),
                                          message->welcome.name));
        kept->archived = false;
        return 0;
    default:
        assert_non_null (book_find (message->draw));
        return 0;
    }
}

/* ---- Mail ---- */

static inline void keep_sent (mail_t *mail, bytes_t peer, const envelope_t *envelope,
                              bytes_t message)
{
    assert_true (mail->count < COUNT (mail->sent));
    sent_t *sent = &mail->sent[mail->count++];
    assert_true (message.size <= sizeof sent->bytes);
    put_bytes (sent->bytes, message);
    sent->boot = mail == &to_brokers ? outbox_boot (peer) : 0;
    sent->who = mail == &to_operators ? peer.data[0] : 0;
    sent->envelope = *envelope;
    assert_int_equal (
        wire_decode (bytes_of (sent->bytes, message.size), &sent->message), REFUSED_OK);
    if (mail == &to_brokers) // an answer goes to who wrote the envelope
        assert_int_equal (sent->boot, envelope->boot);
    else
        assert_int_equal (peer.size, mail == &to_operators);
}

static inline void take_mail (mail_t *mail, outbox_t *outbox)
{
    bytes_t peer, message;
    bundle_t *bundle;
    while (outbox_take (outbox, &peer, &bundle)) {
        bytes_t rest = bytes_of (bundle->data, bundle->size);
        envelope_t envelope;
        int more;
        while ((more = bundle_next (&rest, &envelope, &message)) == 1)
            keep_sent (mail, peer, &envelope, message);
        assert_int_equal (more, 0);
        bundle_clear (bundle);
    }
}

static inline void take_sent (void)
{
    take_mail (&to_storage, registrar_to_storage (registrar));
    take_mail (&to_brokers, registrar_to_brokers (registrar));
    take_mail (&to_operators, registrar_to_operators (registrar));
}

static inline void forget (void)
{
    to_brokers.count = to_storage.count = to_operators.count = 0;
}

static inline void tick (int64_t passed_ms)
{
    now_ms += passed_ms;
    wall_ms += (uint64_t) passed_ms;
    forget ();
    registrar_tick (registrar, now_ms, wall_ms, reachable);
    take_sent ();
}

static inline void hear (const envelope_t *envelope, const wire_message_t *message)
{
    bundle_t bundle = {0};
    bundle_write (&bundle, envelope, message);
    registrar_answers (registrar, bytes_of (bundle.data, bundle.size));
    bundle_clear (&bundle);
    take_sent ();
}

/* The answer arrives; what was sent before is forgotten. */
static inline void arrives (const envelope_t *envelope, const wire_message_t *message)
{
    forget ();
    hear (envelope, message);
}

static inline void arrives_unasked (const wire_message_t *message)
{
    const envelope_t nobodys = {0};
    arrives (&nobodys, message);
}

static inline void look_again (sent_t *sent) // it was copied
{
    wire_decode (bytes_of (sent->bytes, wire_size (&sent->message)), &sent->message);
}

/* What was sent to storage last, kept though more is sent. It borrows no texts. */
static inline sent_t kept (size_t which)
{
    assert_true (which < to_storage.count);
    return to_storage.sent[which];
}

/* Storage is asked this, and what it answers arrives. */
static inline void storage_serves_one (sent_t asked)
{
    static wire_message_t answers[REPLAY_EVENTS];
    look_again (&asked);
    const size_t count = storage_answers (&asked, answers);
    for (size_t n = 0; n < count; n++)
        hear (&asked.envelope, &answers[n]);
}

/* Storage answers all that it was asked last, until it is asked for nothing more. */
static inline void storage_serves (void)
{
    static mail_t asked;
    while (to_storage.count > 0) {
        asked = to_storage;
        to_storage.count = 0;
        for (size_t i = 0; i < asked.count; i++)
            storage_serves_one (asked.sent[i]);
    }
}

/* Storage is asked this, and its answer is lost. */
static inline void storage_answers_in_vain (sent_t asked)
{
    static wire_message_t answers[REPLAY_EVENTS];
    look_again (&asked);
    storage_answers (&asked, answers);
}

/* ---- A state ---- */

static inline uint64_t next_chance (void *context)
{
    (void) context;
    return ++chances * 0x9E3779B97F4A7C15;
}

static inline registrar_t *new_registrar (void)
{
    const registrar_options_t options = {.own = own,
                                         .terms = terms,
                                         .closes = closes,
                                         .schedule = schedule,
                                         .chance = {.draw = next_chance},
                                         .notary = notary_keys,
                                         .draws_kept = draws_kept};
    return registrar_new (&options);
}

static inline void start (void)
{
    registrar_destroy (&registrar);
    forget ();
    registrar = new_registrar ();
    reachable = true;
}

/* As it starts, up to where it answers agencies. */
static inline void start_and_open (void)
{
    own++;
    start ();
    tick (0);
    storage_serves ();
    assert_int_equal (registrar_stage (registrar), REGISTRAR_OPEN);
    forget ();
}

static inline int setup (void **state)
{
    (void) state;
    new_book ();
    terms = (terms_t){.name = "first",
                      .agencies = AGENCIES,
                      .highest = HIGHEST,
                      .source = SOURCE_FIXED,
                      .number = NUMBER};
    closes = (terms_closes_t){.closing = TERMS_ALL_ASKED};
    schedule = NULL;
    notary_keys = (notary_options_t){0};
    own = OWN;
    draws_kept = 0;
    ticket = 0;
    now_ms = 1000;
    wall_ms = WALL_MS;
    start_and_open ();
    return 0;
}

static inline int setup_closed (void **state)
{
    setup (state);
    new_book ();
    own = OWN;
    start ();
    return 0;
}

static inline int teardown (void **state)
{
    (void) state;
    registrar_destroy (&registrar);
    assert_null (registrar);
    registrar_destroy (&registrar);
    new_book ();
    return 0;
}

static inline const live_t *live_of (uint64_t identity)
{
    return draws_find (registrar_draws (registrar), identity);
}

static inline const draw_t *draw_named (const char *name)
{
    const live_t *live =
        draws_named (registrar_draws (registrar), bytes_of (name, strlen (name)));
    return live ? live->draw : NULL;
}

static inline const draw_t *draw (void)
{
    const live_t *live = live_of (the_draw ());
    return live ? live->draw : NULL;
}

static inline const draw_facts_t *facts (void)
{
    return draw_facts (draw ());
}

static inline uint64_t identity_of (const char *name)
{
    const kept_t *kept = book_named (bytes_of (name, strlen (name)));
    assert_non_null (kept);
    return kept->identity;
}

static inline void stage_is (registrar_stage_t stage)
{
    assert_int_equal (registrar_stage (registrar), stage);
}

/* ---- Requests in, answers out ---- */

/* An agency's message by way of the broker of this boot, from this client. */
static inline void ask_by (uint32_t boot, uint64_t client,
                           const wire_message_t *message)
{
    bundle_t bundle = {0};
    const envelope_t envelope = {boot, ++ticket, client};
    bundle_write (&bundle, &envelope, message);
    forget ();
    registrar_requests (registrar, bytes_of (bundle.data, bundle.size));
    bundle_clear (&bundle);
    take_sent ();
}

static inline void ask (uint32_t agency, const wire_message_t *message)
{
    ask_by (BOOT, 100 + agency, message);
}

static inline void ask_hello_to (uint32_t agency, const char *name)
{
    const wire_message_t hello = {
        .command = WIRE_HELLO,
        .agency = agency,
        .hello = {{16, 8192, 500, 65536}, bytes_of (name, strlen (name))}};
    ask (agency, &hello);
}

static inline void ask_hello (uint32_t agency)
{
    ask_hello_to (agency, "");
}

/* So many bets of that agency, whatever they are. */
static inline wire_tally_t tally_of (uint32_t agency, uint64_t count)
{
    return (wire_tally_t){count, 1000 * agency + count, 0};
}

static inline wire_message_t ready_in (uint64_t draw, uint32_t agency)
{
    return (wire_message_t){.command = WIRE_READY,
                            .agency = agency,
                            .draw = draw,
                            .tally = tally_of (agency, 10 * agency)};
}

static inline wire_message_t ready_of (uint32_t agency)
{
    return ready_in (the_draw (), agency);
}

static inline void ask_ready_in (uint64_t draw, uint32_t agency)
{
    const wire_message_t ready = ready_in (draw, agency);
    ask (agency, &ready);
}

static inline void ask_ready (uint32_t agency)
{
    ask_ready_in (the_draw (), agency);
}

static inline void ask_results_in (uint64_t draw, uint32_t agency, uint64_t cursor)
{
    const wire_message_t results = {
        .command = WIRE_RESULTS, .agency = agency, .draw = draw, .cursor = cursor};
    ask (agency, &results);
}

static inline void ask_results (uint32_t agency, uint64_t cursor)
{
    ask_results_in (the_draw (), agency, cursor);
}

static inline void ask_done_in (uint64_t draw, uint32_t agency)
{
    const wire_message_t done = {.command = WIRE_DONE, .agency = agency, .draw = draw};
    ask (agency, &done);
}

static inline void ask_done (uint32_t agency)
{
    ask_done_in (the_draw (), agency);
}

/* An operator's message, who is known by this letter. */
static inline void order_by (uint8_t who, const wire_message_t *message)
{
    uint8_t frame[WIRE_SMALL_BYTES_MAX];
    assert_true (wire_size (message) <= sizeof frame);
    const size_t size = wire_encode (message, frame);
    forget ();
    registrar_operator (registrar, bytes_of (&who, 1), true, "",
                        bytes_of (frame, size));
    take_sent ();
}

static inline wire_message_t order_of (wire_order_kind_t kind, const char *name,
                                       const char *note)
{
    return (wire_message_t){.command = WIRE_ORDER,
                            .order = {.order = (uint8_t) kind,
                                      .name = bytes_of (name, strlen (name)),
                                      .note = bytes_of (note, strlen (note))}};
}

static inline wire_message_t opening_of (const char *name, uint32_t agencies,
                                         uint8_t source, uint64_t closes_ms)
{
    wire_message_t message = order_of (ORDER_OPEN, name, "");
    message.order.agencies = agencies;
    message.order.source = source;
    message.order.number = source == SOURCE_FIXED ? NUMBER : 0;
    message.order.highest = HIGHEST;
    message.order.closes_ms = closes_ms;
    return message;
}

/* The only message that was sent, to the agency that asked last. */
static inline const wire_message_t *told (wire_command_t command)
{
    assert_int_equal (to_storage.count + to_operators.count, 0);
    assert_int_equal (to_brokers.count, 1);
    assert_string_equal (wire_command_name (to_brokers.sent[0].message.command),
                         wire_command_name (command));
    assert_int_equal (to_brokers.sent[0].envelope.ticket, ticket);
    return &to_brokers.sent[0].message;
}

static inline const wire_refused_t *told_refused (wire_code_t code,
                                                  wire_command_t command)
{
    const wire_refused_t *refused = &told (WIRE_REFUSED)->refused;
    assert_string_equal (wire_code_name (refused->code), wire_code_name (code));
    assert_string_equal (wire_command_name (refused->command),
                         wire_command_name (command));
    assert_true (refused->text.size > 0);
    return refused;
}

/* The only message that was sent, to this operator. */
static inline const wire_message_t *told_operator (uint8_t who, wire_command_t command)
{
    assert_int_equal (to_storage.count + to_brokers.count, 0);
    assert_int_equal (to_operators.count, 1);
    assert_string_equal (wire_command_name (to_operators.sent[0].message.command),
                         wire_command_name (command));
    assert_int_equal (to_operators.sent[0].who, who);
    return &to_operators.sent[0].message;
}

static inline const char *refused_operator (uint8_t who, wire_code_t code)
{
    static char text[REFUSAL_TEXT_MAX + 1];
    const wire_refused_t *refused = &told_operator (who, WIRE_REFUSED)->refused;
    assert_string_equal (wire_code_name (refused->code), wire_code_name (code));
    assert_true (refused->text.size > 0);
    snprintf (text, sizeof text, "%.*s", (int) refused->text.size,
              (const char *) refused->text.data);
    return text;
}

/* The only message that was sent, to storage for who asked last, or for nobody. */
static inline const wire_message_t *asked_storage (wire_command_t command)
{
    assert_int_equal (to_brokers.count + to_operators.count, 0);
    assert_int_equal (to_storage.count, 1);
    assert_string_equal (wire_command_name (to_storage.sent[0].message.command),
                         wire_command_name (command));
    return &to_storage.sent[0].message;
}

static inline const wire_message_t *asked_storage_for (wire_command_t command,
                                                       uint32_t agency)
{
    const wire_message_t *message = asked_storage (command);
    assert_int_equal (message->agency, agency);
    assert_int_equal (to_storage.sent[0].envelope.boot, BOOT);
    assert_int_equal (to_storage.sent[0].envelope.ticket, ticket);
    assert_int_equal (to_storage.sent[0].envelope.client, 100 + agency);
    return message;
}

static inline const wire_message_t *asked_for_itself (wire_command_t command)
{
    const wire_message_t *message = asked_storage (command);
    const envelope_t *envelope = &to_storage.sent[0].envelope;
    assert_true (envelope->boot == 0 && envelope->ticket == 0 && envelope->client == 0);
    return message;
}

static inline const wire_event_t *asked_to_record (wire_event_kind_t kind)
{
    const wire_event_t *event = &asked_for_itself (WIRE_RECORD)->record.event;
    assert_int_equal (event->kind, kind);
    return event;
}

static inline void sent_nothing (void)
{
    assert_int_equal (to_brokers.count + to_storage.count + to_operators.count, 0);
}

static inline void assert_waiting (const wire_message_t *message, uint32_t ready)
{
    assert_int_equal (message->waiting.ready, ready);
    assert_int_equal (message->waiting.agencies, AGENCIES);
}

static inline void seal (uint32_t agency)
{
    ask_ready (agency);
    asked_storage_for (WIRE_RECORD, agency);
    storage_serves ();
    assert_true (draw_asked (draw (), agency));
}

static inline void make_draw (void)
{
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        seal (agency);
    assert_true (draw_made (draw ()));
}

/* Opens one more, by an operator's order; its identity. */
static inline uint64_t open_draw (const char *name, uint8_t source, uint64_t closes_ms)
{
    const wire_message_t order = opening_of (name, AGENCIES, source, closes_ms);
    order_by ('Z', &order);
    storage_serves ();
    assert_int_equal (to_operators.count, 1);
    assert_int_equal (to_operators.sent[0].message.command, WIRE_ORDERED);
    assert_non_null (draw_named (name));
    return identity_of (name);
}

/* An order is carried out. */
static inline void ordered (wire_order_kind_t kind, const char *name, const char *note)
{
    const wire_message_t order = order_of (kind, name, note);
    order_by ('Z', &order);
    storage_serves ();
    assert_int_equal (to_operators.sent[0].message.command, WIRE_ORDERED);
}

static inline size_t events_in (const kept_t *kept, wire_event_kind_t kind)
{
    size_t count = 0;
    for (uint64_t i = 0; i < kept->count; i++)
        count += kept->events[i].kind == kind;
    return count;
}

static inline size_t events_of (wire_event_kind_t kind)
{
    return events_in (the_kept (), kind);
}

#endif
