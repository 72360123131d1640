/* test_host.c - host.c */

#include "testing.h"

#include "host.h"

static void addresses_and_names_without_a_dot_are_ours (void **state)
{
    (void) state;
    static const char *const ours[] = {
        "127.0.0.1",      "127.0.0.1:8080", "10.0.0.7:80", "localhost",
        "localhost:8080", "[::1]",          "[::1]:8080",  "web:8080",
        "central",        "[fe80::1]:1",    NULL};
    for (size_t i = 0; ours[i]; i++)
        if (!host_is_ours (ours[i]))
            fail_msg ("%s", ours[i]);
    assert_true (host_is_ours (NULL));
}

/* A name with a dot may be anybody's, and lead to 127.0.0.1. */
static void others_are_not (void **state)
{
    (void) state;
    static const char *const others[] = {"evil.example",
                                         "evil.example:8080",
                                         "127.0.0.1.evil.example",
                                         "127.0.0.1:8080.evil.example",
                                         "127.0.0.1.",
                                         "1.2.3",
                                         "",
                                         ":8080",
                                         "localhost:",
                                         "localhost:123456",
                                         "localhost:80x",
                                         "[::1",
                                         "[::1].evil.example",
                                         "[evil.example]",
                                         "[]",
                                         "a-name-that-is-longer-than-any-that-we-would-"
                                         "listen-at-without-a-dot-in-it",
                                         NULL};
    for (size_t i = 0; others[i]; i++)
        if (host_is_ours (others[i]))
            fail_msg ("%s", others[i]);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (addresses_and_names_without_a_dot_are_ours),
        cmocka_unit_test (others_are_not),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
