/* test_signed_note.c - signed notes: an example of another implementation, and that
   nothing about a note can be changed. */

#include "testing.h"

#include "signed_note.h"

/* The example in the documentation of Go's package golang.org/x/mod/sumdb/note. */
static const char foreign_key[] =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char foreign_note[] =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\xE2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/"
    "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6R"
    "yyBwJnAM=\n";

static const char text[] = "loteria/nacional/noche\nseal v1\n";

typedef struct {
    note_secret_t secret;
    note_key_t key;
} signer_t;

static bytes_t whole (const char *string)
{
    return bytes_of (string, strlen (string));
}

static signer_t signer (const char *name)
{
    signer_t made;
    uint8_t public_key[NOTE_PUBLIC_BYTES], again[NOTE_PUBLIC_BYTES];
    note_key_pair (&made.secret, public_key);
    note_key_public (&made.secret, again);
    assert_memory_equal (public_key, again, sizeof again);
    assert_true (note_key_make (name, public_key, &made.key));
    return made;
}

/* A note of `text`, signed by all of these. */
static bytes_t signed_by (char *room, const signer_t *signers, size_t count)
{
    strcpy (room, text);
    strcat (room, "\n");
    for (size_t i = 0; i < count; i++) {
        char line[NOTE_LINE_BYTES];
        const size_t size =
            signed_note_sign (whole (text), &signers[i].key, &signers[i].secret, line);
        assert_int_equal (size, strlen (line));
        strcat (room, line);
    }
    return whole (room);
}

static void a_note_of_another_implementation_is_understood (void **state)
{
    (void) state;
    note_key_t key;
    signed_note_t note;
    char again[NOTE_KEY_TEXT_BYTES];
    assert_true (note_key_parse (whole (foreign_key), &key));
    note_key_text (&key, again);
    assert_string_equal (again, foreign_key);
    assert_true (signed_note_parse (whole (foreign_note), &note));
    assert_int_equal (signed_note_verify (&note, &key), NOTE_SIGNED);
    assert_int_equal (note.text.data[note.text.size - 2], '.');
}

static void who_has_signed_is_told_apart (void **state)
{
    (void) state;
    char room[4096];
    const signer_t signers[] = {signer ("o/operator"), signer ("o/agency-1"),
                                signer ("o/agency-2")};
    const signer_t namesake = signer ("o/agency-1");
    signed_note_t note;
    assert_true (signed_note_parse (signed_by (room, signers, 2), &note));
    assert_true (bytes_equal (note.text, whole (text)));
    assert_int_equal (signed_note_verify (&note, &signers[0].key), NOTE_SIGNED);
    assert_int_equal (signed_note_verify (&note, &signers[1].key), NOTE_SIGNED);
    assert_int_equal (signed_note_verify (&note, &signers[2].key), NOTE_UNSIGNED);
    assert_int_equal (signed_note_verify (&note, &namesake.key), NOTE_UNSIGNED);
}

/* Whatever byte is changed: the note does not parse, or is not signed. */
static void no_byte_of_a_note_can_be_changed (void **state)
{
    (void) state;
    char room[4096];
    const signer_t one = signer ("o/operator");
    const bytes_t file = signed_by (room, &one, 1);
    for (size_t at = 0; at < file.size; at++)
        for (int bit = 0; bit < 8; bit++) {
            signed_note_t note;
            room[at] ^= (char) (1 << bit);
            if (signed_note_parse (file, &note))
                assert_int_not_equal (signed_note_verify (&note, &one.key),
                                      NOTE_SIGNED);
            room[at] ^= (char) (1 << bit);
        }
    for (size_t size = 0; size < file.size; size++) {
        signed_note_t note;
        assert_false (signed_note_parse (bytes_of (room, size), &note));
    }
}

/* One that is right does not make up for one that is not. */
static void of_several_signatures_of_a_key_all_have_to_be_right (void **state)
{
    (void) state;
    char room[4096], other[4096];
    const signer_t one = signer ("o/operator");
    signed_note_t note;
    signed_by (room, (signer_t[]){one, one}, 2);
    assert_true (signed_note_parse (whole (room), &note));
    assert_int_equal (signed_note_verify (&note, &one.key), NOTE_SIGNED);
    for (int which = 0; which < 2; which++) {
        strcpy (other, room);
        char *line = strstr (other, "\xE2\x80\x94");
        if (which == 1)
            line = strstr (line + 1, "\xE2\x80\x94");
        char *digit = strchr (line, '\n') - 8;
        *digit = *digit == 'A' ? 'B' : 'A';
        assert_true (signed_note_parse (whole (other), &note));
        assert_int_equal (signed_note_verify (&note, &one.key), NOTE_FORGED);
    }
}

static void what_is_no_note_is_refused (void **state)
{
    (void) state;
    char room[8192];
    const signer_t one = signer ("o/operator");
    signed_note_t note;
    static const char *const wrong[] = {"",
                                        "\n",
                                        "\n\n",
                                        "a\n",
                                        "a\n\n",
                                        "a\n\nb\n",
                                        "\n\n\xE2\x80\x94 a AAAA\n",
                                        "a\n\n\xE2\x80\x94 o/operator AAAA\n",
                                        "a\n\n\xE2\x80\x94 o/operator\n",
                                        "a\n\n\xE2\x80\x94  AAAA\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false (signed_note_parse (whole (wrong[i]), &note));
    assert_false (signed_note_parse ((bytes_t){0}, &note));
    signer_t many[NOTE_SIGNATURES_MAX + 1];
    for (size_t i = 0; i <= NOTE_SIGNATURES_MAX; i++)
        many[i] = one;
    assert_true (
        signed_note_parse (signed_by (room, many, NOTE_SIGNATURES_MAX), &note));
    assert_false (
        signed_note_parse (signed_by (room, many, NOTE_SIGNATURES_MAX + 1), &note));
    const bytes_t file = signed_by (room, &one, 1);
    assert_true (signed_note_parse (file, &note));
    room[3] = '\x01';
    assert_false (signed_note_parse (file, &note));
    room[3] = '\0';
    assert_false (signed_note_parse (file, &note));
}

static void a_key_has_one_text (void **state)
{
    (void) state;
    const signer_t one = signer ("o/operator");
    char good[NOTE_KEY_TEXT_BYTES], text_of[NOTE_KEY_TEXT_BYTES + 2];
    note_key_t key;
    note_key_text (&one.key, good);
    assert_true (note_key_parse (whole (good), &key));
    assert_memory_equal (&key, &one.key, sizeof key);
    for (size_t at = 0; at < strlen (good); at++)
        for (int bit = 0; bit < 7; bit++) {
            strcpy (text_of, good);
            text_of[at] ^= (char) (1 << bit);
            assert_false (note_key_parse (bytes_of (text_of, strlen (good)), &key));
        }
    for (size_t size = 0; size < strlen (good); size++)
        assert_false (note_key_parse (bytes_of (good, size), &key));
    snprintf (text_of, sizeof text_of, "%s=", good);
    assert_false (note_key_parse (whole (text_of), &key));
}

/* With some of them a signature would fit any text. */
static void keys_of_a_small_order_are_none (void **state)
{
    (void) state;
    static const uint8_t small[][NOTE_PUBLIC_BYTES] = {
        {0},
        {1},
        {0xEC, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
         0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
         0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F},
        {0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4,
         0x89, 0xF2, 0xEF, 0x98, 0xF0, 0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6,
         0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05},
    };
    note_key_t key;
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        assert_false (note_key_make ("o/operator", small[i], &key));
    const signer_t one = signer ("o/operator");
    static const char *const names[] = {"", "a b", "a+b", "a\n", "\xC3\xA9"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_false (note_key_make (names[i], one.key.public_key, &key));
    char name[NOTE_KEY_NAME_BYTES_MAX + 2];
    memset (name, 'a', sizeof name);
    name[NOTE_KEY_NAME_BYTES_MAX + 1] = '\0';
    assert_false (note_key_make (name, one.key.public_key, &key));
    name[NOTE_KEY_NAME_BYTES_MAX] = '\0';
    assert_true (note_key_make (name, one.key.public_key, &key));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_note_of_another_implementation_is_understood),
        cmocka_unit_test (who_has_signed_is_told_apart),
        cmocka_unit_test (no_byte_of_a_note_can_be_changed),
        cmocka_unit_test (of_several_signatures_of_a_key_all_have_to_be_right),
        cmocka_unit_test (what_is_no_note_is_refused),
        cmocka_unit_test (a_key_has_one_text),
        cmocka_unit_test (keys_of_a_small_order_are_none),
    };
    return signed_note_start () == 0 ? cmocka_run_group_tests (tests, NULL, NULL) : 1;
}
