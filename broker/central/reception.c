/* reception.c - answers operators' questions about the central as a whole:
   loteria-central. In: PING. Out: the answers. */

#include "reception.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "logger.h"
#include "net.h"

#define QUEUE_MESSAGES 64

struct reception {
    const char *endpoint; // owned
    zsock_t *socket;
    uint64_t strays;
    logger_strays_t told;
};

static int listen_there (const reception_t *reception, problem_t *problem);
static void take_request (reception_t *reception, const peer_t *peer, zmq_msg_t *body);

reception_t *reception_new (const char *endpoint, problem_t *problem)
{
    reception_t *reception = calloc (1, sizeof *reception);
    assert (reception);
    reception->endpoint = strdup (endpoint);
    assert (reception->endpoint);
    reception->socket = net_router (WIRE_SMALL_BYTES_MAX, QUEUE_MESSAGES, problem);
    if (!reception->socket || listen_there (reception, problem) == -1)
        reception_destroy (&reception);
    return reception;
}

void reception_destroy (reception_t **reception)
{
    if (*reception) {
        zsock_destroy (&(*reception)->socket);
        free ((char *) (*reception)->endpoint);
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
    if (!net_answer_ping (reception->socket, peer, body, "loteria-central"))
        reception->strays++;
}
