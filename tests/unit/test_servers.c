/* test_servers.c - the list of an agency's centrals. */

#include "testing.h"

#include "servers.h"

static servers_t servers;
static char why[SERVERS_WHY_BYTES];

static void one_is_a_list_too (void **state)
{
    (void) state;
    assert_int_equal (servers_parse (&servers, "localhost:12345", why), 0);
    assert_int_equal (servers.count, 1);
    assert_string_equal (servers.text[0], "localhost:12345");
    assert_string_equal (servers.endpoint[0], "tcp://localhost:12345");
}

static void several_stay_in_their_order (void **state)
{
    (void) state;
    const char *list = "a:1,tcp://[::1]:2,ipc:///run/c,d:4,e:5,f:6,g:7,h:8";
    assert_int_equal (servers_parse (&servers, list, why), 0);
    assert_int_equal (servers.count, SERVERS_MAX);
    assert_string_equal (servers.text[1], "tcp://[::1]:2");
    assert_string_equal (servers.endpoint[2], "ipc:///run/c");
    assert_string_equal (servers.endpoint[7], "tcp://h:8");
}

static void what_is_wrong_is_named (void **state)
{
    (void) state;
    char list[2000], host[400];
    static const struct {
        const char *list, *says;
    } cases[] = {{"", ": "},
                 {"a:1,", ": "},
                 {",a:1", ": "},
                 {"a:1,b", "b: "},
                 {"a:1,b:70000", "b:70000: "},
                 {"a:1,b:2,tcp://a:1", "tcp://a:1: it is there twice"},
                 {"a:1,b:1,c:1,d:1,e:1,f:1,g:1,h:1,i:1", "8 addresses at most"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal (servers_parse (&servers, cases[i].list, why), -1);
        assert_ptr_equal (strstr (why, cases[i].says), why);
    }
    memset (host, 'x', sizeof host - 1);
    host[sizeof host - 1] = 0;
    snprintf (list, sizeof list, "a:1,%s:1", host);
    assert_int_equal (servers_parse (&servers, list, why), -1);
    assert_non_null (strstr (why, "too long"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (one_is_a_list_too),
                                       cmocka_unit_test (several_stay_in_their_order),
                                       cmocka_unit_test (what_is_wrong_is_named)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
