/* test_role.c - the file that says which role a storage has. */

#include "testing.h"

#include <unistd.h>

#include "role.h"

static const role_t sample = {.active = true,
                              .holder = "tcp://10.0.0.1:12345",
                              .epoch = 7,
                              .behind = 3,
                              .age_ms = 120,
                              .synchronous = true,
                              .standbys = 2,
                              .names = "node2,node3",
                              .engine = "postgres",
                              .host = "::1"};

static void assert_same (const role_t *one, const role_t *other)
{
    assert_int_equal (one->active, other->active);
    assert_string_equal (one->holder, other->holder);
    assert_int_equal (one->epoch, other->epoch);
    assert_int_equal (one->behind, other->behind);
    assert_int_equal (one->age_ms, other->age_ms);
    assert_int_equal (one->synchronous, other->synchronous);
    assert_int_equal (one->standbys, other->standbys);
    assert_string_equal (one->names, other->names);
    assert_string_equal (one->engine, other->engine);
    assert_string_equal (one->host, other->host);
}

static void what_is_written_is_read (void **state)
{
    (void) state;
    char text[ROLE_FILE_BYTES];
    role_t read, full = sample;
    for (int i = 0; i < 2; i++) {
        const role_t *role = i == 0 ? &sample : &full;
        memset (full.holder, 'h', ROLE_TEXT_BYTES - 1);
        memset (full.names, 'n', ROLE_TEXT_BYTES - 1);
        memset (full.engine, 'e', ROLE_TEXT_BYTES - 1);
        memset (full.host, 'm', ROLE_TEXT_BYTES - 1);
        full.epoch = full.behind = full.age_ms = UINT64_MAX;
        const size_t size = role_write (role, text);
        assert_true (size < sizeof text);
        assert_true (role_read (&read, text, size));
        assert_same (&read, role);
    }
}

static void what_is_none_is_refused (void **state)
{
    (void) state;
    static const char *const wrong[] = {"", "role:", "role: ", "active: a\nrole: x\n"};
    char large[ROLE_FILE_BYTES + 1] = "role: standby\n";
    role_t role;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false (role_read (&role, wrong[i], strlen (wrong[i])));
    assert_false (role_read (&role, "role: standby\n\0", 15));
    memset (large + strlen (large), 'x', sizeof large - strlen (large));
    assert_false (role_read (&role, large, sizeof large));
}

static void lines_that_are_missing_or_strange_are_no_matter (void **state)
{
    (void) state;
    static const char text[] = "role: standby\nfuture: 1\n\nactive: \nepoch: x";
    role_t role;
    assert_true (role_read (&role, text, strlen (text)));
    assert_false (role.active);
    assert_string_equal (role.holder, "");
    assert_int_equal (role.epoch, 0);
    assert_int_equal (role.standbys, -1);
}

static void it_is_kept_in_a_file (void **state)
{
    (void) state;
    char directory[] = "/tmp/test_role.XXXXXX", path[64];
    role_t read;
    assert_non_null (mkdtemp (directory));
    snprintf (path, sizeof path, "%s/role", directory);
    assert_int_equal (role_load (&read, path), -1);
    assert_int_equal (errno, ENOENT);
    assert_int_equal (role_save (&sample, path), 0);
    assert_int_equal (role_load (&read, path), 0);
    assert_same (&read, &sample);
    unlink (path);
    assert_int_equal (rmdir (directory), 0);
    assert_int_equal (role_save (&sample, path), -1);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_written_is_read),
        cmocka_unit_test (what_is_none_is_refused),
        cmocka_unit_test (lines_that_are_missing_or_strange_are_no_matter),
        cmocka_unit_test (it_is_kept_in_a_file)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
