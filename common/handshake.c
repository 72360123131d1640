/* handshake.c - ZeroMQ's socket monitor, as far as keys are concerned. */

#include "handshake.h"

#include "bytes.h"
#include "process.h"

#define EVENTS                                                                         \
    (ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |      \
     ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
#define EVENT_BYTES 6 // number: 16 bits, value: 32 bits, both as the machine has them

static bool take_event (zsock_t *watch, uint16_t *event);

zsock_t *handshake_watch (zsock_t *socket)
{
    char endpoint[64];
    snprintf (endpoint, sizeof endpoint, "inproc://handshake-%p", (void *) socket);
    zsock_t *watch = zsock_new (ZMQ_PAIR);
    if (!watch || zmq_socket_monitor (zsock_resolve (socket), endpoint, EVENTS) == -1 ||
        zmq_connect (zsock_resolve (watch), endpoint) == -1)
        process_die ("connect", "reason: no socket to be had, %s",
                     zmq_strerror (errno));
    return watch;
}

handshake_t handshake_next (zsock_t *watch)
{
    uint16_t event;
    while (take_event (watch, &event)) {
        if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
            return HANDSHAKE_REFUSED;
        if (event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL ||
            event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)
            return HANDSHAKE_MISMATCH;
    }
    return HANDSHAKE_NOTHING;
}

const char *handshake_text (handshake_t trouble)
{
    switch (trouble) {
    case HANDSHAKE_REFUSED:
        return "this key is not admitted there: not enrolled, or revoked";
    case HANDSHAKE_MISMATCH:
        return "the other side has no CURVE while we have, or has and we have not, or "
               "has another key than we were told";
    default:
        return "";
    }
}

/* Two frames: the event, and where it happened. */
static bool take_event (zsock_t *watch, uint16_t *event)
{
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    bool taken = false;
    int more = 1;
    for (int i = 0; more; i++) {
        if (zmq_msg_recv (&frame, zsock_resolve (watch), ZMQ_DONTWAIT) == -1)
            break;
        more = zmq_msg_more (&frame);
        if (i == 0 && zmq_msg_size (&frame) == EVENT_BYTES) {
            memcpy (event, zmq_msg_data (&frame), sizeof *event);
            taken = true;
        }
    }
    zmq_msg_close (&frame);
    return taken;
}
