/* absent.c - workers that fell silent. */

#include "absent.h"

#include <string.h>

static worker_t *oldest (absent_t *absent);
static void drop (absent_t *absent, worker_t *worker);

void absent_keep (absent_t *absent, const worker_t *worker)
{
    if (worker->eclipsed)
        return;
    absent_return (absent, worker->name);
    if (absent->count == ABSENT_MAX)
        drop (absent, oldest (absent));
    worker_t *kept = &absent->list[absent->count++];
    *kept = *worker;
    kept->pool = NULL;
    kept->late = kept->held = NULL;
    memset (&kept->hh, 0, sizeof kept->hh);
}

uint64_t absent_return (absent_t *absent, const char *name)
{
    for (size_t i = 0; i < absent->count; i++)
        if (strcmp (absent->list[i].name, name) == 0) {
            const uint64_t answered = absent->list[i].answered;
            drop (absent, &absent->list[i]);
            return answered;
        }
    return 0;
}

void absent_expire (absent_t *absent, int64_t now_ms)
{
    while (absent->count > 0 &&
           oldest (absent)->liveness.heard_ms <= now_ms - ABSENT_MS)
        drop (absent, oldest (absent));
}

const worker_t *absent_from (const absent_t *absent, uint32_t number)
{
    const worker_t *next = NULL;
    for (size_t i = 0; i < absent->count; i++) {
        const worker_t *worker = &absent->list[i];
        if (worker->number >= number && (!next || worker->number < next->number))
            next = worker;
    }
    return next;
}

static worker_t *oldest (absent_t *absent)
{
    worker_t *first = absent->list;
    for (size_t i = 1; i < absent->count; i++)
        if (absent->list[i].liveness.heard_ms < first->liveness.heard_ms)
            first = &absent->list[i];
    return first;
}

/* The order does not matter. */
static void drop (absent_t *absent, worker_t *worker)
{
    *worker = absent->list[--absent->count];
}
