/* ctl.c - loteria-ctl at work: one question, one answer. */

#include "ctl.h"

#include "awake.h"
#include "clock.h"
#include "gate.h"
#include "net.h"
#include "watch.h"

#define MESSAGES_MAX 1

typedef struct {
    zsock_t *socket;
    watch_t *watch;
    awake_t awake; // after being stopped, look again before giving up
    int64_t deadline_ms;
    int signal_fd;
} question_t;

static int open_question (question_t *question, gate_t *gate, const char *endpoint,
                          int64_t timeout_ms, problem_t *problem);
static const char *ask (question_t *question, char *name);
static bool wait_for (question_t *question, short event);
static const char *take_answer (zsock_t *socket, char *name);
static void copy_printable (char *name, bytes_t text);

int ctl_ping (const char *endpoint, const char *keys, int64_t timeout_ms, int signal_fd,
              char name[WIRE_NAME_BYTES_MAX + 1], problem_t *problem)
{
    static const char *const nobody[] = {NULL};
    const gate_options_t options = {.keys = keys, .peers = nobody};
    question_t question = {.signal_fd = signal_fd};
    gate_t *gate = gate_new (&options, problem);
    int rc = gate ? open_question (&question, gate, endpoint, timeout_ms, problem) : -1;
    if (rc == 0) {
        const char *reason = ask (&question, name);
        if (reason)
            rc = problem_set (problem, PROCESS_FAILED, "ping",
                              "endpoint: %s | reason: %s", endpoint, reason);
    }
    watch_destroy (&question.watch);
    zsock_destroy (&question.socket);
    gate_destroy (&gate);
    return rc;
}

static int open_question (question_t *question, gate_t *gate, const char *endpoint,
                          int64_t timeout_ms, problem_t *problem)
{
    question->socket = net_dealer (WIRE_SMALL_BYTES_MAX, MESSAGES_MAX, problem);
    if (!question->socket)
        return -1;
    zsock_set_linger (question->socket, 0); // nobody waits for it at the end
    awake_start (&question->awake, clock_ms ());
    question->deadline_ms = question->awake.now_ms + timeout_ms;
    const watch_options_t watch = {
        .gate = gate, .socket = question->socket, .endpoint = endpoint, .quiet = true};
    question->watch = watch_new (&watch, question->awake.now_ms, problem);
    return question->watch ? 0 : -1;
}

static const char *ask (question_t *question, char *name)
{
    const wire_message_t ping = {.command = WIRE_PING};
    if (!wait_for (question, ZMQ_POLLOUT))
        return reach_reason (watch_state (question->watch));
    if (net_send_message (question->socket, bytes_of (NULL, 0), &ping) != NET_OK ||
        !wait_for (question, ZMQ_POLLIN))
        return "no answer";
    return take_answer (question->socket, name);
}

/* False when time is up, a signal came, or these keys will never be admitted. */
static bool wait_for (question_t *question, short event)
{
    zmq_pollitem_t items[] = {
        {.socket = zsock_resolve (question->socket), .events = event},
        {.fd = question->signal_fd, .events = ZMQ_POLLIN},
        watch_item (question->watch),
    };
    int64_t now_ms;
    do {
        const int64_t look_ms = watch_deadline (question->watch);
        zmq_poll (items, 3,
                  awake_timeout (&question->awake, look_ms < question->deadline_ms
                                                       ? look_ms
                                                       : question->deadline_ms));
        now_ms = awake_look (&question->awake, clock_ms ());
        watch_look (question->watch, now_ms);
    } while (!(items[0].revents & event) && !items[1].revents &&
             !reach_needs_help (watch_state (question->watch)) &&
             now_ms < question->deadline_ms);
    return items[0].revents & event;
}

static const char *take_answer (zsock_t *socket, char *name)
{
    const char *problem = "something answers, but not Lotería";
    wire_message_t pong;
    zmq_msg_t body;
    zmq_msg_init (&body);
    if (net_receive (socket, NULL, &body) == NET_OK &&
        wire_decode (net_body (&body), &pong) == REFUSED_OK &&
        pong.command == WIRE_PONG) {
        copy_printable (name, pong.name);
        problem = NULL;
    }
    zmq_msg_close (&body);
    return problem;
}

/* It came from a socket, and must not control a terminal. */
static void copy_printable (char *name, bytes_t text)
{
    size_t size = text.size < WIRE_NAME_BYTES_MAX ? text.size : WIRE_NAME_BYTES_MAX;
    for (size_t i = 0; i < size; i++)
        name[i] = text.data[i] > ' ' && text.data[i] < 0x7F ? (char) text.data[i] : '?';
    name[size] = 0;
}
