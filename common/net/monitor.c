/* monitor.c - ZeroMQ's socket monitor: for watch.c, and for the broker's front door. */

#include "monitor.h"

#define EVENT_BYTES 6 // number: 16 bits, value: 32 bits, both as the machine has them

/* ZeroMQ's own thread waits when nobody takes what its monitor says, and would serve
   nobody: what it may say is bounded only by what happens while the owner's loop is
   elsewhere. */
zsock_t *monitor_new (zsock_t *socket, int events)
{
    static unsigned serial;
    char endpoint[64];
    snprintf (endpoint, sizeof endpoint, "inproc://monitor-%u", serial++);
    zsock_t *monitor = zsock_new (ZMQ_PAIR);
    if (!monitor)
        return NULL;
    zsock_set_rcvhwm (monitor, 0);
    if (zmq_socket_monitor (zsock_resolve (socket), endpoint, events) == -1 ||
        zmq_connect (zsock_resolve (monitor), endpoint) == -1) {
        const int problem = errno;
        zsock_destroy (&monitor);
        errno = problem;
    }
    return monitor;
}

void monitor_destroy (zsock_t **monitor, zsock_t *socket)
{
    // first: ZeroMQ would wait for the one that hears it
    zmq_socket_monitor (zsock_resolve (socket), NULL, 0);
    zsock_destroy (monitor);
}

zmq_pollitem_t monitor_item (zsock_t *monitor)
{
    return (zmq_pollitem_t){.fd = zsock_fd (monitor), .events = ZMQ_POLLIN};
}

/* Two frames: the event, and where it happened. */
bool monitor_take (zsock_t *monitor, uint16_t *event, uint32_t *value)
{
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    bool taken = false;
    int more = 1;
    for (int i = 0; more; i++) {
        if (zmq_msg_recv (&frame, zsock_resolve (monitor), ZMQ_DONTWAIT) == -1)
            break;
        more = zmq_msg_more (&frame);
        if (i == 0 && zmq_msg_size (&frame) == EVENT_BYTES) {
            const char *data = zmq_msg_data (&frame);
            memcpy (event, data, sizeof *event);
            memcpy (value, data + sizeof *event, sizeof *value);
            taken = true;
        }
    }
    zmq_msg_close (&frame);
    return taken;
}
