/* dispatcher.c - the broker's decisions. */

#include "dispatcher.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "inflight.h"
#include "logger.h"

#define TRIES_MAX                                                                      \
    4 // a request that outlives as many workers is perhaps what kills them

struct dispatcher {
    dispatcher_options_t options;
    clients_t *clients;
    pool_t *pool;
    absent_t absent; // workers that were in it
    parts_t parts;
    inflight_t *inflight;
    turned_down_t *refusals;
    const char *address; // of who is heard just now; NULL: not known
    int64_t now_ms;      // as it was told last
    dispatcher_counts_t counts;
    char standby[REFUSAL_TEXT_MAX + 1]; // what is told while it is one; ""
};

static wire_code_t judge (const dispatcher_t *dispatcher, sender_t sender,
                          bytes_t frame, wire_message_t *asked);
static bool poses (sender_t sender, const wire_message_t *asked);
static bool nobody_serves (const dispatcher_t *dispatcher, uint8_t command);
static wire_code_t take (dispatcher_t *dispatcher, client_t *client, zmq_msg_t *message,
                         wire_message_t *asked);
static wire_code_t take_bundle (dispatcher_t *dispatcher, client_t *client,
                                zmq_msg_t *message, bytes_t batches);
static wire_code_t take_batch (dispatcher_t *dispatcher, client_t *client,
                               parcel_t *parcel, zmq_msg_t *message, bytes_t frame,
                               const wire_message_t *batch);
static request_t *request_of (client_t *client, const wire_message_t *asked,
                              size_t bytes);
static bool queue (dispatcher_t *dispatcher, request_t *request);
static client_t *client_of (dispatcher_t *dispatcher, bytes_t id, sender_t sender);
static bool make_room (dispatcher_t *dispatcher, request_t *request);
static void charge (dispatcher_t *dispatcher, bytes_t id, size_t bytes);
static void lower_limits (const dispatcher_t *dispatcher, zmq_msg_t *message,
                          wire_message_t *hello);
static uint32_t lower (uint32_t asked, uint32_t limit);
static void refuse (dispatcher_t *dispatcher, bytes_t client,
                    const wire_message_t *asked, wire_code_t code);
static void send_to_client (dispatcher_t *dispatcher, bytes_t client,
                            const wire_message_t *message);
static void hear (dispatcher_t *dispatcher, bytes_t id);
static uint8_t role_of (const dispatcher_t *dispatcher, bytes_t id);
static void take_own (dispatcher_t *dispatcher, bytes_t id, uint8_t key_role,
                      const wire_message_t *message);
static void take_beat (dispatcher_t *dispatcher, bytes_t id, const wire_beat_t *beat);
static void join (dispatcher_t *dispatcher, bytes_t id, uint8_t key_role,
                  const wire_join_t *join);
static void join_pool (dispatcher_t *dispatcher, bytes_t id, const wire_join_t *join);
static void join_parts (dispatcher_t *dispatcher, bytes_t id, const wire_join_t *join);
static void leave (dispatcher_t *dispatcher, bytes_t id);
static void tell_peer (dispatcher_t *dispatcher, bytes_t id, wire_command_t command);
static void log_part (uint8_t role, const char *action, const char *why);
static void take_answer (dispatcher_t *dispatcher, uint8_t role,
                         const envelope_t *envelope, const wire_message_t *message,
                         bytes_t encoded);
static void look_at (dispatcher_t *dispatcher, const client_t *client,
                     const wire_message_t *message);
static void settle_answered (dispatcher_t *dispatcher, uint8_t role, request_t *request,
                             const wire_message_t *message);
static bool concerns (const wire_message_t *message, const client_t *client);
static void settle_stored (dispatcher_t *dispatcher, client_t *client, uint64_t draw,
                           uint64_t next);
static bool asks_storage (uint8_t command);
static bool storage_answers (uint8_t role, const wire_message_t *message);
static void settle_answer (dispatcher_t *dispatcher, request_t *request);
static void settle (dispatcher_t *dispatcher, request_t *request);
static void give_up (dispatcher_t *dispatcher, request_t *request, int64_t now_ms);
static void heed_state (dispatcher_t *dispatcher);
static void refuse_unserved (dispatcher_t *dispatcher);
static void refuse_waiting (dispatcher_t *dispatcher, request_t *request);
static void forgive (dispatcher_t *dispatcher, worker_t *worker);
static void empty (request_t *request);
static void end (dispatcher_t *dispatcher, request_t *request);
static void forget (dispatcher_t *dispatcher, client_t *client);
static void lose (dispatcher_t *dispatcher, worker_t *worker, const char *why);
static void dismiss (dispatcher_t *dispatcher, worker_t *worker, const char *why);
static void take_back (dispatcher_t *dispatcher, request_t *request);
static size_t share (const dispatcher_t *dispatcher);
static void fill_bundle (dispatcher_t *dispatcher, worker_t *worker, size_t count,
                         bundle_t *bundle, int64_t now_ms);
static void try_worker (dispatcher_t *dispatcher, worker_t *worker, bundle_t *bundle,
                        int64_t now_ms);
static void hand_over (dispatcher_t *dispatcher, worker_t *worker, request_t *request,
                       bundle_t *bundle, int64_t now_ms);

dispatcher_t *dispatcher_new (const dispatcher_options_t *options, int64_t now_ms)
{
    dispatcher_t *dispatcher = calloc (1, sizeof *dispatcher);
    assert (dispatcher);
    dispatcher->options = *options;
    assert (options->limits.window <= WINDOW_MAX);
    // twice the window, so that a window sent again finds room behind the first
    uint64_t bytes_max = options->queue_bytes_max;
    if (bytes_max == 0 || bytes_max > QUEUE_BYTES_MAX)
        bytes_max = QUEUE_BYTES_MAX;
    dispatcher->clients =
        clients_new (2 * (size_t) options->limits.window, (size_t) bytes_max);
    dispatcher->pool = pool_new ();
    dispatcher->inflight = inflight_new ();
    dispatcher->refusals = turned_down_new ();
    dispatcher->now_ms = now_ms;
    parts_start (&dispatcher->parts, now_ms);
    heed_state (dispatcher);
    return dispatcher;
}

void dispatcher_destroy (dispatcher_t **dispatcher)
{
    if (*dispatcher) {
        inflight_destroy (&(*dispatcher)->inflight);
        clients_destroy (&(*dispatcher)->clients);
        pool_destroy (&(*dispatcher)->pool);
        turned_down_destroy (&(*dispatcher)->refusals);
        free (*dispatcher);
    }
    *dispatcher = NULL;
}

wire_code_t dispatcher_request (dispatcher_t *dispatcher, bytes_t id, sender_t sender,
                                zmq_msg_t *message)
{
    wire_message_t asked;
    const bytes_t frame = {zmq_msg_data (message), zmq_msg_size (message)};
    dispatcher->counts.requests++;
    dispatcher->address = sender.address;
    wire_code_t code = judge (dispatcher, sender, frame, &asked);
    if (code == REFUSED_OK && nobody_serves (dispatcher, asked.command))
        code = REFUSED_UNAVAILABLE;
    client_t *client = code == REFUSED_OK ? client_of (dispatcher, id, sender) : NULL;
    if (code == REFUSED_OK && !client)
        code = REFUSED_BUSY;
    if (client)
        attendance_heard (clients_attendance (dispatcher->clients), client,
                          asked.agency, sender.key, sender.address, dispatcher->now_ms);
    if (code == REFUSED_OK && asked.command == WIRE_BATCHES)
        return take_bundle (dispatcher, client, message, asked.batches);
    if (code == REFUSED_OK)
        code = take (dispatcher, client, message, &asked);
    if (code != REFUSED_OK) {
        charge (dispatcher, id, frame.size);
        refuse (dispatcher, id, &asked, code);
    }
    return code;
}

/* What waits for a storage that will not come is refused with the rest. */
void dispatcher_stand_by (dispatcher_t *dispatcher, const char *active)
{
    dispatcher->standby[0] = 0;
    if (active)
        snprintf (dispatcher->standby, sizeof dispatcher->standby,
                  "this central is a standby; the active one is %s%s",
                  *active ? "at " : "not known", active);
    refuse_unserved (dispatcher);
}

bool dispatcher_stands_by (const dispatcher_t *dispatcher)
{
    return dispatcher->standby[0] != 0;
}

void dispatcher_refuse (dispatcher_t *dispatcher, bytes_t client, sender_t sender,
                        wire_code_t code, size_t bytes)
{
    const wire_message_t nothing = {.agency = sender.agency};
    dispatcher->address = sender.address;
    dispatcher->counts.requests++;
    charge (dispatcher, client, bytes);
    refuse (dispatcher, client, &nothing, code);
}

void dispatcher_leave (dispatcher_t *dispatcher, bytes_t id)
{
    client_t *client = clients_find (dispatcher->clients, id);
    if (client)
        forget (dispatcher, client);
}

void dispatcher_forget (dispatcher_t *dispatcher, uint32_t agency)
{
    client_t *client;
    while ((client = clients_member (dispatcher->clients, agency)))
        forget (dispatcher, client);
}

void dispatcher_bundle (dispatcher_t *dispatcher, bytes_t id, uint8_t key_role,
                        bytes_t bundle, int64_t now_ms)
{
    envelope_t envelope;
    wire_message_t message;
    bytes_t encoded;
    int more;
    dispatcher->now_ms = now_ms;
    if (key_role == ROLE_OPERATOR) {
        dispatcher->counts.strays++; // who only may ask how it is
        return;
    }
    hear (dispatcher, id);
    while ((more = bundle_next (&bundle, &envelope, &encoded)) == 1) {
        if (wire_decode (encoded, &message) != REFUSED_OK)
            dispatcher->counts.strays++;
        else if (envelope.client == 0)
            take_own (dispatcher, id, key_role, &message);
        else // it may have joined or left with what stood before this
            take_answer (dispatcher, role_of (dispatcher, id), &envelope, &message,
                         encoded);
    }
    if (more == -1)
        dispatcher->counts.strays++;
    heed_state (dispatcher);
}

void dispatcher_dispatch (dispatcher_t *dispatcher, int64_t now_ms)
{
    if (parts_lacks (&dispatcher->parts, ROLE_STORAGE))
        return;
    const size_t each = share (dispatcher);
    bundle_t bundle = {0};
    worker_t *worker;
    while (clients_waiting (dispatcher->clients) > 0 &&
           inflight_room (dispatcher->inflight) > 0 &&
           (worker = pool_next (dispatcher->pool, now_ms))) {
        if (pool_takes (worker))
            fill_bundle (dispatcher, worker, each, &bundle, now_ms);
        else
            try_worker (dispatcher, worker, &bundle, now_ms);
        if (dispatcher->options.to_peer (dispatcher->options.context,
                                         bytes_of (worker->id, worker->id_size),
                                         &bundle) == -1)
            lose (dispatcher, worker, "it takes nothing");
    }
    bundle_clear (&bundle);
}

void dispatcher_expire (dispatcher_t *dispatcher, int64_t now_ms)
{
    worker_t *worker;
    uint8_t role;
    dispatcher->now_ms = now_ms;
    while ((worker = pool_expired (dispatcher->pool, now_ms)))
        lose (dispatcher, worker, "it is silent");
    absent_expire (&dispatcher->absent, now_ms);
    while ((role = parts_expired (&dispatcher->parts, now_ms)) != ROLE_NONE)
        log_part (role, "parte_baja", "it is silent");
    heed_state (dispatcher);
    request_t *request;
    while ((request = inflight_first (dispatcher->inflight)) &&
           request->deadline_ms <= now_ms)
        give_up (dispatcher, request, now_ms);
    refuse_unserved (dispatcher);
}

int64_t dispatcher_deadline (const dispatcher_t *dispatcher)
{
    int64_t deadline_ms = pool_deadline (dispatcher->pool);
    const int64_t parts_ms = parts_deadline (&dispatcher->parts, dispatcher->now_ms);
    const request_t *request = inflight_first (dispatcher->inflight);
    if (parts_ms < deadline_ms)
        deadline_ms = parts_ms;
    if (request && request->deadline_ms < deadline_ms)
        deadline_ms = request->deadline_ms;
    if (parts_lacks (&dispatcher->parts, ROLE_STORAGE))
        return deadline_ms; // nothing is handed over
    if (clients_waiting (dispatcher->clients) > 0 &&
        pool_trial (dispatcher->pool) < deadline_ms)
        deadline_ms = pool_trial (dispatcher->pool);
    return deadline_ms;
}

size_t dispatcher_workers (const dispatcher_t *dispatcher)
{
    return pool_size (dispatcher->pool);
}

uint8_t dispatcher_missing (const dispatcher_t *dispatcher)
{
    const uint8_t part = parts_missing (&dispatcher->parts);
    if (dispatcher_stands_by (dispatcher))
        return ROLE_NONE;
    return part == ROLE_NONE && pool_size (dispatcher->pool) == 0 ? ROLE_WORKER : part;
}

size_t dispatcher_waiting (const dispatcher_t *dispatcher)
{
    return clients_waiting (dispatcher->clients) + clients_aside (dispatcher->clients);
}

uint64_t dispatcher_bytes (const dispatcher_t *dispatcher)
{
    return clients_bytes (dispatcher->clients) + inflight_bytes (dispatcher->inflight);
}

const dispatcher_counts_t *dispatcher_counts (const dispatcher_t *dispatcher)
{
    return &dispatcher->counts;
}

dispatcher_view_t dispatcher_view (const dispatcher_t *dispatcher)
{
    return (dispatcher_view_t){.clients = dispatcher->clients,
                               .pool = dispatcher->pool,
                               .absent = &dispatcher->absent,
                               .parts = &dispatcher->parts,
                               .refusals = dispatcher->refusals};
}

/* Rows are the workers' business; here it is the message as such. */
static wire_code_t judge (const dispatcher_t *dispatcher, sender_t sender,
                          bytes_t frame, wire_message_t *asked)
{
    const wire_code_t code = wire_decode (frame, asked);
    if (code != REFUSED_OK)
        return code;
    if (!wire_from_agency (asked->command))
        return REFUSED_COMMAND;
    if (poses (sender, asked))
        return REFUSED_KEY;
    const wire_limits_t *limits = &dispatcher->options.limits;
    const bool bundle = asked->command == WIRE_BATCHES;
    if (frame.size > (bundle ? limits->bundle_bytes : limits->message_bytes_max))
        return REFUSED_SIZE;
    return REFUSED_OK;
}

/* A key speaks for its agency alone. */
static bool poses (sender_t sender, const wire_message_t *asked)
{
    return sender.keyed && (sender.agency == 0 || sender.agency != asked->agency);
}

/* What it takes has been away for so long that waiting is no use. */
static bool nobody_serves (const dispatcher_t *dispatcher, uint8_t command)
{
    const parts_t *parts = &dispatcher->parts;
    return dispatcher->standby[0] ||
           parts_gone (parts, ROLE_STORAGE, dispatcher->now_ms) ||
           (!asks_storage (command) &&
            parts_gone (parts, ROLE_STATE, dispatcher->now_ms));
}

static wire_code_t take (dispatcher_t *dispatcher, client_t *client, zmq_msg_t *message,
                         wire_message_t *asked)
{
    if (asked->command == WIRE_HELLO)
        lower_limits (dispatcher, message, asked);
    if (asked->command == WIRE_RESULTS ||
        (asks_storage (asked->command) && asked->command != WIRE_BATCH))
        clients_charge (client, DISK_READ_BYTES); // short, but storage reads for it
    request_t *request = request_of (client, asked, zmq_msg_size (message));
    zmq_msg_move (&request->message, message);
    if (queue (dispatcher, request))
        return REFUSED_OK;
    zmq_msg_move (message, &request->message);
    request_destroy (&request);
    return REFUSED_BUSY;
}

/* Each batch is a request of its own. When there is no room for one it is refused, and
   the rest is dropped: its agency knows that what follows was not taken either. */
static wire_code_t take_bundle (dispatcher_t *dispatcher, client_t *client,
                                zmq_msg_t *message, bytes_t batches)
{
    wire_code_t code, worst = REFUSED_OK;
    wire_message_t batch;
    bytes_t frame;
    parcel_t *parcel =
        clients_parcel (dispatcher->clients, client, zmq_msg_size (message));
    dispatcher->counts.requests--; // each is counted
    while (worst != REFUSED_BUSY && wire_batches_next (&batches, &frame, &batch)) {
        code = take_batch (dispatcher, client, parcel, message, frame, &batch);
        worst = code == REFUSED_OK ? worst : code;
    }
    if (worst == REFUSED_BUSY)
        clients_charge (client, batches.size);
    parcel_release (&parcel);
    return worst;
}

static wire_code_t take_batch (dispatcher_t *dispatcher, client_t *client,
                               parcel_t *parcel, zmq_msg_t *message, bytes_t frame,
                               const wire_message_t *batch)
{
    wire_code_t code = REFUSED_SIZE;
    dispatcher->counts.requests++;
    if (frame.size <= dispatcher->options.limits.message_bytes_max) {
        request_t *request = request_of (client, batch, frame.size);
        const uint8_t *start = zmq_msg_data (message);
        parcel_add (parcel, request, message, (size_t) (frame.data - start),
                    frame.size);
        if (queue (dispatcher, request))
            return REFUSED_OK;
        request_destroy (&request);
        code = REFUSED_BUSY;
    }
    clients_charge (client, REQUEST_BYTES + frame.size);
    refuse (dispatcher, bytes_of (client->id, client->id_size), batch, code);
    return code;
}

/* Without its message yet, which has so many bytes. */
static request_t *request_of (client_t *client, const wire_message_t *asked,
                              size_t bytes)
{
    request_t *request = calloc (1, sizeof *request);
    assert (request);
    request->client = client;
    request->for_storage = asks_storage (asked->command);
    request->draw = asked->draw;
    if (asked->command == WIRE_BATCH &&
        asked->batch.offset <= UINT64_MAX - asked->batch.count)
        request->end = asked->batch.offset + asked->batch.count;
    request->bytes = REQUEST_BYTES + bytes;
    zmq_msg_init (&request->message);
    return request;
}

static bool queue (dispatcher_t *dispatcher, request_t *request)
{
    return clients_queue (dispatcher->clients, request) == 0 ||
           make_room (dispatcher, request);
}

/* Should the routing id be one that another agency's connection had before, whose end
   has not been noticed, that one is forgotten first. */
static client_t *client_of (dispatcher_t *dispatcher, bytes_t id, sender_t sender)
{
    client_t *client = clients_find (dispatcher->clients, id);
    if (client && clients_agency (client) != sender.agency)
        forget (dispatcher, client);
    return clients_admit (dispatcher->clients, id, sender.agency);
}

/* When the queue is full whoever has most in it gives way, if that is another. */
static bool make_room (dispatcher_t *dispatcher, request_t *request)
{
    request_t *shed;
    while ((shed = clients_shed (dispatcher->clients, request))) {
        wire_message_t asked;
        wire_decode (request_message (shed), &asked);
        refuse (dispatcher, bytes_of (shed->client->id, shed->client->id_size), &asked,
                REFUSED_BUSY);
        request_destroy (&shed);
        dispatcher->counts.shed++;
        if (clients_queue (dispatcher->clients, request) == 0)
            return true;
    }
    return false;
}

/* What is refused here has cost its bytes too: they are taken off the sender's turns.
 */
static void charge (dispatcher_t *dispatcher, bytes_t id, size_t bytes)
{
    client_t *client = clients_find (dispatcher->clients, id);
    if (client)
        clients_charge (client, REQUEST_BYTES + bytes);
}

/* What the agency would like, down to what this broker takes. */
static void lower_limits (const dispatcher_t *dispatcher, zmq_msg_t *message,
                          wire_message_t *asked)
{
    const wire_limits_t *limits = &dispatcher->options.limits;
    wire_limits_t *hello = &asked->hello.limits;
    hello->window = lower (hello->window, limits->window);
    hello->message_bytes_max =
        lower (hello->message_bytes_max, limits->message_bytes_max);
    if (hello->bundle_bytes > limits->bundle_bytes)
        hello->bundle_bytes = limits->bundle_bytes;
    wire_encode (asked, zmq_msg_data (message));
}

static uint32_t lower (uint32_t asked, uint32_t limit)
{
    return asked == 0 || asked > limit ? limit : asked;
}

static void refuse (dispatcher_t *dispatcher, bytes_t client,
                    const wire_message_t *asked, wire_code_t code)
{
    const bool standby = code == REFUSED_UNAVAILABLE && dispatcher->standby[0];
    wire_message_t refusal =
        wire_refusal (asked, code, standby ? dispatcher->standby : NULL);
    refusal.refused.command = asked->command; // a STORE is no BATCH here
    if (standby)
        refusal.refused.field = UNAVAILABLE_STANDBY;
    dispatcher->counts.refused++;
    turned_down_add (dispatcher->refusals, &refusal, dispatcher->address,
                     dispatcher->now_ms);
    send_to_client (dispatcher, client, &refusal);
}

static void send_to_client (dispatcher_t *dispatcher, bytes_t client,
                            const wire_message_t *message)
{
    uint8_t buffer[WIRE_SMALL_BYTES_MAX];
    const size_t size = wire_encode (message, buffer);
    dispatcher->options.to_client (dispatcher->options.context, client,
                                   bytes_of (buffer, size));
}

/* Whatever a peer sends is a sign of life. */
static void hear (dispatcher_t *dispatcher, bytes_t id)
{
    worker_t *worker = pool_find (dispatcher->pool, id);
    if (worker)
        liveness_heard (&worker->liveness, dispatcher->now_ms);
    else if (parts_heard (&dispatcher->parts, id, dispatcher->now_ms))
        log_part (parts_role (&dispatcher->parts, id), "parte_alta", "it is heard");
}

static uint8_t role_of (const dispatcher_t *dispatcher, bytes_t id)
{
    return pool_find (dispatcher->pool, id) ? ROLE_WORKER
                                            : parts_role (&dispatcher->parts, id);
}

/* What a peer says for itself. One that is not known, since it was given up or since
   the broker is new, is asked to announce itself. */
static void take_own (dispatcher_t *dispatcher, bytes_t id, uint8_t key_role,
                      const wire_message_t *message)
{
    if (message->command == WIRE_JOIN)
        join (dispatcher, id, key_role, &message->join);
    else if (message->command == WIRE_LEAVE)
        leave (dispatcher, id);
    else if (message->command == WIRE_BEAT)
        take_beat (dispatcher, id, &message->beat);
    else
        dispatcher->counts.strays++;
}

static void take_beat (dispatcher_t *dispatcher, bytes_t id, const wire_beat_t *beat)
{
    worker_t *worker = pool_find (dispatcher->pool, id);
    if (worker)
        worker->beat = *beat;
    else if (parts_role (&dispatcher->parts, id) == ROLE_NONE)
        tell_peer (dispatcher, id, WIRE_REJOIN);
}

static void join (dispatcher_t *dispatcher, bytes_t id, uint8_t key_role,
                  const wire_join_t *join)
{
    if (key_role != ROLE_ANY && key_role != join->role) {
        dispatcher->counts.strays++;
        return;
    }
    if (role_of (dispatcher, id) != join->role)
        leave (dispatcher, id); // what it was before
    if (join->role == ROLE_WORKER)
        join_pool (dispatcher, id, join);
    else
        join_parts (dispatcher, id, join);
    tell_peer (dispatcher, id, WIRE_JOINED);
}

static void join_pool (dispatcher_t *dispatcher, bytes_t id, const wire_join_t *join)
{
    const bool known = pool_find (dispatcher->pool, id) != NULL;
    worker_t *worker = pool_join (dispatcher->pool, id, join->credit,
                                  join->heartbeat_ms, dispatcher->now_ms);
    if (worker) {
        pool_name (worker, join->name);
        worker->answered += absent_return (&dispatcher->absent, worker->name);
    }
    if (!worker)
        logger_event (LOG_ERROR, "worker_alta", LOG_FAIL,
                      "reason: there are %u workers already, no more are taken",
                      WORKERS_MAX);
    else if (!known)
        logger_event (LOG_INFO, "worker_alta", LOG_SUCCESS,
                      "workers: %zu | credit: %u | worker: %s",
                      pool_size (dispatcher->pool), worker->credit, worker->name);
}

/* A storage that is new knows nothing of what the one before it was sent. */
static void join_parts (dispatcher_t *dispatcher, bytes_t id, const wire_join_t *join)
{
    const bool known = role_of (dispatcher, id) == join->role;
    parts_join (&dispatcher->parts, join->role, id, join->heartbeat_ms,
                dispatcher->now_ms);
    if (join->role == ROLE_STORAGE && !known)
        for (worker_t *worker = pool_first (dispatcher->pool); worker;
             worker = pool_after (worker))
            forgive (dispatcher, worker);
}

static void leave (dispatcher_t *dispatcher, bytes_t id)
{
    worker_t *worker = pool_find (dispatcher->pool, id);
    const uint8_t part = parts_role (&dispatcher->parts, id);
    if (worker)
        dismiss (dispatcher, worker, "it takes its leave");
    if (part == ROLE_NONE)
        return;
    parts_leave (&dispatcher->parts, part, dispatcher->now_ms);
    log_part (part, "parte_baja", "it takes its leave");
}

/* REJOIN or JOINED. */
static void tell_peer (dispatcher_t *dispatcher, bytes_t id, wire_command_t command)
{
    bundle_t bundle = {0};
    const envelope_t nobody = {0};
    const wire_message_t message = {.command = (uint8_t) command,
                                    .boot = dispatcher->options.boot};
    bundle_write (&bundle, &nobody, &message);
    dispatcher->options.to_peer (dispatcher->options.context, id, &bundle);
    bundle_clear (&bundle);
}

static void log_part (uint8_t role, const char *action, const char *why)
{
    logger_event (LOG_INFO, action, LOG_SUCCESS, "part: %s | reason: %s",
                  wire_role_name (role), why);
}

/* An answer is true even if its request was given up, so it is passed on; unless it was
   an earlier broker's, whose clients this one does not know, or is another agency's:
   whose a client is may have changed since it was asked. */
static void take_answer (dispatcher_t *dispatcher, uint8_t role,
                         const envelope_t *envelope, const wire_message_t *message,
                         bytes_t encoded)
{
    if (!wire_role_answers (role, message->command)) {
        dispatcher->counts.strays++;
        return;
    }
    if (envelope->boot != dispatcher->options.boot) {
        dispatcher->counts.late++;
        return;
    }
    client_t *client = clients_numbered (dispatcher->clients, envelope->client);
    request_t *request = inflight_find (dispatcher->inflight, envelope->ticket);
    const bool apt = client && concerns (message, client);
    if (request && (!request->client || (apt && request->client == client)))
        settle_answered (dispatcher, role, request, message);
    if (!apt) {
        dispatcher->counts.late++;
        return;
    }
    dispatcher->counts.answers++;
    look_at (dispatcher, client, message);
    if (message->command == WIRE_STORED)
        settle_stored (dispatcher, client, message->draw, message->stored.next);
    if (message->command == WIRE_HELD)
        return; // its answer is yet to come; the worker has room for others meanwhile
    dispatcher->options.to_client (dispatcher->options.context,
                                   bytes_of (client->id, client->id_size), encoded);
}

/* What an answer that is passed on tells, for who asks. */
static void look_at (dispatcher_t *dispatcher, const client_t *client,
                     const wire_message_t *message)
{
    if (message->command == WIRE_REFUSED) {
        const attendee_t *attendee = attendance_of (
            clients_attendance (dispatcher->clients), client->speaks_for);
        turned_down_add (dispatcher->refusals, message,
                         attendee ? attendee->address : NULL, dispatcher->now_ms);
    } else if (message->command == WIRE_WELCOME)
        turned_down_draw (dispatcher->refusals, message->draw, message->welcome.name);
}

/* What is overdue, or somebody's who has gone, has no client any more. */
static void settle_answered (dispatcher_t *dispatcher, uint8_t role, request_t *request,
                             const wire_message_t *message)
{
    worker_t *worker = request->worker;
    if (!request->overdue)
        settle_answer (dispatcher, request);
    else if (!storage_answers (role, message)) {
        worker->answered++;
        pool_settle_overdue (worker, request->bytes);
        inflight_remove (dispatcher->inflight, request);
        request_destroy (&request);
    }
    if (storage_answers (role, message))
        forgive (dispatcher, worker);
}

static bool concerns (const wire_message_t *message, const client_t *client)
{
    const uint32_t agency = clients_agency (client);
    return agency == 0 || agency == message->agency;
}

/* STORED is cumulative: it answers every batch of the client in that draw below `next`.
 */
static void settle_stored (dispatcher_t *dispatcher, client_t *client, uint64_t draw,
                           uint64_t next)
{
    request_t *request = client->in_flight;
    while (request) {
        request_t *following = request->mate_next;
        if (request->draw == draw && request->end > 0 && request->end <= next)
            settle_answer (dispatcher, request);
        request = following;
    }
    clients_drop_stored (dispatcher->clients, client, draw, next);
}

/* What of an agency's requests a worker passes on to storage. */
static bool asks_storage (uint8_t command)
{
    return command == WIRE_BATCH || command == WIRE_BATCHES ||
           wire_role_asks (ROLE_WORKER, command);
}

/* Whether storage, or the way to it, has said something of itself: then what was
   overdue there has been answered or is lost. What a worker finds wrong in rows it says
   alone, and state speaks for itself. */
static bool storage_answers (uint8_t role, const wire_message_t *message)
{
    if (role != ROLE_WORKER)
        return role == ROLE_STORAGE;
    return message->refused.code == REFUSED_UNAVAILABLE &&
           asks_storage (message->refused.command);
}

static void settle_answer (dispatcher_t *dispatcher, request_t *request)
{
    request->worker->answered++;
    settle (dispatcher, request);
}

static void settle (dispatcher_t *dispatcher, request_t *request)
{
    pool_settle (request->worker, request->bytes);
    end (dispatcher, request);
}

/* Its agency sends it again; the worker may have it still. */
static void give_up (dispatcher_t *dispatcher, request_t *request, int64_t now_ms)
{
    dispatcher->counts.given_up++;
    if (!request->for_storage) {
        settle (dispatcher, request); // a few bytes, and not for storage
        return;
    }
    pool_overdue (request->worker, request->bytes, now_ms);
    inflight_overdue (dispatcher->inflight, request);
    if (request->client)
        clients_settle (dispatcher->clients, request);
    empty (request);
}

/* While state is away, what is for storage goes on without the rest. */
static void heed_state (dispatcher_t *dispatcher)
{
    clients_set_aside (dispatcher->clients,
                       parts_lacks (&dispatcher->parts, ROLE_STATE));
}

static void refuse_unserved (dispatcher_t *dispatcher)
{
    request_t *request;
    const bool standby = dispatcher->standby[0];
    if (standby || parts_gone (&dispatcher->parts, ROLE_STORAGE, dispatcher->now_ms))
        while ((request = clients_pop (dispatcher->clients)))
            refuse_waiting (dispatcher, request);
    if (standby || parts_gone (&dispatcher->parts, ROLE_STATE, dispatcher->now_ms))
        while ((request = clients_pop_aside (dispatcher->clients)))
            refuse_waiting (dispatcher, request);
}

static void refuse_waiting (dispatcher_t *dispatcher, request_t *request)
{
    wire_message_t asked;
    wire_decode (request_message (request), &asked);
    refuse (dispatcher, bytes_of (request->client->id, request->client->id_size),
            &asked, REFUSED_UNAVAILABLE);
    request_destroy (&request);
}

/* What was overdue with it does not take up its credit any more. */
static void forgive (dispatcher_t *dispatcher, worker_t *worker)
{
    while (worker->late) {
        request_t *request = worker->late;
        inflight_remove (dispatcher->inflight, request);
        request_destroy (&request);
    }
    pool_forgive (worker);
}

/* All that is still of interest is whether it is answered. */
static void empty (request_t *request)
{
    request->client = NULL;
    request_empty (request);
}

static void end (dispatcher_t *dispatcher, request_t *request)
{
    inflight_remove (dispatcher->inflight, request);
    if (request->client)
        clients_settle (dispatcher->clients, request);
    request_destroy (&request);
}

/* What is at a worker stays there and takes up its credit, for whoever comes and goes
   as he likes; but nobody is answered. */
static void forget (dispatcher_t *dispatcher, client_t *client)
{
    while (client->in_flight) {
        request_t *request = client->in_flight;
        clients_settle (dispatcher->clients, request);
        empty (request);
    }
    clients_remove (dispatcher->clients, client);
}

/* It did not go of itself: for a while it is told of as one that is away. */
static void lose (dispatcher_t *dispatcher, worker_t *worker, const char *why)
{
    absent_keep (&dispatcher->absent, worker);
    dismiss (dispatcher, worker, why);
}

static void dismiss (dispatcher_t *dispatcher, worker_t *worker, const char *why)
{
    request_t *request;
    const uint32_t holding = worker->holding;
    char name[sizeof worker->name];
    strcpy (name, worker->name);
    forgive (dispatcher, worker);
    while ((request = inflight_held_by (worker)))
        take_back (dispatcher, request);
    pool_remove (dispatcher->pool, &worker);
    logger_event (LOG_INFO, "worker_baja", LOG_SUCCESS,
                  "reason: %s | workers: %zu | taken_back: %u | worker: %s", why,
                  pool_size (dispatcher->pool), holding, name);
}

static void take_back (dispatcher_t *dispatcher, request_t *request)
{
    if (!request->client || request->tries >= TRIES_MAX) {
        dispatcher->counts.given_up++;
        settle (dispatcher, request);
        return;
    }
    dispatcher->counts.redispatched++;
    pool_settle (request->worker, request->bytes);
    inflight_remove (dispatcher->inflight, request);
    clients_requeue (dispatcher->clients, request);
}

/* An even share of what waits for each worker, so that all have something to do; but no
   less than is worth a message. */
static size_t share (const dispatcher_t *dispatcher)
{
    const size_t waiting = clients_waiting (dispatcher->clients);
    const size_t workers = pool_size (dispatcher->pool);
    const size_t even = workers ? (waiting + workers - 1) / workers : 0;
    return even > BUNDLE_MESSAGES_WORTH ? even : BUNDLE_MESSAGES_WORTH;
}

static void fill_bundle (dispatcher_t *dispatcher, worker_t *worker, size_t count,
                         bundle_t *bundle, int64_t now_ms)
{
    request_t *request;
    while (count > 0 && pool_takes (worker) && !bundle_full (bundle) &&
           inflight_room (dispatcher->inflight) > 0 &&
           (request = clients_next (dispatcher->clients))) {
        hand_over (dispatcher, worker, request, bundle, now_ms);
        count--;
    }
}

/* One that has been given all it may have, and has answered nothing in time. */
static void try_worker (dispatcher_t *dispatcher, worker_t *worker, bundle_t *bundle,
                        int64_t now_ms)
{
    hand_over (dispatcher, worker, clients_next (dispatcher->clients), bundle, now_ms);
    pool_tried (worker, now_ms);
}

static void hand_over (dispatcher_t *dispatcher, worker_t *worker, request_t *request,
                       bundle_t *bundle, int64_t now_ms)
{
    const client_t *client = request->client;
    request->tries++;
    inflight_add (dispatcher->inflight, request, worker, now_ms + INFLIGHT_MS);
    pool_charge (worker, request->bytes);
    const envelope_t envelope = {.boot = dispatcher->options.boot,
                                 .ticket = request->ticket,
                                 .client = client->number};
    bundle_add (bundle, &envelope, request_message (request));
}
