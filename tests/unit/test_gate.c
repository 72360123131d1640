/* test_gate.c - who is let in, over real connections within this process: one side
   listens behind a gate, the other comes with keys of its own. What happens is waited
   for with a poll, which ends when it is there. */

#include "testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "gate.h"
#include "logger.h"
#include "monitor.h"
#include "net.h"

#define WAIT_MS     20000 /* longer only if something is broken */
#define BYTES_MAX   1000
#define QUEUE       4
#define DOMAIN_NAME "door"
#define ZAP         "inproc://zeromq.zap.01"
#define MISFITS                                                                        \
    (ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL)
#define COUNT(table) (sizeof (table) / sizeof (table)[0])

/* A folder of keys for each: the server knows the friend, all three know the server. */
static char root[64];
static const char *const folders[] = {"server", "friend", "stranger"};
static key_pair_t server, friend, stranger;

static problem_t problem;
static gate_t *gate;
static zsock_t *listener;
static char endpoint[256];
static uint8_t role;              // that the last message's sender may have
static bool asks;                 // whether he may ask how the process is
static const char *asker_of_next; // gate

static const char *folder_of (const char *name)
{
    static char paths[4][128];
    static size_t next;
    char *path = paths[next++ % COUNT (paths)];
    snprintf (path, sizeof paths[0], "%s/%s", root, name);
    return path;
}

static void make_pair (const char *name, key_pair_t *pair)
{
    char why[KEYS_WHY_BYTES];
    assert_int_equal (mkdir (folder_of (name), 0700), 0);
    key_pair_make (pair);
    assert_int_equal (key_pair_save (folder_of (name), pair, why), 0);
}

static int make_keys (void **state)
{
    (void) state;
    char why[KEYS_WHY_BYTES];
    strcpy (root, "/tmp/loteria-test-XXXXXX");
    if (!mkdtemp (root))
        return -1;
    make_pair ("server", &server);
    make_pair ("friend", &friend);
    make_pair ("stranger", &stranger);
    for (size_t i = 1; i < COUNT (folders); i++)
        key_public_save (folder_of (folders[i]), "server", server.public_key, why);
    key_public_save (folder_of ("server"), "worker", friend.public_key, why);
    key_public_save (folder_of ("server"), "operator", friend.public_key, why);
    return key_public_save (folder_of ("server"), "friend", friend.public_key, why);
}

static const char *const friends[] = {"friend", NULL}, *const workers[] = {"worker",
                                                                           NULL};
static const char *const operators[] = {"operator", NULL};

static void listen_with (const char *const *peers,
                         bool (*admits) (void *, gate_visitor_t *))
{
    const gate_options_t options = {.keys = folder_of ("server"),
                                    .peers = peers,
                                    .asker = asker_of_next,
                                    .admits = admits,
                                    .context = endpoint};
    gate = gate_new (&options, &problem);
    asker_of_next = NULL;
    listener = net_router (BYTES_MAX, QUEUE, &problem);
    assert_non_null (
        gate_listen (gate, listener, DOMAIN_NAME, "tcp://127.0.0.1:*", &problem));
    size_t size = sizeof endpoint;
    assert_int_equal (
        zmq_getsockopt (zsock_resolve (listener), ZMQ_LAST_ENDPOINT, endpoint, &size),
        0);
}

static int setup (void **state)
{
    (void) state;
    logger_set_level (LOG_CRITICAL);
    listen_with (friends, NULL);
    return 0;
}

/* ZeroMQ takes the handler's socket down in a thread of its own. */
static void remove_handler (void)
{
    const int64_t deadline_ms = zclock_mono () + WAIT_MS;
    gate_destroy (&gate);
    assert_null (gate);
    gate_destroy (&gate);
    zsock_t *probe = zsock_new (ZMQ_PAIR);
    while (zmq_bind (zsock_resolve (probe), ZAP) == -1) {
        assert_true (zclock_mono () < deadline_ms);
        zmq_poll (NULL, 0, 1);
    }
    assert_int_equal (zmq_unbind (zsock_resolve (probe), ZAP), 0);
    zsock_destroy (&probe);
}

static int teardown (void **state)
{
    (void) state;
    zsock_destroy (&listener);
    remove_handler ();
    return 0;
}

typedef struct { // somebody who comes
    zsock_t *socket, *monitor;
} visitor_t;

typedef enum {
    LET_IN,
    NOT_ADMITTED,
    MISFIT
} outcome_t; // the last: the keys do not fit

/* With the keys in the folder of `name`, NULL: with none; to the server as `peer`. */
static visitor_t come (const char *name, const char *peer)
{
    static const char *const peers[] = {"server", NULL}, *const nobody[] = {NULL};
    // by hand, as a gate with keys is the process's ZAP handler, and there is one
    // already
    visitor_t visitor = {.socket = net_dealer (BYTES_MAX, QUEUE, &problem)};
    visitor.monitor =
        monitor_new (visitor.socket, MISFITS | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
    assert_non_null (visitor.monitor);
    keyring_t ring;
    char why[KEYS_WHY_BYTES];
    if (name) {
        assert_int_equal (
            keyring_load (&ring, folder_of (name), peer ? peers : nobody, why), 0);
        const char *key = peer ? keyring_peer (&ring, peer) : ring.own.public_key;
        zsock_set_curve_serverkey (visitor.socket, key);
        zsock_set_curve_publickey (visitor.socket, ring.own.public_key);
        zsock_set_curve_secretkey (visitor.socket, ring.own.secret_key);
    }
    assert_int_equal (net_connect (visitor.socket, endpoint), 0);
    return visitor;
}

static void leave (visitor_t *visitor)
{
    monitor_destroy (&visitor->monitor, visitor->socket);
    zsock_destroy (&visitor->socket);
}

static bool said_something (visitor_t *visitor)
{
    zmq_msg_t hello;
    if (!net_ready (visitor->socket))
        return false;
    zmq_msg_init_size (&hello, 5);
    memcpy (zmq_msg_data (&hello), "hello", 5);
    assert_int_equal (net_send (visitor->socket, bytes_of (NULL, 0), &hello), NET_OK);
    return true;
}

/* What came of it. Who was let in spoke; his key is in `key`. */
static outcome_t outcome (visitor_t *visitor, bool served, char key[KEY_TEXT_BYTES])
{
    const int64_t deadline_ms = zclock_mono () + WAIT_MS;
    outcome_t came = LET_IN;
    uint16_t event;
    uint32_t value;
    bool spoke = false;
    zmq_msg_t body;
    zmq_msg_init (&body);
    peer_t peer;
    while (net_receive (listener, &peer, &body) == NET_EMPTY) {
        assert_true (zclock_mono () < deadline_ms);
        if (monitor_take (visitor->monitor, &event, &value)) {
            came = event & MISFITS ? MISFIT : NOT_ADMITTED;
            break;
        }
        spoke = spoke || said_something (visitor);
        zmq_pollitem_t items[] = {
            {.socket = zsock_resolve (listener), .events = ZMQ_POLLIN},
            {.socket = zsock_resolve (visitor->monitor), .events = ZMQ_POLLIN},
            {.socket = zsock_resolve (visitor->socket),
             .events = spoke ? 0 : ZMQ_POLLOUT},
            served ? gate_item (gate) : (zmq_pollitem_t){.fd = -1},
        };
        zmq_poll (items, 4, WAIT_MS);
        if (served)
            gate_serve (gate);
    }
    gate_sender_t sender = {.key = ""};
    if (gate_sender (&body, &sender))
        assert_true (sender.visit > 0);
    role = gate ? gate_role (gate, &body) : ROLE_NONE;
    asks = gate && gate_may_inquire (gate, &body);
    snprintf (key, KEY_TEXT_BYTES, "%s", sender.key);
    zmq_msg_close (&body);
    return came;
}

static void assert_let_in (const char *name, const char *peer, const key_pair_t *as)
{
    char key[KEY_TEXT_BYTES];
    visitor_t visitor = come (name, peer);
    assert_int_equal (outcome (&visitor, true, key), LET_IN);
    assert_string_equal (key, as->public_key);
    leave (&visitor);
}

static void assert_turned_away (const char *name, const char *peer, outcome_t how)
{
    char key[KEY_TEXT_BYTES];
    visitor_t visitor = come (name, peer);
    assert_int_equal (outcome (&visitor, true, key), how);
    leave (&visitor);
}

/* ---- Who comes in ---- */

static void those_with_a_key_come_in_and_are_known_by_it (void **state)
{
    (void) state;
    assert_let_in ("friend", "server", &friend);
    assert_let_in ("server", NULL, &server); // itself, to ask how it is
    assert_let_in ("friend", "server", &friend);
}

static void a_key_is_good_for_its_owners_role (void **state)
{
    (void) state;
    assert_let_in ("friend", "server", &friend);
    assert_int_equal (role, ROLE_NONE);
    teardown (NULL);
    listen_with (workers, NULL); // the friend's key is the workers'
    assert_let_in ("friend", "server", &friend);
    assert_int_equal (role, ROLE_WORKER);
    assert_let_in ("server", NULL, &server);
    assert_int_equal (role, ROLE_NONE);
    teardown (NULL);
    listen_with (operators, NULL);
    assert_let_in ("friend", "server", &friend);
    assert_int_equal (role, ROLE_OPERATOR);
    zmq_msg_t body;
    zmq_msg_init (&body);
    assert_int_equal (gate_role (gate, &body), ROLE_ANY); // as over ipc
    zmq_msg_close (&body);
}

/* The operator's key and the process's own; no other part's, let alone an agency's. */
static void few_may_ask_how_it_is (void **state)
{
    (void) state;
    assert_let_in ("friend", "server", &friend);
    assert_false (asks);
    assert_let_in ("server", NULL, &server);
    assert_true (asks);
    zmq_msg_t body;
    zmq_msg_init (&body);
    assert_true (gate_may_inquire (gate, &body)); // as over ipc
    zmq_msg_close (&body);
    teardown (NULL);
    listen_with (workers, NULL);
    assert_let_in ("friend", "server", &friend);
    assert_false (asks);
    teardown (NULL);
    asker_of_next = "operator";
    listen_with ((const char *const[]){NULL}, NULL);
    assert_let_in ("friend", "server", &friend);
    assert_int_equal (role, ROLE_OPERATOR);
    assert_true (asks);
}

/* A set of keys that was made before there were askers. */
static void an_asker_may_be_missing (void **state)
{
    (void) state;
    teardown (NULL);
    asker_of_next = "nobody";
    listen_with (friends, NULL);
    assert_let_in ("friend", "server", &friend);
    assert_false (asks);
    assert_turned_away ("stranger", "server", NOT_ADMITTED);
}

static void others_do_not (void **state)
{
    (void) state;
    assert_turned_away ("stranger", "server", NOT_ADMITTED);
    assert_turned_away ("friend", NULL, MISFIT); // for another server's key
    assert_turned_away (NULL, NULL, MISFIT);     // without CURVE
    assert_let_in ("friend", "server", &friend);
}

static bool asked_rightly;

static bool admit_strangers (void *context, gate_visitor_t *visitor)
{
    asked_rightly = context == endpoint && strcmp (visitor->domain, DOMAIN_NAME) == 0 &&
                    strcmp (visitor->address, "127.0.0.1") == 0 && visitor->visit > 0;
    return strcmp (visitor->key, stranger.public_key) == 0;
}

static void the_owner_of_the_gate_may_decide (void **state)
{
    (void) state;
    teardown (NULL);
    listen_with (friends, admit_strangers);
    assert_let_in ("stranger", "server", &stranger);
    assert_true (asked_rightly);
    assert_turned_away ("friend", "server", NOT_ADMITTED);
}

/* As in a process that hangs: nobody is let in for want of an answer. */
static void nobody_comes_in_who_was_not_asked_about (void **state)
{
    (void) state;
    char key[KEY_TEXT_BYTES];
    visitor_t visitor = come ("friend", "server");
    assert_int_equal (outcome (&visitor, false, key), MISFIT);
    leave (&visitor);
}

/* A CURVE server without a handler lets anybody in who knows its public key, unless it
   is told to enforce its domain. */
static void nobody_comes_in_when_the_handler_is_gone (void **state)
{
    (void) state;
    static const char *const who[] = {"friend", "stranger"};
    char key[KEY_TEXT_BYTES];
    remove_handler ();
    for (size_t i = 0; i < COUNT (who); i++) {
        visitor_t visitor = come (who[i], "server");
        assert_int_equal (outcome (&visitor, false, key), MISFIT);
        leave (&visitor);
    }
}

/* ---- What the handler is asked ---- */

#define KEY_FRAME 6 // of those below
#define PARTS     7

typedef struct {
    const char
        *frames[PARTS]; // version, id, domain, address, routing id, mechanism, key
    size_t count, key_size;
    const char *status;
} question_t;

static void ask (zsock_t *asker, const question_t *question)
{
    zmq_send (zsock_resolve (asker), "", 0, ZMQ_SNDMORE);
    for (size_t i = 0; i < question->count; i++) {
        const char *frame = question->frames[i];
        const size_t size = i == KEY_FRAME ? question->key_size : strlen (frame);
        zmq_send (zsock_resolve (asker), frame, size,
                  i + 1 < question->count ? ZMQ_SNDMORE : 0);
    }
}

static void what_is_no_question_is_no_permission (void **state)
{
    (void) state;
    uint8_t bytes[KEY_BYTES];
    zmq_z85_decode (bytes, friend.public_key);
    const char *key = (const char *) bytes;
    char long_name[400];
    memset (long_name, 'x', sizeof long_name);
    long_name[sizeof long_name - 1] = 0;
    const question_t questions[] = {
        {{"1.0", "7", "d", "127.0.0.1", "", "CURVE", key}, 7, KEY_BYTES, "200"},
        {{"2.0", "7", "d", "127.0.0.1", "", "CURVE", key}, 7, KEY_BYTES, "400"},
        {{"", "7", "d", "127.0.0.1", "", "CURVE", key}, 7, KEY_BYTES, "400"},
        {{"1.0", "7", "d", "127.0.0.1", "", "NULL", key}, 7, KEY_BYTES, "400"},
        {{"1.0", "7", "d", "127.0.0.1", "", "PLAIN", key}, 7, KEY_BYTES, "400"},
        {{"1.0", "7", "d", "127.0.0.1", "", "CURVE", key}, 7, KEY_BYTES - 1, "400"},
        {{"1.0", "7", "d", "127.0.0.1", "", "CURVE", key}, 7, 0, "400"},
        {{"1.0", "7", long_name, "127.0.0.1", "", "CURVE", key}, 7, KEY_BYTES, "400"},
        {{"1.0", "7", "d", "127.0.0.1", "", "NULL"}, 6, 0, "400"},
        {{"1.0", "7", "d", "127.0.0.1", ""}, 5, 0, NULL}, // no answer at all
        {{"1.0"}, 1, 0, NULL},
        {{"1.0", "8", "d", "127.0.0.1", "", "CURVE", key}, 7, KEY_BYTES, "200"},
    };
    zsock_t *asker = zsock_new_dealer (">" ZAP);
    for (size_t i = 0; i < COUNT (questions); i++) {
        ask (asker, &questions[i]);
        gate_serve (gate); // inproc: it is there already
        zmsg_t *answer = questions[i].status ? zmsg_recv (asker) : NULL;
        if (!answer)
            continue;
        assert_int_equal (zmsg_size (answer), 7);
        char *frames[7];
        for (size_t part = 0; part < 7; part++)
            frames[part] = zmsg_popstr (answer);
        assert_string_equal (frames[1], "1.0");
        assert_string_equal (frames[2], questions[i].frames[1]);
        assert_string_equal (frames[3], questions[i].status);
        const bool good = strcmp (questions[i].status, "200") == 0;
        if (good) // the key, and the number of the visit
            assert_memory_equal (frames[5], friend.public_key, KEY_TEXT_BYTES - 1);
        else
            assert_string_equal (frames[5], "");
        for (size_t part = 0; part < 7; part++)
            zstr_free (&frames[part]);
        zmsg_destroy (&answer);
    }
    zsock_destroy (&asker);
}

/* ---- Without keys ---- */

static void without_keys_there_is_no_handler (void **state)
{
    (void) state;
    static const char *const none[] = {NULL, ""};
    for (size_t i = 0; i < COUNT (none); i++) {
        const gate_options_t options = {.keys = none[i]};
        gate_t *open = gate_new (&options, &problem);
        assert_null (gate_keys (open));
        zmq_pollitem_t item = gate_item (open);
        assert_null (item.socket);
        assert_int_equal (zmq_poll (&item, 1, 0), 0);
        gate_serve (open);
        zmq_msg_t body;
        zmq_msg_init (&body);
        assert_int_equal (gate_role (open, &body), ROLE_ANY);
        zmq_msg_close (&body);
        zsock_t *socket = net_router (BYTES_MAX, QUEUE, &problem);
        assert_non_null (
            gate_listen (open, socket, DOMAIN_NAME, "tcp://127.0.0.1:*", &problem));
        zsock_destroy (&socket);
        gate_destroy (&open);
    }
}

static void curve_is_for_tcp (void **state)
{
    (void) state;
    assert_true (gate_endpoint_tcp ("tcp://127.0.0.1:1"));
    assert_true (gate_endpoint_tcp ("tcp://[::1]:1"));
    assert_false (gate_endpoint_tcp ("ipc:///tmp/x"));
    assert_false (gate_endpoint_tcp ("127.0.0.1:1"));
}

/* Told with the port that it has. */
static void a_port_may_be_any_that_is_free (void **state)
{
    (void) state;
    static const char *const cases[] = {"tcp://127.0.0.1:*", "tcp://127.0.0.1:0",
                                        "tcp://localhost:*"};
    gate_t *open = gate_new (&(gate_options_t){0}, &problem);
    for (size_t i = 0; i < COUNT (cases); i++) {
        zsock_t *socket = net_router (BYTES_MAX, QUEUE, &problem);
        char expected[64];
        const char *told = gate_listen (open, socket, "door", cases[i], &problem);
        snprintf (expected, sizeof expected, "%.*s:%u",
                  (int) (strrchr (cases[i], ':') - cases[i]), cases[i],
                  net_port (socket));
        assert_int_not_equal (net_port (socket), 0);
        assert_string_equal (told, expected);
        zsock_destroy (&socket);
    }
    gate_destroy (&open);
}

static void assert_not_listened (const char *at, int status, const char *parts)
{
    gate_t *open = gate_new (&(gate_options_t){0}, &problem);
    zsock_t *socket = net_router (BYTES_MAX, QUEUE, &problem);
    assert_null (gate_listen (open, socket, "door", at, &problem));
    assert_int_equal (problem.status, status);
    assert_string_equal (problem.action, "listen");
    assert_memory_equal (problem.parts, parts, strlen (parts));
    zsock_destroy (&socket);
    gate_destroy (&open);
}

static void what_cannot_be_is_a_problem (void **state)
{
    (void) state;
    assert_not_listened (
        "tcp://0.0.0.0:*", PROCESS_CANNOT_START,
        "endpoint: tcp://0.0.0.0:* | reason: without --keys only addr");
    assert_not_listened ("nonsense", PROCESS_CANNOT_START,
                         "endpoint: nonsense | reason: ");
    assert_not_listened ("ipc:///nowhere/at/all", PROCESS_CANNOT_START,
                         "endpoint: ipc:///nowhere/at/all | reason: ");
    const gate_options_t options = {.keys = "/nowhere/at/all"};
    assert_null (gate_new (&options, &problem));
    assert_int_equal (problem.status, PROCESS_CANNOT_START);
    assert_string_equal (problem.action, "keys");
    assert_memory_equal (problem.parts, "reason: /nowhere/at/all", 23);
}

static int remove_keys (void **state)
{
    (void) state;
    static const char *const names[] = {KEYS_SECRET, "server.key", "friend.key",
                                        "worker.key", "operator.key"};
    char path[192];
    for (size_t i = 0; i < COUNT (folders); i++) {
        for (size_t j = 0; j < COUNT (names); j++) {
            snprintf (path, sizeof path, "%s/%s", folder_of (folders[i]), names[j]);
            unlink (path);
        }
        rmdir (folder_of (folders[i]));
    }
    return rmdir (root);
}

#define GATE_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        GATE_TEST (those_with_a_key_come_in_and_are_known_by_it),
        GATE_TEST (a_key_is_good_for_its_owners_role),
        GATE_TEST (few_may_ask_how_it_is),
        GATE_TEST (an_asker_may_be_missing),
        GATE_TEST (others_do_not),
        GATE_TEST (the_owner_of_the_gate_may_decide),
        GATE_TEST (nobody_comes_in_who_was_not_asked_about),
        GATE_TEST (nobody_comes_in_when_the_handler_is_gone),
        GATE_TEST (what_is_no_question_is_no_permission),
        cmocka_unit_test (without_keys_there_is_no_handler),
        cmocka_unit_test (curve_is_for_tcp),
        cmocka_unit_test (a_port_may_be_any_that_is_free),
        cmocka_unit_test (what_cannot_be_is_a_problem),
    };
    return cmocka_run_group_tests (tests, make_keys, remove_keys);
}
