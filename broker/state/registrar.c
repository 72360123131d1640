/* registrar.c - what state does with each request, and with storage's answers. */

#include "registrar.h"

#include <assert.h>
#include <stdlib.h>

#include "handler.h"
#include "life.h"
#include "logger.h"

typedef enum { WANT_NOTHING, WANT_EPOCH, WANT_EVENTS, WANT_OPENED, WANT_DRAWN } want_t;

struct registrar {
    uint64_t life; // that it registers with
    uint32_t agencies, number;
    registrar_stage_t stage;
    uint64_t epoch;   // 0: not registered
    draw_t *draw;     // NULL: not registered
    uint64_t events;  // that there are at least
    uint64_t applied; // of them, in order
    uint64_t seen;    // sequence of the last one applied
    want_t asked;     // of storage, and when it is asked again if no answer comes
    int64_t again_ms;
    uint64_t page_end; // of the replay that was asked for
    bool reachable;
    envelope_t *questions; // by agency: its READY that waits for the draw, or nobody's
    outbox_t *to_brokers, *to_storage;
    bool done;
    int64_t now_ms;
    logger_limit_t no_space;
    uint64_t strays;
};

typedef struct { // one message; whom to answer
    envelope_t envelope;
    wire_message_t message;
} request_t;

static void take_bundle (registrar_t *registrar, bytes_t bundle,
                         const handler_t *handlers);
static int take_hello (void *self, void *asked);
static uint32_t fair_window (const draw_t *draw, const wire_limits_t *limits);
static int take_ready (void *self, void *asked);
static int take_results (void *self, void *asked);
static bool other_draw (const registrar_t *registrar, const request_t *request);
static int take_done (void *self, void *asked);
static int take_registered (void *self, void *asked);
static int take_event (void *self, void *asked);
static bool apply (registrar_t *registrar, const wire_recorded_t *recorded);
static void compare_terms (registrar_t *registrar);
static void open_if_replayed (registrar_t *registrar);
static void log_event (const registrar_t *registrar, const wire_event_t *event);
static void answer_event (registrar_t *registrar, const request_t *request);
static void answer_question (registrar_t *registrar, uint32_t agency);
static void answer_questions (registrar_t *registrar);
static int take_refused (void *self, void *asked);
static void take_superseded (registrar_t *registrar, uint64_t heard);
static void log_no_space (registrar_t *registrar);
static void pursue (registrar_t *registrar);
static want_t wanted (const registrar_t *registrar);
static bool is_asked (const registrar_t *registrar, want_t want);
static void ask_for (registrar_t *registrar, want_t want);
static void record (registrar_t *registrar, const envelope_t *envelope,
                    const wire_event_t *event);
static void ask_find (registrar_t *registrar, const envelope_t *envelope,
                      uint32_t agency, uint64_t cursor);
static void ask_storage (registrar_t *registrar, const envelope_t *envelope,
                         const wire_message_t *message);
static bool is_somebodys (const envelope_t *envelope);
static void answer_waiting (registrar_t *registrar, uint32_t agency,
                            const envelope_t *envelope);
static void answer_goodbye (registrar_t *registrar, uint32_t agency,
                            const envelope_t *envelope);
static void refuse (registrar_t *registrar, const request_t *request, wire_code_t code);

static const handler_t request_handlers[] = {{WIRE_HELLO, take_hello},
                                             {WIRE_READY, take_ready},
                                             {WIRE_RESULTS, take_results},
                                             {WIRE_DONE, take_done},
                                             {0}};

static const handler_t answer_handlers[] = {{WIRE_REGISTERED, take_registered},
                                            {WIRE_EVENT, take_event},
                                            {WIRE_REFUSED, take_refused},
                                            {0}};

static const envelope_t nobodys = {0};
static const bytes_t draw_name = {(const uint8_t *) DRAW_NAME_DEFAULT,
                                  sizeof DRAW_NAME_DEFAULT - 1};

registrar_t *registrar_new (uint32_t own, uint32_t agencies, uint32_t number)
{
    assert (own != 0 && agencies >= 1 && agencies <= AGENCIES_MAX);
    registrar_t *registrar = calloc (1, sizeof *registrar);
    assert (registrar);
    registrar->life = life_after (0, own); // as the day's first, until it knows better
    registrar->agencies = agencies;
    registrar->number = number;
    registrar->to_brokers = outbox_new ();
    registrar->to_storage = outbox_new ();
    registrar->questions = calloc ((size_t) agencies + 1, sizeof (envelope_t));
    assert (registrar->questions);
    return registrar;
}

void registrar_destroy (registrar_t **registrar)
{
    if (*registrar) {
        free ((*registrar)->questions);
        outbox_destroy (&(*registrar)->to_storage);
        outbox_destroy (&(*registrar)->to_brokers);
        draw_destroy (&(*registrar)->draw);
        free (*registrar);
    }
    *registrar = NULL;
}

void registrar_tick (registrar_t *registrar, int64_t now_ms, bool reachable)
{
    if (reachable && !registrar->reachable)
        registrar->asked = WANT_NOTHING; // what was asked before may be lost
    registrar->now_ms = now_ms;
    registrar->reachable = reachable;
    pursue (registrar);
}

/* A replay of what is to come has no answer but that. */
void registrar_doubt (registrar_t *registrar)
{
    if (registrar->stage == REGISTRAR_OPEN && registrar->reachable)
        ask_for (registrar, WANT_EVENTS);
}

int64_t registrar_deadline (const registrar_t *registrar)
{
    return registrar_wants (registrar) && registrar->reachable ? registrar->again_ms
                                                               : INT64_MAX;
}

bool registrar_wants (const registrar_t *registrar)
{
    return wanted (registrar) != WANT_NOTHING;
}

void registrar_requests (registrar_t *registrar, bytes_t bundle)
{
    take_bundle (registrar, bundle, request_handlers);
}

void registrar_answers (registrar_t *registrar, bytes_t bundle)
{
    take_bundle (registrar, bundle, answer_handlers);
    pursue (registrar);
}

outbox_t *registrar_to_brokers (registrar_t *registrar)
{
    return registrar->to_brokers;
}

outbox_t *registrar_to_storage (registrar_t *registrar)
{
    return registrar->to_storage;
}

void registrar_storage_unavailable (registrar_t *registrar, bytes_t bundle)
{
    request_t request;
    bytes_t message;
    while (bundle_next (&bundle, &request.envelope, &message) == 1) {
        const wire_code_t code = wire_decode (message, &request.message);
        assert (code == REFUSED_OK); // written here
        if (is_somebodys (&request.envelope))
            refuse (registrar, &request, REFUSED_UNAVAILABLE);
    }
}

registrar_stage_t registrar_stage (const registrar_t *registrar)
{
    return registrar->stage;
}

const draw_t *registrar_draw (const registrar_t *registrar)
{
    return registrar->draw;
}

uint64_t registrar_epoch (const registrar_t *registrar)
{
    return registrar->epoch;
}

bool registrar_done (const registrar_t *registrar)
{
    return registrar->done;
}

uint64_t registrar_strays (const registrar_t *registrar)
{
    return registrar->strays;
}

static void take_bundle (registrar_t *registrar, bytes_t bundle,
                         const handler_t *handlers)
{
    request_t request;
    bytes_t message;
    int more;
    while ((more = bundle_next (&bundle, &request.envelope, &message)) == 1) {
        const wire_code_t code = wire_decode (message, &request.message);
        const handler_t *handler = handler_find (handlers, request.message.command);
        if (code != REFUSED_OK || !handler)
            registrar->strays++;
        else if (handlers == request_handlers && registrar->stage != REGISTRAR_OPEN)
            refuse (registrar, &request, REFUSED_UNAVAILABLE);
        else if (registrar->stage <= REGISTRAR_OPEN)
            handler->handle (registrar, &request);
    }
    if (more == -1)
        registrar->strays++;
}

/* Storage knows the next offset, and answers; it also learns here that the agency is on
   the roll. */
static int take_hello (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    const draw_t *draw = registrar->draw;
    const uint32_t agency = request->message.agency;
    if (!draw_on_roll (draw, agency)) {
        refuse (registrar, request, REFUSED_AGENCY);
        return 0;
    }
    wire_limits_t limits = request->message.hello.limits;
    limits.window = fair_window (draw, &limits);
    const wire_message_t admit = {.command = WIRE_ADMIT,
                                  .agency = agency,
                                  .draw = draw_identity (draw),
                                  .welcome = {.epoch = registrar->epoch,
                                              .limits = limits,
                                              .agencies = draw_agencies (draw),
                                              .ready = draw_agencies_ready (draw),
                                              .day = (uint8_t) draw_day (draw, agency),
                                              .highest = NUMBER_MAX_MAX,
                                              .name = draw_name}};
    ask_storage (registrar, &request->envelope, &admit);
    return 0;
}

/* An equal share of what all agencies may have under way; at least one batch. */
static uint32_t fair_window (const draw_t *draw, const wire_limits_t *limits)
{
    const uint32_t message_bytes =
        limits->message_bytes_max ? limits->message_bytes_max : MESSAGE_BYTES_MAX;
    const uint32_t window = limits->window ? limits->window : WINDOW_MAX;
    const uint64_t share =
        UNDER_WAY_BYTES_MAX / ((uint64_t) draw_agencies (draw) * message_bytes);
    return window <= share ? window : share > 0 ? (uint32_t) share : 1;
}

static int take_ready (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    wire_code_t code;
    const uint32_t agency = request->message.agency;
    const wire_tally_t *tally = &request->message.tally;
    const draw_answer_t what = draw_ready (registrar->draw, agency, tally, &code);
    if (code != REFUSED_AGENCY && other_draw (registrar, request)) {
        refuse (registrar, request, REFUSED_DRAW);
        return 0;
    }
    if (what == DRAW_REFUSE) {
        refuse (registrar, request, code);
        return 0;
    }
    registrar->questions[agency] = request->envelope; // the latest is the one to tell
    if (what == DRAW_ASK_SEAL) {
        const wire_event_t sealed = {.kind = EVENT_SEALED,
                                     .agency = agency,
                                     .count = tally->count,
                                     .digest = tally->digest,
                                     .cancelled = tally->cancelled};
        record (registrar, &request->envelope, &sealed);
    } else
        answer_question (registrar, agency);
    return 0;
}

static int take_results (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    const draw_t *draw = registrar->draw;
    const uint32_t agency = request->message.agency;
    if (!draw_on_roll (draw, agency))
        refuse (registrar, request, REFUSED_AGENCY);
    else if (!draw_made (draw))
        refuse (registrar, request, REFUSED_UNDRAWN);
    else if (other_draw (registrar, request))
        refuse (registrar, request, REFUSED_DRAW);
    else
        ask_find (registrar, &request->envelope, agency, request->message.cursor);
    return 0;
}

static bool other_draw (const registrar_t *registrar, const request_t *request)
{
    return request->message.draw != draw_identity (registrar->draw);
}

static int take_done (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    const draw_t *draw = registrar->draw;
    const uint32_t agency = request->message.agency;
    const wire_event_t served = {.kind = EVENT_SERVED, .agency = agency};
    if (!draw_on_roll (draw, agency))
        refuse (registrar, request, REFUSED_AGENCY);
    else if (!draw_made (draw))
        refuse (registrar, request, REFUSED_UNDRAWN);
    else if (other_draw (registrar, request))
        refuse (registrar, request, REFUSED_DRAW);
    else if (draw_served (draw, agency))
        answer_goodbye (registrar, agency, &request->envelope);
    else
        record (registrar, &request->envelope, &served);
    return 0;
}

static int take_registered (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    const wire_registered_t *registered = &request->message.registered;
    if (registrar->epoch != 0)
        return 0; // it was asked for again before the first answer came
    if (registered->epoch == 0 || registered->identity == 0 || registered->draws > 1) {
        registrar->strays++;
        return 0;
    }
    registrar->epoch = registered->epoch;
    registrar->events = registered->draws; // at least: its opening
    registrar->draw = draw_new (registered->identity);
    return 0;
}

/* As a record's answer, which says in its envelope for whom it was recorded; or of the
   replay. One that is ahead of what is known tells that others were lost: they are
   replayed, and this one with them. */
static int take_event (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    const wire_recorded_t *recorded = &request->message.recorded;
    if (registrar->epoch == 0 || recorded->events > DRAW_EVENTS_MAX ||
        recorded->ordinal >= recorded->events ||
        request->message.draw != draw_identity (registrar->draw)) {
        registrar->strays++;
        return 0;
    }
    if (registrar->events < recorded->events)
        registrar->events = recorded->events;
    if (recorded->ordinal > registrar->applied)
        return 0;
    if (recorded->ordinal == registrar->applied && !apply (registrar, recorded))
        return 0;
    answer_event (registrar, request);
    open_if_replayed (registrar);
    return 0;
}

/* False: it is over. */
static bool apply (registrar_t *registrar, const wire_recorded_t *recorded)
{
    if (draw_apply (registrar->draw, &recorded->event) == -1) {
        registrar->stage = REGISTRAR_IMPOSSIBLE;
        return false;
    }
    registrar->applied++;
    registrar->seen = recorded->sequence;
    if (recorded->event.kind == EVENT_OPENED)
        compare_terms (registrar);
    log_event (registrar, &recorded->event);
    return registrar->stage <= REGISTRAR_OPEN;
}

/* A draw's terms are recorded when it is opened. A state with others would make another
   draw of it. */
static void compare_terms (registrar_t *registrar)
{
    if (draw_agencies (registrar->draw) != registrar->agencies)
        registrar->stage = REGISTRAR_OTHER_AGENCIES;
    else if (draw_number (registrar->draw) != registrar->number)
        registrar->stage = REGISTRAR_OTHER_NUMBER;
}

static void open_if_replayed (registrar_t *registrar)
{
    if (registrar->stage == REGISTRAR_STARTING &&
        registrar->applied == registrar->events && draw_opened (registrar->draw))
        registrar->stage = REGISTRAR_OPEN;
}

/* Not of those that are replayed at the start: they were told when they happened. */
static void log_event (const registrar_t *registrar, const wire_event_t *event)
{
    if (registrar->stage == REGISTRAR_OPEN && event->kind == EVENT_SEALED)
        logger_event (LOG_INFO, "agencia_lista", LOG_SUCCESS,
                      "agency: %u | cantidad: %llu | ready: %u of %u", event->agency,
                      (unsigned long long) event->count,
                      draw_agencies_ready (registrar->draw),
                      draw_agencies (registrar->draw));
}

/* Whoever asked for it. Of a replayed one it is not known who that was, but an agency's
   last READY is. */
static void answer_event (registrar_t *registrar, const request_t *request)
{
    const wire_event_t *event = &request->message.recorded.event;
    const bool replayed = !is_somebodys (&request->envelope);
    if (event->kind == EVENT_DRAWN)
        answer_questions (registrar);
    else if (event->kind == EVENT_SEALED &&
             draw_sealed (registrar->draw, event->agency)) {
        if (!replayed)
            registrar->questions[event->agency] = request->envelope;
        if (!draw_due (registrar->draw)) // else it is told more in a moment
            answer_question (registrar, event->agency);
    } else if (event->kind == EVENT_SERVED && !replayed)
        answer_goodbye (registrar, event->agency, &request->envelope);
}

/* What an agency's last READY asks: it is kept until the draw is made. */
static void answer_question (registrar_t *registrar, uint32_t agency)
{
    envelope_t *question = &registrar->questions[agency];
    if (!is_somebodys (question))
        return;
    if (!draw_made (registrar->draw)) {
        answer_waiting (registrar, agency, question);
        return;
    }
    ask_find (registrar, question, agency, 0);
    *question = nobodys;
}

static void answer_questions (registrar_t *registrar)
{
    for (uint32_t agency = 1; agency <= draw_agencies (registrar->draw); agency++)
        answer_question (registrar, agency);
}

/* What was asked for an agency was refused to the agency. */
static int take_refused (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    const wire_refused_t *refused = &request->message.refused;
    if (refused->code == REFUSED_SUPERSEDED && refused->offset == registrar->epoch)
        take_superseded (registrar, refused->expected);
    else if (refused->code == REFUSED_DRAW && registrar->epoch != 0)
        registrar->stage = REGISTRAR_OTHER_DRAW;
    else if (refused->code == REFUSED_GAP && refused->expected <= DRAW_EVENTS_MAX)
        registrar->events = refused->expected > registrar->events ? refused->expected
                                                                  : registrar->events;
    else if (refused->code == REFUSED_NOSPACE)
        log_no_space (registrar);
    else if (refused->code != REFUSED_BUSY) // it is asked again
        registrar->strays++;
    return 0;
}

/* While it is not registered: it comes behind the one heard, at once. That may be
   itself, if it was told so too late. */
static void take_superseded (registrar_t *registrar, uint64_t heard)
{
    const uint32_t own = life_own (registrar->life);
    const uint64_t life = life_own (heard) == own ? heard : life_after (heard, own);
    if (registrar->epoch != 0)
        registrar->stage = REGISTRAR_SUPERSEDED;
    else if (life != registrar->life) {
        registrar->life = life;
        registrar->asked = WANT_NOTHING;
    }
}

static void log_no_space (registrar_t *registrar)
{
    logger_event_limited (&registrar->no_space, registrar->now_ms, LOG_ERROR,
                          registrar->asked == WANT_DRAWN ? "sorteo" : "estado",
                          LOG_IN_PROGRESS, "reason: storage's disk is full");
}

/* Ask storage for what is wanted next, unless that was just done. */
static void pursue (registrar_t *registrar)
{
    const want_t want = wanted (registrar);
    if (want == WANT_NOTHING)
        registrar->asked = WANT_NOTHING;
    else if (registrar->reachable && !is_asked (registrar, want)) {
        registrar->asked = want;
        registrar->again_ms = registrar->now_ms + ASK_AGAIN_MS;
        ask_for (registrar, want);
    }
}

static want_t wanted (const registrar_t *registrar)
{
    if (registrar->stage > REGISTRAR_OPEN)
        return WANT_NOTHING;
    if (registrar->epoch == 0)
        return WANT_EPOCH;
    if (registrar->applied < registrar->events)
        return WANT_EVENTS;
    if (!draw_opened (registrar->draw))
        return WANT_OPENED;
    return draw_due (registrar->draw) ? WANT_DRAWN : WANT_NOTHING;
}

static bool is_asked (const registrar_t *registrar, want_t want)
{
    return registrar->asked == want && registrar->now_ms < registrar->again_ms &&
           (want != WANT_EVENTS || registrar->applied < registrar->page_end);
}

static void ask_for (registrar_t *registrar, want_t want)
{
    const wire_event_t opened = {.kind = EVENT_OPENED,
                                 .source = SOURCE_FIXED,
                                 .agencies = registrar->agencies,
                                 .number = registrar->number,
                                 .highest = NUMBER_MAX_MAX,
                                 .closes_ms = CLOSES_ALL_ASKED,
                                 .text = draw_name};
    const wire_event_t drawn = {.kind = EVENT_DRAWN, .number = registrar->number};
    const wire_message_t registration = {.command = WIRE_REGISTER,
                                         .state = registrar->life};
    wire_message_t replay = {.command = WIRE_REPLAY};
    switch (want) {
    case WANT_EPOCH:
        ask_storage (registrar, &nobodys, &registration);
        break;
    case WANT_EVENTS:
        registrar->page_end = registrar->applied + REPLAY_EVENTS;
        replay.draw = draw_identity (registrar->draw);
        replay.replay.epoch = registrar->epoch;
        replay.replay.from = registrar->applied;
        ask_storage (registrar, &nobodys, &replay);
        break;
    case WANT_OPENED:
        record (registrar, &nobodys, &opened);
        break;
    case WANT_DRAWN:
        record (registrar, &nobodys, &drawn);
        break;
    case WANT_NOTHING:
        break;
    }
}

/* It has happened once storage says so, not before. */
static void record (registrar_t *registrar, const envelope_t *envelope,
                    const wire_event_t *event)
{
    const wire_message_t message = {.command = WIRE_RECORD,
                                    .agency = event->agency,
                                    .draw = draw_identity (registrar->draw),
                                    .record = {.epoch = registrar->epoch,
                                               .seen = registrar->seen,
                                               .event = *event}};
    ask_storage (registrar, envelope, &message);
}

static void ask_find (registrar_t *registrar, const envelope_t *envelope,
                      uint32_t agency, uint64_t cursor)
{
    const draw_t *draw = registrar->draw;
    const wire_message_t find = {.command = WIRE_FIND,
                                 .agency = agency,
                                 .draw = draw_identity (draw),
                                 .find = {.epoch = registrar->epoch,
                                          .cursor = cursor,
                                          .count = draw_count (draw, agency),
                                          .number = draw_number (draw)}};
    ask_storage (registrar, envelope, &find);
}

static void ask_storage (registrar_t *registrar, const envelope_t *envelope,
                         const wire_message_t *message)
{
    outbox_write (registrar->to_storage, bytes_of (NULL, 0), envelope, message);
}

static bool is_somebodys (const envelope_t *envelope)
{
    return envelope->boot != 0;
}

static void answer_waiting (registrar_t *registrar, uint32_t agency,
                            const envelope_t *envelope)
{
    const wire_message_t waiting = {
        .command = WIRE_WAITING,
        .agency = agency,
        .draw = draw_identity (registrar->draw),
        .waiting = {.ready = draw_agencies_ready (registrar->draw),
                    .agencies = draw_agencies (registrar->draw),
                    .day = (uint8_t) draw_day (registrar->draw, agency)}};
    outbox_answer (registrar->to_brokers, envelope, &waiting);
}

static void answer_goodbye (registrar_t *registrar, uint32_t agency,
                            const envelope_t *envelope)
{
    const wire_message_t goodbye = {.command = WIRE_GOODBYE,
                                    .agency = agency,
                                    .draw = draw_identity (registrar->draw)};
    outbox_answer (registrar->to_brokers, envelope, &goodbye);
    registrar->done = draw_all_served (registrar->draw);
}

static void refuse (registrar_t *registrar, const request_t *request, wire_code_t code)
{
    wire_message_t refusal = wire_refusal (&request->message, code, NULL);
    if (code == REFUSED_TALLY)
        refusal.refused.expected =
            draw_count (registrar->draw, request->message.agency);
    outbox_answer (registrar->to_brokers, &request->envelope, &refusal);
}
