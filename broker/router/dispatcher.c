/* dispatcher.c - the broker's decisions. */

#include "dispatcher.h"

#include <assert.h>
#include <stdlib.h>

#include "clients.h"
#include "inflight.h"
#include "logger.h"
#include "pool.h"

#define TRIES_MAX                                                                      \
    4 // a request that outlives as many workers is perhaps what kills them

struct dispatcher {
    dispatcher_options_t options;
    clients_t *clients;
    pool_t *pool;
    inflight_t *inflight;
    dispatcher_counts_t counts;
};

static wire_code_t judge (const dispatcher_t *dispatcher, sender_t sender,
                          bytes_t frame, wire_message_t *request);
static bool poses (sender_t sender, const wire_message_t *request);
static wire_code_t queue (dispatcher_t *dispatcher, bytes_t client, sender_t sender,
                          zmq_msg_t *message, wire_message_t *request);
static client_t *client_of (dispatcher_t *dispatcher, bytes_t id, sender_t sender);
static bool make_room (dispatcher_t *dispatcher, job_t *job);
static void charge (dispatcher_t *dispatcher, bytes_t id, size_t bytes);
static void lower_limits (const dispatcher_t *dispatcher, zmq_msg_t *message,
                          wire_message_t *hello);
static uint32_t lower (uint32_t asked, uint32_t limit);
static void answer_pong (dispatcher_t *dispatcher, bytes_t client);
static void refuse (dispatcher_t *dispatcher, bytes_t client,
                    const wire_message_t *request, wire_code_t code);
static void send_to_client (dispatcher_t *dispatcher, bytes_t client,
                            const wire_message_t *message);
static void take_own_letter (dispatcher_t *dispatcher, bytes_t id,
                             const wire_message_t *message, int64_t now_ms);
static void join (dispatcher_t *dispatcher, bytes_t id, const wire_join_t *join,
                  int64_t now_ms);
static void send_rejoin (dispatcher_t *dispatcher, bytes_t id);
static void take_answer (dispatcher_t *dispatcher, worker_t *worker,
                         const letter_t *letter, const wire_message_t *message);
static bool concerns (const wire_message_t *message, const client_t *client);
static void settle_stored (dispatcher_t *dispatcher, client_t *client, uint64_t next);
static bool storage_answers (const wire_message_t *message);
static void settle (dispatcher_t *dispatcher, job_t *job);
static void give_up (dispatcher_t *dispatcher, job_t *job, int64_t now_ms);
static void end (dispatcher_t *dispatcher, job_t *job);
static void forget (dispatcher_t *dispatcher, client_t *client);
static void dismiss (dispatcher_t *dispatcher, worker_t *worker, const char *why);
static void take_back (dispatcher_t *dispatcher, job_t *job);
static size_t share (const dispatcher_t *dispatcher);
static void fill_bundle (dispatcher_t *dispatcher, worker_t *worker, size_t letters,
                         bundle_t *bundle, int64_t now_ms);
static void try_worker (dispatcher_t *dispatcher, worker_t *worker, bundle_t *bundle,
                        int64_t now_ms);
static void hand_over (dispatcher_t *dispatcher, worker_t *worker, job_t *job,
                       bundle_t *bundle, int64_t now_ms);

dispatcher_t *dispatcher_new (const dispatcher_options_t *options)
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
    dispatcher->inflight = inflight_new (options->boot);
    return dispatcher;
}

void dispatcher_destroy (dispatcher_t **dispatcher)
{
    if (*dispatcher) {
        inflight_destroy (&(*dispatcher)->inflight);
        clients_destroy (&(*dispatcher)->clients);
        pool_destroy (&(*dispatcher)->pool);
        free (*dispatcher);
    }
    *dispatcher = NULL;
}

wire_code_t dispatcher_request (dispatcher_t *dispatcher, bytes_t client,
                                sender_t sender, zmq_msg_t *message)
{
    wire_message_t request;
    const bytes_t frame = {zmq_msg_data (message), zmq_msg_size (message)};
    dispatcher->counts.requests++;
    wire_code_t code = judge (dispatcher, sender, frame, &request);
    if (code == REFUSED_OK && request.command == WIRE_PING) {
        answer_pong (dispatcher, client);
        return REFUSED_OK;
    }
    if (code == REFUSED_OK)
        code = queue (dispatcher, client, sender, message, &request);
    if (code != REFUSED_OK) {
        charge (dispatcher, client, frame.size);
        refuse (dispatcher, client, &request, code);
    }
    return code;
}

void dispatcher_refuse (dispatcher_t *dispatcher, bytes_t client, wire_code_t code,
                        size_t bytes)
{
    const wire_message_t nothing = {0};
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

void dispatcher_bundle (dispatcher_t *dispatcher, bytes_t id, bytes_t bundle,
                        int64_t now_ms)
{
    worker_t *worker = pool_find (dispatcher->pool, id);
    if (worker)
        liveness_heard (&worker->liveness, now_ms);
    letter_t letter;
    wire_message_t message;
    int more;
    while ((more = bundle_next (&bundle, &letter)) == 1) {
        if (wire_decode (letter.message, &message) != REFUSED_OK)
            dispatcher->counts.strays++;
        else if (letter.client.size == 0) {
            take_own_letter (dispatcher, id, &message, now_ms);
            worker = pool_find (dispatcher->pool, id); // it may have come, or left
        } else
            take_answer (dispatcher, worker, &letter, &message);
    }
    if (more == -1)
        dispatcher->counts.strays++;
}

void dispatcher_dispatch (dispatcher_t *dispatcher, int64_t now_ms)
{
    const size_t letters_each = share (dispatcher);
    bundle_t bundle = {0};
    worker_t *worker;
    while (clients_waiting (dispatcher->clients) > 0 &&
           inflight_room (dispatcher->inflight) > 0 &&
           (worker = pool_next (dispatcher->pool, now_ms))) {
        if (pool_takes (worker))
            fill_bundle (dispatcher, worker, letters_each, &bundle, now_ms);
        else
            try_worker (dispatcher, worker, &bundle, now_ms);
        if (dispatcher->options.to_worker (dispatcher->options.context,
                                           bytes_of (worker->id, worker->id_size),
                                           &bundle) == -1)
            dismiss (dispatcher, worker, "it takes nothing");
    }
    bundle_clear (&bundle);
}

void dispatcher_expire (dispatcher_t *dispatcher, int64_t now_ms)
{
    worker_t *worker;
    while ((worker = pool_expired (dispatcher->pool, now_ms)))
        dismiss (dispatcher, worker, "it is silent");
    job_t *job;
    while ((job = inflight_first (dispatcher->inflight)) && job->deadline_ms <= now_ms)
        give_up (dispatcher, job, now_ms);
}

int64_t dispatcher_deadline (const dispatcher_t *dispatcher)
{
    const int64_t silent_ms = pool_deadline (dispatcher->pool);
    const job_t *job = inflight_first (dispatcher->inflight);
    int64_t deadline_ms =
        job && job->deadline_ms < silent_ms ? job->deadline_ms : silent_ms;
    if (clients_waiting (dispatcher->clients) > 0 &&
        pool_trial (dispatcher->pool) < deadline_ms)
        deadline_ms = pool_trial (dispatcher->pool);
    return deadline_ms;
}

size_t dispatcher_workers (const dispatcher_t *dispatcher)
{
    return pool_size (dispatcher->pool);
}

size_t dispatcher_waiting (const dispatcher_t *dispatcher)
{
    return clients_waiting (dispatcher->clients);
}

uint64_t dispatcher_bytes (const dispatcher_t *dispatcher)
{
    return clients_waiting_bytes (dispatcher->clients) +
           inflight_bytes (dispatcher->inflight);
}

const dispatcher_counts_t *dispatcher_counts (const dispatcher_t *dispatcher)
{
    return &dispatcher->counts;
}

/* Rows are the workers' business; here it is the message as such. */
static wire_code_t judge (const dispatcher_t *dispatcher, sender_t sender,
                          bytes_t frame, wire_message_t *request)
{
    const wire_code_t code = wire_decode (frame, request);
    if (code != REFUSED_OK)
        return code;
    if (!wire_from_agency (request->command))
        return REFUSED_COMMAND;
    if (poses (sender, request))
        return REFUSED_KEY;
    const wire_limits_t *limits = &dispatcher->options.limits;
    const bool bundle = request->command == WIRE_BATCHES;
    if (frame.size > (bundle ? limits->bundle_bytes : limits->message_bytes_max))
        return REFUSED_SIZE;
    return REFUSED_OK;
}

/* Anybody let in may ask how the broker is; else a key speaks for its agency alone. */
static bool poses (sender_t sender, const wire_message_t *request)
{
    return sender.keyed && request->command != WIRE_PING &&
           (sender.agency == 0 || sender.agency != request->agency);
}

static wire_code_t queue (dispatcher_t *dispatcher, bytes_t id, sender_t sender,
                          zmq_msg_t *message, wire_message_t *request)
{
    client_t *client = client_of (dispatcher, id, sender);
    if (!client)
        return REFUSED_BUSY;
    if (request->command == WIRE_HELLO)
        lower_limits (dispatcher, message, request);
    job_t *job = calloc (1, sizeof *job);
    assert (job);
    job->client = client;
    job->for_storage = request->command == WIRE_BATCH || request->command == WIRE_CHECK;
    if (request->command == WIRE_BATCH &&
        request->batch.offset <= UINT64_MAX - request->batch.count)
        job->end = request->batch.offset + request->batch.count;
    job->bytes = REQUEST_BYTES + zmq_msg_size (message);
    if (request->command == WIRE_CHECK || request->command == WIRE_RESULTS)
        clients_charge (client, DISK_READ_BYTES); // short, but storage reads for it
    zmq_msg_init (&job->message);
    zmq_msg_move (&job->message, message);
    if (clients_queue (dispatcher->clients, job) == 0)
        return REFUSED_OK;
    if (make_room (dispatcher, job))
        return REFUSED_OK;
    zmq_msg_move (message, &job->message);
    job_destroy (&job);
    return REFUSED_BUSY;
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
static bool make_room (dispatcher_t *dispatcher, job_t *job)
{
    job_t *shed;
    while ((shed = clients_shed (dispatcher->clients, job))) {
        wire_message_t request;
        wire_decode (job_message (shed), &request);
        refuse (dispatcher, bytes_of (shed->client->id, shed->client->id_size),
                &request, REFUSED_BUSY);
        job_destroy (&shed);
        dispatcher->counts.shed++;
        if (clients_queue (dispatcher->clients, job) == 0)
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
                          wire_message_t *request)
{
    const wire_limits_t *limits = &dispatcher->options.limits;
    wire_limits_t *hello = &request->hello;
    hello->window = lower (hello->window, limits->window);
    hello->message_bytes_max =
        lower (hello->message_bytes_max, limits->message_bytes_max);
    if (hello->bundle_bytes > limits->bundle_bytes)
        hello->bundle_bytes = limits->bundle_bytes;
    wire_encode (request, zmq_msg_data (message));
}

static uint32_t lower (uint32_t asked, uint32_t limit)
{
    return asked == 0 || asked > limit ? limit : asked;
}

static void answer_pong (dispatcher_t *dispatcher, bytes_t client)
{
    static const char name[] = "loteria-broker";
    const wire_message_t pong = {.command = WIRE_PONG,
                                 .name = bytes_of (name, sizeof name - 1)};
    send_to_client (dispatcher, client, &pong);
}

static void refuse (dispatcher_t *dispatcher, bytes_t client,
                    const wire_message_t *request, wire_code_t code)
{
    static const char *const texts[] = {
        [REFUSED_SIGNATURE] = "no message of this protocol",
        [REFUSED_VERSION] = "this broker speaks version 2",
        [REFUSED_COMMAND] = "no command for a broker",
        [REFUSED_FRAMES] = "a message is one frame",
        [REFUSED_SIZE] = "longer than WELCOME permits",
        [REFUSED_BODY] = "the body does not fit the command",
        [REFUSED_KEY] = "the key of this connection is not that agency's",
        [REFUSED_BUSY] = "the queue is full, try again later",
    };
    wire_message_t refusal = wire_refusal (request, code, texts[code]);
    refusal.refused.command = request->command; // a STORE is no BATCH here
    dispatcher->counts.refused++;
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

/* What a worker says for itself. One that is not known, since it was given up or since
   the broker is new, is asked to announce itself. */
static void take_own_letter (dispatcher_t *dispatcher, bytes_t id,
                             const wire_message_t *message, int64_t now_ms)
{
    worker_t *worker = pool_find (dispatcher->pool, id);
    if (message->command == WIRE_JOIN)
        join (dispatcher, id, &message->join, now_ms);
    else if (message->command == WIRE_LEAVE && worker)
        dismiss (dispatcher, worker, "it takes its leave");
    else if (message->command == WIRE_BEAT && !worker)
        send_rejoin (dispatcher, id);
    else if (message->command != WIRE_BEAT && message->command != WIRE_LEAVE)
        dispatcher->counts.strays++;
}

static void join (dispatcher_t *dispatcher, bytes_t id, const wire_join_t *join,
                  int64_t now_ms)
{
    const bool known = pool_find (dispatcher->pool, id) != NULL;
    const worker_t *worker =
        pool_join (dispatcher->pool, id, join->credit, join->heartbeat_ms, now_ms);
    if (!worker)
        logger_event (LOG_ERROR, "worker_alta", LOG_FAIL,
                      "reason: %u workers are enough", WORKERS_MAX);
    else if (!known)
        logger_event (LOG_INFO, "worker_alta", LOG_SUCCESS, "workers: %zu | credit: %u",
                      pool_size (dispatcher->pool), worker->credit);
}

static void send_rejoin (dispatcher_t *dispatcher, bytes_t id)
{
    bundle_t bundle = {0};
    const letter_t letter = {0};
    const wire_message_t rejoin = {.command = WIRE_REJOIN};
    bundle_write (&bundle, &letter, &rejoin);
    dispatcher->options.to_worker (dispatcher->options.context, id, &bundle);
    bundle_clear (&bundle);
}

/* An answer is true whoever carries it, so it is passed on even if its request was
   given up; unless it was an earlier broker's, whose clients this one does not know, or
   is another agency's: whose a client is may have changed since it was asked. */
static void take_answer (dispatcher_t *dispatcher, worker_t *worker,
                         const letter_t *letter, const wire_message_t *message)
{
    client_t *client = clients_find (dispatcher->clients, letter->client);
    job_t *job = inflight_find (dispatcher->inflight, letter->ticket);
    if (worker && storage_answers (message))
        pool_forgive (worker);
    if (job && !job->client) { // of somebody who has gone
        settle (dispatcher, job);
        job = NULL;
    }
    if (!inflight_ours (dispatcher->inflight, letter->ticket) || !client ||
        !concerns (message, client)) {
        dispatcher->counts.late++;
        return;
    }
    dispatcher->counts.answers++;
    if (job && job->client == client)
        settle (dispatcher, job);
    if (message->command == WIRE_STORED)
        settle_stored (dispatcher, client, message->stored.next);
    if (message->command == WIRE_HELD)
        return; // its answer is yet to come; the worker has room for others meanwhile
    dispatcher->options.to_client (dispatcher->options.context, letter->client,
                                   letter->message);
}

static bool concerns (const wire_message_t *message, const client_t *client)
{
    const uint32_t agency = clients_agency (client);
    return agency == 0 || agency == message->agency;
}

/* STORED is cumulative: it answers every batch of the client below `next`. */
static void settle_stored (dispatcher_t *dispatcher, client_t *client, uint64_t next)
{
    job_t *job = client->in_flight;
    while (job) {
        job_t *following = job->mate_next;
        if (job->end > 0 && job->end <= next)
            settle (dispatcher, job);
        job = following;
    }
    clients_drop_stored (dispatcher->clients, client, next);
}

/* Whether storage, or the way to it, has said something of itself: then what was
   overdue there has been answered or is lost. What a worker finds wrong in rows it says
   alone, and state speaks for itself. */
static bool storage_answers (const wire_message_t *message)
{
    switch (message->command) {
    case WIRE_STORED:
    case WIRE_HELD:
    case WIRE_WELCOME:
    case WIRE_WINNERS:
    case WIRE_DIGEST:
        return true;
    case WIRE_REFUSED:
        return message->refused.command == WIRE_BATCH &&
               message->refused.code >= REFUSED_HELLO &&
               message->refused.offset <= UINT64_MAX / 2; // beyond it a worker says GAP
    default:
        return false;
    }
}

static void settle (dispatcher_t *dispatcher, job_t *job)
{
    pool_settle (job->worker, job->bytes);
    end (dispatcher, job);
}

/* Its agency sends it again; the worker may have it still. */
static void give_up (dispatcher_t *dispatcher, job_t *job, int64_t now_ms)
{
    dispatcher->counts.given_up++;
    if (job->for_storage)
        pool_overdue (job->worker, job->bytes, now_ms);
    else
        pool_settle (job->worker, job->bytes); // a few bytes, and not for storage
    end (dispatcher, job);
}

static void end (dispatcher_t *dispatcher, job_t *job)
{
    inflight_remove (dispatcher->inflight, job);
    if (job->client)
        clients_settle (dispatcher->clients, job);
    job_destroy (&job);
}

/* What is at a worker stays there and takes up its credit, for whoever comes and goes
   as he likes; but nobody is answered. */
static void forget (dispatcher_t *dispatcher, client_t *client)
{
    while (client->in_flight) {
        job_t *job = client->in_flight;
        clients_settle (dispatcher->clients, job);
        job->client = NULL;
        zmq_msg_close (&job->message);
        zmq_msg_init (&job->message);
    }
    clients_remove (dispatcher->clients, client);
}

static void dismiss (dispatcher_t *dispatcher, worker_t *worker, const char *why)
{
    job_t *job;
    const uint32_t holding = worker->holding;
    while ((job = inflight_held_by (dispatcher->inflight, worker)))
        take_back (dispatcher, job);
    pool_forgive (worker);
    pool_remove (dispatcher->pool, &worker);
    logger_event (LOG_INFO, "worker_baja", LOG_SUCCESS,
                  "reason: %s | workers: %zu | taken_back: %u", why,
                  pool_size (dispatcher->pool), holding);
}

static void take_back (dispatcher_t *dispatcher, job_t *job)
{
    if (!job->client || job->tries >= TRIES_MAX) {
        dispatcher->counts.given_up++;
        settle (dispatcher, job);
        return;
    }
    dispatcher->counts.redispatched++;
    pool_settle (job->worker, job->bytes);
    inflight_remove (dispatcher->inflight, job);
    clients_requeue (dispatcher->clients, job);
}

/* An even share of what waits for each worker, so that all have something to do; but no
   less than is worth a message. */
static size_t share (const dispatcher_t *dispatcher)
{
    const size_t waiting = clients_waiting (dispatcher->clients);
    const size_t workers = pool_size (dispatcher->pool);
    const size_t even = workers ? (waiting + workers - 1) / workers : 0;
    return even > BUNDLE_LETTERS_WORTH ? even : BUNDLE_LETTERS_WORTH;
}

static void fill_bundle (dispatcher_t *dispatcher, worker_t *worker, size_t letters,
                         bundle_t *bundle, int64_t now_ms)
{
    job_t *job;
    while (letters > 0 && pool_takes (worker) && !bundle_full (bundle) &&
           inflight_room (dispatcher->inflight) > 0 &&
           (job = clients_next (dispatcher->clients))) {
        hand_over (dispatcher, worker, job, bundle, now_ms);
        letters--;
    }
}

/* One that has been given all it may have, and has answered nothing in time. */
static void try_worker (dispatcher_t *dispatcher, worker_t *worker, bundle_t *bundle,
                        int64_t now_ms)
{
    hand_over (dispatcher, worker, clients_next (dispatcher->clients), bundle, now_ms);
    pool_tried (worker, now_ms);
}

static void hand_over (dispatcher_t *dispatcher, worker_t *worker, job_t *job,
                       bundle_t *bundle, int64_t now_ms)
{
    const client_t *client = job->client;
    job->tries++;
    inflight_add (dispatcher->inflight, job, worker, now_ms + INFLIGHT_MS);
    pool_charge (worker, job->bytes);
    const letter_t letter = {.ticket = job->ticket,
                             .client = bytes_of (client->id, client->id_size),
                             .message = job_message (job)};
    bundle_add (bundle, &letter);
}
