/* state.c - loteria-state at work: the one owner of the draws, and of who is ready. In:
   HELLO, READY, RESULTS and DONE from workers, orders from operators, the draws' events
   from storage. Out: answers to the brokers and to operators, questions and events to
   storage. Owns no file: the draws are storage's log's. */

#include "state.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

#include "clock.h"
#include "deadline.h"
#include "gate.h"
#include "inquiry.h"
#include "logger.h"
#include "net.h"
#include "notify.h"
#include "note.h"
#include "process.h"
#include "registrar.h"
#include "state_metrics.h"
#include "watch.h"

struct state {
    state_options_t options; // borrows its texts
    registrar_t *registrar;
    gate_t *gate;
    zsock_t *workers, *storage;
    watch_t *watch;       // of storage
    const char *listen;   // where, for people
    brokers_t *brokers;   // NULL until the draws are replayed
    uint64_t rejoins;     // that they asked for, when last looked at
    bool reachable;       // storage, when last looked at
    uint64_t not_workers; // bundles whose senders have other keys
    self_report_t report;
    logger_strays_t strays;
};

static int open_sockets (state_t *state, int64_t now_ms, problem_t *problem);
static int open_gate (state_t *state, problem_t *problem);
static notary_options_t notary_options (const state_options_t *options);
static int start_signing (problem_t *problem);
static terms_t own_terms (const state_options_t *options);
static_assert ((int) TERMS_PROVABLE == (int) SOURCE_PROVABLE, "terms are sources");

static uint64_t draw_random (void *context);
static uint32_t draw_own (void);
static void doubt_if_replaced (state_t *state);
static void take_answers (state_t *state);
static void take_requests (state_t *state);
static void take_request (state_t *state, const peer_t *peer, zmq_msg_t *body);
static bool put_metrics (void *context, uint64_t draw, uint64_t *position,
                         metrics_page_t *page);
static wire_code_t knows_draw (void *context, uint64_t draw);
static bool comes_alone (bytes_t body);
static uint8_t role_of (const state_t *state, zmq_msg_t *body);
static void proved_by (zmq_msg_t *body, char who[NOTE_KEY_BYTES_MAX + 1]);
static int join (state_t *state, int64_t now_ms, problem_t *problem);
static void log_joined (const state_t *state);
static void send_all (state_t *state);
static void send_alone (zsock_t *socket, bytes_t peer, bundle_t *bundle);
static int judge (const state_t *state, problem_t *problem);
static int judge_own (const state_t *state, problem_t *problem);
static uint64_t strays (const state_t *state);
static void wait_for_work (state_t *state, int signal_fd);
static void log_closed (uint64_t undelivered, uint64_t strays);

state_t *state_new (const state_options_t *options, int64_t now_ms, problem_t *problem)
{
    state_t *state = calloc (1, sizeof *state);
    assert (state);
    state->options = *options;
    const registrar_options_t registrar = {.own = draw_own (),
                                           .terms = own_terms (options),
                                           .closes = options->closes,
                                           .schedule = options->schedule,
                                           .chance = {.draw = draw_random},
                                           .notary = notary_options (&state->options),
                                           .draws_kept = options->draws_kept};
    state->registrar = registrar_new (&registrar);
    state->report =
        (self_report_t){.context = state, .metrics = put_metrics, .knows = knows_draw};
    if (start_signing (problem) == -1 || open_gate (state, problem) == -1 ||
        open_sockets (state, now_ms, problem) == -1) {
        state_destroy (&state);
        return NULL;
    }
    logger_event (LOG_INFO, "estado", LOG_IN_PROGRESS, "listen: %s | storage: %s",
                  state->listen, options->storage);
    return state;
}

void state_destroy (state_t **state)
{
    if (*state) {
        brokers_destroy (&(*state)->brokers);
        zsock_destroy (&(*state)->workers);
        watch_destroy (&(*state)->watch);
        zsock_destroy (&(*state)->storage);
        gate_destroy (&(*state)->gate);
        registrar_destroy (&(*state)->registrar);
        free (*state);
    }
    *state = NULL;
}

int state_turn (state_t *state, int64_t now_ms, problem_t *problem)
{
    gate_serve (state->gate);
    watch_look (state->watch, now_ms);
    if (state->brokers)
        brokers_look (state->brokers, now_ms);
    state->reachable = net_ready (state->storage);
    registrar_tick (state->registrar, now_ms, clock_wall_ms (), state->reachable);
    doubt_if_replaced (state);
    take_answers (state);
    take_requests (state);
    if (judge (state, problem) == -1 || join (state, now_ms, problem) == -1)
        return -1;
    send_all (state);
    logger_strays (&state->strays, strays (state), now_ms);
    return 0;
}

bool state_done (const state_t *state)
{
    return state->options.exit_when_done && registrar_done (state->registrar);
}

/* While something is to be asked of a storage that is away: until it may be. */
size_t state_items (state_t *state, zmq_pollitem_t *items)
{
    const bool waiting = !state->reachable && registrar_wants (state->registrar);
    items[0] = (zmq_pollitem_t){
        .socket = zsock_resolve (state->storage),
        .events = (short) (waiting ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN)};
    items[1] = (zmq_pollitem_t){.socket = zsock_resolve (state->workers),
                                .events = ZMQ_POLLIN};
    items[2] = gate_item (state->gate);
    items[3] = watch_item (state->watch);
    return 4 + (state->brokers ? brokers_items (state->brokers, items + 4) : 0);
}

int64_t state_deadline (const state_t *state)
{
    const int64_t due[] = {
        watch_deadline (state->watch), registrar_deadline (state->registrar),
        state->brokers ? brokers_deadline (state->brokers) : INT64_MAX};
    return deadline_earliest (due, sizeof due / sizeof *due);
}

int state_serve (const state_options_t *options, int signal_fd)
{
    problem_t problem;
    int status = 0;
    state_t *state = state_new (options, clock_ms (), &problem);
    if (!state)
        process_end (&problem);
    while (status == 0 && !state_done (state) && !process_signal (signal_fd)) {
        wait_for_work (state, signal_fd);
        status = state_turn (state, clock_ms (), &problem);
    }
    if (status == 0)
        logger_event (LOG_INFO, "shutdown", LOG_IN_PROGRESS, NULL);
    const uint64_t undelivered =
        state->brokers ? brokers_undelivered (state->brokers) : 0;
    const uint64_t strange = strays (state);
    state_destroy (&state);
    if (status == -1)
        process_end (&problem);
    log_closed (undelivered, strange);
    return 0;
}

static int open_gate (state_t *state, problem_t *problem)
{
    static const char *const peers[] = {"storage", "worker", "broker", "operator",
                                        NULL};
    static const char *const hosts[] = {"storage", "broker", NULL};
    const gate_options_t gate = {.keys = state->options.keys,
                                 .peers = peers,
                                 .hosts = hosts,
                                 .insecure = state->options.insecure};
    state->gate = gate_new (&gate, problem);
    return state->gate ? 0 : -1;
}

static int open_sockets (state_t *state, int64_t now_ms, problem_t *problem)
{
    state->storage = net_dealer (BUNDLE_BYTES_MAX, STATE_QUEUE_BUNDLES, problem);
    if (!state->storage)
        return -1;
    const watch_options_t watch = {.gate = state->gate,
                                   .socket = state->storage,
                                   .endpoint = state->options.storage,
                                   .peer = "storage",
                                   .key = "storage"};
    state->watch = watch_new (&watch, now_ms, problem);
    if (!state->watch)
        return -1;
    state->workers = net_router (BUNDLE_BYTES_MAX, STATE_QUEUE_BUNDLES, problem);
    if (!state->workers)
        return -1;
    state->listen = gate_listen (state->gate, state->workers, "state",
                                 state->options.listen, problem);
    return state->listen ? 0 : -1;
}

/* Its auditor's key stays where it is. */
static notary_options_t notary_options (const state_options_t *options)
{
    const provable_options_t *provable = &options->provable;
    return (notary_options_t){.central = options->central,
                              .pair = options->pair,
                              .commit_s = provable->commit_s,
                              .least = provable->least,
                              .auditor = provable->audited ? provable->auditor : NULL,
                              .signers = options->signers,
                              .context = options->signers_context};
}

static int start_signing (problem_t *problem)
{
    return signed_note_start () == 0
               ? 0
               : problem_set (problem, PROCESS_CANNOT_START, "estado",
                              "reason: libsodium, which notes are signed with, cannot "
                              "be used here");
}

static terms_t own_terms (const state_options_t *options)
{
    terms_t terms = {.agencies = options->agencies,
                     .highest = options->highest,
                     .source = options->number.source,
                     .number = options->number.number};
    if (options->draw) // it was checked with the settings
        snprintf (terms.name, sizeof terms.name, "%s", options->draw);
    return terms;
}

static uint64_t draw_random (void *context)
{
    (void) context;
    uint64_t random;
    while (getrandom (&random, sizeof random, 0) != sizeof random)
        ;
    return random;
}

static uint32_t draw_own (void)
{
    uint32_t own = 0;
    while (own == 0)
        own = (uint32_t) draw_random (NULL);
    return own;
}

/* Of two states that each take the other's place with a broker, one has to end. */
static void doubt_if_replaced (state_t *state)
{
    const uint64_t rejoins = state->brokers ? brokers_rejoins (state->brokers) : 0;
    if (rejoins > state->rejoins)
        registrar_doubt (state->registrar);
    state->rejoins = rejoins;
}

static void take_answers (state_t *state)
{
    zmq_msg_t body;
    zmq_msg_init (&body);
    for (int i = 0; i < LOOP_MESSAGES_MAX; i++) {
        const net_status_t status = net_receive (state->storage, NULL, &body);
        if (status == NET_EMPTY)
            break;
        if (status == NET_OK)
            registrar_answers (state->registrar, net_body (&body));
    }
    zmq_msg_close (&body);
}

static void take_requests (state_t *state)
{
    zmq_msg_t body;
    zmq_msg_init (&body);
    peer_t peer;
    for (int i = 0; i < LOOP_MESSAGES_MAX; i++) {
        const net_status_t status = net_receive (state->workers, &peer, &body);
        if (status == NET_EMPTY)
            break;
        if (status == NET_OK &&
            !net_answer_ping (state->workers, &peer, &body, "loteria-state") &&
            !inquiry_answer (state->gate, state->workers, &peer, &body, &state->report))
            take_request (state, &peer, &body);
    }
    zmq_msg_close (&body);
}

/* Workers send bundles, operators messages that come alone. */
static void take_request (state_t *state, const peer_t *peer, zmq_msg_t *body)
{
    const bytes_t bytes = net_body (body);
    const uint8_t role = role_of (state, body);
    const bool worker = role == ROLE_WORKER || role == ROLE_ANY;
    const bool orders = role == ROLE_OPERATOR || role == ROLE_STATE || role == ROLE_ANY;
    if (comes_alone (bytes)) {
        char who[NOTE_KEY_BYTES_MAX + 1];
        proved_by (body, who);
        registrar_operator (state->registrar, net_peer (peer), orders, who, bytes);
    } else if (worker)
        registrar_requests (state->registrar, bytes);
    else
        state->not_workers++;
}

static bool put_metrics (void *context, uint64_t draw, uint64_t *position,
                         metrics_page_t *page)
{
    const state_t *state = context;
    const state_facts_t facts = {.draws = registrar_draws (state->registrar),
                                 .openings = registrar_openings (state->registrar),
                                 .strays = strays (state)};
    return state_metrics (&facts, draw, position, page);
}

static wire_code_t knows_draw (void *context, uint64_t draw)
{
    state_t *state = context;
    return registrar_knows (state->registrar, draw);
}

/* No bundle begins so: it would say that it is longer than any. */
static bool comes_alone (bytes_t body)
{
    return body.size >= 2 && memcmp (body.data, "LT", 2) == 0;
}

/* Who has this process's own key is on its machine, and may what it may. */
static uint8_t role_of (const state_t *state, zmq_msg_t *body)
{
    gate_sender_t sender;
    const keyring_t *ring = gate_keys (state->gate);
    if (ring && gate_sender (body, &sender) &&
        strcmp (sender.key, ring->own.public_key) == 0)
        return ROLE_STATE;
    return gate_role (state->gate, body);
}

/* The first characters of his key, if he came with one. */
static void proved_by (zmq_msg_t *body, char who[NOTE_KEY_BYTES_MAX + 1])
{
    gate_sender_t sender;
    who[0] = 0;
    if (gate_sender (body, &sender))
        snprintf (who, NOTE_KEY_BYTES_MAX + 1, "key=%.8s", sender.key);
}

/* Nobody is to send it requests that it could not answer yet. */
static int join (state_t *state, int64_t now_ms, problem_t *problem)
{
    if (state->brokers || registrar_stage (state->registrar) != REGISTRAR_OPEN)
        return 0;
    state->brokers =
        brokers_new (state->gate, state->options.brokers, ROLE_STATE, now_ms, problem);
    if (!state->brokers)
        return -1;
    log_joined (state);
    notify_say ("READY=1");
    return 0;
}

/* How far the draw is that was opened last. */
static void log_joined (const state_t *state)
{
    const draws_t *draws = registrar_draws (state->registrar);
    const size_t count = draws_count (draws);
    const draw_facts_t none = {.name = "-"};
    const draw_facts_t *latest =
        count > 0 ? draw_facts (draws_at (draws, count - 1)->draw) : &none;
    logger_event (LOG_INFO, "estado", LOG_SUCCESS,
                  "listen: %s | storage: %s | broker: %s | draws: %zu | draw: %s | "
                  "agencies: %u | ready: %u | drawn: %s | epoch: %llu",
                  state->listen, state->options.storage, state->options.brokers, count,
                  latest->name, latest->agencies, latest->asked,
                  latest->phase == PHASE_DRAWN ? "yes" : "no",
                  (unsigned long long) registrar_epoch (state->registrar));
}

static void send_all (state_t *state)
{
    bytes_t peer;
    bundle_t *bundle;
    while (outbox_take (registrar_to_storage (state->registrar), &peer, &bundle)) {
        if (net_ready (state->storage))
            net_send_bundle (state->storage, peer, bundle);
        else
            registrar_storage_unavailable (state->registrar,
                                           bytes_of (bundle->data, bundle->size));
    }
    outbox_t *answers = registrar_to_brokers (state->registrar);
    if (state->brokers)
        brokers_send (state->brokers, answers);
    else // a broker that knew the state before may have asked: it is to wait
        while (outbox_take (answers, &peer, &bundle))
            bundle_clear (bundle);
    outbox_t *orders = registrar_to_operators (state->registrar);
    while (outbox_take (orders, &peer, &bundle))
        send_alone (state->workers, peer, bundle);
}

/* It does not matter if the operator is gone. */
static void send_alone (zsock_t *socket, bytes_t peer, bundle_t *bundle)
{
    bytes_t rest = bytes_of (bundle->data, bundle->size), bytes;
    envelope_t envelope;
    wire_message_t message;
    while (bundle_next (&rest, &envelope, &bytes) == 1)
        if (wire_decode (bytes, &message) == REFUSED_OK)
            net_send_message (socket, peer, &message);
    bundle_clear (bundle);
}

/* 0 as long as it may go on. The number of the draw is not for the log to tell. */
static int judge (const state_t *state, problem_t *problem)
{
    const char *storage = state->options.storage;
    switch (registrar_stage (state->registrar)) {
    case REGISTRAR_STARTING:
    case REGISTRAR_OPEN:
        return 0;
    case REGISTRAR_SUPERSEDED:
        return problem_set (problem, PROCESS_SUPERSEDED, "estado",
                            "reason: another state has registered with storage (%s), "
                            "which hears the latest only | consequence: this one ends; "
                            "have one state for each storage",
                            storage);
    case REGISTRAR_OTHER_LOG:
        return problem_set (problem, PROCESS_FAILED, "estado",
                            "reason: storage (%s) has another log than before | "
                            "consequence: what was known is void; started again, this "
                            "asks storage anew",
                            storage);
    case REGISTRAR_OTHER_AGENCIES:
    case REGISTRAR_OTHER_SOURCE:
    case REGISTRAR_OTHER_NUMBER:
        return judge_own (state, problem);
    case REGISTRAR_IMPOSSIBLE:
        break;
    }
    return problem_set (problem, PROCESS_CANNOT_START, "estado",
                        "consequence: nothing is answered | reason: what storage (%s) "
                        "says of the draws cannot have happened; look at its data "
                        "directory with loteria-storage --check",
                        storage);
}

/* The draw that it is to open is there, and is another one than its settings say. */
static int judge_own (const state_t *state, problem_t *problem)
{
    const terms_t own = own_terms (&state->options);
    const live_t *live = draws_named (registrar_draws (state->registrar),
                                      bytes_of (own.name, strlen (own.name)));
    const draw_facts_t *facts = draw_facts (live->draw);
    char what[128];
    switch (registrar_stage (state->registrar)) {
    case REGISTRAR_OTHER_AGENCIES:
        snprintf (what, sizeof what, "has %u agencies, not %u", facts->agencies,
                  own.agencies);
        break;
    case REGISTRAR_OTHER_SOURCE:
        snprintf (what, sizeof what, "was opened with --number %s, not %s",
                  wire_source_name (facts->source), wire_source_name (own.source));
        break;
    default:
        snprintf (what, sizeof what, "has another winning number");
    }
    return problem_set (problem, PROCESS_CANNOT_START, "estado",
                        "reason: draw %s of storage (%s) %s; start with that, with "
                        "another --draw, or storage with another data directory",
                        own.name, state->options.storage, what);
}

static uint64_t strays (const state_t *state)
{
    return registrar_strays (state->registrar) + state->not_workers +
           (state->brokers ? brokers_strays (state->brokers) : 0);
}

static void wait_for_work (state_t *state, int signal_fd)
{
    zmq_pollitem_t items[1 + STATE_ITEMS] = {{.fd = signal_fd, .events = ZMQ_POLLIN}};
    const int count = 1 + (int) state_items (state, items + 1);
    zmq_poll (items, count, notify_timeout (clock_ms (), state_deadline (state)));
}

static void log_closed (uint64_t undelivered, uint64_t strays)
{
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS,
                  "closed: sockets | undelivered: %llu | strays: %llu",
                  (unsigned long long) undelivered, (unsigned long long) strays);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, NULL);
}
