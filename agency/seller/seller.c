/* seller.c - the shell around a session (agency): one socket, which carries whole
   messages both ways. */

#include "seller.h"

#include "gate.h"
#include "watch.h"

#include <stdlib.h>

/* Besides a window of batches, the few questions that may be under way with them. */
#define QUESTIONS_MAX 16

struct seller {
    gate_t *gate;
    zsock_t *socket;
    watch_t *watch;  // connects it, and knows how it stands
    uint64_t opened; // connections, as of the last look
    bool blocked;    // the socket took no more, or nobody is connected yet
    session_t *session;
};

static bool open_connection (seller_t *seller, const seller_options_t *options,
                             int64_t now_ms, problem_t *problem);
static bool look_at_link (seller_t *seller, int64_t now_ms);
static void take_messages (seller_t *seller, int64_t now_ms);
static void send_messages (seller_t *seller, int64_t now_ms);
static bool send_message (seller_t *seller, size_t size);

seller_t *seller_new (const seller_options_t *options, int64_t now_ms,
                      problem_t *problem)
{
    seller_t *seller = calloc (1, sizeof *seller);
    assert (seller);
    seller->blocked = true;
    if (!open_connection (seller, options, now_ms, problem)) {
        seller_destroy (&seller);
        return NULL;
    }
    seller->session = session_new (&options->session, options->rows, now_ms);
    return seller;
}

static bool open_connection (seller_t *seller, const seller_options_t *options,
                             int64_t now_ms, problem_t *problem)
{
    static const char *const peers[] = {"broker", NULL};
    const gate_options_t gate = {.keys = options->keys, .peers = peers};
    const int messages_max = (int) options->session.limits.window + QUESTIONS_MAX;
    seller->socket = net_dealer (MESSAGE_BYTES_MAX, messages_max, problem);
    if (seller->socket)
        seller->gate = gate_new (&gate, problem);
    if (!seller->gate)
        return false;
    const watch_options_t watch = {.gate = seller->gate,
                                   .socket = seller->socket,
                                   .endpoint = options->endpoint,
                                   .key = "broker",
                                   .quiet = true}; // the report says it
    seller->watch = watch_new (&watch, now_ms, problem);
    return seller->watch != NULL;
}

void seller_destroy (seller_t **seller)
{
    if (*seller == NULL)
        return;
    session_destroy (&(*seller)->session);
    watch_destroy (&(*seller)->watch);
    zsock_destroy (&(*seller)->socket);
    gate_destroy (&(*seller)->gate);
    free (*seller);
    *seller = NULL;
}

bool seller_turn (seller_t *seller, int64_t now_ms)
{
    if (!look_at_link (seller, now_ms))
        return false;
    take_messages (seller, now_ms);
    session_tick (seller->session, now_ms);
    send_messages (seller, now_ms);
    return !session_over (seller->session);
}

/* Keys that do not fit may be mended while it waits; one that is turned away will not
   be let in. */
static bool look_at_link (seller_t *seller, int64_t now_ms)
{
    watch_look (seller->watch, now_ms);
    const uint64_t opened = watch_opened (seller->watch);
    if (opened > seller->opened && seller->opened > 0)
        session_reconnected (seller->session, now_ms);
    seller->opened = opened;
    return seller_link (seller) != REACH_NOT_ADMITTED;
}

static void take_messages (seller_t *seller, int64_t now_ms)
{
    zmq_msg_t body;
    zmq_msg_init (&body);
    for (int i = 0; i < LOOP_MESSAGES_MAX; i++) {
        const net_status_t status = net_receive (seller->socket, NULL, &body);
        if (status == NET_EMPTY)
            break;
        // nothing was kept of several frames: the session counts them as no message
        const bytes_t message =
            status == NET_OK ? net_body (&body) : bytes_of (NULL, 0);
        session_receive (seller->session, message, now_ms);
    }
    zmq_msg_close (&body);
}

static void send_messages (seller_t *seller, int64_t now_ms)
{
    size_t size;
    seller->blocked = false;
    while (!seller->blocked &&
           (size = session_next_output (seller->session, now_ms)) > 0) {
        if (send_message (seller, size))
            session_output_sent (seller->session, now_ms);
        else
            seller->blocked = true;
    }
}

static bool send_message (seller_t *seller, size_t size)
{
    zmq_msg_t body;
    const int rc = zmq_msg_init_size (&body, size);
    assert (rc == 0);
    session_write_output (seller->session, zmq_msg_data (&body));
    if (net_send (seller->socket, bytes_of (NULL, 0), &body) == NET_OK)
        return true;
    zmq_msg_close (&body);
    return false;
}

void seller_items (const seller_t *seller, zmq_pollitem_t *items)
{
    const short events = seller->blocked ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN;
    items[0] = (zmq_pollitem_t){zsock_resolve (seller->socket), 0, events, 0};
    items[1] = watch_item (seller->watch);
}

int64_t seller_deadline (const seller_t *seller)
{
    const int64_t session_ms = session_deadline (seller->session);
    const int64_t watch_ms = watch_deadline (seller->watch);
    return session_ms < watch_ms ? session_ms : watch_ms;
}

session_t *seller_session (const seller_t *seller)
{
    return seller->session;
}

/* A name has no address only when it has none of either family. */
reach_state_t seller_link (const seller_t *seller)
{
    const reach_state_t state = watch_state (seller->watch);
    return state == REACH_NAME && !watch_tried_all (seller->watch) ? REACH_TRYING
                                                                   : state;
}
