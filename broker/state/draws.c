/* draws.c - the draws that state knows. State; pure. */

#include "draws.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct draws {
    live_t **live; // in the order of their opening
    size_t count, kept;
    uint64_t uses;
    int64_t now_ms;
};

static void destroy_live (live_t *live);
static size_t place_of (const draws_t *draws, uint64_t opened);
static void remove_at (draws_t *draws, size_t index);
static bool forgettable (const draws_t *draws, const live_t *live, bool crowded);

draws_t *draws_new (uint32_t kept)
{
    draws_t *draws = calloc (1, sizeof *draws);
    assert (draws);
    draws->live = calloc (DRAWS_LIVE_MAX, sizeof *draws->live);
    assert (draws->live);
    draws->kept = kept == 0 ? DRAWS_FINISHED_KEPT : kept;
    return draws;
}

void draws_destroy (draws_t **draws)
{
    if (*draws) {
        for (size_t i = 0; i < (*draws)->count; i++)
            destroy_live ((*draws)->live[i]);
        free ((*draws)->live);
        free (*draws);
    }
    *draws = NULL;
}

live_t *draws_add (draws_t *draws, uint64_t identity, const wire_recorded_t *opened)
{
    if (draws->count == DRAWS_LIVE_MAX || opened->event.kind != EVENT_OPENED)
        return NULL;
    live_t *live = calloc (1, sizeof *live);
    assert (live);
    live->draw = draw_new (identity);
    if (draw_apply (live->draw, &opened->event) == -1) {
        destroy_live (live);
        return NULL;
    }
    live->events = opened->events;
    live->applied = 1;
    live->opened = live->seen = opened->sequence;
    const size_t place = place_of (draws, opened->sequence);
    memmove (&draws->live[place + 1], &draws->live[place],
             (draws->count - place) * sizeof *draws->live);
    draws->live[place] = live;
    draws->count++;
    draws_use (draws, live);
    return live;
}

live_t *draws_find (const draws_t *draws, uint64_t identity)
{
    for (size_t i = 0; i < draws->count; i++)
        if (draw_facts (draws->live[i]->draw)->identity == identity)
            return draws->live[i];
    return NULL;
}

live_t *draws_named (const draws_t *draws, bytes_t name)
{
    for (size_t i = 0; i < draws->count; i++) {
        const char *its = draw_facts (draws->live[i]->draw)->name;
        if (bytes_equal (bytes_of (its, strlen (its)), name))
            return draws->live[i];
    }
    return NULL;
}

live_t *draws_meant (const draws_t *draws)
{
    live_t *open = NULL;
    size_t count = 0;
    for (size_t i = 0; i < draws->count; i++)
        if (draw_facts (draws->live[i]->draw)->phase == PHASE_OPEN) {
            open = draws->live[i];
            count++;
        }
    if (count > 0)
        return count == 1 ? open : NULL;
    return draws->count == 1 ? draws->live[0] : NULL;
}

size_t draws_count (const draws_t *draws)
{
    return draws->count;
}

live_t *draws_at (const draws_t *draws, size_t index)
{
    return index < draws->count ? draws->live[index] : NULL;
}

void draws_tick (draws_t *draws, int64_t now_ms)
{
    draws->now_ms = now_ms;
}

void draws_use (draws_t *draws, live_t *live)
{
    live->used_ms = draws->now_ms;
    live->used = ++draws->uses;
}

void draws_forget_unused (draws_t *draws)
{
    size_t finished = 0;
    for (size_t i = 0; i < draws->count; i++)
        finished += draw_finished (draws->live[i]->draw);
    for (; finished > draws->kept; finished--) {
        size_t oldest = draws->count;
        for (size_t i = 0; i < draws->count; i++)
            if (forgettable (draws, draws->live[i],
                             finished > draws->kept + DRAWS_OPEN_MAX) &&
                (oldest == draws->count ||
                 draws->live[i]->used < draws->live[oldest]->used))
                oldest = i;
        if (oldest == draws->count)
            return;
        remove_at (draws, oldest);
    }
}

void draws_forget (draws_t *draws, uint64_t identity)
{
    for (size_t i = 0; i < draws->count; i++)
        if (draw_facts (draws->live[i]->draw)->identity == identity) {
            remove_at (draws, i);
            return;
        }
}

uint64_t draws_agencies (const draws_t *draws)
{
    uint64_t agencies = 0;
    for (size_t i = 0; i < draws->count; i++) {
        const draw_facts_t *facts = draw_facts (draws->live[i]->draw);
        if (facts->phase == PHASE_OPEN)
            agencies += facts->agencies;
    }
    return agencies;
}

uint64_t draws_lent (const draws_t *draws)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < draws->count; i++)
        if (draw_facts (draws->live[i]->draw)->phase == PHASE_OPEN)
            bytes += draws->live[i]->lent_bytes;
    return bytes;
}

bool draws_over (const draws_t *draws)
{
    for (size_t i = 0; i < draws->count; i++)
        if (!draw_over (draws->live[i]->draw))
            return false;
    return draws->count > 0;
}

void draws_names (const draws_t *draws, char names[DRAWS_NAMES_BYTES])
{
    static const char nothing[] = "no draw is on sale";
    const size_t room = DRAWS_NAMES_BYTES - sizeof " and 999 more";
    size_t size = 0, left_out = 0;
    strcpy (names, nothing);
    for (size_t i = 0; i < draws->count; i++) {
        const draw_facts_t *facts = draw_facts (draws->live[i]->draw);
        if (facts->phase != PHASE_OPEN)
            continue;
        if (size + strlen (", ") + strlen (facts->name) >= room) {
            left_out++;
            continue;
        }
        size += (size_t) snprintf (names + size, room - size, "%s%s",
                                   size == 0 ? "on sale: " : ", ", facts->name);
    }
    if (left_out > 0)
        snprintf (names + size, DRAWS_NAMES_BYTES - size, " and %zu more", left_out);
}

bool live_up_to_date (const live_t *live)
{
    return live->applied == live->events;
}

void live_ask (live_t *live, uint32_t agency, const envelope_t *envelope)
{
    if (envelope->boot == 0)
        return; // nobody's
    if (!live->asker) {
        const size_t agencies = draw_facts (live->draw)->agencies;
        live->asker = calloc (agencies + 1, sizeof *live->asker);
        assert (live->asker);
    }
    live->questions += live->asker[agency].boot == 0;
    live->asker[agency] = *envelope;
}

const envelope_t *live_question (const live_t *live, uint32_t agency)
{
    return live->asker && live->asker[agency].boot != 0 ? &live->asker[agency] : NULL;
}

/* What is over is asked no more questions that stay. */
void live_answered (live_t *live, uint32_t agency)
{
    if (!live_question (live, agency))
        return;
    live->asker[agency] = (envelope_t){0};
    live->questions--;
    if (live->questions == 0 && draw_finished (live->draw)) {
        free (live->asker);
        live->asker = NULL;
    }
}

void live_lend (live_t *live, uint32_t agency, uint32_t bytes)
{
    if (!live->lent && bytes > 0) {
        const size_t agencies = draw_facts (live->draw)->agencies;
        live->lent = calloc (agencies + 1, sizeof *live->lent);
        assert (live->lent);
    }
    live->lent_bytes += (uint64_t) bytes - live_lent (live, agency);
    if (live->lent)
        live->lent[agency] = bytes;
}

uint32_t live_lent (const live_t *live, uint32_t agency)
{
    return live->lent ? live->lent[agency] : 0;
}

static void destroy_live (live_t *live)
{
    draw_destroy (&live->draw);
    free (live->asker);
    free (live->lent);
    free (live);
}

static size_t place_of (const draws_t *draws, uint64_t opened)
{
    size_t place = draws->count;
    while (place > 0 && draws->live[place - 1]->opened > opened)
        place--;
    return place;
}

static void remove_at (draws_t *draws, size_t index)
{
    destroy_live (draws->live[index]);
    draws->count--;
    memmove (&draws->live[index], &draws->live[index + 1],
             (draws->count - index) * sizeof *draws->live);
}

static bool forgettable (const draws_t *draws, const live_t *live, bool crowded)
{
    const int64_t unused_ms = draws->now_ms - live->used_ms;
    return draw_finished (live->draw) && live_up_to_date (live) &&
           (live->questions == 0 || unused_ms >= QUESTION_MS) &&
           (crowded || unused_ms >= DRAW_USED_MS);
}
