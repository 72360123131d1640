/* test_keys.c - key files, in a folder of their own on the disk. */

#include "testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "keys.h"

#define COUNT(table) (sizeof (table) / sizeof (table)[0])

static char folder[64], why[KEYS_WHY_BYTES];

static int setup (void **state)
{
    (void) state;
    strcpy (folder, "/tmp/loteria-test-XXXXXX");
    strcpy (why, "?");
    return mkdtemp (folder) ? 0 : -1;
}

static int teardown (void **state)
{
    (void) state;
    static const char *const names[] = {KEYS_SECRET, "a.key", "b.key"};
    char path[128];
    for (size_t i = 0; i < COUNT (names); i++) {
        snprintf (path, sizeof path, "%s/%s", folder, names[i]);
        unlink (path);
    }
    return rmdir (folder);
}

static const char *path_of (const char *name)
{
    static char path[128];
    snprintf (path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_text (const char *name, const char *text)
{
    FILE *file = fopen (path_of (name), "w");
    assert_non_null (file);
    fputs (text, file);
    fclose (file);
    assert_int_equal (chmod (path_of (name), 0600), 0);
}

static void assert_said (const char *name, const char *what)
{
    const char *path = path_of (name);
    if (strncmp (why, path, strlen (path)) != 0 || !strstr (why, what))
        fail_msg ("%s: \"%s\" does not say \"%s\"", path, why, what);
}

static key_pair_t save_pair (void)
{
    key_pair_t pair;
    key_pair_make (&pair);
    assert_int_equal (key_pair_save (folder, &pair, why), 0);
    return pair;
}

static void a_key_is_40_characters_of_z85 (void **state)
{
    (void) state;
    static const char *const bad[] = {"",
                                      "x",
                                      "0123456789012345678901234567890123456789x",
                                      "012345678901234567890123456789012345678",
                                      "~123456789012345678901234567890123456789",
                                      "01234567890123456789 1234567890123456789"};
    assert_true (key_sound ("0123456789012345678901234567890123456789"));
    for (size_t i = 0; i < COUNT (bad); i++)
        assert_false (key_sound (bad[i]));
}

static void pairs_differ_and_go_there_and_back (void **state)
{
    (void) state;
    assert_false (key_pair_there (folder));
    const key_pair_t pair = save_pair ();
    key_pair_t other, back;
    key_pair_make (&other);
    assert_string_not_equal (pair.public_key, other.public_key);
    assert_true (key_pair_there (folder));
    assert_int_equal (key_pair_load (folder, &back, why), 0);
    assert_memory_equal (&back, &pair, sizeof pair);
    struct stat about;
    assert_int_equal (stat (path_of (KEYS_SECRET), &about), 0);
    assert_int_equal (about.st_mode & 07777, 0600);
}

static void a_pair_is_never_overwritten_a_public_key_is (void **state)
{
    (void) state;
    const key_pair_t pair = save_pair ();
    key_pair_t other, back;
    key_pair_make (&other);
    assert_int_equal (key_pair_save (folder, &other, why), -1);
    assert_said (KEYS_SECRET, "exists");
    assert_int_equal (key_pair_load (folder, &back, why), 0);
    assert_memory_equal (&back, &pair, sizeof pair);

    char key[KEY_TEXT_BYTES];
    assert_int_equal (key_public_save (folder, "a", pair.public_key, why), 0);
    assert_int_equal (key_public_save (folder, "a", other.public_key, why), 0);
    assert_int_equal (key_public_load (folder, "a", key, why), 0);
    assert_string_equal (key, other.public_key);
}

static void a_secret_is_its_owners_alone (void **state)
{
    (void) state;
    key_pair_t pair;
    save_pair ();
    for (mode_t bit = 1; bit < 0100; bit <<= 1) { // any that is of others
        assert_int_equal (chmod (path_of (KEYS_SECRET), 0600 | bit), 0);
        assert_int_equal (key_pair_load (folder, &pair, why), -1);
        assert_said (KEYS_SECRET, "chmod 600");
    }
    assert_int_equal (chmod (path_of (KEYS_SECRET), 0400), 0);
    assert_int_equal (key_pair_load (folder, &pair, why), 0);
}

static void halves_that_do_not_belong_together_are_refused (void **state)
{
    (void) state;
    key_pair_t pair, other;
    key_pair_make (&pair);
    key_pair_make (&other);
    memcpy (pair.public_key, other.public_key, sizeof pair.public_key);
    assert_int_equal (key_pair_save (folder, &pair, why), 0);
    assert_int_equal (key_pair_load (folder, &pair, why), -1);
    assert_said (KEYS_SECRET, "its secret key does not match its public key");
}

/* And what stands there instead of a key is not told: it might be one. */
static void files_that_are_none_are_refused (void **state)
{
    (void) state;
    static const char *const texts[] = {
        "",
        "curve\n",
        "curve\n    public-key = \"short\"\n    secret-key = \"SECRET\"\n",
        "public-key = \"0123456789012345678901234567890123456789\"\n",
        "\x01\x02",
        "curve = x\n   = =\n",
        "curve\n    secret-key = \"SECRET\"\n"};
    key_pair_t pair;
    for (size_t i = 0; i < COUNT (texts); i++) {
        write_text (KEYS_SECRET, texts[i]);
        assert_int_equal (key_pair_load (folder, &pair, why), -1);
        assert_said (KEYS_SECRET, "");
        assert_null (strstr (why, "SECRET"));
        char key[KEY_TEXT_BYTES];
        write_text ("a.key", texts[i]);
        assert_int_equal (key_public_load (folder, "a", key, why), -1);
        assert_said ("a.key", "");
    }
    unlink (path_of (KEYS_SECRET));
    assert_int_equal (key_pair_load (folder, &pair, why), -1);
    assert_said (KEYS_SECRET, "No such file");
}

static void a_ring_has_what_it_is_asked_for (void **state)
{
    (void) state;
    static const char *const peers[] = {"a", "b", NULL};
    keyring_t ring;
    key_pair_t a, b, stranger;
    key_pair_make (&a);
    key_pair_make (&b);
    key_pair_make (&stranger);
    assert_int_equal (keyring_load (&ring, folder, peers, why), -1);
    assert_said (KEYS_SECRET, "No such file");
    const key_pair_t own = save_pair ();
    assert_int_equal (key_public_save (folder, "a", a.public_key, why), 0);
    assert_int_equal (keyring_load (&ring, folder, peers, why), -1);
    assert_said ("b.key", "");
    assert_int_equal (key_public_save (folder, "b", b.public_key, why), 0);
    assert_int_equal (keyring_load (&ring, folder, peers, why), 0);
    assert_string_equal (ring.own.secret_key, own.secret_key);
    assert_string_equal (keyring_peer (&ring, "a"), a.public_key);
    assert_string_equal (keyring_peer (&ring, "b"), b.public_key);
    const char *const known[] = {own.public_key, a.public_key, b.public_key};
    for (size_t i = 0; i < COUNT (known); i++)
        assert_true (keyring_has (&ring, known[i]));
    assert_false (keyring_has (&ring, stranger.public_key));
    assert_false (keyring_has (&ring, ""));
}

static void no_key_is_two_peoples (void **state)
{
    (void) state;
    static const char *const peers[] = {"a", "b", NULL};
    keyring_t ring;
    key_pair_t other;
    key_pair_make (&other);
    const key_pair_t own = save_pair ();
    assert_int_equal (key_public_save (folder, "a", other.public_key, why), 0);
    assert_int_equal (key_public_save (folder, "b", other.public_key, why), 0);
    assert_int_equal (keyring_load (&ring, folder, peers, why), -1);
    assert_said ("b.key", "another file");
    assert_int_equal (key_public_save (folder, "b", own.public_key, why), 0);
    assert_int_equal (keyring_load (&ring, folder, peers, why), -1);
    assert_said ("b.key", "another file");
}

static void a_folder_may_be_too_far_away (void **state)
{
    (void) state;
    char far[5000];
    memset (far, 'x', sizeof far);
    far[sizeof far - 1] = 0;
    key_pair_t pair;
    assert_int_equal (key_pair_load (far, &pair, why), -1);
    assert_true (strlen (why) < KEYS_WHY_BYTES);
    assert_false (key_pair_there (far));
}

#define KEYS_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        KEYS_TEST (a_key_is_40_characters_of_z85),
        KEYS_TEST (pairs_differ_and_go_there_and_back),
        KEYS_TEST (a_pair_is_never_overwritten_a_public_key_is),
        KEYS_TEST (a_secret_is_its_owners_alone),
        KEYS_TEST (halves_that_do_not_belong_together_are_refused),
        KEYS_TEST (files_that_are_none_are_refused),
        KEYS_TEST (a_ring_has_what_it_is_asked_for),
        KEYS_TEST (no_key_is_two_peoples),
        KEYS_TEST (a_folder_may_be_too_far_away),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
