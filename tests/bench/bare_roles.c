/* bare_roles.c - what each process of the bare topology does (bare.h). */

#include "bare.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "measure.h"

#define GROUP_MAX 512 // messages that storage writes at once
#define TURN_MAX  256 // messages from one socket before the other gets its turn
#define PEERS_MAX 128

typedef struct { // as storage gets it: worker, client, batch
    zmq_msg_t worker, client, batch;
} delivery_t;

typedef struct { // a worker's routing id
    size_t size;
    uint8_t data[255];
} peer_t;

static void *open_socket (void *context, int type);
static void *bind_socket (void *context, bool ipc, const char *name, char *endpoint);
static void *connect_socket (void *context, int type, const char *endpoint);
static void set_text (void *socket, int option, const char *text);
static void send_batch (void *socket, const uint8_t *batch, size_t size);
static bool answer_before (void *socket, int timer, int64_t due_ns);
static int64_t due_ns (const bare_t *bare, uint64_t batch);
static void take_acknowledgement (void *socket);
static bool receive (void *socket, zmq_msg_t *frame);
static void send_frame (void *socket, zmq_msg_t *frame, int flags);
static void pass_on (void *from, void *to, zmq_msg_t *first);
static void meet_workers (void *back, peer_t *workers, uint64_t count);
static void append (int file, const delivery_t *deliveries, size_t count, bool sync);

void bare_client (bare_t *bare)
{
    const bare_options_t *options = bare->options;
    const uint64_t window =
        options->window < options->count ? options->window : options->count;
    pthread_barrier_wait (&bare->shared->bound);
    void *context = zmq_ctx_new (), *socket = open_socket (context, ZMQ_DEALER);
    if (options->curve) {
        char public[41], secret[41];
        zmq_curve_keypair (public, secret);
        set_text (socket, ZMQ_CURVE_SERVERKEY, bare->shared->server_public);
        set_text (socket, ZMQ_CURVE_PUBLICKEY, public);
        set_text (socket, ZMQ_CURVE_SECRETKEY, secret);
    }
    if (zmq_connect (socket, bare->shared->front) == -1)
        measure_die ("client: %s", zmq_strerror (errno));
    uint8_t *batch = malloc (options->bytes);
    int64_t *sent_ns = calloc (window, sizeof *sent_ns);
    assert (batch && sent_ns);
    memset (batch, 'x', options->bytes);
    send_batch (socket, batch, options->bytes);
    take_acknowledgement (socket);
    pthread_barrier_wait (&bare->shared->connected);

    const int timer = timerfd_create (CLOCK_MONOTONIC, 0);
    bare->times->start_ns = measure_ns ();
    uint64_t sent = 0, taken = 0;
    while (taken < options->count) {
        while (sent < options->count && sent - taken < window) {
            const int64_t now_ns = measure_ns (), due = due_ns (bare, sent);
            if (options->rate > 0 && now_ns < due)
                break;
            sent_ns[sent % window] = options->rate > 0 ? due : now_ns;
            send_batch (socket, batch, options->bytes);
            sent++;
        }
        if (options->rate > 0 && sent < options->count && sent - taken < window &&
            !answer_before (socket, timer, due_ns (bare, sent)))
            continue;
        take_acknowledgement (socket);
        // with several workers not always this very batch's, but one of the window's
        bare->latencies[taken] = measure_latency (sent_ns[taken % window]);
        taken++;
    }
    bare->times->end_ns = measure_ns ();
}

void bare_broker (bare_t *bare)
{
    const bare_options_t *options = bare->options;
    peer_t workers[PEERS_MAX];
    void *context = zmq_ctx_new ();
    void *back = bind_socket (context, options->ipc, "back", bare->shared->back);
    void *front = open_socket (context, ZMQ_ROUTER);
    size_t size = sizeof bare->shared->front;
    if (options->curve) {
        const int yes = 1;
        zmq_setsockopt (front, ZMQ_CURVE_SERVER, &yes, sizeof yes);
        set_text (front, ZMQ_CURVE_SECRETKEY, bare->shared->server_secret);
    }
    if (zmq_bind (front, "tcp://127.0.0.1:*") == -1 ||
        zmq_getsockopt (front, ZMQ_LAST_ENDPOINT, bare->shared->front, &size) == -1)
        measure_die ("broker: %s", zmq_strerror (errno));
    pthread_barrier_wait (&bare->shared->bound);
    meet_workers (back, workers, options->workers);

    zmq_pollitem_t items[] = {{back, 0, ZMQ_POLLIN, 0}, {front, 0, ZMQ_POLLIN, 0}};
    uint64_t turn = 0;
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    while (zmq_poll (items, 2, -1) != -1) {
        for (int i = 0; i < TURN_MAX && receive (back, &frame); i++) {
            receive (back, &frame); // behind the worker's id comes the client's
            pass_on (back, front, &frame);
        }
        for (int i = 0; i < TURN_MAX && receive (front, &frame); i++) {
            const peer_t *worker = &workers[turn++ % options->workers];
            zmq_msg_t address;
            zmq_msg_init_size (&address, worker->size);
            memcpy (zmq_msg_data (&address), worker->data, worker->size);
            send_frame (back, &address, ZMQ_SNDMORE);
            pass_on (front, back, &frame);
        }
    }
}

void bare_worker (bare_t *bare)
{
    void *context = zmq_ctx_new ();
    pthread_barrier_wait (&bare->shared->bound);
    void *storage = connect_socket (context, ZMQ_DEALER, bare->shared->storage);
    void *broker = connect_socket (context, ZMQ_DEALER, bare->shared->back);
    send_batch (broker, (const uint8_t *) "here", 4);

    zmq_pollitem_t items[] = {{storage, 0, ZMQ_POLLIN, 0}, {broker, 0, ZMQ_POLLIN, 0}};
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    while (zmq_poll (items, 2, -1) != -1) {
        for (int i = 0; i < TURN_MAX && receive (storage, &frame); i++)
            pass_on (storage, broker, &frame);
        for (int i = 0; i < TURN_MAX && receive (broker, &frame); i++)
            pass_on (broker, storage, &frame);
    }
}

void bare_storage (bare_t *bare)
{
    const bare_options_t *options = bare->options;
    static delivery_t deliveries[GROUP_MAX];
    void *context = zmq_ctx_new ();
    void *socket =
        bind_socket (context, options->ipc, "storage", bare->shared->storage);
    const int file = open (options->file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file == -1)
        measure_die ("%s: %s", options->file, strerror (errno));
    for (size_t i = 0; i < GROUP_MAX; i++) {
        zmq_msg_init (&deliveries[i].worker);
        zmq_msg_init (&deliveries[i].client);
        zmq_msg_init (&deliveries[i].batch);
    }
    pthread_barrier_wait (&bare->shared->bound);

    zmq_pollitem_t item = {socket, 0, ZMQ_POLLIN, 0};
    while (zmq_poll (&item, 1, -1) != -1) {
        size_t count = 0;
        while (count < GROUP_MAX && receive (socket, &deliveries[count].worker)) {
            receive (socket, &deliveries[count].client);
            receive (socket, &deliveries[count].batch);
            count++;
        }
        append (file, deliveries, count, options->sync);
        for (size_t i = 0; i < count; i++) {
            zmq_msg_t stored;
            zmq_msg_init_size (&stored, 8);
            memset (zmq_msg_data (&stored), 0, 8);
            send_frame (socket, &deliveries[i].worker, ZMQ_SNDMORE);
            send_frame (socket, &deliveries[i].client, ZMQ_SNDMORE);
            send_frame (socket, &stored, 0);
        }
    }
}

static void *open_socket (void *context, int type)
{
    void *socket = zmq_socket (context, type);
    const int unbounded = 0; // the clients' windows bound everything
    assert (socket);
    zmq_setsockopt (socket, ZMQ_SNDHWM, &unbounded, sizeof unbounded);
    zmq_setsockopt (socket, ZMQ_RCVHWM, &unbounded, sizeof unbounded);
    return socket;
}

/* On a free port, or an abstract name that no file stands for; `endpoint`
   (BARE_ENDPOINT_BYTES) is where. */
static void *bind_socket (void *context, bool ipc, const char *name, char *endpoint)
{
    void *socket = open_socket (context, ZMQ_ROUTER);
    size_t size = BARE_ENDPOINT_BYTES;
    if (ipc)
        snprintf (endpoint, size, "ipc://@bench-bare-%d-%s", (int) getppid (), name);
    else
        snprintf (endpoint, size, "tcp://127.0.0.1:*");
    if (zmq_bind (socket, endpoint) == -1 ||
        zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, endpoint, &size) == -1)
        measure_die ("bind: %s", zmq_strerror (errno));
    return socket;
}

static void *connect_socket (void *context, int type, const char *endpoint)
{
    void *socket = open_socket (context, type);
    if (zmq_connect (socket, endpoint) == -1)
        measure_die ("connect: %s", zmq_strerror (errno));
    return socket;
}

static void set_text (void *socket, int option, const char *text)
{
    if (zmq_setsockopt (socket, option, text, strlen (text) + 1) == -1)
        measure_die ("CURVE: %s", zmq_strerror (errno));
}

static void send_batch (void *socket, const uint8_t *batch, size_t size)
{
    zmq_msg_t frame;
    zmq_msg_init_size (&frame, size);
    memcpy (zmq_msg_data (&frame), batch, size);
    send_frame (socket, &frame, 0);
}

/* With a rate: the clients take turns. */
static int64_t due_ns (const bare_t *bare, uint64_t batch)
{
    const bare_options_t *options = bare->options;
    const uint64_t turn = batch * options->clients + bare->client;
    return options->rate == 0
               ? 0
               : bare->times->start_ns + (int64_t) (turn * 1000000000 / options->rate);
}

/* Waits; true if there is an answer before that moment. */
static bool answer_before (void *socket, int timer, int64_t due_ns)
{
    const struct itimerspec due = {
        .it_value = {due_ns / 1000000000, due_ns % 1000000000}};
    zmq_pollitem_t items[] = {{socket, 0, ZMQ_POLLIN, 0}, {NULL, timer, ZMQ_POLLIN, 0}};
    timerfd_settime (timer, TFD_TIMER_ABSTIME, &due, NULL);
    zmq_poll (items, 2, -1);
    return items[0].revents & ZMQ_POLLIN;
}

static void take_acknowledgement (void *socket)
{
    uint8_t stored[8];
    if (zmq_recv (socket, stored, sizeof stored, 0) != sizeof stored)
        measure_die ("client: no acknowledgement");
}

/* False when nothing is waiting. */
static bool receive (void *socket, zmq_msg_t *frame)
{
    if (zmq_msg_recv (frame, socket, ZMQ_DONTWAIT) != -1)
        return true;
    if (errno != EAGAIN && errno != EINTR)
        measure_die ("receive: %s", zmq_strerror (errno));
    return false;
}

static void send_frame (void *socket, zmq_msg_t *frame, int flags)
{
    while (zmq_msg_send (frame, socket, flags) == -1)
        if (errno != EINTR)
            measure_die ("send: %s", zmq_strerror (errno));
}

/* Send `first` and the frames behind it. */
static void pass_on (void *from, void *to, zmq_msg_t *first)
{
    int more;
    do {
        more = zmq_msg_more (first);
        send_frame (to, first, more ? ZMQ_SNDMORE : 0);
    } while (more && receive (from, first));
}

static void meet_workers (void *back, peer_t *workers, uint64_t count)
{
    uint8_t here[4];
    for (uint64_t i = 0; i < count; i++) {
        const int size = zmq_recv (back, workers[i].data, sizeof workers[i].data, 0);
        if (size == -1 || zmq_recv (back, here, sizeof here, 0) == -1)
            measure_die ("broker: %s", zmq_strerror (errno));
        workers[i].size = (size_t) size;
    }
}

static void append (int file, const delivery_t *deliveries, size_t count, bool sync)
{
    struct iovec parts[GROUP_MAX];
    size_t size = 0;
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        zmq_msg_t *batch = (zmq_msg_t *) &deliveries[i].batch;
        parts[i].iov_base = zmq_msg_data (batch);
        parts[i].iov_len = zmq_msg_size (batch);
        size += parts[i].iov_len;
    }
    if (writev (file, parts, (int) count) != (ssize_t) size ||
        (sync && fdatasync (file) == -1))
        measure_die ("storage: %s", strerror (errno));
}
