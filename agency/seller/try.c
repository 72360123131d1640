/* try.c - loteria-agency --try: asks for the name in a process of its own, as that may
   take long, then says HELLO. */

#include "try.h"

#include "address.h"
#include "clock.h"
#include "gate.h"
#include "net.h"
#include "process.h"
#include "safe.h"
#include "text.h"
#include "trial.h"
#include "watch.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME_MS  1000 // for the name,
#define HELLO_MS 1200 // and for all else, unless more was asked for
#define AGAIN_MS 300  // HELLO is said again

typedef struct {
    const settings_t *settings;
    const char *endpoint;
    trial_facts_t *facts;
    gate_t *gate;
    zsock_t *socket;
    watch_t *watch;
    int64_t again_ms;
} try_t;

static bool try_one (try_t *trial, int signal_fd);
static void tell (const try_t *trial, bool well, const trial_step_t *steps);
static void ask_name (trial_facts_t *facts);
static void hear_name (int input, trial_facts_t *facts);
static void resolve (const char *host, int output) __attribute__ ((noreturn));
static bool open_connection (try_t *trial, problem_t *problem);
static bool converse (try_t *trial, int signal_fd);
static void say_hello (try_t *trial, int64_t now_ms);
static void hear (try_t *trial);
static void take_answer (const try_t *trial, const wire_message_t *message);
static void take_text (trial_facts_t *facts, bytes_t text);
static void print (const trial_step_t *steps);
static void print_json (uint32_t agency, bool well, const trial_step_t *steps);

int try_all (const settings_t *settings, int signal_fd)
{
    const size_t count = settings->servers.count;
    trial_facts_t facts[SERVERS_MAX];
    trial_step_t steps[TRIAL_STEPS];
    char lacks[SAFE_WHY_BYTES];
    const bool could = safe_could (settings->receipts, settings->keys, lacks);
    bool well = false;
    for (size_t i = 0; i < count; i++) { // before there is a ZeroMQ that a fork would
        facts[i] = (trial_facts_t){.agency = settings->id, // not like
                                   .server = settings->servers.text[i],
                                   .draw = settings->draw,
                                   .keys = settings->keys != NULL,
                                   .lacks = could ? NULL : lacks};
        ask_name (&facts[i]);
    }
    for (size_t i = 0; i < count; i++) {
        try_t trial = {.settings = settings,
                       .endpoint = settings->servers.endpoint[i],
                       .facts = &facts[i]};
        if (!try_one (&trial, signal_fd))
            return PROCESS_FAILED;
        const bool sells = trial_judge (&facts[i], steps);
        tell (&trial, sells, steps);
        well |= sells;
    }
    return fflush (stdout) == 0 && well ? 0 : PROCESS_FAILED;
}

/* False: a signal came. */
static bool try_one (try_t *trial, int signal_fd)
{
    bool undisturbed = true;
    problem_t problem;
    if (trial->facts->name == TRIAL_NAME_KNOWN) {
        if (!open_connection (trial, &problem))
            process_end (&problem);
        undisturbed = converse (trial, signal_fd);
    }
    watch_destroy (&trial->watch);
    zsock_destroy (&trial->socket);
    gate_destroy (&trial->gate);
    return undisturbed;
}

/* Of several servers, which one is meant comes first. */
static void tell (const try_t *trial, bool well, const trial_step_t *steps)
{
    const settings_t *settings = trial->settings;
    if (settings->json) {
        print_json (settings->id, well, steps);
        return;
    }
    if (settings->servers.count > 1)
        printf ("server %s\n", trial->facts->server);
    print (steps);
}

/* What is no name needs no resolver. */
static void ask_name (trial_facts_t *facts)
{
    char why[ADDRESS_WHY_BYTES];
    address_t address;
    int ends[2];
    const bool named =
        address_parse (&address, facts->server, ADDRESS_SERVER, why) == 0 &&
        address.scheme == ADDRESS_TCP && address.host_kind == ADDRESS_NAME;
    snprintf (facts->addresses, sizeof facts->addresses, "an address, not a name");
    facts->name = TRIAL_NAME_KNOWN;
    if (!named || pipe2 (ends, O_CLOEXEC) == -1)
        return;
    const pid_t pid = fork ();
    if (pid == 0)
        resolve (address.host, ends[1]);
    close (ends[1]);
    if (pid > 0)
        hear_name (ends[0], facts);
    close (ends[0]);
    if (pid > 0) {
        kill (pid, SIGKILL);
        waitpid (pid, NULL, 0);
    }
}

/* A '+' and the addresses, or a '-' and why there are none. */
static void hear_name (int input, trial_facts_t *facts)
{
    struct pollfd item = {.fd = input, .events = POLLIN};
    char text[sizeof facts->addresses + 1];
    facts->name = TRIAL_NAME_LATE;
    if (poll (&item, 1, NAME_MS) != 1)
        return;
    const ssize_t size = read (input, text, sizeof text - 1);
    if (size < 1)
        return;
    text[size] = 0;
    text_clean (text);
    facts->name = text[0] == '+' ? TRIAL_NAME_KNOWN : TRIAL_NAME_UNKNOWN;
    memcpy (facts->addresses, text + 1, (size_t) size);
}

static void resolve (const char *host, int output)
{
    char text[sizeof ((trial_facts_t *) NULL)->addresses];
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const int rc = getaddrinfo (host, NULL, &hints, &found);
    size_t size =
        rc == 0 ? 0 : (size_t) snprintf (text, sizeof text, "-%s", gai_strerror (rc));
    for (struct addrinfo *at = found; at && size + INET6_ADDRSTRLEN + 3 < sizeof text;
         at = at->ai_next) {
        char one[INET6_ADDRSTRLEN] = "";
        getnameinfo (at->ai_addr, at->ai_addrlen, one, sizeof one, NULL, 0,
                     NI_NUMERICHOST);
        size += (size_t) snprintf (text + size, sizeof text - size, "%s%s",
                                   size ? ", " : "+", one);
    }
    const ssize_t wrote = write (output, text, size);
    _exit (wrote == (ssize_t) size ? 0 : 1);
}

static bool open_connection (try_t *trial, problem_t *problem)
{
    static const char *const peers[] = {"broker", NULL};
    const gate_options_t gate = {.keys = trial->settings->keys, .peers = peers};
    trial->socket = net_dealer (MESSAGE_BYTES_MAX, WINDOW_DEFAULT, problem);
    if (trial->socket)
        trial->gate = gate_new (&gate, problem);
    if (!trial->gate)
        return false;
    const watch_options_t watch = {.gate = trial->gate,
                                   .socket = trial->socket,
                                   .endpoint = trial->endpoint,
                                   .key = "broker",
                                   .quiet = true};
    trial->watch = watch_new (&watch, clock_ms (), problem);
    return trial->watch != NULL;
}

/* Until all is known, or the time is over. False: a signal came. */
static bool converse (try_t *trial, int signal_fd)
{
    const settings_t *settings = trial->settings;
    const int64_t end_ms =
        clock_ms () +
        (settings->patient ? (int64_t) settings->patience_seconds * 1000 : HELLO_MS);
    for (int64_t now_ms;
         (now_ms = clock_ms ()) < end_ms && trial_waits (trial->facts);) {
        int64_t due_ms = watch_deadline (trial->watch);
        due_ms = due_ms < end_ms ? due_ms : end_ms;
        due_ms = due_ms < trial->again_ms || trial->again_ms <= now_ms
                     ? due_ms
                     : trial->again_ms;
        zmq_pollitem_t items[] = {{zsock_resolve (trial->socket), 0, ZMQ_POLLIN, 0},
                                  watch_item (trial->watch),
                                  {NULL, signal_fd, ZMQ_POLLIN, 0}};
        zmq_poll (items, 3, clock_timeout (now_ms, due_ms));
        if (items[2].revents && process_signal (signal_fd))
            return false;
        watch_look (trial->watch, clock_ms ());
        trial->facts->reach = watch_state (trial->watch);
        say_hello (trial, clock_ms ());
        hear (trial);
    }
    return true;
}

/* Again now and then: a part of the central may be about to come back. */
static void say_hello (try_t *trial, int64_t now_ms)
{
    const char *draw = trial->settings->draw ? trial->settings->draw : "";
    const wire_message_t hello = {.command = WIRE_HELLO,
                                  .agency = trial->settings->id,
                                  .hello = {.name = bytes_of (draw, strlen (draw))}};
    uint8_t text[WIRE_SMALL_BYTES_MAX];
    zmq_msg_t body;
    if (trial->facts->reach != REACH_UP || now_ms < trial->again_ms)
        return;
    const size_t size = wire_encode (&hello, text);
    const int rc = zmq_msg_init_size (&body, size);
    assert (rc == 0);
    put_bytes (zmq_msg_data (&body), bytes_of (text, size));
    trial->again_ms = now_ms + AGAIN_MS;
    if (net_send (trial->socket, bytes_of (NULL, 0), &body) != NET_OK)
        zmq_msg_close (&body);
}

static void hear (try_t *trial)
{
    zmq_msg_t body;
    wire_message_t message;
    zmq_msg_init (&body);
    for (int i = 0; i < LOOP_MESSAGES_MAX; i++) {
        const net_status_t status = net_receive (trial->socket, NULL, &body);
        if (status == NET_EMPTY)
            break;
        if (status == NET_OK && wire_decode (net_body (&body), &message) == REFUSED_OK)
            take_answer (trial, &message);
    }
    zmq_msg_close (&body);
}

static void take_answer (const try_t *trial, const wire_message_t *message)
{
    trial_facts_t *facts = trial->facts;
    if (message->command == WIRE_WELCOME && message->agency == facts->agency) {
        facts->answered = true;
        facts->code = REFUSED_OK;
        facts->standby = false;
        facts->day = (wire_day_t) message->welcome.day;
        facts->stored = message->welcome.next;
        facts->provable = wire_provable (&message->welcome);
        take_text (facts, message->welcome.name);
    } else if (message->command == WIRE_REFUSED &&
               message->refused.code != REFUSED_OK) {
        facts->answered = true;
        facts->code = message->refused.code;
        facts->standby = facts->code == REFUSED_UNAVAILABLE &&
                         message->refused.field == UNAVAILABLE_STANDBY;
        take_text (facts, message->refused.text);
    }
}

static void take_text (trial_facts_t *facts, bytes_t text)
{
    snprintf (facts->text, sizeof facts->text, "%.*s", (int) text.size,
              (const char *) text.data);
    text_clean (facts->text);
}

static void print (const trial_step_t *steps)
{
    static const char *const results[] = {
        [TRIAL_OK] = "ok", [TRIAL_WRONG] = "WRONG", [TRIAL_OPEN] = "-"};
    for (size_t i = 0; i < TRIAL_STEPS; i++)
        printf ("%-5s %-6s %s\n", steps[i].step, results[steps[i].result],
                steps[i].text);
}

static void print_json (uint32_t agency, bool well, const trial_step_t *steps)
{
    char *text = trial_json (agency, well, steps);
    fputs (text, stdout);
    free (text);
}
