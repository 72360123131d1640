/* readiness.c - whether a central can sell: loteria-web. */

#include "readiness.h"

#include "json.h"

static bool part_is_missing (const view_t *view, status_part_t part, const char **why);
static bool no_worker (const view_t *view);
static void put (json_t *json, const char *part, const char *why);

char *readiness_json (const view_t *view, bool *ready, size_t *size)
{
    json_t *missing = json_new ();
    const char *why;
    *ready = true;
    json_object (missing, NULL);
    json_array (missing, "missing");
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        if (part_is_missing (view, part, &why)) {
            put (missing, status_part_name (part), why);
            *ready = false;
        }
    if (*ready && no_worker (view)) {
        put (missing, "worker", "no worker is connected to the broker");
        *ready = false;
    }
    json_end (missing);
    json_bool (missing, "ready", *ready);
    json_end (missing);
    return json_finish (&missing, size);
}

/* Only loteria-central may be absent: the parts may run without one. */
static bool part_is_missing (const view_t *view, status_part_t part, const char **why)
{
    const view_part_t *about = view ? &view->part[part] : NULL;
    if (about && about->answer == VIEW_UP)
        return false;
    *why = view && view_standby (view) ? "this central is a standby"
           : about && about->answer == VIEW_SILENT && *about->reason ? about->reason
                                                                     : "not found";
    return part != STATUS_CENTRAL || (about && about->answer == VIEW_SILENT);
}

static bool no_worker (const view_t *view)
{
    for (size_t i = 0; i < view->workers; i++)
        if (view->worker[i].up)
            return false;
    return true;
}

static void put (json_t *json, const char *part, const char *why)
{
    json_object (json, NULL);
    json_text (json, "part", part);
    json_text (json, "reason", why);
    json_end (json);
}
