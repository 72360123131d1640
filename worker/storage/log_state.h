/* log_state.h - what every log has, and what each does in its own way, as a table of
   operations: log.c has what is common, log_files.c and log_engine.c the rest. */

#ifndef LOTERIA_LOG_STATE_H
#define LOTERIA_LOG_STATE_H

#include "log.h"

typedef struct {
    void (*destroy) (log_t *log); // what is its own, the log included
    int (*settle) (log_t *log);
    /* Whether a group of so many bytes, header included, fits; it is no larger than
       group_max. */
    log_room_t (*room) (log_t *log, size_t size, bool kept);
    /* Write the group, which is not empty, and begin to make it durable; with `wait`
       until it is. `written` is behind it then. 0, or -1 with errno. */
    int (*start) (log_t *log);
    int (*descriptor) (log_t *log);
    /* How that went: 1, 0 when it is not over, -1 with errno. */
    int (*outcome) (log_t *log);
    /* Make what is under way, and then what is gathered, durable. 0, or -1. */
    int (*wait) (log_t *log);
    void (*released) (log_t *log); // after it moved; may be NULL
    uint64_t (*unreleased) (const log_t *log);
    void (*count) (const log_t *log, log_counts_t *counts);
    int (*sound) (log_t *log);
    const char *(*failure) (const log_t *log); // may be NULL
} log_ops_t;

struct log {
    const log_ops_t *ops;
    uint64_t identity;
    size_t group_max; // bytes of a group, padded
    log_mark_t released, durable, written;
    bool busy;         // what is written and not durable is on its way
    bool failed;       // writing or syncing did: nothing will be durable any more
    bool superseded;   // and that, because somebody else took over
    uint64_t sequence; // of the last record appended
    uint8_t chain[SHA256_BYTES];
    uint8_t *group;    // being gathered: group_max bytes
    uint8_t *spare;    // likewise; may be on its way
    size_t group_size; // 0, or its header included
    uint32_t group_records;
    uint64_t torn;
    uint64_t groups, groups_bytes; // that became durable
    uint64_t going;                // bytes that are on their way
};

/* What groups are padded to: a multiple of LOG_PAGE_BYTES. */
uint64_t log_padded (uint64_t size);
/* Room for groups of so many bytes. */
void log_make_room (log_t *log, size_t group_max);
/* What was gathered lies between `position` and `end`, so many bytes are on their way,
   and the next one is gathered elsewhere. */
void log_went (log_t *log, uint64_t position, uint64_t end, uint64_t bytes);
/* What was under way is durable. */
void log_became_durable (log_t *log);
/* Everything found so far is: it begins to gather behind it. */
void log_found_all (log_t *log);
/* It has failed for good. Returns -1. */
int log_give_up (log_t *log);

#endif
