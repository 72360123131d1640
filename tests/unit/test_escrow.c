/* test_escrow.c - boxes that only an auditor opens. */

#include "testing.h"

#include "escrow.h"

static note_secret_t secret;
static uint8_t auditor[NOTE_PUBLIC_BYTES];
static const nonce_t nonce = {{1, 2, 3, 255}};

static int setup (void **state)
{
    (void) state;
    if (signed_note_start () == -1)
        return -1;
    note_key_pair (&secret, auditor);
    return 0;
}

static void the_auditor_opens_what_was_sealed_for_him (void **state)
{
    (void) state;
    escrow_box_t box, other;
    nonce_t opened;
    assert_true (escrow_seal (&nonce, auditor, &box));
    assert_true (escrow_open (&box, &secret, &opened));
    assert_memory_equal (&opened, &nonce, sizeof nonce);
    assert_true (escrow_seal (&nonce, auditor, &other));
    assert_memory_not_equal (&box, &other, sizeof box); // nobody can try nonces
    const hash_t hash = escrow_hash (&box), of_other = escrow_hash (&other);
    assert_false (hash_equal (&hash, &of_other));
}

static void nobody_else_does (void **state)
{
    (void) state;
    escrow_box_t box;
    nonce_t opened;
    note_secret_t strangers;
    uint8_t key[NOTE_PUBLIC_BYTES];
    note_key_pair (&strangers, key);
    assert_true (escrow_seal (&nonce, auditor, &box));
    assert_false (escrow_open (&box, &strangers, &opened));
    for (size_t i = 0; i < sizeof box.of; i++) {
        box.of[i] ^= 1;
        assert_false (escrow_open (&box, &secret, &opened));
        box.of[i] ^= 1;
    }
    assert_true (escrow_open (&box, &secret, &opened));
}

static void there_is_no_box_for_a_key_that_is_none (void **state)
{
    (void) state;
    static const uint8_t neutral[NOTE_PUBLIC_BYTES] = {1};
    escrow_box_t box;
    assert_false (escrow_seal (&nonce, neutral, &box));
}

static void a_file_of_a_box_has_one_spelling (void **state)
{
    (void) state;
    escrow_box_t box, again;
    char text[ESCROW_TEXT_BYTES + 1];
    assert_true (escrow_seal (&nonce, auditor, &box));
    box.of[0] = 0xAB;
    escrow_text (&box, text);
    const size_t size = strlen (text);
    assert_int_equal (size, ESCROW_TEXT_BYTES - 1);
    assert_true (escrow_parse (bytes_of (text, size), &again));
    assert_memory_equal (&again, &box, sizeof box);
    assert_false (escrow_parse (bytes_of (text, size - 1), &again));
    assert_false (escrow_parse (bytes_of (text, size + 1), &again));
    assert_false (escrow_parse (bytes_of ("", 0), &again));
    static const char wrong[] = {'A', 'x', 0, ' '};
    for (size_t i = 0; i < sizeof wrong; i++) {
        text[0] = wrong[i];
        assert_false (escrow_parse (bytes_of (text, size), &again));
    }
    text[0] = 'a';
    text[size - 1] = ' ';
    assert_false (escrow_parse (bytes_of (text, size), &again));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_auditor_opens_what_was_sealed_for_him),
        cmocka_unit_test (nobody_else_does),
        cmocka_unit_test (there_is_no_box_for_a_key_that_is_none),
        cmocka_unit_test (a_file_of_a_box_has_one_spelling),
    };
    return cmocka_run_group_tests (tests, setup, NULL);
}
