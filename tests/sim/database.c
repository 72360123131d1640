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

struct database {
    engine_t engine; // as it is handed out
    world_t *world;  // borrowed
    dice_t dice;
    entry_t *entries;
    uint64_t count, capacity;
    uint64_t safe, visible; // entries; visible: that are not gone
    uint64_t epoch, told;   // the lease; the last entry that was told to be safe
    char holder[ENGINE_HOLDER_BYTES];
    int64_t renewed_ms;
    int64_t blocked_ms, away_ms, lost_ms; // until then
    bool fragile; // what is gone is known here by what a power cut may take
    bool hurt, open;
    uint64_t version;
    commit_t commits[STRAYS_MAX];
    commit_t *pending; // among them: the one that storage waits for
    bool asked[ENGINE_LINES], broken[ENGINE_LINES]; // broken: its connection was lost
    bool taken; // a TAKE has arrived, and is not answered
    int64_t
        ready_ms[ENGINE_LINES]; // other questions than commits: when they are answered
    int news;                   // a descriptor that is always readable
    engine_question_t question[ENGINE_LINES];
    engine_outcome_t outcome; // of a commit that ended otherwise, until it is looked at
    bool over;
    engine_entry_t page[ENGINE_ENTRIES_MAX];
};

static database_t *current; // the world's that has its turn

static void ask (engine_t *engine, engine_line_t line,
                 const engine_question_t *question);
static engine_outcome_t look (engine_t *engine, engine_line_t line,
                              engine_answer_t *answer);
static int descriptor (engine_t *engine, engine_line_t line);
static void give_up (engine_t *engine, engine_line_t line);
static void close_connection (engine_t *engine);
static void send_commit (database_t *database, const engine_question_t *question);
static commit_t *free_commit (database_t *database);
static void arrive (database_t *database, commit_t *commit);
static void end_commit (database_t *database, commit_t *commit);
static void orphan (database_t *database);
static engine_outcome_t look_at_commit (database_t *database, engine_answer_t *answer);
static engine_outcome_t answer_read (database_t *database, uint64_t epoch,
                                     uint64_t ordinal, engine_answer_t *answer);
static engine_outcome_t answer_see (const database_t *database,
                                    engine_answer_t *answer);
static engine_outcome_t answer_renew (database_t *database,
                                      const engine_question_t *question,
                                      engine_answer_t *answer);
static engine_outcome_t answer_take (database_t *database,
                                     const engine_question_t *question,
                                     engine_answer_t *answer);
static void raise_epoch (database_t *database, const char *holder);
static engine_outcome_t no (database_t *database, engine_outcome_t outcome,
                            engine_answer_t *answer, const char *why);
static void make_safe (database_t *database, uint64_t count);
static void drop_from (database_t *database, uint64_t count);
static int64_t answer_time (const database_t *database);
static bool away (const database_t *database);
static bool blocked (const database_t *database);

static const engine_ops_t ops = {ask, look, descriptor, give_up, close_connection};

database_t *database_new (world_t *world, uint64_t seed)
{
    database_t *database = calloc (1, sizeof *database);
    assert (database);
    database->engine =
        (engine_t){.ops = &ops, .identity = IDENTITY, .name = "postgres: simulated"};
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
    (void) options;
    *why = 0;
    if (away (current)) {
        current->hurt = true;
        snprintf (why, ENGINE_WHY_BYTES, "no server answers");
        return ENGINE_NOT_NOW;
    }
    assert (!current->open);
    current->open = true;
    current->over = false;
    *engine = &current->engine;
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
    database_t *database = (database_t *) engine;
    assert (!database->asked[line]);
    database->asked[line] = true;
    database->question[line] = *question;
    database->taken = database->taken && line != ENGINE_LEASE;
    database->ready_ms[line] =
        database->world->now_ms + dice_between (&database->dice, 0, ARRIVES_MS);
    if (question->kind == ENGINE_COMMIT)
        send_commit (database, question);
}

static engine_outcome_t look (engine_t *engine, engine_line_t line,
                              engine_answer_t *answer)
{
    database_t *database = (database_t *) engine;
    const engine_question_t *question = &database->question[line];
    engine_outcome_t outcome = ENGINE_PENDING;
    if (!database->asked[line])
        return outcome;
    memset (answer, 0, sizeof *answer);
    if (question->kind != ENGINE_COMMIT) {
        if (database->broken[line]) {
            database->broken[line] = database->asked[line] = false;
            return no (database,
                       question->kind == ENGINE_TAKE ? ENGINE_UNKNOWN : ENGINE_FAILED,
                       answer, "the connection was lost");
        }
        if (database->world->now_ms < database->ready_ms[line])
            return outcome;
    }
    switch (question->kind) {
    case ENGINE_READ:
        outcome = answer_read (database, question->epoch, question->ordinal, answer);
        break;
    case ENGINE_COMMIT:
        outcome = look_at_commit (database, answer);
        break;
    case ENGINE_SEE:
        outcome = away (database)
                      ? no (database, ENGINE_FAILED, answer, "nobody is there")
                      : answer_see (database, answer);
        break;
    case ENGINE_RENEW:
        outcome = answer_renew (database, question, answer);
        break;
    case ENGINE_TAKE:
        outcome = answer_take (database, question, answer);
    }
    database->asked[line] = outcome == ENGINE_PENDING;
    return outcome;
}

/* Who waits for it here and now lets time pass: clock.c's poll (). */
static int descriptor (engine_t *engine, engine_line_t line)
{
    (void) line;
    return ((database_t *) engine)->news;
}

static void give_up (engine_t *engine, engine_line_t line)
{
    database_t *database = (database_t *) engine;
    if (line == ENGINE_LOG && database->pending)
        orphan (database);
    else
        database->broken[line] = database->asked[line];
}

/* What is on its way may arrive all the same. */
static void close_connection (engine_t *engine)
{
    database_t *database = (database_t *) engine;
    if (database->pending)
        orphan (database);
    database->over = database->open = false;
    memset (database->asked, 0, sizeof database->asked);
    memset (database->broken, 0, sizeof database->broken);
}

/* ---- Commits ---- */

static void send_commit (database_t *database, const engine_question_t *question)
{
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
                     dice_between (&database->dice, 0, database->world->plan.sync_ms);
    database->pending = commit;
    if (away (database))
        orphan (database);
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
    if (database->pending == commit)
        database->pending = NULL;
    free (commit->entry.body);
    *commit = (commit_t){0};
}

/* Its connection is gone: nobody hears how it went, and it may be late, or lost. */
static void orphan (database_t *database)
{
    commit_t *commit = database->pending;
    database->pending = NULL;
    database->over = true;
    database->outcome = ENGINE_UNKNOWN;
    commit->orphan = true;
    if (commit->arrived)
        return;
    if (dice_chance (&database->dice, 500))
        end_commit (database, commit);
    else if (dice_chance (&database->dice, 500))
        commit->arrives_ms =
            database->world->now_ms + dice_skewed (&database->dice, STRAY_MS_MAX);
}

static engine_outcome_t look_at_commit (database_t *database, engine_answer_t *answer)
{
    if (database->over) {
        database->over = false;
        return no (database, database->outcome, answer, "the connection was lost");
    }
    commit_t *commit = database->pending;
    const int64_t now_ms = database->world->now_ms;
    if (!commit->arrived || now_ms < commit->due_ms ||
        (!commit->fenced && blocked (database)))
        return ENGINE_PENDING;
    const bool fenced = commit->fenced;
    if (!fenced)
        make_safe (database, commit->ordinal);
    end_commit (database, commit);
    return fenced ? no (database, ENGINE_FENCED, answer,
                        "another epoch, or entry, is there")
                  : ENGINE_DONE;
}

int64_t database_next (const database_t *database)
{
    int64_t next_ms = INT64_MAX;
    for (int i = 0; i < STRAYS_MAX; i++) {
        const commit_t *commit = &database->commits[i];
        if (commit->used && !commit->arrived && commit->arrives_ms < next_ms)
            next_ms = commit->arrives_ms;
    }
    const commit_t *commit = database->pending;
    if (commit && commit->arrived) {
        int64_t due_ms = commit->due_ms;
        if (!commit->fenced && database->blocked_ms > due_ms)
            due_ms = database->blocked_ms;
        // else it is storage that is not there for it
        if (due_ms > database->world->now_ms && due_ms < next_ms)
            next_ms = due_ms;
    }
    const int64_t lease_ms = answer_time (database);
    return lease_ms > database->world->now_ms && lease_ms < next_ms ? lease_ms
                                                                    : next_ms;
}

/* Of what was asked about the lease. */
static int64_t answer_time (const database_t *database)
{
    const engine_kind_t kind = database->question[ENGINE_LEASE].kind;
    if (!database->asked[ENGINE_LEASE])
        return INT64_MAX;
    const int64_t ready_ms = database->ready_ms[ENGINE_LEASE];
    const bool waits = kind == ENGINE_RENEW || kind == ENGINE_TAKE;
    return waits && database->blocked_ms > ready_ms ? database->blocked_ms : ready_ms;
}

bool database_advance (database_t *database)
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
    return database->over || database->broken[ENGINE_LEASE] ||
           answer_time (database) <= now_ms ||
           (database->pending && database->pending->arrived &&
            now_ms >= database->pending->due_ms);
}

/* ---- Other questions ---- */

static engine_outcome_t answer_read (database_t *database, uint64_t epoch,
                                     uint64_t ordinal, engine_answer_t *answer)
{
    if (away (database))
        return no (database, ENGINE_FAILED, answer, "nobody is there");
    if (epoch > database->epoch)
        return no (database, ENGINE_FAILED, answer, "it has not heard of this epoch");
    answer->epoch = database->epoch;
    answer->last =
        database->visible < database->count ? database->visible : database->count;
    answer->durable = database->told < answer->last ? database->told : answer->last;
    const uint64_t most = 1 + dice_below (&database->dice, ENGINE_ENTRIES_MAX);
    for (uint64_t i = ordinal; i <= answer->last && answer->count < most; i++) {
        const entry_t *entry = &database->entries[i - 1];
        database->page[answer->count++] =
            (engine_entry_t){i, entry->epoch, bytes_of (entry->body, entry->size)};
    }
    answer->entries = database->page;
    answer->more = answer->count > 0 && ordinal + answer->count <= answer->last;
    return ENGINE_DONE;
}

static engine_outcome_t answer_see (const database_t *database, engine_answer_t *answer)
{
    engine_lease_t *lease = &answer->lease;
    lease->epoch = database->epoch;
    lease->last =
        database->visible < database->count ? database->visible : database->count;
    lease->durable = database->told < lease->last ? database->told : lease->last;
    lease->age_ms = (uint64_t) (database->world->now_ms - database->renewed_ms);
    lease->synchronous = true;
    lease->standbys = -1;
    snprintf (lease->holder, sizeof lease->holder, "%s", database->holder);
    snprintf (lease->host, sizeof lease->host, "simulated");
    return ENGINE_DONE;
}

/* It waits for a standby, as everything does that is written. */
static engine_outcome_t answer_renew (database_t *database,
                                      const engine_question_t *question,
                                      engine_answer_t *answer)
{
    if (away (database))
        return no (database, ENGINE_FAILED, answer, "nobody is there");
    if (question->epoch != database->epoch)
        return no (database, ENGINE_FENCED, answer, "another epoch is there");
    if (blocked (database))
        return ENGINE_PENDING;
    database->told =
        question->ordinal > database->told ? question->ordinal : database->told;
    database->renewed_ms = database->world->now_ms;
    make_safe (database, database->count);
    return ENGINE_DONE;
}

/* When it is safe, so is all that is before it. */
static engine_outcome_t answer_take (database_t *database,
                                     const engine_question_t *question,
                                     engine_answer_t *answer)
{
    if (!database->taken && question->epoch != database->epoch)
        return no (database, ENGINE_FENCED, answer, "another epoch is there");
    if (away (database))
        return no (database, ENGINE_UNKNOWN, answer, "the connection was lost");
    if (!database->taken)
        raise_epoch (database, question->holder);
    database->taken = true;
    if (blocked (database))
        return ENGINE_PENDING;
    database->taken = false;
    if (database->epoch != question->epoch + 1)
        return no (database, ENGINE_UNKNOWN, answer, "nothing is known of it");
    make_safe (database, database->count);
    answer->epoch = database->epoch;
    return ENGINE_DONE;
}

static void raise_epoch (database_t *database, const char *holder)
{
    database->epoch++;
    database->renewed_ms = database->world->now_ms;
    snprintf (database->holder, sizeof database->holder, "%s", holder ? holder : "");
}

static engine_outcome_t no (database_t *database, engine_outcome_t outcome,
                            engine_answer_t *answer, const char *why)
{
    database->hurt = true;
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

static bool away (const database_t *database)
{
    return database->away_ms > database->world->now_ms;
}

static bool blocked (const database_t *database)
{
    return database->blocked_ms > database->world->now_ms;
}

/* ---- For the invariants ---- */

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

void database_begin (database_t *database)
{
    database->hurt = database_lost (database);
}

bool database_hurt (const database_t *database)
{
    return database->hurt;
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
    database->hurt = true;
    world_trace (database->world, "-- no standby until %lld",
                 (long long) database->blocked_ms);
}

void database_leave (database_t *database)
{
    database->away_ms =
        database->world->now_ms + dice_skewed (&database->dice, AWAY_MS);
    world_trace (database->world, "-- no database until %lld",
                 (long long) database->away_ms);
    database_cut (database);
}

void database_cut (database_t *database)
{
    world_trace (database->world, "-- the database's connections are lost");
    const engine_question_t *lease = &database->question[ENGINE_LEASE];
    database->hurt = true;
    if (database->asked[ENGINE_LEASE] && lease->kind == ENGINE_TAKE &&
        !database->taken && lease->epoch == database->epoch &&
        dice_chance (&database->dice, 500))
        raise_epoch (database, lease->holder);
    database->taken = false;
    for (int line = 0; line < ENGINE_LINES; line++)
        database->broken[line] =
            database->asked[line] && database->question[line].kind != ENGINE_COMMIT;
    if (database->pending)
        orphan (database);
    database->world->nodes[NODE_STORAGE].woken = true;
}

/* Who is ahead has all that is safe. */
void database_fail_over (database_t *database)
{
    const uint64_t more = database->count - database->safe;
    world_trace (database->world, "-- another machine of the database leads");
    database_leave (database);
    for (int i = 0; i < STRAYS_MAX; i++)
        if (database->commits[i].used && &database->commits[i] != database->pending)
            end_commit (database, &database->commits[i]);
    drop_from (database, database->safe + dice_below (&database->dice, more + 1));
    make_safe (database, database->count);
    database->version++;
}

void database_take (database_t *database)
{
    world_trace (database->world, "-- somebody else takes the lease");
    raise_epoch (database, "somebody else");
    database->hurt = true;
    make_safe (database, database->count);
}

/* Some of what a start here has to know of: what its checkpoint covers; or, once it has
   all and as long as the power stays, any but the last group. */
void database_lose (database_t *database)
{
    const node_t *storage = &database->world->nodes[NODE_STORAGE];
    const uint64_t covered = checks_position (database->world->checks);
    const bool fragile = storage->serves && dice_chance (&database->dice, 500);
    const uint64_t known = fragile ? database->safe : covered;
    if (known < 2 || database_lost (database) || database->count != database->safe ||
        (storage->core && !storage->serves)) // it may just have read them
        return;
    database->visible = dice_below (&database->dice, known - 1);
    database->lost_ms =
        database->world->now_ms + 100 + dice_skewed (&database->dice, LOST_MS);
    database->fragile = fragile;
    database->hurt = true;
    database->world->counts->losses++;
    world_trace (database->world, "-- the database has lost all behind entry %llu",
                 (unsigned long long) database->visible);
}

void database_power (database_t *database)
{
    if (database->fragile)
        database->visible = UINT64_MAX;
}

void database_pause (database_t *database)
{
    database->hurt = true;
}

void database_calm (database_t *database)
{
    database->renewed_ms = -LOST_MS * 1000; // whoever else had the lease is gone
    database->blocked_ms = database->away_ms = 0;
    database->visible = UINT64_MAX;
}
