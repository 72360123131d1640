/* test_attendance.c - which agencies are there. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "clients.h"

static clients_t *clients;
static attendance_t *attendance;

static int begin (void **state)
{
    (void) state;
    clients = clients_new (8, 1000000);
    attendance = clients_attendance (clients);
    return 0;
}

static int end (void **state)
{
    (void) state;
    clients_destroy (&clients);
    return 0;
}

static client_t *client (const char *id)
{
    return clients_admit (clients, bytes_of (id, strlen (id)), 0);
}

static void hear (const char *id, uint32_t agency, const char *address, int64_t now_ms)
{
    attendance_heard (attendance, client (id), agency, "0123456789abcdef", address,
                      now_ms);
}

/* The agencies that are there, as "3 7 12". */
static const char *there (void)
{
    static char text[256];
    *text = 0;
    uint32_t agency = 0;
    for (; attendance_from (attendance, &agency); agency++)
        snprintf (text + strlen (text), sizeof text - strlen (text), "%s%u",
                  *text ? " " : "", agency);
    return text;
}

static void agencies_come_and_go (void **state)
{
    (void) state;
    assert_string_equal (there (), "");
    hear ("c", 7, "10.0.0.7", 100);
    hear ("b", 3, "10.0.0.3", 200);
    hear ("d", AGENCIES_MAX, NULL, 300);
    assert_string_equal (there (), "3 7 100000");
    const attendee_t *seven = attendance_of (attendance, 7);
    assert_string_equal (seven->address, "10.0.0.7");
    assert_string_equal (seven->key, "01234567");
    assert_int_equal (seven->heard_ms, 100);
    assert_string_equal (attendance_of (attendance, AGENCIES_MAX)->address, "");
    clients_remove (clients, client ("c"));
    assert_string_equal (there (), "3 100000");
    assert_int_equal (attendance_of (attendance, 7)->heard_ms, 100); // it was there
    assert_null (attendance_of (attendance, 8));
}

static void one_with_two_connections_is_there_once (void **state)
{
    (void) state;
    hear ("a", 7, "10.0.0.1", 100);
    hear ("b", 7, "10.0.0.2", 200);
    assert_string_equal (there (), "7");
    assert_string_equal (attendance_of (attendance, 7)->address, "10.0.0.2");
    hear ("a", 7, "10.0.0.1", 300); // where it was heard last
    assert_string_equal (attendance_of (attendance, 7)->address, "10.0.0.1");
    clients_remove (clients, client ("a"));
    assert_string_equal (there (), "7");
    clients_remove (clients, client ("b"));
    assert_string_equal (there (), "");
}

/* Without keys a connection may speak for one agency after the other. */
static void a_client_speaks_for_one_at_a_time (void **state)
{
    (void) state;
    hear ("a", 7, NULL, 100);
    hear ("a", 8, NULL, 200);
    assert_string_equal (there (), "8");
    hear ("a", 7, NULL, 300);
    assert_string_equal (there (), "7");
    assert_int_equal (attendance_of (attendance, 7)->connections, 1);
}

static void numbers_that_no_agency_has_are_nobody (void **state)
{
    (void) state;
    hear ("a", 0, NULL, 100);
    hear ("b", AGENCIES_MAX + 1, NULL, 100);
    hear ("c", UINT32_MAX, NULL, 100);
    assert_string_equal (there (), "");
    assert_null (attendance_of (attendance, 0));
    assert_null (attendance_of (attendance, UINT32_MAX));
    uint32_t agency = UINT32_MAX;
    assert_null (attendance_from (attendance, &agency));
}

#define ATTENDANCE_TEST(test) cmocka_unit_test_setup_teardown (test, begin, end)

int main (void)
{
    const struct CMUnitTest tests[] = {
        ATTENDANCE_TEST (agencies_come_and_go),
        ATTENDANCE_TEST (one_with_two_connections_is_there_once),
        ATTENDANCE_TEST (a_client_speaks_for_one_at_a_time),
        ATTENDANCE_TEST (numbers_that_no_agency_has_are_nobody),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
