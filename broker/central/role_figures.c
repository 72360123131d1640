/* role_figures.c - active or standby, and what the engine's machines are: central. */

#include "role_figures.h"

#include <string.h>

void role_figures_put (const role_t *role, metrics_page_t *page)
{
    char names[ROLE_TEXT_BYTES], *rest = names, *name;
    metrics_put (page, METRIC_ROLE, role->active);
    metrics_put (page, METRIC_EPOCH, role->epoch);
    metrics_put_span (page, METRIC_LEASE_AGE, role->age_ms);
    metrics_put (page, METRIC_BEHIND, role->behind);
    metrics_put (page, METRIC_ENGINE, 1, role->engine, role->host, role->holder);
    metrics_put (page, METRIC_ENGINE_SYNCHRONOUS, role->synchronous);
    if (role->standbys < 0)
        return; // who they are is not told either
    metrics_put (page, METRIC_ENGINE_STANDBYS, (uint64_t) role->standbys);
    strcpy (names, role->names);
    while ((name = strsep (&rest, ",")))
        if (*name)
            metrics_put (page, METRIC_ENGINE_STANDBY, 1, name);
}
