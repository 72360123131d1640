/* test_address.c - address.c */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "address.h"

#define COUNT(array) (sizeof (array) / sizeof *(array))
#define L            ADDRESS_LISTEN
#define C            ADDRESS_CONNECT
#define S            ADDRESS_SERVER

static void sound_ones_are_taken_apart (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        address_use_t use;
        address_host_t kind;
        const char *host;
        uint16_t port;
        bool local;
        const char *endpoint; // NULL: as it was
    } cases[] = {
        {"tcp://127.0.0.1:12345", L, ADDRESS_IPV4, "127.0.0.1", 12345, true, NULL},
        {"tcp://127.255.255.254:1", C, ADDRESS_IPV4, "127.255.255.254", 1, true, NULL},
        {"tcp://0.0.0.0:65535", L, ADDRESS_IPV4, "0.0.0.0", 65535, false, NULL},
        {"tcp://12.7.0.1:1", C, ADDRESS_IPV4, "12.7.0.1", 1, false, NULL},
        {"tcp://[::1]:7", C, ADDRESS_IPV6, "::1", 7, true, NULL},
        {"tcp://[0:0:0:0:0:0:0:1]:7", L, ADDRESS_IPV6, "0:0:0:0:0:0:0:1", 7, true,
         NULL},
        {"tcp://[::]:7", L, ADDRESS_IPV6, "::", 7, false, NULL},
        {"tcp://[::2]:7", L, ADDRESS_IPV6, "::2", 7, false, NULL},
        {"tcp://[::ffff:127.0.0.1]:7", L, ADDRESS_IPV6, "::ffff:127.0.0.1", 7, true,
         NULL},
        {"tcp://[::ffff:10.0.0.1]:7", L, ADDRESS_IPV6, "::ffff:10.0.0.1", 7, false,
         NULL},
        {"tcp://[::127.0.0.1]:7", L, ADDRESS_IPV6, "::127.0.0.1", 7, false, NULL},
        {"tcp://[fe80::1%eth0]:7", C, ADDRESS_IPV6, "fe80::1%eth0", 7, false, NULL},
        {"tcp://*:7", L, ADDRESS_ANY, "*", 7, false, NULL},
        {"tcp://*:*", L, ADDRESS_ANY, "*", 0, false, NULL},
        {"tcp://127.0.0.1:*", L, ADDRESS_IPV4, "127.0.0.1", 0, true, NULL},
        {"tcp://127.0.0.1:0", L, ADDRESS_IPV4, "127.0.0.1", 0, true,
         "tcp://127.0.0.1:*"},
        {"tcp://[::1]:00", L, ADDRESS_IPV6, "::1", 0, true, "tcp://[::1]:*"},
        {"tcp://localhost:1", L, ADDRESS_NAME, "localhost", 1, false, NULL},
        {"tcp://lo:1", L, ADDRESS_NAME, "lo", 1, false, NULL},
        {"tcp://127.example.org:1", C, ADDRESS_NAME, "127.example.org", 1, false, NULL},
        {"tcp://a_b-c.d:00012", C, ADDRESS_NAME, "a_b-c.d", 12, false,
         "tcp://a_b-c.d:12"},
        {"127.0.0.1:12345", S, ADDRESS_IPV4, "127.0.0.1", 12345, true,
         "tcp://127.0.0.1:12345"},
        {"[::1]:12345", S, ADDRESS_IPV6, "::1", 12345, true, "tcp://[::1]:12345"},
        {"tcp://central:5", S, ADDRESS_NAME, "central", 5, false, NULL},
        {"central:5", S, ADDRESS_NAME, "central", 5, false, "tcp://central:5"},
    };
    for (size_t i = 0; i < COUNT (cases); i++) {
        address_t address;
        char why[ADDRESS_WHY_BYTES];
        if (address_parse (&address, cases[i].text, cases[i].use, why) == -1)
            fail_msg ("%s: %s", cases[i].text, why);
        assert_int_equal (address.scheme, ADDRESS_TCP);
        if (address.host_kind != cases[i].kind ||
            address_is_local (&address) != cases[i].local)
            fail_msg ("%s: kind %d", cases[i].text, address.host_kind);
        assert_string_equal (address.host, cases[i].host);
        assert_int_equal (address.port, cases[i].port);
        assert_string_equal (address.endpoint,
                             cases[i].endpoint ? cases[i].endpoint : cases[i].text);
    }
}

static void paths_are_kept_as_they_are (void **state)
{
    (void) state;
    static const char *const cases[] = {"ipc:///tmp/x", "ipc://@x", "ipc://a b",
                                        "ipc:///tmp/a:b"};
    for (size_t i = 0; i < COUNT (cases); i++) {
        address_t address;
        char why[ADDRESS_WHY_BYTES];
        assert_int_equal (address_parse (&address, cases[i], S, why), 0);
        assert_int_equal (address.scheme, ADDRESS_IPC);
        assert_true (address_is_local (&address));
        assert_string_equal (address.endpoint, cases[i]);
    }
}

#define X8        "xxxxxxxx"
#define X64       X8 X8 X8 X8 X8 X8 X8 X8
#define NO_PORT   "does not end in a port from 1 to 65535"
#define NO_SCHEME "not a ZeroMQ endpoint such as tcp://127.0.0.1:12345"

static void others_are_refused_with_the_reason (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        address_use_t use;
        const char *why; // what it starts with
    } cases[] = {
        {"", C, "is empty"},
        {"bogus", L, NO_SCHEME},
        {"127.0.0.1:12345", L, NO_SCHEME},
        {"127.0.0.1:12345", C, NO_SCHEME},
        {"TCP://127.0.0.1:1", C, "starts with TCP://"},
        {"http://127.0.0.1:1", S, "starts with http://"},
        {"udp://127.0.0.1:1", L, "starts with udp://"},
        {"inproc://x", L, "starts with inproc://"},
        {"://x", S, "starts with ://"},
        {"tcp://127.0.0.1:1\r", C, "ends with a carriage return"},
        {"127.0.0.1:1\r", S, "ends with a carriage return"},
        {"\"tcp://127.0.0.1:1\"", C, "has quotes"},
        {"'127.0.0.1:1'", S, "has quotes"},
        {" 127.0.0.1:1", S, "has a space at its start"},
        {"127.0.0.1:1 ", S, "has a space at its end"},
        {"127.0.0.1 :1", S, "a host name cannot contain ' '"},
        {"127.0.0.1: 1", S, NO_PORT},
        {"127.0.0.1:1\n", S, "holds a control character"},
        {"a\tb:1", S, "holds a control character"},
        {"tcp://", C, "no port at its end"},
        {"tcp://127.0.0.1", C, "no port at its end"},
        {"central", S, "no port at its end"},
        {"tcp://127.0.0.1:", C, NO_PORT},
        {"tcp://127.0.0.1:x", C, NO_PORT},
        {"tcp://127.0.0.1:1x", C, NO_PORT},
        {"tcp://127.0.0.1:0x1", L, NO_PORT},
        {"tcp://127.0.0.1:-1", C, NO_PORT},
        {"tcp://127.0.0.1:+1", C, NO_PORT},
        {"tcp://127.0.0.1:65536", L, NO_PORT},
        {"tcp://127.0.0.1:99999999999999999999", C, NO_PORT},
        {"tcp://127.0.0.1:1:2", C, "an IPv6 address needs brackets"},
        {"tcp://127.0.0.1:0", C, "port 0 is only for listening"},
        {"127.0.0.1:*", S, "port * is only for listening"},
        {"tcp://127.0.0.1:**", L, NO_PORT},
        {"tcp://*:1", C, "* is only for listening"},
        {"*:1", S, "* is only for listening"},
        {"tcp://:1", L, "no host before the port"},
        {"tcp://256.1.1.1:1", C, "256.1.1.1 is not an IPv4 address"},
        {"tcp://127.1:1", L, "127.1 is not an IPv4 address"},
        {"tcp://12345:1", C, "12345 is not an IPv4 address"},
        {"tcp://127.0.0.1;0.0.0.0:1", L, "a host name cannot contain ';'"},
        {"tcp://a/b:1", C, "a host name cannot contain '/'"},
        {"tcp://u@h:1", C, "a host name cannot contain '@'"},
        {"tcp://::1:12345", L, "an IPv6 address needs brackets"},
        {"::1", S, "an IPv6 address needs brackets"},
        {"fe80::x:1", S, "an IPv6 address needs brackets"},
        {"tcp://[::1]", C, "no port at its end"},
        {"tcp://[::1]12345", C, "no port at its end"},
        {"tcp://[::1:12345", C, "the bracket [ is not closed"},
        {"tcp://[]:1", C, " is not an IPv6 address"},
        {"tcp://[::g]:1", C, "::g is not an IPv6 address"},
        {"tcp://[127.0.0.1]:1", C, "127.0.0.1 is not an IPv6 address"},
        {"tcp://[::1%]:1", C, "::1% is not an IPv6 address"},
        {"tcp://[::1%averylonginterface]:1", C,
         "::1%averylonginterface is not an IPv6"},
        {"tcp://[localhost]:1", C, "localhost is not an IPv6 address"},
        {"tcp://" X64 X64 X64 X64 ":1", C, "the host name is too long"},
        {"tcp://[" X64 X64 X64 X64 "]:1", C, "the IPv6 address is too long"},
        {X64 X64 X64 X64 X64 ":1", S, "is too long for an address"},
        {"ipc://", L, "no path after ipc://"},
        {"ipc://*", C, "* is only for listening"},
        {"ipc:///tmp/x\r", C, "ends with a carriage return"},
        {"ipc:///" X64 X8 X8 X8 X8 X8 "xxx", C,
         "a socket's path can have at most 107 bytes"},
    };
    for (size_t i = 0; i < COUNT (cases); i++) {
        address_t address;
        char why[ADDRESS_WHY_BYTES] = "";
        if (address_parse (&address, cases[i].text, cases[i].use, why) == 0 ||
            strncmp (why, cases[i].why, strlen (cases[i].why)) != 0)
            fail_msg ("'%s': '%s', not '%s'", cases[i].text, why, cases[i].why);
    }
}

static void a_place_may_get_another_port_or_host (void **state)
{
    (void) state;
    address_t address;
    char why[ADDRESS_WHY_BYTES];
    assert_int_equal (address_parse (&address, "tcp://localhost:*", L, why), 0);
    address_set_port (&address, 4711);
    assert_string_equal (address.endpoint, "tcp://localhost:4711");
    address_set_host (&address, ADDRESS_IPV6, "::1");
    assert_string_equal (address.endpoint, "tcp://[::1]:4711");
    assert_true (address_is_local (&address));
    address_set_host (&address, ADDRESS_IPV4, "10.0.0.1");
    assert_string_equal (address.endpoint, "tcp://10.0.0.1:4711");
    assert_false (address_is_local (&address));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (sound_ones_are_taken_apart),
        cmocka_unit_test (paths_are_kept_as_they_are),
        cmocka_unit_test (others_are_refused_with_the_reason),
        cmocka_unit_test (a_place_may_get_another_port_or_host),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
