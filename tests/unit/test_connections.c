/* test_connections.c - who is connected: whose it is, how many there are, whom to cut,
   and what each makes the broker hold. */

#include "mail.h"
#include "testing.h"

#include "bounds.h"
#include "connections.h"

#define MAX 1000

static connections_t *connections;
static int64_t now_ms;
static uint64_t last_visit;
static int cuts[4 * MAX]; // descriptors, in the order they were cut
static size_t cuts_count;
static char gone[4 * MAX][16]; // clients
static size_t gone_count;

static void cut (void *context, int descriptor)
{
    (void) context;
    cuts[cuts_count++] = descriptor;
}

static void left (void *context, bytes_t client)
{
    (void) context;
    mail_copy_id (gone[gone_count++], client);
}

static int setup (void **state)
{
    (void) state;
    const connections_options_t options = {.max = MAX, .cut = cut, .left = left};
    connections = connections_new (&options);
    now_ms = 1000000;
    last_visit = 0;
    cuts_count = gone_count = 0;
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    connections_destroy (&connections);
    assert_null (connections);
    connections_destroy (&connections);
    return 0;
}

static bool hear (int descriptor, const char *key, uint64_t visit, const char *client,
                  size_t bytes)
{
    const connections_message_t message = {.descriptor = descriptor,
                                           .visit = visit,
                                           .key = key,
                                           .client = text_bytes (client),
                                           .bytes = bytes};
    return connections_heard (connections, &message);
}

/* Comes in and says something; its visit. */
static uint64_t come (int descriptor, const char *key, const char *client)
{
    connections_opened (connections, descriptor, now_ms);
    assert_true (connections_admit (connections, key, ++last_visit, now_ms));
    assert_true (hear (descriptor, key, last_visit, client, 100));
    return last_visit;
}

static void assert_cut (size_t count, int latest)
{
    assert_int_equal (cuts_count, count);
    assert_int_equal (cuts[count - 1], latest);
}

static void assert_gone (size_t count, const char *latest)
{
    assert_int_equal (gone_count, count);
    assert_string_equal (gone[count - 1], latest);
}

static void a_client_is_gone_with_its_connection (void **state)
{
    (void) state;
    come (7, "a", "one");
    come (8, "a", "two");
    assert_int_equal (connections_count (connections), 2);
    assert_int_equal (connections_of (connections, "a"), 2);
    assert_true (connections_knows (connections, 7, text_bytes ("one")));
    assert_false (connections_knows (connections, 7, text_bytes ("two")));
    assert_false (connections_knows (connections, 9, text_bytes ("one")));
    connections_ended (connections, 7);
    assert_gone (1, "one");
    connections_ended (connections, 7);
    connections_ended (connections, 99);
    connections_ended (connections, -1);
    assert_int_equal (gone_count, 1);
    assert_int_equal (connections_of (connections, "a"), 1);
    connections_opened (connections, 8, now_ms); // its end was not told
    assert_gone (2, "two");
    connections_ended (connections, 8); // it never spoke
    assert_int_equal (gone_count, 2);
    assert_int_equal (connections_count (connections), 0);
    assert_int_equal (cuts_count, 0);
}

/* What is read of a connection after its end is nobody's, though another one has its
   descriptor by then. */
static void visits_tell_connections_apart (void **state)
{
    (void) state;
    const uint64_t before = come (7, "a", "one");
    connections_ended (connections, 7);
    assert_false (hear (7, "a", before, "one", 10));
    const uint64_t after = come (7, "b", "two");
    assert_false (hear (7, "a", before, "one", 10));
    assert_true (connections_knows (connections, 7, text_bytes ("two")));
    assert_int_equal (connections_of (connections, "a"), 0);
    assert_true (hear (7, "b", after, "two", 10));
    assert_true (connections_admit (connections, "c", ++last_visit, now_ms));
    assert_true (hear (7, "c", last_visit, "three", 10)); // its beginning was not told
    assert_gone (2, "two");
    assert_int_equal (connections_of (connections, "b"), 0);
    assert_int_equal (connections_of (connections, "c"), 1);
    connections_ended (connections, 7);
    connections_opened (connections, 7, now_ms);
    assert_false (hear (7, "c", last_visit, "three", 10)); // the new one has not spoken
    assert_true (connections_admit (connections, "d", ++last_visit, now_ms));
    assert_false (hear (7, "c", last_visit - 1, "three", 10));
    assert_true (hear (7, "d", last_visit, "three", 10));
    assert_int_equal (connections_of (connections, "d"), 1);
    assert_false (hear (55, "a", 77, "x", 10)); // nobody there
    assert_false (hear (-1, "a", 77, "x", 10));
}

/* Come, say something, and be gone before that is read; or say nothing, and go: neither
   keeps the next one of the same key out. */
static void who_has_gone_is_not_awaited (void **state)
{
    (void) state;
    for (int i = 0; i < 3 * CONNECTIONS_PER_KEY; i++) {
        connections_opened (connections, 7, now_ms);
        connections_opened (connections, 8, now_ms);
        assert_true (connections_admit (connections, "a", ++last_visit, now_ms));
        assert_true (connections_admit (connections, "a", ++last_visit, now_ms));
        connections_ended (connections, 7);
        assert_false (hear (7, "a", last_visit - 1, "one", 10));
        connections_ended (connections, 8);
    }
    assert_int_equal (connections_count (connections), 0);
    assert_int_equal (cuts_count, 0);
}

static void a_key_has_so_many_connections (void **state)
{
    (void) state;
    char id[16];
    for (int i = 0; i < CONNECTIONS_PER_KEY; i++) {
        snprintf (id, sizeof id, "a%d", i);
        come (i, "a", id);
    }
    come (500, "b", "b");
    assert_int_equal (cuts_count, 0);
    assert_true (hear (0, "a", 1, "a0", 10)); // the first has something to say again
    come (100, "a", "new");
    assert_cut (1, 1);
    assert_gone (1, "a1");
    assert_int_equal (connections_of (connections, "a"), CONNECTIONS_PER_KEY);
    assert_false (hear (1, "a", 2, "a1", 10)); // what it said before
    connections_ended (connections, 1);
    assert_int_equal (gone_count, 1);
    for (int i = 0; i < 1000; i++) // an agency that comes again and again gets in
        come (600 + i, "a", "again");
    assert_int_equal (connections_of (connections, "a"), CONNECTIONS_PER_KEY);
    assert_int_equal (connections_of (connections, "b"), 1);
}

static void newcomers_that_say_nothing_are_bounded (void **state)
{
    (void) state;
    for (int i = 0; i < CONNECTIONS_PER_KEY; i++) {
        connections_opened (connections, i, now_ms);
        assert_true (connections_admit (connections, "a", ++last_visit, now_ms));
    }
    assert_false (connections_admit (connections, "a", ++last_visit, now_ms));
    come (200, "b", "b"); // nobody else's matter
    assert_true (hear (3, "a", 4, "a", 10));
    assert_true (connections_admit (connections, "a", ++last_visit, now_ms));
    assert_true (connections_deadline (connections) ==
                 now_ms + HANDSHAKE_MS + SPEAK_MS);
    now_ms += HANDSHAKE_MS + SPEAK_MS;
    connections_expire (connections, now_ms - 1);
    assert_int_equal (cuts_count, 0);
    connections_expire (connections, now_ms);
    assert_int_equal (cuts_count, CONNECTIONS_PER_KEY - 1);
    assert_int_equal (connections_count (connections), 2);
    assert_false (hear (4, "a", 5, "late", 10)); // too late
    assert_true (connections_deadline (connections) == INT64_MAX);
    for (int i = 0; i < CONNECTIONS_PER_KEY; i++)
        assert_true (connections_admit (connections, "a", ++last_visit, now_ms));
}

static bool is_b (void *context, const char *key)
{
    (void) context;
    return strcmp (key, "b") == 0;
}

static void revoked_keys_are_cut (void **state)
{
    (void) state;
    come (1, "a", "1");
    come (2, "b", "2");
    come (3, "a", "3");
    come (4, "c", "4");
    assert_true (connections_admit (connections, "a", ++last_visit, now_ms));
    connections_revoke (connections, is_b, NULL);
    assert_int_equal (cuts_count, 3);
    assert_int_equal (gone_count, 3);
    assert_int_equal (connections_count (connections), 1);
    assert_int_equal (connections_of (connections, "b"), 1);
    connections_revoke (connections, is_b, NULL);
    assert_int_equal (cuts_count, 3);
}

/* Those that have said nothing give way when they are most; else the key that has most
   does. */
static void in_all_there_are_so_many (void **state)
{
    (void) state;
    for (int i = 0; i < CONNECTIONS_PER_KEY; i++)
        come (i, "a", "a");
    come (100, "b", "b");
    const int first = 200, rest = MAX - CONNECTIONS_PER_KEY - 1;
    for (int i = 0; i < rest; i++)
        connections_opened (connections, first + i, now_ms);
    assert_int_equal (cuts_count, 0);
    connections_opened (connections, 5000, now_ms);
    assert_cut (1, first);
    assert_int_equal (connections_count (connections), MAX);
    for (int i = 1; i < rest - 10; i++)
        connections_ended (connections, first + i);
    for (int i = 0; i < 20; i++)
        connections_make_room (connections);
    assert_cut (21, 19); // of a, longest silent first
    assert_int_equal (connections_of (connections, "b"), 1);
}

static void without_keys_connections_are_counted_too (void **state)
{
    (void) state;
    for (int i = 0; i < MAX; i++) {
        connections_opened (connections, i, now_ms);
        assert_true (hear (i, "", 0, "x", 10));
    }
    connections_opened (connections, MAX, now_ms);
    assert_cut (1, 0);
    connections_expire (connections, INT64_MAX);
    assert_cut (2, MAX);
    connections_make_room (connections);
    assert_cut (3, 1);
}

/* ---- What is held ---- */

static uint64_t holds (int descriptor, uint64_t received)
{
    return connections_holds (connections, descriptor, received, false, now_ms);
}

static void what_was_not_seen_is_held (void **state)
{
    (void) state;
    const uint64_t visit = come (1, "a", "a"); // 100 bytes were seen
    assert_int_equal (holds (1, 400), 0);      // its handshake
    assert_int_equal (holds (1, 5000), 4600);
    assert_int_equal (holds (1, 5000000), 4999600);
    assert_int_equal (connections_holds (connections, 1, 5000000, true, now_ms),
                      4999900);
    assert_true (hear (1, "a", visit, "a", 5000000 - 400));
    assert_int_equal (holds (1, 5000000), 0);
    connections_opened (connections, 2, now_ms);
    assert_int_equal (holds (2, 7000), 7000); // it has not spoken
    assert_int_equal (holds (3, 7000), 7000); // nobody knows it
    connections_cut (connections, 1);
    assert_int_equal (holds (1, 9000000), 0);
}

/* A connection that is open for a month, with a heartbeat now and then, holds nothing.
 */
static void heartbeats_are_not_held (void **state)
{
    (void) state;
    const uint64_t visit = come (1, "a", "a");
    uint64_t received = 400;
    for (int i = 0; i < 30 * 24 * 60; i++) {
        now_ms += 60000;
        received += 60 * 90 + 50;
        assert_true (hear (1, "a", visit, "a", 50));
        assert_int_equal (holds (1, received), 0);
    }
    assert_true (connections_holds (connections, 1, received, true, now_ms) >
                 100000000);
}

/* Messages that grow, each cut off by the look at a bad moment: what is passed over
   stays small. */
static void nobody_earns_the_right_to_hold (void **state)
{
    (void) state;
    const uint64_t visit = come (1, "a", "a");
    uint64_t delivered = 100;
    for (int i = 1; i < 1000; i++) {
        const uint64_t unfinished = (uint64_t) i * CONNECTION_OTHER_BYTES;
        const uint64_t held = holds (1, delivered + unfinished);
        assert_true (held + 2 * CONNECTION_OTHER_BYTES >= unfinished);
        assert_true (hear (1, "a", visit, "a", unfinished));
        delivered += unfinished;
    }
}

#define CONNECTIONS_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        CONNECTIONS_TEST (a_client_is_gone_with_its_connection),
        CONNECTIONS_TEST (visits_tell_connections_apart),
        CONNECTIONS_TEST (who_has_gone_is_not_awaited),
        CONNECTIONS_TEST (a_key_has_so_many_connections),
        CONNECTIONS_TEST (newcomers_that_say_nothing_are_bounded),
        CONNECTIONS_TEST (revoked_keys_are_cut),
        CONNECTIONS_TEST (in_all_there_are_so_many),
        CONNECTIONS_TEST (without_keys_connections_are_counted_too),
        CONNECTIONS_TEST (what_was_not_seen_is_held),
        CONNECTIONS_TEST (heartbeats_are_not_held),
        CONNECTIONS_TEST (nobody_earns_the_right_to_hold),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
