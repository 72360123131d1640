/* notary.c - the notes that state has recorded of provable draws. State; pure. */

#include "notary.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "escrow.h"
#include "logger.h"

#define STAKES_AT_A_TIME 64

typedef enum {
    STEP_NOTHING,
    STEP_OPEN,   // its open note is to be recorded
    STEP_STAKES, // what those have sold that have not committed is to be asked
    STEP_SEAL,
    STEP_AWARD, // who has won how much is to be asked
    STEP_RESULT
} step_t;

typedef struct { // of an agency that has not committed
    bool known, asked;
    salt_key_t key;
    stake_t stake;
} other_t;

typedef struct { // a draw that is under way
    uint64_t draw;
    bool seen_now;       // in this round
    step_t step;         // that was asked of storage,
    uint64_t asked_seen; // when this was its last event; and when it is asked again
    int64_t again_ms;
    bool closed;       // and there is time to commit up to
    int64_t window_ms; // this, by the clock that is never set
    bool told;         // why nothing goes on; and when that is told again
    int64_t tell_ms;
    bool nonce_drawn;
    nonce_t nonce;   // the operator's, until the open note is recorded
    other_t *others; // by agency, from 1; NULL: not asked yet
    uint8_t *awarded;
    size_t awarded_size;
    char *paper; // that was made for this step, in view of `asked_seen`
    size_t paper_size;
} case_t;

struct notary {
    notary_options_t options;
    operator_t by;
    draws_t *draws;
    follower_t *follower;
    chance_t chance;
    case_t *cases;
    size_t count, capacity;
    int64_t now_ms;
    uint64_t wall_ms;
};

static void pursue (notary_t *notary, const live_t *live);
static case_t *case_of (notary_t *notary, uint64_t draw);
static case_t *find (const notary_t *notary, uint64_t draw);
static void forget (notary_t *notary, size_t which);
static step_t step_of (const notary_t *notary, const live_t *live, const case_t *its);
static bool may_be_sealed (const notary_t *notary, const live_t *live,
                           const case_t *its);
static void begin_window (const notary_t *notary, const draw_facts_t *facts,
                          case_t *its);
static bool stakes_known (const live_t *live, const case_t *its);
static bool is_asked (const notary_t *notary, const live_t *live, const case_t *its,
                      step_t step);
static void ask (notary_t *notary, const live_t *live, case_t *its, step_t step);
static void ask_stakes (notary_t *notary, const live_t *live, case_t *its);
static void begin_others (notary_t *notary, const live_t *live, case_t *its);
static void ask_award (notary_t *notary, const live_t *live);
static void record (notary_t *notary, const live_t *live, case_t *its, step_t step);
static char *make_paper (notary_t *notary, const live_t *live, case_t *its, step_t step,
                         size_t *size, char *why);
static char *open_paper (notary_t *notary, const live_t *live, case_t *its,
                         size_t *size, char *why);
static char *seal_paper (notary_t *notary, const live_t *live, const case_t *its,
                         size_t *size, char *why);
static void forget_paper (case_t *its);
static void draw_bytes (notary_t *notary, uint8_t *bytes, size_t size);
static int64_t look_at_clock (const notary_t *notary, const live_t *live,
                              const case_t *its);
static void tell_waiting (const notary_t *notary, const live_t *live, case_t *its);
static void tell_failed (const notary_t *notary, const live_t *live, case_t *its,
                         const char *why);
static bool is_to_be_told (const notary_t *notary, case_t *its);

static const envelope_t nobodys = {0};

notary_t *notary_new (const notary_options_t *options, draws_t *draws,
                      follower_t *follower, const chance_t *chance)
{
    notary_t *notary = calloc (1, sizeof *notary);
    assert (notary);
    notary->options = *options;
    notary->by = (operator_t){.central = options->central,
                              .pair = options->pair,
                              .commit_s = options->commit_s,
                              .least = options->least,
                              .auditor = options->auditor};
    notary->draws = draws;
    notary->follower = follower;
    notary->chance = *chance;
    return notary;
}

void notary_destroy (notary_t **notary)
{
    if (*notary) {
        while ((*notary)->count > 0)
            forget (*notary, 0);
        free ((*notary)->cases);
        free (*notary);
    }
    *notary = NULL;
}

void notary_tick (notary_t *notary, int64_t now_ms, uint64_t wall_ms)
{
    notary->now_ms = now_ms;
    notary->wall_ms = wall_ms;
}

void notary_pursue (notary_t *notary)
{
    for (size_t i = 0; i < notary->count; i++)
        notary->cases[i].seen_now = false;
    for (size_t i = 0; i < draws_count (notary->draws); i++)
        pursue (notary, draws_at (notary->draws, i));
    for (size_t i = notary->count; i-- > 0;)
        if (!notary->cases[i].seen_now)
            forget (notary, i);
}

int64_t notary_deadline (const notary_t *notary)
{
    int64_t deadline_ms = INT64_MAX;
    for (size_t i = 0; i < draws_count (notary->draws); i++) {
        const live_t *live = draws_at (notary->draws, i);
        const case_t *its = find (notary, draw_facts (live->draw)->identity);
        if (!its)
            continue;
        const int64_t look_ms = step_of (notary, live, its) == STEP_NOTHING
                                    ? look_at_clock (notary, live, its)
                                : follower_reachable (notary->follower) ? its->again_ms
                                                                        : INT64_MAX;
        deadline_ms = look_ms < deadline_ms ? look_ms : deadline_ms;
    }
    return deadline_ms;
}

bool notary_want (const notary_t *notary)
{
    for (size_t i = 0; i < draws_count (notary->draws); i++) {
        const live_t *live = draws_at (notary->draws, i);
        const case_t *its = find (notary, draw_facts (live->draw)->identity);
        if (its && step_of (notary, live, its) != STEP_NOTHING)
            return true;
    }
    return false;
}

bool notary_staked (notary_t *notary, const wire_message_t *message)
{
    case_t *its = find (notary, message->draw);
    const live_t *live = draws_find (notary->draws, message->draw);
    const uint32_t agency = message->agency;
    if (!its || !its->others || !live || !draw_on_roll (live->draw, agency) ||
        !its->others[agency].asked)
        return false;
    other_t *other = &its->others[agency];
    other->known = true;
    other->stake = (stake_t){.agency = agency, .count = message->staked.count};
    memcpy (other->stake.root.of, message->staked.root, sizeof other->stake.root.of);
    return true;
}

/* Whether it tells of this draw's roll is for the result's paper to see. */
bool notary_awarded (notary_t *notary, const wire_message_t *message)
{
    case_t *its = find (notary, message->draw);
    if (!its || its->step != STEP_AWARD || its->awarded)
        return false;
    its->awarded = malloc (message->awarded.size + 1);
    assert (its->awarded);
    put_bytes (its->awarded, message->awarded);
    its->awarded_size = message->awarded.size;
    return true;
}

bool notary_can_open (notary_t *notary, uint32_t agencies, char *why)
{
    operator_t by = notary->by;
    signers_t signers = {0};
    char reason[KEYS_WHY_BYTES];
    if (!notary->options.pair)
        return provable_can_open (NULL, agencies, why);
    if (notary->options.signers (notary->options.context, &signers, reason) == -1) {
        snprintf (why, PROVABLE_WHY_BYTES, "%.200s", reason);
        return false;
    }
    by.signers = &signers;
    const bool can = provable_can_open (&by, agencies, why);
    signers_clear (&signers);
    return can;
}

const operator_t *notary_operator (const notary_t *notary)
{
    return notary->options.pair ? &notary->by : NULL;
}

static void pursue (notary_t *notary, const live_t *live)
{
    const draw_facts_t *facts = draw_facts (live->draw);
    if (!draw_provable (live->draw) || draw_finished (live->draw))
        return;
    case_t *its = case_of (notary, facts->identity);
    its->seen_now = true;
    if (!live_up_to_date (live))
        return;
    if (facts->phase == PHASE_CLOSED && !its->closed)
        begin_window (notary, facts, its);
    const step_t step = step_of (notary, live, its);
    if (step == STEP_NOTHING) {
        its->step = STEP_NOTHING;
        tell_waiting (notary, live, its);
    } else if (!follower_reachable (notary->follower))
        its->again_ms = notary->now_ms; // what was asked may be lost
    else if (!is_asked (notary, live, its, step))
        ask (notary, live, its, step);
}

static case_t *case_of (notary_t *notary, uint64_t draw)
{
    case_t *its = find (notary, draw);
    if (its)
        return its;
    if (notary->count == notary->capacity) {
        notary->capacity = 2 * notary->capacity + 4;
        notary->cases =
            realloc (notary->cases, notary->capacity * sizeof *notary->cases);
        assert (notary->cases);
    }
    its = &notary->cases[notary->count++];
    *its = (case_t){.draw = draw};
    return its;
}

static case_t *find (const notary_t *notary, uint64_t draw)
{
    for (size_t i = 0; i < notary->count; i++)
        if (notary->cases[i].draw == draw)
            return &notary->cases[i];
    return NULL;
}

static void forget (notary_t *notary, size_t which)
{
    case_t *its = &notary->cases[which];
    forget_paper (its);
    free (its->others);
    free (its->awarded);
    *its = notary->cases[--notary->count];
}

static step_t step_of (const notary_t *notary, const live_t *live, const case_t *its)
{
    const draw_facts_t *facts = draw_facts (live->draw);
    if (!live_up_to_date (live) || draw_finished (live->draw))
        return STEP_NOTHING;
    if (!draw_noted (live->draw))
        return STEP_OPEN;
    if (facts->phase == PHASE_CLOSED && may_be_sealed (notary, live, its))
        return stakes_known (live, its) ? STEP_SEAL : STEP_STAKES;
    if (facts->phase == PHASE_DRAWN)
        return its->awarded ? STEP_RESULT : STEP_AWARD;
    return STEP_NOTHING;
}

static bool may_be_sealed (const notary_t *notary, const live_t *live,
                           const case_t *its)
{
    const draw_facts_t *facts = draw_facts (live->draw);
    return provable_commits (draw_provable (live->draw)) >= facts->least &&
           (draw_awaited (live->draw) == 0 ||
            (its->closed && notary->now_ms >= its->window_ms));
}

/* What is left of it is worked out once, as the close is seen here: a state that starts
   again goes on from the time that is recorded. From there on the clock on the wall may
   be set as it may: nobody waits for hours, and nobody gets less than he was told. */
static void begin_window (const notary_t *notary, const draw_facts_t *facts,
                          case_t *its)
{
    const uint64_t all_ms = (uint64_t) facts->commit_s * 1000;
    const uint64_t since_ms =
        notary->wall_ms > facts->closed_ms ? notary->wall_ms - facts->closed_ms : 0;
    its->closed = true;
    its->window_ms =
        notary->now_ms + (int64_t) (since_ms < all_ms ? all_ms - since_ms : 0);
}

static bool stakes_known (const live_t *live, const case_t *its)
{
    const draw_facts_t *facts = draw_facts (live->draw);
    for (uint32_t agency = 1; agency <= facts->agencies; agency++)
        if (!draw_asked (live->draw, agency) &&
            !(its->others && its->others[agency].known))
            return false;
    return true;
}

/* Of stakes the next ones are asked for as soon as these are known. */
static bool is_asked (const notary_t *notary, const live_t *live, const case_t *its,
                      step_t step)
{
    bool open = step != STEP_STAKES;
    for (uint32_t agency = 1; !open && agency <= draw_facts (live->draw)->agencies;
         agency++)
        open = its->others && its->others[agency].asked && !its->others[agency].known &&
               !draw_asked (live->draw, agency);
    return its->step == step && its->asked_seen == live->seen &&
           notary->now_ms < its->again_ms && open;
}

static void ask (notary_t *notary, const live_t *live, case_t *its, step_t step)
{
    if (its->step != step || its->asked_seen != live->seen)
        forget_paper (its);
    its->step = step;
    its->asked_seen = live->seen;
    its->again_ms = notary->now_ms + ASK_AGAIN_MS;
    if (step == STEP_STAKES)
        ask_stakes (notary, live, its);
    else if (step == STEP_AWARD)
        ask_award (notary, live);
    else
        record (notary, live, its, step);
}

static void ask_stakes (notary_t *notary, const live_t *live, case_t *its)
{
    const draw_facts_t *facts = draw_facts (live->draw);
    if (!its->others)
        begin_others (notary, live, its);
    size_t left = STAKES_AT_A_TIME;
    for (uint32_t agency = 1; agency <= facts->agencies && left > 0; agency++) {
        other_t *other = &its->others[agency];
        if (other->known || draw_asked (live->draw, agency))
            continue;
        wire_message_t stake = {.command = WIRE_STAKE,
                                .agency = agency,
                                .draw = facts->identity,
                                .stake = {.epoch = follower_epoch (notary->follower)}};
        memcpy (stake.stake.salt_key, other->key.of, sizeof stake.stake.salt_key);
        follower_ask (notary->follower, &nobodys, &stake);
        other->asked = true;
        left--;
    }
}

/* Their salts are chosen once. */
static void begin_others (notary_t *notary, const live_t *live, case_t *its)
{
    const uint32_t agencies = draw_facts (live->draw)->agencies;
    its->others = calloc ((size_t) agencies + 1, sizeof *its->others);
    assert (its->others);
    for (uint32_t agency = 1; agency <= agencies; agency++)
        draw_bytes (notary, its->others[agency].key.of,
                    sizeof its->others[agency].key.of);
}

static void ask_award (notary_t *notary, const live_t *live)
{
    const wire_message_t award = {.command = WIRE_AWARD,
                                  .draw = draw_facts (live->draw)->identity,
                                  .award = follower_epoch (notary->follower)};
    follower_ask (notary->follower, &nobodys, &award);
}

static void record (notary_t *notary, const live_t *live, case_t *its, step_t step)
{
    char why[PROVABLE_WHY_BYTES];
    if (!its->paper)
        its->paper = make_paper (notary, live, its, step, &its->paper_size, why);
    if (!its->paper) {
        its->again_ms = notary->now_ms + ASK_NEWS_MS;
        tell_failed (notary, live, its, why);
        if (step == STEP_RESULT) { // asked anew: what was told may have been of others
            free (its->awarded);
            its->awarded = NULL;
        }
        return;
    }
    const wire_event_t event = {.kind = step == STEP_OPEN   ? EVENT_NOTED
                                        : step == STEP_SEAL ? EVENT_LOCKED
                                                            : EVENT_PUBLISHED,
                                .text = bytes_of (its->paper, its->paper_size)};
    follower_record (notary->follower, &nobodys, live, &event);
}

static char *make_paper (notary_t *notary, const live_t *live, case_t *its, step_t step,
                         size_t *size, char *why)
{
    switch (step) {
    case STEP_OPEN:
        return open_paper (notary, live, its, size, why);
    case STEP_SEAL:
        return seal_paper (notary, live, its, size, why);
    default:
        return provable_result_paper (
            draw_provable (live->draw), notary_operator (notary),
            bytes_of (its->awarded, its->awarded_size), size, why);
    }
}

static char *open_paper (notary_t *notary, const live_t *live, case_t *its,
                         size_t *size, char *why)
{
    operator_t by = notary->by;
    signers_t signers = {0};
    escrow_box_t sealed;
    bytes_t box = {0};
    char reason[KEYS_WHY_BYTES], *paper = NULL;
    if (!its->nonce_drawn)
        draw_bytes (notary, its->nonce.of, sizeof its->nonce.of);
    its->nonce_drawn = true;
    if (!notary->options.pair)
        provable_can_open (NULL, 1, why);
    else if (notary->options.signers (notary->options.context, &signers, reason) == -1)
        snprintf (why, PROVABLE_WHY_BYTES, "%.200s", reason);
    else if (by.auditor && !escrow_seal (&its->nonce, by.auditor, &sealed))
        snprintf (why, PROVABLE_WHY_BYTES, "the auditor's key is no key");
    else {
        if (by.auditor)
            box = bytes_of (sealed.of, sizeof sealed.of);
        by.signers = &signers;
        paper = provable_open_paper (draw_provable (live->draw), &by, &its->nonce, &box,
                                     size, why);
    }
    signers_clear (&signers);
    return paper;
}

static char *seal_paper (notary_t *notary, const live_t *live, const case_t *its,
                         size_t *size, char *why)
{
    const uint32_t agencies = draw_facts (live->draw)->agencies;
    stake_t *stakes = calloc (agencies, sizeof *stakes);
    salt_key_t *keys = calloc (agencies, sizeof *keys);
    size_t count = 0;
    assert (stakes && keys);
    for (uint32_t agency = 1; agency <= agencies; agency++)
        if (!draw_asked (live->draw, agency)) {
            stakes[count] = its->others[agency].stake;
            keys[count++] = its->others[agency].key;
        }
    char *paper =
        provable_seal_paper (draw_provable (live->draw), notary_operator (notary),
                             stakes, keys, count, notary->wall_ms / 1000, size, why);
    free (stakes);
    free (keys);
    return paper;
}

static void forget_paper (case_t *its)
{
    free (its->paper);
    its->paper = NULL;
}

static void draw_bytes (notary_t *notary, uint8_t *bytes, size_t size)
{
    assert (size % 8 == 0);
    for (size_t i = 0; i < size; i += 8)
        put_u64 (bytes + i, notary->chance.draw (notary->chance.context));
}

/* When the time to commit is over. */
static int64_t look_at_clock (const notary_t *notary, const live_t *live,
                              const case_t *its)
{
    const bool waits = draw_facts (live->draw)->phase == PHASE_CLOSED && its->closed &&
                       notary->now_ms < its->window_ms;
    return waits ? its->window_ms : INT64_MAX;
}

/* It is closed, and too few have committed: nothing goes on until more have. */
static void tell_waiting (const notary_t *notary, const live_t *live, case_t *its)
{
    const draw_facts_t *facts = draw_facts (live->draw);
    const provable_t *provable = draw_provable (live->draw);
    uint32_t missing[WAITING_NAMES_MAX];
    char names[WAITING_NAMES_MAX * (AGENCY_DIGITS_MAX + 2) + 1] = "";
    int size = 0;
    if (facts->phase != PHASE_CLOSED || provable_commits (provable) >= facts->least ||
        (draw_awaited (live->draw) > 0 && notary->now_ms < its->window_ms) ||
        !is_to_be_told (notary, its))
        return;
    draw_missing (live->draw, missing);
    for (size_t i = 0; i < WAITING_NAMES_MAX && missing[i] > 0; i++)
        size += snprintf (names + size, sizeof names - (size_t) size, "%s%u",
                          i > 0 ? ", " : "", missing[i]);
    logger_event (LOG_WARNING, "sello", LOG_IN_PROGRESS,
                  "draw: %s | committed: %u of %u | least: %u | missing: %s | "
                  "consequence: it is not sealed before",
                  facts->name, provable_commits (provable), facts->agencies,
                  facts->least, names);
}

static void tell_failed (const notary_t *notary, const live_t *live, case_t *its,
                         const char *why)
{
    if (is_to_be_told (notary, its))
        logger_event (
            LOG_ERROR, "notas", LOG_IN_PROGRESS,
            "draw: %s | reason: %s | consequence: the draw waits, it is tried "
            "again",
            draw_facts (live->draw)->name, why);
}

/* At once, and then now and then. */
static bool is_to_be_told (const notary_t *notary, case_t *its)
{
    if (its->told && notary->now_ms < its->tell_ms)
        return false;
    its->told = true;
    its->tell_ms = notary->now_ms + WAIT_AGAIN_MS;
    return true;
}
