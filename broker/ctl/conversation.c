/* conversation.c - asks a running process of a central: loteria-ctl. */

#include "conversation.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "awake.h"
#include "clock.h"
#include "gate.h"
#include "net.h"
#include "watch.h"

#define MESSAGES_MAX   64
#define ASK_ANEW_MS    2000 // no answer: ask again
#define ASK_LATER_MS   250  // not now: ask again
#define STATE          "state"
#define STATE_KEY_FILE "state.key"

struct conversation {
    conversation_options_t options; // borrows its texts
    gate_t *gate;
    zsock_t *socket;
    watch_t *watch;
    awake_t awake; // after being stopped, look again before giving up
    unsigned asked;
    uint64_t connection;  // over which it was asked last
    int64_t ask_again_ms; // in waking time
};

typedef struct { // an answer's taker
    talk_t (*take) (void *context, const wire_message_t *answer);
    void *context;
} taker_t;

static int open_gate (conversation_t *self, bool state_key, problem_t *problem);
static int open_socket (conversation_t *self, bool state_key, problem_t *problem);
static bool has_state_key (const char *keys);
static bool is_due (conversation_t *self);
static void ask (conversation_t *self, const wire_message_t *question);
static bool take_answers (conversation_t *self, const taker_t *taker);
static bool wait_for_news (conversation_t *self, int64_t deadline_ms);
static const char *reason (const conversation_t *self);

conversation_t *conversation_new (const conversation_options_t *options,
                                  problem_t *problem)
{
    conversation_t *self = calloc (1, sizeof *self);
    assert (self);
    self->options = *options;
    if (!gate_endpoint_tcp (options->endpoint))
        self->options.keys = NULL; // a socket's file is for who may open it
    const bool state_key = options->to_state && has_state_key (self->options.keys);
    if (open_gate (self, state_key, problem) == -1 ||
        open_socket (self, state_key, problem) == -1)
        conversation_destroy (&self);
    return self;
}

void conversation_destroy (conversation_t **conversation)
{
    conversation_t *self = *conversation;
    if (self) {
        watch_destroy (&self->watch);
        zsock_destroy (&self->socket);
        gate_destroy (&self->gate);
        free (self);
    }
    *conversation = NULL;
}

const char *conversation_ask (conversation_t *self, const wire_message_t *question,
                              talk_t (*take) (void *context,
                                              const wire_message_t *answer),
                              void *context)
{
    const taker_t taker = {take, context};
    awake_start (&self->awake, clock_ms ());
    const int64_t deadline_ms = self->awake.now_ms + self->options.timeout_ms;
    self->asked = 0;
    self->ask_again_ms = self->awake.now_ms;
    while (true) {
        if (is_due (self))
            ask (self, question);
        if (!wait_for_news (self, deadline_ms))
            return CONVERSATION_INTERRUPTED;
        if (take_answers (self, &taker))
            return NULL;
        if (self->awake.now_ms >= deadline_ms ||
            reach_needs_help (watch_state (self->watch)))
            return reason (self);
    }
}

unsigned conversation_asked (const conversation_t *self)
{
    return self->asked;
}

static int open_gate (conversation_t *self, bool state_key, problem_t *problem)
{
    static const char *const nobody[] = {NULL}, *const state[] = {STATE, NULL};
    const gate_options_t options = {.keys = self->options.keys,
                                    .peers = state_key ? state : nobody,
                                    .hosts = state_key ? state : NULL};
    self->gate = gate_new (&options, problem);
    return self->gate ? 0 : -1;
}

static int open_socket (conversation_t *self, bool state_key, problem_t *problem)
{
    self->socket = net_dealer (WIRE_SMALL_BYTES_MAX, MESSAGES_MAX, problem);
    if (!self->socket)
        return -1;
    zsock_set_linger (self->socket, 0); // nobody waits for it at the end
    const watch_options_t watch = {.gate = self->gate,
                                   .socket = self->socket,
                                   .endpoint = self->options.endpoint,
                                   .key = state_key ? STATE : NULL,
                                   .quiet = true};
    self->watch = watch_new (&watch, clock_ms (), problem);
    return self->watch ? 0 : -1;
}

static bool has_state_key (const char *keys)
{
    char path[PATH_MAX];
    return keys && *keys &&
           snprintf (path, sizeof path, "%s/" STATE_KEY_FILE, keys) < PATH_MAX &&
           access (path, F_OK) == 0;
}

/* ZeroMQ may take the first question before its monitor tells of the connection. */
static bool is_due (conversation_t *self)
{
    const uint64_t connection = watch_opened (self->watch);
    if (self->connection == 0)
        self->connection = connection;
    return net_ready (self->socket) &&
           (self->awake.now_ms >= self->ask_again_ms || connection != self->connection);
}

static void ask (conversation_t *self, const wire_message_t *question)
{
    if (net_send_message (self->socket, bytes_of (NULL, 0), question) != NET_OK)
        return; // a moment later
    self->asked++;
    self->connection = watch_opened (self->watch);
    self->ask_again_ms = self->awake.now_ms + ASK_ANEW_MS;
}

/* True when it is over. */
static bool take_answers (conversation_t *self, const taker_t *taker)
{
    bool over = false;
    zmq_msg_t body;
    zmq_msg_init (&body);
    net_status_t status;
    while (!over && (status = net_receive (self->socket, NULL, &body)) != NET_EMPTY) {
        wire_message_t answer;
        const bool good =
            status == NET_OK && wire_decode (net_body (&body), &answer) == REFUSED_OK;
        const talk_t talk = taker->take (taker->context, good ? &answer : NULL);
        over = talk == TALK_OVER;
        if (talk == TALK_LATER)
            self->ask_again_ms = self->awake.now_ms + ASK_LATER_MS;
    }
    zmq_msg_close (&body);
    return over;
}

/* An answer, a change of the connection, or the time to ask again. False: a signal. */
static bool wait_for_news (conversation_t *self, int64_t deadline_ms)
{
    // POLLOUT would always be there while nothing is to be asked
    const bool waits_to_ask =
        self->asked == 0 || self->awake.now_ms >= self->ask_again_ms;
    zmq_pollitem_t items[] = {
        {.socket = zsock_resolve (self->socket),
         .events = (short) (waits_to_ask ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN)},
        {.fd = self->options.signal_fd, .events = ZMQ_POLLIN},
        watch_item (self->watch),
    };
    const int64_t look_ms = watch_deadline (self->watch);
    int64_t until_ms = deadline_ms < look_ms ? deadline_ms : look_ms;
    if (!waits_to_ask && self->ask_again_ms < until_ms)
        until_ms = self->ask_again_ms;
    zmq_poll (items, 3, awake_timeout (&self->awake, until_ms));
    const int64_t now_ms = awake_look (&self->awake, clock_ms ());
    watch_look (self->watch, now_ms);
    return !items[1].revents;
}

static const char *reason (const conversation_t *self)
{
    const reach_state_t state = watch_state (self->watch);
    return state == REACH_UP ? CONVERSATION_SILENT : reach_reason (state);
}
