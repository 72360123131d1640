/* test_handler.c - a command finds its handler, and only its own. */

#include "handler.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int add (void *self, void *request)
{
    return *(int *) self += *(int *) request;
}

static int subtract (void *self, void *request)
{
    return *(int *) self -= *(int *) request;
}

static const handler_t handlers[] = {{0x02, add}, {0xFF, subtract}, {0}};

static void a_command_has_its_handler (void **state)
{
    (void) state;
    int self = 10, request = 3;
    assert_int_equal (handler_find (handlers, 0x02)->handle (&self, &request), 13);
    assert_int_equal (handler_find (handlers, 0xFF)->handle (&self, &request), 10);
}

static void others_have_none (void **state)
{
    (void) state;
    for (unsigned command = 0; command <= UINT8_MAX; command++)
        if (command != 0x02 && command != 0xFF)
            assert_null (handler_find (handlers, (uint8_t) command));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_command_has_its_handler),
        cmocka_unit_test (others_have_none),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
