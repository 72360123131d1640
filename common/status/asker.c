/* asker.c - asks the parts of a central: loteria-ctl, loteria-web. */

#include "asker.h"

struct asker {
    const whereabouts_t *whereabouts;
    int64_t timeout_ms;
};

asker_t *asker_new (const whereabouts_t *whereabouts, int64_t timeout_ms,
                    problem_t *problem)
{
    (void) problem;
    asker_t *self = calloc (1, sizeof *self);
    assert (self);
    self->whereabouts = whereabouts;
    self->timeout_ms = timeout_ms;
    return self;
}

void asker_destroy (asker_t **asker)
{
    free (*asker);
    *asker = NULL;
}

bool asker_has (const asker_t *self, status_part_t part)
{
    return self->whereabouts->endpoint[part][0] != 0;
}

bool asker_ask (asker_t *self, status_part_t part, const asker_question_t *question,
                int64_t now_ms)
{
    (void) self;
    (void) part;
    (void) question;
    (void) now_ms;
    return false;
}

bool asker_busy (const asker_t *self)
{
    (void) self;
    return false;
}

size_t asker_items (asker_t *self, zmq_pollitem_t items[ASKER_ITEMS_MAX])
{
    (void) self;
    (void) items;
    return 0;
}

int64_t asker_deadline (const asker_t *self)
{
    (void) self;
    return INT64_MAX;
}

void asker_turn (asker_t *self, int64_t now_ms)
{
    (void) self;
    (void) now_ms;
}
