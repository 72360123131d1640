/* database.c - a database, as a log is kept in. */

#include "database.h"

#include "checks.h"
#include "engine.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define IDENTITY     0x10751A
#define STRAYS_MAX   8
#define STRAY_MS_MAX 2000
#define BLOCKED_MS   4000 // at most, and likewise
#define AWAY_MS      3000
#define LOST_MS      3000
#define ARRIVES_MS   3
#define LATE_MS      700
#define OLD_MS       3000

typedef struct {
    uint64_t epoch;
    uint8_t *body; // owned
    size_t size;
} entry_t;

typedef struct { // a commit on its way, or its answer's
    bool used;
    bool arrived; // then it is an entry, or was fenced
    bool fenced;
    bool orphan; // nobody waits for its answer
    uint64_t epoch, ordinal;
    entry_t entry;
    int64_t arrives_ms, due_ms;
} commit_t;

typedef struct {     // a machine's connections, those of its storage
    engine_t engine; // as it is handed out
    database_t *database;
    int machine;
    bool hurt, open;
    int64_t away_ms;   // until then it reaches nobody
    uint64_t took;     // the epoch that it was told is its own; 0: none
    commit_t *pending; // the one that it waits for
    bool asked[ENGINE_LINES], broken[ENGINE_LINES]; // broken: its connection was lost
    engine_question_t question[ENGINE_LINES];
    // other questions than commits: when they arrive; how long the answer takes then;
    int64_t ready_ms[ENGINE_LINES], late_ms[ENGINE_LINES];
    bool arrived[ENGINE_LINES];        // whether they have,
    bool fenced;                       // and that somebody else had the lease
    engine_lease_t seen[ENGINE_LINES]; // what there was then
    int64_t old_ms; // until then it is connected to a machine that was left behind
    engine_outcome_t outcome; // of a commit that ended otherwise, until it is looked at
    bool over;
    engine_entry_t page[ENGINE_ENTRIES_MAX];
} client_t;

typedef struct { // a machine that led, and was left behind
    engine_lease_t lease;
    int64_t renewed_ms;
    uint64_t safe; // entries that the others have, too;
    entry_t *own;  // those that only this one has
    uint64_t owns; // so many
} old_t;

struct database {
    world_t *world; // borrowed
    dice_t dice;
    entry_t *entries;
    uint64_t count, capacity;
    uint64_t safe, visible; // entries; visible: that are not gone
    uint64_t epoch, told;   // the lease; the last entry that was told to be safe
    char holder[ENGINE_HOLDER_BYTES];
    int64_t renewed_ms;
    int64_t blocked_ms, lost_ms; // until then
    bool fragile; // what is gone is known there by what a power cut may take
    uint64_t version;
    commit_t commits[STRAYS_MAX];
    int news; // a descriptor that is always readable
    old_t old;
    client_t client[WORLD_MACHINES];
};

static database_t *current; // the world's that has its turn

static void ask (engine_t *engine, engine_line_t line,
                 const engine_question_t *question);
static engine_outcome_t look (engine_t *engine, engine_line_t line,
                              engine_answer_t *answer);
static int descriptor (engine_t *engine, engine_line_t line);
static void give_up (engine_t *engine, engine_line_t line);
static void close_connection (engine_t *engine);
static void send_commit (client_t *client, const engine_question_t *question);
static commit_t *free_commit (database_t *database);
static void arrive (database_t *database, commit_t *commit);
static void end_commit (database_t *database, commit_t *commit);
static void orphan (client_t *client);
static void lose_commit (client_t *client);
static engine_outcome_t look_at_commit (client_t *client, engine_answer_t *answer);
static engine_outcome_t answer_read (client_t *client,
                                     const engine_question_t *question,
                                     engine_answer_t *answer);
static engine_outcome_t answer_see (client_t *client, engine_answer_t *answer);
static engine_outcome_t answer_renew (client_t *client, engine_answer_t *answer);
static engine_outcome_t answer_take (client_t *client,
                                     const engine_question_t *question,
                                     engine_answer_t *answer);
static void raise_epoch (database_t *database, const client_t *by, const char *holder);
static engine_outcome_t no (client_t *client, engine_outcome_t outcome,
                            engine_answer_t *answer, const char *why);
static void hurt_all (database_t *database);
static void leave (client_t *client, int64_t until_ms);
static void cut (client_t *client);
static uint64_t known (const database_t *database, bool fragile);
static void make_safe (database_t *database, uint64_t count);
static void drop_from (database_t *database, uint64_t count);
static int64_t answer_time (const client_t *client);
static bool waits (const client_t *client);
static bool away (const client_t *client);
static int64_t lateness (database_t *database);
static int64_t arrival_time (const client_t *client);
static void arrive_question (client_t *client, engine_line_t line);
static bool was_taken (const database_t *database, const engine_question_t *question);
static void see (const client_t *client, engine_lease_t *lease);
static void renew (client_t *client);
static const entry_t *entry_of (const client_t *client, uint64_t ordinal);
static void leave_behind (database_t *database);
static void forget_old (database_t *database);
static bool blocked (const database_t *database);

static const engine_ops_t ops = {ask, look, descriptor, give_up, close_connection};

database_t *database_new (world_t *world, uint64_t seed)
{
    database_t *database = calloc (1, sizeof *database);
    assert (database);
    for (int i = 0; i < WORLD_MACHINES; i++)
        database->client[i] = (client_t){.engine = {.ops = &ops,
                                                    .identity = IDENTITY,
                                                    .name = "postgres: simulated"},
                                         .database = database,
                                         .machine = i};
    database->world = world;
    database->dice = ~seed * 3;
    database->visible = UINT64_MAX;
    database->news = eventfd (1, EFD_CLOEXEC);
    assert (database->news != -1);
    current = database;
    return database;
}

void database_destroy (database_t **database)
{
    if (!*database)
        return;
    drop_from (*database, 0);
    forget_old (*database);
    close ((*database)->news);
    free ((*database)->entries);
    for (int i = 0; i < STRAYS_MAX; i++)
        free ((*database)->commits[i].entry.body);
    free (*database);
    *database = NULL;
    current = NULL;
}

/* ---- What storage links, in place of the product's engine.c ---- */

bool engine_is_url (const char *log)
{
    return strncmp (log, "postgres://", 11) == 0;
}

engine_open_t engine_open (const engine_options_t *options, engine_t **engine,
                           char *why)
{
    client_t *client = &current->client[world_node ()->machine];
    (void) options;
    *why = 0;
    if (away (client)) {
        client->hurt = true;
        snprintf (why, ENGINE_WHY_BYTES, "no server answers");
        return ENGINE_NOT_NOW;
    }
    assert (!client->open);
    client->open = true;
    client->over = false;
    client->took = 0;
    *engine = &client->engine;
    return ENGINE_OPENED;
}

void engine_close (engine_t **engine)
{
    if (*engine)
        (*engine)->ops->close (*engine);
    *engine = NULL;
}

engine_open_t engine_init (const engine_options_t *options, const char *role, char *why)
{
    (void) options, (void) role, (void) why;
    return ENGINE_UNUSABLE;
}

engine_outcome_t engine_ask (engine_t *engine, engine_line_t line,
                             const engine_question_t *question, int64_t wait_ms,
                             engine_answer_t *answer)
{
    const int64_t until_ms = current->world->now_ms + wait_ms;
    engine_outcome_t outcome;
    ask (engine, line, question);
    while ((outcome = look (engine, line, answer)) == ENGINE_PENDING &&
           current->world->now_ms < until_ms)
        current->world->now_ms++;
    return outcome;
}

/* ---- As an engine ---- */

static void ask (engine_t *engine, engine_line_t line,
                 const engine_question_t *question)
{
    client_t *client = (client_t *) engine;
    database_t *database = client->database;
    assert (!client->asked[line]);
    client->asked[line] = true;
    client->question[line] = *question;
    client->arrived[line] = false;
    client->ready_ms[line] = database->world->now_ms +
                             dice_between (&database->dice, 0, ARRIVES_MS) +
                             lateness (database);
    client->late_ms[line] = lateness (database);
    if (question->kind == ENGINE_COMMIT)
        send_commit (client, question);
}

/* Now and then an answer is on its way for long, when there are two that may act upon
   what they know. */
static int64_t lateness (database_t *database)
{
    return database->world->machines > 1 && dice_chance (&database->dice, 30)
               ? dice_skewed (&database->dice, LATE_MS)
               : 0;
}

static engine_outcome_t look (engine_t *engine, engine_line_t line,
                              engine_answer_t *answer)
{
    client_t *client = (client_t *) engine;
    const engine_question_t *question = &client->question[line];
    engine_outcome_t outcome = ENGINE_PENDING;
    if (!client->asked[line])
        return outcome;
    memset (answer, 0, sizeof *answer);
    if (question->kind != ENGINE_COMMIT) {
        if (client->broken[line]) {
            client->broken[line] = client->asked[line] = false;
            return no (client,
                       question->kind == ENGINE_TAKE ? ENGINE_UNKNOWN : ENGINE_FAILED,
                       answer, "the connection was lost");
        }
        arrive_question (client, line);
        if (client->database->world->now_ms <
            client->ready_ms[line] + client->late_ms[line])
            return outcome;
    }
    switch (question->kind) {
    case ENGINE_READ:
        outcome = answer_read (client, question, answer);
        break;
    case ENGINE_COMMIT:
        outcome = look_at_commit (client, answer);
        break;
    case ENGINE_SEE:
        outcome = answer_see (client, answer);
        break;
    case ENGINE_RENEW:
        outcome = answer_renew (client, answer);
        break;
    case ENGINE_TAKE:
        outcome = answer_take (client, question, answer);
    }
    client->asked[line] = outcome == ENGINE_PENDING;
    return outcome;
}

/* Who waits for it here and now lets time pass: clock.c's poll (). */
static int descriptor (engine_t *engine, engine_line_t line)
{
    (void) line;
    return ((client_t *) engine)->database->news;
}

static void give_up (engine_t *engine, engine_line_t line)
{
    client_t *client = (client_t *) engine;
    if (line == ENGINE_LOG && client->question[line].kind == ENGINE_COMMIT)
        lose_commit (client);
    else
        client->broken[line] = client->asked[line];
}

static void close_connection (engine_t *engine)
{
    client_t *client = (client_t *) engine;
    if (client->pending)
        orphan (client);
    client->over = client->open = false;
    client->took = 0;
    memset (client->asked, 0, sizeof client->asked);
    memset (client->broken, 0, sizeof client->broken);
}

/* ---- Commits ---- */

static void send_commit (client_t *client, const engine_question_t *question)
{
    database_t *database = client->database;
    if (client->old_ms > 0)
        return; // where it will never be safe
    commit_t *commit = free_commit (database);
    *commit = (commit_t){.used = true,
                         .epoch = question->epoch,
                         .ordinal = question->ordinal,
                         .arrives_ms = database->world->now_ms +
                                       dice_between (&database->dice, 0, ARRIVES_MS)};
    commit->entry = (entry_t){.epoch = question->epoch,
                              .body = malloc (question->body.size),
                              .size = question->body.size};
    assert (commit->entry.body);
    memcpy (commit->entry.body, question->body.data, question->body.size);
    commit->due_ms = commit->arrives_ms +
                     dice_between (&database->dice, 0, database->world->plan.sync_ms) +
                     client->late_ms[ENGINE_LOG];
    client->pending = commit;
    if (away (client))
        orphan (client);
}

static commit_t *free_commit (database_t *database)
{
    for (int i = 0; i < STRAYS_MAX; i++)
        if (!database->commits[i].used)
            return &database->commits[i];
    commit_t *oldest = &database->commits[dice_below (&database->dice, STRAYS_MAX)];
    end_commit (database, oldest); // it never arrives
    return oldest;
}

/* One statement: the entry is there, or not. */
static void arrive (database_t *database, commit_t *commit)
{
    commit->arrived = true;
    if (commit->epoch != database->epoch || commit->ordinal != database->count + 1 ||
        database->visible < database->count) {
        commit->fenced = true;
        return;
    }
    if (database->count == database->capacity) {
        database->capacity = 2 * database->capacity + 64;
        database->entries =
            realloc (database->entries, database->capacity * sizeof *database->entries);
        assert (database->entries);
    }
    database->entries[database->count++] = commit->entry;
    commit->entry.body = NULL;
    database->version++;
}

static void end_commit (database_t *database, commit_t *commit)
{
    for (int i = 0; i < WORLD_MACHINES; i++)
        if (database->client[i].pending == commit)
            database->client[i].pending = NULL;
    free (commit->entry.body);
    *commit = (commit_t){0};
}

/* Its connection is gone: nobody hears how it went, and it may be late, or lost. */
static void orphan (client_t *client)
{
    database_t *database = client->database;
    commit_t *commit = client->pending;
    client->pending = NULL;
    client->over = true;
    client->outcome = ENGINE_UNKNOWN;
    commit->orphan = true;
    if (commit->arrived)
        return;
    if (dice_chance (&database->dice, 500))
        end_commit (database, commit);
    else if (dice_chance (&database->dice, 500))
        commit->arrives_ms =
            database->world->now_ms + dice_skewed (&database->dice, STRAY_MS_MAX);
}

static void lose_commit (client_t *client)
{
    if (client->pending)
        orphan (client);
    else if (client->asked[ENGINE_LOG] &&
             client->question[ENGINE_LOG].kind == ENGINE_COMMIT) {
        client->over = true; // it was asked of a machine that was left behind
        client->outcome = ENGINE_UNKNOWN;
    }
}

static engine_outcome_t look_at_commit (client_t *client, engine_answer_t *answer)
{
    database_t *database = client->database;
    if (client->over) {
        client->over = false;
        return no (client, client->outcome, answer, "the connection was lost");
    }
    commit_t *commit = client->pending;
    const int64_t now_ms = database->world->now_ms;
    if (!commit)
        return ENGINE_PENDING;
    if (!commit->arrived || now_ms < commit->due_ms ||
        (!commit->fenced && blocked (database)))
        return ENGINE_PENDING;
    const bool fenced = commit->fenced;
    if (!fenced)
        make_safe (database, commit->ordinal);
    end_commit (database, commit);
    return fenced
               ? no (client, ENGINE_FENCED, answer, "another epoch, or entry, is there")
               : ENGINE_DONE;
}

int64_t database_next (const database_t *database)
{
    const int64_t now_ms = database->world->now_ms;
    int64_t next_ms = INT64_MAX;
    for (int i = 0; i < STRAYS_MAX; i++) {
        const commit_t *commit = &database->commits[i];
        if (commit->used && !commit->arrived && commit->arrives_ms < next_ms)
            next_ms = commit->arrives_ms;
    }
    for (int i = 0; i < WORLD_MACHINES; i++) {
        const commit_t *commit = database->client[i].pending;
        int64_t due_ms = commit && commit->arrived ? commit->due_ms : INT64_MAX;
        if (commit && commit->arrived && !commit->fenced &&
            database->blocked_ms > due_ms)
            due_ms = database->blocked_ms;
        // else it is storage that is not there for it
        if (due_ms > now_ms && due_ms < next_ms)
            next_ms = due_ms;
        const int64_t times[] = {answer_time (&database->client[i]),
                                 arrival_time (&database->client[i]),
                                 database->client[i].old_ms};
        for (int j = 0; j < 3; j++)
            if (times[j] > now_ms && times[j] < next_ms)
                next_ms = times[j];
    }
    return next_ms;
}

/* Of what was asked about the lease. */
static int64_t answer_time (const client_t *client)
{
    const database_t *database = client->database;
    const engine_kind_t kind = client->question[ENGINE_LEASE].kind;
    const bool writes = kind == ENGINE_RENEW || kind == ENGINE_TAKE;
    if (!client->asked[ENGINE_LEASE] || (writes && client->old_ms > 0))
        return INT64_MAX;
    const int64_t ready_ms =
        client->ready_ms[ENGINE_LEASE] + client->late_ms[ENGINE_LEASE];
    return writes && database->blocked_ms > ready_ms ? database->blocked_ms : ready_ms;
}

static int64_t arrival_time (const client_t *client)
{
    return client->asked[ENGINE_LEASE] && !client->arrived[ENGINE_LEASE]
               ? client->ready_ms[ENGINE_LEASE]
               : INT64_MAX;
}

void database_advance (database_t *database)
{
    const int64_t now_ms = database->world->now_ms;
    if (database->visible != UINT64_MAX && now_ms >= database->lost_ms) {
        database->visible = UINT64_MAX;
        world_trace (database->world, "-- what the database had lost is back");
    }
    for (int i = 0; i < STRAYS_MAX; i++) {
        commit_t *commit = &database->commits[i];
        if (commit->used && !commit->arrived && commit->arrives_ms <= now_ms)
            arrive (database, commit);
        if (commit->used && commit->arrived && commit->orphan)
            end_commit (database, commit);
    }
    for (int i = 0; i < database->world->machines; i++) {
        client_t *client = &database->client[i];
        if (client->old_ms > 0 && now_ms >= client->old_ms)
            cut (client);
        for (int line = 0; line < ENGINE_LINES; line++)
            arrive_question (client, (engine_line_t) line);
        if (waits (client))
            database->world->machine[i].storage->woken = true;
    }
}

/* Whether its storage has to hear of something. */
static bool waits (const client_t *client)
{
    const int64_t now_ms = client->database->world->now_ms;
    return client->over || client->broken[ENGINE_LEASE] ||
           answer_time (client) <= now_ms ||
           (client->pending && client->pending->arrived &&
            now_ms >= client->pending->due_ms);
}

/* ---- Other questions ---- */

/* What they do, and what they see, is as it is then; however long the answer takes. */
static void arrive_question (client_t *client, engine_line_t line)
{
    database_t *database = client->database;
    const engine_question_t *question = &client->question[line];
    if (!client->asked[line] || client->arrived[line] || client->broken[line] ||
        question->kind == ENGINE_COMMIT || away (client) ||
        database->world->now_ms < client->ready_ms[line])
        return;
    client->arrived[line] = true;
    see (client, &client->seen[line]);
    if (question->kind != ENGINE_RENEW && question->kind != ENGINE_TAKE)
        return;
    client->fenced = client->old_ms == 0 && was_taken (database, question);
    if (client->old_ms > 0 || client->fenced)
        return;
    if (question->kind == ENGINE_TAKE)
        raise_epoch (database, client, question->holder);
    else if (!blocked (database))
        renew (client);
}

/* Or renewed, while it was to be taken as one that nobody renews; also when that waits
   to be safe: both write the same row. */
static bool was_taken (const database_t *database, const engine_question_t *question)
{
    if (question->epoch != database->epoch)
        return true;
    if (question->kind != ENGINE_TAKE || question->renewed == 0)
        return false;
    for (int i = 0; i < WORLD_MACHINES; i++) {
        const client_t *other = &database->client[i];
        if (other->asked[ENGINE_LEASE] && other->arrived[ENGINE_LEASE] &&
            other->question[ENGINE_LEASE].kind == ENGINE_RENEW && !other->fenced &&
            other->old_ms == 0)
            return true;
    }
    return question->renewed != (uint64_t) database->renewed_ms;
}

static void see (const client_t *client, engine_lease_t *lease)
{
    const database_t *database = client->database;
    memset (lease, 0, sizeof *lease);
    lease->epoch = database->epoch;
    lease->last =
        database->visible < database->count ? database->visible : database->count;
    lease->durable = database->told < lease->last ? database->told : lease->last;
    lease->age_ms = (uint64_t) (database->world->now_ms - database->renewed_ms);
    lease->renewed = (uint64_t) database->renewed_ms;
    snprintf (lease->holder, sizeof lease->holder, "%s", database->holder);
    if (client->old_ms > 0) {
        *lease = database->old.lease;
        lease->age_ms = (uint64_t) (database->world->now_ms - database->old.renewed_ms);
        lease->renewed = (uint64_t) database->old.renewed_ms;
    }
    lease->synchronous = true;
    lease->standbys = -1;
    snprintf (lease->host, sizeof lease->host, "simulated");
}

/* Others see it once it is safe, and it is of when it came. */
static void renew (client_t *client)
{
    database_t *database = client->database;
    const engine_question_t *question = &client->question[ENGINE_LEASE];
    if (question->epoch != database->epoch)
        return; // somebody else has it since
    database->told =
        question->ordinal > database->told ? question->ordinal : database->told;
    if (client->ready_ms[ENGINE_LEASE] > database->renewed_ms)
        database->renewed_ms = client->ready_ms[ENGINE_LEASE];
    make_safe (database, database->count);
}

static engine_outcome_t answer_read (client_t *client,
                                     const engine_question_t *question,
                                     engine_answer_t *answer)
{
    database_t *database = client->database;
    const engine_lease_t *seen = &client->seen[ENGINE_LOG];
    if (away (client))
        return no (client, ENGINE_FAILED, answer, "nobody is there");
    if (question->epoch > seen->epoch)
        return no (client, ENGINE_FAILED, answer, "it has not heard of this epoch");
    answer->epoch = seen->epoch;
    answer->last = seen->last;
    answer->durable = seen->durable;
    const uint64_t most = 1 + dice_below (&database->dice, ENGINE_ENTRIES_MAX);
    for (uint64_t i = question->ordinal; i <= answer->last && answer->count < most;
         i++) {
        const entry_t *entry = entry_of (client, i);
        client->page[answer->count++] =
            (engine_entry_t){i, entry->epoch, bytes_of (entry->body, entry->size)};
    }
    answer->entries = client->page;
    answer->more =
        answer->count > 0 && question->ordinal + answer->count <= answer->last;
    return ENGINE_DONE;
}

static const entry_t *entry_of (const client_t *client, uint64_t ordinal)
{
    const database_t *database = client->database;
    const old_t *old = &database->old;
    return client->old_ms > 0 && ordinal > old->safe
               ? &old->own[ordinal - old->safe - 1]
               : &database->entries[ordinal - 1];
}

static engine_outcome_t answer_see (client_t *client, engine_answer_t *answer)
{
    if (away (client))
        return no (client, ENGINE_FAILED, answer, "nobody is there");
    answer->lease = client->seen[ENGINE_LEASE];
    return ENGINE_DONE;
}

/* It waits for a standby, as everything does that is written. */
static engine_outcome_t answer_renew (client_t *client, engine_answer_t *answer)
{
    if (away (client))
        return no (client, ENGINE_FAILED, answer, "nobody is there");
    if (client->fenced)
        return no (client, ENGINE_FENCED, answer, "another epoch is there");
    if (client->old_ms > 0 || blocked (client->database))
        return ENGINE_PENDING;
    renew (client);
    return ENGINE_DONE;
}

/* When it is safe, so is all that is before it. Somebody else may have taken it since.
 */
static engine_outcome_t answer_take (client_t *client,
                                     const engine_question_t *question,
                                     engine_answer_t *answer)
{
    database_t *database = client->database;
    if (away (client))
        return no (client, ENGINE_UNKNOWN, answer, "the connection was lost");
    if (client->fenced)
        return no (client, ENGINE_FENCED, answer, "another epoch is there");
    if (client->old_ms > 0 || blocked (database))
        return ENGINE_PENDING;
    if (database->epoch == question->epoch + 1)
        make_safe (database, database->count);
    answer->epoch = client->took = question->epoch + 1;
    return ENGINE_DONE;
}

/* Whoever had it before may end over that. */
static void raise_epoch (database_t *database, const client_t *by, const char *holder)
{
    database->epoch++;
    database->renewed_ms = database->world->now_ms;
    snprintf (database->holder, sizeof database->holder, "%s", holder ? holder : "");
    for (int i = 0; i < WORLD_MACHINES; i++)
        if (&database->client[i] != by)
            database->client[i].hurt = true;
}

static engine_outcome_t no (client_t *client, engine_outcome_t outcome,
                            engine_answer_t *answer, const char *why)
{
    client->hurt = true;
    snprintf (answer->why, sizeof answer->why, "%s", why);
    return outcome;
}

static void make_safe (database_t *database, uint64_t count)
{
    if (count <= database->safe)
        return;
    database->safe = count;
    database->version++;
}

static void drop_from (database_t *database, uint64_t count)
{
    while (database->count > count)
        free (database->entries[--database->count].body);
}

static bool away (const client_t *client)
{
    return client->away_ms > client->database->world->now_ms;
}

static bool blocked (const database_t *database)
{
    return database->blocked_ms > database->world->now_ms;
}

/* ---- For the invariants ---- */

uint64_t database_identity (void)
{
    return IDENTITY;
}

uint64_t database_safe (const database_t *database)
{
    return database->safe;
}

bytes_t database_entry (const database_t *database, uint64_t ordinal)
{
    const entry_t *entry = &database->entries[ordinal - 1];
    return bytes_of (entry->body, entry->size);
}

uint64_t database_version (const database_t *database)
{
    return database->version;
}

uint64_t database_took (const database_t *database, int machine)
{
    return database->client[machine].took;
}

void database_begin (database_t *database, int machine)
{
    database->client[machine].hurt = database_lost (database);
}

bool database_hurt (const database_t *database, int machine)
{
    return database->client[machine].hurt;
}

bool database_lost (const database_t *database)
{
    return database->visible < database->count;
}

/* ---- Faults ---- */

void database_block (database_t *database)
{
    database->blocked_ms =
        database->world->now_ms + dice_skewed (&database->dice, BLOCKED_MS);
    hurt_all (database);
    world_trace (database->world, "-- no standby until %lld",
                 (long long) database->blocked_ms);
}

static void hurt_all (database_t *database)
{
    for (int i = 0; i < WORLD_MACHINES; i++)
        database->client[i].hurt = true;
}

void database_leave (database_t *database, int machine)
{
    const int64_t until_ms =
        database->world->now_ms + dice_skewed (&database->dice, AWAY_MS);
    world_trace (database->world, "-- no database until %lld", (long long) until_ms);
    for (int i = 0; i < WORLD_MACHINES; i++)
        if (machine == i || machine == WORLD_ALL)
            leave (&database->client[i], until_ms);
}

static void leave (client_t *client, int64_t until_ms)
{
    client->away_ms = until_ms;
    cut (client);
}

void database_cut (database_t *database, int machine)
{
    for (int i = 0; i < WORLD_MACHINES; i++)
        if (machine == i || machine == WORLD_ALL)
            cut (&database->client[i]);
}

static void cut (client_t *client)
{
    database_t *database = client->database;
    const engine_question_t *lease = &client->question[ENGINE_LEASE];
    if (client->machine < database->world->machines)
        world_trace (database->world, "-- %s's connections to the database are lost",
                     database->world->machine[client->machine].storage->name);
    client->hurt = true;
    if (client->asked[ENGINE_LEASE] && lease->kind == ENGINE_TAKE &&
        !client->arrived[ENGINE_LEASE] && client->old_ms == 0 &&
        !was_taken (database, lease) && dice_chance (&database->dice, 500))
        raise_epoch (database, client, lease->holder);
    for (int line = 0; line < ENGINE_LINES; line++)
        client->broken[line] =
            client->asked[line] && client->question[line].kind != ENGINE_COMMIT;
    lose_commit (client);
    client->old_ms = 0;
    if (client->machine < database->world->machines)
        database->world->machine[client->machine].storage->woken = true;
}

/* Who is ahead has all that is safe. */
void database_fail_over (database_t *database)
{
    const uint64_t more = database->count - database->safe;
    world_trace (database->world, "-- another machine of the database leads");
    database_leave (database, WORLD_ALL);
    for (int i = 0; i < STRAYS_MAX; i++)
        if (database->commits[i].used)
            end_commit (database, &database->commits[i]);
    const uint64_t left = database->safe + dice_below (&database->dice, more + 1);
    if (database->world->machines > 1 && !database_lost (database))
        leave_behind (database);
    drop_from (database, left);
    make_safe (database, database->count);
    database->version++;
}

/* With what it had then, and with some who are still connected to it, or will be. */
static void leave_behind (database_t *database)
{
    old_t *old = &database->old;
    for (int i = 0; i < WORLD_MACHINES; i++)
        cut (&database->client[i]);
    forget_old (database);
    see (&database->client[0], &old->lease);
    old->renewed_ms = database->renewed_ms;
    old->safe = database->safe;
    old->owns = database->count - database->safe;
    old->own = calloc (old->owns + 1, sizeof *old->own);
    assert (old->own);
    for (uint64_t i = 0; i < old->owns; i++) {
        const entry_t *entry = &database->entries[old->safe + i];
        old->own[i] = *entry;
        old->own[i].body = malloc (entry->size);
        assert (old->own[i].body);
        memcpy (old->own[i].body, entry->body, entry->size);
    }
    for (int i = 0; i < WORLD_MACHINES; i++)
        if (dice_chance (&database->dice, 400)) {
            client_t *client = &database->client[i];
            client->away_ms = 0;
            client->old_ms =
                database->world->now_ms + 1 + dice_skewed (&database->dice, OLD_MS);
            world_trace (database->world, "-- %s finds the former one until %lld",
                         database->world->machine[i].storage->name,
                         (long long) client->old_ms);
        }
}

static void forget_old (database_t *database)
{
    old_t *old = &database->old;
    for (uint64_t i = 0; i < old->owns; i++)
        free (old->own[i].body);
    free (old->own);
    *old = (old_t){0};
}

void database_take (database_t *database)
{
    world_trace (database->world, "-- somebody else takes the lease");
    raise_epoch (database, NULL, "somebody else");
    make_safe (database, database->count);
}

/* Some of what a start has to know of, on whichever machine: what its checkpoint
   covers; or, with one machine, once it has all and as long as the power stays, any but
   the last group. */
void database_lose (database_t *database)
{
    const world_t *world = database->world;
    const node_t *storage = world->machine[0].storage;
    const bool fragile =
        world->machines == 1 && storage->serves && dice_chance (&database->dice, 500);
    const uint64_t there = known (database, fragile);
    if (there < 2 || database_lost (database) || database->count != database->safe)
        return;
    database->visible = dice_below (&database->dice, there - 1);
    database->lost_ms = world->now_ms + 100 + dice_skewed (&database->dice, LOST_MS);
    database->fragile = fragile;
    hurt_all (database);
    world->counts->losses++;
    world_trace (world, "-- the database has lost all behind entry %llu",
                 (unsigned long long) database->visible);
}

/* Entries that every start would miss. 0: somebody may just have read them, and will
   not ask again. */
static uint64_t known (const database_t *database, bool fragile)
{
    const world_t *world = database->world;
    uint64_t least = fragile ? database->safe : UINT64_MAX;
    for (int i = 0; i < world->machines; i++) {
        const node_t *storage = world->machine[i].storage;
        const uint64_t covered = checks_position (world->checks, i);
        const bool reads = world->machines == 1 || database->client[i].took > 0;
        if (storage->core && !storage->serves && reads)
            return 0;
        if (!fragile && covered < least)
            least = covered;
    }
    return least;
}

void database_power (database_t *database)
{
    if (database->fragile)
        database->visible = UINT64_MAX;
}

void database_pause (database_t *database, int machine)
{
    database->client[machine].hurt = true;
}

void database_calm (database_t *database)
{
    if (database->world->machines == 1)
        database->renewed_ms = -LOST_MS * 1000; // whoever else had the lease is gone
    database->blocked_ms = 0;
    for (int i = 0; i < WORLD_MACHINES; i++) {
        database->client[i].away_ms = 0;
        if (database->client[i].old_ms > 0)
            cut (&database->client[i]);
    }
    database->visible = UINT64_MAX;
}
