/* children.h - which child processes there are to be, and when each is started: what a
   supervisor decides by. Pure: starts nobody, and is told the time. */

#ifndef LOTERIA_CHILDREN_H
#define LOTERIA_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "last_words.h"

typedef struct {
    char name[32];  // for messages; several may have the same
    char label[40]; // which of them it is: worker, worker-2, ...; in its own log lines
    char **argv;
    int fd;      // that it inherits, or -1
    bool needed; // when it cannot start, nothing can
    bool waits;  // started again, one that was superseded waits for its turn
    bool said;   // of one that is not needed: that it cannot start
    pid_t pid;   // 0 when it is not running
    uint64_t starts;
    uint64_t restarts;   // of those before it, too, that were taken away
    int64_t started_ms;  // when it was last started
    int64_t start_at_ms; // when it is to be started next
    int64_t pause_ms;    // before the next restart
    int64_t kill_at_ms;  // it was taken away, and told to stop: until when; 0: it stays
    bool told;           // to stop with all; it may have ended since
    last_words_t *words; // why it ended, when it said so; or NULL
} child_t;

typedef struct {
    child_t *list; // those with the same argv[0], a kind, are side by side
    size_t count;
} children_t;

/* Add one, behind the last of its kind. `name` and `argv` are copied. It is due at
   once. Pointers to others are not valid afterwards. */
child_t *children_add (children_t *children, const char *name, const char *const *argv,
                       int fd);

/* Add another one like this, which is not needed: a day does not end because it cannot
   have more of something. */
child_t *children_add_like (children_t *children, size_t model);

/* Take one away that does not run. Its restarts go on being counted. */
void children_remove (children_t *children, size_t at);

void children_clear (children_t *children);

/* How many of this name there are to be: without those that were taken away. */
size_t children_wanted (const children_t *children, const char *name);

/* Which of them to take away next: one that does not run, else the youngest. `count`
   when there is none. */
size_t children_surplus (const children_t *children, const char *name);

/* How often those of this name were started again. */
uint64_t children_restarts (const children_t *children, const char *name);

/* The first of the kind that ends before `last` (an index, 1 to count). */
size_t children_first_of_kind (const children_t *children, size_t last);

/* Whose pid this is; NULL: nobody's. */
child_t *children_with (const children_t *children, pid_t pid);

/* How many run. */
size_t children_running (const children_t *children);

/* When somebody is to be started or killed; INT64_MAX: never. */
int64_t children_deadline (const children_t *children);

/* Whether it runs, or ran, for longer than one that only fails would. */
bool child_ran (const child_t *child, int64_t now_ms);

/* It ended, or could not be started, at `now_ms`: plan its next start. The pauses
   double, from RESTART_BACKOFF_MS to RESTART_BACKOFF_MS_MAX; they are as at first once
   one ran for a while, and as long as they get for one that cannot start (`hopeless`),
   or WAIT_AGAIN_MS for one that is not needed. Returns the pause. */
int64_t child_put_off (child_t *child, int64_t now_ms, bool hopeless);

#endif
