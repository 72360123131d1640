/* monitor.h - what happens to the connections of a socket: ZeroMQ's socket monitor. */

#ifndef LOTERIA_MONITOR_H
#define LOTERIA_MONITOR_H

#include <czmq.h>

/* What to poll for those of ZeroMQ's `events` (ZMQ_EVENT_..., or-ed) that happen to
   `socket` from now on. NULL when out of sockets; errno says more. */
zsock_t *monitor_new (zsock_t *socket, int events);

/* Before the socket itself. */
void monitor_destroy (zsock_t **monitor, zsock_t *socket);

/* To be polled, once all there was has been taken: of what comes before that it says
   nothing. It says once that there are events: after that, all have to be taken again.
   It is a descriptor and not the socket, as zmq_poll () has a dearer look at those. */
zmq_pollitem_t monitor_item (zsock_t *monitor);

/* The next event, and its value; false: no more for now. */
bool monitor_take (zsock_t *monitor, uint16_t *event, uint32_t *value);

#endif
