/* test_letter.c - letters and bundles: written, read back, cut short, damaged, full. */

#include "vectors.h"

#include "letter.h"

#define LETTERS_MAX 8
#define MUTATIONS   20000 /* of each example */

static vector_t vector; // the example at hand
static uint8_t example[2 * VECTOR_BYTES_MAX];

static const uint8_t ramp[ADDRESS_BYTES_MAX] = {0, 1, 2, 253, 254, 255, [254] = 9};

static bytes_t text (const char *of)
{
    return bytes_of (of, strlen (of));
}

static bytes_t written (const bundle_t *bundle)
{
    return bytes_of (bundle->data, bundle->size);
}

static void assert_letter (const letter_t *letter, const letter_t *expected)
{
    assert_int_equal (letter->ticket, expected->ticket);
    assert_true (bytes_equal (letter->client, expected->client));
    assert_true (bytes_equal (letter->via, expected->via));
    assert_true (bytes_equal (letter->message, expected->message));
}

/* Read `bytes` to the end; the letters come out one behind the other and are written
   again, so what is accepted must be what a writer writes. Returns the letters, -1 when
   it is no bundle; `again` receives the bytes of the good ones. */
static int read_all (bytes_t bytes, bundle_t *again)
{
    bytes_t rest = vector_guard (bytes);
    letter_t letter;
    int letters = 0, status;
    while ((status = bundle_next (&rest, &letter)) == 1) {
        assert_true (letter.client.size <= ADDRESS_BYTES_MAX);
        assert_true (letter.via.size <= ADDRESS_BYTES_MAX);
        assert_true (letter.message.size > 0);
        bundle_add (again, &letter);
        letters++;
    }
    assert_int_equal (rest.size, 0);
    assert_int_equal (again->letters, letters);
    assert_true (bytes_equal (written (again), bytes_of (bytes.data, again->size)));
    assert_true ((status == 0) == (again->size == bytes.size));
    return status == 0 ? letters : -1;
}

static int count_letters (bytes_t bytes)
{
    bundle_t again = {0};
    const int letters = read_all (bytes, &again);
    bundle_clear (&again);
    return letters;
}

static void check_good (bytes_t bytes)
{
    static uint8_t room[LETTERS_MAX][3][VECTOR_BYTES_MAX];
    bundle_t bundle = {0};
    bytes_t rest = vector_guard (bytes);
    size_t letters = 0;
    for (size_t i = 0; i < vector.fields; i++) {
        if (strcmp (vector.field[i].key, "ticket") != 0)
            continue;
        assert_true (letters < LETTERS_MAX);
        uint8_t (*at)[VECTOR_BYTES_MAX] = room[letters++];
        unsigned boot, sequence;
        assert_int_equal (sscanf (vector.field[i].value, "%u %u", &boot, &sequence), 2);
        const letter_t expected = {
            .ticket = (uint64_t) boot << 32 | sequence,
            .client = {at[0], vector_hex (vector_value (&vector, "client", i), at[0])},
            .via = {at[1], vector_hex (vector_value (&vector, "via", i), at[1])},
            .message = {at[2],
                        vector_hex (vector_value (&vector, "message", i), at[2])},
        };
        bundle_add (&bundle, &expected);
        letter_t letter;
        assert_int_equal (bundle_next (&rest, &letter), 1);
        assert_letter (&letter, &expected);
    }
    letter_t letter;
    assert_int_equal (bundle_next (&rest, &letter), 0);
    assert_true (letters > 0);
    assert_int_equal (bundle.letters, letters);
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
        assert_string_equal (why, "LETTER");
        if (count_letters (example_bytes ()) != -1)
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
            const int letters = read_all (bytes_of (bytes.data, size), &again);
            // a cut is noticed unless it falls between two letters
            assert_int_equal (letters, again.size == size ? (int) again.letters : -1);
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
            if (count_letters (bytes_of (damaged, size)) == -1)
                refused++;
            else
                accepted++;
        }
    }
    assert_true (accepted > 0 && refused > 0);
}

static void every_length_of_address_comes_back (void **state)
{
    (void) state;
    static const size_t sizes[] = {0, 1, 5, 254, 255};
    for (size_t i = 0; i < 25; i++) {
        const letter_t expected = {.ticket = UINT64_MAX - i,
                                   .client = {ramp, sizes[i / 5]},
                                   .via = {ramp, sizes[i % 5]},
                                   .message = text ("a message")};
        bundle_t bundle = {0};
        bundle_add (&bundle, &expected);
        bytes_t rest = vector_guard (written (&bundle));
        letter_t letter;
        assert_int_equal (bundle_next (&rest, &letter), 1);
        assert_letter (&letter, &expected);
        assert_int_equal (bundle_next (&rest, &letter), 0);
        bundle_clear (&bundle);
    }
}

static void a_message_is_encoded_into_its_letter (void **state)
{
    (void) state;
    const wire_message_t message = {
        .command = WIRE_STORED, .agency = 3, .stored = {.next = 1200}};
    const letter_t to = {.ticket = 5, .client = text ("client")};
    bundle_t bundle = {0};
    bundle_write (&bundle, &to, &message);

    bytes_t rest = vector_guard (written (&bundle));
    letter_t letter;
    wire_message_t read;
    assert_int_equal (bundle_next (&rest, &letter), 1);
    assert_int_equal (letter.ticket, 5);
    assert_true (bytes_equal (letter.client, text ("client")));
    assert_int_equal (wire_decode (letter.message, &read), REFUSED_OK);
    assert_int_equal (read.command, WIRE_STORED);
    assert_int_equal (read.agency, 3);
    assert_int_equal (read.stored.next, 1200);
    bundle_clear (&bundle);
}

static void a_letter_can_be_written_in_place_or_taken_back (void **state)
{
    (void) state;
    const letter_t to = {.ticket = 1, .client = text ("c"), .via = text ("w")};
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
    assert_int_equal (bundle.letters, 3);

    bytes_t rest = vector_guard (written (&bundle));
    letter_t letter;
    for (size_t i = 0; i < 6; i++) {
        if (!messages[i])
            continue;
        assert_int_equal (bundle_next (&rest, &letter), 1);
        assert_true (bytes_equal (letter.message, text (messages[i])));
    }
    assert_int_equal (bundle_next (&rest, &letter), 0);
    bundle_clear (&bundle);
}

static void a_bundle_of_letters_taken_back_is_empty (void **state)
{
    (void) state;
    const letter_t to = {.client = text ("c")};
    bundle_t bundle = {0};
    bundle_open (&bundle, &to, 10);
    bundle_close (&bundle, 0);
    assert_int_equal (bundle.letters, 0);
    assert_int_equal (bundle.size, 0);
    assert_false (bundle_full (&bundle));
    bundle_clear (&bundle);
}

static void a_bundle_is_full_by_letters (void **state)
{
    (void) state;
    const letter_t small = {.message = text ("m")};
    bundle_t bundle = {0};
    for (int i = 0; i < BUNDLE_LETTERS_MAX; i++) {
        assert_false (bundle_full (&bundle));
        bundle_add (&bundle, &small);
    }
    assert_true (bundle_full (&bundle));
    assert_int_equal (count_letters (written (&bundle)), BUNDLE_LETTERS_MAX);
    bundle_clear (&bundle);
    assert_false (bundle_full (&bundle));
}

static void a_bundle_is_full_by_bytes (void **state)
{
    (void) state;
    static uint8_t message[BUNDLE_BYTES_FULL / 4];
    const letter_t large = {.message = {message, sizeof message}};
    bundle_t bundle = {0};
    int letters = 0;
    while (!bundle_full (&bundle)) {
        bundle_add (&bundle, &large);
        letters++;
    }
    assert_int_equal (letters, 4);
    assert_true (bundle.size >= BUNDLE_BYTES_FULL);
    assert_true (bundle.size <= BUNDLE_BYTES_MAX);
    bundle_clear (&bundle);
}

/* The worst case: a bundle one byte short of full takes the largest letter there is. */
static void the_largest_letter_fits_the_largest_bundle (void **state)
{
    (void) state;
    static uint8_t message[STORE_BYTES_MAX];
    memset (message, 0x5A, sizeof message);
    const letter_t filler = {.message = {message, BUNDLE_BYTES_FULL - 14 - 1}};
    const letter_t largest = {.client = {ramp, ADDRESS_BYTES_MAX},
                              .via = {ramp, ADDRESS_BYTES_MAX},
                              .message = {message, sizeof message}};
    bundle_t bundle = {0};
    bundle_add (&bundle, &filler);
    assert_int_equal (bundle.size, BUNDLE_BYTES_FULL - 1);
    assert_false (bundle_full (&bundle));
    bundle_add (&bundle, &largest);
    assert_true (bundle_full (&bundle));
    assert_true (bundle.size <= BUNDLE_BYTES_MAX);

    bytes_t rest = written (&bundle);
    letter_t letter;
    assert_int_equal (bundle_next (&rest, &letter), 1);
    assert_letter (&letter, &filler);
    assert_int_equal (bundle_next (&rest, &letter), 1);
    assert_letter (&letter, &largest);
    assert_int_equal (bundle_next (&rest, &letter), 0);
    bundle_clear (&bundle);
}

static void released_bytes_are_the_callers (void **state)
{
    (void) state;
    const letter_t letter = {.message = text ("m")};
    bundle_t bundle = {0};
    bundle_add (&bundle, &letter);
    size_t size;
    uint8_t *data = bundle_release (&bundle, &size);
    assert_int_equal (count_letters (bytes_of (data, size)), 1);
    free (data);

    assert_int_equal (bundle.size, 0);
    assert_int_equal (bundle.letters, 0);
    bundle_add (&bundle, &letter); // and it can be used again
    assert_int_equal (count_letters (written (&bundle)), 1);
    bundle_clear (&bundle);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (examples_hold_both_ways),
        cmocka_unit_test (every_cut_is_noticed),
        cmocka_unit_test (damage_is_refused_or_understood),
        cmocka_unit_test (every_length_of_address_comes_back),
        cmocka_unit_test (a_message_is_encoded_into_its_letter),
        cmocka_unit_test (a_letter_can_be_written_in_place_or_taken_back),
        cmocka_unit_test (a_bundle_of_letters_taken_back_is_empty),
        cmocka_unit_test (a_bundle_is_full_by_letters),
        cmocka_unit_test (a_bundle_is_full_by_bytes),
        cmocka_unit_test (the_largest_letter_fits_the_largest_bundle),
        cmocka_unit_test (released_bytes_are_the_callers),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
