/* test_proof.c - proof.c */

#include "fair_draw.h"

#include "proof.h"

static void what_an_auditor_has_signed (void **state)
{
    static fair_draw_t draw;
    char note[FAIR_NOTE], name[DRAW_NAME_BYTES_MAX + 1];
    uint8_t signature[NOTE_SIGNATURE_BYTES], public_key[NOTE_PUBLIC_BYTES];
    note_secret_t secret;
    (void) state;
    assert_int_equal (signed_note_start (), 0);
    fair_draw_make (&draw);
    note_key_pair (&secret, public_key);
    strcpy (note, draw.seal_note);
    assert_non_null (strstr (proof_attest (fair_text (note), name, signature),
                             "the auditor has not signed it"));
    fair_sign (&draw, note, PARTY_AUDITOR, 0, &secret);
    assert_null (proof_attest (fair_text (note), name, signature));
    assert_string_equal (name, "noche");
    const note_key_t key = fair_key (&draw, PARTY_AUDITOR, 0, &secret);
    signed_note_t parsed;
    assert_true (signed_note_parse (fair_text (note), &parsed));
    char line[NOTE_LINE_BYTES];
    signed_note_sign (parsed.text, &key, &secret, line);
    assert_non_null (strstr (note, line));
    const char *const others[] = {"", "junk", draw.open_note, draw.result_note};
    for (size_t i = 0; i < 4; i++)
        assert_non_null (strstr (proof_attest (fair_text (others[i]), name, signature),
                                 "it is no seal"));
}

static void a_nonce_by_the_name_of_its_file (void **state)
{
    static const char digits[] =
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
    static const struct {
        const char *path, *why;
        uint32_t party;
    } names[] = {{"nonce-4.txt", NULL, 4},
                 {"/media/usb-1/nonce-0.txt", NULL, 0},
                 {"nonce-4294967295.txt", NULL, UINT32_MAX},
                 {"nonce-4294967296.txt", "its name", 0},
                 {"nonce-04.txt", "its name", 0},
                 {"nonce-.txt", "its name", 0},
                 {"nonce--1.txt", "its name", 0},
                 {"nonce-4.txt.other", "its name", 0},
                 {"n/", "its name", 0}};
    uint32_t party;
    nonce_t nonce;
    (void) state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *why =
            proof_reveal (names[i].path, fair_text (digits), &party, &nonce);
        if (names[i].why) {
            assert_non_null (why);
            assert_non_null (strstr (why, names[i].why));
            continue;
        }
        assert_null (why);
        assert_int_equal (party, names[i].party);
        for (size_t at = 0; at < sizeof nonce.of; at++)
            assert_int_equal (nonce.of[at], 0x11 * (at % 16));
    }
    char other[sizeof digits];
    strcpy (other, digits);
    other[10] = 'A';
    assert_non_null (proof_reveal ("nonce-4.txt", fair_text (other), &party, &nonce));
    other[10] = 0;
    assert_non_null (
        proof_reveal ("nonce-4.txt", bytes_of (other, 65), &party, &nonce));
    assert_non_null (
        proof_reveal ("nonce-4.txt", bytes_of (digits, 64), &party, &nonce));
    assert_non_null (proof_reveal ("nonce-4.txt", bytes_of (NULL, 0), &party, &nonce));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_an_auditor_has_signed),
        cmocka_unit_test (a_nonce_by_the_name_of_its_file),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
