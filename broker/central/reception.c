/* reception.c - answers operators' questions about the central as a whole:
   loteria-central. In: PING, STATUS, SCALE. Out: the answers. */

#include "reception.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "figures.h"
#include "gate.h"
#include "handler.h"
#include "inquiry.h"
#include "logger.h"
#include "net.h"
#include "role_figures.h"

#define QUEUE_MESSAGES 64

typedef struct {
    bytes_t peer;
    wire_message_t message;
} request_t;

struct reception {
    supervisor_t *supervisor; // borrowed
    gate_t *gate;             // without keys: who may open the socket may ask
    const char *endpoint;     // owned
    char *role;               // likewise; or NULL
    zsock_t *socket;
    uint64_t strays;
    logger_strays_t told;
};

static int listen_there (const reception_t *reception, problem_t *problem);
static void take_request (reception_t *reception, const peer_t *peer, zmq_msg_t *body);
static bool put_metrics (void *context, uint64_t draw, uint64_t *position,
                         metrics_page_t *page);
static int take_scale (void *self, void *context);
static bool scale (supervisor_t *supervisor, uint32_t wanted);
static uint32_t workers (const supervisor_t *supervisor);

reception_t *reception_new (const char *endpoint, supervisor_t *supervisor,
                            const char *role, problem_t *problem)
{
    static const char *const nobody[] = {NULL};
    const gate_options_t gate = {.peers = nobody};
    reception_t *reception = calloc (1, sizeof *reception);
    assert (reception);
    reception->supervisor = supervisor;
    reception->endpoint = strdup (endpoint);
    assert (reception->endpoint);
    reception->role = role ? strdup (role) : NULL;
    assert (!role || reception->role);
    reception->gate = gate_new (&gate, problem);
    if (reception->gate)
        reception->socket = net_router (WIRE_SMALL_BYTES_MAX, QUEUE_MESSAGES, problem);
    if (!reception->socket || listen_there (reception, problem) == -1)
        reception_destroy (&reception);
    return reception;
}

void reception_destroy (reception_t **reception)
{
    if (*reception) {
        zsock_destroy (&(*reception)->socket);
        gate_destroy (&(*reception)->gate);
        free ((char *) (*reception)->endpoint);
        free ((*reception)->role);
        free (*reception);
    }
    *reception = NULL;
}

/* Beside the former one, which would remove the new file if it ended after this; nobody
   can see that one any more. */
void reception_restore (reception_t *reception)
{
    problem_t problem;
    if (listen_there (reception, &problem) == -1)
        logger_event_parts (LOG_ERROR, problem.action, LOG_FAIL, problem.parts);
}

size_t reception_items (const reception_t *reception, zmq_pollitem_t *items)
{
    items[0] = (zmq_pollitem_t){.socket = zsock_resolve (reception->socket),
                                .events = ZMQ_POLLIN};
    return 1;
}

void reception_turn (reception_t *reception)
{
    zmq_msg_t body;
    peer_t peer;
    zmq_msg_init (&body);
    for (int i = 0; i < LOOP_MESSAGES_MAX; i++) {
        const net_status_t status = net_receive (reception->socket, &peer, &body);
        if (status == NET_EMPTY)
            break;
        if (status == NET_OK)
            take_request (reception, &peer, &body);
        else
            reception->strays++;
    }
    zmq_msg_close (&body);
    logger_strays (&reception->told, reception->strays, clock_ms ());
}

static int listen_there (const reception_t *reception, problem_t *problem)
{
    if (net_bind (reception->socket, reception->endpoint) == 0)
        return 0;
    return problem_set (problem, problem_status (errno), "listen",
                        "endpoint: %s | reason: %s", reception->endpoint,
                        net_problem (errno));
}

static void take_request (reception_t *reception, const peer_t *peer, zmq_msg_t *body)
{
    static const handler_t handlers[] = {{WIRE_SCALE, take_scale}, {0}};
    const self_report_t report = {.context = reception, .metrics = put_metrics};
    request_t request = {.peer = net_peer (peer)};
    if (net_answer_ping (reception->socket, peer, body, "loteria-central") ||
        inquiry_answer (reception->gate, reception->socket, peer, body, &report))
        return;
    const handler_t *handler =
        wire_decode (net_body (body), &request.message) == REFUSED_OK
            ? handler_find (handlers, request.message.command)
            : NULL;
    if (handler)
        handler->handle (reception, &request);
    else
        reception->strays++;
}

static bool put_metrics (void *context, uint64_t draw, uint64_t *position,
                         metrics_page_t *page)
{
    (void) draw;
    const reception_t *reception = context;
    role_t role;
    if (*position == 0 && reception->role && role_load (&role, reception->role) == 0)
        role_figures_put (&role, page);
    return figures_put (supervisor_children (reception->supervisor), position, page);
}

static int take_scale (void *self, void *context)
{
    reception_t *reception = self;
    const request_t *request = context;
    const uint32_t wanted = request->message.workers;
    wire_message_t answer = {.command = WIRE_SCALED};
    if (wanted > WORKERS_MAX)
        answer = wire_refusal (&request->message, REFUSED_RANGE, "too many workers");
    else if (wanted != 0 && !scale (reception->supervisor, wanted))
        answer = wire_refusal (&request->message, REFUSED_UNAVAILABLE,
                               "the central is about to end");
    else
        answer.workers = workers (reception->supervisor);
    net_send_message (reception->socket, request->peer, &answer);
    return 0;
}

static bool scale (supervisor_t *supervisor, uint32_t wanted)
{
    const uint32_t before = workers (supervisor);
    if (!supervisor_scale (supervisor, FIGURES_WORKERS, wanted))
        return false;
    if (wanted != before)
        logger_event (LOG_INFO, "central", LOG_SUCCESS,
                      "workers: %u | before: %u | reason: an operator's order", wanted,
                      before);
    return true;
}

static uint32_t workers (const supervisor_t *supervisor)
{
    return (uint32_t) children_wanted (supervisor_children (supervisor),
                                       FIGURES_WORKERS);
}
