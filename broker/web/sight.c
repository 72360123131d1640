/* sight.c - keeps a central in sight: loteria-web. */

#include "sight.h"

#include <assert.h>
#include <stdlib.h>

#include "metrics.h"

#define PATIENCE_MS 3000 // of a question to a part
#define LOOK_MS     2000 // whether the central is where it was

struct sight {
    const config_t *config;
    const whereabouts_given_t *given;
    whereabouts_t whereabouts;
    problem_t problem; // why there is none; only when there is no asker
    asker_t *asker;    // NULL: no central
    survey_t *survey;
    asker_t *former_asker; // of where it was before: what was seen there counts until
    survey_t *former;      // the first round is over; or NULL
    uint64_t finds, rounds;
    int64_t every_ms, begun_ms, look_ms, seen_ms, seen_before_ms, now_ms;
    exposition_metric_t *metrics;
    exposition_t *coming, *last; // of the round under way, of the last whole one
    refusals_t *refusals;
    bool asks_refusals;
};

static int find (sight_t *sight, int64_t now_ms, problem_t *problem);
static bool look_again (sight_t *sight, int64_t now_ms);
static bool same_place (const whereabouts_t *a, const whereabouts_t *b);
static void move (sight_t *sight);
static void forget_former (sight_t *sight);
static bool end_round (sight_t *sight, int64_t now_ms);
static void begin_round (sight_t *sight, int64_t now_ms);
static void tap (void *context, status_part_t part, bytes_t text);
static void ask_refusals (sight_t *sight, int64_t now_ms);
static asker_say_t take_refusals (void *context, wire_message_t *question,
                                  const wire_message_t *answer);
static void refusals_over (void *context, status_part_t part, const char *reason);
static exposition_metric_t *all_metrics (size_t *count);

sight_t *sight_new (const config_t *config, const whereabouts_given_t *given,
                    int64_t now_ms, problem_t *problem)
{
    sight_t *sight = calloc (1, sizeof *sight);
    size_t metrics;
    assert (sight);
    sight->config = config;
    sight->given = given;
    sight->every_ms = SIGHT_CALM_MS;
    sight->metrics = all_metrics (&metrics);
    sight->coming = exposition_new (sight->metrics, metrics);
    sight->last = exposition_new (sight->metrics, metrics);
    sight->refusals = refusals_new ();
    if (find (sight, now_ms, problem) == -1 && problem->status != WHEREABOUTS_NOBODY)
        sight_destroy (&sight);
    return sight;
}

void sight_destroy (sight_t **sight)
{
    sight_t *self = *sight;
    *sight = NULL;
    if (!self)
        return;
    forget_former (self);
    survey_destroy (&self->survey);
    asker_destroy (&self->asker);
    exposition_destroy (&self->coming);
    exposition_destroy (&self->last);
    refusals_destroy (&self->refusals);
    free (self->metrics);
    free (self);
}

void sight_pace (sight_t *sight, int64_t every_ms)
{
    sight->every_ms = every_ms;
}

bool sight_turn (sight_t *sight, int64_t now_ms)
{
    sight->now_ms = now_ms;
    const bool moved = now_ms >= sight->look_ms && look_again (sight, now_ms);
    if (!sight->asker)
        return moved;
    asker_turn (sight->asker, now_ms);
    const bool ended = end_round (sight, now_ms);
    if (survey_over (sight->survey) && now_ms >= sight->begun_ms + sight->every_ms)
        begin_round (sight, now_ms);
    return moved || ended;
}

size_t sight_items (sight_t *sight, zmq_pollitem_t items[SIGHT_ITEMS_MAX])
{
    return sight->asker ? asker_items (sight->asker, items) : 0;
}

int64_t sight_deadline (const sight_t *sight, int64_t now_ms)
{
    int64_t deadline = sight->look_ms;
    if (!sight->asker)
        return deadline;
    if (asker_deadline (sight->asker) < deadline)
        deadline = asker_deadline (sight->asker);
    if (survey_over (sight->survey) && sight->begun_ms + sight->every_ms < deadline)
        deadline = sight->begun_ms + sight->every_ms;
    return deadline < now_ms ? now_ms : deadline;
}

const view_t *sight_view (const sight_t *sight)
{
    const view_t *view = sight->survey ? survey_view (sight->survey) : NULL;
    return view || !sight->former ? view : survey_view (sight->former);
}

const char *sight_reason (const sight_t *sight)
{
    static const char key[] = "reason: ";
    if (sight->asker)
        return "";
    const char *reason = strstr (sight->problem.parts, key);
    return reason ? reason + strlen (key) : sight->problem.parts;
}

int64_t sight_seen_ms (const sight_t *sight)
{
    return sight->seen_ms;
}

int64_t sight_seen_before_ms (const sight_t *sight)
{
    return sight->seen_before_ms;
}

exposition_t *sight_exposition (const sight_t *sight)
{
    return sight->last;
}

const refusals_t *sight_refusals (const sight_t *sight)
{
    return sight->refusals;
}

asker_t *sight_asker (const sight_t *sight)
{
    return sight->asker;
}

uint64_t sight_finds (const sight_t *sight)
{
    return sight->finds;
}

/* ---- Where it is ----------------------------------------------------------------- */

/* The first time, or when it was lost. */
static int find (sight_t *sight, int64_t now_ms, problem_t *problem)
{
    sight->look_ms = now_ms + LOOK_MS;
    if (whereabouts_find (&sight->whereabouts, sight->config, sight->given, problem) ==
            -1 ||
        !(sight->asker = asker_new (&sight->whereabouts, PATIENCE_MS, problem))) {
        sight->problem = *problem;
        return -1;
    }
    sight->survey = survey_new (sight->asker);
    survey_tap (sight->survey, tap, sight);
    sight->finds++;
    sight->rounds = 0;
    sight->begun_ms = now_ms - sight->every_ms;
    return 0;
}

/* Returns whether what is to be seen has changed. */
static bool look_again (sight_t *sight, int64_t now_ms)
{
    whereabouts_t now;
    problem_t problem;
    const bool had = sight->asker != NULL;
    sight->look_ms = now_ms + LOOK_MS;
    const bool there =
        whereabouts_find (&now, sight->config, sight->given, &problem) == 0;
    if (had && there && same_place (&now, &sight->whereabouts))
        return false;
    if (had && !there) // the link is gone, as its central is ending: it says so itself
        return false;
    if (had)
        move (sight);
    return find (sight, now_ms, &problem) == 0 && !sight_view (sight);
}

static bool same_place (const whereabouts_t *a, const whereabouts_t *b)
{
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        if (strcmp (a->endpoint[part], b->endpoint[part]) != 0)
            return false;
    return true;
}

static void move (sight_t *sight)
{
    if (survey_view (sight->survey)) {
        forget_former (sight);
        sight->former = sight->survey;
        sight->former_asker = sight->asker;
        sight->survey = NULL;
        sight->asker = NULL;
    } else {
        survey_destroy (&sight->survey);
        asker_destroy (&sight->asker);
    }
    sight->asks_refusals = false;
}

static void forget_former (sight_t *sight)
{
    survey_destroy (&sight->former);
    asker_destroy (&sight->former_asker);
}

/* ---- Rounds ---------------------------------------------------------------------- */

static bool end_round (sight_t *sight, int64_t now_ms)
{
    if (survey_rounds (sight->survey) == sight->rounds)
        return false;
    sight->seen_before_ms = sight->rounds > 0 ? sight->seen_ms : now_ms;
    sight->rounds = survey_rounds (sight->survey);
    forget_former (sight);
    sight->seen_ms = now_ms;
    exposition_t *last = sight->last;
    sight->last = sight->coming;
    sight->coming = last;
    return true;
}

static void begin_round (sight_t *sight, int64_t now_ms)
{
    sight->begun_ms = now_ms;
    exposition_clear (sight->coming);
    survey_begin (sight->survey, now_ms);
    ask_refusals (sight, now_ms);
}

static void tap (void *context, status_part_t part, bytes_t text)
{
    sight_t *sight = context;
    exposition_take (sight->coming, status_part_name (part), text);
}

static void ask_refusals (sight_t *sight, int64_t now_ms)
{
    const asker_question_t question = {
        .message = {.command = WIRE_STATUS,
                    .status = {.subject = STATUS_REFUSALS,
                               .from = refusals_from (sight->refusals)}},
        .take = take_refusals,
        .over = refusals_over,
        .context = sight};
    if (!sight->asks_refusals)
        sight->asks_refusals =
            asker_ask (sight->asker, STATUS_BROKER, &question, now_ms);
}

static asker_say_t take_refusals (void *context, wire_message_t *question,
                                  const wire_message_t *answer)
{
    sight_t *sight = context;
    if (!answer || answer->command != WIRE_REPORT ||
        answer->report.subject != STATUS_REFUSALS)
        return ASKER_OVER; // an older broker, which refuses
    const bool more =
        answer->report.more && answer->report.next > question->status.from;
    refusals_take (sight->refusals, answer->report.text, answer->report.next);
    question->status.from = refusals_from (sight->refusals);
    return more ? ASKER_NEXT : ASKER_OVER;
}

static void refusals_over (void *context, status_part_t part, const char *reason)
{
    sight_t *sight = context;
    (void) part, (void) reason;
    sight->asks_refusals = false;
}

/* Those of all processes, and our own. */
static exposition_metric_t *all_metrics (size_t *count)
{
    static const exposition_metric_t own[] = {
        {"loteria_part_answers", "gauge",
         "Whether the part answers loteria-web; 0 when it is silent or gone."},
        {"loteria_web_streams", "gauge", "Readers of the page's stream of events."},
        {"loteria_web_nonsense_total", "counter",
         "Lines of other parts' metrics that could not be read."}};
    const size_t owns = sizeof own / sizeof *own;
    exposition_metric_t *metrics = malloc ((METRIC_COUNT + owns) * sizeof *metrics);
    assert (metrics);
    for (metric_t metric = 0; metric < METRIC_COUNT; metric++)
        metrics[metric] = (exposition_metric_t){
            metric_info (metric)->name, metric_type_name (metric_info (metric)->type),
            metric_info (metric)->help};
    memcpy (metrics + METRIC_COUNT, own, sizeof own);
    *count = METRIC_COUNT + owns;
    return metrics;
}
