/* test_role_figures.c - role_figures.c */

#include "testing.h"

#include <string.h>

#include "role_figures.h"

static const char *put (const role_t *role)
{
    static char text[4096];
    metrics_page_t page = {.text = text, .capacity = sizeof text - 1};
    role_figures_put (role, &page);
    assert_false (page.full);
    text[page.size] = 0;
    return text;
}

static void a_standby_and_its_engine (void **state)
{
    (void) state;
    const role_t role = {.holder = "tcp://a:12345",
                         .epoch = 7,
                         .behind = 12,
                         .age_ms = 400,
                         .synchronous = true,
                         .standbys = 2,
                         .names = "node2,node3",
                         .engine = "postgres",
                         .host = "db2"};
    assert_string_equal (
        put (&role),
        "loteria_active 0\nloteria_epoch 7\nloteria_lease_age_seconds 0.400\n"
        "loteria_log_behind_entries 12\n"
        "loteria_engine_info{engine=\"postgres\",host=\"db2\",holder=\"tcp://"
        "a:12345\"} "
        "1\n"
        "loteria_engine_synchronous 1\nloteria_engine_standbys 2\n"
        "loteria_engine_standby{name=\"node2\"} 1\n"
        "loteria_engine_standby{name=\"node3\"} 1\n");
}

static void what_a_role_may_not_see_is_not_told (void **state)
{
    (void) state;
    role_t role = {.active = true, .standbys = -1, .names = "node2"};
    const char *text = put (&role);
    assert_non_null (strstr (text, "loteria_active 1\n"));
    assert_non_null (strstr (text, "loteria_engine_synchronous 0\n"));
    assert_null (strstr (text, "loteria_engine_standby"));
    role = (role_t){.standbys = 0};
    text = put (&role);
    assert_non_null (strstr (text, "loteria_engine_standbys 0\n"));
    assert_null (strstr (text, "name="));
    memset (role.names, 'x', sizeof role.names - 1); // as long as it may be
    put (&role);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_standby_and_its_engine),
        cmocka_unit_test (what_a_role_may_not_see_is_not_told),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
