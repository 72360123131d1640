/* view_state.h - what view.c, view_metrics.c and view_order.c share: a view while it is
   being filled. */

#ifndef LOTERIA_VIEW_STATE_H
#define LOTERIA_VIEW_STATE_H

#include "metric_line.h"
#include "view.h"

/* Where each agency is in a list; an open hash. */
typedef struct {
    uint32_t *slot; // place + 1, or 0
    size_t slots;   // a power of two
    size_t last;    // found: the next one asked for is most often it, or behind it
} view_numbers_t;

typedef struct { // of an agency, over all its connections
    uint32_t agency;
    uint64_t last_word_ms, queue;
} view_fact_t;

struct view_index {
    view_numbers_t *draw; // of each draw's agencies
    size_t agencies;      // of all draws
    view_numbers_t fact;
    view_fact_t *facts;
    size_t facts_count;
    size_t last_draw, last_worker, last_process;
};

/* Take one line; false when it is not what that metric is like. A metric that is not
   known is passed over. */
bool view_metrics_take (view_t *view, status_part_t part, const metric_line_t *line);

/* The place for an agency in a list of `count` whose entries begin with its number and
   have `size` bytes; SIZE_MAX: it is not there. To be told of a new one at the end. */
size_t view_numbers_find (view_numbers_t *numbers, const void *list, size_t count,
                          size_t size, uint32_t agency);
void view_numbers_add (view_numbers_t *numbers, const void *list, size_t count,
                       size_t size);

/* Each list in its order; and the rates. */
void view_order (view_t *view);
void view_compare (view_t *view, const view_t *before);

#endif
