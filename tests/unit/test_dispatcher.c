/* test_dispatcher.c - the broker's decisions in a made-up world: clients, workers and
   time are the test's own. */

#include "mail.h"
#include "testing.h"

#include "dispatcher.h"
#include "logger.h"

#define BOOT         77u
#define WINDOW       4
#define QUEUE        (2 * WINDOW) /* a window, and the same again */
#define BYTES_MAX    1024
#define MS           500 /* a worker's heartbeat */
#define WORKERS      6
#define COUNT(table) (sizeof (table) / sizeof (table)[0])

typedef struct { // what has left the broker
    mail_t to_clients;
    mail_t to_workers;
    const char *gone; // a worker that takes nothing
    size_t joined;    // JOINEDs sent
} world_t;

typedef struct { // a client as the broker knows it
    char id[ID_BYTES];
    uint64_t number; // of the latest one with this id
    uint32_t agency;
    bool here;
} known_t;

static dispatcher_t *dispatcher;
static world_t world;
static known_t known[512];
static size_t known_count;
static uint64_t numbers; // given by the broker so far
static sender_t sender;  // of the requests to come: nobody known by a key, unless told
static int64_t now_ms;

/* The broker numbers its clients as they come; so do we. */
static known_t *client_of (const char *id)
{
    for (size_t i = 0; i < known_count; i++)
        if (strcmp (known[i].id, id) == 0)
            return &known[i];
    return NULL;
}

static void client_is_here (const char *id)
{
    known_t *client = client_of (id);
    if (!client) {
        assert_true (known_count < COUNT (known));
        client = &known[known_count++];
        *client = (known_t){0};
        strcpy (client->id, id);
    }
    if (!client->here || client->agency != sender.agency)
        client->number = ++numbers;
    client->here = true;
    client->agency = sender.agency;
}

static void leave (const char *id)
{
    known_t *client = client_of (id);
    dispatcher_leave (dispatcher, text_bytes (id));
    if (client)
        client->here = false;
}

static void forget_agency (uint32_t agency)
{
    dispatcher_forget (dispatcher, agency);
    for (size_t i = 0; i < known_count; i++)
        if (known[i].agency == agency)
            known[i].here = false;
}

static void to_client (void *context, bytes_t client, bytes_t message)
{
    const envelope_t nobody = {0};
    mail_add (&((world_t *) context)->to_clients, client, &nobody, message);
}

/* JOINED, which answers every JOIN, is not kept. */
static int to_peer (void *context, bytes_t peer, bundle_t *bundle)
{
    world_t *at = context;
    assert_true (bundle->messages > 0);
    const bool gone = at->gone && bytes_equal (peer, text_bytes (at->gone));
    const size_t before = at->to_workers.count;
    if (!gone)
        mail_open (&at->to_workers, peer, bundle_bytes (bundle));
    for (size_t i = before; i < at->to_workers.count; i++) {
        mailed_t *item = &at->to_workers.items[i];
        *item->client = 0;
        for (size_t j = 0; j < known_count; j++)
            if (known[j].number == item->envelope.client)
                strcpy (item->client, known[j].id);
    }
    if (at->to_workers.count > before &&
        at->to_workers.items[before].message.command == WIRE_JOINED) {
        assert_int_equal (at->to_workers.items[before].message.boot, BOOT);
        free (at->to_workers.items[before].bytes);
        at->to_workers.count = before;
        at->joined++;
    }
    bundle_clear (bundle); // either way, as the sockets do it
    return gone ? -1 : 0;
}

static void say (const char *peer, const char *client, uint64_t ticket,
                 const wire_message_t *message);

static void join_part (const char *id, wire_role_t role)
{
    const wire_message_t message = {
        .command = WIRE_JOIN,
        .join = {.role = (uint8_t) role, .heartbeat_ms = HEARTBEAT_MS_MAX}};
    const wire_message_t beat = {.command = WIRE_BEAT};
    say (id, "", 0, &message);
    assert_int_equal (dispatcher_missing (dispatcher) == ROLE_WORKER, false);
    say (id, "", 0, &beat); // it has heard JOINED
}

/* A broker with all that it needs but workers. */
static void begin (const wire_limits_t *limits)
{
    const dispatcher_options_t options = {.boot = BOOT,
                                          .limits = *limits,
                                          .context = &world,
                                          .to_client = to_client,
                                          .to_peer = to_peer};
    known_count = numbers = 0;
    dispatcher = dispatcher_new (&options, now_ms);
    join_part ("storage", ROLE_STORAGE);
    join_part ("state", ROLE_STATE);
}

static int setup (void **state)
{
    (void) state;
    now_ms = 1000000;
    begin (&(wire_limits_t){WINDOW, BYTES_MAX, 0, 0});
    return 0;
}

static void forget (void)
{
    mail_clear (&world.to_clients);
    mail_clear (&world.to_workers);
}

static int teardown (void **state)
{
    (void) state;
    forget ();
    world.gone = NULL;
    sender = (sender_t){0};
    dispatcher_destroy (&dispatcher);
    assert_null (dispatcher);
    dispatcher_destroy (&dispatcher);
    return 0;
}

static const dispatcher_counts_t *counts (void)
{
    return dispatcher_counts (dispatcher);
}

/* ---- What clients and workers do ---- */

static wire_code_t request_bytes (const char *client, bytes_t bytes)
{
    zmq_msg_t message;
    zmq_msg_init_size (&message, bytes.size);
    put_bytes (zmq_msg_data (&message), bytes);
    const wire_code_t code =
        dispatcher_request (dispatcher, text_bytes (client), sender, &message);
    if (code == REFUSED_OK || code == REFUSED_BUSY)
        client_is_here (client);
    if (code != REFUSED_OK) // it is the caller's still
        assert_int_equal (zmq_msg_size (&message), bytes.size);
    zmq_msg_close (&message);
    return code;
}

static wire_code_t request (const char *client, const wire_message_t *message)
{
    uint8_t buffer[4096];
    assert_true (wire_size (message) <= sizeof buffer);
    return request_bytes (client, bytes_of (buffer, wire_encode (message, buffer)));
}

static wire_code_t batch (const char *client, uint64_t offset, uint32_t count)
{
    const wire_message_t message = {
        .command = WIRE_BATCH,
        .agency = 3,
        .batch = {.offset = offset, .count = count, .rows = text_bytes ("rows")}};
    return request (client, &message);
}

static wire_code_t ready (const char *client, uint64_t count)
{
    const wire_message_t message = {
        .command = WIRE_READY, .agency = 3, .tally = {.count = count}};
    return request (client, &message);
}

/* What is for a client is said by who may: storage or state, and the peer itself where
   it refuses. */
static void say (const char *peer, const char *client, uint64_t ticket,
                 const wire_message_t *message)
{
    bundle_t bundle = {0};
    const known_t *whose = client_of (client);
    const envelope_t envelope = {.boot = (uint32_t) (ticket >> 32),
                                 .ticket = (uint32_t) ticket,
                                 .client = !*client ? 0
                                           : whose  ? whose->number
                                                    : 4711};
    if (*client && message->command != WIRE_REFUSED)
        peer = wire_role_answers (ROLE_STORAGE, message->command) ? "storage" : "state";
    bundle_write (&bundle, &envelope, message);
    dispatcher_bundle (dispatcher, text_bytes (peer), ROLE_ANY, bundle_bytes (&bundle),
                       now_ms);
    bundle_clear (&bundle);
}

static void join (const char *worker, uint32_t credit)
{
    const wire_message_t message = {.command = WIRE_JOIN,
                                    .join = {ROLE_WORKER, credit, MS, {0}}};
    say (worker, "", 0, &message);
}

static void say_own (const char *worker, wire_command_t command)
{
    const wire_message_t message = {.command = (uint8_t) command};
    say (worker, "", 0, &message);
}

static void answer_stored (const char *worker, const char *client, uint64_t ticket,
                           uint64_t next)
{
    const wire_message_t message = {
        .command = WIRE_STORED, .agency = 3, .stored = {.next = next}};
    say (worker, client, ticket, &message);
}

static void answer_waiting (const char *worker, const char *client, uint64_t ticket)
{
    const wire_message_t message = {.command = WIRE_WAITING, .agency = 3};
    say (worker, client, ticket, &message);
}

static void dispatch (void)
{
    dispatcher_dispatch (dispatcher, now_ms);
}

static void pass (int64_t ms)
{
    now_ms += ms;
    say_own ("storage", WIRE_BEAT);
    say_own ("state", WIRE_BEAT);
    dispatcher_expire (dispatcher, now_ms);
}

/* ... with everybody but the missing heard in between. */
static void pass_by_quarters (int quarters)
{
    for (; quarters > 0; quarters--) {
        say_own ("w", WIRE_BEAT);
        pass (PART_PATIENCE_MS / 4);
    }
}

/* So many requests went to workers since they were last forgotten. */
static const mailed_t *dispatched (size_t count)
{
    dispatch ();
    assert_int_equal (world.to_workers.count, count);
    return world.to_workers.items;
}

static const wire_message_t *told (const char *client, wire_command_t command)
{
    assert_only (&world.to_clients, command);
    assert_string_equal (world.to_clients.items[0].peer, client);
    return &world.to_clients.items[0].message;
}

/* ---- There and back ---- */

static void a_request_goes_to_a_worker_and_its_answer_back (void **state)
{
    (void) state;
    join ("w", 10);
    assert_int_equal (batch ("c", 40, 5), REFUSED_OK);
    const mailed_t *item = dispatched (1);
    assert_string_equal (item->peer, "w");
    assert_string_equal (item->client, "c");
    assert_int_equal (item->ticket >> 32, BOOT);
    assert_string_equal (wire_command_name (item->message.command), "BATCH");
    assert_int_equal (item->message.batch.offset, 40);
    assert_int_equal (item->message.batch.count, 5);
    assert_true (bytes_equal (item->message.batch.rows, text_bytes ("rows")));
    assert_int_equal (world.to_clients.count, 0);
    answer_stored ("w", "c", item->ticket, 45);
    assert_int_equal (told ("c", WIRE_STORED)->stored.next, 45);
    assert_int_equal (counts ()->requests, 1);
    assert_int_equal (counts ()->answers, 1);
    dispatched (1); // and nothing more
}

static void requests_wait_for_a_worker (void **state)
{
    (void) state;
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal (ready ("c", i), REFUSED_OK);
    dispatched (0);
    assert_true (dispatcher_deadline (dispatcher) >= now_ms + HEARTBEAT_MS_MAX);
    join ("w", 2);
    const mailed_t *items = dispatched (2);
    for (uint64_t i = 0; i < 2; i++)
        assert_int_equal (items[i].message.tally.count, i);
    dispatched (2);
    answer_waiting ("w", "c", items[0].ticket);
    assert_int_equal (dispatched (3)[2].message.tally.count, 2);
}

static void a_worker_holds_no_more_than_its_credit (void **state)
{
    (void) state;
    static const char *const clients[] = {"a", "b", "c", "d", "e"};
    join ("w1", 3);
    join ("w2", 5);
    for (size_t i = 0; i < 4 * COUNT (clients); i++)
        assert_int_equal (ready (clients[i % 5], i), REFUSED_OK);
    const mailed_t *items = dispatched (8);
    size_t first = 0;
    for (size_t i = 0; i < 8; i++)
        first += strcmp (items[i].peer, "w1") == 0;
    assert_int_equal (first, 3);
    join ("w1", 4); // it can take one more now
    assert_string_equal (dispatched (9)[8].peer, "w1");
    join ("w1", 1); // less than it holds
    answer_waiting ("w1", items[0].client, items[0].ticket);
    dispatched (9);
}

static void the_load_is_shared (void **state)
{
    (void) state;
    enum { EACH = 2 * BUNDLE_MESSAGES_WORTH };
    size_t share[WORKERS] = {0};
    char id[ID_BYTES];
    for (int i = 0; i < WORKERS; i++) {
        snprintf (id, sizeof id, "w%d", i);
        join (id, 64);
    }
    for (size_t i = 0; i < EACH * WORKERS; i++) {
        snprintf (id, sizeof id, "c%zu", i);
        ready (id, i);
    }
    const mailed_t *items = dispatched (EACH * WORKERS);
    for (size_t i = 0; i < EACH * WORKERS; i++)
        share[items[i].peer[1] - '0']++;
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal (share[i], EACH);
}

static void a_few_requests_go_to_one_worker (void **state)
{
    (void) state;
    join ("w0", 64);
    join ("w1", 64);
    for (size_t i = 0; i < BUNDLE_MESSAGES_WORTH; i++)
        ready (i % 2 ? "odd" : "even", i);
    const mailed_t *items = dispatched (BUNDLE_MESSAGES_WORTH);
    for (size_t i = 0; i < BUNDLE_MESSAGES_WORTH; i++)
        assert_string_equal (items[i].peer, items[0].peer);
}

static void a_flood_delays_nobody_else (void **state)
{
    (void) state;
    join ("w", 1);
    for (uint64_t i = 0; i < QUEUE; i++)
        assert_int_equal (ready ("flood", i), REFUSED_OK);
    dispatched (1);
    ready ("other", 100);
    size_t before = 0;
    while (strcmp (world.to_workers.items[before].client, "other") != 0) {
        answer_waiting ("w", "flood", world.to_workers.items[before].ticket);
        dispatched (++before + 1);
    }
    assert_true (before <= LANE_TURN + 1);
}

/* ---- What the broker answers itself ---- */

#define ZEROS "\0\0\0\0\0\0\0\0" /* no draw */

static void what_is_no_request_is_refused (void **state)
{
    (void) state;
    static const uint8_t from_inside[] = {
        WIRE_WELCOME,  WIRE_STORED, WIRE_WAITING, WIRE_WINNERS, WIRE_GOODBYE,
        WIRE_REFUSED,  WIRE_PONG,   WIRE_JOIN,    WIRE_PING,    WIRE_BEAT,
        WIRE_LEAVE,    WIRE_REJOIN, WIRE_STORE,   WIRE_ADMIT,   WIRE_REGISTER,
        WIRE_FIND,     WIRE_REPLAY, WIRE_RECORD,  WIRE_EVENT,   WIRE_REGISTERED,
        WIRE_LOOKUP,   WIRE_ORDER,  WIRE_ORDERED, WIRE_LIST,    WIRE_DRAW,
        WIRE_CANCELLED};
    static const struct {
        const char *bytes;
        size_t size;
        wire_code_t code;
        uint8_t command;
        uint32_t agency;
    } cases[] = {
        {"", 0, REFUSED_SIGNATURE, 0, 0},
        {"LT\2\5\0\0\0\7" ZEROS, 15, REFUSED_SIGNATURE, 0, 0},
        {"XX\1\5\0\0\0\7" ZEROS, 16, REFUSED_SIGNATURE, 0, 0},
        {"LT\1\5\0\0\0\7" ZEROS, 16, REFUSED_VERSION, WIRE_DONE, 7},
        {"LT\2\x7F\0\0\0\7" ZEROS, 16, REFUSED_COMMAND, 0x7F, 7},
        {"LT\2\5\0\0\0\7" ZEROS "x", 17, REFUSED_BODY, WIRE_DONE, 7},
        {"LT\2\3\0\0\0\7" ZEROS "\0\0\0", 19, REFUSED_BODY, WIRE_READY, 7},
    };
    for (size_t i = 0; i < COUNT (cases); i++) {
        forget ();
        assert_int_equal (request_bytes ("c", bytes_of (cases[i].bytes, cases[i].size)),
                          cases[i].code);
        const wire_message_t *refused = told ("c", WIRE_REFUSED);
        assert_int_equal (refused->agency, cases[i].agency);
        assert_int_equal (refused->refused.code, cases[i].code);
        assert_int_equal (refused->refused.command, cases[i].command);
        assert_true (refused->refused.text.size > 0);
        assert_int_equal (counts ()->refused, i + 1);
    }
    for (size_t i = 0; i < COUNT (from_inside); i++) {
        forget ();
        wire_message_t message = {.command = from_inside[i], .agency = 7};
        if (message.command == WIRE_JOIN)
            message.join.role = ROLE_WORKER;
        if (message.command == WIRE_WELCOME || message.command == WIRE_ADMIT)
            message.welcome.name = text_bytes ("first");
        if (message.command == WIRE_LOOKUP)
            message.lookup.name = text_bytes ("first");
        if (message.command == WIRE_ORDERED)
            message.ordered.name = text_bytes ("first");
        if (message.command == WIRE_ORDER)
            message.order.order = ORDER_CLOSE;
        if (message.command == WIRE_RECORD)
            message.record.event.kind = EVENT_DRAWN;
        if (message.command == WIRE_EVENT)
            message.recorded.event.kind = EVENT_DRAWN;
        assert_int_equal (request ("c", &message), REFUSED_COMMAND);
        assert_int_equal (told ("c", WIRE_REFUSED)->refused.code, REFUSED_COMMAND);
    }
    forget ();
    const uint64_t requests = counts ()->requests;
    dispatcher_refuse (dispatcher, text_bytes ("c"), sender, REFUSED_FRAMES, 0);
    assert_int_equal (counts ()->requests, requests + 1);
    assert_int_equal (told ("c", WIRE_REFUSED)->refused.code, REFUSED_FRAMES);
    forget ();
    join ("w", 10);
    dispatched (0); // none of it goes further
}

static void a_message_over_the_limit_is_refused (void **state)
{
    (void) state;
    static uint8_t rows[BYTES_MAX];
    join ("w", 10);
    for (size_t over = 0; over <= 1; over++) {
        const wire_message_t message = {
            .command = WIRE_BATCH,
            .agency = 3,
            .batch = {.offset = 9,
                      .count = 1,
                      .rows = bytes_of (rows, BYTES_MAX - WIRE_BATCH_BYTES + over)}};
        assert_int_equal (request ("c", &message), over ? REFUSED_SIZE : REFUSED_OK);
        dispatched (1);
    }
    const wire_message_t *refused = told ("c", WIRE_REFUSED);
    assert_int_equal (refused->refused.code, REFUSED_SIZE);
    assert_int_equal (refused->refused.offset, 9);
    assert_int_equal (refused->refused.command, WIRE_BATCH);
}

static void hello_is_lowered_to_the_brokers_limits (void **state)
{
    (void) state;
    static const uint32_t windows[][2] = {{0, WINDOW},
                                          {1, 1},
                                          {WINDOW, WINDOW},
                                          {WINDOW + 1, WINDOW},
                                          {UINT32_MAX, WINDOW}};
    static const uint32_t bytes[][2] = {{0, BYTES_MAX},
                                        {100, 100},
                                        {BYTES_MAX, BYTES_MAX},
                                        {BYTES_MAX + 1, BYTES_MAX},
                                        {UINT32_MAX, BYTES_MAX}};
    join ("w", 64);
    for (size_t i = 0; i < 25; i++) {
        forget ();
        const wire_message_t hello = {
            .command = WIRE_HELLO,
            .agency = 3,
            .hello = {{windows[i / 5][0], bytes[i % 5][0], 4711, 0},
                      text_bytes ("nocturna-2")}};
        assert_int_equal (request ("c", &hello), REFUSED_OK);
        const mailed_t *item = dispatched (1);
        assert_int_equal (item->message.command, WIRE_HELLO);
        assert_int_equal (item->message.agency, 3);
        assert_int_equal (item->message.hello.limits.window, windows[i / 5][1]);
        assert_int_equal (item->message.hello.limits.message_bytes_max,
                          bytes[i % 5][1]);
        assert_int_equal (item->message.hello.limits.rows_max,
                          4711); // the worker's business
        assert_true (bytes_equal (item->message.hello.name, text_bytes ("nocturna-2")));
        answer_waiting ("w", "c", item->ticket);
    }
}

static void a_full_queue_says_busy (void **state)
{
    (void) state;
    for (uint64_t i = 0; i < QUEUE; i++)
        assert_int_equal (batch ("c", i, 1), REFUSED_OK);
    for (uint64_t i = 0; i < 3; i++) {
        forget ();
        assert_int_equal (batch ("c", 50 + i, 1), REFUSED_BUSY);
        const wire_message_t *refused = told ("c", WIRE_REFUSED);
        assert_int_equal (refused->refused.code, REFUSED_BUSY);
        assert_int_equal (refused->refused.offset, 50 + i);
        assert_int_equal (refused->refused.command, WIRE_BATCH);
    }
    assert_int_equal (batch ("d", 0, 1), REFUSED_OK);
    join ("w", 64);
    forget ();
    dispatched (QUEUE + 1);
    assert_int_equal (batch ("c", 50, 1), REFUSED_OK); // there is room again
}

/* ---- Workers come and go ---- */

static void strangers_are_asked_to_join (void **state)
{
    (void) state;
    say_own ("w", WIRE_BEAT);
    assert_only (&world.to_workers, WIRE_REJOIN);
    assert_string_equal (world.to_workers.items[0].peer, "w");
    assert_string_equal (world.to_workers.items[0].client, "");
    forget ();
    say_own ("w", WIRE_LEAVE); // it is gone already
    assert_int_equal (world.to_workers.count, 0);
    assert_int_equal (dispatcher_missing (dispatcher), ROLE_WORKER);
    join ("w", 5);
    assert_int_equal (dispatcher_workers (dispatcher), 1);
    say_own ("w", WIRE_BEAT);
    join ("w", 6);
    assert_int_equal (world.to_workers.count, 0);
    assert_int_equal (dispatcher_workers (dispatcher), 1);
    assert_int_equal (counts ()->strays, 0);
}

/* What it held goes to another, in the order in which it came, before what came later.
 */
static void what_a_leaving_worker_held_goes_to_another (void **state)
{
    (void) state;
    join ("w1", 10);
    for (uint64_t i = 0; i < 5; i++)
        ready ("c", i);
    dispatched (5);
    const uint64_t second = world.to_workers.items[1].ticket;
    answer_waiting ("w1", "c", second);
    ready ("c", 5);
    say_own ("w1", WIRE_LEAVE);
    assert_int_equal (dispatcher_missing (dispatcher), ROLE_WORKER);
    assert_int_equal (counts ()->redispatched, 4);
    forget ();
    join ("w2", 10);
    const mailed_t *items = dispatched (5);
    static const uint64_t order[] = {0, 2, 3, 4, 5};
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal (items[i].peer, "w2");
        assert_int_equal (items[i].message.tally.count, order[i]);
        assert_true (items[i].ticket != second);
    }
}

/* What stands behind its LEAVE is nobody's. */
static void who_has_left_answers_nothing (void **state)
{
    (void) state;
    join ("w", 8);
    batch ("c", 0, 1);
    const mailed_t *item = dispatched (1);
    const wire_message_t leave = {.command = WIRE_LEAVE};
    const wire_message_t refusal = {.command = WIRE_REFUSED, .agency = 3};
    const envelope_t nobody = {0};
    bundle_t bundle = {0};
    bundle_write (&bundle, &nobody, &leave);
    bundle_write (&bundle, &item->envelope, &refusal);
    dispatcher_bundle (dispatcher, text_bytes ("w"), ROLE_ANY, bundle_bytes (&bundle),
                       now_ms);
    bundle_clear (&bundle);
    assert_int_equal (dispatcher_missing (dispatcher), ROLE_WORKER);
    assert_int_equal (world.to_clients.count, 0);
    assert_int_equal (counts ()->strays, 1);
}

static void a_silent_worker_is_given_up (void **state)
{
    (void) state;
    join ("w1", 10);
    join ("w2", 10);
    ready ("a", 1);
    ready ("b", 2);
    dispatched (2);
    const mailed_t held = world.to_workers.items[0];
    assert_string_equal (held.peer, "w1");
    const int64_t silence_ms = HEARTBEATS_MISSED * MS;
    assert_true (dispatcher_deadline (dispatcher) == now_ms + silence_ms);
    pass (silence_ms - 1);
    assert_int_equal (dispatcher_workers (dispatcher), 2);
    answer_waiting ("w2", "b", world.to_workers.items[1].ticket);
    say_own ("w2", WIRE_BEAT);
    pass (1);
    assert_int_equal (dispatcher_workers (dispatcher), 1);
    assert_int_equal (counts ()->redispatched, 1);
    const mailed_t *items = dispatched (3);
    assert_string_equal (items[2].peer, "w2");
    assert_string_equal (items[2].client, "a");
    assert_int_equal (items[2].message.tally.count, 1);

    mail_clear (&world.to_clients); // it was only slow: its answer is as true as any
    answer_waiting ("w1", "a", items[0].ticket);
    told ("a", WIRE_WAITING);
    mail_clear (&world.to_clients);
    answer_waiting ("w2", "a", items[2].ticket);
    told ("a", WIRE_WAITING);
    assert_int_equal (counts ()->late, 0);
}

static void a_worker_that_takes_nothing_is_none (void **state)
{
    (void) state;
    join ("w1", 10);
    join ("w2", 10);
    world.gone = "w1";
    ready ("c", 1);
    ready ("c", 2);
    const mailed_t *items = dispatched (2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal (items[i].peer, "w2");
        assert_int_equal (items[i].message.tally.count, i + 1);
    }
    assert_int_equal (dispatcher_workers (dispatcher), 1);
    world.gone = "w2";
    ready ("c", 3);
    dispatch ();
    assert_int_equal (dispatcher_missing (dispatcher), ROLE_WORKER);
    world.gone = NULL;
    forget ();
    join ("w3", 10);
    dispatched (3); // those that w2 had taken, too
}

/* Perhaps it is the request that kills them: after so many it is not tried again. */
static void a_request_that_outlives_its_workers_is_given_up (void **state)
{
    (void) state;
    char id[ID_BYTES];
    ready ("c", 1);
    int tries = 0;
    while (counts ()->given_up == 0) {
        snprintf (id, sizeof id, "w%d", ++tries);
        forget ();
        join (id, 10);
        dispatched (1);
        say_own (id, WIRE_LEAVE);
        assert_true (tries <= 10);
    }
    assert_int_equal (tries, 4);
    assert_int_equal (counts ()->given_up, 1);
    assert_int_equal (counts ()->redispatched, 3);
    forget ();
    join ("w", 10);
    dispatched (0);
    ready ("c", 2); // the client is served as before
    dispatched (1);
}

static void a_request_without_answer_is_given_up (void **state)
{
    (void) state;
    join ("w", 1);
    ready ("c", 1);
    dispatched (1);
    const uint64_t ticket = world.to_workers.items[0].ticket;
    const int64_t deadline_ms = now_ms + INFLIGHT_MS;
    ready ("c", 2);
    while (now_ms < deadline_ms) {
        say_own ("w", WIRE_BEAT);
        assert_true (dispatcher_deadline (dispatcher) <= deadline_ms);
        dispatched (1); // no credit is left
        pass (deadline_ms - now_ms < MS ? deadline_ms - now_ms : MS);
    }
    assert_int_equal (counts ()->given_up, 1);
    assert_int_equal (dispatched (2)[1].message.tally.count, 2);
    answer_waiting ("w", "c", ticket); // late, and true
    told ("c", WIRE_WAITING);
    assert_int_equal (counts ()->answers, 1);
}

static void there_are_enough_workers (void **state)
{
    (void) state;
    char id[ID_BYTES];
    for (int i = 0; i < WORKERS_MAX; i++) {
        snprintf (id, sizeof id, "w%d", i);
        join (id, 1);
    }
    join ("one more", 1);
    assert_int_equal (dispatcher_workers (dispatcher), WORKERS_MAX);
    ready ("c", 1);
    dispatched (1);
}

/* ---- Answers ---- */

static void stored_answers_every_batch_below (void **state)
{
    (void) state;
    join ("w1", 3);
    for (uint64_t i = 0; i < 6; i++)
        assert_int_equal (batch ("c", i * 10, 10), REFUSED_OK);
    batch ("d", 0, 10);
    ready ("c", 60);
    const mailed_t *items = dispatched (3);
    const uint64_t ticket = items[0].ticket;
    // 0, 10 or another client's: whatever was first, it is answered by the last's
    // STORED
    answer_stored ("w1", "c", ticket, 40);
    told ("c", WIRE_STORED); // the client is told once
    forget ();
    join ("w2", 64);
    dispatch ();
    for (size_t i = 0; i < world.to_workers.count; i++) {
        const mailed_t *item = &world.to_workers.items[i];
        const bool sent_before = item->message.command == WIRE_BATCH &&
                                 strcmp (item->client, "c") == 0 &&
                                 item->message.batch.offset < 40;
        assert_false (sent_before);
    }
    assert_true (world.to_workers.count >= 3); // 40, 50, READY
}

static void stored_gives_the_credit_of_all_back (void **state)
{
    (void) state;
    join ("w1", WINDOW);
    for (uint64_t i = 0; i < WINDOW; i++)
        batch ("c", i * 10, 10);
    const mailed_t *items = dispatched (WINDOW);
    const uint64_t first = items[0].ticket;
    answer_stored ("w1", "c", first, WINDOW * 10);
    for (uint64_t i = 0; i < WINDOW; i++)
        batch ("c", 1000 + i, 1);
    dispatched (2 * WINDOW);
    // one client's STORED says nothing of another's batches
    answer_stored ("w1", "x", first, UINT64_MAX);
    batch ("c", 2000, 1);
    dispatched (2 * WINDOW);
}

/* A connection may sell to several draws: their offsets have nothing to do with each
   other. */
static void stored_answers_batches_of_its_draw (void **state)
{
    (void) state;
    join ("w", 2);
    for (uint64_t i = 0; i < 4; i++) { // of two draws in turn: two are handed over
        const wire_message_t message = {.command = WIRE_BATCH,
                                        .agency = 3,
                                        .draw = 1 + i % 2,
                                        .batch = {.offset = 10 * (i / 2),
                                                  .count = 10,
                                                  .rows = text_bytes ("rows")}};
        assert_int_equal (request ("c", &message), REFUSED_OK);
    }
    const uint64_t ticket = dispatched (2)->ticket;
    wire_message_t stored = {.command = WIRE_STORED, .agency = 3, .draw = 1};
    stored.stored.next = 20;
    say ("w", "c", ticket, &stored); // the waiting one of draw 1 is over, too
    const mailed_t *items = dispatched (3);
    assert_true (items[2].message.draw == 2);
    assert_int_equal (items[2].message.batch.offset, 10);
    batch ("c", 99, 1);
    dispatched (3); // both of draw 2 are with the worker
    stored.draw = 2;
    say ("w", "c", items[2].ticket, &stored);
    batch ("c", 100, 1);
    dispatched (5); // both of draw 2 gave their credit back
}

static void cancel_is_for_storage (void **state)
{
    (void) state;
    join ("w", 1);
    const wire_message_t cancel = {
        .command = WIRE_CANCEL, .agency = 3, .draw = 7, .offset = 5};
    assert_int_equal (request ("c", &cancel), REFUSED_OK);
    const mailed_t *item = dispatched (1);
    assert_int_equal (item->message.command, WIRE_CANCEL);
    assert_int_equal (item->message.offset, 5);
    assert_true (item->message.draw == 7);
    batch ("c", 0, 1);
    dispatched (1); // it takes up the worker's credit
    const wire_message_t cancelled = {
        .command = WIRE_CANCELLED, .agency = 3, .draw = 7, .cancelled = {5, 1}};
    say ("storage", "c", item->ticket, &cancelled);
    assert_int_equal (told ("c", WIRE_CANCELLED)->cancelled.cancelled, 1);
    dispatched (2);
}

static void answers_to_an_earlier_broker_are_dropped (void **state)
{
    (void) state;
    join ("w", 10);
    ready ("c", 1);
    const uint64_t ticket = dispatched (1)->ticket;
    const uint64_t earlier = (ticket & UINT32_MAX) | (uint64_t) (BOOT - 1) << 32;
    answer_waiting ("w", "c", earlier);
    assert_int_equal (world.to_clients.count, 0);
    assert_int_equal (counts ()->late, 1);
    answer_waiting ("w", "stranger", ticket);
    assert_int_equal (world.to_clients.count, 0);
    assert_int_equal (counts ()->late, 2);
    answer_waiting ("w", "c", ticket);
    told ("c", WIRE_WAITING);
    assert_int_equal (counts ()->answers, 1);
}

/* An answer with another client's ticket reaches its client, and settles nothing. */
static void a_ticket_is_its_clients_own (void **state)
{
    (void) state;
    join ("w", 2);
    ready ("a", 1);
    ready ("b", 2);
    const mailed_t *items = dispatched (2);
    const uint64_t of_a = items[0].ticket;
    assert_string_equal (items[0].client, "a");
    answer_waiting ("w", "b", of_a);
    told ("b", WIRE_WAITING);
    ready ("c", 3);
    dispatched (2); // still no credit
    answer_waiting ("w", "a", of_a);
    dispatched (3);
}

static void strays_are_counted (void **state)
{
    (void) state;
    static const uint8_t commands[] = {WIRE_HELLO, WIRE_STORED, WIRE_REJOIN, WIRE_PING};
    join ("w", 10);
    for (size_t i = 0; i < sizeof commands; i++) {
        say_own ("w", commands[i]);
        assert_int_equal (counts ()->strays, i + 1);
    }
    dispatcher_bundle (dispatcher, text_bytes ("w"), ROLE_ANY, text_bytes ("garbage"),
                       now_ms);
    assert_int_equal (counts ()->strays, 5);
    bundle_t bundle = {0};
    const envelope_t envelope = {BOOT, 1, 1};
    bundle_add (&bundle, &envelope, text_bytes ("garbage"));
    dispatcher_bundle (dispatcher, text_bytes ("w"), ROLE_ANY, bundle_bytes (&bundle),
                       now_ms);
    bundle_clear (&bundle);
    assert_int_equal (counts ()->strays, 6);
    assert_int_equal (world.to_clients.count, 0);
}

static void damaged_bundles_do_no_harm (void **state)
{
    (void) state;
    uint64_t random = 14;
    for (int i = 0; i < 20000; i++) {
        pass (1);
        ready ("client", (uint64_t) i);
        dispatch ();
        bundle_t bundle = {0};
        const uint64_t ticket =
            world.to_workers.count > 0 ? world.to_workers.items[0].ticket : 0;
        const wire_message_t messages[] = {
            {.command = WIRE_JOIN, .join = {1, 5, 50, {0}}},
            {.command = WIRE_BEAT},
            {.command = WIRE_LEAVE},
            {.command = WIRE_STORED, .stored = {.next = 9}}};
        for (size_t n = 1 + random_below (&random, 3); n > 0; n--) {
            const size_t which = random_below (&random, 4);
            bundle_put (&bundle, which == 3 ? "client" : "", ticket, &messages[which]);
        }
        for (size_t n = random_below (&random, 4); n > 0; n--)
            bundle.data[random_below (&random, bundle.size)] ^=
                (uint8_t) (1 << random_below (&random, 8));
        dispatcher_bundle (dispatcher, text_bytes (i % 2 ? "w1" : "w2"), ROLE_ANY,
                           bundle_bytes (&bundle), now_ms);
        bundle_clear (&bundle);
        forget ();
    }
}

/* ---- Known by their keys ---- */

static sender_t keyed (uint32_t agency)
{
    return (sender_t){.keyed = true, .agency = agency};
}

static wire_code_t ask_as (const char *client, wire_command_t command, uint32_t agency)
{
    const wire_message_t message = {
        .command = (uint8_t) command, .agency = agency, .batch = {0}};
    return request (client, &message);
}

/* Few bytes, but storage reads its disk for each: others come first. */
static void what_storage_reads_for_counts_for_more_than_its_bytes (void **state)
{
    (void) state;
    for (int i = 0; i < 8; i++)
        assert_int_equal (ask_as ("reader", i % 2 ? WIRE_CHECK : WIRE_RESULTS, 3),
                          REFUSED_OK);
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal (ready ("other", i), REFUSED_OK);
    join ("w", 100);
    const mailed_t *items = dispatched (16);
    for (size_t i = 0; i < 16; i++)
        assert_string_equal (items[i].client, i < 8 ? "other" : "reader");
}

static void a_key_speaks_for_its_agency_alone (void **state)
{
    (void) state;
    static const wire_command_t commands[] = {WIRE_HELLO, WIRE_READY, WIRE_RESULTS,
                                              WIRE_DONE};
    static const uint32_t claimed[] = {0, 2, 4, UINT32_MAX};
    join ("w", 100);
    for (size_t i = 0; i < COUNT (commands); i++) {
        for (size_t j = 0; j < COUNT (claimed); j++) {
            forget ();
            sender = keyed (3);
            assert_int_equal (ask_as ("c", commands[i], claimed[j]), REFUSED_KEY);
            const wire_message_t *refused = told ("c", WIRE_REFUSED);
            assert_int_equal (refused->refused.code, REFUSED_KEY);
            assert_int_equal (refused->refused.command, commands[i]);
            assert_int_equal (refused->agency, claimed[j]);
            sender = keyed (0); // a key that is nobody's any more
            assert_int_equal (ask_as ("c", commands[i], claimed[j]), REFUSED_KEY);
        }
    }
    forget ();
    dispatched (0);
    sender = keyed (3);
    for (size_t i = 0; i < COUNT (commands); i++)
        assert_int_equal (ask_as ("c", commands[i], 3), REFUSED_OK);
    assert_int_equal (batch ("c", 0, 1), REFUSED_OK);
    assert_int_equal (world.to_clients.count, 0);
    dispatched (COUNT (commands) + 1);
}

/* What an agency has waiting and in flight is dropped, over all its connections; the
   worker has room again; and what is answered all the same reaches nobody. */
static void a_forgotten_agency_is_answered_nothing (void **state)
{
    (void) state;
    uint64_t tickets[4];
    join ("w", 4);
    sender = keyed (3);
    for (uint64_t i = 0; i < 6; i++)
        assert_int_equal (ready (i % 2 ? "a" : "b", i), REFUSED_OK);
    const mailed_t *items = dispatched (4);
    for (size_t i = 0; i < 4; i++)
        tickets[i] = items[i].ticket;
    answer_waiting ("w", "a", tickets[0]); // told already: the push is still to come
    forget ();
    forget_agency (2);
    forget_agency (3);
    forget_agency (3);
    sender = keyed (5);
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal (ask_as ("other", WIRE_DONE, 5), REFUSED_OK);
    dispatched (0); // what the worker has of the forgotten one is its work still
    for (size_t i = 0; i < 4; i++) {
        answer_waiting ("w", "a", tickets[i]);
        answer_waiting ("w", "b", tickets[i]);
    }
    assert_int_equal (world.to_clients.count, 0);
    assert_int_equal (counts ()->late, 8);
    items = dispatched (4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal (items[i].client, "other");
    const wire_message_t goodbye = {.command = WIRE_GOODBYE, .agency = 5};
    for (size_t i = 0; i < 4; i++)
        say ("w", "other", world.to_workers.items[i].ticket, &goodbye);
    assert_int_equal (world.to_clients.count, 4);
    sender = keyed (3); // with another key it comes again, over a connection it had
    forget ();
    assert_int_equal (ready ("a", 9), REFUSED_OK);
    answer_waiting ("w", "a", dispatched (1)->ticket);
    told ("a", WIRE_WAITING);
}

/* The same routing id, first of an agency that chose it and left, then of another: each
   hears its own answers and no other, 12 of 12 times, though nobody noticed the end. */
static void an_id_is_its_latest_owners (void **state)
{
    (void) state;
    join ("w", 100);
    for (int i = 0; i < 12; i++) {
        forget ();
        sender = keyed (2);
        assert_int_equal (ask_as ("id", WIRE_READY, 2), REFUSED_OK);
        const uint64_t first = dispatched (1)->ticket;
        sender = keyed (5);
        assert_int_equal (ask_as ("id", WIRE_DONE, 5), REFUSED_OK);
        const uint64_t second = dispatched (2)[1].ticket;
        const wire_message_t waiting = {.command = WIRE_WAITING, .agency = 2};
        say ("w", "id", first, &waiting);
        assert_int_equal (world.to_clients.count, 0);
        const wire_message_t goodbye = {.command = WIRE_GOODBYE, .agency = 5};
        say ("w", "id", second, &goodbye);
        told ("id", WIRE_GOODBYE);
    }
}

/* Neither an answer nor, later, the draw's push reaches whoever has its id by then and
   has not spoken yet. */
static void who_has_left_is_answered_nothing (void **state)
{
    (void) state;
    join ("w", 10);
    sender = keyed (3);
    ready ("id", 1);
    const uint64_t ticket = dispatched (1)->ticket;
    leave ("nobody");
    leave ("id");
    leave ("id");
    for (int i = 0; i < 2; i++)
        answer_waiting ("w", "id", ticket);
    assert_int_equal (world.to_clients.count, 0);
    assert_int_equal (counts ()->late, 2);
    ready ("id", 2);
    answer_waiting ("w", "id", dispatched (2)[1].ticket);
    told ("id", WIRE_WAITING);
}

/* The answer to somebody who has gone finds the next one with his routing id: the
   credit is given back, once. */
static void an_answer_to_who_has_gone_settles_once (void **state)
{
    (void) state;
    join ("w", 1);
    for (int i = 0; i < 10; i++) {
        forget ();
        ready ("id", 1);
        const uint64_t first = dispatched (1)->ticket;
        leave ("id");
        ready ("id", 2);
        dispatched (1); // no credit is left
        answer_waiting ("w", "id", first);
        const uint64_t second = dispatched (2)[1].ticket;
        ready ("id", 3);
        dispatched (2);
        answer_waiting ("w", "id", second);
        answer_waiting ("w", "id", dispatched (3)[2].ticket);
        assert_int_equal (dispatcher_waiting (dispatcher), 0);
    }
}

static void leaving_frees_what_waits_and_not_what_is_at_work (void **state)
{
    (void) state;
    join ("w", 2);
    for (uint64_t i = 0; i < QUEUE; i++) // come, send, go
        assert_int_equal (batch ("c", i, 1), REFUSED_OK);
    dispatched (2);
    leave ("c");
    assert_int_equal (dispatcher_waiting (dispatcher), 0);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal (batch ("c", 9, 1), REFUSED_OK);
    dispatched (2); // the worker is at it still
    say_own ("w", WIRE_LEAVE);
    join ("v", 10);
    dispatched (5); // and nobody else is given what was the first one's
    assert_int_equal (counts ()->redispatched, 0);
}

/* ---- Shares ---- */

static void restart_with (uint32_t bytes_max)
{
    dispatcher_destroy (&dispatcher);
    begin (&(wire_limits_t){WINDOW_LIMIT_DEFAULT, bytes_max, 0, 0});
}

/* A batch of so many bytes, whole. */
static wire_code_t long_batch (const char *client, uint32_t agency, size_t size)
{
    static uint8_t bytes[MESSAGE_BYTES_MAX];
    const wire_message_t message = {
        .command = WIRE_BATCH, .agency = agency, .batch = {.offset = 0, .count = 1}};
    sender = keyed (agency);
    wire_encode (&message, bytes);
    return request_bytes (client, bytes_of (bytes, size));
}

/* All that the workers have is refused by them; how much of each agency's it was. */
static void refuse_all (size_t bytes[], size_t agencies)
{
    mail_t taken = world.to_workers;
    world.to_workers = (mail_t){0};
    for (size_t i = 0; i < taken.count; i++) {
        const mailed_t *item = &taken.items[i];
        const wire_message_t refusal =
            wire_refusal (&item->message, REFUSED_FIELDS, "");
        assert_in_range (item->message.agency, 1, agencies);
        bytes[item->message.agency] += WIRE_BATCH_BYTES + item->message.batch.rows.size;
        say (item->peer, item->client, item->ticket, &refusal);
    }
    mail_clear (&taken);
    mail_clear (&world.to_clients);
}

/* Agency 1 sends 64 KiB over 30 connections, 2 a MiB, 3 and 4 ordinary batches; none of
   them ever pauses. In bytes each has its quarter. */
static void bytes_are_shared_by_agency (void **state)
{
    (void) state;
    enum { AGENCIES = 4, CONNECTIONS = 30, ROUNDS = 300 };
    static const size_t sizes[] = {0, 65536, MESSAGE_BYTES_MAX, 8192, 8192};
    size_t bytes[AGENCIES + 1] = {0}, total = 0;
    char id[ID_BYTES];
    restart_with (MESSAGE_BYTES_MAX);
    join ("w1", 64);
    join ("w2", 64);
    for (int round = 0; round < ROUNDS; round++) {
        for (uint32_t agency = 1; agency <= AGENCIES; agency++)
            for (int i = 0; i < (agency == 2 ? 8 : 64); i++) {
                snprintf (id, sizeof id, "%u of %u", agency == 1 ? i % CONNECTIONS : 0,
                          agency);
                if (long_batch (id, agency, sizes[agency]) == REFUSED_BUSY)
                    break;
            }
        dispatch ();
        refuse_all (bytes, AGENCIES);
    }
    for (size_t agency = 1; agency <= AGENCIES; agency++)
        total += bytes[agency];
    for (size_t agency = 3; agency <= AGENCIES; agency++)
        assert_true (bytes[agency] >= total / AGENCIES * 8 / 10);
}

/* One that waits for each answer: no more than a turn of each of the others, and what
   the worker has at once, comes before it, however long their messages are. */
static void one_bet_at_a_time_goes_through_beside_long_messages (void **state)
{
    (void) state;
    enum { AGENCIES = 3, BETS = 200 };
    size_t bytes[AGENCIES + 1] = {0};
    restart_with (MESSAGE_BYTES_MAX);
    join ("w", 64);
    for (int bet = 0; bet < BETS; bet++) {
        while (long_batch ("one", 1, 65536) == REFUSED_OK)
            ;
        for (int i = 0; i < 4; i++)
            long_batch ("two", 2, MESSAGE_BYTES_MAX);
        dispatch ();
        assert_int_equal (long_batch ("three", 3, 100), REFUSED_OK);
        const size_t before = bytes[3];
        size_t others = bytes[1] + bytes[2];
        while (bytes[3] == before) {
            refuse_all (bytes, AGENCIES);
            dispatch ();
        }
        others = bytes[1] + bytes[2] - others;
        assert_true (others <= 2 * (WORKER_CREDIT_BYTES + MESSAGE_BYTES_MAX) +
                                   4 * LANE_TURN_BYTES);
    }
}

/* Who sends and sends while his queue is full has his next turns later. */
static void what_is_refused_costs_its_sender (void **state)
{
    (void) state;
    enum { AGENCIES = 2, ROUNDS = 50 };
    size_t bytes[AGENCIES + 1] = {0};
    restart_with (65536);
    join ("w", 8);
    for (int round = 0; round < ROUNDS; round++) {
        for (int busy = 0; busy < 20;)
            busy += long_batch ("one", 1, 8192) == REFUSED_BUSY;
        for (int i = 0; i < 20; i++)
            long_batch ("two", 2, 8192);
        dispatch ();
        refuse_all (bytes, AGENCIES);
    }
    assert_true (bytes[1] > 0 || dispatcher_waiting (dispatcher) > 0);
    assert_true (bytes[2] >= 4 * bytes[1]);
    size_t later[AGENCIES + 1] = {0};
    for (int round = 0; round < 400; round++) { // it behaves: its debt comes to an end
        long_batch ("two", 2, 8192);
        dispatch ();
        refuse_all (later, AGENCIES);
        if (dispatcher_waiting (dispatcher) == 0)
            long_batch ("one", 1, 8192);
    }
    assert_true (later[1] >= 100 * 8192);
}

/* Agency 1 fills all of the queue; there is room for another all the same, up to as
   much as the first has left. */
static void a_full_queue_sheds_who_has_most_in_it (void **state)
{
    (void) state;
    restart_with (MESSAGE_BYTES_MAX);
    size_t first = 0, second = 0;
    while (long_batch ("one", 1, MESSAGE_BYTES_MAX) == REFUSED_OK)
        first++;
    assert_in_range (first, QUEUE_BYTES_MAX / MESSAGE_BYTES_MAX - 1,
                     QUEUE_BYTES_MAX / MESSAGE_BYTES_MAX);
    forget ();
    while (long_batch ("two", 2, MESSAGE_BYTES_MAX) == REFUSED_OK)
        second++;
    assert_in_range (second, first / 2 - 1, first / 2 + 1);
    assert_int_equal (counts ()->shed, second);
    assert_int_equal (world.to_clients.count, second + 1);
    for (size_t i = 0; i <= second; i++) {
        assert_refused (&world.to_clients.items[i], REFUSED_BUSY);
        assert_string_equal (world.to_clients.items[i].peer,
                             i < second ? "one" : "two");
    }
    while (long_batch ("three", 3, 100) == REFUSED_OK)
        second++;
    assert_true (second > WINDOW_LIMIT_DEFAULT); // its own bound
}

/* ---- Storage hangs ---- */

/* For ten minutes: what the workers are given of batches is bounded, and goes on when
   storage does. */
static void storage_that_hangs_is_not_given_more_and_more (void **state)
{
    (void) state;
    enum { SIZE = 65536, SECONDS = 600 };
    restart_with (SIZE);
    join ("w1", 64);
    join ("w2", 64);
    size_t given = 0;
    uint64_t ticket = 0;
    char whose[ID_BYTES] = "";
    for (int tick = 0; tick < 4 * SECONDS; tick++) {
        say_own ("w1", WIRE_BEAT);
        say_own ("w2", WIRE_BEAT);
        pass (250);
        long_batch ("one", 1, SIZE);
        long_batch ("two", 2, SIZE);
        dispatch ();
        if (world.to_workers.count > 0) {
            ticket = world.to_workers.items[0].ticket;
            strcpy (whose, world.to_workers.items[0].client);
        }
        given += world.to_workers.count * SIZE;
        forget ();
    }
    assert_true (given <= 2 * (WORKER_CREDIT_BYTES + SIZE) +
                              2 * (4 + SECONDS * 1000 / TRIAL_MS_MAX) * SIZE);
    const wire_message_t stored = {.command = WIRE_STORED, .agency = 9};
    leave (whose); // that who asked has gone makes no difference
    say ("w1", whose, ticket, &stored);
    dispatch ();
    assert_true (world.to_workers.count >= WORKER_CREDIT_BYTES / (2 * SIZE));
}

/* What a worker says without asking storage proves nothing of it. */
static void a_worker_alone_does_not_clear_storage (void **state)
{
    (void) state;
    static const wire_refused_t refusals[] = {
        {.code = REFUSED_FIELDS, .command = WIRE_BATCH},
        {.code = REFUSED_GAP, .command = WIRE_BATCH, .offset = UINT64_MAX / 2 + 1},
        {.code = REFUSED_UNAVAILABLE, .command = WIRE_READY},
        {.code = REFUSED_UNDRAWN, .command = WIRE_RESULTS}};
    join ("w", 2);
    batch ("c", 0, 1);
    batch ("c", 1, 1);
    const uint64_t ticket = dispatched (2)->ticket;
    const uint64_t other = world.to_workers.items[1].ticket;
    for (int i = 0; i < 4; i++) {
        say_own ("w", WIRE_BEAT);
        pass (500);
    }
    batch ("c", 2, 1);
    dispatched (3); // a trial
    batch ("c", 3, 1);
    for (size_t i = 0; i < COUNT (refusals); i++) {
        const wire_message_t refusal = {
            .command = WIRE_REFUSED, .agency = 3, .refused = refusals[i]};
        say ("w", "c", ticket, &refusal);
        dispatched (3);
    }
    const wire_message_t conflict = {
        .command = WIRE_REFUSED,
        .agency = 3,
        .refused = {.code = REFUSED_CONFLICT, .command = WIRE_BATCH}};
    say ("storage", "c", other, &conflict);
    dispatched (4);
}

/* A key that was an agency's and is another's now: its connection, with the id it had,
   hears nothing that was meant for the first. */
static void a_key_that_changes_hands_hears_nothing_of_before (void **state)
{
    (void) state;
    join ("w", 4);
    sender = keyed (3);
    ready ("c", 1);
    const uint64_t ticket = dispatched (1)->ticket;
    forget_agency (3);
    sender = keyed (4);
    assert_int_equal (ask_as ("c", WIRE_DONE, 4), REFUSED_OK);
    const wire_message_t winners = {.command = WIRE_WINNERS, .agency = 3};
    say ("w", "c", ticket, &winners);
    assert_int_equal (world.to_clients.count, 0);
    assert_int_equal (counts ()->late, 1);
    const wire_message_t goodbye = {.command = WIRE_GOODBYE, .agency = 4};
    say ("w", "c", dispatched (2)[1].ticket, &goodbye);
    told ("c", WIRE_GOODBYE);
}

/* ---- Storage and state ---- */

static void say_with_key (const char *peer, uint8_t key_role,
                          const wire_message_t *message)
{
    bundle_t bundle = {0};
    const envelope_t nobody = {0};
    bundle_write (&bundle, &nobody, message);
    dispatcher_bundle (dispatcher, text_bytes (peer), key_role, bundle_bytes (&bundle),
                       now_ms);
    bundle_clear (&bundle);
}

/* For a while what comes waits; then it is refused, and goes on once it is back. */
static void nothing_is_handed_over_while_storage_is_missing (void **state)
{
    (void) state;
    join ("w", 10);
    say_own ("storage", WIRE_LEAVE);
    assert_int_equal (dispatcher_missing (dispatcher), ROLE_STORAGE);
    assert_int_equal (batch ("c", 7, 1), REFUSED_OK);
    assert_int_equal (ready ("d", 1), REFUSED_OK);
    dispatched (0);
    pass (PART_PATIENCE_MS / 4);
    say_own ("w", WIRE_BEAT);
    mail_clear (&world.to_workers); // the part's BEAT was answered REJOIN
    join_part ("storage", ROLE_STORAGE);
    assert_int_equal (world.to_clients.count, 0);
    dispatched (2);
    forget ();

    say_own ("storage", WIRE_LEAVE);
    assert_int_equal (batch ("c", 8, 1), REFUSED_OK);
    assert_true (dispatcher_deadline (dispatcher) <= now_ms + PART_PATIENCE_MS);
    pass_by_quarters (3);
    assert_int_equal (world.to_clients.count, 0);
    pass_by_quarters (1);
    const wire_message_t *refused = told ("c", WIRE_REFUSED);
    assert_int_equal (refused->refused.code, REFUSED_UNAVAILABLE);
    assert_int_equal (refused->refused.offset, 8);
    assert_int_equal (refused->refused.command, WIRE_BATCH);
    assert_int_equal (dispatcher_waiting (dispatcher), 0);
    forget ();
    assert_int_equal (ready ("c", 9), REFUSED_UNAVAILABLE); // at once
    told ("c", WIRE_REFUSED);
    forget ();
    dispatched (0);
    join_part ("storage", ROLE_STORAGE);
    assert_int_equal (ready ("c", 9), REFUSED_OK);
    dispatched (1);
}

static wire_code_t question (const char *client, wire_command_t command)
{
    const wire_message_t message = {.command = (uint8_t) command, .agency = 3};
    return request (client, &message);
}

/* What is for storage is: selling goes on, though others of the same client wait. */
static void while_state_is_missing_selling_goes_on (void **state)
{
    (void) state;
    static const wire_command_t of_state[] = {WIRE_HELLO, WIRE_READY, WIRE_RESULTS,
                                              WIRE_DONE};
    join ("w", 20);
    assert_int_equal (question ("c", WIRE_READY), REFUSED_OK); // it waits already
    assert_int_equal (batch ("c", 7, 1), REFUSED_OK);
    say_own ("state", WIRE_LEAVE);
    assert_int_equal (dispatcher_missing (dispatcher), ROLE_STATE);
    for (size_t i = 0; i < COUNT (of_state); i++)
        assert_int_equal (question ("c", of_state[i]), REFUSED_OK);
    assert_int_equal (question ("c", WIRE_CHECK), REFUSED_OK);
    assert_int_equal (question ("c", WIRE_CANCEL), REFUSED_OK);
    static const wire_command_t gone_on[] = {WIRE_BATCH, WIRE_CHECK, WIRE_CANCEL};
    const mailed_t *items = dispatched (3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal (items[i].message.command, gone_on[i]);
    assert_int_equal (dispatcher_waiting (dispatcher), 5);
    answer_stored ("w", "c", items[0].ticket, 8);
    forget ();

    join_part ("state", ROLE_STATE); // in the order in which they came
    items = dispatched (5);
    assert_int_equal (items[0].message.command, WIRE_READY);
    for (size_t i = 0; i < COUNT (of_state); i++)
        assert_int_equal (items[1 + i].message.command, of_state[i]);
    assert_int_equal (dispatcher_waiting (dispatcher), 0);
}

static void a_standby_says_so_at_once (void **state)
{
    (void) state;
    say_own ("storage", WIRE_LEAVE);
    assert_int_equal (batch ("c", 8, 1), REFUSED_OK);
    assert_int_equal (ready ("c", 9), REFUSED_OK);
    assert_false (dispatcher_stands_by (dispatcher));
    assert_int_equal (dispatcher_missing (dispatcher), ROLE_STORAGE);
    dispatcher_stand_by (dispatcher, "tcp://10.0.0.1:12345"); // what waits is refused
    assert_true (dispatcher_stands_by (dispatcher));
    assert_int_equal (dispatcher_missing (dispatcher), ROLE_NONE); // as it should be
    assert_int_equal (dispatcher_waiting (dispatcher), 0);
    forget ();
    assert_int_equal (batch ("c", 8, 1), REFUSED_UNAVAILABLE);
    const wire_message_t *refused = told ("c", WIRE_REFUSED);
    assert_int_equal (refused->refused.field, UNAVAILABLE_STANDBY);
    assert_int_equal (refused->refused.offset, 8);
    assert_non_null (memmem (refused->refused.text.data, refused->refused.text.size,
                             "tcp://10.0.0.1:12345", 20));
    forget ();
    dispatcher_stand_by (dispatcher, ""); // nobody knows where the other is
    assert_int_equal (ready ("c", 9), REFUSED_UNAVAILABLE);
    forget ();
    dispatcher_stand_by (dispatcher, NULL);
    assert_int_equal (batch ("c", 8, 1), REFUSED_OK);
}

static void what_state_is_missed_for_is_refused_in_the_end (void **state)
{
    (void) state;
    join ("w", 20);
    say_own ("state", WIRE_LEAVE);
    assert_int_equal (ready ("c", 1), REFUSED_OK);
    assert_true (dispatcher_deadline (dispatcher) <= now_ms + PART_PATIENCE_MS);
    dispatched (0);
    pass_by_quarters (3);
    assert_int_equal (world.to_clients.count, 0);
    pass_by_quarters (1);
    const wire_message_t *refused = told ("c", WIRE_REFUSED);
    assert_int_equal (refused->refused.code, REFUSED_UNAVAILABLE);
    assert_int_equal (refused->refused.command, WIRE_READY);
    assert_int_equal (dispatcher_waiting (dispatcher), 0);
    assert_true (dispatcher_bytes (dispatcher) == 0);
    forget ();
    assert_int_equal (ready ("c", 9), REFUSED_UNAVAILABLE); // at once
    told ("c", WIRE_REFUSED);
    forget ();
    assert_int_equal (batch ("c", 8, 1), REFUSED_OK); // and this is not
    dispatched (1);
    say_own ("storage", WIRE_LEAVE);
    assert_int_equal (batch ("c", 9, 1), REFUSED_OK);
    dispatched (1);
    join_part ("storage", ROLE_STORAGE);
    dispatched (2);
    join_part ("state", ROLE_STATE);
    assert_int_equal (ready ("c", 9), REFUSED_OK);
    dispatched (3);
}

/* A worker that dies leaves what it had of both kinds. */
static void what_is_taken_back_waits_for_its_part (void **state)
{
    (void) state;
    join ("w", 20);
    assert_int_equal (ready ("c", 1), REFUSED_OK);
    assert_int_equal (batch ("c", 7, 1), REFUSED_OK);
    dispatched (2);
    forget ();
    say_own ("state", WIRE_LEAVE);
    say_own ("w", WIRE_LEAVE);
    join ("v", 20);
    assert_int_equal (dispatched (1)->message.command, WIRE_BATCH);
    assert_int_equal (dispatcher_waiting (dispatcher), 1);
    leave ("c"); // with its client it goes
    assert_int_equal (dispatcher_waiting (dispatcher), 0);
    join_part ("state", ROLE_STATE);
    dispatched (1);
}

static void a_part_that_is_silent_is_missing_until_it_is_heard (void **state)
{
    (void) state;
    join ("w", 10);
    now_ms += HEARTBEATS_MISSED * HEARTBEAT_MS_MAX;
    join ("w", 10);
    say_own ("state", WIRE_BEAT);
    dispatcher_expire (dispatcher, now_ms);
    assert_int_equal (dispatcher_missing (dispatcher), ROLE_STORAGE);
    ready ("c", 1);
    dispatched (0);
    say_own ("storage", WIRE_BEAT);
    assert_int_equal (world.to_workers.count, 0); // it is not asked to join
    dispatched (1);
}

static void each_role_gives_its_own_answers (void **state)
{
    (void) state;
    static const struct {
        uint8_t command, role; // ROLE_NONE: anybody's who has joined
    } cases[] = {
        {WIRE_STORED, ROLE_STORAGE},  {WIRE_DIGEST, ROLE_STORAGE},
        {WIRE_WELCOME, ROLE_STORAGE}, {WIRE_WINNERS, ROLE_STORAGE},
        {WIRE_WAITING, ROLE_STATE},   {WIRE_GOODBYE, ROLE_STATE},
        {WIRE_REFUSED, ROLE_NONE},    {WIRE_CANCELLED, ROLE_STORAGE},
    };
    static const char *const peers[] = {"stranger", "w", "storage", "state"};
    join ("w", 10);
    ready ("c", 1);
    const envelope_t envelope = dispatched (1)->envelope;
    for (size_t i = 0; i < COUNT (cases); i++)
        for (uint8_t role = 0; role < COUNT (peers); role++) {
            const bool apt =
                cases[i].role == ROLE_NONE ? role != ROLE_NONE : role == cases[i].role;
            const uint64_t strays = counts ()->strays;
            wire_message_t answer = {.command = cases[i].command, .agency = 3};
            if (answer.command == WIRE_WELCOME)
                answer.welcome.name = text_bytes ("first");
            bundle_t bundle = {0};
            mail_clear (&world.to_clients);
            bundle_write (&bundle, &envelope, &answer);
            dispatcher_bundle (dispatcher, text_bytes (peers[role]), ROLE_ANY,
                               bundle_bytes (&bundle), now_ms);
            bundle_clear (&bundle);
            assert_int_equal (world.to_clients.count, apt);
            assert_int_equal (counts ()->strays, strays + !apt);
        }
}

static void a_key_lets_one_have_one_role (void **state)
{
    (void) state;
    static const uint8_t keys[] = {ROLE_NONE, ROLE_WORKER, ROLE_STORAGE, ROLE_STATE};
    size_t joined = world.joined;
    for (size_t i = 0; i < COUNT (keys); i++)
        for (uint8_t role = ROLE_WORKER; role <= ROLE_STATE; role++) {
            const wire_message_t message = {.command = WIRE_JOIN,
                                            .join = {.role = role, .heartbeat_ms = MS}};
            const uint64_t strays = counts ()->strays;
            say_with_key ("somebody", keys[i], &message);
            assert_int_equal (world.joined, joined += keys[i] == role);
            assert_int_equal (counts ()->strays, strays + (keys[i] != role));
        }
    assert_int_equal (dispatcher_workers (dispatcher), 0); // it is state by now
}

/* What the one before had is not waited for. */
static void a_new_storage_starts_with_a_clean_sheet (void **state)
{
    (void) state;
    join ("w", 2);
    batch ("c", 0, 1);
    batch ("c", 1, 1);
    dispatched (2);
    for (int i = 0; i < 4; i++) {
        say_own ("w", WIRE_BEAT);
        pass (500);
    }
    batch ("c", 2, 1);
    dispatched (3); // a trial
    batch ("c", 3, 1);
    batch ("c", 4, 1);
    dispatched (3);
    join_part ("another", ROLE_STORAGE);
    dispatched (4);
}

/* ---- All of it at random ---- */

#define CLIENTS 10
#define ASKED   40000

typedef struct {
    uint64_t random;
    size_t asked;         // questions so far; each has its number
    bool accepted[ASKED]; // by the broker
    bool answered[ASKED]; // to whoever asked
    bool knows[WORKERS];  // the worker thinks that the broker knows it
    mail_t with[WORKERS]; // what each worker has
} walk_t;

static void ask (walk_t *walk)
{
    char id[ID_BYTES];
    if (walk->asked == ASKED)
        return;
    snprintf (id, sizeof id, "c%zu", walk->asked % CLIENTS);
    const wire_code_t code = ready (id, walk->asked);
    assert_true (code == REFUSED_OK || code == REFUSED_BUSY);
    walk->accepted[walk->asked++] = code == REFUSED_OK;
}

/* The requests that left go to their workers; the number of each is whose it must be.
 */
static void deliver (walk_t *walk)
{
    for (size_t i = 0; i < world.to_workers.count; i++) {
        const mailed_t *item = &world.to_workers.items[i];
        const int worker = item->peer[1] - '0';
        if (item->message.command == WIRE_REJOIN) {
            walk->knows[worker] = false;
            continue;
        }
        char id[ID_BYTES];
        snprintf (id, sizeof id, "c%zu", (size_t) item->message.tally.count % CLIENTS);
        assert_string_equal (item->client, id);
        assert_true (walk->accepted[item->message.tally.count]);
        uint8_t bytes[64];
        mailed_t *kept;
        mail_add (&walk->with[worker], text_bytes (item->peer), &item->envelope,
                  bytes_of (bytes, wire_encode (&item->message, bytes)));
        kept = &walk->with[worker].items[walk->with[worker].count - 1];
        strcpy (kept->client, item->client);
    }
    for (size_t i = 0; i < world.to_clients.count; i++) {
        const mailed_t *item = &world.to_clients.items[i];
        if (item->message.command == WIRE_REFUSED)
            continue; // BUSY
        char id[ID_BYTES];
        snprintf (id, sizeof id, "c%zu", (size_t) item->message.stored.next % CLIENTS);
        assert_string_equal (item->peer, id);
        walk->answered[item->message.stored.next] = true;
    }
    forget ();
}

static void answer_one (walk_t *walk, size_t worker)
{
    mail_t *with = &walk->with[worker];
    if (with->count == 0)
        return;
    const size_t which = random_below (&walk->random, with->count);
    mailed_t *item = &with->items[which];
    const wire_message_t answer = {// carries the number back; ends no batch
                                   .command = WIRE_STORED,
                                   .agency = 3,
                                   .stored = {.next = item->message.tally.count}};
    say (item->peer, item->client, item->ticket, &answer);
    free (item->bytes);
    *item = with->items[--with->count];
}

static void do_something (walk_t *walk)
{
    const size_t worker = random_below (&walk->random, WORKERS);
    char id[ID_BYTES];
    snprintf (id, sizeof id, "w%zu", worker);
    const size_t what = random_below (&walk->random, 100);
    if (what < 40)
        ask (walk);
    else if (what < 75)
        answer_one (walk, worker);
    else if (what < 77)
        mail_clear (&walk->with[worker]); // it died, and came again under its id
    else if (what == 77) {
        say_own (id, WIRE_LEAVE);
        mail_clear (&walk->with[worker]);
    } else if (what < 85 && !walk->knows[worker]) {
        join (id, 1 + (uint32_t) random_below (&walk->random, 20));
        walk->knows[worker] = true;
    } else if (what < 90)
        say_own (id, WIRE_BEAT);
    else if (what == 90)
        world.gone = random_below (&walk->random, 2) ? "w2" : NULL;
    else if (what < 95)
        pass ((int64_t) random_below (&walk->random, 300));
    else
        dispatch ();
}

/* Whatever happens to the workers: a request that was accepted is answered, or given up
   and counted, and an answer reaches who asked. */
static void every_request_is_answered_or_given_up (void **state)
{
    (void) state;
    static walk_t walk;
    walk.random = 99;
    for (int step = 0; step < 150000; step++) {
        do_something (&walk);
        deliver (&walk);
    }
    world.gone = NULL;
    for (int round = 0; round < 100; round++) { // now all is well, and it comes to rest
        char id[ID_BYTES];
        for (size_t worker = 0; worker < WORKERS; worker++) {
            snprintf (id, sizeof id, "w%zu", worker);
            join (id, 20);
            while (walk.with[worker].count > 0)
                answer_one (&walk, worker);
        }
        dispatch ();
        pass (MS);
        deliver (&walk);
    }
    uint64_t accepted = 0, unanswered = 0;
    for (size_t i = 0; i < walk.asked; i++) {
        accepted += walk.accepted[i];
        unanswered += walk.accepted[i] && !walk.answered[i];
        assert_true (walk.accepted[i] || !walk.answered[i]);
    }
    assert_true (accepted > 10000);
    assert_true (unanswered <= counts ()->given_up);
    assert_true (counts ()->given_up > 10 && counts ()->redispatched > 10);
    assert_int_equal (counts ()->requests, walk.asked);
    // at rest nothing is due but the workers' own signs of life
    assert_true (dispatcher_deadline (dispatcher) ==
                 now_ms - MS + HEARTBEATS_MISSED * MS);
    for (size_t worker = 0; worker < WORKERS; worker++)
        mail_clear (&walk.with[worker]);
}

#define DISPATCHER_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

/* ---- Several batches in one message ---- */

#define ROWS           "rows" /* of each batch */
#define BATCH_SIZE     (WIRE_BATCH_BYTES + sizeof ROWS - 1)
#define BUNDLE_SIZE(n) (WIRE_HEADER_BYTES + (n) * (WIRE_ENCLOSED_BYTES + BATCH_SIZE))

static size_t freed; // messages of bundles that are not kept any more

static void note_freed (void *data, void *hint)
{
    (void) hint;
    memset (data, 0xDD, 16); // whoever still reads it finds that out
    free (data);
    freed++;
}

static size_t put_batches (uint8_t *buffer, uint32_t agency, uint64_t offset,
                           size_t count)
{
    uint8_t encoded[256];
    uint8_t *at = wire_batches_head (buffer, agency, 0);
    for (size_t i = 0; i < count; i++) {
        const wire_message_t message = {
            .command = WIRE_BATCH,
            .agency = agency,
            .batch = {.offset = offset + i, .count = 1, .rows = text_bytes (ROWS)}};
        at = wire_batches_put (at, bytes_of (encoded, wire_encode (&message, encoded)));
    }
    return (size_t) (at - buffer);
}

static wire_code_t bundle_message (const char *client, bytes_t bytes)
{
    zmq_msg_t message;
    uint8_t *data = malloc (bytes.size);
    assert_non_null (data);
    put_bytes (data, bytes);
    zmq_msg_init_data (&message, data, bytes.size, note_freed, NULL);
    const wire_code_t code =
        dispatcher_request (dispatcher, text_bytes (client), sender, &message);
    if (code == REFUSED_OK || code == REFUSED_BUSY || code == REFUSED_SIZE)
        client_is_here (client);
    zmq_msg_close (&message);
    return code;
}

/* `count` batches of one bet each, from `offset` on. */
static wire_code_t bundle (const char *client, uint64_t offset, size_t count)
{
    static uint8_t buffer[65536];
    const size_t size = put_batches (buffer, 3, offset, count);
    assert_int_equal (size, BUNDLE_SIZE (count));
    return bundle_message (client, bytes_of (buffer, size));
}

static void restart_with_bundles (uint32_t window, uint32_t bundle_bytes)
{
    dispatcher_destroy (&dispatcher);
    begin (&(wire_limits_t){window, BYTES_MAX, 0, bundle_bytes});
    freed = 0;
}

static void a_bundle_is_taken_apart (void **state)
{
    (void) state;
    restart_with_bundles (WINDOW, BUNDLE_SIZE (4));
    join ("w", 10);
    assert_int_equal (batch ("c", 7, 1), REFUSED_OK);
    assert_int_equal (bundle ("c", 8, 4), REFUSED_OK);
    assert_int_equal (batch ("c", 12, 1), REFUSED_OK);
    assert_int_equal (counts ()->requests, 6);
    const mailed_t *items = dispatched (6);
    for (uint64_t i = 0; i < 6; i++) { // in order, and nothing tells how they came
        assert_string_equal (wire_command_name (items[i].message.command), "BATCH");
        assert_int_equal (items[i].message.agency, 3);
        assert_int_equal (items[i].message.batch.offset, 7 + i);
        assert_true (bytes_equal (items[i].message.batch.rows, text_bytes (ROWS)));
        assert_int_equal (items[i].ticket, items[0].ticket + i);
    }
    const wire_message_t refusal = wire_refusal (&items[2].message, REFUSED_FIELDS, "");
    say ("w", "c", items[2].ticket, &refusal); // each is answered by itself
    assert_int_equal (told ("c", WIRE_REFUSED)->refused.offset, 9);
    answer_stored ("w", "c", items[5].ticket, 13);
    assert_int_equal (freed, 1);
    assert_int_equal (dispatcher_bytes (dispatcher), 0);
}

/* In memory, and in what is counted, the message is there whole until the last of its
   batches is over. */
static void a_bundle_is_kept_and_counted_whole (void **state)
{
    (void) state;
    restart_with_bundles (WINDOW, 65536);
    join ("w", 1);
    assert_int_equal (bundle ("c", 0, 3), REFUSED_OK);
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal (dispatcher_bytes (dispatcher),
                          BUNDLE_SIZE (3) + (3 - i) * REQUEST_BYTES);
        const mailed_t *items = dispatched (i + 1);
        assert_int_equal (dispatcher_bytes (dispatcher),
                          BUNDLE_SIZE (3) + (3 - i) * REQUEST_BYTES);
        assert_int_equal (freed, 0);
        assert_true (bytes_equal (items[i].message.batch.rows, text_bytes (ROWS)));
        const wire_message_t refusal =
            wire_refusal (&items[i].message, REFUSED_FIELDS, "");
        say ("w", "c", items[i].ticket, &refusal);
    }
    assert_int_equal (freed, 1);
    assert_int_equal (dispatcher_bytes (dispatcher), 0);
}

/* Whatever becomes of a batch: it is stored, given up, its worker dies, its client
   goes. */
static void a_bundle_ends_however_its_batches_do (void **state)
{
    (void) state;
    restart_with_bundles (WINDOW, 65536);
    join ("w", 2);
    assert_int_equal (bundle ("c", 0, 4), REFUSED_OK);
    const uint64_t first = dispatched (2)->ticket;
    say_own ("w", WIRE_LEAVE); // taken back
    assert_int_equal (freed, 0);
    join ("v", 2);
    assert_int_equal (dispatched (4)[2].message.batch.offset, 0);
    answer_stored ("v", "c", first, 3); // two at work, one that waits
    assert_int_equal (freed, 0);
    assert_int_equal (dispatched (5)[4].message.batch.offset, 3);
    pass (INFLIGHT_MS / 2);
    say_own ("v", WIRE_BEAT);
    pass (INFLIGHT_MS / 2); // nobody answers: nothing of it is kept
    assert_int_equal (freed, 1);
    assert_int_equal (dispatcher_bytes (dispatcher), 0);

    forget ();
    assert_int_equal (bundle ("d", 0, 4), REFUSED_OK);
    dispatched (2); // one, and one as a trial: what is overdue takes up its credit
    leave ("d");    // what is at work is a request still, without its message
    assert_int_equal (freed, 2);
    assert_int_equal (dispatcher_bytes (dispatcher), 2 * (REQUEST_BYTES + BATCH_SIZE));
}

static void of_a_bundle_without_room_a_prefix_is_taken (void **state)
{
    (void) state;
    restart_with_bundles (WINDOW, 65536);
    assert_int_equal (bundle ("c", 0, QUEUE - 2), REFUSED_OK);
    assert_int_equal (bundle ("c", QUEUE - 2, 6), REFUSED_BUSY);
    const wire_message_t *refusal = told ("c", WIRE_REFUSED); // one
    assert_int_equal (refusal->refused.code, REFUSED_BUSY);
    assert_int_equal (refusal->refused.command, WIRE_BATCH);
    assert_int_equal (refusal->refused.offset, QUEUE);
    assert_int_equal (dispatcher_waiting (dispatcher), QUEUE);
    assert_int_equal (dispatcher_bytes (dispatcher), BUNDLE_SIZE (QUEUE - 2) +
                                                         BUNDLE_SIZE (6) +
                                                         QUEUE * REQUEST_BYTES);
    join ("w", QUEUE);
    const mailed_t *items = dispatched (QUEUE);
    for (uint64_t i = 0; i < QUEUE; i++)
        assert_int_equal (items[i].message.batch.offset, i);
    answer_stored ("w", "c", items[QUEUE - 1].ticket, QUEUE);
    assert_int_equal (freed, 2);
    assert_int_equal (dispatcher_bytes (dispatcher), 0);

    forget (); // nor is anything kept of one of which nothing was taken
    assert_int_equal (bundle ("c", QUEUE, QUEUE), REFUSED_OK);
    assert_int_equal (bundle ("c", 2 * QUEUE, 3), REFUSED_BUSY);
    assert_int_equal (told ("c", WIRE_REFUSED)->refused.offset, 2 * QUEUE);
    assert_int_equal (freed, 3);
}

static void a_batch_that_is_too_long_is_refused_alone (void **state)
{
    (void) state;
    static uint8_t buffer[8192];
    uint8_t encoded[2048];
    restart_with_bundles (WINDOW, 65536);
    uint8_t *at = wire_batches_head (buffer, 3, 0);
    for (uint64_t i = 0; i < 3; i++) {
        wire_message_t message = {
            .command = WIRE_BATCH, .agency = 3, .batch = {.offset = i, .count = 1}};
        size_t size = wire_encode (&message, encoded);
        if (i == 1)
            for (; size <= BYTES_MAX; size++)
                encoded[size] = 'x';
        at = wire_batches_put (at, bytes_of (encoded, size));
    }
    assert_int_equal (bundle_message ("c", bytes_of (buffer, (size_t) (at - buffer))),
                      REFUSED_SIZE);
    const wire_message_t *refusal = told ("c", WIRE_REFUSED);
    assert_int_equal (refusal->refused.code, REFUSED_SIZE);
    assert_int_equal (refusal->refused.command, WIRE_BATCH);
    assert_int_equal (refusal->refused.offset, 1);
    join ("w", 10);
    const mailed_t *items = dispatched (2);
    assert_int_equal (items[0].message.batch.offset, 0);
    assert_int_equal (items[1].message.batch.offset, 2);
}

/* Refused as a whole, and nothing of it is taken. */
static void a_bundle_that_is_none_is_refused_whole (void **state)
{
    (void) state;
    static uint8_t buffer[65536];
    restart_with_bundles (WINDOW, BUNDLE_SIZE (3));
    join ("w", 10);
    const size_t size = put_batches (buffer, 3, 0, 3);
    const struct {
        size_t at; // the byte that is another
        uint8_t byte;
        size_t size;
        wire_code_t code;
    } cases[] = {
        {0, 'L', size - 1, REFUSED_BODY},              // the last is cut
        {0, 'L', WIRE_HEADER_BYTES, REFUSED_BODY},     // there is none
        {0, 'L', BUNDLE_SIZE (2) + 4, REFUSED_BODY},   // a size, and nothing behind
        {19, 0xFF, size, REFUSED_BODY},                // it reaches beyond the end
        {19, 0, size, REFUSED_BODY},                   // of no bytes
        {23, WIRE_READY, size, REFUSED_BODY},          // no BATCH
        {27, 4, size, REFUSED_BODY},                   // another agency's
        {35, 4, size, REFUSED_BODY},                   // of another draw
        {BUNDLE_SIZE (2) + 11, 4, size, REFUSED_BODY}, // and the last one
        {BUNDLE_SIZE (2) + 19, 4, size, REFUSED_BODY}, // likewise
        {22, 1, size, REFUSED_BODY},                   // of another version
        {2, 1, size, REFUSED_VERSION},                 // all of it is
    };
    for (size_t i = 0; i < COUNT (cases); i++) {
        const uint8_t before = buffer[cases[i].at];
        buffer[cases[i].at] = cases[i].byte;
        assert_int_equal (bundle_message ("c", bytes_of (buffer, cases[i].size)),
                          cases[i].code);
        buffer[cases[i].at] = before;
        const wire_message_t *refusal = told ("c", WIRE_REFUSED);
        assert_int_equal (refusal->refused.code, cases[i].code);
        assert_int_equal (refusal->refused.command, WIRE_BATCHES);
        assert_int_equal (refusal->refused.offset, 0);
        mail_clear (&world.to_clients);
    }
    assert_int_equal (bundle ("c", 0, 4), REFUSED_SIZE); // longer than was granted
    assert_int_equal (told ("c", WIRE_REFUSED)->refused.command, WIRE_BATCHES);
    mail_clear (&world.to_clients);
    sender = keyed (2);
    assert_int_equal (bundle ("c", 0, 2), REFUSED_KEY);
    assert_int_equal (told ("c", WIRE_REFUSED)->refused.command, WIRE_BATCHES);
    dispatched (0);
    assert_int_equal (dispatcher_bytes (dispatcher), 0);
    assert_int_equal (freed, COUNT (cases) + 2);
}

/* No broker takes bundles unless it says so. */
static void a_bundle_that_was_not_granted_is_refused (void **state)
{
    (void) state;
    freed = 0;
    assert_int_equal (bundle ("c", 0, 1), REFUSED_SIZE);
    assert_int_equal (told ("c", WIRE_REFUSED)->refused.command, WIRE_BATCHES);
    assert_int_equal (freed, 1);
}

/* 65,536 bytes for the sake of one small batch that stays: they count in the queue, and
   their sender is who gives way. */
static void what_is_kept_of_bundles_counts_in_the_queue (void **state)
{
    (void) state;
    static uint8_t buffer[65536];
    const size_t queue_bytes = 10 * sizeof buffer;
    dispatcher_destroy (&dispatcher);
    const dispatcher_options_t options = {
        .boot = BOOT,
        .limits = {WINDOW_LIMIT_DEFAULT, sizeof buffer, 0, sizeof buffer},
        .queue_bytes_max = queue_bytes,
        .context = &world,
        .to_client = to_client,
        .to_peer = to_peer};
    known_count = numbers = 0;
    dispatcher = dispatcher_new (&options, now_ms);
    join_part ("storage", ROLE_STORAGE);
    join_part ("state", ROLE_STATE);
    const wire_message_t small = {
        .command = WIRE_BATCH, .agency = 2, .batch = {.offset = 1, .count = 1}};
    wire_message_t large = {
        .command = WIRE_BATCH, .agency = 2, .batch = {.offset = 0, .count = 1}};
    uint8_t encoded[64];
    memset (buffer, 'x', sizeof buffer);
    uint8_t *at = wire_batches_head (buffer, 2, 0);
    const size_t size = wire_encode (&small, encoded);
    at = wire_batches_put (at, bytes_of (encoded, size));
    put_u32 (at, (uint32_t) (sizeof buffer - (size_t) (at - buffer) - 4));
    wire_encode (&large, at + 4);

    sender = keyed (2);
    join ("w", 64); // the long one of each is over at once: its rows are none
    for (int i = 0; i < 9; i++) {
        assert_int_equal (bundle_message ("two", bytes_of (buffer, sizeof buffer)),
                          REFUSED_OK);
        dispatch ();
        const mailed_t *items = world.to_workers.items;
        for (size_t j = 0; j < world.to_workers.count; j++)
            if (items[j].message.batch.offset == 0) {
                const wire_message_t refusal =
                    wire_refusal (&items[j].message, REFUSED_FIELDS, "");
                say ("w", "two", items[j].ticket, &refusal);
            }
        forget ();
        assert_int_equal (dispatcher_bytes (dispatcher),
                          (size_t) (i + 1) * (sizeof buffer + REQUEST_BYTES));
    }
    // with what else there is it is full
    assert_int_equal (long_batch ("three", 3, 60000), REFUSED_OK);
    assert_int_equal (long_batch ("three", 3, 60000), REFUSED_BUSY);
}

/* Batches in bundles have the turns and the bytes of batches. */
static void a_bundle_waits_for_its_turns (void **state)
{
    (void) state;
    restart_with_bundles (WINDOW_LIMIT_DEFAULT, 65536);
    sender = keyed (3);
    assert_int_equal (bundle ("many", 0, 4 * LANE_TURN), REFUSED_OK);
    sender = keyed (4);
    for (uint64_t i = 0; i < LANE_TURN; i++)
        assert_int_equal (ask_as ("one", WIRE_READY, 4), REFUSED_OK);
    join ("w", 3 * LANE_TURN);
    const mailed_t *items = dispatched (3 * LANE_TURN);
    for (size_t i = 0; i < 3 * LANE_TURN; i++)
        assert_string_equal (items[i].client, i / LANE_TURN == 1 ? "one" : "many");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        DISPATCHER_TEST (a_request_goes_to_a_worker_and_its_answer_back),
        DISPATCHER_TEST (requests_wait_for_a_worker),
        DISPATCHER_TEST (a_worker_holds_no_more_than_its_credit),
        DISPATCHER_TEST (the_load_is_shared),
        DISPATCHER_TEST (a_few_requests_go_to_one_worker),
        DISPATCHER_TEST (a_flood_delays_nobody_else),
        DISPATCHER_TEST (what_is_no_request_is_refused),
        DISPATCHER_TEST (a_message_over_the_limit_is_refused),
        DISPATCHER_TEST (hello_is_lowered_to_the_brokers_limits),
        DISPATCHER_TEST (a_full_queue_says_busy),
        DISPATCHER_TEST (strangers_are_asked_to_join),
        DISPATCHER_TEST (what_a_leaving_worker_held_goes_to_another),
        DISPATCHER_TEST (who_has_left_answers_nothing),
        DISPATCHER_TEST (a_silent_worker_is_given_up),
        DISPATCHER_TEST (a_worker_that_takes_nothing_is_none),
        DISPATCHER_TEST (a_request_that_outlives_its_workers_is_given_up),
        DISPATCHER_TEST (a_request_without_answer_is_given_up),
        DISPATCHER_TEST (there_are_enough_workers),
        DISPATCHER_TEST (stored_answers_every_batch_below),
        DISPATCHER_TEST (stored_gives_the_credit_of_all_back),
        DISPATCHER_TEST (stored_answers_batches_of_its_draw),
        DISPATCHER_TEST (cancel_is_for_storage),
        DISPATCHER_TEST (answers_to_an_earlier_broker_are_dropped),
        DISPATCHER_TEST (a_ticket_is_its_clients_own),
        DISPATCHER_TEST (strays_are_counted),
        DISPATCHER_TEST (damaged_bundles_do_no_harm),
        DISPATCHER_TEST (a_key_speaks_for_its_agency_alone),
        DISPATCHER_TEST (what_storage_reads_for_counts_for_more_than_its_bytes),
        DISPATCHER_TEST (a_forgotten_agency_is_answered_nothing),
        DISPATCHER_TEST (a_key_that_changes_hands_hears_nothing_of_before),
        DISPATCHER_TEST (an_id_is_its_latest_owners),
        DISPATCHER_TEST (who_has_left_is_answered_nothing),
        DISPATCHER_TEST (an_answer_to_who_has_gone_settles_once),
        DISPATCHER_TEST (leaving_frees_what_waits_and_not_what_is_at_work),
        DISPATCHER_TEST (bytes_are_shared_by_agency),
        DISPATCHER_TEST (one_bet_at_a_time_goes_through_beside_long_messages),
        DISPATCHER_TEST (what_is_refused_costs_its_sender),
        DISPATCHER_TEST (a_full_queue_sheds_who_has_most_in_it),
        DISPATCHER_TEST (storage_that_hangs_is_not_given_more_and_more),
        DISPATCHER_TEST (a_worker_alone_does_not_clear_storage),
        DISPATCHER_TEST (nothing_is_handed_over_while_storage_is_missing),
        DISPATCHER_TEST (while_state_is_missing_selling_goes_on),
        DISPATCHER_TEST (a_standby_says_so_at_once),
        DISPATCHER_TEST (what_state_is_missed_for_is_refused_in_the_end),
        DISPATCHER_TEST (what_is_taken_back_waits_for_its_part),
        DISPATCHER_TEST (a_part_that_is_silent_is_missing_until_it_is_heard),
        DISPATCHER_TEST (each_role_gives_its_own_answers),
        DISPATCHER_TEST (a_key_lets_one_have_one_role),
        DISPATCHER_TEST (a_new_storage_starts_with_a_clean_sheet),
        DISPATCHER_TEST (a_bundle_is_taken_apart),
        DISPATCHER_TEST (a_bundle_is_kept_and_counted_whole),
        DISPATCHER_TEST (a_bundle_ends_however_its_batches_do),
        DISPATCHER_TEST (of_a_bundle_without_room_a_prefix_is_taken),
        DISPATCHER_TEST (a_batch_that_is_too_long_is_refused_alone),
        DISPATCHER_TEST (a_bundle_that_is_none_is_refused_whole),
        DISPATCHER_TEST (a_bundle_that_was_not_granted_is_refused),
        DISPATCHER_TEST (what_is_kept_of_bundles_counts_in_the_queue),
        DISPATCHER_TEST (a_bundle_waits_for_its_turns),
        DISPATCHER_TEST (every_request_is_answered_or_given_up),
    };
    logger_set_level (LOG_CRITICAL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}
