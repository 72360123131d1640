/* asker.c - asks the parts of a central: loteria-ctl, loteria-web. */

#include "asker.h"

#include <limits.h>
#include <unistd.h>

#include "awake.h"
#include "clock.h"
#include "net.h"
#include "watch.h"

#define ANSWER_BYTES_MAX (REPORT_BYTES_MAX + 2 * WIRE_SMALL_BYTES_MAX)
#define MESSAGES_MAX     64
#define ASK_LATER_MS     250
#define RECONNECT_MS     500  // to a part that is not there, at first,
#define RECONNECT_MS_MAX 2000 // and later on

typedef struct { // how a part is asked
    zsock_t *socket;
    watch_t *watch;
    asker_question_t question[ASKER_QUESTIONS_MAX];
    size_t questions;    // the first is being asked
    bool asked;          // it was sent, over the
    uint64_t connection; // so-many-eth connection
    int64_t ask_ms;      // not before
    int64_t deadline_ms; // both in waking time
    bool stale;          // an answer may still come to one that was given up
} line_t;

struct asker {
    whereabouts_t whereabouts;
    int64_t timeout_ms;
    gate_t *gate;
    const char *keyed[STATUS_PARTS + 1]; // parts whose keys are there
    awake_t awake;
    line_t line[STATUS_PARTS];
};

static int open_gate (asker_t *self, problem_t *problem);
static bool has_key (const char *keys, const char *name);
static int open_line (asker_t *self, status_part_t part, problem_t *problem);
static void close_line (line_t *line);
static void begin (asker_t *self, status_part_t part);
static void look (asker_t *self, status_part_t part, int64_t now_ms);
static void take_answers (asker_t *self, status_part_t part);
static void take_answer (asker_t *self, status_part_t part,
                         const wire_message_t *answer);
static const char *failure (const asker_t *self, const line_t *line);
static void ask (line_t *line);
static bool is_due (const asker_t *self, const line_t *line);
static void end (asker_t *self, status_part_t part);
static void give_up (asker_t *self, status_part_t part, const char *reason);
static int64_t timeout_of (const asker_t *self, const line_t *line);
static int64_t earlier (int64_t a, int64_t b);

asker_t *asker_new (const whereabouts_t *whereabouts, int64_t timeout_ms,
                    problem_t *problem)
{
    asker_t *self = calloc (1, sizeof *self);
    assert (self);
    self->whereabouts = *whereabouts;
    self->timeout_ms = timeout_ms;
    awake_start (&self->awake, clock_ms ());
    int rc = open_gate (self, problem);
    for (status_part_t part = 0; part < STATUS_PARTS && rc == 0; part++)
        if (asker_has (self, part))
            rc = open_line (self, part, problem);
    if (rc == -1)
        asker_destroy (&self);
    return self;
}

void asker_destroy (asker_t **asker)
{
    asker_t *self = *asker;
    if (!self)
        return;
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        close_line (&self->line[part]);
    gate_destroy (&self->gate);
    free (self);
    *asker = NULL;
}

bool asker_has (const asker_t *self, status_part_t part)
{
    return self->whereabouts.endpoint[part][0] != 0;
}

bool asker_ask (asker_t *self, status_part_t part, const asker_question_t *question,
                int64_t now_ms)
{
    line_t *line = &self->line[part];
    if (!asker_has (self, part) || line->questions == ASKER_QUESTIONS_MAX)
        return false;
    awake_look (&self->awake, now_ms);
    line->question[line->questions++] = *question;
    if (line->questions == 1)
        begin (self, part);
    return true;
}

bool asker_busy (const asker_t *self)
{
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        if (self->line[part].questions > 0)
            return true;
    return false;
}

size_t asker_items (asker_t *self, zmq_pollitem_t items[ASKER_ITEMS_MAX])
{
    size_t count = 0;
    for (status_part_t part = 0; part < STATUS_PARTS; part++) {
        const line_t *line = &self->line[part];
        if (!line->socket)
            continue;
        // POLLOUT would always be there while nothing is to be asked
        const bool waits = line->questions > 0 && !line->asked &&
                           watch_state (line->watch) == REACH_UP &&
                           self->awake.now_ms >= line->ask_ms;
        items[count++] = (zmq_pollitem_t){
            .socket = zsock_resolve (line->socket),
            .events = (short) (waits ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN)};
        items[count++] = watch_item (line->watch);
    }
    return count;
}

int64_t asker_deadline (const asker_t *self)
{
    int64_t deadline_ms = INT64_MAX;
    for (status_part_t part = 0; part < STATUS_PARTS; part++) {
        const line_t *line = &self->line[part];
        if (!line->socket && line->questions > 0)
            return 0;
        if (!line->socket)
            continue;
        deadline_ms = earlier (deadline_ms, watch_deadline (line->watch));
        if (line->questions == 0)
            continue;
        deadline_ms =
            earlier (deadline_ms, awake_deadline (&self->awake, line->deadline_ms));
        if (!line->asked && line->ask_ms > self->awake.now_ms)
            deadline_ms =
                earlier (deadline_ms, awake_deadline (&self->awake, line->ask_ms));
    }
    return deadline_ms;
}

void asker_turn (asker_t *self, int64_t now_ms)
{
    awake_look (&self->awake, now_ms);
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        look (self, part, now_ms);
}

/* The public key of each part that is in the folder; a part of which there is none has
   the folder's own. */
static int open_gate (asker_t *self, problem_t *problem)
{
    const whereabouts_t *where = &self->whereabouts;
    bool tcp = false;
    size_t keyed = 0;
    for (status_part_t part = 0; part < STATUS_PARTS; part++) {
        const char *name = status_part_name (part);
        const bool here =
            asker_has (self, part) && gate_endpoint_tcp (where->endpoint[part]);
        tcp = tcp || here;
        if (here && has_key (where->keys, name))
            self->keyed[keyed++] = name;
    }
    const gate_options_t options = {
        .keys = tcp ? where->keys : NULL, .peers = self->keyed, .hosts = self->keyed};
    self->gate = gate_new (&options, problem);
    return self->gate ? 0 : -1;
}

static bool has_key (const char *keys, const char *name)
{
    char path[PATH_MAX];
    return keys && *keys &&
           snprintf (path, sizeof path, "%s/%s.key", keys, name) < PATH_MAX &&
           access (path, F_OK) == 0;
}

static int open_line (asker_t *self, status_part_t part, problem_t *problem)
{
    line_t *line = &self->line[part];
    line->socket = net_dealer (ANSWER_BYTES_MAX, MESSAGES_MAX, problem);
    if (!line->socket)
        return -1;
    zsock_set_linger (line->socket, 0); // nobody waits for it at the end
    zsock_set_reconnect_ivl (line->socket, RECONNECT_MS);
    zsock_set_reconnect_ivl_max (line->socket, RECONNECT_MS_MAX);
    watch_options_t watch = {.gate = self->gate,
                             .socket = line->socket,
                             .endpoint = self->whereabouts.endpoint[part],
                             .peer = status_part_name (part),
                             .quiet = true};
    for (const char *const *keyed = self->keyed; *keyed; keyed++)
        if (strcmp (*keyed, watch.peer) == 0)
            watch.key = *keyed;
    line->watch = watch_new (&watch, clock_ms (), problem);
    line->stale = line->asked = false;
    return line->watch ? 0 : -1;
}

static void close_line (line_t *line)
{
    watch_destroy (&line->watch);
    zsock_destroy (&line->socket);
}

/* Ask the first question. */
static void begin (asker_t *self, status_part_t part)
{
    line_t *line = &self->line[part];
    problem_t problem;
    if (line->stale) {
        close_line (line);
        if (open_line (self, part, &problem) == -1)
            close_line (line);
    }
    line->asked = false;
    line->ask_ms = self->awake.now_ms;
    line->deadline_ms = self->awake.now_ms + timeout_of (self, line);
}

static void look (asker_t *self, status_part_t part, int64_t now_ms)
{
    line_t *line = &self->line[part];
    if (line->socket) {
        watch_look (line->watch, now_ms);
        take_answers (self, part);
    }
    if (line->questions > 0 && failure (self, line))
        give_up (self, part, failure (self, line));
    if (line->questions > 0 && line->socket && is_due (self, line))
        ask (line);
}

static void take_answers (asker_t *self, status_part_t part)
{
    line_t *line = &self->line[part];
    zmq_msg_t body;
    zmq_msg_init (&body);
    net_status_t status;
    for (int i = 0; i < LOOP_MESSAGES_MAX && line->socket &&
                    (status = net_receive (line->socket, NULL, &body)) != NET_EMPTY;
         i++) {
        wire_message_t answer;
        const bool good =
            status == NET_OK && wire_decode (net_body (&body), &answer) == REFUSED_OK;
        if (line->questions > 0 && line->asked)
            take_answer (self, part, good ? &answer : NULL);
    }
    zmq_msg_close (&body);
}

static void take_answer (asker_t *self, status_part_t part,
                         const wire_message_t *answer)
{
    line_t *line = &self->line[part];
    asker_question_t *question = &line->question[0];
    switch (question->take (question->context, &question->message, answer)) {
    case ASKER_ON:
        break;
    case ASKER_NEXT:
        begin (self, part);
        break;
    case ASKER_LATER:
        line->asked = false;
        line->ask_ms = self->awake.now_ms + ASK_LATER_MS;
        break;
    case ASKER_OVER:
        end (self, part);
        break;
    }
}

/* Why it will not be answered; NULL: it may be. */
static const char *failure (const asker_t *self, const line_t *line)
{
    if (!line->socket)
        return reach_reason (REACH_HERE);
    const reach_state_t state = watch_state (line->watch);
    if (self->awake.now_ms < line->deadline_ms && !reach_needs_help (state))
        return NULL;
    return state == REACH_UP ? "no answer" : reach_reason (state);
}

static bool is_due (const asker_t *self, const line_t *line)
{
    if (watch_state (line->watch) != REACH_UP || !net_ready (line->socket) ||
        self->awake.now_ms < line->ask_ms)
        return false;
    return !line->asked || watch_opened (line->watch) != line->connection;
}

static void ask (line_t *line)
{
    if (net_send_message (line->socket, bytes_of (NULL, 0),
                          &line->question[0].message) != NET_OK)
        return; // a moment later
    line->asked = true;
    line->connection = watch_opened (line->watch);
}

/* The first question is answered. Whoever is told may ask the next one at once. */
static void end (asker_t *self, status_part_t part)
{
    line_t *line = &self->line[part];
    const asker_question_t over = line->question[0];
    line->questions--;
    memmove (line->question, line->question + 1,
             line->questions * sizeof *line->question);
    if (line->questions > 0)
        begin (self, part);
    over.over (over.context, part, NULL);
}

/* It, and those that wait behind it: each would wait as long. */
static void give_up (asker_t *self, status_part_t part, const char *reason)
{
    line_t *line = &self->line[part];
    asker_question_t over[ASKER_QUESTIONS_MAX];
    const size_t count = line->questions;
    memcpy (over, line->question, count * sizeof *over);
    line->stale = line->stale || line->asked;
    line->questions = 0;
    for (size_t i = 0; i < count; i++)
        over[i].over (over[i].context, part, reason);
}

static int64_t timeout_of (const asker_t *self, const line_t *line)
{
    return line->question[0].timeout_ms ? line->question[0].timeout_ms
                                        : self->timeout_ms;
}

static int64_t earlier (int64_t a, int64_t b)
{
    return a < b ? a : b;
}
