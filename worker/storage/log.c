/* log.c - what is the same in every log: gathering a group, what is durable, how it
   fails. For storage. */

#include "log.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "log_group.h"
#include "log_state.h"

static int gone (const log_t *log);

void log_destroy (log_t **log)
{
    if (*log) {
        free ((*log)->group);
        free ((*log)->spare);
        (*log)->ops->destroy (*log);
    }
    *log = NULL;
}

int log_settle (log_t *log)
{
    return log->ops->settle (log);
}

log_room_t log_fits (log_t *log, uint32_t records, size_t rows_bytes, bool kept)
{
    if (log->failed) {
        gone (log);
        return LOG_FAILED;
    }
    const size_t more = (size_t) records * RECORD_BYTES + rows_bytes;
    const size_t size = (log->group_size ? log->group_size : GROUP_HEADER_BYTES) + more;
    return log_padded (size) > log->group_max ? LOG_FULL_GROUP
                                              : log->ops->room (log, size, kept);
}

uint64_t log_append (log_t *log, const uint8_t *bytes, bytes_t rows)
{
    assert (record_rows_size (bytes) == rows.size);
    if (log->group_size == 0) {
        group_start (log->group, log->sequence, log->chain);
        log->group_size = GROUP_HEADER_BYTES;
    }
    assert (log_padded (log->group_size + RECORD_BYTES + rows.size) <= log->group_max);
    uint8_t *at = log->group + log->group_size;
    at = put_bytes (at, bytes_of (bytes, RECORD_BYTES));
    at = put_bytes (at, rows);
    log->group_size = (size_t) (at - log->group);
    log->group_records++;
    chain_add (log->chain, bytes);
    return ++log->sequence;
}

int log_begin (log_t *log)
{
    if (log->failed)
        return gone (log);
    if (log->busy || log->group_size == 0)
        return 0;
    return log->ops->start (log) == -1 ? log_give_up (log) : 0;
}

int log_descriptor (log_t *log)
{
    return log->ops->descriptor (log);
}

int log_look (log_t *log)
{
    if (log->failed)
        return gone (log);
    if (!log->busy)
        return 0;
    const int rc = log->ops->outcome (log);
    if (rc == 1)
        log_became_durable (log);
    return rc == -1 ? log_give_up (log) : rc;
}

int log_wait (log_t *log)
{
    if (log->failed)
        return gone (log);
    return log->ops->wait (log) == -1 ? log_give_up (log) : 0;
}

bool log_busy (const log_t *log)
{
    return log->busy;
}

size_t log_gathered (const log_t *log)
{
    return log->group_size;
}

uint64_t log_sequence (const log_t *log)
{
    return log->sequence;
}

uint64_t log_durable (const log_t *log)
{
    return log->durable.sequence;
}

const uint8_t *log_head (const log_t *log)
{
    return log->chain;
}

uint64_t log_identity (const log_t *log)
{
    return log->identity;
}

log_mark_t log_mark (const log_t *log)
{
    return log->durable;
}

int log_release (log_t *log, const log_mark_t *mark)
{
    if (mark->position < log->released.position ||
        mark->position > log->durable.position ||
        mark->sequence > log->durable.sequence || mark->last > mark->position) {
        errno = EINVAL;
        return -1;
    }
    log->released = *mark;
    if (log->ops->released)
        log->ops->released (log);
    return 0;
}

uint64_t log_unreleased (const log_t *log)
{
    return log->ops->unreleased (log);
}

log_counts_t log_counts (const log_t *log)
{
    log_counts_t counts = {.groups = log->groups, .bytes = log->groups_bytes};
    log->ops->count (log, &counts);
    return counts;
}

uint64_t log_torn (const log_t *log)
{
    return log->torn;
}

int log_sound (log_t *log)
{
    return log->ops->sound (log);
}

const char *log_failure (const log_t *log)
{
    return log->ops->failure ? log->ops->failure (log) : NULL;
}

bool log_superseded (const log_t *log)
{
    return log->superseded;
}

uint64_t log_padded (uint64_t size)
{
    return (size + LOG_PAGE_BYTES - 1) / LOG_PAGE_BYTES * LOG_PAGE_BYTES;
}

void log_make_room (log_t *log, size_t group_max)
{
    log->group_max = group_max;
    log->group = aligned_alloc (LOG_PAGE_BYTES, group_max);
    log->spare = aligned_alloc (LOG_PAGE_BYTES, group_max);
    assert (log->group && log->spare);
}

void log_went (log_t *log, uint64_t position, uint64_t end, uint64_t bytes)
{
    log->written =
        (log_mark_t){.position = end, .last = position, .sequence = log->sequence};
    put_bytes (log->written.chain, bytes_of (log->chain, SHA256_BYTES));
    uint8_t *const next = log->spare;
    log->spare = log->group;
    log->group = next;
    log->group_size = log->group_records = 0;
    log->going = bytes;
    log->busy = true;
}

void log_became_durable (log_t *log)
{
    log->groups++;
    log->groups_bytes += log->going;
    log->durable = log->written;
    log->busy = false;
}

void log_found_all (log_t *log)
{
    log->durable = log->written;
    log->sequence = log->written.sequence;
    put_bytes (log->chain, bytes_of (log->written.chain, SHA256_BYTES));
}

/* A sync that failed is never asked for again: the kernel has forgotten what it could
   not write, and would say yes. Nor is a commit of which nothing is known. */
int log_give_up (log_t *log)
{
    log->failed = true;
    return -1;
}

static int gone (const log_t *log)
{
    assert (log->failed);
    errno = EIO;
    return -1;
}
