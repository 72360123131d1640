/* route.h - what a path of the web server stands for; pure. */

#ifndef LOTERIA_ROUTE_H
#define LOTERIA_ROUTE_H

typedef enum {
    ROUTE_NONE,
    ROUTE_PAGE, // a file of the page
    ROUTE_HEALTHZ,
    ROUTE_READYZ,
    ROUTE_METRICS,
    ROUTE_STREAM,
    ROUTE_STATUS,
    ROUTE_AGENCIES,
    ROUTE_WORKERS,
    ROUTE_DRAWS,
    ROUTE_REFUSED,
    ROUTE_HISTORY,
    ROUTE_NOTES,
    ROUTES
} route_t;

/* `path` is without its query; only exactly these are known. */
route_t route_of (const char *path);

#endif
