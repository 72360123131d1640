/* site.c - what the server serves: loteria-web. */

#include "site.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "changes.h"
#include "clock.h"
#include "gazette.h"
#include "history.h"
#include "json.h"
#include "metrics.h"
#include "page.h"
#include "process_facts.h"
#include "readiness.h"
#include "tally.h"
#include "view_json.h"

#define JSON         "application/json"
#define PLAIN        "text/plain; charset=utf-8"
#define EXPOSITION   "text/plain; version=0.0.4; charset=utf-8"
#define REFUSED_LAST 50 // of the refusals, on the page

struct site {
    history_t *history;
    tally_t *tally;
    gazette_t *gazette;
    changes_t *changes;
    uint64_t finds; // of the central that was told of
    uint64_t told_refusals;
    bool told_whole;           // what is in sight, since there was nothing
    char *told_draws;          // as JSON, to tell only when it changes
    content_t *cached[ROUTES]; // answers, until there is news
    content_t *greeting;
};

static void forget_answers (site_t *site);
static void put_own_metrics (const sight_t *sight, size_t streams);
static void put_process (exposition_t *exposition);
static void note_rate (site_t *site, const sight_t *sight);
static uint64_t bets_of_live_draws (const view_t *view);
static content_t *no_central (const sight_t *sight);
static void put_changes (site_t *site, const view_t *view, FILE *file);
static void put_draws_if_changed (site_t *site, const view_t *view, FILE *file);
static void put_piece (site_t *site, int64_t now_ms, FILE *file);
static void put_event (FILE *file, const char *name, char *json);
static content_t *answer_content (site_t *site, const sight_t *sight, route_t route,
                                  const view_draw_t *draw, int64_t now_ms);
static char *json_of (site_t *site, const sight_t *sight, route_t route,
                      const view_draw_t *draw, int64_t now_ms, size_t *size);
static char *agencies_json (const view_t *view, const view_draw_t *draw, size_t *size);
static char *draws_json (const site_t *site, const view_t *view, size_t *size);
static void put_draw (const site_t *site, const view_t *view, const view_draw_t *draw,
                      json_t *json);
static char *history_text (const site_t *site, int64_t now_ms, size_t *size);
static http_answer_t page_answer (const char *path);
static http_answer_t notes_answer (site_t *site, const view_t *view,
                                   const view_draw_t *draw, int64_t now_ms);
static http_answer_t ready_answer (const sight_t *sight);
static http_answer_t error_answer (unsigned status, const char *why);
static content_t *content_of_text (const char *text);

site_t *site_new (void)
{
    site_t *site = calloc (1, sizeof *site);
    assert (site);
    site->history = history_new ();
    site->tally = tally_new ();
    site->gazette = gazette_new ();
    site->changes = changes_new ();
    return site;
}

void site_destroy (site_t **site)
{
    site_t *self = *site;
    *site = NULL;
    if (!self)
        return;
    forget_answers (self);
    history_destroy (&self->history);
    tally_destroy (&self->tally);
    gazette_destroy (&self->gazette);
    changes_destroy (&self->changes);
    free (self->told_draws);
    free (self);
}

content_t *site_news (site_t *site, const sight_t *sight, size_t streams,
                      int64_t now_ms)
{
    const view_t *view = sight_view (sight);
    char *text = NULL;
    size_t size;
    forget_answers (site);
    put_own_metrics (sight, streams);
    if (!view) {
        site->told_whole = false;
        return no_central (sight);
    }
    note_rate (site, sight);
    if (!site->told_whole) {
        site->told_whole = true;
        return site_greeting (site, sight, now_ms);
    }
    FILE *file = open_memstream (&text, &size);
    assert (file);
    put_event (file, "status", view_json_status (view, NULL));
    put_piece (site, now_ms, file);
    put_changes (site, view, file);
    put_event (file, "workers", view_json_workers (view, NULL));
    put_draws_if_changed (site, view, file);
    if (refusals_count (sight_refusals (sight)) != site->told_refusals)
        put_event (file, "refused",
                   json_of (site, sight, ROUTE_REFUSED, NULL, now_ms, NULL));
    site->told_refusals = refusals_count (sight_refusals (sight));
    fclose (file);
    return content_new (text, size);
}

void site_turn (site_t *site, const sight_t *sight, int64_t now_ms)
{
    if (site->finds != sight_finds (sight)) {
        tally_lose (site->tally);
        gazette_lose (site->gazette);
        site->finds = sight_finds (sight);
    }
    tally_turn (site->tally, sight_view (sight), sight_asker (sight), now_ms);
    gazette_turn (site->gazette, sight_view (sight), sight_asker (sight), now_ms);
}

content_t *site_greeting (site_t *site, const sight_t *sight, int64_t now_ms)
{
    static const struct {
        const char *name;
        route_t route;
    } events[] = {{"status", ROUTE_STATUS},     {"history", ROUTE_HISTORY},
                  {"agencies", ROUTE_AGENCIES}, {"workers", ROUTE_WORKERS},
                  {"draws", ROUTE_DRAWS},       {"refused", ROUTE_REFUSED}};
    const view_t *view = sight_view (sight);
    char *text = NULL;
    size_t size;
    if (!view)
        return no_central (sight);
    if (site->greeting)
        return content_hold (site->greeting);
    FILE *file = open_memstream (&text, &size);
    assert (file);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        put_event (file, events[i].name,
                   json_of (site, sight, events[i].route, view_draw (view, NULL),
                            now_ms, NULL));
    fclose (file);
    site->greeting = content_new (text, size);
    return content_hold (site->greeting);
}

http_answer_t site_answer (site_t *site, const sight_t *sight, route_t route,
                           const char *path, const char *draw, int64_t now_ms)
{
    const view_t *view = sight_view (sight);
    if (route == ROUTE_NONE)
        return error_answer (404, "there is nothing at this path");
    if (route == ROUTE_PAGE)
        return page_answer (path);
    if (route == ROUTE_HEALTHZ)
        return (http_answer_t){200, PLAIN, content_of_text ("ok\n")};
    if (route == ROUTE_READYZ)
        return ready_answer (sight);
    if (route == ROUTE_METRICS)
        return (http_answer_t){200, EXPOSITION,
                               answer_content (site, sight, route, NULL, now_ms)};
    if (!view)
        return error_answer (503, *sight_reason (sight)
                                      ? "no central is running where it was looked for"
                                      : "the central has not been heard yet");
    const view_draw_t *chosen = view_draw (view, draw);
    if (draw && !chosen)
        return error_answer (404,
                             "there is no such draw, or it was put away: loteria-ctl "
                             "report, winners and draw notes know it still");
    if (route == ROUTE_NOTES)
        return notes_answer (site, view, chosen, now_ms);
    return (http_answer_t){200, JSON,
                           answer_content (site, sight, route, chosen, now_ms)};
}

/* ---- News ------------------------------------------------------------------------ */

static void forget_answers (site_t *site)
{
    for (route_t route = 0; route < ROUTES; route++)
        content_release (&site->cached[route]);
    content_release (&site->greeting);
}

/* With those that the parts told in this round. */
static void put_own_metrics (const sight_t *sight, size_t streams)
{
    const view_t *view = sight_view (sight);
    exposition_t *exposition = sight_exposition (sight);
    if (!view) // of no round
        exposition_clear (exposition);
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        if (view ? view->part[part].answer != VIEW_ABSENT : part != STATUS_CENTRAL)
            exposition_put (exposition, status_part_name (part), "loteria_part_answers",
                            view && view->part[part].answer == VIEW_UP);
    put_process (exposition);
    exposition_put (exposition, "web", "loteria_web_streams", (double) streams);
    exposition_put (exposition, "web", "loteria_web_nonsense_total",
                    (double) exposition_nonsense (exposition));
}

static void put_process (exposition_t *exposition)
{
    static const char build[] = "loteria_build_info{version=\"" LOTERIA_VERSION "\"} 1";
    process_facts_t facts;
    process_facts_read (&facts);
    const struct {
        metric_t metric;
        double value;
    } values[] = {{METRIC_START_TIME, (double) facts.started_ms / 1000},
                  {METRIC_CPU, (double) facts.cpu_ms / 1000},
                  {METRIC_MEMORY, (double) facts.memory_bytes},
                  {METRIC_OPEN_FDS, (double) facts.open_fds},
                  {METRIC_MAX_FDS, (double) facts.max_fds}};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        exposition_put (exposition, "web", metric_info (values[i].metric)->name,
                        values[i].value);
    exposition_take (exposition, "web", bytes_of (build, strlen (build)));
}

static void note_rate (site_t *site, const sight_t *sight)
{
    const view_t *view = sight_view (sight);
    if (view->bets_per_s >= 0 && view->part[STATUS_STORAGE].answer == VIEW_UP)
        history_add (site->history, sight_seen_before_ms (sight), sight_seen_ms (sight),
                     view->bets_per_s, bets_of_live_draws (view));
}

static uint64_t bets_of_live_draws (const view_t *view)
{
    uint64_t bets = 0;
    bool live = false;
    for (size_t i = 0; i < view->draws; i++)
        if (view->draw[i].phase == PHASE_OPEN || view->draw[i].phase == PHASE_CLOSED ||
            view->draw[i].phase == PHASE_SEALED) {
            bets += view->draw[i].bets;
            live = true;
        }
    return live ? bets : HISTORY_NO_BETS;
}

static content_t *no_central (const sight_t *sight)
{
    json_t *json = json_new ();
    char *text = NULL;
    size_t size;
    json_object (json, NULL);
    json_text (json, "reason", *sight_reason (sight) ? sight_reason (sight) : NULL);
    json_end (json);
    FILE *file = open_memstream (&text, &size);
    assert (file);
    put_event (file, "gone", json_finish (&json, NULL));
    fclose (file);
    return content_new (text, size);
}

static void put_changes (site_t *site, const view_t *view, FILE *file)
{
    const view_draw_t *draw = view_draw (view, NULL);
    bool whole;
    if (!draw)
        return;
    view_draw_t changed = changes_since (site->changes, view, draw, &whole);
    if (whole || changed.count > 0)
        put_event (file, whole ? "agencies" : "changes",
                   view_json_agencies (view, &changed, false, NULL));
    free (changed.list);
}

static void put_draws_if_changed (site_t *site, const view_t *view, FILE *file)
{
    char *json = draws_json (site, view, NULL);
    const bool changed = !site->told_draws || strcmp (site->told_draws, json) != 0;
    if (changed) {
        free (site->told_draws);
        site->told_draws = strdup (json);
        assert (site->told_draws);
        put_event (file, "draws", json);
    } else
        free (json);
}

static void put_piece (site_t *site, int64_t now_ms, FILE *file)
{
    json_t *json = json_new ();
    json_object (json, NULL);
    history_json_last (site->history, now_ms, json);
    json_end (json);
    put_event (file, "piece", json_finish (&json, NULL));
}

/* Frees the text. Each of its lines is one of the event's. */
static void put_event (FILE *file, const char *name, char *json)
{
    fprintf (file, "event: %s\n", name);
    for (char *line = json, *end; *line; line = end) {
        end = line + strcspn (line, "\n");
        fprintf (file, "data: %.*s\n", (int) (end - line), line);
        end += *end == '\n';
    }
    fputc ('\n', file);
    free (json);
}

/* ---- Answers --------------------------------------------------------------------- */

static content_t *answer_content (site_t *site, const sight_t *sight, route_t route,
                                  const view_draw_t *draw, int64_t now_ms)
{
    const bool usual =
        route != ROUTE_AGENCIES || draw == view_draw (sight_view (sight), NULL);
    if (usual && site->cached[route])
        return content_hold (site->cached[route]);
    size_t size;
    char *text = json_of (site, sight, route, draw, now_ms, &size);
    content_t *content = content_new (text, size);
    if (usual)
        site->cached[route] = content_hold (content);
    return content;
}

/* There is something in sight, but for metrics. */
static char *json_of (site_t *site, const sight_t *sight, route_t route,
                      const view_draw_t *draw, int64_t now_ms, size_t *size)
{
    const view_t *view = sight_view (sight);
    switch (route) {
    case ROUTE_AGENCIES:
        return agencies_json (view, draw, size);
    case ROUTE_WORKERS:
        return view_json_workers (view, size);
    case ROUTE_DRAWS:
        return draws_json (site, view, size);
    case ROUTE_REFUSED:
        return view_json_refused (refusals_text (sight_refusals (sight)), REFUSED_LAST,
                                  size);
    case ROUTE_HISTORY:
        return history_text (site, now_ms, size);
    case ROUTE_METRICS:
        return exposition_text (sight_exposition (sight), size);
    default:
        return view_json_status (view, size);
    }
}

static char *agencies_json (const view_t *view, const view_draw_t *draw, size_t *size)
{
    static const view_draw_t none;
    return view_json_agencies (view, draw ? draw : &none, false, size);
}

static char *draws_json (const site_t *site, const view_t *view, size_t *size)
{
    json_t *json = json_new ();
    json_object (json, NULL);
    json_array (json, "draws");
    for (size_t i = 0; i < view->draws; i++)
        put_draw (site, view, &view->draw[i], json);
    json_end (json);
    json_end (json);
    return json_finish (&json, size);
}

static void put_draw (const site_t *site, const view_t *view, const view_draw_t *draw,
                      json_t *json)
{
    const bool state = view_told (view, STATUS_STATE),
               sold = view_told (view, STATUS_STORAGE);
    uint64_t winners = 0;
    const bool counted = tally_winners (site->tally, draw, &winners);
    json_line (json);
    json_object (json, NULL);
    json_text (json, "name", draw->name);
    json_text (json, "phase", draw->has_phase ? wire_phase_name (draw->phase) : NULL);
    json_number_if (json, "agencies", state, draw->agencies);
    json_text (json, "source", draw->source ? wire_source_name (draw->source) : NULL);
    json_number_if (json, "ready", state, draw->ready);
    json_number_if (json, "revealed", state && view_provable (draw), draw->revealed);
    json_number_if (json, "served", state, draw->served);
    json_number_if (json, "bets", sold, draw->bets);
    json_number_if (json, "cancelled", sold, draw->cancelled);
    json_time (json, "opened", draw->opened_ms);
    json_time (json, "closed", draw->closed_ms);
    json_time (json, "drawn", draw->drawn_ms);
    json_number_if (json, "number", draw->has_number, draw->number);
    json_number_if (json, "winners", counted, winners);
    json_end (json);
}

static char *history_text (const site_t *site, int64_t now_ms, size_t *size)
{
    json_t *json = json_new ();
    json_object (json, NULL);
    json_time (json, "time", clock_wall_ms ());
    history_json (site->history, now_ms, json);
    json_end (json);
    return json_finish (&json, size);
}

static http_answer_t page_answer (const char *path)
{
    static const struct {
        const char *end, *type;
    } types[] = {{".html", "text/html; charset=utf-8"},
                 {".css", "text/css; charset=utf-8"},
                 {".js", "text/javascript; charset=utf-8"},
                 {".svg", "image/svg+xml"}};
    const char *name = strcmp (path, "/") == 0 ? "index.html" : path + 1;
    const page_file_t *file = page_files;
    while (file->name && strcmp (file->name, name) != 0)
        file++;
    if (!file->name)
        return error_answer (404, "there is nothing at this path");
    size_t type = 0;
    while (strcmp (strrchr (name, '.'), types[type].end) != 0)
        type++;
    char *copy = malloc (file->size);
    assert (copy);
    memcpy (copy, file->data, file->size);
    return (http_answer_t){200, types[type].type, content_new (copy, file->size)};
}

static http_answer_t notes_answer (site_t *site, const view_t *view,
                                   const view_draw_t *draw, int64_t now_ms)
{
    if (!view_told (view, STATUS_STATE))
        return error_answer (503, "state does not answer, which knows what draws are");
    if (!draw || !view_provable (draw) || draw->phase == PHASE_PLANNED)
        return error_answer (404, "only a provable draw that was opened has notes");
    return (http_answer_t){200, JSON, gazette_look (site->gazette, draw, now_ms)};
}

static http_answer_t ready_answer (const sight_t *sight)
{
    bool ready;
    size_t size;
    char *text = readiness_json (sight_view (sight), &ready, &size);
    return (http_answer_t){ready ? 200 : 503, JSON, content_new (text, size)};
}

static http_answer_t error_answer (unsigned status, const char *why)
{
    char *text;
    const int size = asprintf (&text, "{\"error\":\"%s\"}\n", why);
    assert (size != -1);
    return (http_answer_t){status, JSON, content_new (text, (size_t) size)};
}

static content_t *content_of_text (const char *text)
{
    char *copy = strdup (text);
    assert (copy);
    return content_new (copy, strlen (copy));
}
