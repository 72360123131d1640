/* brokers.c - the way to the brokers: storage and state. */

#include "brokers.h"

#include "deadline.h"
#include "member.h"
#include "net.h"
#include "watch.h"

typedef struct {
    char endpoint[ADDRESS_TEXT_BYTES];
    zsock_t *socket;
    watch_t *watch;
    uint64_t opened; // how often it has been there
    member_t member;
} broker_t;

struct brokers {
    size_t count;
    broker_t broker[BROKERS_MAX];
    uint64_t undelivered, strays;
};

static int open_broker (broker_t *broker, gate_t *gate, uint8_t role, int64_t now_ms,
                        problem_t *problem);
static void take_all (brokers_t *brokers, broker_t *broker);
static void say (broker_t *broker, bool there, int64_t now_ms);
static void take_leave (broker_t *broker);
static broker_t *whose (brokers_t *brokers, uint32_t boot);
static broker_t *find (brokers_t *brokers, uint32_t boot);

brokers_t *brokers_new (gate_t *gate, const char *endpoints, uint8_t role,
                        int64_t now_ms, problem_t *problem)
{
    char list[BROKERS_MAX][ADDRESS_TEXT_BYTES];
    brokers_t *brokers = calloc (1, sizeof *brokers);
    assert (brokers);
    const size_t count = brokers_split (endpoints, list);
    bool good = count > 0;
    if (!good)
        problem_set (problem, PROCESS_CANNOT_START, "connect",
                     "endpoint: %s | reason: --broker takes 1 to %d endpoints, "
                     "separated by commas",
                     endpoints, BROKERS_MAX);
    for (size_t i = 0; good && i < count; i++) {
        brokers->count++;
        strcpy (brokers->broker[i].endpoint, list[i]);
        good = open_broker (&brokers->broker[i], gate, role, now_ms, problem) == 0;
    }
    if (!good)
        brokers_destroy (&brokers);
    return brokers;
}

void brokers_destroy (brokers_t **brokers)
{
    if (*brokers) {
        for (size_t i = 0; i < (*brokers)->count; i++) {
            broker_t *broker = &(*brokers)->broker[i];
            take_leave (broker);
            watch_destroy (&broker->watch);
            zsock_destroy (&broker->socket);
        }
        free (*brokers);
    }
    *brokers = NULL;
}

size_t brokers_split (const char *endpoints, char list[BROKERS_MAX][ADDRESS_TEXT_BYTES])
{
    for (size_t count = 0; count < BROKERS_MAX; count++) {
        const size_t size = strcspn (endpoints, ",");
        if (size == 0 || size >= ADDRESS_TEXT_BYTES)
            return 0;
        memcpy (list[count], endpoints, size);
        list[count][size] = 0;
        if (endpoints[size] == 0)
            return count + 1;
        endpoints += size + 1;
    }
    return 0;
}

size_t brokers_items (const brokers_t *brokers, zmq_pollitem_t *items)
{
    for (size_t i = 0; i < brokers->count; i++) {
        const broker_t *broker = &brokers->broker[i];
        items[2 * i] = (zmq_pollitem_t){.socket = zsock_resolve (broker->socket),
                                        .events = ZMQ_POLLIN};
        items[2 * i + 1] = watch_item (broker->watch);
    }
    return 2 * brokers->count;
}

int64_t brokers_deadline (const brokers_t *brokers)
{
    int64_t deadline_ms = INT64_MAX;
    for (size_t i = 0; i < brokers->count; i++) {
        const broker_t *broker = &brokers->broker[i];
        const int64_t watch_ms = watch_deadline (broker->watch);
        const bool near =
            broker->member.there || watch_state (broker->watch) == REACH_UP;
        const int64_t member_ms = // else the watch's events wake the loop
            near ? member_deadline (&broker->member) : INT64_MAX;
        deadline_ms =
            deadline_earlier (deadline_ms, deadline_earlier (watch_ms, member_ms));
    }
    return deadline_ms;
}

/* A connection that is another than at the last look leads to a broker that does not
   know us. */
void brokers_look (brokers_t *brokers, int64_t now_ms)
{
    for (size_t i = 0; i < brokers->count; i++) {
        broker_t *broker = &brokers->broker[i];
        watch_look (broker->watch, now_ms);
        take_all (brokers, broker);
        const uint64_t opened = watch_opened (broker->watch);
        if (opened != broker->opened)
            say (broker, false, now_ms);
        broker->opened = opened;
        say (broker, opened > 0 && net_ready (broker->socket), now_ms);
    }
}

void brokers_send (brokers_t *brokers, outbox_t *answers)
{
    bytes_t boot;
    bundle_t *bundle;
    while (outbox_take (answers, &boot, &bundle)) {
        broker_t *broker = whose (brokers, outbox_boot (boot));
        const size_t messages = bundle->messages;
        if (!broker ||
            net_send_bundle (broker->socket, bytes_of (NULL, 0), bundle) != NET_OK)
            brokers->undelivered += messages;
        bundle_clear (bundle);
    }
}

uint64_t brokers_undelivered (const brokers_t *brokers)
{
    return brokers->undelivered;
}

uint64_t brokers_strays (const brokers_t *brokers)
{
    return brokers->strays;
}

uint64_t brokers_rejoins (const brokers_t *brokers)
{
    uint64_t rejoins = 0;
    for (size_t i = 0; i < brokers->count; i++)
        rejoins += brokers->broker[i].member.rejoins;
    return rejoins;
}

static int open_broker (broker_t *broker, gate_t *gate, uint8_t role, int64_t now_ms,
                        problem_t *problem)
{
    member_start (&broker->member, role, HEARTBEAT_MS_DEFAULT);
    broker->socket = net_dealer (BUNDLE_BYTES_MAX, BROKER_QUEUE_BUNDLES, problem);
    if (!broker->socket)
        return -1;
    const watch_options_t watch = {.gate = gate,
                                   .socket = broker->socket,
                                   .endpoint = broker->endpoint,
                                   .peer = "broker",
                                   .key = "broker"};
    broker->watch = watch_new (&watch, now_ms, problem);
    return broker->watch ? 0 : -1;
}

static void take_all (brokers_t *brokers, broker_t *broker)
{
    zmq_msg_t body;
    zmq_msg_init (&body);
    for (int i = 0; i < LOOP_MESSAGES_MAX; i++) {
        const net_status_t status = net_receive (broker->socket, NULL, &body);
        if (status == NET_EMPTY)
            break;
        if (status == NET_OK)
            brokers->strays += member_take (&broker->member, net_body (&body));
        else
            brokers->strays++;
    }
    zmq_msg_close (&body);
}

static void say (broker_t *broker, bool there, int64_t now_ms)
{
    bundle_t bundle = {0};
    if (member_write (&broker->member, there, now_ms, &bundle))
        net_send_bundle (broker->socket, bytes_of (NULL, 0), &bundle);
    bundle_clear (&bundle);
}

static void take_leave (broker_t *broker)
{
    bundle_t bundle = {0};
    const envelope_t nobody = {0};
    const wire_message_t leave = {.command = WIRE_LEAVE};
    if (broker->member.boot == 0 || !net_ready (broker->socket))
        return;
    bundle_write (&bundle, &nobody, &leave);
    net_send_bundle (broker->socket, bytes_of (NULL, 0), &bundle);
    bundle_clear (&bundle);
}

/* A broker hands out work once it has said JOINED; the work may be taken first. */
static broker_t *whose (brokers_t *brokers, uint32_t boot)
{
    broker_t *broker = find (brokers, boot);
    for (size_t i = 0; !broker && i < brokers->count; i++)
        take_all (brokers, &brokers->broker[i]);
    return broker ? broker : find (brokers, boot);
}

static broker_t *find (brokers_t *brokers, uint32_t boot)
{
    for (size_t i = 0; i < brokers->count; i++)
        if (boot != 0 && brokers->broker[i].member.boot == boot)
            return &brokers->broker[i];
    return NULL;
}
