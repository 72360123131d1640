/* test_net.c - the sockets against each other, within this process. Where a message is
   on its way it is waited for with a poll, which ends when it is there. */

#include "net.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define WAIT_MS     10000 /* longer only if something is broken */
#define BYTES_MAX   1000
#define QUEUE       4
#define COUNT(what) (sizeof (what) / sizeof (what)[0])

static zsock_t *router, *dealer;
static problem_t problem;
static zmq_msg_t body;
static char endpoint[128], directory[64];

static int open_pair (const char *at)
{
    router = net_router (BYTES_MAX, QUEUE, &problem);
    dealer = net_dealer (BYTES_MAX, QUEUE, &problem);
    zsock_set_rcvhwm (router, QUEUE); // within a process two queues are one, which is
    zsock_set_rcvhwm (dealer, QUEUE); // bounded only if both are
    zmq_msg_init (&body);
    strcpy (endpoint, at);
    return net_bind (router, endpoint) == 0 && net_connect (dealer, endpoint) == 0 ? 0
                                                                                   : -1;
}

static int setup (void **state)
{
    (void) state;
    static int pairs;
    char at[64];
    snprintf (at, sizeof at, "inproc://test-%d", pairs++);
    return open_pair (at);
}

static int setup_ipc (void **state)
{
    (void) state;
    char at[128];
    strcpy (directory, "/tmp/loteria-test-XXXXXX");
    if (!mkdtemp (directory))
        return -1;
    snprintf (at, sizeof at, "ipc://%s/socket", directory);
    return open_pair (at);
}

static int teardown (void **state)
{
    (void) state;
    zmq_msg_close (&body);
    zsock_destroy (&dealer);
    zsock_destroy (&router);
    return 0;
}

static int teardown_ipc (void **state)
{
    teardown (state);
    char path[128];
    snprintf (path, sizeof path, "%s/socket", directory);
    unlink (path); // ZeroMQ's own clean-up comes later
    return rmdir (directory);
}

static void await (zsock_t *socket, short events)
{
    zmq_pollitem_t item = {.socket = zsock_resolve (socket), .events = events};
    assert_int_equal (zmq_poll (&item, 1, WAIT_MS), 1);
}

static void make_body (const char *text)
{
    zmq_msg_close (&body);
    zmq_msg_init_size (&body, strlen (text));
    memcpy (zmq_msg_data (&body), text, strlen (text));
}

static void assert_body (const char *text)
{
    assert_true (bytes_equal (net_body (&body), bytes_of (text, strlen (text))));
}

static net_status_t say (zsock_t *socket, bytes_t peer, const char *text)
{
    make_body (text);
    const net_status_t status = net_send (socket, peer, &body);
    // it went, or it is as it was
    if (status == NET_OK)
        assert_int_equal (zmq_msg_size (&body), 0);
    else
        assert_body (text);
    return status;
}

static void send_frames (zsock_t *socket, int frames)
{
    for (int i = 1; i <= frames; i++)
        assert_int_equal (
            zmq_send (zsock_resolve (socket), "frame", 5, i < frames ? ZMQ_SNDMORE : 0),
            5);
}

/* The router learns the dealer's routing id from its first message. */
static peer_t introduce (void)
{
    peer_t peer;
    await (dealer, ZMQ_POLLOUT);
    assert_int_equal (say (dealer, (bytes_t){0}, "hello"), NET_OK);
    await (router, ZMQ_POLLIN);
    assert_int_equal (net_receive (router, &peer, &body), NET_OK);
    assert_body ("hello");
    assert_true (peer.size > 0);
    return peer;
}

static void messages_go_both_ways (void **state)
{
    (void) state;
    const peer_t peer = introduce ();
    assert_int_equal (net_receive (dealer, NULL, &body), NET_EMPTY);
    assert_int_equal (say (router, net_peer (&peer), "one"), NET_OK);
    assert_int_equal (say (router, net_peer (&peer), "two"), NET_OK);
    static const char *const texts[] = {"one", "two"};
    for (size_t i = 0; i < 2; i++) {
        await (dealer, ZMQ_POLLIN);
        assert_int_equal (net_receive (dealer, NULL, &body), NET_OK);
        assert_body (texts[i]);
    }
    assert_int_equal (net_receive (dealer, NULL, &body), NET_EMPTY);
    peer_t nobody;
    assert_int_equal (net_receive (router, &nobody, &body), NET_EMPTY);
}

static void an_empty_message_is_one (void **state)
{
    (void) state;
    const peer_t peer = introduce ();
    assert_int_equal (say (router, net_peer (&peer), ""), NET_OK);
    await (dealer, ZMQ_POLLIN);
    assert_int_equal (net_receive (dealer, NULL, &body), NET_OK);
    assert_int_equal (zmq_msg_size (&body), 0);
}

/* All of its frames are gone, and the next message is found where it begins. */
static void several_frames_are_none_of_ours (void **state)
{
    (void) state;
    const peer_t known = introduce ();
    peer_t peer;
    for (int frames = 2; frames <= 20; frames++) {
        send_frames (dealer, frames);
        assert_int_equal (say (dealer, (bytes_t){0}, "good"), NET_OK);
        await (router, ZMQ_POLLIN);
        assert_int_equal (net_receive (router, &peer, &body), NET_FRAMES);
        assert_true (bytes_equal (net_peer (&peer), net_peer (&known)));
        await (router, ZMQ_POLLIN);
        assert_int_equal (net_receive (router, &peer, &body), NET_OK);
        assert_body ("good");

        assert_int_equal (
            zmq_send (zsock_resolve (router), known.id, known.size, ZMQ_SNDMORE),
            known.size);
        send_frames (router, frames);
        assert_int_equal (say (router, net_peer (&known), "good"), NET_OK);
        await (dealer, ZMQ_POLLIN);
        assert_int_equal (net_receive (dealer, NULL, &body), NET_FRAMES);
        await (dealer, ZMQ_POLLIN);
        assert_int_equal (net_receive (dealer, NULL, &body), NET_OK);
        assert_body ("good");
    }
    assert_int_equal (net_receive (router, &peer, &body), NET_EMPTY);
    assert_int_equal (net_receive (dealer, NULL, &body), NET_EMPTY);
}

static void strangers_get_nothing (void **state)
{
    (void) state;
    introduce ();
    static const char id[] = "nobody has this id";
    assert_int_equal (say (router, bytes_of (id, 5), "text"), NET_GONE);
    uint8_t longest[ADDRESS_BYTES_MAX];
    memset (longest, 'x', sizeof longest);
    assert_int_equal (say (router, bytes_of (longest, sizeof longest), "text"),
                      NET_GONE);
}

static void a_dealer_alone_sends_nothing (void **state)
{
    (void) state;
    zsock_t *alone = net_dealer (BYTES_MAX, QUEUE, &problem);
    assert_false (net_ready (alone));
    assert_true (say (alone, (bytes_t){0}, "text") != NET_OK);
    zsock_destroy (&alone);
    assert_true (net_ready (dealer));
}

/* Queues are bounded: what does not fit is said at once, and the rest is in order. */
static void full_queues_say_so (void **state)
{
    (void) state;
    const peer_t peer = introduce ();
    zsock_t *const senders[] = {dealer, router}, *const receivers[] = {router, dealer};
    const bytes_t to[] = {{0}, net_peer (&peer)};
    for (int round = 0; round < 12; round++) {
        const int side = round == 11; // the router once, when all else is done
        int sent = 0, received = 0;
        char text[16] = "0";
        await (senders[side], ZMQ_POLLOUT);
        while (say (senders[side], to[side], text) == NET_OK)
            snprintf (text, sizeof text, "%d", ++sent);
        assert_int_equal (say (senders[side], to[side], text), NET_FULL);
        assert_true (sent >= 1 && sent <= 4 * QUEUE);
        assert_true (side == 1 || !net_ready (dealer));
        peer_t from;
        await (receivers[side], ZMQ_POLLIN);
        while (net_receive (receivers[side], side ? NULL : &from, &body) == NET_OK) {
            snprintf (text, sizeof text, "%d", received++);
            assert_body (text);
        }
        assert_int_equal (received, sent);
    }
}

static void bundles_are_sent_and_gone (void **state)
{
    (void) state;
    const peer_t peer = introduce ();
    bundle_t bundle = {0};
    assert_int_equal (net_send_bundle (router, net_peer (&peer), &bundle), NET_OK);
    assert_int_equal (net_receive (dealer, NULL, &body), NET_EMPTY); // it was empty

    const wire_message_t stored = {
        .command = WIRE_STORED, .agency = 7, .stored = {.next = 99}};
    const envelope_t envelope = {.boot = 1, .ticket = 3, .client = 5};
    static const char nobody[] = "nobody";
    for (int known = 0; known <= 1; known++) {
        bundle_write (&bundle, &envelope, &stored);
        bundle_write (&bundle, &envelope, &stored);
        const bytes_t to = known ? net_peer (&peer) : bytes_of (nobody, 6);
        assert_int_equal (net_send_bundle (router, to, &bundle),
                          known ? NET_OK : NET_GONE);
        assert_int_equal (bundle.messages, 0);
        assert_int_equal (bundle.size, 0);
        assert_null (bundle.data);
    }
    await (dealer, ZMQ_POLLIN);
    assert_int_equal (net_receive (dealer, NULL, &body), NET_OK);
    bytes_t rest = net_body (&body), message;
    envelope_t read;
    for (int i = 0; i < 2; i++) {
        assert_int_equal (bundle_next (&rest, &read, &message), 1);
        assert_int_equal (read.ticket, 3);
    }
    assert_int_equal (bundle_next (&rest, &read, &message), 0);
}

static void messages_are_encoded (void **state)
{
    (void) state;
    const peer_t peer = introduce ();
    const wire_message_t pong = {.command = WIRE_PONG, .name = bytes_of ("test", 4)};
    assert_int_equal (net_send_message (router, bytes_of ("nobody", 6), &pong),
                      NET_GONE);
    assert_int_equal (net_send_message (router, net_peer (&peer), &pong), NET_OK);
    await (dealer, ZMQ_POLLIN);
    assert_int_equal (net_receive (dealer, NULL, &body), NET_OK);
    wire_message_t read;
    assert_int_equal (wire_decode (net_body (&body), &read), REFUSED_OK);
    assert_int_equal (read.command, WIRE_PONG);
    assert_true (bytes_equal (read.name, pong.name));
}

#define ZEROS "\0\0\0\0\0\0\0\0"

static void a_ping_is_told_from_all_else (void **state)
{
    (void) state;
    static const struct {
        const char *bytes;
        size_t size;
        bool ping;
    } cases[] = {
        {"LT\2\x0F\0\0\0\0" ZEROS, 16, true},
        {"LT\2\x0F\0\0\0\7" ZEROS, 16, true},
        {"LT\2\x0F\0\0\0\0" ZEROS, 15, false},
        {"LT\2\x0F\0\0\0\0" ZEROS "x", 17, false},
        {"LT\2\x22\0\0\0\0" ZEROS, 16, false},
        {"LT\1\x0F\0\0\0\0" ZEROS, 16, false},
        {"XT\1\x0F\0\0\0\0" ZEROS, 16, false},
        {"", 0, false},
        {"\0\0\0\x1E\0\0\0\0" ZEROS, 16, false},
    };
    for (size_t i = 0; i < COUNT (cases); i++)
        assert_true (net_is_ping (bytes_of (cases[i].bytes, cases[i].size)) ==
                     cases[i].ping);
}

static void what_cannot_be_bound_or_connected_says_why (void **state)
{
    (void) state;
    zsock_t *other = net_router (BYTES_MAX, QUEUE, &problem);
    errno = 0;
    assert_int_equal (net_bind (other, endpoint), -1);
    assert_int_equal (errno, EADDRINUSE);
    static const char *const malformed[] = {
        "", "tcp", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:x", "127.0.0.1:80"};
    for (size_t i = 0; i < COUNT (malformed); i++) {
        errno = 0;
        assert_int_equal (net_bind (other, malformed[i]), -1);
        assert_int_equal (errno, EINVAL);
        errno = 0;
        assert_int_equal (net_connect (other, malformed[i]), -1);
        assert_int_equal (errno, EINVAL);
    }
    assert_int_equal (net_bind (other, "udp4://127.0.0.1:1"), -1);
    assert_int_equal (errno, EPROTONOSUPPORT);
    assert_int_equal (net_bind (other, "ipc:///nowhere/at/all"), -1);
    assert_int_equal (errno, ENOENT);
    zsock_destroy (&other);
}

/* Over a real transport a message over the limit ends its connection and is not seen;
   others do not notice. */
static void an_oversize_message_ends_its_connection (void **state)
{
    (void) state;
    static char text[BYTES_MAX + 2];
    introduce ();
    zsock_t *monitor = zsock_new (ZMQ_PAIR);
    assert_int_equal (zmq_socket_monitor (zsock_resolve (router), "inproc://monitor",
                                          ZMQ_EVENT_DISCONNECTED),
                      0);
    assert_int_equal (zmq_connect (zsock_resolve (monitor), "inproc://monitor"), 0);

    memset (text, 'x', BYTES_MAX + 1);
    assert_int_equal (say (dealer, (bytes_t){0}, text), NET_OK);
    await (monitor, ZMQ_POLLIN); // the one event that is asked for
    peer_t peer;
    assert_int_equal (net_receive (router, &peer, &body), NET_EMPTY);

    zsock_t *other = net_dealer (BYTES_MAX, QUEUE, &problem);
    assert_int_equal (net_connect (other, endpoint), 0);
    await (other, ZMQ_POLLOUT);
    text[BYTES_MAX] = 0;
    assert_int_equal (say (other, (bytes_t){0}, text), NET_OK);
    await (router, ZMQ_POLLIN);
    assert_int_equal (net_receive (router, &peer, &body), NET_OK);
    assert_body (text);
    zmq_socket_monitor (zsock_resolve (router), NULL, 0);
    zsock_destroy (&other);
    zsock_destroy (&monitor);
}

/* ZeroMQ takes its count of ids from rand (), and with an id that can be foretold a
   peer can end the process. */
static void routing_ids_cannot_be_foretold (void **state)
{
    (void) state;
    peer_t peers[2];
    for (size_t i = 0; i < 2; i++) {
        teardown (NULL);
        srand (1);
        setup (NULL);
        peers[i] = introduce ();
    }
    assert_false (bytes_equal (net_peer (&peers[0]), net_peer (&peers[1])));
}

#define NET_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
#define IPC_TEST(name) cmocka_unit_test_setup_teardown (name, setup_ipc, teardown_ipc)

int main (void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST (messages_go_both_ways),
        IPC_TEST (messages_go_both_ways),
        NET_TEST (an_empty_message_is_one),
        NET_TEST (several_frames_are_none_of_ours),
        IPC_TEST (several_frames_are_none_of_ours),
        NET_TEST (routing_ids_cannot_be_foretold),
        NET_TEST (strangers_get_nothing),
        NET_TEST (a_dealer_alone_sends_nothing),
        NET_TEST (full_queues_say_so),
        NET_TEST (bundles_are_sent_and_gone),
        NET_TEST (messages_are_encoded),
        NET_TEST (a_ping_is_told_from_all_else),
        NET_TEST (what_cannot_be_bound_or_connected_says_why),
        IPC_TEST (an_oversize_message_ends_its_connection),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
