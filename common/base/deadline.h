/* deadline.h - the earliest of several deadlines, in milliseconds of whatever clock
   they all are by; INT64_MAX: there is none. Pure. */

#ifndef LOTERIA_DEADLINE_H
#define LOTERIA_DEADLINE_H

#include <stddef.h>
#include <stdint.h>

static inline int64_t deadline_earlier (int64_t one_ms, int64_t other_ms)
{
    return one_ms < other_ms ? one_ms : other_ms;
}

static inline int64_t deadline_earliest (const int64_t *due_ms, size_t count)
{
    int64_t earliest_ms = INT64_MAX;
    for (size_t i = 0; i < count; i++)
        earliest_ms = deadline_earlier (earliest_ms, due_ms[i]);
    return earliest_ms;
}

#endif
