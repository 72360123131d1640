/* test_keyset.c - folders of keys and the roll that is written, on the disk. */

#include "testing.h"

#include <dirent.h>
#include <sys/file.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyset.h"
#include "whole_file.h"

#define COUNT(table) (sizeof (table) / sizeof (table)[0])

static char root[64], why[KEYS_WHY_BYTES];
static keyset_t *keyset;

/* Everything below the folder, and the folder. */
static void remove_all (const char *path)
{
    char inner[512];
    DIR *listing = opendir (path);
    const struct dirent *entry;
    while (listing && (entry = readdir (listing))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf (inner, sizeof inner, "%.200s/%.200s", path, entry->d_name);
        if (unlink (inner) == -1)
            remove_all (inner);
    }
    if (listing)
        closedir (listing);
    rmdir (path);
}

static int setup (void **state)
{
    (void) state;
    strcpy (root, "/tmp/loteria-test-XXXXXX");
    if (!mkdtemp (root))
        return -1;
    keyset = keyset_open (root, true, why);
    return keyset && keyset_make (keyset, NULL, why) == 6 ? 0 : -1;
}

static int teardown (void **state)
{
    (void) state;
    keyset_close (&keyset);
    assert_null (keyset);
    keyset_close (&keyset);
    remove_all (root);
    return 0;
}

static void open_again (void)
{
    keyset_close (&keyset);
    keyset = keyset_open (root, false, why);
    if (!keyset)
        fail_msg ("%s", why);
}

static const char *path_of (const char *name)
{
    static char path[256];
    snprintf (path, sizeof path, "%s/%s", root, name);
    return path;
}

static char *roll_text (void)
{
    size_t size;
    char *text = whole_file_read (path_of ("broker/roll"), ROLL_BYTES_MAX, &size);
    assert_non_null (text);
    return text;
}

static void write_roll (const char *text)
{
    assert_int_equal (whole_file_save (path_of ("broker"), ROLL_FILE,
                                       bytes_of (text, strlen (text)), true),
                      0);
    open_again ();
}

static const roll_entry_t *entry_of (uint32_t agency)
{
    return roll_agency (keyset_roll (keyset), agency);
}

static int enroll_in (keyset_t *set, uint32_t agency, const char *name, const char *key,
                      char *reason)
{
    const enrolment_t enrolment = {.agency = agency, .name = name, .public_key = key};
    return keyset_enroll (set, &enrolment, reason);
}

static void enroll (uint32_t agency, const char *key)
{
    if (enroll_in (keyset, agency, NULL, key, why) == -1)
        fail_msg ("%s", why);
}

static key_pair_t make_pair (void)
{
    key_pair_t pair;
    key_pair_make (&pair);
    return pair;
}

static void assert_refused (int rc, const char *what)
{
    assert_int_equal (rc, -1);
    if (!strstr (why, what))
        fail_msg ("\"%s\" does not say \"%s\"", why, what);
}

/* Each part can read what it needs of the others, and those are the keys they have. */
static void every_part_knows_its_peers (void **state)
{
    (void) state;
    static const struct {
        const char *name, *peers[5];
    } parts[] = {{"broker", {"worker", "operator"}},
                 {"worker", {"broker", "storage", "state"}},
                 {"storage", {"worker", "state", "operator"}},
                 {"state", {"storage", "worker", "operator"}},
                 {"operator", {"broker", "storage", "state"}}};
    key_pair_t pair;
    keyring_t ring;
    for (size_t i = 0; i < COUNT (parts); i++) {
        char folder[256];
        strcpy (folder, path_of (parts[i].name));
        assert_int_equal (keyring_load (&ring, folder, parts[i].peers, why), 0);
        for (size_t j = 0; parts[i].peers[j]; j++) {
            assert_int_equal (key_pair_load (path_of (parts[i].peers[j]), &pair, why),
                              0);
            assert_string_equal (keyring_peer (&ring, parts[i].peers[j]),
                                 pair.public_key);
        }
    }
    assert_int_equal (roll_size (keyset_roll (keyset)), 0);
}

static void what_is_there_stays (void **state)
{
    (void) state;
    key_pair_t before, after;
    enroll (5, NULL);
    char *text = roll_text ();
    assert_int_equal (key_pair_load (path_of ("state"), &before, why), 0);
    assert_int_equal (keyset_make (keyset, NULL, why), 0);
    assert_int_equal (key_pair_load (path_of ("state"), &after, why), 0);
    assert_memory_equal (&before, &after, sizeof before);
    char *again = roll_text ();
    assert_string_equal (text, again);
    free (text);
    free (again);
}

/* A part's own pair is taken away, to get a new one: all who need its public key get
 * it. */
static void a_new_key_of_a_part_reaches_who_needs_it (void **state)
{
    (void) state;
    char before[KEY_TEXT_BYTES], after[KEY_TEXT_BYTES];
    key_pair_t agency, agency_after, broker;
    enroll (5, NULL);
    enroll (5, NULL);
    enroll (6, make_pair ().public_key);
    assert_int_equal (mkdir (path_of ("agency-7"), 0700), 0);
    assert_int_equal (key_public_load (path_of ("agency-5"), "broker", before, why), 0);
    assert_int_equal (key_pair_load (path_of ("agency-5"), &agency, why), 0);
    char *text = roll_text ();
    assert_int_equal (unlink (path_of ("broker/secret.key")), 0);
    assert_int_equal (unlink (path_of ("agency-5-2/broker.key")), 0);
    assert_int_equal (keyset_make (keyset, NULL, why), 1);
    assert_int_equal (key_pair_load (path_of ("broker"), &broker, why), 0);
    assert_string_not_equal (broker.public_key, before);
    static const char *const folders[] = {"worker", "agency-5", "agency-5-2"};
    for (size_t i = 0; i < COUNT (folders); i++) {
        assert_int_equal (key_public_load (path_of (folders[i]), "broker", after, why),
                          0);
        assert_string_equal (after, broker.public_key);
    }
    assert_int_equal (access (path_of ("agency-7/broker.key"), F_OK), -1); // nobody's
    assert_int_equal (key_pair_load (path_of ("agency-5"), &agency_after, why), 0);
    assert_memory_equal (&agency, &agency_after, sizeof agency);
    char *again = roll_text ();
    assert_string_equal (text, again);
    free (text);
    free (again);
    assert_int_equal (unlink (path_of ("state/secret.key")), 0);
    assert_int_equal (unlink (path_of ("storage/secret.key")), 0);
    assert_int_equal (keyset_make (keyset, NULL, why), 2);
}

static void folders_that_were_made_are_named (void **state)
{
    (void) state;
    enroll (3, NULL);
    assert_string_equal (keyset_new_folder (keyset), path_of ("agency-3"));
    enroll (3, NULL);
    assert_string_equal (keyset_new_folder (keyset), path_of ("agency-3-2"));
    enroll (4, make_pair ().public_key);
    assert_string_equal (keyset_new_folder (keyset), "");
}

static void a_new_key_is_beside_the_one_there_was (void **state)
{
    (void) state;
    key_pair_t first, second;
    enroll (3, NULL);
    enroll (3, NULL);
    assert_int_equal (key_pair_load (path_of ("agency-3"), &first, why), 0);
    assert_int_equal (key_pair_load (path_of ("agency-3-2"), &second, why), 0);
    assert_string_equal (entry_of (3)->key[0], first.public_key);
    assert_string_equal (entry_of (3)->key[1], second.public_key);
    assert_refused (enroll_in (keyset, 3, NULL, NULL, why), "revoke the old one");
    open_again ();
    assert_int_equal (entry_of (3)->keys, 2);

    assert_int_equal (keyset_revoke (keyset, 3, first.public_key, why), 0);
    assert_int_equal (entry_of (3)->keys, 1);
    assert_string_equal (entry_of (3)->key[0], second.public_key);
    assert_true (entry_of (3)->enabled);
    assert_refused (keyset_revoke (keyset, 3, first.public_key, why), "no such key");
    assert_int_equal (keyset_revoke (keyset, 3, second.public_key, why), 0);
    assert_false (entry_of (3)->enabled);
    assert_string_equal (entry_of (3)->key[0], second.public_key); // to be seen
    open_again ();
    assert_false (entry_of (3)->enabled);
    enroll (3, NULL);
    assert_int_equal (entry_of (3)->keys, 1);
    assert_string_not_equal (entry_of (3)->key[0], second.public_key);
}

static void all_keys_may_be_taken_at_once (void **state)
{
    (void) state;
    enroll (3, NULL);
    enroll (3, NULL);
    assert_int_equal (keyset_revoke (keyset, 3, NULL, why), 0);
    assert_false (entry_of (3)->enabled);
    assert_int_equal (entry_of (3)->keys, 2);
}

static void keys_that_no_agency_gets (void **state)
{
    (void) state;
    static const char *const roles[] = {"broker", "worker", "storage", "state"};
    key_pair_t pair;
    for (size_t i = 0; i < COUNT (roles); i++) {
        assert_int_equal (key_pair_load (path_of (roles[i]), &pair, why), 0);
        assert_refused (enroll_in (keyset, 1, NULL, pair.public_key, why), roles[i]);
    }
    pair = make_pair ();
    enroll (1, pair.public_key);
    assert_refused (enroll_in (keyset, 1, NULL, pair.public_key, why), "already");
    assert_refused (enroll_in (keyset, 2, NULL, pair.public_key, why), "agency 1");
    assert_int_equal (keyset_revoke (keyset, 1, NULL, why), 0);
    assert_refused (enroll_in (keyset, 2, NULL, pair.public_key, why), "revoked");
    assert_refused (enroll_in (keyset, 1, NULL, pair.public_key, why), "revoked");
    assert_refused (enroll_in (keyset, 2, NULL, "x", why), "not a key");
    assert_null (entry_of (2));
}

static void names_that_are_none_leave_nothing_behind (void **state)
{
    (void) state;
    char long_name[ROLL_NAME_BYTES_MAX + 2];
    memset (long_name, 'x', sizeof long_name);
    long_name[sizeof long_name - 1] = 0;
    const char *const names[] = {long_name, "two\nlines", "a\tb", "\x7F", "\r"};
    for (size_t i = 0; i < COUNT (names); i++) {
        assert_refused (enroll_in (keyset, 1, names[i], NULL, why), "the name");
        assert_int_equal (access (path_of ("agency-1"), F_OK), -1);
    }
    long_name[ROLL_NAME_BYTES_MAX] = 0;
    assert_int_equal (enroll_in (keyset, 1, long_name, NULL, why), 0);
    assert_string_equal (entry_of (1)->name, long_name);
    assert_int_equal (enroll_in (keyset, 1, "Ñandú # 1", NULL, why), 0);
    assert_string_equal (entry_of (1)->name, "Ñandú # 1");
}

/* A change is of one line; remarks, order and blanks stay byte for byte. */
static void the_rest_of_the_roll_stays (void **state)
{
    (void) state;
    const key_pair_t one = make_pair (), two = make_pair ();
    static const char head[] = "# first\r\n\n  7   enabled ";
    char text[1024], expected[2048], line[ROLL_LINE_BYTES_MAX + 1];
    snprintf (text, sizeof text,
              "%s%s   Siete\n\t# between\n2 disabled\t%s\n# last, open", head,
              one.public_key, two.public_key);
    write_roll (text);
    assert_int_equal (keyset_revoke (keyset, 7, NULL, why), 0);
    roll_write (entry_of (7), line);
    snprintf (expected, sizeof expected,
              "# first\r\n\n%s\t# between\n2 disabled\t%s\n# last, open", line,
              two.public_key);
    char *now = roll_text ();
    assert_string_equal (now, expected);
    free (now);

    enroll (1, NULL); // a new line, and the one before it gets its end
    roll_write (entry_of (1), line);
    strcat (strcat (expected, "\n"), line);
    now = roll_text ();
    assert_string_equal (now, expected);
    free (now);
}

static void a_set_that_is_none_is_refused (void **state)
{
    (void) state;
    assert_null (keyset_open (path_of ("nowhere"), false, why));
    assert_non_null (strstr (why, "nowhere"));
    assert_null (keyset_open (path_of ("no/where"), true, why));
    char far[5000];
    memset (far, 'x', sizeof far);
    far[sizeof far - 1] = 0;
    assert_null (keyset_open (far, true, why));
    assert_int_equal (mkdir (path_of ("empty"), 0700), 0);
    keyset_t *empty = keyset_open (path_of ("empty"), false, why);
    assert_non_null (empty);
    assert_null (keyset_roll (empty));
    assert_refused (enroll_in (empty, 1, NULL, NULL, why), "loteria-keys new");
    assert_refused (keyset_revoke (empty, 1, NULL, why), "not enrolled");
    keyset_close (&empty);
    assert_int_equal (chmod (path_of ("state/secret.key"), 0644), 0);
    assert_refused (keyset_make (keyset, NULL, why), "state/secret.key");
}

/* Who changes a set has it to himself. */
static void one_at_a_time (void **state)
{
    (void) state;
    const int other = open (root, O_RDONLY | O_DIRECTORY);
    assert_int_not_equal (other, -1);
    assert_int_equal (flock (other, LOCK_EX | LOCK_NB), -1);
    keyset_close (&keyset);
    assert_int_equal (flock (other, LOCK_EX | LOCK_NB), 0);
    close (other);
    open_again ();
}

/* Root may be writing where another user may: what that one links to is not touched. */
static void a_link_in_a_drafts_place_is_not_followed (void **state)
{
    (void) state;
    struct stat about;
    char precious_path[sizeof root + 16], draft[sizeof root + 16];
    snprintf (precious_path, sizeof precious_path, "%s/precious", root);
    snprintf (draft, sizeof draft, "%s/broker/roll.new", root);
    write_roll ("# precious\n");
    assert_int_equal (rename (path_of ("broker/roll"), precious_path), 0);
    for (int hard = 0; hard <= 1; hard++) {
        assert_int_equal ((hard ? link : symlink) (precious_path, draft), 0);
        write_roll ("# new\n");
        assert_int_equal (lstat (path_of ("broker/roll"), &about), 0);
        assert_true (S_ISREG (about.st_mode));
        char *roll = roll_text ();
        assert_string_equal (roll, "# new\n");
        free (roll);
        size_t size;
        char *precious = whole_file_read (precious_path, 100, &size);
        assert_string_equal (precious, "# precious\n");
        free (precious);
    }
}

/* ---- What provable draws are signed with --------------------------------------------
 */

static const uint8_t *make_public (void)
{
    static uint8_t key[NOTE_PUBLIC_BYTES];
    note_secret_t secret;
    note_key_pair (&secret, key);
    return key;
}

static signing_pair_t own_pair (const char *folder)
{
    signing_pair_t pair;
    if (signing_pair_load (path_of (folder), &pair, why) == -1)
        fail_msg ("%s", why);
    return pair;
}

/* What state is told of an agency; agency 0: nothing. */
static signer_t signer_of (uint32_t agency)
{
    signers_t signers;
    if (signers_load (path_of ("state"), &signers, why) == -1)
        fail_msg ("%s", why);
    const signer_t *found = signers_find (&signers, agency);
    const signer_t signer = found ? *found : (signer_t){0};
    signers_clear (&signers);
    return signer;
}

static int give (uint32_t agency, const uint8_t *key)
{
    const enrolment_t enrolment = {.agency = agency, .signing_key = key};
    return keyset_enroll (keyset, &enrolment, why);
}

static void enroll_demo (uint32_t agency)
{
    const enrolment_t enrolment = {.agency = agency, .demo = true};
    if (keyset_enroll (keyset, &enrolment, why) == -1)
        fail_msg ("%s", why);
}

static void the_operator_signs_and_agencies_know_with_what (void **state)
{
    (void) state;
    enroll (5, NULL);
    const signing_pair_t pair = own_pair ("state");
    static const char *const folders[] = {"operator", "agency-5"};
    signing_operator_t operator;
    for (size_t i = 0; i < COUNT (folders); i++) {
        assert_int_equal (signing_operator_load (path_of (folders[i]), &operator, why),
                          0);
        assert_memory_equal (operator.public_key, pair.public_key, NOTE_PUBLIC_BYTES);
        assert_string_equal (operator.central, "loteria");
    }
    assert_int_equal (access (path_of ("agency-5/signing.key"), F_OK), -1);
    assert_int_equal (signer_of (5).agency, 0);
    assert_int_equal (unlink (path_of ("agency-5/operator.sign")), 0);
    assert_int_equal (keyset_make (keyset, NULL, why), 0);
    assert_int_equal (signing_operator_load (path_of ("agency-5"), &operator, why), 0);
    const signing_pair_t again = own_pair ("state");
    assert_memory_equal (&again, &pair, sizeof pair);
}

static void a_central_keeps_its_name (void **state)
{
    (void) state;
    char name[CENTRAL_NAME_BYTES_MAX + 1];
    assert_refused (keyset_make (keyset, "nacional", why), "is called loteria");
    assert_int_equal (keyset_make (keyset, "loteria", why), 0);
    assert_int_equal (unlink (path_of ("state/name")), 0);
    assert_refused (keyset_make (keyset, "a/b", why), "--name");
    assert_int_equal (keyset_make (keyset, "nacional", why), 0);
    assert_int_equal (central_name_load (path_of ("state"), name, why), 0);
    assert_string_equal (name, "nacional");
    signing_operator_t operator;
    assert_int_equal (signing_operator_load (path_of ("operator"), &operator, why), 0);
    assert_string_equal (operator.central, "nacional");
}

static void an_agency_gives_the_key_it_signs_with (void **state)
{
    (void) state;
    note_secret_t secret;
    uint8_t key[NOTE_PUBLIC_BYTES], next[NOTE_PUBLIC_BYTES];
    note_key_pair (&secret, key);
    note_key_pair (&secret, next);
    const key_pair_t curve = make_pair ();
    const enrolment_t both = {
        .agency = 7, .public_key = curve.public_key, .signing_key = key};
    assert_int_equal (keyset_enroll (keyset, &both, why), 0);
    assert_memory_equal (signer_of (7).public_key, key, sizeof key);
    assert_false (signer_of (7).demo);
    assert_int_equal (give (7, next), 0); // and nothing else changes
    assert_int_equal (entry_of (7)->keys, 1);
    assert_string_equal (keyset_new_folder (keyset), "");
    assert_memory_equal (signer_of (7).public_key, next, sizeof next);
    enroll (7, NULL); // a second key to come in with
    assert_memory_equal (signer_of (7).public_key, next, sizeof next);

    assert_refused (give (8, next), "agency 7 already has this signing key");
    assert_refused (give (7, next), "agency 7 already has this signing key");
    const signing_pair_t own = own_pair ("state");
    assert_refused (give (8, own.public_key), "operator's");
    assert_refused (give (8, (uint8_t[NOTE_PUBLIC_BYTES]){1}), "no key");
    assert_null (entry_of (8));
    assert_int_equal (access (path_of ("agency-8"), F_OK), -1);

    open_again ();
    assert_int_equal (keyset_revoke (keyset, 7, NULL, why), 0);
    assert_int_equal (signer_of (7).agency, 0);
    assert_refused (give (7, next), "revoked");
    enroll (7, NULL);
    assert_false (entry_of (7)->signs);
    assert_int_equal (signer_of (7).agency, 0);
    assert_int_equal (give (7, next), 0);
    assert_memory_equal (signer_of (7).public_key, next, sizeof next);
}

static void a_demo_makes_the_agencies_keys_and_says_so (void **state)
{
    (void) state;
    enroll (1, NULL);
    enroll (2, make_pair ().public_key); // who has no folder here
    enroll (3, NULL);
    assert_int_equal (keyset_revoke (keyset, 3, NULL, why), 0);
    enroll_demo (4);
    assert_true (signer_of (4).demo);
    assert_memory_equal (signer_of (4).public_key, own_pair ("agency-4").public_key,
                         NOTE_PUBLIC_BYTES);
    assert_int_equal (keyset_make_demo (keyset, why), 1);
    assert_true (signer_of (1).demo);
    assert_memory_equal (signer_of (1).public_key, own_pair ("agency-1").public_key,
                         NOTE_PUBLIC_BYTES);
    assert_int_equal (entry_of (1)->keys, 1);
    assert_int_equal (signer_of (2).agency, 0);
    assert_int_equal (signer_of (3).agency, 0);
    assert_int_equal (keyset_make_demo (keyset, why), 0);

    const uint8_t *key = make_public ();
    assert_int_equal (give (1, key), 0); // its own, at last
    open_again ();
    assert_false (entry_of (1)->demo || signer_of (1).demo);
    assert_memory_equal (signer_of (1).public_key, key, NOTE_PUBLIC_BYTES);
}

/* The list for state may be gone, or as it was before a crash. */
static void states_list_is_mended_with_the_next_change (void **state)
{
    (void) state;
    enroll_demo (1);
    assert_int_equal (unlink (path_of ("state/signers")), 0);
    assert_int_equal (keyset_make (keyset, NULL, why), 0);
    assert_int_equal (signer_of (1).agency, 1);
    assert_int_equal (unlink (path_of ("state/signers")), 0);
    enroll (2, NULL);
    assert_int_equal (signer_of (1).agency, 1);
}

static void a_set_from_before_there_were_signatures_works_on (void **state)
{
    (void) state;
    static const char *const files[] = {"state/signing.key", "state/name",
                                        "state/signers", "operator/operator.sign"};
    for (size_t i = 0; i < COUNT (files); i++)
        assert_int_equal (unlink (path_of (files[i])), 0);
    enroll (1, NULL);
    assert_int_equal (access (path_of ("agency-1/operator.sign"), F_OK), -1);
    assert_int_equal (access (path_of ("state/signers"), F_OK), -1);
    assert_refused (give (1, make_public ()), "loteria-keys new makes it");
    assert_int_equal (keyset_make (keyset, NULL, why), 1);
    assert_int_equal (access (path_of ("agency-1/operator.sign"), F_OK), 0);
    assert_int_equal (give (1, make_public ()), 0);
}

static void an_agency_makes_what_it_lacks (void **state)
{
    (void) state;
    key_pair_t pair, pair_again;
    signing_pair_t signing, signing_again;
    char mine[256];
    strcpy (mine, path_of ("mine"));
    assert_int_equal (keyset_pair (mine, &pair, &signing, why), 0);
    assert_refused (keyset_pair (mine, &pair_again, &signing_again, why), "stay");
    assert_int_equal (unlink (path_of ("mine/signing.key")), 0);
    assert_int_equal (keyset_pair (mine, &pair_again, &signing_again, why), 0);
    assert_memory_equal (&pair_again, &pair, sizeof pair);
    assert_memory_not_equal (&signing_again, &signing, sizeof signing);
    signing = own_pair ("mine");
    assert_memory_equal (&signing_again, &signing, sizeof signing);
    assert_int_equal (unlink (path_of ("mine/secret.key")), 0);
    assert_int_equal (keyset_pair (mine, &pair_again, &signing_again, why), 0);
    assert_memory_not_equal (&pair_again, &pair, sizeof pair);
    assert_memory_equal (&signing_again, &signing, sizeof signing);
}

#define KEYSET_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        KEYSET_TEST (every_part_knows_its_peers),
        KEYSET_TEST (what_is_there_stays),
        KEYSET_TEST (a_new_key_of_a_part_reaches_who_needs_it),
        KEYSET_TEST (folders_that_were_made_are_named),
        KEYSET_TEST (a_new_key_is_beside_the_one_there_was),
        KEYSET_TEST (all_keys_may_be_taken_at_once),
        KEYSET_TEST (keys_that_no_agency_gets),
        KEYSET_TEST (names_that_are_none_leave_nothing_behind),
        KEYSET_TEST (the_rest_of_the_roll_stays),
        KEYSET_TEST (a_set_that_is_none_is_refused),
        KEYSET_TEST (one_at_a_time),
        KEYSET_TEST (a_link_in_a_drafts_place_is_not_followed),
        KEYSET_TEST (the_operator_signs_and_agencies_know_with_what),
        KEYSET_TEST (a_central_keeps_its_name),
        KEYSET_TEST (an_agency_gives_the_key_it_signs_with),
        KEYSET_TEST (a_demo_makes_the_agencies_keys_and_says_so),
        KEYSET_TEST (states_list_is_mended_with_the_next_change),
        KEYSET_TEST (a_set_from_before_there_were_signatures_works_on),
        KEYSET_TEST (an_agency_makes_what_it_lacks),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
