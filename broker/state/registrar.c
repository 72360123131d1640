/* registrar.c - what state does with what it is told: whose affair a request is, and
   what storage says has happened. What agencies say is in registrar_hello.c and
   registrar_agencies.c. */

#include "registrar_state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deadline.h"
#include "draw_lines.h"
#include "listing.h"
#include "logger.h"
#include "note.h"

static void take_bundle (registrar_t *registrar, bytes_t bundle,
                         const handler_t *handlers);
static int take_order (void *self, void *asked);
static int take_list (void *self, void *asked);
static int take_question (void *self, void *asked);
static void refuse_operator (registrar_t *registrar, const request_t *request,
                             wire_code_t code, const char *text);
static int take_registered (void *self, void *asked);
static int take_event (void *self, void *asked);
static int take_winners (void *self, void *asked);
static int take_staked (void *self, void *asked);
static int take_awarded (void *self, void *asked);
static void happened (registrar_t *registrar, live_t *live,
                      const wire_recorded_t *recorded, bool following);
static void answer_event (registrar_t *registrar, live_t *live,
                          const request_t *request);
static int take_refused (void *self, void *asked);
static void pass_on (registrar_t *registrar, const request_t *request);
static void log_no_space (registrar_t *registrar, uint64_t draw);
static void pursue (registrar_t *registrar);
static registrar_stage_t stage_of (const registrar_t *registrar);
static bool is_somebodys (const envelope_t *envelope);

static const handler_t request_handlers[] = {{WIRE_HELLO, registrar_take_hello},
                                             {WIRE_READY, registrar_take_ready},
                                             {WIRE_COMMIT, registrar_take_commit},
                                             {WIRE_REVEAL, registrar_take_reveal},
                                             {WIRE_RESULTS, registrar_take_results},
                                             {WIRE_DONE, registrar_take_done},
                                             {0}};

static const handler_t answer_handlers[] = {{WIRE_REGISTERED, take_registered},
                                            {WIRE_EVENT, take_event},
                                            {WIRE_WINNERS, take_winners},
                                            {WIRE_STAKED, take_staked},
                                            {WIRE_AWARDED, take_awarded},
                                            {WIRE_REFUSED, take_refused},
                                            {0}};

static const handler_t operator_handlers[] = {{WIRE_ORDER, take_order},
                                              {WIRE_LIST, take_list},
                                              {WIRE_LOOKUP, take_question},
                                              {WIRE_RESULTS, take_question},
                                              {0}};

registrar_t *registrar_new (const registrar_options_t *options)
{
    registrar_t *registrar = calloc (1, sizeof *registrar);
    assert (registrar);
    registrar->draws = draws_new (options->draws_kept);
    registrar->follower =
        follower_new (options->own, registrar->draws, &options->chance);
    registrar->openings =
        openings_new (&options->terms, options->closes, options->schedule,
                      registrar->draws, registrar->follower);
    registrar->notary = notary_new (&options->notary, registrar->draws,
                                    registrar->follower, &options->chance);
    registrar->orders =
        orders_new (&options->terms, registrar->draws, registrar->openings,
                    registrar->notary, registrar->follower);
    registrar->questions = questions_new (registrar->draws, registrar->follower,
                                          orders_outbox (registrar->orders));
    registrar->to_brokers = outbox_new ();
    return registrar;
}

void registrar_destroy (registrar_t **registrar)
{
    if (*registrar) {
        questions_destroy (&(*registrar)->questions);
        orders_destroy (&(*registrar)->orders);
        notary_destroy (&(*registrar)->notary);
        openings_destroy (&(*registrar)->openings);
        follower_destroy (&(*registrar)->follower);
        draws_destroy (&(*registrar)->draws);
        outbox_destroy (&(*registrar)->to_brokers);
        free (*registrar);
    }
    *registrar = NULL;
}

void registrar_tick (registrar_t *registrar, int64_t now_ms, uint64_t wall_ms,
                     bool reachable)
{
    registrar->now_ms = now_ms;
    draws_tick (registrar->draws, now_ms);
    follower_tick (registrar->follower, now_ms, wall_ms, reachable);
    openings_tick (registrar->openings, now_ms, wall_ms);
    notary_tick (registrar->notary, now_ms, wall_ms);
    orders_tick (registrar->orders, now_ms, wall_ms);
    questions_tick (registrar->questions, now_ms);
    pursue (registrar);
}

void registrar_doubt (registrar_t *registrar)
{
    if (registrar->stage == REGISTRAR_OPEN)
        follower_doubt (registrar->follower);
    pursue (registrar);
}

int64_t registrar_deadline (const registrar_t *registrar)
{
    if (registrar->stage > REGISTRAR_OPEN)
        return INT64_MAX;
    const bool following = follower_stage (registrar->follower) == FOLLOWER_FOLLOWING;
    const int64_t due[] = {
        follower_deadline (registrar->follower),
        following ? notary_deadline (registrar->notary) : INT64_MAX,
        following ? openings_deadline (registrar->openings) : INT64_MAX,
        orders_deadline (registrar->orders),
        hellos_deadline (&registrar->hellos),
        questions_deadline (registrar->questions),
    };
    return deadline_earliest (due, sizeof due / sizeof *due);
}

bool registrar_wants (const registrar_t *registrar)
{
    return registrar->stage <= REGISTRAR_OPEN &&
           (follower_wants (registrar->follower) ||
            openings_want (registrar->openings) || notary_want (registrar->notary) ||
            orders_want (registrar->orders) || questions_want (registrar->questions));
}

void registrar_requests (registrar_t *registrar, bytes_t bundle)
{
    take_bundle (registrar, bundle, request_handlers);
    draws_forget_unused (registrar->draws);
}

void registrar_operator (registrar_t *registrar, bytes_t peer, bool may,
                         const char *who, bytes_t frame)
{
    request_t request = {.peer = peer, .who = who};
    const wire_code_t code = wire_decode (frame, &request.message);
    const handler_t *handler =
        handler_find (operator_handlers, request.message.command);
    if (!handler)
        registrar->strays++;
    else if (!may)
        refuse_operator (registrar, &request, REFUSED_KEY,
                         "only the key of an operator gives orders here");
    else if (code != REFUSED_OK)
        refuse_operator (registrar, &request, code, NULL);
    else if (registrar->stage != REGISTRAR_OPEN)
        refuse_operator (registrar, &request, REFUSED_UNAVAILABLE,
                         "state has not heard yet from storage how the draws are: try "
                         "again in a moment");
    else
        handler->handle (registrar, &request);
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

outbox_t *registrar_to_operators (registrar_t *registrar)
{
    return orders_outbox (registrar->orders);
}

outbox_t *registrar_to_storage (registrar_t *registrar)
{
    return follower_outbox (registrar->follower);
}

void registrar_storage_unavailable (registrar_t *registrar, bytes_t bundle)
{
    request_t request = {0};
    bytes_t message;
    while (bundle_next (&bundle, &request.envelope, &message) == 1) {
        const wire_code_t code = wire_decode (message, &request.message);
        assert (code == REFUSED_OK); // written here
        const size_t which = hellos_find (&registrar->hellos, &request.envelope);
        if (which < registrar->hellos.count)
            hellos_remove (&registrar->hellos, which);
        if (is_somebodys (&request.envelope))
            registrar_refuse (registrar, &request, REFUSED_UNAVAILABLE, NULL);
    }
}

registrar_stage_t registrar_stage (const registrar_t *registrar)
{
    return registrar->stage;
}

const draws_t *registrar_draws (const registrar_t *registrar)
{
    return registrar->draws;
}

const openings_t *registrar_openings (const registrar_t *registrar)
{
    return registrar->openings;
}

wire_code_t registrar_knows (registrar_t *registrar, uint64_t draw)
{
    live_t *live = draws_find (registrar->draws, draw);
    if (live)
        draws_use (registrar->draws, live);
    return live ? REFUSED_OK : REFUSED_HELLO;
}

uint64_t registrar_epoch (const registrar_t *registrar)
{
    return follower_epoch (registrar->follower);
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
    request_t request = {0};
    bytes_t message;
    int more;
    while ((more = bundle_next (&bundle, &request.envelope, &message)) == 1) {
        const wire_code_t code = wire_decode (message, &request.message);
        const handler_t *handler = handler_find (handlers, request.message.command);
        if (code != REFUSED_OK || !handler)
            registrar->strays++;
        else if (handlers == request_handlers && registrar->stage != REGISTRAR_OPEN)
            registrar_refuse (registrar, &request, REFUSED_UNAVAILABLE, NULL);
        else if (registrar->stage <= REGISTRAR_OPEN)
            handler->handle (registrar, &request);
    }
    if (more == -1)
        registrar->strays++;
}

static int take_order (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    wire_message_t message = request->message;
    char note[NOTE_BYTES_MAX + 1] = "";
    put_bytes ((uint8_t *) note, message.order.note);
    if (request->who[0])
        note_sign (note, request->who);
    message.order.note = bytes_of (note, strlen (note));
    orders_take (registrar->orders, request->peer, &message);
    return 0;
}

static int take_list (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    listing_tell (registrar->draws, registrar->openings, request->message.from,
                  request->peer, orders_outbox (registrar->orders));
    return 0;
}

static int take_question (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    questions_take (registrar->questions, request->peer, &request->message);
    return 0;
}

static void refuse_operator (registrar_t *registrar, const request_t *request,
                             wire_code_t code, const char *text)
{
    const envelope_t nobodys = {0};
    const wire_message_t refusal = wire_refusal (&request->message, code, text);
    logger_event_limited (
        &registrar->no_operator, registrar->now_ms, LOG_WARNING, "orden", LOG_FAIL,
        "order: %s | code: %s | by: %s | reason: %s",
        request->message.command == WIRE_ORDER
            ? wire_order_name (request->message.order.order)
        : request->message.command == WIRE_LIST ? "list"
                                                : "question",
        wire_code_name ((uint16_t) code), *request->who ? request->who : "-",
        text ? text : "unreadable");
    outbox_write (orders_outbox (registrar->orders), request->peer, &nobodys, &refusal);
}

static int take_registered (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    if (!follower_registered (registrar->follower, &request->message))
        registrar->strays++;
    return 0;
}

/* As a record's answer, which says in its envelope for whom it was recorded; of a
   replay; or unasked. */
static int take_event (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    bool news, strange;
    const bool following = follower_stage (registrar->follower) == FOLLOWER_FOLLOWING;
    live_t *live =
        follower_event (registrar->follower, &request->message, &news, &strange);
    registrar->strays += strange;
    registrar->stage = stage_of (registrar);
    if (!live || registrar->stage > REGISTRAR_OPEN)
        return 0;
    if (news)
        happened (registrar, live, &request->message.recorded, following);
    if (questions_are_in (&request->envelope))
        questions_answered (registrar->questions, &request->envelope,
                            &request->message);
    else if (news || is_somebodys (&request->envelope))
        answer_event (registrar, live, request);
    return 0;
}

/* An agency's are told by storage itself. */
static int take_winners (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    if (questions_are_in (&request->envelope))
        questions_answered (registrar->questions, &request->envelope,
                            &request->message);
    else
        registrar->strays++;
    return 0;
}

static int take_staked (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    registrar->strays += !notary_staked (registrar->notary, &request->message);
    return 0;
}

static int take_awarded (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    registrar->strays += !notary_awarded (registrar->notary, &request->message);
    return 0;
}

/* What is replayed at the start, or of a draw that was looked up, was told when it
   happened; but that it was closed, and is not drawn, may not have been: the clock
   closes it while state is away, too. */
static void happened (registrar_t *registrar, live_t *live,
                      const wire_recorded_t *recorded, bool following)
{
    const bool current = live_up_to_date (live);
    const bool closed = draw_facts (live->draw)->phase == PHASE_CLOSED;
    if (current && following)
        draw_lines_event (live->draw, &recorded->event);
    if (current && closed && !live->closed_told)
        draw_lines_closed (live->draw);
    live->closed_told |= current && closed;
    orders_event (registrar->orders, live, &recorded->event);
    if (registrar->stage == REGISTRAR_OPEN && draw_over (live->draw))
        registrar->done = draws_over (registrar->draws);
}

/* Whoever asked for it. Of a replayed one it is not known who that was, but an agency's
   last question is. */
static void answer_event (registrar_t *registrar, live_t *live,
                          const request_t *request)
{
    const wire_event_t *event = &request->message.recorded.event;
    const bool replayed = !is_somebodys (&request->envelope);
    switch (event->kind) {
    case EVENT_SEALED:
    case EVENT_ENDED:
    case EVENT_COMMITTED:
    case EVENT_REVEALED:
        if (!draw_on_roll (live->draw, event->agency))
            break;
        if (!replayed)
            live_ask (live, event->agency, &request->envelope);
        if (!draw_due (live->draw)) // else it is told more in a moment
            registrar_answer_question (registrar, live, event->agency);
        break;
    case EVENT_DRAWN: // of a provable draw there is more to come
    case EVENT_VOIDED:
    case EVENT_LOCKED: // who waits is to reveal
    case EVENT_ATTESTED:
    case EVENT_PUBLISHED:
        if (event->kind != EVENT_DRAWN || draw_told (live->draw))
            registrar_answer_questions (registrar, live);
        break;
    case EVENT_SERVED:
        if (!replayed)
            registrar_answer_goodbye (registrar, live, event->agency,
                                      &request->envelope);
        break;
    }
}

/* What was asked for an agency was refused to the agency, but for what is state's to
   tell. */
static int take_refused (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    const wire_refused_t *refused = &request->message.refused;
    const bool agencys = is_somebodys (&request->envelope);
    if (refused->code == REFUSED_NOSPACE)
        log_no_space (registrar, request->message.draw);
    if (agencys && refused->command == WIRE_LOOKUP &&
        refused->code != REFUSED_SUPERSEDED)
        pass_on (registrar, request);
    else if (questions_are_in (&request->envelope) &&
             refused->code != REFUSED_SUPERSEDED)
        questions_answered (registrar->questions, &request->envelope,
                            &request->message);
    else if ((agencys || (!openings_refused (registrar->openings, &request->message) &&
                          !orders_refused (registrar->orders, &request->message))) &&
             !follower_refused (registrar->follower, &request->message))
        registrar->strays++;
    registrar->stage = stage_of (registrar);
    return 0;
}

/* Of the draw that it looked for: that there is none, and which there are; or what
   storage says is wrong with it. */
static void pass_on (registrar_t *registrar, const request_t *request)
{
    char names[DRAWS_NAMES_BYTES], text[REFUSAL_TEXT_MAX + 1];
    const wire_refused_t *refused = &request->message.refused;
    const wire_code_t code = refused->code;
    const hello_t hello = {.envelope = request->envelope,
                           .agency = request->message.agency};
    const size_t which = hellos_find (&registrar->hellos, &request->envelope);
    if (which == registrar->hellos.count)
        return; // it asks again, or waits no more
    hellos_remove (&registrar->hellos, which);
    draws_names (registrar->draws, names);
    snprintf (text, sizeof text, "%.*s", (int) refused->text.size,
              (const char *) refused->text.data);
    const char *usual = wire_code_text ((uint16_t) code);
    const bool none = code == REFUSED_DRAW && usual && strcmp (text, usual) == 0;
    registrar_refuse_hello (registrar, &hello, code, none ? names : text);
}

static void log_no_space (registrar_t *registrar, uint64_t draw)
{
    const live_t *live = draws_find (registrar->draws, draw);
    const bool due = live && draw_due (live->draw);
    logger_event_limited (&registrar->no_space, registrar->now_ms, LOG_ERROR,
                          due ? "sorteo" : "estado", LOG_IN_PROGRESS,
                          "draw: %s | reason: storage's disk is full",
                          live ? draw_facts (live->draw)->name : "unknown");
}

static void pursue (registrar_t *registrar)
{
    if (registrar->stage <= REGISTRAR_OPEN) {
        follower_pursue (registrar->follower);
        if (follower_stage (registrar->follower) == FOLLOWER_FOLLOWING) {
            openings_pursue (registrar->openings);
            notary_pursue (registrar->notary);
            orders_pursue (registrar->orders);
            questions_pursue (registrar->questions);
        }
        registrar_pursue_hellos (registrar);
        draws_forget_unused (registrar->draws);
    }
    registrar->stage = stage_of (registrar);
}

static registrar_stage_t stage_of (const registrar_t *registrar)
{
    static const registrar_stage_t own[] = {
        [OWN_WANTED] = REGISTRAR_STARTING,
        [OWN_SETTLED] = REGISTRAR_OPEN,
        [OWN_OTHER_AGENCIES] = REGISTRAR_OTHER_AGENCIES,
        [OWN_OTHER_SOURCE] = REGISTRAR_OTHER_SOURCE,
        [OWN_OTHER_NUMBER] = REGISTRAR_OTHER_NUMBER};
    switch (follower_stage (registrar->follower)) {
    case FOLLOWER_STARTING:
        return REGISTRAR_STARTING;
    case FOLLOWER_FOLLOWING:
        return own[openings_own (registrar->openings)];
    case FOLLOWER_SUPERSEDED:
        return REGISTRAR_SUPERSEDED;
    case FOLLOWER_OTHER_LOG:
        return REGISTRAR_OTHER_LOG;
    case FOLLOWER_IMPOSSIBLE:
        break;
    }
    return REGISTRAR_IMPOSSIBLE;
}

static bool is_somebodys (const envelope_t *envelope)
{
    return envelope->boot != 0;
}
