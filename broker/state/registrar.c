/* registrar.c - what state does with each request, and with storage's answers. */

#include "registrar.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deadline.h"
#include "draw_lines.h"
#include "handler.h"
#include "hellos.h"
#include "listing.h"
#include "logger.h"
#include "note.h"

struct registrar {
    registrar_stage_t stage;
    draws_t *draws;
    follower_t *follower;
    openings_t *openings;
    notary_t *notary;
    orders_t *orders;
    questions_t *questions;
    hellos_t hellos; // that wait
    outbox_t *to_brokers;
    bool done;
    int64_t now_ms;
    logger_limit_t no_space, no_operator, no_key;
    uint64_t strays;
};

typedef struct { // one message; whom to answer
    envelope_t envelope;
    wire_message_t message;
    bytes_t peer;    // of an operator
    const char *who; // he is, as far as is known
} request_t;

typedef void (record_fn) (registrar_t *registrar, const request_t *request,
                          const live_t *live);

static void take_bundle (registrar_t *registrar, bytes_t bundle,
                         const handler_t *handlers);
static int take_hello (void *self, void *asked);
static live_t *draw_meant (registrar_t *registrar, const request_t *request);
static bool lets_in (const live_t *live);
static void wait_for (registrar_t *registrar, const request_t *request, bytes_t name);
static void look_up (registrar_t *registrar, const request_t *request);
static void admit (registrar_t *registrar, const hello_t *hello, live_t *live);
static uint32_t fair_window (const registrar_t *registrar, live_t *live,
                             uint32_t agency, const wire_limits_t *limits);
static live_t *draw_spoken_of (registrar_t *registrar, const request_t *request);
static int take_ready (void *self, void *asked);
static void record_end (registrar_t *registrar, const request_t *request,
                        const live_t *live);
static int take_commit (void *self, void *asked);
static void record_receipt (registrar_t *registrar, const request_t *request,
                            const live_t *live);
static int take_reveal (void *self, void *asked);
static void record_reveal (registrar_t *registrar, const request_t *request,
                           const live_t *live);
static void record_paper (registrar_t *registrar, const request_t *request,
                          const live_t *live, wire_event_t event, char *paper,
                          size_t size, const char *why);
static void do_as (registrar_t *registrar, const request_t *request, live_t *live,
                   draw_answer_t what, wire_code_t code, record_fn *record);
static int take_results (void *self, void *asked);
static int take_done (void *self, void *asked);
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
static void answer_question (registrar_t *registrar, live_t *live, uint32_t agency);
static void answer_questions (registrar_t *registrar, live_t *live);
static int take_refused (void *self, void *asked);
static void pass_on (registrar_t *registrar, const request_t *request);
static void log_no_space (registrar_t *registrar, uint64_t draw);
static void pursue (registrar_t *registrar);
static void pursue_hellos (registrar_t *registrar);
static registrar_stage_t stage_of (const registrar_t *registrar);
static void ask_find (registrar_t *registrar, const envelope_t *envelope,
                      const live_t *live, uint32_t agency, uint64_t cursor);
static bool is_somebodys (const envelope_t *envelope);
static void answer_waiting (registrar_t *registrar, const live_t *live, uint32_t agency,
                            const envelope_t *envelope);
static void answer_goodbye (registrar_t *registrar, const live_t *live, uint32_t agency,
                            const envelope_t *envelope);
static void refuse (registrar_t *registrar, const request_t *request, wire_code_t code,
                    const char *text);
static void refuse_hello (registrar_t *registrar, const hello_t *hello,
                          wire_code_t code, const char *text);
static void refuse_by_draw (registrar_t *registrar, const request_t *request,
                            const live_t *live, wire_code_t code);
static void say_phase (const request_t *request, const live_t *live,
                       char text[REFUSAL_TEXT_MAX + 1]);

static const handler_t request_handlers[] = {{WIRE_HELLO, take_hello},
                                             {WIRE_READY, take_ready},
                                             {WIRE_COMMIT, take_commit},
                                             {WIRE_REVEAL, take_reveal},
                                             {WIRE_RESULTS, take_results},
                                             {WIRE_DONE, take_done},
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
            refuse (registrar, &request, REFUSED_UNAVAILABLE, NULL);
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
            refuse (registrar, &request, REFUSED_UNAVAILABLE, NULL);
        else if (registrar->stage <= REGISTRAR_OPEN)
            handler->handle (registrar, &request);
    }
    if (more == -1)
        registrar->strays++;
}

static int take_hello (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    const hello_t hello = {.envelope = request->envelope,
                           .agency = request->message.agency,
                           .limits = request->message.hello.limits};
    live_t *live = draw_meant (registrar, request);
    if (live)
        admit (registrar, &hello, live);
    return 0;
}

/* The draw that a HELLO names, or means. NULL: it was answered, or waits. */
static live_t *draw_meant (registrar_t *registrar, const request_t *request)
{
    char names[DRAWS_NAMES_BYTES];
    const bytes_t name = request->message.hello.name;
    live_t *live = name.size > 0 ? draws_named (registrar->draws, name)
                                 : draws_meant (registrar->draws);
    if (live && lets_in (live))
        return live;
    if (live) {
        const char *its = draw_facts (live->draw)->name;
        wait_for (registrar, request, bytes_of (its, strlen (its)));
    } else if (name.size > 0) {
        wait_for (registrar, request, name);
        look_up (registrar, request);
    } else {
        draws_names (registrar->draws, names);
        refuse (registrar, request, REFUSED_DRAW, names);
    }
    return NULL;
}

/* All is known of it; and of a provable draw there is the open note, so that O can be
   told before anything is sold. */
static bool lets_in (const live_t *live)
{
    return live_up_to_date (live) &&
           (draw_noted (live->draw) || draw_finished (live->draw));
}

static void wait_for (registrar_t *registrar, const request_t *request, bytes_t name)
{
    hello_t hello = {.envelope = request->envelope,
                     .agency = request->message.agency,
                     .limits = request->message.hello.limits,
                     .end_ms = registrar->now_ms + HELLO_PATIENCE_MS};
    assert (name.size < sizeof hello.name); // wire.h sees to it
    put_bytes ((uint8_t *) hello.name, name);
    if (!hellos_keep (&registrar->hellos, &hello))
        refuse (registrar, request, REFUSED_BUSY, NULL);
}

/* It may be one that was over long ago, which storage still has. */
static void look_up (registrar_t *registrar, const request_t *request)
{
    const wire_message_t lookup = {
        .command = WIRE_LOOKUP,
        .agency = request->message.agency,
        .lookup = {.epoch = follower_epoch (registrar->follower),
                   .name = request->message.hello.name}};
    follower_ask (registrar->follower, &request->envelope, &lookup);
}

/* Storage knows the next offset, and answers; it also learns here that the agency is on
   the roll. */
static void admit (registrar_t *registrar, const hello_t *hello, live_t *live)
{
    const draw_facts_t *facts = draw_facts (live->draw);
    const uint32_t agency = hello->agency;
    draws_use (registrar->draws, live);
    if (!draw_on_roll (live->draw, agency)) {
        refuse_hello (registrar, hello, REFUSED_AGENCY, NULL);
        return;
    }
    wire_limits_t limits = hello->limits;
    const provable_t *provable = draw_provable (live->draw);
    limits.window = fair_window (registrar, live, agency, &limits);
    wire_message_t message = {
        .command = WIRE_ADMIT,
        .agency = agency,
        .draw = facts->identity,
        .welcome = {.epoch = follower_epoch (registrar->follower),
                    .limits = limits,
                    .agencies = facts->agencies,
                    .ready = provable ? facts->asked : facts->complete,
                    .day = (uint8_t) draw_day (live->draw, agency),
                    .highest = facts->highest,
                    .closes_ms = facts->closes_ms,
                    .name = bytes_of (facts->name, strlen (facts->name))}};
    if (provable && provable_hash (provable))
        memcpy (message.welcome.open, provable_hash (provable)->of,
                sizeof message.welcome.open);
    follower_ask (registrar->follower, &hello->envelope, &message);
}

/* An equal share of what all agencies may have under way, at least one batch; and more
   for who is there, as long as there is something left of what is lent: of many rolls
   only a few may sell at a time. */
static uint32_t fair_window (const registrar_t *registrar, live_t *live,
                             uint32_t agency, const wire_limits_t *limits)
{
    const draw_facts_t *facts = draw_facts (live->draw);
    const uint32_t message_bytes =
        limits->message_bytes_max ? limits->message_bytes_max : MESSAGE_BYTES_MAX;
    const uint32_t window = limits->window ? limits->window : WINDOW_MAX;
    uint64_t agencies = draws_agencies (registrar->draws);
    if (facts->phase != PHASE_OPEN)
        agencies += facts->agencies;
    uint64_t share = UNDER_WAY_BYTES_MAX / (agencies * message_bytes);
    share = share > 0 ? share : 1;
    live_lend (live, agency, 0);
    if (window <= share)
        return window;
    const uint64_t left = LENT_BYTES_MAX - draws_lent (registrar->draws);
    const uint64_t more = left / LENT_PART / message_bytes;
    const uint32_t lent =
        more < window - share ? (uint32_t) more : window - (uint32_t) share;
    if (facts->phase == PHASE_OPEN)
        live_lend (live, agency, lent * message_bytes);
    return (uint32_t) share + lent;
}

/* The draw of a request that has it in its header. NULL: it was answered. Who speaks of
   one that is not known, or not any more, says HELLO with its name. */
static live_t *draw_spoken_of (registrar_t *registrar, const request_t *request)
{
    live_t *live = draws_find (registrar->draws, request->message.draw);
    if (live && live_up_to_date (live)) {
        draws_use (registrar->draws, live);
        return live;
    }
    refuse (registrar, request, live ? REFUSED_BUSY : REFUSED_HELLO, NULL);
    return NULL;
}

static int take_ready (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    wire_code_t code;
    live_t *live = draw_spoken_of (registrar, request);
    if (!live)
        return 0;
    const draw_answer_t what = draw_ready (live->draw, request->message.agency,
                                           &request->message.tally, &code);
    do_as (registrar, request, live, what, code, record_end);
    return 0;
}

/* In a provable draw it only ends the agency's sale, and COMMIT follows. */
static void record_end (registrar_t *registrar, const request_t *request,
                        const live_t *live)
{
    const wire_tally_t *tally = &request->message.tally;
    const wire_event_t ended = {.kind = draw_provable (live->draw) ? EVENT_ENDED
                                                                   : EVENT_SEALED,
                                .agency = request->message.agency,
                                .count = tally->count,
                                .digest = tally->digest,
                                .cancelled = tally->cancelled};
    follower_record (registrar->follower, &request->envelope, live, &ended);
}

static int take_commit (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    wire_code_t code;
    live_t *live = draw_spoken_of (registrar, request);
    if (!live)
        return 0;
    const draw_answer_t what = draw_commit (live->draw, request->message.agency, &code);
    do_as (registrar, request, live, what, code, record_receipt);
    return 0;
}

static void record_receipt (registrar_t *registrar, const request_t *request,
                            const live_t *live)
{
    char why[PROVABLE_WHY_BYTES];
    size_t size;
    const wire_commit_t *commit = &request->message.commit;
    const provable_t *provable = draw_provable (live->draw);
    const operator_t *by = notary_operator (registrar->notary);
    // not the agency's fault
    if (!provable_signed_by (provable, by, why)) {
        logger_event_limited (&registrar->no_key, registrar->now_ms, LOG_ERROR, "notas",
                              LOG_IN_PROGRESS,
                              "draw: %s | reason: %s | consequence: nobody can commit",
                              draw_facts (live->draw)->name, why);
        refuse (registrar, request, REFUSED_UNAVAILABLE, why);
        return;
    }
    char *paper = provable_receipt_paper (provable, by, request->message.agency, commit,
                                          &size, why);
    const wire_event_t committed = {.kind = EVENT_COMMITTED,
                                    .agency = request->message.agency,
                                    .count = commit->tally.count,
                                    .digest = commit->tally.digest,
                                    .cancelled = commit->tally.cancelled};
    record_paper (registrar, request, live, committed, paper, size, why);
}

static int take_reveal (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    wire_code_t code;
    live_t *live = draw_spoken_of (registrar, request);
    if (!live)
        return 0;
    const draw_answer_t what = draw_reveal (live->draw, request->message.agency, &code);
    do_as (registrar, request, live, what, code, record_reveal);
    return 0;
}

static void record_reveal (registrar_t *registrar, const request_t *request,
                           const live_t *live)
{
    char why[PROVABLE_WHY_BYTES];
    size_t size;
    const provable_t *provable = draw_provable (live->draw);
    const wire_reveal_t *reveal = &request->message.reveal;
    const wire_event_t revealed = {.kind = EVENT_REVEALED,
                                   .agency = request->message.agency};
    if (memcmp (reveal->seal, provable_seal (provable)->of, sizeof reveal->seal) != 0) {
        refuse (registrar, request, REFUSED_ROOT, "the draw's seal is another one");
        return;
    }
    char *paper =
        provable_reveal_paper (provable, request->message.agency, reveal, &size, why);
    record_paper (registrar, request, live, revealed, paper, size, why);
}

/* Which is freed; NULL: what the agency has signed does not hold. */
static void record_paper (registrar_t *registrar, const request_t *request,
                          const live_t *live, wire_event_t event, char *paper,
                          size_t size, const char *why)
{
    if (!paper) {
        refuse (registrar, request, REFUSED_NOTE, why);
        return;
    }
    event.text = bytes_of (paper, size);
    follower_record (registrar->follower, &request->envelope, live, &event);
    free (paper);
}

/* What the draw makes of READY, COMMIT or REVEAL: `record` is for what is new. */
static void do_as (registrar_t *registrar, const request_t *request, live_t *live,
                   draw_answer_t what, wire_code_t code, record_fn *record)
{
    const uint32_t agency = request->message.agency;
    if (what == DRAW_REFUSE) {
        refuse_by_draw (registrar, request, live, code);
        return;
    }
    live_ask (live, agency, &request->envelope); // the latest is the one to tell
    live_lend (live, agency, 0);                 // it has nothing under way any more
    if (what == DRAW_RECORD)
        record (registrar, request, live);
    else
        answer_question (registrar, live, agency);
}

/* Who asks before the draw is told when it is made, as after READY; his sale goes on.
 */
static int take_results (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    wire_code_t code;
    const uint32_t agency = request->message.agency;
    live_t *live = draw_spoken_of (registrar, request);
    if (!live)
        return 0;
    switch (draw_results (live->draw, agency, &code)) {
    case DRAW_TELL:
        ask_find (registrar, &request->envelope, live, agency, request->message.cursor);
        break;
    case DRAW_WAIT:
        live_ask (live, agency, &request->envelope);
        answer_waiting (registrar, live, agency, &request->envelope);
        break;
    default:
        refuse_by_draw (registrar, request, live, code);
    }
    return 0;
}

static int take_done (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    const uint32_t agency = request->message.agency;
    const wire_event_t served = {.kind = EVENT_SERVED, .agency = agency};
    live_t *live = draw_spoken_of (registrar, request);
    if (!live)
        return 0;
    const wire_code_t code = draw_done (live->draw, agency);
    if (code != REFUSED_OK)
        refuse_by_draw (registrar, request, live, code);
    else if (draw_served (live->draw, agency))
        answer_goodbye (registrar, live, agency, &request->envelope);
    else
        follower_record (registrar->follower, &request->envelope, live, &served);
    return 0;
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
            answer_question (registrar, live, event->agency);
        break;
    case EVENT_DRAWN: // of a provable draw there is more to come
    case EVENT_VOIDED:
    case EVENT_LOCKED: // who waits is to reveal
    case EVENT_ATTESTED:
    case EVENT_PUBLISHED:
        if (event->kind != EVENT_DRAWN || draw_told (live->draw))
            answer_questions (registrar, live);
        break;
    case EVENT_SERVED:
        if (!replayed)
            answer_goodbye (registrar, live, event->agency, &request->envelope);
        break;
    }
}

/* What an agency asked last: it is kept until the draw is made, or void. */
static void answer_question (registrar_t *registrar, live_t *live, uint32_t agency)
{
    request_t request = {.message = {.command = WIRE_READY,
                                     .agency = agency,
                                     .draw = draw_facts (live->draw)->identity}};
    if (!live_question (live, agency))
        return;
    request.envelope = *live_question (live, agency);
    if (!draw_finished (live->draw)) {
        answer_waiting (registrar, live, agency, &request.envelope);
        return;
    }
    if (draw_told (live->draw))
        ask_find (registrar, &request.envelope, live, agency, 0);
    else
        refuse_by_draw (registrar, &request, live, REFUSED_VOID);
    live_answered (live, agency);
}

static void answer_questions (registrar_t *registrar, live_t *live)
{
    const uint32_t agencies = draw_facts (live->draw)->agencies;
    for (uint32_t agency = 1; agency <= agencies && live->questions > 0; agency++)
        answer_question (registrar, live, agency);
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
    refuse_hello (registrar, &hello, code, none ? names : text);
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
        pursue_hellos (registrar);
        draws_forget_unused (registrar->draws);
    }
    registrar->stage = stage_of (registrar);
}

/* Whose draw is there now, or was not found in time. */
static void pursue_hellos (registrar_t *registrar)
{
    for (size_t i = registrar->hellos.count; i-- > 0;) {
        const hello_t hello = registrar->hellos.hello[i];
        live_t *live =
            draws_named (registrar->draws, bytes_of (hello.name, strlen (hello.name)));
        const bool there = live && lets_in (live);
        if (!there && registrar->now_ms < hello.end_ms)
            continue;
        hellos_remove (&registrar->hellos, i);
        if (there)
            admit (registrar, &hello, live);
        else
            refuse_hello (registrar, &hello, REFUSED_BUSY, NULL);
    }
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

static void ask_find (registrar_t *registrar, const envelope_t *envelope,
                      const live_t *live, uint32_t agency, uint64_t cursor)
{
    const wire_message_t find = {.command = WIRE_FIND,
                                 .agency = agency,
                                 .draw = draw_facts (live->draw)->identity,
                                 .find = {.epoch = follower_epoch (registrar->follower),
                                          .cursor = cursor,
                                          .count = draw_count (live->draw, agency),
                                          .number = draw_number (live->draw)}};
    follower_ask (registrar->follower, envelope, &find);
}

static bool is_somebodys (const envelope_t *envelope)
{
    return envelope->boot != 0;
}

static void answer_waiting (registrar_t *registrar, const live_t *live, uint32_t agency,
                            const envelope_t *envelope)
{
    const draw_facts_t *facts = draw_facts (live->draw);
    wire_message_t waiting = {
        .command = WIRE_WAITING,
        .agency = agency,
        .draw = facts->identity,
        .waiting = {.day = (uint8_t) draw_day (live->draw, agency)}};
    if (waiting.waiting.day == DAY_SEALED && draw_ended (live->draw, agency))
        waiting.waiting.day = DAY_ENDED;
    draw_progress (live->draw, &waiting.waiting.ready, &waiting.waiting.agencies);
    draw_missing (live->draw, waiting.waiting.missing);
    outbox_answer (registrar->to_brokers, envelope, &waiting);
}

static void answer_goodbye (registrar_t *registrar, const live_t *live, uint32_t agency,
                            const envelope_t *envelope)
{
    const wire_message_t goodbye = {.command = WIRE_GOODBYE,
                                    .agency = agency,
                                    .draw = draw_facts (live->draw)->identity};
    outbox_answer (registrar->to_brokers, envelope, &goodbye);
    registrar->done = draws_over (registrar->draws);
}

/* NULL: what the code means. */
static void refuse (registrar_t *registrar, const request_t *request, wire_code_t code,
                    const char *text)
{
    wire_message_t refusal = wire_refusal (&request->message, code, text);
    if (request->message.command == WIRE_LOOKUP)
        refusal.refused.command = WIRE_HELLO; // that is what brought it about
    outbox_answer (registrar->to_brokers, &request->envelope, &refusal);
}

static void refuse_hello (registrar_t *registrar, const hello_t *hello,
                          wire_code_t code, const char *text)
{
    const request_t request = {
        .envelope = hello->envelope,
        .message = {.command = WIRE_HELLO, .agency = hello->agency}};
    refuse (registrar, &request, code, text);
}

static void refuse_by_draw (registrar_t *registrar, const request_t *request,
                            const live_t *live, wire_code_t code)
{
    const char *note = draw_facts (live->draw)->note;
    char text[REFUSAL_TEXT_MAX + 1] = "";
    if (code == REFUSED_PHASE)
        say_phase (request, live, text);
    else if (code == REFUSED_VOID)
        put_bytes ((uint8_t *) text, note_reason (bytes_of (note, strlen (note))));
    wire_message_t refusal =
        wire_refusal (&request->message, code, text[0] ? text : NULL);
    if (code == REFUSED_TALLY)
        refusal.refused.expected = draw_count (live->draw, request->message.agency);
    outbox_answer (registrar->to_brokers, &request->envelope, &refusal);
}

/* Of the ways to ask which is not this draw's, or too early or late in it. */
static void say_phase (const request_t *request, const live_t *live,
                       char text[REFUSAL_TEXT_MAX + 1])
{
    const char *name = draw_facts (live->draw)->name;
    const uint8_t command = request->message.command;
    const bool commits = command == WIRE_COMMIT || command == WIRE_READY;
    if (!draw_provable (live->draw))
        snprintf (text, REFUSAL_TEXT_MAX + 1, "%s is no provable draw: say READY",
                  name);
    else if (commits || draw_sealed (live->draw))
        snprintf (text, REFUSAL_TEXT_MAX + 1,
                  "%s was sealed without agency %u, which had not committed", name,
                  request->message.agency);
    else
        snprintf (text, REFUSAL_TEXT_MAX + 1, "%s is not sealed yet", name);
}
