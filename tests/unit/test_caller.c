/* test_caller.c - who gives an order, as loteria-ctl says it. */

#include "testing.h"

#include <stdlib.h>
#include <unistd.h>

#include "caller.h"

static void is_a_word (const char *name)
{
    assert_in_range (strlen (name), 3, NOTE_NAME_BYTES_MAX);
    assert_non_null (strchr (name, '@'));
    for (const char *at = name; *at; at++)
        assert_true (*at > ' ' && *at <= '~' && !strchr ("[],|", *at));
}

static void a_name_is_a_word_with_the_machine (void **state)
{
    (void) state;
    char name[NOTE_NAME_BYTES_MAX + 1];
    unsetenv ("SUDO_USER");
    caller_name (name);
    is_a_word (name);
}

/* Root may be anybody, and sudo knows who; nobody else may say so. */
static void of_sudo_it_is_who_called_it (void **state)
{
    (void) state;
    char name[NOTE_NAME_BYTES_MAX + 1];
    setenv ("SUDO_USER", "ana, the [2nd]", 1);
    caller_name (name);
    is_a_word (name);
    assert_int_equal (strncmp (name, "ana??the??2nd?@", 15) == 0, getuid () == 0);
    setenv ("SUDO_USER",
            "a-very-long-name-of-a-user-that-nobody-has-and-that-leaves-no-room", 1);
    caller_name (name);
    is_a_word (name);
    unsetenv ("SUDO_USER");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_name_is_a_word_with_the_machine),
        cmocka_unit_test (of_sudo_it_is_who_called_it),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
