/* test_route.c - route.c */

#include "testing.h"

#include "route.h"

static void each_path_is_known_exactly (void **state)
{
    (void) state;
    static const struct {
        const char *path;
        route_t route;
    } cases[] = {
        {"/", ROUTE_PAGE},
        {"/page.css", ROUTE_PAGE},
        {"/page.js", ROUTE_PAGE},
        {"/icon.svg", ROUTE_PAGE},
        {"/notes.html", ROUTE_PAGE},
        {"/notes.js", ROUTE_PAGE},
        {"/fair.js", ROUTE_PAGE},
        {"/notes", ROUTE_NONE},
        {"/healthz", ROUTE_HEALTHZ},
        {"/readyz", ROUTE_READYZ},
        {"/metrics", ROUTE_METRICS},
        {"/api/v1/stream", ROUTE_STREAM},
        {"/api/v1/status", ROUTE_STATUS},
        {"/api/v1/agencies", ROUTE_AGENCIES},
        {"/api/v1/workers", ROUTE_WORKERS},
        {"/api/v1/draws", ROUTE_DRAWS},
        {"/api/v1/refused", ROUTE_REFUSED},
        {"/api/v1/history", ROUTE_HISTORY},
        {"/api/v1/notes", ROUTE_NOTES},
        {"", ROUTE_NONE},
        {"/index.html", ROUTE_NONE},
        {"//", ROUTE_NONE},
        {"/healthz/", ROUTE_NONE},
        {"/HEALTHZ", ROUTE_NONE},
        {"/api/v1", ROUTE_NONE},
        {"/api/v2/status", ROUTE_NONE},
        {"/../etc/passwd", ROUTE_NONE},
        {"/metrics?x", ROUTE_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (route_of (cases[i].path) != cases[i].route)
            fail_msg ("%s", cases[i].path);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (each_path_is_known_exactly)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
