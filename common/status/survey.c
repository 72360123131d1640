/* survey.c - rounds of questions, and the views that they give: loteria-ctl,
   loteria-web. */

#include "survey.h"

#include "clock.h"

struct survey {
    asker_t *asker;
    uint64_t draw, rounds;
    view_t *view;
};

survey_t *survey_new (asker_t *asker)
{
    survey_t *self = calloc (1, sizeof *self);
    assert (self);
    self->asker = asker;
    return self;
}

void survey_destroy (survey_t **survey)
{
    if (*survey)
        view_destroy (&(*survey)->view);
    free (*survey);
    *survey = NULL;
}

void survey_draw (survey_t *self, uint64_t draw)
{
    self->draw = draw;
}

void survey_begin (survey_t *self, int64_t now_ms)
{
    view_destroy (&self->view);
    self->view = view_new ();
    view_finish (self->view, NULL, now_ms, clock_wall_ms ());
    self->rounds++;
}

bool survey_over (const survey_t *self)
{
    (void) self;
    return true;
}

const view_t *survey_view (const survey_t *self)
{
    return self->view;
}

uint64_t survey_rounds (const survey_t *self)
{
    return self->rounds;
}
