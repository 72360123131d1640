/* parts.c - the broker's view of storage and state. */

#include "parts.h"

#include <assert.h>

static part_t *part_of (parts_t *parts, uint8_t role);
static size_t index_of (uint8_t role);
static uint8_t role_at (size_t index);
static void miss (part_t *part, int64_t now_ms);

void parts_start (parts_t *parts, int64_t now_ms)
{
    *parts = (parts_t){0};
    for (size_t i = 0; i < PARTS; i++)
        miss (&parts->part[i], now_ms);
}

void parts_join (parts_t *parts, uint8_t role, bytes_t id, uint32_t heartbeat_ms,
                 int64_t now_ms)
{
    part_t *part = part_of (parts, role);
    const uint32_t interval_ms = heartbeat_ms < HEARTBEAT_MS_MIN   ? HEARTBEAT_MS_MIN
                                 : heartbeat_ms > HEARTBEAT_MS_MAX ? HEARTBEAT_MS_MAX
                                                                   : heartbeat_ms;
    part->id_size = (uint8_t) id.size;
    put_bytes (part->id, id);
    if (!part->missing)
        miss (part, now_ms);
    liveness_start (&part->liveness, interval_ms, now_ms);
}

uint8_t parts_role (const parts_t *parts, bytes_t id)
{
    for (size_t i = 0; i < PARTS; i++) {
        const part_t *part = &parts->part[i];
        if (part->id_size > 0 && bytes_equal (bytes_of (part->id, part->id_size), id))
            return role_at (i);
    }
    return ROLE_NONE;
}

bool parts_heard (parts_t *parts, bytes_t id, int64_t now_ms)
{
    const uint8_t role = parts_role (parts, id);
    if (role == ROLE_NONE)
        return false;
    part_t *part = part_of (parts, role);
    const bool missing = part->missing;
    part->missing = false;
    liveness_heard (&part->liveness, now_ms);
    return missing;
}

void parts_leave (parts_t *parts, uint8_t role, int64_t now_ms)
{
    part_t *part = part_of (parts, role);
    part->id_size = 0;
    miss (part, now_ms);
}

uint8_t parts_expired (parts_t *parts, int64_t now_ms)
{
    for (size_t i = 0; i < PARTS; i++) {
        part_t *part = &parts->part[i];
        if (!part->missing && liveness_expired (&part->liveness, now_ms)) {
            miss (part, now_ms);
            return role_at (i);
        }
    }
    return ROLE_NONE;
}

uint8_t parts_missing (const parts_t *parts)
{
    for (size_t i = 0; i < PARTS; i++)
        if (parts->part[i].missing)
            return role_at (i);
    return ROLE_NONE;
}

bool parts_lacks (const parts_t *parts, uint8_t role)
{
    return parts->part[index_of (role)].missing;
}

bool parts_gone (const parts_t *parts, uint8_t role, int64_t now_ms)
{
    const part_t *part = &parts->part[index_of (role)];
    return part->missing && now_ms - part->missing_ms >= PART_PATIENCE_MS;
}

int64_t parts_deadline (const parts_t *parts, int64_t now_ms)
{
    int64_t deadline_ms = INT64_MAX;
    for (size_t i = 0; i < PARTS; i++) {
        const part_t *part = &parts->part[i];
        const int64_t own_ms = part->missing ? part->missing_ms + PART_PATIENCE_MS
                                             : liveness_deadline (&part->liveness);
        if (own_ms < deadline_ms && !(part->missing && own_ms <= now_ms))
            deadline_ms = own_ms;
    }
    return deadline_ms;
}

static part_t *part_of (parts_t *parts, uint8_t role)
{
    return &parts->part[index_of (role)];
}

static size_t index_of (uint8_t role)
{
    assert (role == ROLE_STORAGE || role == ROLE_STATE);
    return role == ROLE_STORAGE ? PARTS_STORAGE : PARTS_STATE;
}

static uint8_t role_at (size_t index)
{
    return index == PARTS_STORAGE ? ROLE_STORAGE : ROLE_STATE;
}

static void miss (part_t *part, int64_t now_ms)
{
    part->missing = true;
    part->missing_ms = now_ms;
}
