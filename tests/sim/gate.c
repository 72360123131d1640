/* gate.c - gate.h, watch.h and monitor.h on the simulated network, linked in place of
   the product's: everybody may come in, and a name is a place. */

#include "gate.h"
#include "monitor.h"
#include "watch.h"
#include "wire.h"

#include "world.h"

#include <assert.h>
#include <stdlib.h>

struct watch {
    network_socket_t *socket;
};

static char nothing; // what there is but one of

gate_t *gate_new (const gate_options_t *options, problem_t *problem)
{
    (void) options, (void) problem;
    return (gate_t *) &nothing;
}

void gate_destroy (gate_t **gate)
{
    *gate = NULL;
}

const char *gate_listen (gate_t *gate, zsock_t *socket, const char *domain,
                         const char *endpoint, problem_t *problem)
{
    (void) gate, (void) domain, (void) problem;
    network_bind ((network_socket_t *) socket, endpoint);
    world_serves (world_node ());
    return endpoint;
}

int gate_connect (gate_t *gate, zsock_t *socket, const char *peer, const char *endpoint,
                  problem_t *problem)
{
    (void) gate, (void) peer, (void) problem;
    network_connect ((network_socket_t *) socket, endpoint,
                     world_node ()->world->now_ms);
    return 0;
}

zmq_pollitem_t gate_item (const gate_t *gate)
{
    (void) gate;
    return (zmq_pollitem_t){.fd = -1};
}

void gate_serve (gate_t *gate)
{
    (void) gate;
}

bool gate_sender (zmq_msg_t *body, gate_sender_t *sender)
{
    (void) body, (void) sender;
    return false;
}

uint8_t gate_role (const gate_t *gate, zmq_msg_t *body)
{
    (void) gate, (void) body;
    return ROLE_ANY;
}

bool gate_may_inquire (const gate_t *gate, zmq_msg_t *body)
{
    (void) gate, (void) body;
    return true;
}

uint64_t gate_strangers (const gate_t *gate)
{
    (void) gate;
    return 0;
}

const keyring_t *gate_keys (const gate_t *gate)
{
    (void) gate;
    return NULL;
}

bool gate_endpoint_tcp (const char *endpoint)
{
    (void) endpoint;
    return false;
}

watch_t *watch_new (const watch_options_t *options, int64_t now_ms, problem_t *problem)
{
    (void) problem;
    watch_t *watch = malloc (sizeof *watch);
    assert (watch);
    watch->socket = (network_socket_t *) options->socket;
    network_connect (watch->socket, options->endpoint, now_ms);
    return watch;
}

void watch_destroy (watch_t **watch)
{
    free (*watch);
    *watch = NULL;
}

zmq_pollitem_t watch_item (const watch_t *watch)
{
    (void) watch;
    return (zmq_pollitem_t){.fd = -1};
}

/* The news of a link wakes its node. */
int64_t watch_deadline (const watch_t *watch)
{
    (void) watch;
    return INT64_MAX;
}

void watch_look (watch_t *watch, int64_t now_ms)
{
    (void) watch, (void) now_ms;
}

reach_state_t watch_state (const watch_t *watch)
{
    return network_up (watch->socket)           ? REACH_UP
           : network_opened (watch->socket) > 0 ? REACH_LOST
                                                : REACH_TRYING;
}

bool watch_tried_all (const watch_t *watch)
{
    (void) watch;
    return true;
}

uint64_t watch_opened (const watch_t *watch)
{
    return network_opened (watch->socket);
}

zsock_t *monitor_new (zsock_t *socket, int events)
{
    (void) socket, (void) events;
    return (zsock_t *) &nothing;
}

void monitor_destroy (zsock_t **monitor, zsock_t *socket)
{
    (void) socket;
    *monitor = NULL;
}

bool monitor_take (zsock_t *monitor, uint16_t *event, uint32_t *value)
{
    (void) monitor, (void) event, (void) value;
    return false;
}
