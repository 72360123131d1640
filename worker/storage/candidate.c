/* candidate.c - follows, takes over, leads: loteria-storage. */

#include "candidate.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "logger.h"
#include "log_engine.h"
#include "role.h"
#include "tenure.h"
#include "text.h"

#define ACTION    "relevo"
#define FOLLOW_MS 50 // how often news are asked for
#define HURRY_MS  20 // at the latest, while there are some
#define GIVE_MS   1000
#define ROLE_MS   500 // how often the file is written though nothing changed

struct candidate {
    candidate_options_t options;
    tenure_t *tenure;
    char holder[ENGINE_HOLDER_BYTES];
    bool takes;        // the tenure is asked for
    bool leads;        // it holds: the rest is being read
    bool doubled;      // another has our name, which was told
    int64_t since_ms;  // it leads
    int64_t follow_ms; // when to ask for news
    role_t role;       // as it was written last
    int64_t role_ms;   // when to write it again
    char order[PATH_MAX];
};

static void name_holder (candidate_t *candidate);
static bool stays (candidate_t *candidate, tenure_state_t state);
static void await (const candidate_t *candidate);
static int heed (candidate_t *candidate, tenure_state_t state, problem_t *problem);
static void tell_namesake (candidate_t *candidate);
static void lead (candidate_t *candidate, int64_t now_ms);
static int follow (candidate_t *candidate, int64_t now_ms, problem_t *problem);
static bool has_news (const candidate_t *candidate);
static uint64_t behind (const candidate_t *candidate);
static void look_for_order (candidate_t *candidate);
static void tell_role (candidate_t *candidate, int64_t now_ms);
static role_t role_of (const candidate_t *candidate, int64_t now_ms);
static void log_role (const candidate_t *candidate, const role_t *role);
static void copy (char text[ROLE_TEXT_BYTES], const char *from);

candidate_t *candidate_new (const candidate_options_t *options, int64_t now_ms)
{
    candidate_t *candidate = calloc (1, sizeof *candidate);
    assert (candidate);
    candidate->options = *options;
    name_holder (candidate);
    const tenure_options_t tenure = {.engine = options->engine,
                                     .holder = candidate->holder,
                                     .lease_ms =
                                         (int64_t) candidate_lease_ms (candidate),
                                     .standby = options->standby};
    candidate->tenure = tenure_new (&tenure, now_ms);
    candidate->follow_ms = candidate->role_ms = now_ms;
    if (options->role_file && *options->role_file) {
        const char *slash = strrchr (options->role_file, '/');
        const int folder = slash ? (int) (slash - options->role_file + 1) : 0;
        snprintf (candidate->order, sizeof candidate->order, "%.*stakeover", folder,
                  options->role_file);
        unlink (candidate->order); // it was for an earlier run
    }
    return candidate;
}

uint64_t candidate_lease_ms (const candidate_t *candidate)
{
    const uint32_t lease_s = candidate->options.lease_s;
    return (uint64_t) (lease_s ? lease_s : LEASE_SECONDS) * 1000;
}

/* Who it is among those that may hold the lease; people read it. */
static void name_holder (candidate_t *candidate)
{
    const candidate_options_t *options = &candidate->options;
    const bool advertised = options->advertise && *options->advertise;
    char host[64] = "";
    gethostname (host, sizeof host - 1);
    snprintf (candidate->holder, sizeof candidate->holder, "%.180s (%s)",
              advertised ? options->advertise : options->directory, host);
    text_clean (candidate->holder);
}

void candidate_destroy (candidate_t **candidate)
{
    if (*candidate) {
        tenure_destroy (&(*candidate)->tenure);
        free (*candidate);
    }
    *candidate = NULL;
}

/* What it has asked for may come to be its own, and nobody else's until it runs out. */
void candidate_close (candidate_t *candidate)
{
    const int64_t until_ms = clock_ms () + GIVE_MS;
    if (!candidate->takes && !candidate->leads)
        return;
    while (stays (candidate, TENURE_TAKES) && clock_ms () < until_ms)
        await (candidate);
    tenure_give_back (candidate->tenure);
    while (stays (candidate, TENURE_HOLDS) && clock_ms () < until_ms)
        await (candidate);
    candidate_end (candidate);
}

static bool stays (candidate_t *candidate, tenure_state_t state)
{
    return tenure_turn (candidate->tenure, clock_ms ()) == state;
}

static void await (const candidate_t *candidate)
{
    struct pollfd news = {.fd = tenure_descriptor (candidate->tenure),
                          .events = POLLIN};
    poll (&news, 1, HURRY_MS);
}

int candidate_turn (candidate_t *candidate, int64_t now_ms, problem_t *problem)
{
    look_for_order (candidate);
    const tenure_state_t state = tenure_turn (candidate->tenure, now_ms);
    candidate->takes = state == TENURE_TAKES;
    if (heed (candidate, state, problem) == -1)
        return -1;
    tell_namesake (candidate);
    if (state == TENURE_HOLDS && !candidate->leads)
        lead (candidate, now_ms);
    if (!book_leads (candidate->options.book) &&
        (now_ms >= candidate->follow_ms || has_news (candidate)) &&
        follow (candidate, now_ms, problem) == -1)
        return -1;
    tell_role (candidate, now_ms);
    return 0;
}

static int heed (candidate_t *candidate, tenure_state_t state, problem_t *problem)
{
    static const int statuses[] = {[TENURE_BARRED] = PROCESS_CANNOT_START,
                                   [TENURE_LOST] = PROCESS_SUPERSEDED,
                                   [TENURE_OVER] = PROCESS_FAILED};
    if (state <= TENURE_HOLDS)
        return 0;
    candidate_end (candidate);
    return problem_set (problem, statuses[state], ACTION,
                        "consequence: nothing is served | reason: %s",
                        tenure_why (candidate->tenure));
}

/* Agencies are told at once; the next run says more. */
void candidate_end (const candidate_t *candidate)
{
    const char *path = candidate->options.role_file;
    role_t role = candidate->role;
    const engine_lease_t *lease = tenure_seen (candidate->tenure);
    role.active = false;
    copy (role.holder,
          lease->epoch > tenure_epoch (candidate->tenure) ? lease->holder : "");
    if (path && *path)
        role_save (&role, path);
}

static void tell_namesake (candidate_t *candidate)
{
    if (candidate->doubled == tenure_has_namesake (candidate->tenure))
        return;
    candidate->doubled = !candidate->doubled;
    if (candidate->doubled)
        logger_event (LOG_WARNING, ACTION, LOG_IN_PROGRESS,
                      "active: %s | reason: that is another process, which calls "
                      "itself as this one does: give each central an --advertise of "
                      "its own",
                      candidate->holder);
}

/* That it was taken is safe on two machines: the barrier. What was read before may be
   of a machine that had lost its place, and is compared. */
static void lead (candidate_t *candidate, int64_t now_ms)
{
    candidate->leads = true;
    candidate->since_ms = now_ms;
    book_lead (candidate->options.book, tenure_epoch (candidate->tenure));
    logger_event (LOG_INFO, ACTION, LOG_IN_PROGRESS,
                  "epoch: %llu | engine: %s | reason: this one leads from here on",
                  (unsigned long long) tenure_epoch (candidate->tenure),
                  candidate->options.engine->name);
}

static int follow (candidate_t *candidate, int64_t now_ms, problem_t *problem)
{
    char why[BOOK_WHY_BYTES];
    const int groups = book_follow (candidate->options.book, why);
    const int error = errno;
    candidate->follow_ms = now_ms + (has_news (candidate) ? HURRY_MS : FOLLOW_MS);
    if (groups >= 0)
        return 0;
    return problem_set (problem,
                        error == ESTALE ? PROCESS_SUPERSEDED
                        : error == 0    ? PROCESS_CANNOT_START
                                        : problem_status (error),
                        ACTION, "consequence: nothing is served | reason: %s", why);
}

/* More than the last entry, of which it may not be known yet whether it is safe; who
   leads takes all. */
static bool has_news (const candidate_t *candidate)
{
    return candidate->leads || behind (candidate) > 1;
}

static uint64_t behind (const candidate_t *candidate)
{
    const log_t *log = book_log (candidate->options.book);
    const uint64_t there = log_groups_there (log), found = log_groups_found (log);
    return there > found ? there - found : 0;
}

static void look_for_order (candidate_t *candidate)
{
    if (candidate->leads || !candidate->order[0] || unlink (candidate->order) == -1)
        return;
    logger_event (LOG_INFO, ACTION, LOG_IN_PROGRESS,
                  "reason: an operator has ordered that this one takes over");
    tenure_claim (candidate->tenure);
}

size_t candidate_items (const candidate_t *candidate, zmq_pollitem_t *items)
{
    const int lease = tenure_descriptor (candidate->tenure);
    const bool reads = !book_leads (candidate->options.book) && has_news (candidate);
    const int log = reads ? log_descriptor (book_log (candidate->options.book)) : -1;
    size_t count = 0;
    if (lease != -1)
        items[count++] = (zmq_pollitem_t){.fd = lease, .events = ZMQ_POLLIN};
    if (log != -1)
        items[count++] = (zmq_pollitem_t){.fd = log, .events = ZMQ_POLLIN};
    return count;
}

int64_t candidate_deadline (const candidate_t *candidate, int64_t now_ms)
{
    const bool leads = candidate_leads (candidate, now_ms);
    const int64_t due[] = {
        tenure_deadline (candidate->tenure), leads ? INT64_MAX : candidate->follow_ms,
        candidate->leads && !leads ? now_ms + HURRY_MS : INT64_MAX, candidate->role_ms};
    int64_t deadline_ms = INT64_MAX;
    for (size_t i = 0; i < sizeof due / sizeof *due; i++)
        deadline_ms = due[i] < deadline_ms ? due[i] : deadline_ms;
    return deadline_ms;
}

bool candidate_leads (const candidate_t *candidate, int64_t now_ms)
{
    return candidate->leads && book_leads (candidate->options.book) &&
           tenure_serves (candidate->tenure, now_ms);
}

void candidate_confirm (candidate_t *candidate, int64_t begun_ms)
{
    const log_mark_t mark = log_mark (book_log (candidate->options.book));
    tenure_confirm (candidate->tenure, begun_ms, mark.position);
}

bool candidate_vouches (const candidate_t *candidate, int64_t held_ms, int64_t now_ms)
{
    return tenure_vouches (candidate->tenure, held_ms, now_ms);
}

/* A file that cannot be written is no reason to end: the broker then does not know
   where the active one is. */
static void tell_role (candidate_t *candidate, int64_t now_ms)
{
    const role_t role = role_of (candidate, now_ms), *told = &candidate->role;
    const bool first = told->engine[0] == 0;
    const bool changed = first || role.active != told->active ||
                         role.epoch != told->epoch ||
                         strcmp (role.holder, told->holder) != 0;
    if (!changed && now_ms < candidate->role_ms)
        return;
    if (changed)
        log_role (candidate, &role);
    candidate->role = role;
    candidate->role_ms = now_ms + ROLE_MS;
    const char *path = candidate->options.role_file;
    if (path && *path && role_save (&role, path) == -1 && changed)
        logger_event (LOG_WARNING, ACTION, LOG_FAIL,
                      "file: %s | reason: it cannot be written, %s", path,
                      strerror (errno));
}

static role_t role_of (const candidate_t *candidate, int64_t now_ms)
{
    const engine_lease_t *lease = tenure_seen (candidate->tenure);
    role_t role = {.active = candidate_leads (candidate, now_ms),
                   .epoch = candidate->leads ? tenure_epoch (candidate->tenure)
                                             : lease->epoch,
                   .behind = behind (candidate),
                   .age_ms = lease->age_ms,
                   .synchronous = lease->synchronous,
                   .standbys = lease->epoch ? lease->standbys : -1};
    copy (role.holder, candidate->leads ? candidate->holder : lease->holder);
    copy (role.names, lease->names);
    copy (role.host, lease->host);
    copy (role.engine, "postgres");
    return role;
}

static void log_role (const candidate_t *candidate, const role_t *role)
{
    if (role->active)
        logger_event (LOG_INFO, ACTION, LOG_SUCCESS, "role: active | epoch: %llu",
                      (unsigned long long) role->epoch);
    else if (!candidate->leads && role->epoch > 0)
        logger_event (LOG_INFO, ACTION, LOG_IN_PROGRESS,
                      "role: standby | active: %s | epoch: %llu | behind: %llu",
                      role->holder, (unsigned long long) role->epoch,
                      (unsigned long long) role->behind);
}

static void copy (char text[ROLE_TEXT_BYTES], const char *from)
{
    snprintf (text, ROLE_TEXT_BYTES, "%.*s", ROLE_TEXT_BYTES - 1, from);
    text_clean (text);
}
