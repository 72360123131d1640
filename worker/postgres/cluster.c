/* cluster.c - one connection to whichever machine of a cluster takes writes. For
   loteria-postgres.

   libpq tries the hosts of a URL one after the other, and a machine that hangs takes it
   as long as connect_timeout says, two seconds at least. So here each is tried with a
   connection of its own, all at once; and while one hangs, those that said no are asked
   again, of which one may have been promoted meanwhile. */

#include "cluster.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define AGAIN_MS    100 // after a no, before the same is asked again
#define OTHERS_MS   50  // what the others have to say is waited for
#define TIMELINE_MS 500 // for one that takes writes to say since when
#define ITEMS_MAX   (HOSTS_MAX + 1)
#define PAIRS_MAX   64
#define SESSION                                                                        \
    "-c synchronous_commit=on -c client_connection_check_interval=1000 "               \
    "-c statement_timeout=0 -c lock_timeout=0 -c idle_session_timeout=0 "              \
    "-c default_transaction_isolation=read\\ committed"

typedef struct {
    PGconn *connection;
    PostgresPollingStatusType wants;
    PGconn *refused;  // the one before, which tells why; NULL: this is the first
    int64_t again_ms; // when to ask again, once it has failed
    uint32_t timeline;
} try_t;

static int check_options (const place_t *place, bool insecure, char *why);
static int split_hosts (place_t *place, char *why);
static size_t split (char *text, char *parts[HOSTS_MAX]);
static char *option (const place_t *place, const char *keyword);
static bool is_near (const place_t *place, size_t host);
static void write_label (place_t *place);
static bool has_port (const place_t *place, size_t host);
static PGconn *start (const place_t *place, size_t host);
static bool wait_for_one (const session_t *session, const place_t *place, try_t *tries);
static void begin (try_t *a_try, const place_t *place, size_t host);
static int64_t ask_again (try_t *tries, const place_t *place);
static bool go_on (try_t *tries, size_t count, int wake, int64_t until_ms);
static void fail_if_bad (try_t *a_try);
static bool decided (const try_t *a_try);
static void note_fault (const place_t *place, const try_t *a_try, char *why,
                        fault_t *fault);
static size_t choose (session_t *session, try_t *tries, size_t count);
static uint32_t timeline (session_t *session, PGconn *connection);
static void take_notice (void *context, const PGresult *result);
static int pump (session_t *session, int64_t until_ms);
static int64_t now_ms (void);

int place_read (place_t *place, const char *url, bool insecure, char *why)
{
    char *error = NULL, *plain = strdup (url), *mark;
    assert (plain);
    *place = (place_t){0};
    mark = strrchr (plain, '#');
    if (mark)
        *mark++ = 0;
    snprintf (place->log, sizeof place->log, "%s", mark ? mark : ENGINE_LOG_NAME);
    place->options = PQconninfoParse (plain, &error);
    int rc = 0;
    if (!place->options) {
        char line[ENGINE_WHY_BYTES / 2];
        one_line (line, sizeof line, error ? error : "out of memory");
        snprintf (why, ENGINE_WHY_BYTES,
                  "--log: this is no address of a PostgreSQL: %s", line);
        PQfreemem (error);
        rc = -1;
    } else if (mark && (!*mark || strlen (mark) >= sizeof place->log)) {
        snprintf (why, ENGINE_WHY_BYTES,
                  "--log: behind # is the log's name, of 1 to %zu bytes",
                  sizeof place->log - 1);
        rc = -1;
    }
    free (plain);
    if (rc == 0)
        rc =
            split_hosts (place, why) == -1 || check_options (place, insecure, why) == -1
                ? -1
                : 0;
    if (rc == 0)
        write_label (place);
    else
        place_forget (place);
    return rc;
}

void place_forget (place_t *place)
{
    PQconninfoFree (place->options);
    for (size_t i = 0; i < HOSTS_MAX; i++) {
        free (place->hosts[i]);
        free (place->addresses[i]);
        free (place->ports[i]);
    }
    *place = (place_t){0};
}

/* Everybody who is on a machine may see how its processes were started. */
static int check_options (const place_t *place, bool insecure, char *why)
{
    static const char *const secrets[] = {"password", "sslpassword"};
    const char *mode = option (place, "sslmode");
    for (size_t i = 0; i < 2; i++)
        if (option (place, secrets[i])) {
            snprintf (
                why, ENGINE_WHY_BYTES,
                "--log: a %s in it is seen by everybody who looks at the machine's "
                "processes: %s",
                secrets[i], fault_advice (FAULT_PASSWORD));
            return -1;
        }
    for (size_t i = 0; i < place->count && !insecure; i++)
        if (!is_near (place, i) && (!mode || strcmp (mode, "verify-full") != 0)) {
            snprintf (why, ENGINE_WHY_BYTES,
                      "--log: %.100s is another machine, and bets and password would "
                      "travel to whoever answers: add sslmode=verify-full and "
                      "sslrootcert=FILE, or start with --insecure",
                      place->hosts[i]);
            return -1;
        }
    return 0;
}

static int split_hosts (place_t *place, char *why)
{
    char *host = option (place, "host"), *address = option (place, "hostaddr");
    char *port = option (place, "port");
    const size_t hosts = split (host, place->hosts);
    const size_t addresses = split (address, place->addresses);
    const size_t ports = split (port, place->ports);
    place->count = hosts > addresses ? hosts : addresses;
    if (place->count == 0) {
        snprintf (why, ENGINE_WHY_BYTES,
                  "--log: it names no host: postgres://HOST[:PORT][,HOST...]/DATABASE");
        return -1;
    }
    if (place->count > HOSTS_MAX || (ports > 1 && ports != place->count) ||
        (hosts > 0 && addresses > 0 && hosts != addresses)) {
        snprintf (why, ENGINE_WHY_BYTES,
                  "--log: it names more than %d hosts, or not as many hosts as ports",
                  HOSTS_MAX);
        return -1;
    }
    for (size_t i = 1; ports == 1 && i < place->count; i++)
        place->ports[i] = strdup (place->ports[0]);
    return 0;
}

/* At commas; how many there are. Beyond HOSTS_MAX they are counted only. */
static size_t split (char *text, char *parts[HOSTS_MAX])
{
    size_t count = 0;
    while (text) {
        const size_t size = strcspn (text, ",");
        if (count < HOSTS_MAX)
            parts[count] = strndup (text, size);
        count++;
        text = text[size] ? text + size + 1 : NULL;
    }
    return count;
}

static char *option (const place_t *place, const char *keyword)
{
    for (const PQconninfoOption *o = place->options; o->keyword; o++)
        if (strcmp (o->keyword, keyword) == 0)
            return o->val && o->val[0] ? o->val : NULL;
    return NULL;
}

static bool is_near (const place_t *place, size_t host)
{
    const char *name =
        place->addresses[host] ? place->addresses[host] : place->hosts[host];
    return !name || name[0] == 0 || name[0] == '/' || name[0] == '@' ||
           strncmp (name, "127.", 4) == 0 || strcmp (name, "::1") == 0 ||
           strcmp (name, "localhost") == 0;
}

static void write_label (place_t *place)
{
    const char *database = option (place, "dbname");
    size_t at = (size_t) snprintf (place->label, LABEL_BYTES / 2, "postgres://");
    for (size_t i = 0; i < place->count && at < LABEL_BYTES / 2; i++)
        at += (size_t) snprintf (
            place->label + at, LABEL_BYTES / 2 - at, "%s%s%s%s", i ? "," : "",
            place->hosts[i] ? place->hosts[i] : place->addresses[i],
            has_port (place, i) ? ":" : "", has_port (place, i) ? place->ports[i] : "");
    at = strlen (place->label);
    snprintf (place->label + at, LABEL_BYTES - at, "/%.40s#%.40s",
              database ? database : "", place->log);
}

/* libpq has an empty one where the URL has none. */
static bool has_port (const place_t *place, size_t host)
{
    return place->ports[host] && place->ports[host][0];
}

int session_open (session_t *session, const place_t *place, char *why, fault_t *fault)
{
    try_t tries[HOSTS_MAX] = {{0}};
    why[0] = 0;
    *fault = FAULT_AWAY;
    for (size_t i = 0; i < place->count; i++)
        begin (&tries[i], place, i);
    const bool found = wait_for_one (session, place, tries);
    const size_t chosen = found ? choose (session, tries, place->count) : place->count;
    for (size_t i = 0; i < place->count; i++) {
        if (!found)
            note_fault (place, &tries[i], why, fault);
        if (i != chosen)
            PQfinish (tries[i].connection);
        PQfinish (tries[i].refused);
    }
    if (!found)
        return -1;
    session->connection = tries[chosen].connection;
    PQsetNoticeReceiver (session->connection, take_notice, session);
    PQsetnonblocking (session->connection, 1);
    return 0;
}

int session_await (session_t *session, const place_t *place, char *why, fault_t *fault)
{
    const int64_t until_ms = now_ms () + CONNECT_WAIT_MS;
    int rc = session_open (session, place, why, fault);
    while (rc == -1 && *fault == FAULT_STANDBY && now_ms () < until_ms) {
        poll (NULL, 0, AGAIN_MS);
        rc = session_open (session, place, why, fault);
    }
    return rc;
}

/* That takes writes; then a moment longer, for another that says so. */
static bool wait_for_one (const session_t *session, const place_t *place, try_t *tries)
{
    int64_t until_ms = now_ms () + CONNECT_WAIT_MS;
    bool open = true, found = false;
    while (open) {
        const int64_t again_ms = found ? until_ms : ask_again (tries, place);
        open = go_on (tries, place->count, session->wake,
                      again_ms < until_ms ? again_ms : until_ms);
        bool all = true, any = false;
        for (size_t i = 0; i < place->count; i++) {
            all = all && decided (&tries[i]);
            any = any || tries[i].wants == PGRES_POLLING_OK;
        }
        if (any && !found)
            until_ms = now_ms () + OTHERS_MS;
        found = any;
        open = open && !all && now_ms () < until_ms;
    }
    return found;
}

static void begin (try_t *a_try, const place_t *place, size_t host)
{
    a_try->connection = start (place, host);
    a_try->wants = PGRES_POLLING_WRITING;
    a_try->again_ms = INT64_MAX;
}

/* Those that said no, and for whom it is time; when it is for the next one. */
static int64_t ask_again (try_t *tries, const place_t *place)
{
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < place->count; i++) {
        try_t *a_try = &tries[i];
        if (a_try->again_ms <= now_ms ()) {
            PQfinish (a_try->refused);
            a_try->refused = a_try->connection;
            begin (a_try, place, i);
        }
        if (a_try->again_ms < next_ms)
            next_ms = a_try->again_ms;
    }
    return next_ms;
}

void session_close (session_t *session)
{
    PQfinish (session->connection);
    session->connection = NULL;
}

/* This host alone; what the session must be, in `options` behind what the URL has. */
static PGconn *start (const place_t *place, size_t host)
{
    const char *keywords[PAIRS_MAX + 1], *values[PAIRS_MAX + 1];
    char session[1024];
    size_t count = 0;
    for (const PQconninfoOption *o = place->options; o->keyword; o++) {
        const char *value = o->val;
        if (strcmp (o->keyword, "host") == 0)
            value = place->hosts[host];
        else if (strcmp (o->keyword, "hostaddr") == 0)
            value = place->addresses[host];
        else if (strcmp (o->keyword, "port") == 0)
            value = place->ports[host];
        else if (strcmp (o->keyword, "target_session_attrs") == 0)
            value = "read-write";
        else if (strcmp (o->keyword, "options") == 0) {
            snprintf (session, sizeof session, "%.700s " SESSION, value ? value : "");
            value = session;
        } else if (strcmp (o->keyword, "fallback_application_name") == 0)
            value = "loteria";
        else if (strcmp (o->keyword, "keepalives_idle") == 0 && !value)
            value = "5";
        else if (strcmp (o->keyword, "keepalives_interval") == 0 && !value)
            value = "2";
        else if (strcmp (o->keyword, "keepalives_count") == 0 && !value)
            value = "3";
        if (value && value[0] && count < PAIRS_MAX) {
            keywords[count] = o->keyword;
            values[count++] = value;
        }
    }
    keywords[count] = values[count] = NULL;
    PGconn *connection = PQconnectStartParams (keywords, values, 0);
    assert (connection);
    return connection;
}

/* Wait for news of one of them, and take them in. False when somebody woke us. */
static bool go_on (try_t *tries, size_t count, int wake, int64_t until_ms)
{
    struct pollfd items[ITEMS_MAX];
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        fail_if_bad (&tries[i]);
        if (!decided (&tries[i]))
            items[used++] = (struct pollfd){
                .fd = PQsocket (tries[i].connection),
                .events = tries[i].wants == PGRES_POLLING_READING ? POLLIN : POLLOUT};
    }
    if (used == 0)
        return true;
    const int64_t left_ms = until_ms - now_ms ();
    items[used] = (struct pollfd){.fd = wake, .events = POLLIN};
    if (poll (items, (nfds_t) used + (wake != -1), left_ms > 0 ? (int) left_ms : 0) < 1)
        return true;
    if (wake != -1 && items[used].revents)
        return false;
    for (size_t i = 0, item = 0; i < count; i++)
        if (!decided (&tries[i]) && items[item++].revents) {
            tries[i].wants = PQconnectPoll (tries[i].connection);
            fail_if_bad (&tries[i]);
        }
    return true;
}

static void fail_if_bad (try_t *a_try)
{
    if (PQstatus (a_try->connection) != CONNECTION_BAD || a_try->again_ms != INT64_MAX)
        return;
    a_try->wants = PGRES_POLLING_FAILED;
    a_try->again_ms = now_ms () + AGAIN_MS;
}

static bool decided (const try_t *a_try)
{
    return a_try->wants == PGRES_POLLING_OK || a_try->wants == PGRES_POLLING_FAILED;
}

/* The one that says most is told: what somebody has to mend before what may pass. */
static void note_fault (const place_t *place, const try_t *a_try, char *why,
                        fault_t *fault)
{
    char line[ENGINE_WHY_BYTES / 2];
    const PGconn *failed =
        a_try->wants == PGRES_POLLING_FAILED ? a_try->connection : a_try->refused;
    const bool silent = !failed;
    const char *error =
        silent ? "it does not answer: timeout" : PQerrorMessage (failed);
    const fault_t here = silent ? FAULT_AWAY : fault_of (error);
    if (why[0] && here <= *fault)
        return;
    *fault = here;
    one_line (line, sizeof line, error);
    snprintf (why, ENGINE_WHY_BYTES, "%s%s: %s; %s", place->label,
              place->count > 1 && here == FAULT_AWAY
                  ? ": none of them can be reached, the first"
                  : "",
              line, fault_advice (here));
}

/* Two that take writes are two primaries, of which the older one was left behind. */
static size_t choose (session_t *session, try_t *tries, size_t count)
{
    size_t chosen = count, several = 0;
    for (size_t i = 0; i < count; i++)
        several += tries[i].wants == PGRES_POLLING_OK;
    for (size_t i = 0; i < count; i++) {
        if (tries[i].wants != PGRES_POLLING_OK)
            continue;
        if (several > 1)
            tries[i].timeline = timeline (session, tries[i].connection);
        if (chosen == count || tries[i].timeline > tries[chosen].timeline)
            chosen = i;
    }
    return chosen;
}

static uint32_t timeline (session_t *session, PGconn *connection)
{
    char why[ENGINE_WHY_BYTES], sqlstate[SQLSTATE_BYTES];
    session_t other = {.connection = connection, .wake = session->wake};
    PQsetnonblocking (connection, 1);
    PGresult *result = session_run (
        &other, "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)", 0, NULL,
        TIMELINE_MS, why, sqlstate);
    const uint32_t number =
        result ? (uint32_t) strtoul (PQgetvalue (result, 0, 0), NULL, 16) : 0;
    PQclear (result);
    return number;
}

/* Warnings, and notices of which nobody knows what they mean. */
static void take_notice (void *context, const PGresult *result)
{
    session_t *session = context;
    const char *text = PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY);
    one_line (session->notice, sizeof session->notice, text ? text : "?");
    session->notices++;
}

int session_result (session_t *session, int64_t wait_ms, PGresult **result)
{
    const int64_t until_ms = wait_ms == -1 ? INT64_MAX : now_ms () + wait_ms;
    const int rc = pump (session, until_ms);
    if (rc == 1)
        *result = PQgetResult (session->connection);
    return rc;
}

static int pump (session_t *session, int64_t until_ms)
{
    PGconn *connection = session->connection;
    for (;;) {
        const int unsent = PQflush (connection);
        if (unsent == -1 || PQstatus (connection) == CONNECTION_BAD)
            return -1;
        if (unsent == 0 && !PQisBusy (connection))
            return 1;
        struct pollfd items[] = {
            {.fd = PQsocket (connection), .events = unsent ? POLLIN | POLLOUT : POLLIN},
            {.fd = session->wake, .events = POLLIN}};
        const int64_t left_ms = until_ms == INT64_MAX ? -1 : until_ms - now_ms ();
        if (until_ms != INT64_MAX && left_ms <= 0)
            return 0;
        poll (items, session->wake == -1 ? 1 : 2, (int) left_ms);
        if (session->wake != -1 && items[1].revents)
            return 0;
        if (items[0].revents && !PQconsumeInput (connection))
            return -1;
    }
}

PGresult *session_run (session_t *session, const char *sql, int count,
                       const char *const *values, int64_t wait_ms, char *why,
                       char *sqlstate)
{
    PGresult *result = NULL, *next = NULL;
    sqlstate[0] = 0;
    int rc =
        PQsendQueryParams (session->connection, sql, count, NULL, values, NULL, NULL, 0)
            ? session_result (session, wait_ms, &result)
            : -1;
    while (rc == 1 && (rc = session_result (session, wait_ms, &next)) == 1 && next)
        PQclear (next);
    const ExecStatusType status = result ? PQresultStatus (result) : PGRES_FATAL_ERROR;
    if (rc == 1 && (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK))
        return result;
    char line[ENGINE_WHY_BYTES / 2];
    const char *state = result ? PQresultErrorField (result, PG_DIAG_SQLSTATE) : NULL;
    const char *text =
        result ? PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    if (state)
        snprintf (sqlstate, SQLSTATE_BYTES, "%s", state);
    one_line (line, sizeof line,
              text      ? text
              : rc == 0 ? "it did not answer in time"
                        : "the connection was lost");
    snprintf (why, ENGINE_WHY_BYTES, "%s%s%s", line, state ? "; " : "",
              state ? sqlstate_advice (state) : "");
    PQclear (result);
    return NULL;
}

static int64_t now_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
