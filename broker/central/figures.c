/* figures.c - the metrics of loteria-central: of each of its processes. */

#include "figures.h"

#include <string.h>

/* A position: a section, and in it what says which; they keep their meaning while
   children come and go. */
typedef enum { SECTION_ALL, SECTION_NAMES, SECTION_PROCESSES } section_t;
#define AT(section, which) ((uint64_t) (section) << 32 | (which))

static uint64_t put_all (const children_t *children, metrics_page_t *page);
static bool put_name (const children_t *children, uint64_t *position,
                      metrics_page_t *page);
static const child_t *find_name (const children_t *children, uint64_t ordinal);
static bool is_first (const children_t *children, size_t at);
static bool has_idle (const children_t *children, const char *name);
static bool put_process (const children_t *children, uint64_t *position,
                         metrics_page_t *page);

bool figures_put (const children_t *children, uint64_t *position, metrics_page_t *page)
{
    if (*position == AT (SECTION_ALL, 0)) {
        *position = put_all (children, page);
        return true;
    }
    if (*position < AT (SECTION_NAMES, 0))
        *position = AT (SECTION_NAMES, 0);
    if (*position < AT (SECTION_PROCESSES, 0)) {
        if (put_name (children, position, page))
            return true;
        *position = AT (SECTION_PROCESSES, 0);
    }
    return put_process (children, position, page);
}

static uint64_t put_all (const children_t *children, metrics_page_t *page)
{
    metrics_put (page, METRIC_WORKERS_WANTED,
                 children_wanted (children, FIGURES_WORKERS));
    return AT (SECTION_NAMES, 0);
}

/* There is a child of each name at all times, so a name's ordinal stays. */
static bool put_name (const children_t *children, uint64_t *position,
                      metrics_page_t *page)
{
    const child_t *child = find_name (children, (uint32_t) *position);
    if (!child)
        return false;
    metrics_put (page, METRIC_PROCESS_RESTARTS,
                 children_restarts (children, child->name), child->name);
    if (has_idle (children, child->name))
        metrics_put (page, METRIC_PROCESS_UP, 0, child->name, METRIC_NUMBER (0));
    ++*position;
    return true;
}

static const child_t *find_name (const children_t *children, uint64_t ordinal)
{
    for (size_t i = 0; i < children->count; i++)
        if (is_first (children, i) && ordinal-- == 0)
            return &children->list[i];
    return NULL;
}

/* Those of a name are side by side. */
static bool is_first (const children_t *children, size_t at)
{
    return at == 0 ||
           strcmp (children->list[at - 1].name, children->list[at].name) != 0;
}

/* Those that do not run have no pid to be told apart by: they are one line. */
static bool has_idle (const children_t *children, const char *name)
{
    for (size_t i = 0; i < children->count; i++)
        if (children->list[i].pid == 0 && strcmp (children->list[i].name, name) == 0)
            return true;
    return false;
}

/* The one with the lowest pid from here on. */
static bool put_process (const children_t *children, uint64_t *position,
                         metrics_page_t *page)
{
    const child_t *next = NULL;
    for (size_t i = 0; i < children->count; i++) {
        const child_t *child = &children->list[i];
        if (child->pid > 0 &&
            AT (SECTION_PROCESSES, (uint64_t) child->pid) >= *position &&
            (!next || child->pid < next->pid))
            next = child;
    }
    if (!next)
        return false;
    metrics_put (page, METRIC_PROCESS_UP, 1, next->name,
                 METRIC_NUMBER ((uint64_t) next->pid));
    *position = AT (SECTION_PROCESSES, (uint64_t) next->pid + 1);
    return true;
}
