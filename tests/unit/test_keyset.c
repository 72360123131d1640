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
    return keyset && keyset_make (keyset, why) == 5 ? 0 : -1;
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

static void enroll (uint32_t agency, const char *key)
{
    if (keyset_enroll (keyset, agency, NULL, key, why) == -1)
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
    assert_int_equal (keyset_make (keyset, why), 0);
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
    assert_int_equal (keyset_make (keyset, why), 1);
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
    assert_int_equal (keyset_make (keyset, why), 2);
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
    assert_refused (keyset_enroll (keyset, 3, NULL, NULL, why), "revoke the old one");
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
        assert_refused (keyset_enroll (keyset, 1, NULL, pair.public_key, why),
                        roles[i]);
    }
    pair = make_pair ();
    enroll (1, pair.public_key);
    assert_refused (keyset_enroll (keyset, 1, NULL, pair.public_key, why), "already");
    assert_refused (keyset_enroll (keyset, 2, NULL, pair.public_key, why), "agency 1");
    assert_int_equal (keyset_revoke (keyset, 1, NULL, why), 0);
    assert_refused (keyset_enroll (keyset, 2, NULL, pair.public_key, why), "revoked");
    assert_refused (keyset_enroll (keyset, 1, NULL, pair.public_key, why), "revoked");
    assert_refused (keyset_enroll (keyset, 2, NULL, "x", why), "not a key");
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
        assert_refused (keyset_enroll (keyset, 1, names[i], NULL, why), "the name");
        assert_int_equal (access (path_of ("agency-1"), F_OK), -1);
    }
    long_name[ROLL_NAME_BYTES_MAX] = 0;
    assert_int_equal (keyset_enroll (keyset, 1, long_name, NULL, why), 0);
    assert_string_equal (entry_of (1)->name, long_name);
    assert_int_equal (keyset_enroll (keyset, 1, "Ñandú # 1", NULL, why), 0);
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
    assert_refused (keyset_enroll (empty, 1, NULL, NULL, why), "loteria-keys new");
    assert_refused (keyset_revoke (empty, 1, NULL, why), "not enrolled");
    keyset_close (&empty);
    assert_int_equal (chmod (path_of ("state/secret.key"), 0644), 0);
    assert_refused (keyset_make (keyset, why), "state/secret.key");
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
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
