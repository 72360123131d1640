/* test_sha256.c - examples of FIPS 180-4, whole and parted in two. */

#include "testing.h"

#include "sha256.h"

static const struct {
    const char *text, *hash;
} examples[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void the_examples_hold_however_they_are_parted (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const char *text = examples[i].text;
        const size_t size = strlen (text);
        for (size_t cut = 0; cut <= size; cut++) {
            uint8_t hash[SHA256_BYTES];
            char hex[2 * SHA256_BYTES + 1];
            sha256 (bytes_of (text, cut), bytes_of (text + cut, size - cut), hash);
            for (size_t at = 0; at < SHA256_BYTES; at++)
                snprintf (hex + 2 * at, 3, "%02x", hash[at]);
            assert_string_equal (hex, examples[i].hash);
        }
    }
}

static void the_hash_may_take_the_place_of_what_is_hashed (void **state)
{
    (void) state;
    uint8_t apart[SHA256_BYTES], chain[SHA256_BYTES] = "what comes before";
    sha256 (bytes_of (chain, sizeof chain), bytes_of ("abc", 3), apart);
    sha256 (bytes_of (chain, sizeof chain), bytes_of ("abc", 3), chain);
    assert_memory_equal (chain, apart, sizeof chain);
}

static void piece_by_piece_it_is_the_same (void **state)
{
    (void) state;
    uint8_t bytes[300], whole[SHA256_BYTES], pieces[SHA256_BYTES];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t) (i * 7);
    sha256 (bytes_of (bytes, sizeof bytes), bytes_of (NULL, 0), whole);
    sha256_t hash, copy;
    sha256_begin (&hash);
    for (size_t at = 0; at < sizeof bytes; at += 100) {
        sha256_add (&hash, bytes_of (bytes + at, 100));
        sha256_add (&hash, bytes_of (NULL, 0));
    }
    copy = hash; // both go on from here
    sha256_end (&hash, pieces);
    assert_memory_equal (whole, pieces, sizeof whole);
    sha256_end (&copy, pieces);
    assert_memory_equal (whole, pieces, sizeof whole);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_examples_hold_however_they_are_parted),
        cmocka_unit_test (piece_by_piece_it_is_the_same),
        cmocka_unit_test (the_hash_may_take_the_place_of_what_is_hashed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
