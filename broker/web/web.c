/* web.c - loteria-web at work. In: requests of browsers and of Prometheus, and what the
   central's parts report. Out: a page, JSON, events, metrics. Read-only, and no state
   that matters: what it knows is asked for again. */

#include "web.h"

#include <assert.h>
#include <stdlib.h>

#include "clock.h"
#include "http.h"
#include "logger.h"
#include "notify.h"
#include "process.h"
#include "listener.h"
#include "sight.h"
#include "site.h"

#define LOOKED_MS       15000 // after a request somebody is still looking
#define LOGGED_MS       60000 // between two lines of a part that falls silent
#define HEARTBEAT_MS    15000 // a stream says something at least so often
#define WEB_DESCRIPTORS 64    // besides its connections

typedef struct {
    const web_options_t *options;
    const config_t *config;
    address_t listen;
    http_t *http;
    sight_t *sight;
    site_t *site;
    int64_t looked_ms;               // the last request for something seen
    int64_t told_ms;                 // the last event
    bool silent[STATUS_PARTS];       // as was logged
    int64_t logged_ms[STATUS_PARTS]; // when it was logged as silent
} web_t;

static int start (web_t *web, problem_t *problem);
static void log_start (const web_t *web);
static void stop (web_t *web);
static void turn (web_t *web, int64_t now_ms);
static void log_parts (web_t *web, int64_t now_ms);
static void tell (web_t *web, content_t *event, int64_t now_ms);
static content_t *heartbeat (void);
static void wait_for_work (web_t *web, int signal_fd);
static http_answer_t answer (void *context, route_t route, const char *path,
                             const char *draw);
static content_t *greeting (void *context);

int web_serve (const web_options_t *options, const config_t *config, int signal_fd)
{
    web_t web = {.options = options, .config = config, .listen = options->listen};
    problem_t problem;
    if (start (&web, &problem) == -1) {
        stop (&web);
        process_end (&problem);
    }
    log_start (&web);
    while (!process_signal (signal_fd)) {
        wait_for_work (&web, signal_fd);
        turn (&web, clock_ms ());
    }
    logger_event (LOG_INFO, "shutdown", LOG_IN_PROGRESS, NULL);
    stop (&web);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, "closed: sockets");
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, NULL);
    return 0;
}

static int start (web_t *web, problem_t *problem)
{
    const int64_t now_ms = clock_ms ();
    if (process_need_descriptors (HTTP_CONNECTIONS_MAX + WEB_DESCRIPTORS, problem) ==
        -1)
        return -1;
    web->looked_ms = now_ms;
    web->site = site_new ();
    web->sight = sight_new (web->config, &web->options->given, now_ms, problem);
    if (!web->sight)
        return -1;
    const int listener = listener_open (&web->listen, problem);
    if (listener == -1)
        return -1;
    const http_options_t http = {.listener = listener,
                                 .token = web->options->token,
                                 .answer = answer,
                                 .greeting = greeting,
                                 .context = web};
    web->http = http_new (&http);
    if (!web->http)
        return problem_set (problem, PROCESS_FAILED, "listen",
                            "endpoint: %s | reason: the server does not start",
                            web->listen.endpoint);
    tell (web, site_news (web->site, web->sight, 0, now_ms), now_ms);
    return 0;
}

static void log_start (const web_t *web)
{
    const char *at = web->listen.endpoint + strlen ("tcp://");
    if (*sight_reason (web->sight))
        logger_event (LOG_WARNING, "web", LOG_IN_PROGRESS,
                      "reason: %s | consequence: it is looked for",
                      sight_reason (web->sight));
    logger_event (LOG_INFO, "web", LOG_IN_PROGRESS, "listen: http://%s | token: %s", at,
                  web->options->token ? "wanted" : "none");
    notify_say ("READY=1");
}

static void stop (web_t *web)
{
    http_destroy (&web->http);
    sight_destroy (&web->sight);
    site_destroy (&web->site);
}

static void turn (web_t *web, int64_t now_ms)
{
    const bool watched =
        http_streams (web->http) > 0 || now_ms < web->looked_ms + LOOKED_MS;
    http_turn (web->http, now_ms);
    sight_pace (web->sight, watched ? SIGHT_QUICK_MS : SIGHT_CALM_MS);
    if (sight_turn (web->sight, now_ms)) {
        log_parts (web, now_ms);
        tell (web, site_news (web->site, web->sight, http_streams (web->http), now_ms),
              now_ms);
    } else if (now_ms >= web->told_ms + HEARTBEAT_MS)
        tell (web, heartbeat (), now_ms);
    if (watched)
        site_turn (web->site, web->sight, now_ms);
}

/* Each once: that it does not answer, at most once a minute, and that it does again. */
static void log_parts (web_t *web, int64_t now_ms)
{
    const view_t *view = sight_view (web->sight);
    for (status_part_t part = 0; view && part < STATUS_PARTS; part++) {
        const view_part_t *at = &view->part[part];
        const bool silent = at->answer == VIEW_SILENT;
        if (at->answer == VIEW_ABSENT || silent == web->silent[part])
            continue;
        if (silent && web->logged_ms[part] > 0 &&
            now_ms < web->logged_ms[part] + LOGGED_MS)
            continue; // later, if it still is
        web->silent[part] = silent;
        if (silent)
            web->logged_ms[part] = now_ms;
        if (silent)
            logger_event (LOG_WARNING, "web", LOG_FAIL, "part: %s | reason: %s",
                          status_part_name (part), at->reason);
        else
            logger_event (LOG_INFO, "web", LOG_SUCCESS,
                          "part: %s | reason: it answers again",
                          status_part_name (part));
    }
}

static void tell (web_t *web, content_t *event, int64_t now_ms)
{
    http_publish (web->http, event, now_ms);
    web->told_ms = now_ms;
}

/* A comment: who went away without a word is noticed by it. */
static content_t *heartbeat (void)
{
    char *text = strdup (": still here\n\n");
    assert (text);
    return content_new (text, strlen (text));
}

static void wait_for_work (web_t *web, int signal_fd)
{
    zmq_pollitem_t items[2 + SIGHT_ITEMS_MAX] = {
        {.fd = signal_fd, .events = ZMQ_POLLIN}, http_item (web->http)};
    const int64_t now_ms = clock_ms ();
    const int count = 2 + (int) sight_items (web->sight, items + 2);
    int64_t deadline = http_deadline (web->http, now_ms);
    if (sight_deadline (web->sight, now_ms) < deadline)
        deadline = sight_deadline (web->sight, now_ms);
    if (web->told_ms + HEARTBEAT_MS < deadline)
        deadline = web->told_ms + HEARTBEAT_MS;
    zmq_poll (items, count, notify_timeout (now_ms, deadline));
}

static http_answer_t answer (void *context, route_t route, const char *path,
                             const char *draw)
{
    web_t *web = context;
    if (route > ROUTE_READYZ)
        web->looked_ms = clock_ms ();
    return site_answer (web->site, web->sight, route, path, draw, clock_ms ());
}

static content_t *greeting (void *context)
{
    web_t *web = context;
    return site_greeting (web->site, web->sight, clock_ms ());
}
