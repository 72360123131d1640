/* rotation.c - leaves a central that does not serve for the next one (agency). */

#include "rotation.h"

#include "deadline.h"

#include <assert.h>
#include <string.h>

#define NEVER INT64_MAX

/* A visit: the first one as long as a busy central may take, those after one that
   brought nothing as short as one may be, and longer each time, so that a slow central
   is not left each time just before it answers. */
#define FIRST_VISIT_MS 2000
#define VISIT_MS_MIN   700
#define VISIT_MS_MAX   4000

#define SILENT_MS 1000 // before a silent one is visited again,
#define AWAY_MS   300  // or one that was not there, or a standby
#define ASK_MS    200  // between two questions to a standby

static void take_note (rotation_t *rotation, const rotation_seen_t *seen,
                       int64_t now_ms);
static int64_t visit_ends_ms (const rotation_t *rotation);
static int64_t visit_ms (uint32_t visits);
static bool move (rotation_t *rotation, bool was_silent, int64_t now_ms);
static void arrive (rotation_t *rotation, int64_t now_ms);

void rotation_start (rotation_t *rotation, size_t count, uint64_t seed, int64_t now_ms)
{
    assert (count >= 1 && count <= SERVERS_MAX);
    memset (rotation, 0, sizeof *rotation);
    rotation->count = count;
    for (size_t i = 0; i < count; i++)
        rotation->server[i].back_ms = now_ms;
    backoff_start (&rotation->jitter, seed);
    arrive (rotation, now_ms);
}

rotation_turn_t rotation_turn (rotation_t *rotation, const rotation_seen_t *seen,
                               int64_t now_ms)
{
    if (rotation->count == 1)
        return ROTATION_STAY;
    take_note (rotation, seen, now_ms);
    rotation->leaving = seen->failed || rotation->ask_ms != NEVER;
    const bool silent = !rotation->leaving && now_ms >= visit_ends_ms (rotation);
    rotation->leaving |= silent;
    if (rotation->leaving && move (rotation, silent, now_ms))
        return ROTATION_MOVE;
    if (now_ms < rotation->ask_ms)
        return ROTATION_STAY;
    rotation->ask_ms = NEVER; // until it says so again
    return ROTATION_ASK;
}

static void take_note (rotation_t *rotation, const rotation_seen_t *seen,
                       int64_t now_ms)
{
    if (seen->up)
        rotation->down_ms = NEVER;
    else if (rotation->down_ms == NEVER)
        rotation->down_ms = now_ms;
    if (seen->served || seen->standby)
        rotation->owed_ms = NEVER;
    if (seen->served) {
        rotation->server[rotation->at].visits = 0;
        rotation->ask_ms = NEVER;
    } else if (seen->standby && rotation->ask_ms == NEVER)
        rotation->ask_ms = now_ms + backoff_jitter_ms (&rotation->jitter, ASK_MS);
    if (seen->asked && rotation->owed_ms == NEVER)
        rotation->owed_ms = now_ms;
}

/* Without a connection, or without what was asked. */
static int64_t visit_ends_ms (const rotation_t *rotation)
{
    const int64_t since_ms = deadline_earlier (rotation->down_ms, rotation->owed_ms);
    return since_ms == NEVER
               ? NEVER
               : since_ms + visit_ms (rotation->server[rotation->at].visits);
}

static int64_t visit_ms (uint32_t visits)
{
    if (visits == 0)
        return FIRST_VISIT_MS;
    const uint32_t doublings = visits - 1 < 8 ? visits - 1 : 8;
    const int64_t ms = (int64_t) VISIT_MS_MIN << doublings;
    return ms < VISIT_MS_MAX ? ms : VISIT_MS_MAX;
}

/* To the next one that may be tried; false: there is none. */
static bool move (rotation_t *rotation, bool was_silent, int64_t now_ms)
{
    const size_t from = rotation->at;
    for (size_t i = 1; i < rotation->count; i++) {
        const size_t to = (from + i) % rotation->count;
        if (now_ms < rotation->server[to].back_ms)
            continue;
        if (was_silent)
            rotation->server[from].visits++;
        rotation->server[from].back_ms =
            now_ms +
            backoff_jitter_ms (&rotation->jitter, was_silent ? SILENT_MS : AWAY_MS);
        rotation->at = to;
        arrive (rotation, now_ms);
        return true;
    }
    return false;
}

static void arrive (rotation_t *rotation, int64_t now_ms)
{
    rotation->down_ms = now_ms;
    rotation->leaving = false;
    rotation->owed_ms = rotation->ask_ms = NEVER;
}

/* One that is to be left is left once another may be tried. */
int64_t rotation_deadline (const rotation_t *rotation)
{
    int64_t back_ms = NEVER;
    if (rotation->count == 1)
        return NEVER;
    for (size_t i = 0; i < rotation->count; i++)
        if (i != rotation->at)
            back_ms = deadline_earlier (back_ms, rotation->server[i].back_ms);
    const int64_t end_ms = rotation->leaving ? back_ms : visit_ends_ms (rotation);
    return deadline_earlier (end_ms > back_ms ? end_ms : back_ms, rotation->ask_ms);
}
