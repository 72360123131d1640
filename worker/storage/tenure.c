/* tenure.c - takes the lease, holds it, and lets it go. Storage. */

#include "tenure.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEVER             INT64_MAX
#define LOOK_MS           250 // how often who waits looks at the lease, at most
#define RENEW_MS          500 // who holds it renews it as often, at least: others follow by that
#define NAMESAKE_RENEWALS 2   // show that another renews it
#define RETRY_MS          100 // after an engine that did not answer
#define PATIENCE_MS       10000 // on top of a lease, with who is to confirm that it was taken
#define STATUS_MS         2000 // how often who holds it looks how the engine is

struct tenure {
    tenure_options_t options;
    tenure_state_t state;
    bool asked;         // and not answered yet:
    engine_kind_t kind; // what,
    int64_t asked_ms;   // and when
    int64_t due_ms;     // when to ask next
    int64_t status_ms;  // when to look how it is, of who holds it
    int64_t confirmed_ms;
    int64_t renewed_ms; // likewise, but by no commit: what others see of it
    int64_t serves_ms;  // not before
    bool claimed;
    bool giving;       // it back
    int64_t since_ms;  // when it was first seen as it is now
    bool watched;      // and it was otherwise before
    unsigned renewals; // of one that has our name and is not ours, seen in a row
    bool quiet;        // what others may still say is over by the time that it is taken
    uint64_t epoch;
    uint64_t ordinal; // of the last entry that is known to be safe
    engine_lease_t seen;
    char why[ENGINE_WHY_BYTES];
};

static void take_answer (tenure_t *tenure, int64_t now_ms);
static void take_lease (tenure_t *tenure, const engine_lease_t *lease, int64_t now_ms);
static void see_own (tenure_t *tenure, const engine_lease_t *lease);
static bool may_take (tenure_t *tenure, const engine_lease_t *lease);
static int64_t age_ms (const tenure_t *tenure, const engine_lease_t *lease);
static int64_t watched_ms (const tenure_t *tenure);
static bool is_own (const tenure_t *tenure, const engine_lease_t *lease);
static int64_t dead_after_ms (const tenure_t *tenure);
static int64_t answers_ms (const tenure_t *tenure);
static void note_renewal (tenure_t *tenure, const engine_lease_t *lease,
                          int64_t now_ms);
static void explain_namesake (tenure_t *tenure);
static void take_taken (tenure_t *tenure, engine_outcome_t outcome,
                        const engine_answer_t *answer, int64_t now_ms);
static void take_renewed (tenure_t *tenure, engine_outcome_t outcome, int64_t now_ms);
static void ask_what_is_due (tenure_t *tenure, int64_t now_ms);
static void ask (tenure_t *tenure, engine_kind_t kind, int64_t now_ms);
static int64_t look_ms (const tenure_t *tenure);
static int64_t renew_ms (const tenure_t *tenure);
static void end_if_over (tenure_t *tenure, int64_t now_ms);
static int64_t take_ends_ms (const tenure_t *tenure);
static bool is_fresh (const tenure_t *tenure, int64_t now_ms);

tenure_t *tenure_new (const tenure_options_t *options, int64_t now_ms)
{
    tenure_t *tenure = calloc (1, sizeof *tenure);
    assert (tenure && options->lease_ms > 0);
    tenure->options = *options;
    tenure->due_ms = now_ms;
    return tenure;
}

void tenure_destroy (tenure_t **tenure)
{
    free (*tenure);
    *tenure = NULL;
}

tenure_state_t tenure_turn (tenure_t *tenure, int64_t now_ms)
{
    if (tenure->state > TENURE_HOLDS)
        return tenure->state;
    take_answer (tenure, now_ms);
    end_if_over (tenure, now_ms);
    if (tenure->state <= TENURE_HOLDS)
        ask_what_is_due (tenure, now_ms);
    return tenure->state;
}

static void take_answer (tenure_t *tenure, int64_t now_ms)
{
    engine_t *engine = tenure->options.engine;
    engine_answer_t answer;
    const engine_outcome_t outcome =
        tenure->asked ? engine->ops->look (engine, ENGINE_LEASE, &answer)
                      : ENGINE_PENDING;
    if (outcome == ENGINE_PENDING)
        return;
    tenure->asked = false;
    snprintf (tenure->why, sizeof tenure->why, "%s",
              outcome == ENGINE_DONE ? "" : answer.why);
    if (tenure->kind == ENGINE_TAKE)
        take_taken (tenure, outcome, &answer, now_ms);
    else if (tenure->kind == ENGINE_RENEW)
        take_renewed (tenure, outcome, now_ms);
    else if (outcome == ENGINE_DONE)
        take_lease (tenure, &answer.lease, now_ms);
    else
        tenure->due_ms = now_ms + RETRY_MS;
}

static void take_lease (tenure_t *tenure, const engine_lease_t *lease, int64_t now_ms)
{
    note_renewal (tenure, lease, now_ms);
    tenure->seen = *lease;
    if (tenure->state == TENURE_HOLDS) {
        see_own (tenure, lease);
        return;
    }
    tenure->due_ms = now_ms + look_ms (tenure);
    if (may_take (tenure, lease))
        tenure->state = TENURE_TAKES;
    else if (is_own (tenure, lease) && !tenure_has_namesake (tenure)) {
        const int64_t left_ms = dead_after_ms (tenure) + 1 - age_ms (tenure, lease);
        tenure->due_ms =
            now_ms + (left_ms < look_ms (tenure) ? left_ms : look_ms (tenure));
    } else if (tenure_has_namesake (tenure) && !tenure->options.standby) {
        tenure->state = TENURE_BARRED;
        explain_namesake (tenure);
    } else if (!tenure->options.standby) {
        tenure->state = TENURE_BARRED;
        snprintf (tenure->why, sizeof tenure->why,
                  "%s is the active one: start this with --standby, or have one take "
                  "over (loteria-ctl takeover)",
                  lease->holder);
    }
}

static void see_own (tenure_t *tenure, const engine_lease_t *lease)
{
    if (lease->epoch <= tenure->epoch)
        return;
    tenure->state = TENURE_LOST;
    if (is_own (tenure, lease)) {
        explain_namesake (tenure);
        return;
    }
    snprintf (tenure->why, sizeof tenure->why,
              "%.255s has taken over: the epoch is %" PRIu64 ", and was %" PRIu64
              " here",
              *lease->holder ? lease->holder : "another process", lease->epoch,
              tenure->epoch);
}

/* An earlier run here left it, and does not hold the data directory any more; or
   another that calls itself the same is there, and renews it. */
static bool may_take (tenure_t *tenure, const engine_lease_t *lease)
{
    const int64_t unrenewed_ms = age_ms (tenure, lease);
    const bool left = is_own (tenure, lease) && !tenure_has_namesake (tenure) &&
                      unrenewed_ms > dead_after_ms (tenure);
    const bool given = lease->holder[0] == 0;
    const bool over = unrenewed_ms > tenure->options.lease_ms;
    const bool spoke = tenure->watched && watched_ms (tenure) <= answers_ms (tenure);
    tenure->quiet = lease->epoch == 0 || left || given || (over && !spoke);
    return tenure->quiet || over || tenure->claimed;
}

/* By the engine's clock or by our own, whichever says more: after the loss of a machine
   the engine's is another one's, which may be behind; or ahead, while somebody leads.
 */
static int64_t age_ms (const tenure_t *tenure, const engine_lease_t *lease)
{
    const int64_t here_ms = watched_ms (tenure);
    return (int64_t) lease->age_ms > here_ms ? (int64_t) lease->age_ms : here_ms;
}

/* An answer is of when it was asked for: who was stopped takes it long afterwards. */
static int64_t watched_ms (const tenure_t *tenure)
{
    return tenure->asked_ms - tenure->since_ms;
}

static bool is_own (const tenure_t *tenure, const engine_lease_t *lease)
{
    return strcmp (lease->holder, tenure->options.holder) == 0;
}

static int64_t dead_after_ms (const tenure_t *tenure)
{
    return renew_ms (tenure) * 3 / 2;
}

/* No longer than that: who has our name may not be an earlier run of this one. */
static int64_t answers_ms (const tenure_t *tenure)
{
    const int64_t part_ms = tenure->options.lease_ms / TENURE_ANSWERS;
    return part_ms < dead_after_ms (tenure) ? part_ms : dead_after_ms (tenure);
}

/* What a process that was killed had asked may be seen afterwards, once. */
static void note_renewal (tenure_t *tenure, const engine_lease_t *lease, int64_t now_ms)
{
    const engine_lease_t *seen = &tenure->seen;
    const bool same = lease->epoch == seen->epoch;
    const bool renewed = !same || lease->renewed != seen->renewed;
    if (renewed || seen->epoch == 0) {
        tenure->watched = seen->epoch > 0;
        tenure->since_ms = now_ms;
    }
    if (!same || tenure->state != TENURE_WAITS || !is_own (tenure, lease))
        tenure->renewals = 0;
    else if (renewed)
        tenure->renewals++;
}

bool tenure_has_namesake (const tenure_t *tenure)
{
    return tenure->renewals >= NAMESAKE_RENEWALS;
}

static void explain_namesake (tenure_t *tenure)
{
    snprintf (tenure->why, sizeof tenure->why,
              "another process calls itself %.255s, too, and is the active one: give "
              "each central an --advertise of its own",
              tenure->options.holder);
}

/* Somebody else may have been quicker. */
static void take_taken (tenure_t *tenure, engine_outcome_t outcome,
                        const engine_answer_t *answer, int64_t now_ms)
{
    tenure->state = tenure->giving              ? TENURE_OVER
                    : outcome == ENGINE_DONE    ? TENURE_HOLDS
                    : outcome == ENGINE_UNKNOWN ? TENURE_OVER
                                                : TENURE_WAITS;
    tenure->due_ms = now_ms + (outcome == ENGINE_DONE ? 0 : RETRY_MS);
    tenure->claimed &= outcome == ENGINE_FAILED;
    if (outcome != ENGINE_DONE || tenure->giving)
        return;
    tenure->epoch = answer->epoch;
    tenure->confirmed_ms = tenure->renewed_ms = tenure->asked_ms;
    tenure->serves_ms = tenure->quiet ? now_ms : now_ms + answers_ms (tenure);
    tenure->status_ms = now_ms;
}

static void take_renewed (tenure_t *tenure, engine_outcome_t outcome, int64_t now_ms)
{
    if (outcome == ENGINE_DONE) {
        tenure_confirm (tenure, tenure->asked_ms, 0);
        tenure->renewed_ms = tenure->asked_ms;
        tenure->due_ms = tenure->asked_ms + look_ms (tenure);
    } else if (outcome == ENGINE_FENCED)
        tenure->state = TENURE_LOST;
    else
        tenure->due_ms = now_ms + RETRY_MS;
}

/* Its answer was not there either when the time was over. */
static void end_if_over (tenure_t *tenure, int64_t now_ms)
{
    if (tenure->state == TENURE_TAKES && now_ms > take_ends_ms (tenure)) {
        snprintf (tenure->why, sizeof tenure->why,
                  "the lease was asked for %" PRId64 " ms ago, and no standby of the "
                  "engine has confirmed it: if another of its machines leads by now, "
                  "the next start finds it",
                  now_ms - tenure->asked_ms);
        tenure->state = TENURE_OVER;
        return;
    }
    const int64_t silent_ms = now_ms - tenure->confirmed_ms;
    char reason[ENGINE_WHY_BYTES / 2];
    if (tenure->state != TENURE_HOLDS || silent_ms <= tenure->options.lease_ms)
        return;
    snprintf (reason, sizeof reason, "%.255s", tenure->why);
    snprintf (tenure->why, sizeof tenure->why,
              "nothing was confirmed for %" PRId64 " ms, and the lease is %" PRId64
              " ms: another may hold it by now%s%s",
              silent_ms, tenure->options.lease_ms, *reason ? ": " : "", reason);
    tenure->state = TENURE_OVER;
}

static void ask_what_is_due (tenure_t *tenure, int64_t now_ms)
{
    if (tenure->asked)
        return;
    if (tenure->state == TENURE_TAKES || tenure->giving)
        ask (tenure, ENGINE_TAKE, now_ms);
    else if (tenure->state == TENURE_WAITS &&
             (now_ms >= tenure->due_ms || tenure->claimed))
        ask (tenure, ENGINE_SEE, now_ms);
    else if (tenure->state == TENURE_HOLDS && now_ms >= tenure->due_ms)
        ask (tenure, ENGINE_RENEW, now_ms);
    else if (tenure->state == TENURE_HOLDS && now_ms >= tenure->status_ms) {
        tenure->status_ms = now_ms + STATUS_MS;
        ask (tenure, ENGINE_SEE, now_ms);
    }
}

static void ask (tenure_t *tenure, engine_kind_t kind, int64_t now_ms)
{
    const engine_question_t question = {
        .kind = kind,
        .epoch =
            kind == ENGINE_RENEW || tenure->giving ? tenure->epoch : tenure->seen.epoch,
        .ordinal = tenure->ordinal,
        .holder = tenure->giving ? "" : tenure->options.holder,
        .renewed = tenure->quiet && !tenure->giving ? tenure->seen.renewed : 0};
    tenure->asked = true;
    tenure->kind = kind;
    tenure->asked_ms = now_ms;
    tenure->options.engine->ops->ask (tenure->options.engine, ENGINE_LEASE, &question);
}

static int64_t look_ms (const tenure_t *tenure)
{
    const int64_t often_ms = renew_ms (tenure);
    return tenure->state == TENURE_HOLDS || often_ms < LOOK_MS ? often_ms : LOOK_MS;
}

static int64_t renew_ms (const tenure_t *tenure)
{
    const int64_t part_ms = tenure->options.lease_ms / TENURE_RENEWALS;
    return part_ms < RENEW_MS ? part_ms : RENEW_MS;
}

int64_t tenure_deadline (const tenure_t *tenure)
{
    if (tenure->state > TENURE_HOLDS)
        return NEVER;
    const int64_t over_ms = tenure->state == TENURE_HOLDS
                                ? tenure->confirmed_ms + tenure->options.lease_ms + 1
                            : tenure->state == TENURE_TAKES ? take_ends_ms (tenure) + 1
                                                            : NEVER;
    int64_t due_ms = tenure->asked ? NEVER : tenure->due_ms;
    if (!tenure->asked && tenure->state == TENURE_HOLDS && tenure->status_ms < due_ms)
        due_ms = tenure->status_ms;
    return due_ms < over_ms ? due_ms : over_ms;
}

int tenure_descriptor (const tenure_t *tenure)
{
    engine_t *engine = tenure->options.engine;
    return engine->ops->descriptor (engine, ENGINE_LEASE);
}

void tenure_claim (tenure_t *tenure)
{
    if (tenure->state == TENURE_WAITS)
        tenure->claimed = true;
}

void tenure_give_back (tenure_t *tenure)
{
    tenure->giving = tenure->state == TENURE_HOLDS;
}

/* It renews all the same: others see the renewals only. */
void tenure_confirm (tenure_t *tenure, int64_t asked_ms, uint64_t ordinal)
{
    if (tenure->state == TENURE_HOLDS && asked_ms > tenure->confirmed_ms)
        tenure->confirmed_ms = asked_ms;
    if (ordinal > tenure->ordinal)
        tenure->ordinal = ordinal;
}

bool tenure_serves (const tenure_t *tenure, int64_t now_ms)
{
    return tenure->state == TENURE_HOLDS && now_ms >= tenure->serves_ms;
}

bool tenure_vouches (const tenure_t *tenure, int64_t ready_ms, int64_t now_ms)
{
    if (tenure->state != TENURE_HOLDS || tenure->giving)
        return false;
    return is_fresh (tenure, now_ms) ||
           (ready_ms > 0 && tenure->confirmed_ms >= ready_ms);
}

/* A server whose standbys have left it for another never answers. */
static int64_t take_ends_ms (const tenure_t *tenure)
{
    return tenure->asked_ms + tenure->options.lease_ms + PATIENCE_MS;
}

/* Whoever takes the lease because nobody renews it knows nothing of commits. */
static bool is_fresh (const tenure_t *tenure, int64_t now_ms)
{
    return now_ms - tenure->renewed_ms <= answers_ms (tenure);
}

uint64_t tenure_epoch (const tenure_t *tenure)
{
    return tenure->epoch;
}

const engine_lease_t *tenure_seen (const tenure_t *tenure)
{
    return &tenure->seen;
}

const char *tenure_why (const tenure_t *tenure)
{
    return tenure->why;
}
