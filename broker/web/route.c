/* route.c - what a path stands for: loteria-web. */

#include "route.h"

#include <stddef.h>
#include <string.h>

route_t route_of (const char *path)
{
    static const struct {
        const char *path;
        route_t route;
    } table[] = {
        {"/", ROUTE_PAGE},
        {"/page.css", ROUTE_PAGE},
        {"/page.js", ROUTE_PAGE},
        {"/icon.svg", ROUTE_PAGE},
        {"/notes.html", ROUTE_PAGE},
        {"/notes.js", ROUTE_PAGE},
        {"/fair.js", ROUTE_PAGE},
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
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp (path, table[i].path) == 0)
            return table[i].route;
    return ROUTE_NONE;
}
