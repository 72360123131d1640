/* seller.c - the shell around a session (agency): one socket, which carries whole
   messages both ways. */

#include "seller.h"

#include "deadline.h"
#include "gate.h"
#include "watch.h"

#include <stdlib.h>

/* Besides a window of batches, the few questions that may be under way with them. */
#define QUESTIONS_MAX 16

struct seller {
    const servers_t *servers;
    rotation_t rotation; // which of them
    uint32_t shut;       // bits: those that do not admit this agency
    gate_t *gate;
    int messages_max;
    zsock_t *socket;
    watch_t *watch;  // connects it, and knows how it stands
    uint64_t opened; // connections of this socket, as of the last look
    bool connected;  // there was one, of any socket
    bool blocked;    // the socket took no more, or nobody is connected yet
    rotation_seen_t seen;
    uint64_t served, standbys; // the session's counts, as of the last look
    session_t *session;
};

static bool open_connection (seller_t *seller, int64_t now_ms, problem_t *problem);
static bool look_at_link (seller_t *seller, int64_t now_ms);
static bool has_failed (const seller_t *seller);
static void take_messages (seller_t *seller, int64_t now_ms);
static void go_where_it_is_served (seller_t *seller, int64_t now_ms);
static void send_messages (seller_t *seller, int64_t now_ms);
static bool send_message (seller_t *seller, size_t size);

seller_t *seller_new (const seller_options_t *options, int64_t now_ms,
                      problem_t *problem)
{
    static const char *const peers[] = {"broker", NULL};
    const gate_options_t gate = {.keys = options->keys, .peers = peers};
    seller_t *seller = calloc (1, sizeof *seller);
    assert (seller);
    seller->servers = options->servers;
    seller->messages_max = (int) options->session.limits.window + QUESTIONS_MAX;
    rotation_start (&seller->rotation, seller->servers->count, options->session.seed,
                    now_ms);
    seller->gate = gate_new (&gate, problem);
    if (!seller->gate || !open_connection (seller, now_ms, problem)) {
        seller_destroy (&seller);
        return NULL;
    }
    seller->session = session_new (&options->session, options->rows, now_ms);
    return seller;
}

/* In place of the one that there is, which stays when this is not possible. What is
   still in that one is sent, or is lost: the session repeats it. */
static bool open_connection (seller_t *seller, int64_t now_ms, problem_t *problem)
{
    zsock_t *socket = net_dealer (MESSAGE_BYTES_MAX, seller->messages_max, problem);
    const watch_options_t options = {.gate = seller->gate,
                                     .socket = socket,
                                     .endpoint =
                                         seller->servers->endpoint[seller->rotation.at],
                                     .key = "broker",
                                     .quiet = true}; // the report says it
    watch_t *watch = socket ? watch_new (&options, now_ms, problem) : NULL;
    if (!watch) {
        zsock_destroy (&socket);
        return false;
    }
    watch_destroy (&seller->watch);
    zsock_destroy (&seller->socket);
    seller->socket = socket;
    seller->watch = watch;
    seller->opened = 0;
    seller->blocked = true;
    return true;
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
    go_where_it_is_served (seller, now_ms);
    session_tick (seller->session, now_ms);
    send_messages (seller, now_ms);
    return !session_over (seller->session);
}

/* Keys that do not fit may be mended while it waits; one that is turned away everywhere
   will not be let in. */
static bool look_at_link (seller_t *seller, int64_t now_ms)
{
    const uint32_t here = UINT32_C (1) << seller->rotation.at;
    watch_look (seller->watch, now_ms);
    const uint64_t opened = watch_opened (seller->watch);
    if (opened > seller->opened && seller->connected)
        session_reconnected (seller->session, now_ms);
    seller->connected |= opened > 0;
    seller->opened = opened;
    seller->seen.up = seller_link (seller) == REACH_UP;
    seller->seen.failed = has_failed (seller);
    if (seller->seen.up)
        seller->shut &= ~here;
    if (seller_link (seller) == REACH_NOT_ADMITTED)
        seller->shut |= here;
    return seller->shut != (UINT32_C (1) << seller->servers->count) - 1;
}

/* A name has two families, which are both to be tried. */
static bool has_failed (const seller_t *seller)
{
    const reach_state_t state = seller_link (seller);
    return state >= REACH_NAME && state <= REACH_NOBODY
               ? watch_tried_all (seller->watch)
               : state >= REACH_CUT && state != REACH_UP;
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

/* Where there are no sockets for that it stays. */
static void go_where_it_is_served (seller_t *seller, int64_t now_ms)
{
    const session_progress_t *progress = session_progress (seller->session);
    const size_t before = seller->rotation.at;
    problem_t problem;
    seller->seen.served = progress->served != seller->served;
    seller->seen.standby = progress->standbys != seller->standbys;
    seller->served = progress->served;
    seller->standbys = progress->standbys;
    const rotation_turn_t turn =
        rotation_turn (&seller->rotation, &seller->seen, now_ms);
    seller->seen = (rotation_seen_t){0};
    if (turn == ROTATION_ASK)
        session_reconnected (seller->session, now_ms);
    if (turn == ROTATION_MOVE && !open_connection (seller, now_ms, &problem))
        seller->rotation.at = before;
}

static void send_messages (seller_t *seller, int64_t now_ms)
{
    size_t size;
    seller->blocked = false;
    while (!seller->blocked &&
           (size = session_next_output (seller->session, now_ms)) > 0) {
        if (send_message (seller, size)) {
            session_output_sent (seller->session, now_ms);
            seller->seen.asked = true;
        } else
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
    const int64_t due[] = {session_deadline (seller->session),
                           watch_deadline (seller->watch),
                           rotation_deadline (&seller->rotation)};
    return deadline_earliest (due, sizeof due / sizeof *due);
}

session_t *seller_session (const seller_t *seller)
{
    return seller->session;
}

const char *seller_server (const seller_t *seller)
{
    return seller->servers->text[seller->rotation.at];
}

/* A name has no address only when it has none of either family. */
reach_state_t seller_link (const seller_t *seller)
{
    const reach_state_t state = watch_state (seller->watch);
    return state == REACH_NAME && !watch_tried_all (seller->watch) ? REACH_TRYING
                                                                   : state;
}
