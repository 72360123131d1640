/* ctl.c - loteria-ctl at work: one question, one answer. */

#include "ctl.h"

#include <errno.h>

#include "clock.h"
#include "gate.h"
#include "net.h"
#include "process.h"

#define MESSAGES_MAX 1

static const char *ask (zsock_t *socket, bool keyed, int64_t deadline_ms, int signal_fd,
                        char *name);
static bool wait_for (zsock_t *socket, short event, int64_t deadline_ms, int signal_fd);
static const char *take_answer (zsock_t *socket, char *name);
static void copy_printable (char *name, bytes_t text);

const char *ctl_ping (const char *endpoint, const char *keys, int64_t timeout_ms,
                      int signal_fd, char name[WIRE_NAME_BYTES_MAX + 1])
{
    static const char *const nobody[] = {NULL};
    const gate_options_t options = {.keys = keys, .peers = nobody};
    gate_t *gate = gate_new (&options);
    zsock_t *socket = net_dealer (WIRE_SMALL_BYTES_MAX, MESSAGES_MAX);
    zsock_set_linger (socket, 0); // a question nobody waits for need not arrive
    const char *problem;
    if (gate_connect (gate, socket, NULL, endpoint) == -1)
        problem = net_problem (errno);
    else
        problem =
            ask (socket, keys && *keys, clock_ms () + timeout_ms, signal_fd, name);
    zsock_destroy (&socket);
    gate_destroy (&gate);
    return problem;
}

static const char *ask (zsock_t *socket, bool keyed, int64_t deadline_ms, int signal_fd,
                        char *name)
{
    const wire_message_t ping = {.command = WIRE_PING};
    if (!wait_for (socket, ZMQ_POLLOUT, deadline_ms, signal_fd))
        return keyed ? "nobody is there, or it does not take these keys"
                     : "nobody is there, or it asks for keys (--keys)";
    if (net_send_message (socket, bytes_of (NULL, 0), &ping) != NET_OK ||
        !wait_for (socket, ZMQ_POLLIN, deadline_ms, signal_fd))
        return "no answer";
    return take_answer (socket, name);
}

/* False when the time is over, or a signal says so. */
static bool wait_for (zsock_t *socket, short event, int64_t deadline_ms, int signal_fd)
{
    zmq_pollitem_t items[] = {
        {.socket = zsock_resolve (socket), .events = event},
        {.fd = signal_fd, .events = ZMQ_POLLIN},
    };
    int64_t now_ms;
    do {
        now_ms = clock_ms ();
        zmq_poll (items, 2, clock_timeout (now_ms, deadline_ms));
    } while (!(items[0].revents & event) && !items[1].revents && now_ms < deadline_ms);
    return items[0].revents & event;
}

static const char *take_answer (zsock_t *socket, char *name)
{
    const char *problem = "something answers, but not Lotería";
    wire_message_t pong;
    zmq_msg_t body;
    zmq_msg_init (&body);
    if (net_receive (socket, NULL, &body) == NET_OK &&
        wire_decode (net_body (&body), &pong) == REFUSED_NOTHING &&
        pong.command == WIRE_PONG) {
        copy_printable (name, pong.name);
        problem = NULL;
    }
    zmq_msg_close (&body);
    return problem;
}

/* It came from a socket: a terminal must not be told what to do. */
static void copy_printable (char *name, bytes_t text)
{
    size_t size = text.size < WIRE_NAME_BYTES_MAX ? text.size : WIRE_NAME_BYTES_MAX;
    for (size_t i = 0; i < size; i++)
        name[i] = text.data[i] > ' ' && text.data[i] < 0x7F ? (char) text.data[i] : '?';
    name[size] = 0;
}
