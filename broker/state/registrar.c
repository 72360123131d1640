/* registrar.c - what state does with each request. */

#include "registrar.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "logger.h"

typedef struct { // an agency's question that waits for the draw: whom to answer
    bool open;
    envelope_t envelope;
} question_t;

struct registrar {
    draw_t *draw;       // borrowed
    journal_t *journal; // borrowed
    outbox_t *answers, *to_storage;
    question_t **questions; // by agency
    bool done;
    bool told_other; // the log, that storage is another draw's
    int64_t now_ms;
    logger_limit_t no_space; // every question for the draw tries again
    int error; // errno of a journal that failed, and not for want of space
    uint64_t strays;
};

typedef struct { // one request, or what storage says to one, and whom to answer
    envelope_t envelope;
    bytes_t encoded;
    wire_message_t message;
} request_t;

static void take_hello (registrar_t *registrar, request_t *request);
static uint32_t fair_window (const draw_t *draw, const wire_limits_t *limits);
static void take_ready (registrar_t *registrar, request_t *request);
static void take_results (registrar_t *registrar, request_t *request);
static void take_done (registrar_t *registrar, request_t *request);
static void take_sealed (registrar_t *registrar, request_t *request);
static bool other_storage (registrar_t *registrar, request_t *request, uint64_t draw);
static void make_draw (registrar_t *registrar);
static void log_no_space (registrar_t *registrar);
static void remember (registrar_t *registrar, const request_t *request);
static void answer_question (registrar_t *registrar, uint32_t agency);
static void ask_find (registrar_t *registrar, const request_t *request,
                      uint64_t cursor);
static void ask_storage (registrar_t *registrar, const request_t *request,
                         const wire_message_t *message);
static void answer (registrar_t *registrar, const request_t *request,
                    const wire_message_t *message);
static void answer_waiting (registrar_t *registrar, const request_t *request);
static void refuse (registrar_t *registrar, const request_t *request, wire_code_t code);
static uint8_t command_of_agency (uint8_t command);
static int record (registrar_t *registrar, const draw_record_t *event);

typedef void (handler_fn) (registrar_t *registrar, request_t *request);

static handler_fn *const request_handlers[] = {
    [WIRE_HELLO] = take_hello,
    [WIRE_READY] = take_ready,
    [WIRE_RESULTS] = take_results,
    [WIRE_DONE] = take_done,
};

static handler_fn *const answer_handlers[] = {
    [WIRE_SEALED] = take_sealed,
};

static void take_bundle (registrar_t *registrar, bytes_t bundle,
                         handler_fn *const *handlers, size_t handlers_count);

registrar_t *registrar_new (draw_t *draw, journal_t *journal)
{
    assert (draw_opened (draw));
    registrar_t *registrar = calloc (1, sizeof *registrar);
    assert (registrar);
    registrar->draw = draw;
    registrar->journal = journal;
    registrar->answers = outbox_new ();
    registrar->to_storage = outbox_new ();
    registrar->questions =
        calloc ((size_t) draw_agencies (draw) + 1, sizeof (question_t *));
    assert (registrar->questions);
    // A crash may have come between the last seal and the draw.
    if (draw_due (draw))
        make_draw (registrar);
    return registrar;
}

void registrar_destroy (registrar_t **registrar)
{
    if (*registrar) {
        for (uint32_t i = 1; i <= draw_agencies ((*registrar)->draw); i++)
            free ((*registrar)->questions[i]);
        free ((*registrar)->questions);
        outbox_destroy (&(*registrar)->to_storage);
        outbox_destroy (&(*registrar)->answers);
        free (*registrar);
    }
    *registrar = NULL;
}

void registrar_tick (registrar_t *registrar, int64_t now_ms)
{
    registrar->now_ms = now_ms;
}

void registrar_requests (registrar_t *registrar, bytes_t bundle)
{
    take_bundle (registrar, bundle, request_handlers,
                 sizeof request_handlers / sizeof *request_handlers);
}

void registrar_answers (registrar_t *registrar, bytes_t bundle)
{
    take_bundle (registrar, bundle, answer_handlers,
                 sizeof answer_handlers / sizeof *answer_handlers);
}

int registrar_commit (registrar_t *registrar)
{
    journal_t *journal = registrar->journal;
    if (registrar->error) {
        errno = registrar->error;
        return -1;
    }
    if (journal_count (journal) == journal_synced (journal))
        return 0;
    return journal_write (journal) == -1 ? -1 : journal_sync (journal);
}

outbox_t *registrar_to_brokers (registrar_t *registrar)
{
    return registrar->answers;
}

outbox_t *registrar_to_storage (registrar_t *registrar)
{
    return registrar->to_storage;
}

void registrar_unsent (registrar_t *registrar, bytes_t bundle)
{
    request_t request;
    while (bundle_next (&bundle, &request.envelope, &request.encoded) == 1) {
        const wire_code_t code = wire_decode (request.encoded, &request.message);
        assert (code == REFUSED_OK); // written here
        refuse (registrar, &request, REFUSED_UNAVAILABLE);
    }
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
                         handler_fn *const *handlers, size_t handlers_count)
{
    request_t request;
    int more;
    while ((more = bundle_next (&bundle, &request.envelope, &request.encoded)) == 1) {
        const wire_code_t code = wire_decode (request.encoded, &request.message);
        const uint8_t command = request.message.command;
        if (code != REFUSED_OK || command >= handlers_count || !handlers[command])
            registrar->strays++;
        else
            handlers[command](registrar, &request);
    }
    if (more == -1)
        registrar->strays++;
}

/* Storage knows the next offset; it also learns here that the agency is on the roll. */
static void take_hello (registrar_t *registrar, request_t *request)
{
    const draw_t *draw = registrar->draw;
    const uint32_t agency = request->message.agency;
    if (!draw_on_roll (draw, agency)) {
        refuse (registrar, request, REFUSED_AGENCY);
        return;
    }
    wire_limits_t limits = request->message.hello;
    limits.window = fair_window (draw, &limits);
    const wire_message_t admit = {
        .command = WIRE_ADMIT,
        .agency = agency,
        .welcome = {.draw = draw_identity (draw),
                    .limits = limits,
                    .agencies = draw_agencies (draw),
                    .ready = draw_agencies_ready (draw),
                    .day = (uint8_t) draw_day (draw, agency)}};
    ask_storage (registrar, request, &admit);
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

static void take_ready (registrar_t *registrar, request_t *request)
{
    wire_code_t code;
    const wire_message_t *message = &request->message;
    if (draw_due (registrar->draw))
        make_draw (registrar); // it could not be recorded before
    switch (draw_ready (registrar->draw, message->agency, &message->tally, &code)) {
    case DRAW_REFUSE:
        refuse (registrar, request, code);
        break;
    case DRAW_ASK_SEAL: {
        const wire_message_t seal = {
            .command = WIRE_SEAL, .agency = message->agency, .tally = message->tally};
        remember (registrar, request);
        ask_storage (registrar, request, &seal);
        break;
    }
    case DRAW_WAIT:
        remember (registrar, request);
        answer_waiting (registrar, request);
        break;
    case DRAW_TELL:
        ask_find (registrar, request, 0);
        break;
    }
}

static void take_results (registrar_t *registrar, request_t *request)
{
    const uint32_t agency = request->message.agency;
    if (!draw_on_roll (registrar->draw, agency))
        refuse (registrar, request, REFUSED_AGENCY);
    else if (!draw_made (registrar->draw))
        refuse (registrar, request, REFUSED_UNDRAWN);
    else if (draw_is_other (registrar->draw, request->message.results.draw))
        refuse (registrar, request, REFUSED_DRAW);
    else
        ask_find (registrar, request, request->message.results.cursor);
}

static void take_done (registrar_t *registrar, request_t *request)
{
    const uint32_t agency = request->message.agency;
    if (!draw_on_roll (registrar->draw, agency)) {
        refuse (registrar, request, REFUSED_AGENCY);
        return;
    }
    if (!draw_made (registrar->draw)) {
        refuse (registrar, request, REFUSED_UNDRAWN);
        return;
    }
    if (draw_is_other (registrar->draw, request->message.draw)) {
        refuse (registrar, request, REFUSED_DRAW);
        return;
    }
    const draw_record_t served = {.event = DRAW_SERVED, .agency = agency};
    if (!draw_served (registrar->draw, agency) && record (registrar, &served) == -1) {
        refuse (registrar, request, REFUSED_NOSPACE);
        return;
    }
    const wire_message_t goodbye = {.command = WIRE_GOODBYE, .agency = agency};
    answer (registrar, request, &goodbye);
    registrar->done = draw_all_served (registrar->draw);
}

static void take_sealed (registrar_t *registrar, request_t *request)
{
    const uint32_t agency = request->message.agency;
    const wire_tally_t *tally = &request->message.tally;
    const draw_record_t sealed = {.event = DRAW_SEALED,
                                  .agency = agency,
                                  .count = tally->count,
                                  .identity = tally->draw,
                                  .digest = tally->digest};
    if (!draw_on_roll (registrar->draw, agency) || tally->draw == 0) {
        registrar->strays++;
        return;
    }
    if (other_storage (registrar, request, tally->draw))
        return;
    if (!draw_sealed (registrar->draw, agency)) {
        if (record (registrar, &sealed) == -1) {
            refuse (registrar, request, REFUSED_NOSPACE);
            return;
        }
        logger_event (LOG_INFO, "agencia_lista", LOG_SUCCESS,
                      "agency: %u | cantidad: %llu | ready: %u of %u", agency,
                      (unsigned long long) sealed.count,
                      draw_agencies_ready (registrar->draw),
                      draw_agencies (registrar->draw));
    }
    if (draw_due (registrar->draw))
        make_draw (registrar);
    if (!draw_made (registrar->draw))
        answer_waiting (registrar, request);
}

/* Refuse what storage says when it has another draw's bets than those whose seals are
   recorded here: one of the two was started in the wrong directory. */
static bool other_storage (registrar_t *registrar, request_t *request, uint64_t draw)
{
    if (!draw_is_other (registrar->draw, draw))
        return false;
    if (!registrar->told_other)
        logger_event (
            LOG_ERROR, "conflicto", LOG_FAIL,
            "draw: %016llx | storage: %016llx | reason: draw.journal and "
            "bets.journal are not of one draw; give state and storage the data "
            "directories that belong together",
            (unsigned long long) draw_identity (registrar->draw),
            (unsigned long long) draw);
    registrar->told_other = true;
    refuse (registrar, request, REFUSED_DRAW);
    return true;
}

/* Exactly once: the record is what makes it, and there is only one. If the journal has
   no room the draw stays due, and the next question tries again. */
static void make_draw (registrar_t *registrar)
{
    const draw_record_t drawn = {.event = DRAW_DRAWN};
    if (record (registrar, &drawn) == -1) {
        log_no_space (registrar);
        return;
    }
    logger_event (LOG_INFO, "sorteo", LOG_SUCCESS, "numero: %u",
                  draw_number (registrar->draw));
    for (uint32_t agency = 1; agency <= draw_agencies (registrar->draw); agency++)
        answer_question (registrar, agency);
}

static void log_no_space (registrar_t *registrar)
{
    uint64_t held_back;
    const int error = errno;
    if (logger_limit_allows (&registrar->no_space, registrar->now_ms, &held_back))
        logger_event (LOG_ERROR, "sorteo", LOG_IN_PROGRESS,
                      "reason: no space for draw.journal, %s | not_logged_before: %llu",
                      strerror (error), (unsigned long long) held_back);
}

static void remember (registrar_t *registrar, const request_t *request)
{
    question_t **slot = &registrar->questions[request->message.agency];
    if (!*slot)
        *slot = malloc (sizeof **slot);
    question_t *question = *slot;
    assert (question);
    question->open = true;
    question->envelope = request->envelope;
}

static void answer_question (registrar_t *registrar, uint32_t agency)
{
    question_t *question = registrar->questions[agency];
    if (!question || !question->open)
        return;
    question->open = false;
    const request_t request = {.envelope = question->envelope,
                               .message = {.command = WIRE_READY, .agency = agency}};
    ask_find (registrar, &request, 0);
}

static void ask_find (registrar_t *registrar, const request_t *request, uint64_t cursor)
{
    const uint32_t agency = request->message.agency;
    const wire_message_t find = {.command = WIRE_FIND,
                                 .agency = agency,
                                 .find = {.draw = draw_identity (registrar->draw),
                                          .cursor = cursor,
                                          .count = draw_count (registrar->draw, agency),
                                          .number = draw_number (registrar->draw)}};
    ask_storage (registrar, request, &find);
}

/* What storage finds it answers to the broker: the envelope goes on. */
static void ask_storage (registrar_t *registrar, const request_t *request,
                         const wire_message_t *message)
{
    outbox_write (registrar->to_storage, bytes_of (NULL, 0), &request->envelope,
                  message);
}

static void answer (registrar_t *registrar, const request_t *request,
                    const wire_message_t *message)
{
    outbox_answer (registrar->answers, &request->envelope, message);
}

static void answer_waiting (registrar_t *registrar, const request_t *request)
{
    const wire_message_t waiting = {
        .command = WIRE_WAITING,
        .agency = request->message.agency,
        .waiting = {.ready = draw_agencies_ready (registrar->draw),
                    .agencies = draw_agencies (registrar->draw)}};
    answer (registrar, request, &waiting);
}

static void refuse (registrar_t *registrar, const request_t *request, wire_code_t code)
{
    const char *text = code == REFUSED_AGENCY     ? "the agency is not on the roll"
                       : code == REFUSED_TALLY    ? "it was sealed with another count"
                       : code == REFUSED_CONFLICT ? "it was sealed with other bets"
                       : code == REFUSED_DRAW     ? "that is another draw"
                       : code == REFUSED_UNDRAWN  ? "the draw has not been made"
                       : code == REFUSED_NOSPACE  ? "the central's disk is full"
                                                  : "storage cannot be reached";
    wire_message_t refusal = wire_refusal (&request->message, code, text);
    refusal.refused.command = command_of_agency (request->message.command);
    if (code == REFUSED_TALLY)
        refusal.refused.expected =
            draw_count (registrar->draw, request->message.agency);
    answer (registrar, request, &refusal);
}

/* What state asks of storage it asks in an agency's place: name that agency's own
   command where it is refused. */
static uint8_t command_of_agency (uint8_t command)
{
    switch (command) {
    case WIRE_ADMIT:
        return WIRE_HELLO;
    case WIRE_SEAL:
    case WIRE_SEALED:
        return WIRE_READY;
    case WIRE_FIND:
        return WIRE_RESULTS;
    default:
        return command;
    }
}

/* -1 when there is no space for it. Should the journal fail otherwise the commit will
   say so, and what is answered here never leaves. */
static int record (registrar_t *registrar, const draw_record_t *event)
{
    uint8_t payload[JOURNAL_PAYLOAD_BYTES];
    if (journal_reserve (registrar->journal, 1) == -1) {
        if (!file_full (errno))
            registrar->error = errno;
        return -1;
    }
    const int rc = draw_apply (registrar->draw, event);
    assert (rc == 0); // asked for only where the draw allows it
    draw_put_record (payload, event);
    journal_append (registrar->journal, payload);
    return 0;
}
