/* postgres.c - the module of the package loteria-postgres: an engine (engine.h) that is
   a PostgreSQL with synchronous standbys.

   Each line has a connection and a thread of its own, which waits so that nobody else
   has to. Line and thread hand each other the question and its answer by event
   descriptors, and touch neither while the other has them.

   Nothing that writes is ever cancelled: a server that waits for a standby would say
   then that all is well. What takes too long is left to itself, with its connection. */

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "schema.h"

#define READ_MS    2000 // for a server to answer what changes nothing
#define NUMBER     24   // bytes of one, as text
#define BINARY     1
#define VALUES_MAX 5

enum { ORDER_ASK = 1, ORDER_GIVE_UP = 2 };

typedef struct postgres postgres_t;

typedef struct {
    postgres_t *postgres;
    engine_line_t which;
    pthread_t thread;
    int orders, answers; // event descriptors; of orders what is to be read ends a wait
    bool asked;
    atomic_bool over; // the thread is to end
    engine_question_t question;
    engine_answer_t answer;
    engine_outcome_t outcome;
    session_t session;
    bool prepared[ENGINE_TAKE + 1]; // on this connection
    PGresult *read;                 // what `entries` borrow
    engine_entry_t entries[ENGINE_ENTRIES_MAX + 1];
} line_t;

struct postgres {
    engine_t engine;
    place_t place;
    bool insecure_async;
    schema_log_t log;
    line_t lines[ENGINE_LINES];
};

typedef struct {
    int count;
    const char *values[VALUES_MAX];
    int sizes[VALUES_MAX], formats[VALUES_MAX];
    char numbers[VALUES_MAX][NUMBER];
} values_t;

static engine_open_t postgres_open (const engine_options_t *options, engine_t **engine,
                                    char *why);
static engine_open_t postgres_init (const engine_options_t *options, const char *role,
                                    char *why);
static void postgres_ask (engine_t *engine, engine_line_t which,
                          const engine_question_t *question);
static engine_outcome_t postgres_look (engine_t *engine, engine_line_t which,
                                       engine_answer_t *answer);
static int postgres_descriptor (engine_t *engine, engine_line_t which);
static void postgres_give_up (engine_t *engine, engine_line_t which);
static void postgres_close (engine_t *engine);
static void start_line (postgres_t *postgres, engine_line_t which);
static void *serve (void *context);
static engine_outcome_t answer (line_t *line);
static bool is_connected (const line_t *line);
static int be_connected (line_t *line);
static engine_outcome_t write_it (line_t *line);
static void fill (const line_t *line, values_t *values);
static void add_number (values_t *values, uint64_t number);
static int prepare (line_t *line, engine_kind_t kind);
static const char *statement (const line_t *line, engine_kind_t kind);
static int send_it (line_t *line, const values_t *values);
static int gather (line_t *line, facts_t *facts, char sqlstate[SQLSTATE_BYTES]);
static void note_result (line_t *line, const PGresult *result, bool check,
                         facts_t *facts, char sqlstate[SQLSTATE_BYTES]);
static void explain (line_t *line, const facts_t *facts);
static engine_outcome_t explain_none (line_t *line);
static engine_outcome_t see (line_t *line);
static engine_outcome_t leave (line_t *line, uint64_t epoch);
static engine_outcome_t read_on (line_t *line);
static void take_entries (line_t *line);
static PGresult *run (line_t *line, engine_kind_t kind, const values_t *values,
                      int format);
static void drop (line_t *line);
static uint64_t number_in (const PGresult *result, int row, int column);

const engine_module_t loteria_engine_module __attribute__ ((visibility ("default"))) = {
    .version = ENGINE_MODULE_VERSION, .open = postgres_open, .init = postgres_init};

static const char *const names[] = {"read", "commit", "see", "renew", "take"};

static const engine_ops_t postgres_ops = {.ask = postgres_ask,
                                          .look = postgres_look,
                                          .descriptor = postgres_descriptor,
                                          .give_up = postgres_give_up,
                                          .close = postgres_close};

static engine_open_t postgres_open (const engine_options_t *options, engine_t **engine,
                                    char *why)
{
    postgres_t *postgres = calloc (1, sizeof *postgres);
    assert (postgres);
    session_t session = {.wake = -1};
    fault_t fault = FAULT_OTHER;
    bool stays = true;
    int rc = place_read (&postgres->place, options->url, options->insecure, why);
    if (rc == 0) {
        rc = session_await (&session, &postgres->place, why, &fault);
        stays = fault_stays (fault);
    }
    if (rc == 0)
        rc = schema_check (&session, &postgres->place, options->insecure_async,
                           &postgres->log, why, &stays);
    if (rc == -1) {
        session_close (&session);
        place_forget (&postgres->place);
        free (postgres);
        return stays ? ENGINE_UNUSABLE : ENGINE_NOT_NOW;
    }
    postgres->insecure_async = options->insecure_async;
    postgres->engine = (engine_t){.ops = &postgres_ops,
                                  .identity = postgres->log.identity,
                                  .name = postgres->place.label};
    session_close (&session);
    for (int which = 0; which < ENGINE_LINES; which++)
        start_line (postgres, (engine_line_t) which);
    *engine = &postgres->engine;
    return ENGINE_OPENED;
}

static engine_open_t postgres_init (const engine_options_t *options, const char *role,
                                    char *why)
{
    place_t place;
    session_t session = {.wake = -1};
    fault_t fault = FAULT_OTHER;
    if (place_read (&place, options->url, options->insecure, why) == -1)
        return ENGINE_UNUSABLE;
    engine_open_t came = ENGINE_OPENED;
    if (session_open (&session, &place, why, &fault) == -1)
        came = fault_stays (fault) ? ENGINE_UNUSABLE : ENGINE_NOT_NOW;
    else if (schema_make (&session, &place, role, why) == -1)
        came = ENGINE_UNUSABLE;
    session_close (&session);
    place_forget (&place);
    return came;
}

static void start_line (postgres_t *postgres, engine_line_t which)
{
    line_t *line = &postgres->lines[which];
    sigset_t all, before;
    line->postgres = postgres;
    line->which = which;
    line->orders = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    line->answers = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    line->session.wake = line->orders;
    assert (line->orders != -1 && line->answers != -1);
    sigfillset (&all); // signals are for the others
    pthread_sigmask (SIG_SETMASK, &all, &before);
    const int error = pthread_create (&line->thread, NULL, serve, line);
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    assert (error == 0);
}

/* ---- Asked from outside ---- */

static void tell (int descriptor, uint64_t what)
{
    const ssize_t wrote = write (descriptor, &what, sizeof what);
    assert (wrote == sizeof what);
}

static void postgres_ask (engine_t *engine, engine_line_t which,
                          const engine_question_t *question)
{
    line_t *line = &((postgres_t *) engine)->lines[which];
    assert (!line->asked);
    line->question = *question;
    line->asked = true;
    tell (line->orders, ORDER_ASK);
}

static engine_outcome_t postgres_look (engine_t *engine, engine_line_t which,
                                       engine_answer_t *taken)
{
    line_t *line = &((postgres_t *) engine)->lines[which];
    uint64_t news;
    if (!line->asked || read (line->answers, &news, sizeof news) != sizeof news)
        return ENGINE_PENDING;
    line->asked = false;
    *taken = line->answer;
    return line->outcome;
}

static int postgres_descriptor (engine_t *engine, engine_line_t which)
{
    return ((postgres_t *) engine)->lines[which].answers;
}

static void postgres_give_up (engine_t *engine, engine_line_t which)
{
    line_t *line = &((postgres_t *) engine)->lines[which];
    if (line->asked)
        tell (line->orders, ORDER_GIVE_UP);
}

static void postgres_close (engine_t *engine)
{
    postgres_t *postgres = (postgres_t *) engine;
    for (int i = 0; i < ENGINE_LINES; i++) {
        line_t *line = &postgres->lines[i];
        atomic_store (&line->over, true);
        tell (line->orders, ORDER_GIVE_UP);
        pthread_join (line->thread, NULL);
        drop (line);
        PQclear (line->read);
        close (line->orders);
        close (line->answers);
    }
    place_forget (&postgres->place);
    free (postgres);
}

/* ---- The thread of a line ---- */

static void *serve (void *context)
{
    line_t *line = context;
    while (!atomic_load (&line->over)) {
        struct pollfd order = {.fd = line->orders, .events = POLLIN};
        uint64_t what = 0;
        poll (&order, 1, -1);
        if (read (line->orders, &what, sizeof what) != sizeof what ||
            !(what & ORDER_ASK) || atomic_load (&line->over))
            continue;
        memset (&line->answer, 0, sizeof line->answer);
        line->outcome = answer (line);
        tell (line->answers, 1);
    }
    return NULL;
}

/* What commits has to be the connection that the tail was read on: another one may lead
   to a machine that has another. */
static engine_outcome_t answer (line_t *line)
{
    const engine_kind_t kind = line->question.kind;
    if (kind == ENGINE_COMMIT && !is_connected (line)) {
        snprintf (line->answer.why, ENGINE_WHY_BYTES,
                  "the connection was lost before it was sent");
        return ENGINE_FAILED;
    }
    if (be_connected (line) == -1 || prepare (line, kind) == -1)
        return ENGINE_FAILED;
    return kind == ENGINE_READ  ? read_on (line)
           : kind == ENGINE_SEE ? see (line)
                                : write_it (line);
}

static bool is_connected (const line_t *line)
{
    return line->session.connection &&
           PQstatus (line->session.connection) == CONNECTION_OK;
}

static int be_connected (line_t *line)
{
    fault_t fault;
    if (is_connected (line))
        return 0;
    drop (line);
    return session_open (&line->session, &line->postgres->place, line->answer.why,
                         &fault);
}

static int prepare (line_t *line, engine_kind_t kind)
{
    PGresult *result = NULL, *end = NULL;
    if (line->prepared[kind])
        return 0;
    const bool done = PQsendPrepare (line->session.connection, names[kind],
                                     statement (line, kind), 0, NULL) &&
                      session_result (&line->session, READ_MS, &result) == 1 &&
                      PQresultStatus (result) == PGRES_COMMAND_OK &&
                      session_result (&line->session, READ_MS, &end) == 1 && !end;
    if (!done) {
        const char *state =
            result ? PQresultErrorField (result, PG_DIAG_SQLSTATE) : NULL;
        char text[ENGINE_WHY_BYTES / 2];
        one_line (text, sizeof text,
                  state ? PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY)
                        : "it does not answer");
        snprintf (line->answer.why, ENGINE_WHY_BYTES, "%s: %s; %s",
                  line->postgres->place.label, text,
                  sqlstate_advice (state ? state : ""));
        drop (line);
    }
    line->prepared[kind] = done;
    PQclear (result);
    return done ? 0 : -1;
}

static const char *statement (const line_t *line, engine_kind_t kind)
{
    const bool alone = line->postgres->insecure_async;
    switch (kind) {
    case ENGINE_READ:
        return STATEMENT_READ;
    case ENGINE_SEE:
        return STATEMENT_SEE;
    case ENGINE_COMMIT:
        return alone ? STATEMENT_COMMIT ("true") : STATEMENT_COMMIT (STILL_SYNCHRONOUS);
    case ENGINE_RENEW:
        return alone ? STATEMENT_RENEW ("true") : STATEMENT_RENEW (STILL_SYNCHRONOUS);
    case ENGINE_TAKE:
        break;
    }
    return alone ? STATEMENT_TAKE ("true") : STATEMENT_TAKE (STILL_SYNCHRONOUS);
}

/* With the question behind it whether anything still has to be on a second machine: a
   commit that waits while that is given up ends like any other. */
static engine_outcome_t write_it (line_t *line)
{
    values_t values = {0};
    char sqlstate[SQLSTATE_BYTES] = "";
    facts_t facts = {0};
    fill (line, &values);
    line->session.notices = 0;
    facts.lost = send_it (line, &values) == -1 || gather (line, &facts, sqlstate) == -1;
    facts.noticed = line->session.notices > 0;
    if (line->postgres->insecure_async)
        facts.alone = false;
    engine_outcome_t outcome = outcome_of (line->question.kind, &facts);
    line->answer.epoch = line->question.epoch + 1; // of TAKE
    if (outcome == ENGINE_DONE)
        return outcome;
    explain (line, &facts);
    if (facts.lost || facts.sqlstate) // another machine may take writes by now
        drop (line);
    else if (outcome == ENGINE_FENCED && facts.rows == 0 && !facts.sqlstate)
        return explain_none (line);
    return outcome;
}

static void fill (const line_t *line, values_t *values)
{
    const engine_question_t *question = &line->question;
    values->values[values->count++] = line->postgres->log.log;
    add_number (values, question->epoch);
    if (question->kind == ENGINE_TAKE) {
        values->values[values->count++] = question->holder;
        add_number (values, question->renewed);
        return;
    }
    add_number (values, question->ordinal);
    if (question->kind == ENGINE_RENEW)
        return;
    add_number (values, question->sequence);
    values->values[values->count] = (const char *) question->body.data;
    values->sizes[values->count] = (int) question->body.size;
    values->formats[values->count++] = BINARY;
}

static void add_number (values_t *values, uint64_t number)
{
    char *text = values->numbers[values->count];
    snprintf (text, NUMBER, "%llu", (unsigned long long) number);
    values->values[values->count++] = text;
}

static int send_it (line_t *line, const values_t *values)
{
    PGconn *connection = line->session.connection;
    return PQenterPipelineMode (connection) &&
                   PQsendQueryPrepared (connection, names[line->question.kind],
                                        values->count, values->values, values->sizes,
                                        values->formats, 0) &&
                   PQpipelineSync (connection) &&
                   PQsendQueryParams (connection, "SELECT " STILL_SYNCHRONOUS, 0, NULL,
                                      NULL, NULL, NULL, 0) &&
                   PQpipelineSync (connection)
               ? 0
               : -1;
}

/* Until both are answered: results, then the end of a statement, then the point. */
static int gather (line_t *line, facts_t *facts, char sqlstate[SQLSTATE_BYTES])
{
    PGresult *result;
    for (int points = 0; points < 2;) {
        if (session_result (&line->session, -1, &result) != 1)
            return -1;
        if (!result)
            continue;
        if (PQresultStatus (result) == PGRES_PIPELINE_SYNC)
            points++;
        else
            note_result (line, result, points == 1, facts, sqlstate);
        PQclear (result);
    }
    return PQexitPipelineMode (line->session.connection) ? 0 : -1;
}

static void note_result (line_t *line, const PGresult *result, bool check,
                         facts_t *facts, char sqlstate[SQLSTATE_BYTES])
{
    const char *state = PQresultErrorField (result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY);
    if (check)
        facts->alone =
            state || PQntuples (result) != 1 || PQgetvalue (result, 0, 0)[0] != 't';
    else if (state) {
        snprintf (sqlstate, SQLSTATE_BYTES, "%s", state);
        facts->sqlstate = sqlstate;
        one_line (line->session.notice, sizeof line->session.notice, text ? text : "?");
    } else
        facts->rows = atoi (PQcmdTuples ((PGresult *) result));
}

static void explain (line_t *line, const facts_t *facts)
{
    char *why = line->answer.why;
    if (facts->lost)
        snprintf (why, ENGINE_WHY_BYTES,
                  "the connection was lost, or given up, before "
                  "it was answered; nothing is known of it");
    else if (facts->sqlstate)
        snprintf (why, ENGINE_WHY_BYTES, "%s; %s", line->session.notice,
                  strcmp (facts->sqlstate, "23505") == 0
                      ? "another process has taken over"
                      : sqlstate_advice (facts->sqlstate));
    else if (facts->noticed)
        snprintf (
            why, ENGINE_WHY_BYTES,
            "the server said: %s; so it may be on one machine only, and nothing is "
            "known of it",
            line->session.notice);
    else if (facts->alone && facts->rows > 0)
        snprintf (
            why, ENGINE_WHY_BYTES,
            "synchronous_standby_names was emptied meanwhile, so it may be on one "
            "machine only, and nothing is known of it; set it");
}

/* Nothing was written: somebody else leads, or the engine is not what it was. */
static engine_outcome_t explain_none (line_t *line)
{
    char *why = line->answer.why;
    const engine_question_t asked = line->question;
    line->question = (engine_question_t){.kind = ENGINE_SEE};
    const bool seen = prepare (line, ENGINE_SEE) == 0 && see (line) == ENGINE_DONE;
    line->question = asked;
    const engine_lease_t *lease = &line->answer.lease;
    if (seen && lease->epoch != asked.epoch)
        snprintf (why, ENGINE_WHY_BYTES,
                  "another process has taken over%s%.100s: the epoch is %llu, and was "
                  "%llu here",
                  lease->holder[0] ? ", " : "", lease->holder,
                  (unsigned long long) lease->epoch, (unsigned long long) asked.epoch);
    else if (!seen)
        snprintf (why, ENGINE_WHY_BYTES, "it was not taken; another process may lead");
    else if (!lease->synchronous)
        snprintf (why, ENGINE_WHY_BYTES,
                  "synchronous_standby_names is empty, so it would be on one machine "
                  "only: set it");
    else
        snprintf (why, ENGINE_WHY_BYTES,
                  "the engine has entries up to %llu only: it has lost what was "
                  "acknowledged",
                  (unsigned long long) lease->last);
    return !seen || lease->epoch != asked.epoch ? ENGINE_FENCED : ENGINE_FAILED;
}

static engine_outcome_t see (line_t *line)
{
    values_t values = {.count = 1, .values = {line->postgres->log.log}};
    engine_lease_t *lease = &line->answer.lease;
    PGresult *result = run (line, ENGINE_SEE, &values, 0);
    if (!result)
        return ENGINE_FAILED;
    *lease = (engine_lease_t){.epoch = number_in (result, 0, 0),
                              .age_ms = number_in (result, 0, 2),
                              .durable = number_in (result, 0, 3),
                              .last = number_in (result, 0, 4),
                              .synchronous = PQgetvalue (result, 0, 5)[0] == 't',
                              .standbys = atoi (PQgetvalue (result, 0, 6)),
                              .renewed = number_in (result, 0, 8)};
    snprintf (lease->holder, sizeof lease->holder, "%s", PQgetvalue (result, 0, 1));
    snprintf (lease->names, sizeof lease->names, "%s", PQgetvalue (result, 0, 7));
    snprintf (lease->host, sizeof lease->host, "%s:%s",
              PQhost (line->session.connection), PQport (line->session.connection));
    PQclear (result);
    return lease->epoch >= line->question.epoch ? ENGINE_DONE
                                                : leave (line, lease->epoch);
}

/* It is a machine that was left behind: the next question finds another. */
static engine_outcome_t leave (line_t *line, uint64_t epoch)
{
    snprintf (line->answer.why, ENGINE_WHY_BYTES,
              "%s: the machine that answers knows epoch %llu, and not yet %llu: it is "
              "one that was left behind",
              line->postgres->place.label, (unsigned long long) epoch,
              (unsigned long long) line->question.epoch);
    drop (line);
    return ENGINE_FAILED;
}

static engine_outcome_t read_on (line_t *line)
{
    values_t values = {.count = 1, .values = {line->postgres->log.log}};
    add_number (&values, line->question.ordinal);
    add_number (&values, ENGINE_ENTRIES_MAX);
    add_number (&values, ENGINE_READ_BYTES);
    PQclear (line->read);
    line->read = run (line, ENGINE_READ, &values, BINARY);
    if (!line->read)
        return ENGINE_FAILED;
    take_entries (line);
    return line->answer.epoch >= line->question.epoch
               ? ENGINE_DONE
               : leave (line, line->answer.epoch);
}

static void take_entries (line_t *line)
{
    engine_answer_t *taken = &line->answer;
    const PGresult *result = line->read;
    taken->epoch = number_in (result, 0, 0);
    taken->durable = number_in (result, 0, 1);
    taken->last = number_in (result, 0, 2);
    taken->entries = line->entries;
    for (int i = 0; i < PQntuples (result) && !PQgetisnull (result, i, 3); i++)
        line->entries[taken->count++] =
            (engine_entry_t){.ordinal = number_in (result, i, 3),
                             .epoch = number_in (result, i, 4),
                             .body = bytes_of (PQgetvalue (result, i, 5),
                                               (size_t) PQgetlength (result, i, 5))};
    taken->more =
        taken->count > 0 && line->entries[taken->count - 1].ordinal < taken->last;
}

/* What changes nothing: its one result, of at least a row, or NULL with the reason. */
static PGresult *run (line_t *line, engine_kind_t kind, const values_t *values,
                      int format)
{
    PGresult *result = NULL, *next = NULL;
    int rc =
        PQsendQueryPrepared (line->session.connection, names[kind], values->count,
                             values->values, values->sizes, values->formats, format)
            ? session_result (&line->session, READ_MS, &result)
            : -1;
    while (rc == 1 && (rc = session_result (&line->session, READ_MS, &next)) == 1 &&
           next)
        PQclear (next);
    if (rc == 1 && PQresultStatus (result) == PGRES_TUPLES_OK && PQntuples (result) > 0)
        return result;
    char text[ENGINE_WHY_BYTES / 2];
    const char *state = result ? PQresultErrorField (result, PG_DIAG_SQLSTATE) : NULL;
    one_line (text, sizeof text,
              state     ? PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY)
              : rc == 1 ? "the log is not there any more"
              : rc == 0 ? "it does not answer"
                        : "the connection was lost");
    snprintf (line->answer.why, ENGINE_WHY_BYTES, "%s: %s; %s",
              line->postgres->place.label, text, sqlstate_advice (state ? state : ""));
    PQclear (result);
    drop (line);
    return NULL;
}

static void drop (line_t *line)
{
    session_close (&line->session);
    memset (line->prepared, 0, sizeof line->prepared);
}

static uint64_t number_in (const PGresult *result, int row, int column)
{
    const char *value = PQgetvalue (result, row, column);
    return PQfformat (result, column) == BINARY
               ? (PQgetlength (result, row, column) == 8
                      ? get_u64 ((const uint8_t *) value)
                      : 0)
               : strtoull (value, NULL, 10);
}
