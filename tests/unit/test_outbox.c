/* test_outbox.c - messages gathered into bundles by receiver. */

#include "mail.h"
#include "testing.h"

#include "outbox.h"

static outbox_t *outbox;

static int setup (void **state)
{
    (void) state;
    outbox = outbox_new ();
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    outbox_destroy (&outbox);
    assert_null (outbox);
    outbox_destroy (&outbox);
    return 0;
}

static void write_stored (const char *peer, const char *client, uint64_t next)
{
    const envelope_t envelope = mail_envelope (client, next + 1000);
    const wire_message_t stored = {
        .command = WIRE_STORED, .agency = 3, .stored = {.next = next}};
    outbox_write (outbox, text_bytes (peer), &envelope, &stored);
}

/* Take all; returns the bundles. Those of even number are released, as sending does. */
static size_t take_all (mail_t *mail)
{
    size_t bundles = 0;
    bytes_t peer;
    bundle_t *bundle;
    while (outbox_take (outbox, &peer, &bundle)) {
        assert_true (bundle->messages > 0);
        assert_true (bundle->messages <= BUNDLE_MESSAGES_MAX);
        mail_open (mail, peer, bundle_bytes (bundle));
        if (bundles++ % 2 == 0) {
            size_t size;
            free (bundle_release (bundle, &size));
        }
    }
    return bundles;
}

static void an_empty_one_has_nothing (void **state)
{
    (void) state;
    bytes_t peer;
    bundle_t *bundle;
    for (int i = 0; i < 3; i++)
        assert_false (outbox_take (outbox, &peer, &bundle));
}

static void a_bundle_for_each_receiver (void **state)
{
    (void) state;
    mail_t mail = {0};
    static const char *const peers[] = {"w2", "w1", "w2", "", "w1", "w2x", "w2"};
    for (uint64_t i = 0; i < 7; i++)
        write_stored (peers[i], "c", i);
    assert_int_equal (take_all (&mail), 4);
    static const struct {
        const char *peer;
        uint64_t next;
    } expected[] = {{"w2", 0}, {"w2", 2}, {"w2", 6}, {"w1", 1},
                    {"w1", 4}, {"", 3},   {"w2x", 5}};
    assert_int_equal (mail.count, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal (mail.items[i].peer, expected[i].peer);
        assert_int_equal (mail.items[i].message.stored.next, expected[i].next);
        assert_int_equal (mail.items[i].ticket, expected[i].next + 1000);
        assert_string_equal (mail.items[i].client, "c");
    }
    mail_clear (&mail);
    assert_int_equal (take_all (&mail), 0);
}

/* Each broker gets those that answer its own requests. */
static void answers_go_to_the_broker_that_asked (void **state)
{
    (void) state;
    static const uint32_t boots[] = {1, 256, 1, UINT32_MAX, 256, 1};
    for (uint64_t i = 0; i < 6; i++) {
        const envelope_t envelope = {.boot = boots[i], .ticket = 5, .client = i};
        const wire_message_t stored = {.command = WIRE_STORED, .stored = {.next = i}};
        outbox_answer (outbox, &envelope, &stored);
    }
    static const uint32_t expected[] = {1, 256, UINT32_MAX};
    bytes_t peer;
    bundle_t *bundle;
    for (size_t i = 0; i < 3; i++) {
        assert_true (outbox_take (outbox, &peer, &bundle));
        assert_int_equal (outbox_boot (peer), expected[i]);
        assert_int_equal (bundle->messages, 3 - i);
        mail_t mail = {0};
        mail_open (&mail, text_bytes (""), bundle_bytes (bundle));
        for (size_t j = 0; j < mail.count; j++) {
            assert_int_equal (mail.items[j].envelope.boot, expected[i]);
            assert_int_equal (mail.items[j].envelope.client,
                              mail.items[j].message.stored.next);
        }
        mail_clear (&mail);
    }
    assert_false (outbox_take (outbox, &peer, &bundle));
}

/* Bundles are full by letters and by bytes; for each receiver the order stays. */
static void full_bundles_are_followed_by_others (void **state)
{
    (void) state;
    static uint8_t documents[200 * 1024];
    mail_t mail = {0};
    for (uint64_t i = 0; i < 3 * BUNDLE_MESSAGES_MAX; i++) {
        write_stored ("w1", "c", i);
        if (i % 3 == 0)
            write_stored ("w2", "c", i);
    }
    assert_int_equal (take_all (&mail), 4);
    uint64_t next_of[3] = {0};
    for (size_t i = 0; i < mail.count; i++) {
        const int peer = mail.items[i].peer[1] - '0';
        assert_int_equal (mail.items[i].message.stored.next, next_of[peer]);
        next_of[peer] += peer == 1 ? 1 : 3;
    }
    assert_int_equal (mail.count, 4 * BUNDLE_MESSAGES_MAX);
    mail_clear (&mail);

    const envelope_t envelope = {0};
    const wire_message_t winners = {
        .command = WIRE_WINNERS,
        .winners = {.documents = {documents, sizeof documents}}};
    for (int i = 0; i < 5; i++)
        outbox_write (outbox, text_bytes ("w1"), &envelope, &winners);
    assert_int_equal (take_all (&mail), 3);
    mail_clear (&mail);
}

/* Again and again, with very many receivers: each gets its own, in order. */
static void many_receivers_many_times (void **state)
{
    (void) state;
    enum { PEERS = 300, ROUNDS = 20 };
    uint64_t random = 3;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t written[PEERS] = {0}, read[PEERS] = {0};
        const size_t items = random_below (&random, 6000);
        for (size_t i = 0; i < items; i++) {
            char peer[ID_BYTES];
            const size_t number = random_below (&random, PEERS);
            snprintf (peer, sizeof peer, "%zu", number);
            write_stored (peer, peer, written[number]++);
        }
        mail_t mail = {0};
        take_all (&mail);
        assert_int_equal (mail.count, items);
        for (size_t i = 0; i < mail.count; i++) {
            const mailed_t *item = &mail.items[i];
            assert_string_equal (item->peer, item->client);
            assert_int_equal (item->message.stored.next, read[atoi (item->peer)]++);
        }
        assert_memory_equal (written, read, sizeof written);
        mail_clear (&mail);
    }
}

static void destroying_frees_what_was_not_taken (void **state)
{
    (void) state;
    bytes_t peer;
    bundle_t *bundle;
    for (uint64_t i = 0; i < 500; i++)
        write_stored (i % 2 ? "a" : "b", "c", i);
    assert_true (outbox_take (outbox, &peer, &bundle));
}

#define OUTBOX_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        OUTBOX_TEST (an_empty_one_has_nothing),
        OUTBOX_TEST (a_bundle_for_each_receiver),
        OUTBOX_TEST (answers_go_to_the_broker_that_asked),
        OUTBOX_TEST (full_bundles_are_followed_by_others),
        OUTBOX_TEST (many_receivers_many_times),
        OUTBOX_TEST (destroying_frees_what_was_not_taken),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
