/* test_bundle.c - bundles: written, read back, cut short, damaged, full. */

#include "vectors.h"

#include "bundle.h"

#define MESSAGES_MAX 8
#define MUTATIONS    20000 /* of each example */

static vector_t vector; // the example at hand
static uint8_t example[2 * VECTOR_BYTES_MAX];

static const envelope_t to = {.boot = 7, .ticket = 1, .client = 5};

static bytes_t text (const char *of)
{
    return bytes_of (of, strlen (of));
}

static bytes_t written (const bundle_t *bundle)
{
    return bytes_of (bundle->data, bundle->size);
}

static void assert_envelope (const envelope_t *envelope, const envelope_t *expected)
{
    assert_int_equal (envelope->boot, expected->boot);
    assert_int_equal (envelope->ticket, expected->ticket);
    assert_int_equal (envelope->client, expected->client);
}

static void assert_next (bytes_t *rest, const envelope_t *envelope, bytes_t message)
{
    envelope_t found;
    bytes_t read;
    assert_int_equal (bundle_next (rest, &found, &read), 1);
    assert_envelope (&found, envelope);
    assert_true (bytes_equal (read, message));
}

static void assert_end (bytes_t rest)
{
    envelope_t envelope;
    bytes_t message;
    assert_int_equal (bundle_next (&rest, &envelope, &message), 0);
}

/* Read `bytes` to the end; the messages come out one behind the other and are written
   again, so what is accepted must be what a writer writes. Returns how many, -1 when
   it is no bundle; `again` receives the bytes of the good ones. */
static int read_all (bytes_t bytes, bundle_t *again)
{
    bytes_t rest = vector_guard (bytes);
    envelope_t envelope;
    bytes_t message;
    int messages = 0, status;
    while ((status = bundle_next (&rest, &envelope, &message)) == 1) {
        assert_true (message.size > 0);
        bundle_add (again, &envelope, message);
        messages++;
    }
    assert_int_equal (rest.size, 0);
    assert_int_equal (again->messages, messages);
    assert_true (bytes_equal (written (again), bytes_of (bytes.data, again->size)));
    assert_true ((status == 0) == (again->size == bytes.size));
    return status == 0 ? messages : -1;
}

static int count_messages (bytes_t bytes)
{
    bundle_t again = {0};
    const int messages = read_all (bytes, &again);
    bundle_clear (&again);
    return messages;
}

static void check_good (bytes_t bytes)
{
    static uint8_t room[MESSAGES_MAX][VECTOR_BYTES_MAX];
    bundle_t bundle = {0};
    bytes_t rest = vector_guard (bytes);
    size_t messages = 0;
    for (size_t i = 0; i < vector.fields; i++) {
        if (strcmp (vector.field[i].key, "envelope") != 0)
            continue;
        assert_true (messages < MESSAGES_MAX);
        uint8_t *at = room[messages++];
        envelope_t expected;
        unsigned long long client;
        assert_int_equal (sscanf (vector.field[i].value, "%u %u %llu", &expected.boot,
                                  &expected.ticket, &client),
                          3);
        expected.client = client;
        const bytes_t message = {at,
                                 vector_hex (vector_value (&vector, "message", i), at)};
        bundle_add (&bundle, &expected, message);
        assert_next (&rest, &expected, message);
    }
    assert_end (rest);
    assert_true (messages > 0);
    assert_int_equal (bundle.messages, messages);
    assert_true (bytes_equal (written (&bundle), bytes));
    bundle_clear (&bundle);
}

static bytes_t example_bytes (void)
{
    return bytes_of (example, vector_hex (vector_value (&vector, "hex", 0), example));
}

static void examples_hold_both_ways (void **state)
{
    (void) state;
    size_t good = 0, bad = 0;
    FILE *stream = vector_open ("bundle.txt");
    while (vector_next (stream, &vector)) {
        const char *why = vector_value (&vector, "bad", 0);
        if (!why) {
            check_good (example_bytes ());
            good++;
            continue;
        }
        assert_string_equal (why, "BUNDLE");
        if (count_messages (example_bytes ()) != -1)
            fail_msg ("%s: taken for a bundle", vector_name (&vector));
        bad++;
    }
    assert_true (good > 0 && bad > 0);
}

static void every_cut_is_noticed (void **state)
{
    (void) state;
    FILE *stream = vector_open ("bundle.txt");
    while (vector_next (stream, &vector)) {
        const bytes_t bytes = example_bytes ();
        for (size_t size = 0; size < bytes.size; size++) {
            bundle_t again = {0};
            const int messages = read_all (bytes_of (bytes.data, size), &again);
            // a cut is noticed unless it falls between two messages
            assert_int_equal (messages, again.size == size ? (int) again.messages : -1);
            bundle_clear (&again);
        }
    }
}

static void damage_is_refused_or_understood (void **state)
{
    (void) state;
    uint64_t random = 20231123;
    size_t accepted = 0, refused = 0;
    FILE *stream = vector_open ("bundle.txt");
    while (vector_next (stream, &vector)) {
        static uint8_t damaged[VECTOR_BYTES_MAX + 8];
        const bytes_t bytes = example_bytes ();
        for (int n = 0; n < MUTATIONS; n++) {
            put_bytes (damaged, bytes);
            const size_t size = vector_mutate (damaged, bytes.size, &random);
            if (count_messages (bytes_of (damaged, size)) == -1)
                refused++;
            else
                accepted++;
        }
    }
    assert_true (accepted > 0 && refused > 0);
}

static void a_message_is_encoded_into_its_place (void **state)
{
    (void) state;
    const wire_message_t message = {
        .command = WIRE_STORED, .agency = 3, .stored = {.next = 1200}};
    bundle_t bundle = {0};
    bundle_write (&bundle, &to, &message);

    bytes_t rest = vector_guard (written (&bundle)), encoded;
    envelope_t envelope;
    wire_message_t read;
    assert_int_equal (bundle_next (&rest, &envelope, &encoded), 1);
    assert_envelope (&envelope, &to);
    assert_int_equal (wire_decode (encoded, &read), REFUSED_OK);
    assert_int_equal (read.command, WIRE_STORED);
    assert_int_equal (read.agency, 3);
    assert_int_equal (read.stored.next, 1200);
    bundle_clear (&bundle);
}

static void a_message_can_be_written_in_place_or_taken_back (void **state)
{
    (void) state;
    const char *const messages[] = {"first", NULL, "third, and longer",
                                    NULL,    NULL, "last"};
    bundle_t bundle = {0};
    for (size_t i = 0; i < 6; i++) {
        uint8_t *at = bundle_open (&bundle, &to, 100000);
        memset (at, 0xA5, 100000); // all that was asked for is there
        const size_t size = messages[i] ? strlen (messages[i]) : 0;
        memcpy (at, messages[i] ? messages[i] : "", size);
        bundle_close (&bundle, size);
    }
    assert_int_equal (bundle.messages, 3);

    bytes_t rest = vector_guard (written (&bundle));
    for (size_t i = 0; i < 6; i++)
        if (messages[i])
            assert_next (&rest, &to, text (messages[i]));
    assert_end (rest);
    bundle_clear (&bundle);
}

static void a_bundle_of_messages_taken_back_is_empty (void **state)
{
    (void) state;
    bundle_t bundle = {0};
    bundle_open (&bundle, &to, 10);
    bundle_close (&bundle, 0);
    assert_int_equal (bundle.messages, 0);
    assert_int_equal (bundle.size, 0);
    assert_false (bundle_full (&bundle));
    bundle_clear (&bundle);
}

static void a_bundle_is_full_by_messages (void **state)
{
    (void) state;
    bundle_t bundle = {0};
    for (int i = 0; i < BUNDLE_MESSAGES_MAX; i++) {
        assert_false (bundle_full (&bundle));
        bundle_add (&bundle, &to, text ("m"));
    }
    assert_true (bundle_full (&bundle));
    assert_int_equal (count_messages (written (&bundle)), BUNDLE_MESSAGES_MAX);
    bundle_clear (&bundle);
    assert_false (bundle_full (&bundle));
}

static void a_bundle_is_full_by_bytes (void **state)
{
    (void) state;
    static uint8_t message[BUNDLE_BYTES_FULL / 4];
    bundle_t bundle = {0};
    int messages = 0;
    while (!bundle_full (&bundle)) {
        bundle_add (&bundle, &to, bytes_of (message, sizeof message));
        messages++;
    }
    assert_int_equal (messages, 4);
    assert_true (bundle.size >= BUNDLE_BYTES_FULL);
    assert_true (bundle.size <= BUNDLE_BYTES_MAX);
    bundle_clear (&bundle);
}

/* The worst case: a bundle one byte short of full takes the largest message there is.
 */
static void the_largest_message_fits_the_largest_bundle (void **state)
{
    (void) state;
    static uint8_t bytes[ENVELOPED_BYTES_MAX - BUNDLE_HEAD_BYTES];
    memset (bytes, 0x5A, sizeof bytes);
    const bytes_t filler = {bytes, BUNDLE_BYTES_FULL - BUNDLE_HEAD_BYTES - 1};
    const bytes_t largest = {bytes, sizeof bytes};
    assert_true (largest.size >= WIRE_BATCH_BYTES + STORE_BYTES_MAX);
    bundle_t bundle = {0};
    bundle_add (&bundle, &to, filler);
    assert_int_equal (bundle.size, BUNDLE_BYTES_FULL - 1);
    assert_false (bundle_full (&bundle));
    bundle_add (&bundle, &to, largest);
    assert_true (bundle_full (&bundle));
    assert_true (bundle.size <= BUNDLE_BYTES_MAX);

    bytes_t rest = written (&bundle);
    assert_next (&rest, &to, filler);
    assert_next (&rest, &to, largest);
    assert_end (rest);
    bundle_clear (&bundle);
}

static void released_bytes_are_the_callers (void **state)
{
    (void) state;
    bundle_t bundle = {0};
    bundle_add (&bundle, &to, text ("m"));
    size_t size;
    uint8_t *data = bundle_release (&bundle, &size);
    assert_int_equal (count_messages (bytes_of (data, size)), 1);
    free (data);

    assert_int_equal (bundle.size, 0);
    assert_int_equal (bundle.messages, 0);
    bundle_add (&bundle, &to, text ("m")); // and it can be used again
    assert_int_equal (count_messages (written (&bundle)), 1);
    bundle_clear (&bundle);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (examples_hold_both_ways),
        cmocka_unit_test (every_cut_is_noticed),
        cmocka_unit_test (damage_is_refused_or_understood),
        cmocka_unit_test (a_message_is_encoded_into_its_place),
        cmocka_unit_test (a_message_can_be_written_in_place_or_taken_back),
        cmocka_unit_test (a_bundle_of_messages_taken_back_is_empty),
        cmocka_unit_test (a_bundle_is_full_by_messages),
        cmocka_unit_test (a_bundle_is_full_by_bytes),
        cmocka_unit_test (the_largest_message_fits_the_largest_bundle),
        cmocka_unit_test (released_bytes_are_the_callers),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
