/* survey.c - rounds of questions, and the views that they give: loteria-ctl,
   loteria-web. */

#include "survey.h"

#include "clock.h"

typedef struct { // a part in this round
    survey_t *survey;
    status_part_t part;
    size_t pages;
} visit_t;

struct survey {
    asker_t *asker;
    uint64_t draw, rounds;
    survey_tap_t *tap;
    void *tap_context;
    view_t *view, *next; // the last round's, and what this one gives
    size_t open;         // questions of this round
    bool repeats;        // it asks only those that answered in the last one
    visit_t visit[STATUS_PARTS];
};

static void visit (survey_t *self, status_part_t part, int64_t now_ms);
static bool ask (survey_t *self, status_part_t part, uint64_t draw, int64_t now_ms);
static asker_say_t take (void *context, wire_message_t *question,
                         const wire_message_t *answer);
static void over (void *context, status_part_t part, const char *reason);
static void finish (survey_t *self);

survey_t *survey_new (asker_t *asker)
{
    survey_t *self = calloc (1, sizeof *self);
    assert (self);
    self->asker = asker;
    return self;
}

void survey_destroy (survey_t **survey)
{
    if (*survey) {
        view_destroy (&(*survey)->view);
        view_destroy (&(*survey)->next);
    }
    free (*survey);
    *survey = NULL;
}

void survey_draw (survey_t *self, uint64_t draw)
{
    self->draw = draw;
}

void survey_tap (survey_t *self, survey_tap_t *tap, void *context)
{
    self->tap = tap;
    self->tap_context = context;
}

void survey_begin (survey_t *self, int64_t now_ms)
{
    if (self->next)
        return;
    self->next = view_new ();
    self->open = 1; // this function, so that none ends the round before all have begun
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        if (asker_has (self->asker, part))
            visit (self, part, now_ms);
    if (--self->open == 0)
        finish (self);
}

void survey_repeat (survey_t *self, int64_t now_ms)
{
    self->repeats = self->view && !self->next;
    survey_begin (self, now_ms);
    self->repeats = false;
}

bool survey_over (const survey_t *self)
{
    return !self->next;
}

const view_t *survey_view (const survey_t *self)
{
    return self->view;
}

uint64_t survey_rounds (const survey_t *self)
{
    return self->rounds;
}

/* Storage and state know of draws. */
static void visit (survey_t *self, status_part_t part, int64_t now_ms)
{
    if (self->repeats && self->view->part[part].answer == VIEW_SILENT) {
        view_silent (self->next, part, self->view->part[part].reason);
        return;
    }
    self->visit[part] = (visit_t){self, part, 0};
    bool asked = ask (self, part, 0, now_ms);
    if (asked && self->draw && (part == STATUS_STORAGE || part == STATUS_STATE))
        asked = ask (self, part, self->draw, now_ms);
    if (!asked)
        view_silent (self->next, part, "it is asked too much");
}

static bool ask (survey_t *self, status_part_t part, uint64_t draw, int64_t now_ms)
{
    const asker_question_t question = {
        .message = {.command = WIRE_STATUS,
                    .draw = draw,
                    .status = {.subject = STATUS_METRICS}},
        .take = take,
        .over = over,
        .context = &self->visit[part]};
    const bool asked = asker_ask (self->asker, part, &question, now_ms);
    self->open += asked;
    return asked;
}

static asker_say_t take (void *context, wire_message_t *question,
                         const wire_message_t *answer)
{
    visit_t *visit = context;
    survey_t *self = visit->survey;
    if (!answer || answer->command == WIRE_REFUSED) {
        self->next->nonsense++;
        return ASKER_OVER;
    }
    if (answer->command != WIRE_REPORT || answer->report.subject != STATUS_METRICS)
        return ASKER_ON;
    view_take (self->next, visit->part, answer->report.text);
    if (self->tap)
        self->tap (self->tap_context, visit->part, answer->report.text);
    question->status.from = answer->report.next;
    if (!answer->report.more)
        return ASKER_OVER;
    return ++visit->pages < SURVEY_PAGES_MAX ? ASKER_NEXT : ASKER_OVER;
}

static void over (void *context, status_part_t part, const char *reason)
{
    const visit_t *visit = context;
    survey_t *self = visit->survey;
    if (!reason && visit->pages == SURVEY_PAGES_MAX)
        reason = "it goes on and on";
    if (!reason && self->next->part[part].answer != VIEW_UP)
        reason = "it does not say how it is; is it of the same version?";
    if (reason)
        view_silent (self->next, part, reason);
    if (--self->open == 0)
        finish (self);
}

static void finish (survey_t *self)
{
    view_finish (self->next, self->view, clock_ms (), clock_wall_ms ());
    view_destroy (&self->view);
    self->view = self->next;
    self->next = NULL;
    self->rounds++;
}
