/* test_signing.c - the keys that the parties of a provable draw sign with, in files. */

#include "testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "key_file.h"
#include "signing.h"

#define COUNT(table) (sizeof (table) / sizeof (table)[0])

/* RFC 8032's first key. */
#define KEY    "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define BASE64 "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define SEED   "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
#define OTHER  "ed25519:PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="

static char folder[64], why[KEYS_WHY_BYTES];

static int setup (void **state)
{
    (void) state;
    strcpy (folder, "/tmp/loteria-test-XXXXXX");
    strcpy (why, "?");
    return mkdtemp (folder) && signed_note_start () == 0 ? 0 : -1;
}

static int teardown (void **state)
{
    (void) state;
    static const char *const names[] = {SIGNING_FILE, SIGNING_OPERATOR_FILE,
                                        SIGNING_NAME_FILE, SIGNING_SIGNERS_FILE};
    char path[KEY_FILE_PATH_BYTES];
    for (size_t i = 0; i < COUNT (names); i++) {
        assert_int_equal (key_file_path (path, folder, names[i], why), 0);
        unlink (path);
    }
    return rmdir (folder);
}

static void write_text (const char *name, const char *text)
{
    assert_int_equal (key_file_save (folder, name, text, true, why), 0);
}

static void assert_said (const char *name, const char *what)
{
    char start[128];
    snprintf (start, sizeof start, "%s/%s: ", folder, name);
    if (strncmp (why, start, strlen (start)) != 0 || !strstr (why, what))
        fail_msg ("%s: \"%s\" does not say \"%s\"", start, why, what);
}

static void a_public_key_has_one_spelling (void **state)
{
    (void) state;
    uint8_t key[NOTE_PUBLIC_BYTES];
    char text[SIGNING_TEXT_BYTES];
    assert_true (signing_text_parse (bytes_of (KEY, strlen (KEY)), key));
    assert_int_equal (key[0], 0xD7);
    assert_int_equal (key[31], 0x1A);
    signing_text (key, text);
    assert_string_equal (text, KEY);
    assert_true (signing_key_sound (key));
    static const char *const none[] = {
        "",
        "ed25519:",
        BASE64,
        "ED25519:" BASE64,
        "ed25519:" BASE64 "=",
        "ed25519: 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURp=", // the same bytes
        "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUR==",
    };
    for (size_t i = 0; i < COUNT (none); i++)
        assert_false (signing_text_parse (bytes_of (none[i], strlen (none[i])), key));
    assert_false (signing_key_sound ((uint8_t[NOTE_PUBLIC_BYTES]){1}));
}

static void a_pair_is_made_once_and_read_again (void **state)
{
    (void) state;
    signing_pair_t pair, again;
    char path[KEY_FILE_PATH_BYTES];
    struct stat about;
    assert_false (signing_pair_there (folder));
    assert_int_equal (signing_pair_create (folder, &pair, why), 0);
    assert_true (signing_pair_there (folder));
    assert_int_equal (signing_pair_load (folder, &again, why), 0);
    assert_memory_equal (&again, &pair, sizeof pair);
    assert_int_equal (key_file_path (path, folder, SIGNING_FILE, why), 0);
    assert_int_equal (stat (path, &about), 0);
    assert_int_equal (about.st_mode & 0777, 0600);
    assert_int_equal (signing_pair_create (folder, &again, why), -1);
    assert_said (SIGNING_FILE, "File exists, and stays; loteria-keys show");
    assert_int_equal (signing_pair_load (folder, &again, why), 0);
    assert_memory_equal (&again, &pair, sizeof pair);
    assert_int_equal (chmod (path, 0640), 0);
    assert_int_equal (signing_pair_load (folder, &again, why), -1);
    assert_said (SIGNING_FILE, "chmod 600");
}

static void a_pair_signs_as_rfc_8032_has_it (void **state)
{
    (void) state;
    signing_pair_t pair;
    note_key_t key;
    signed_note_t note;
    char file[16 + NOTE_LINE_BYTES] = "text\n\n";
    write_text (SIGNING_FILE, "ed25519\n    public-key = \"" BASE64
                              "\"\n    secret-key = \"" SEED "\"\n");
    if (signing_pair_load (folder, &pair, why) == -1)
        fail_msg ("%s", why);
    assert_true (note_key_make ("any", pair.public_key, &key));
    signed_note_sign (bytes_of ("text\n", 5), &key, &pair.secret, file + 6);
    assert_true (signed_note_parse (bytes_of (file, strlen (file)), &note));
    assert_int_equal (signed_note_verify (&note, &key), NOTE_SIGNED);
}

static void what_is_no_pair_is_told_and_not_shown (void **state)
{
    (void) state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "without ed25519/public-key"},
        {"ed25519\n    public-key = \"" BASE64 "\"\n", "without ed25519/secret-key"},
        {"ed25519\n    public-key = \"" BASE64 "\"\n    secret-key = \"x\"\n",
         "no key in ed25519/secret-key"},
        {"ed25519\n    public-key = \"" KEY "\"\n    secret-key = \"" SEED "\"\n",
         "no key in ed25519/public-key"},
        {"ed25519\n    public-key = \"" BASE64 "\"\n    secret-key = \"" BASE64 "\"\n",
         "does not match"},
        {"curve\n    public-key = \"" BASE64 "\"\n    secret-key = \"" SEED "\"\n",
         "without ed25519/public-key"},
    };
    signing_pair_t pair;
    for (size_t i = 0; i < COUNT (cases); i++) {
        write_text (SIGNING_FILE, cases[i].text);
        assert_int_equal (signing_pair_load (folder, &pair, why), -1);
        assert_said (SIGNING_FILE, cases[i].why);
        assert_non_null (strstr (why, "put that one back"));
        assert_null (strstr (why, SEED));
    }
    char path[KEY_FILE_PATH_BYTES];
    assert_int_equal (key_file_path (path, folder, SIGNING_FILE, why), 0);
    unlink (path);
    assert_int_equal (signing_pair_load (folder, &pair, why), -1);
    assert_said (SIGNING_FILE, "No such file");
    assert_non_null (strstr (why, "loteria-keys pair an agency's"));
    signing_operator_t operator;
    assert_int_equal (signing_operator_load (folder, &operator, why), -1);
    assert_said (SIGNING_OPERATOR_FILE, "No such file");
    assert_non_null (strstr (why, "an agency has it from the operator"));
    signers_t signers;
    assert_int_equal (signers_load (folder, &signers, why), -1);
    assert_said (SIGNING_SIGNERS_FILE, "No such file");
    assert_non_null (strstr (why, "loteria-keys new makes it"));
}

static void the_operators_file_has_key_and_name (void **state)
{
    (void) state;
    signing_operator_t operator= {.central = "nacional"}, again;
    assert_true (
        signing_text_parse (bytes_of (KEY, strlen (KEY)), operator.public_key));
    assert_false (signing_operator_there (folder));
    assert_int_equal (signing_operator_save (folder, &operator, why), 0);
    assert_true (signing_operator_there (folder));
    assert_int_equal (signing_operator_load (folder, &again, why), 0);
    assert_memory_equal (again.public_key, operator.public_key, NOTE_PUBLIC_BYTES);
    assert_string_equal (again.central, "nacional");
    strcpy (operator.central, "otra");
    assert_int_equal (signing_operator_save (folder, &operator, why), 0);
    assert_int_equal (signing_operator_load (folder, &again, why), 0);
    assert_string_equal (again.central, "otra");
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"ed25519\n    central = \"a\"\n", "without ed25519/public-key"},
        {"ed25519\n    public-key = \"" BASE64 "\"\n", "no central's name"},
        {"ed25519\n    public-key = \"" BASE64 "\"\n    central = \"a/b\"\n",
         "no central's name"},
        {"ed25519\n    public-key = \"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"\n"
         "    central = \"a\"\n",
         "no key in ed25519/public-key"},
    };
    for (size_t i = 0; i < COUNT (cases); i++) {
        write_text (SIGNING_OPERATOR_FILE, cases[i].text);
        assert_int_equal (signing_operator_load (folder, &again, why), -1);
        assert_said (SIGNING_OPERATOR_FILE, cases[i].why);
    }
}

static void a_centrals_name_is_given_once (void **state)
{
    (void) state;
    char name[CENTRAL_NAME_BYTES_MAX + 1];
    assert_int_equal (central_name_load (folder, name, why), -1);
    assert_said (SIGNING_NAME_FILE, "No such file");
    assert_int_equal (central_name_save (folder, "nacional", why), 0);
    assert_true (central_name_there (folder));
    assert_int_equal (central_name_save (folder, "otra", why), -1);
    assert_int_equal (central_name_load (folder, name, why), 0);
    assert_string_equal (name, "nacional");
    static const char *const none[] = {"",
                                       "\n",
                                       "a\n\n",
                                       "a b\n",
                                       "a\nb\n",
                                       "-a\n",
                                       "12345678901234567890123456789012345678901\n"};
    for (size_t i = 0; i < COUNT (none); i++) {
        write_text (SIGNING_NAME_FILE, none[i]);
        assert_int_equal (central_name_load (folder, name, why), -1);
    }
    write_text (SIGNING_NAME_FILE, "1234567890123456789012345678901234567890\n");
    assert_int_equal (central_name_load (folder, name, why), 0);
}

static void signers_are_read_and_found (void **state)
{
    (void) state;
    static const char text[] = "1 " KEY "\n7 " OTHER " demo\n100000 " KEY "\n";
    signers_t signers;
    size_t size;
    write_text (SIGNING_SIGNERS_FILE, text);
    if (signers_load (folder, &signers, why) == -1)
        fail_msg ("%s", why);
    assert_int_equal (signers.size, 3);
    assert_int_equal (signers_find (&signers, 1)->public_key[0], 0xD7);
    assert_false (signers_find (&signers, 1)->demo);
    assert_int_equal (signers_find (&signers, 7)->public_key[0], 0x3D);
    assert_true (signers_find (&signers, 7)->demo);
    assert_int_equal (signers_find (&signers, 100000)->agency, 100000);
    static const uint32_t absent[] = {0, 2, 6, 8, 99999, UINT32_MAX};
    for (size_t i = 0; i < COUNT (absent); i++)
        assert_null (signers_find (&signers, absent[i]));
    char *again = signers_write (&signers, &size);
    assert_int_equal (size, strlen (text));
    assert_string_equal (again, text);
    free (again);
    assert_int_equal (signers_save (folder, &signers, why), 0);
    signers_clear (&signers);
    assert_null (signers_find (&signers, 1));
    assert_int_equal (signers_load (folder, &signers, why), 0);
    assert_int_equal (signers.size, 3);
    signers_clear (&signers);
}

static void no_signers_are_a_file_too (void **state)
{
    (void) state;
    signers_t signers;
    assert_int_equal (signers_parse (bytes_of ("", 0), &signers, why), 0);
    assert_int_equal (signers.size, 0);
    assert_null (signers_find (&signers, 1));
    signers_clear (&signers);
}

static void what_are_no_signers_is_told_by_line (void **state)
{
    (void) state;
    static const char *const cases[] = {"x",
                                        "\n",
                                        "1\n",
                                        "1 \n",
                                        "1 " KEY,
                                        "0 " KEY "\n",
                                        "100001 " KEY "\n",
                                        "01 " KEY "\n",
                                        "4294967297 " KEY "\n",
                                        "-1 " KEY "\n",
                                        "1  " KEY "\n",
                                        "1 " KEY " \n",
                                        "1 " KEY " Demo\n",
                                        "1 " KEY " demo demo\n",
                                        "1 " BASE64 "\n",
                                        "1 " KEY "\r\n",
                                        "1 " KEY "\n1 " OTHER "\n",
                                        "2 " KEY "\n1 " OTHER "\n",
                                        "1 " KEY "\n\n"};
    signers_t signers;
    for (size_t i = 0; i < COUNT (cases); i++) {
        if (signers_parse (bytes_of (cases[i], strlen (cases[i])), &signers, why) == 0)
            fail_msg ("\"%s\" is taken", cases[i]);
        assert_non_null (strstr (why, i < COUNT (cases) - 3 ? "line 1: " : "line 2: "));
    }
    static const char zero[] = "1 " KEY "\0\n";
    assert_int_equal (signers_parse (bytes_of (zero, sizeof zero - 1), &signers, why),
                      -1);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (a_public_key_has_one_spelling, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_pair_is_made_once_and_read_again, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_pair_signs_as_rfc_8032_has_it, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (what_is_no_pair_is_told_and_not_shown, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (the_operators_file_has_key_and_name, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_centrals_name_is_given_once, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (signers_are_read_and_found, setup, teardown),
        cmocka_unit_test_setup_teardown (no_signers_are_a_file_too, setup, teardown),
        cmocka_unit_test_setup_teardown (what_are_no_signers_is_told_by_line, setup,
                                         teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
