/* children.c - the table of a supervisor's children. loteria-central, and
   loteria-worker
   --count. */

#include "children.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"

#define QUICK_END_MS 2000 // a child that ends sooner was not really running

static size_t behind_its_kind (const children_t *children, const char *program);
static char **copy (const char *const *argv);
static void give_label (const children_t *children, child_t *child);
static void write_label (const child_t *child, unsigned number,
                         char label[sizeof child->label]);
static bool has_label (const children_t *children, const char *label);
static void release (child_t *child);
static bool stays (const child_t *child, const char *name);

child_t *children_add (children_t *children, const char *name, const char *const *argv,
                       int fd)
{
    const size_t at = behind_its_kind (children, argv[0]);
    children->list =
        realloc (children->list, (children->count + 1) * sizeof *children->list);
    assert (children->list);
    child_t *child = children->list + at;
    memmove (child + 1, child, (children->count - at) * sizeof *child);
    children->count++;
    *child = (child_t){
        .argv = copy (argv), .fd = fd, .needed = true, .pause_ms = RESTART_BACKOFF_MS};
    snprintf (child->name, sizeof child->name, "%s", name);
    give_label (children, child);
    return child;
}

/* The next number, or the first that none has, as some were taken away. */
static void give_label (const children_t *children, child_t *child)
{
    char label[sizeof child->label];
    unsigned number = 0;
    for (size_t i = 0; i < children->count; i++)
        number += strcmp (children->list[i].name, child->name) == 0;
    write_label (child, number, label);
    for (number = 1; has_label (children, label); number++)
        write_label (child, number, label);
    memcpy (child->label, label, sizeof label);
}

static void write_label (const child_t *child, unsigned number,
                         char label[sizeof child->label])
{
    if (number < 2)
        snprintf (label, sizeof child->label, "%s", child->name);
    else
        snprintf (label, sizeof child->label, "%.24s-%u", child->name, number);
}

static bool has_label (const children_t *children, const char *label)
{
    for (size_t i = 0; i < children->count; i++)
        if (strcmp (children->list[i].label, label) == 0)
            return true;
    return false;
}

child_t *children_add_like (children_t *children, size_t model)
{
    const child_t like = children->list[model];
    child_t *child =
        children_add (children, like.name, (const char *const *) like.argv, like.fd);
    child->needed = false;
    return child;
}

void children_remove (children_t *children, size_t at)
{
    child_t *child = children->list + at;
    const uint64_t restarts = child->restarts;
    char name[sizeof child->name];
    assert (child->pid == 0);
    memcpy (name, child->name, sizeof name);
    release (child);
    children->count--;
    memmove (child, child + 1, (children->count - at) * sizeof *child);
    for (size_t i = 0; i < children->count; i++)
        if (strcmp (children->list[i].name, name) == 0) {
            children->list[i].restarts += restarts;
            return;
        }
}

void children_clear (children_t *children)
{
    for (size_t i = 0; i < children->count; i++)
        release (&children->list[i]);
    free (children->list);
    *children = (children_t){0};
}

size_t children_wanted (const children_t *children, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < children->count; i++)
        count += stays (&children->list[i], name);
    return count;
}

size_t children_surplus (const children_t *children, const char *name)
{
    size_t youngest = children->count;
    for (size_t i = 0; i < children->count; i++) {
        if (!stays (&children->list[i], name))
            continue;
        if (children->list[i].pid == 0)
            return i;
        youngest = i;
    }
    return youngest;
}

uint64_t children_restarts (const children_t *children, const char *name)
{
    uint64_t count = 0;
    for (size_t i = 0; i < children->count; i++)
        if (strcmp (children->list[i].name, name) == 0)
            count += children->list[i].restarts;
    return count;
}

size_t children_first_of_kind (const children_t *children, size_t last)
{
    size_t first = last - 1;
    while (first > 0 && strcmp (children->list[first - 1].argv[0],
                                children->list[last - 1].argv[0]) == 0)
        first--;
    return first;
}

child_t *children_with (const children_t *children, pid_t pid)
{
    for (size_t i = 0; i < children->count; i++)
        if (children->list[i].pid == pid)
            return &children->list[i];
    return NULL;
}

size_t children_running (const children_t *children)
{
    size_t count = 0;
    for (size_t i = 0; i < children->count; i++)
        count += children->list[i].pid > 0;
    return count;
}

int64_t children_deadline (const children_t *children)
{
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < children->count; i++) {
        const child_t *child = &children->list[i];
        const int64_t at_ms = child->pid == 0          ? child->start_at_ms
                              : child->kill_at_ms != 0 ? child->kill_at_ms
                                                       : INT64_MAX;
        if (at_ms < next_ms)
            next_ms = at_ms;
    }
    return next_ms;
}

bool child_ran (const child_t *child, int64_t now_ms)
{
    return child->started_ms != 0 && now_ms - child->started_ms >= QUICK_END_MS;
}

int64_t child_put_off (child_t *child, int64_t now_ms, bool hopeless)
{
    if (child_ran (child, now_ms))
        child->pause_ms = RESTART_BACKOFF_MS;
    if (hopeless)
        child->pause_ms = child->needed ? RESTART_BACKOFF_MS_MAX : WAIT_AGAIN_MS;
    const int64_t pause_ms = child->pause_ms;
    child->start_at_ms = now_ms + pause_ms;
    child->started_ms = 0;
    child->pause_ms =
        2 * pause_ms < RESTART_BACKOFF_MS_MAX ? 2 * pause_ms : RESTART_BACKOFF_MS_MAX;
    return pause_ms;
}

static size_t behind_its_kind (const children_t *children, const char *program)
{
    for (size_t at = children->count; at > 0; at--)
        if (strcmp (children->list[at - 1].argv[0], program) == 0)
            return at;
    return children->count;
}

static char **copy (const char *const *argv)
{
    size_t count = 0;
    while (argv[count])
        count++;
    char **copied = calloc (count + 1, sizeof *copied);
    assert (copied);
    for (size_t i = 0; i < count; i++) {
        copied[i] = strdup (argv[i]);
        assert (copied[i]);
    }
    return copied;
}

static void release (child_t *child)
{
    for (char **argument = child->argv; *argument; argument++)
        free (*argument);
    free (child->argv);
    free (child->words);
}

static bool stays (const child_t *child, const char *name)
{
    return child->kill_at_ms == 0 && strcmp (child->name, name) == 0;
}
