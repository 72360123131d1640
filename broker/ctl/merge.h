/* merge.h - log lines of several parts, put into one order by their times. Pure. */

#ifndef LOTERIA_MERGE_H
#define LOTERIA_MERGE_H

#include "log_entry.h"
#include "status_part.h"

typedef struct merge merge_t;

merge_t *merge_new (void);
void merge_destroy (merge_t **merge);

/* Keep the lines of a REPORT. */
void merge_add (merge_t *merge, status_part_t part, bytes_t text);

/* Keep only the latest so many. */
void merge_keep_last (merge_t *merge, size_t lines);

/* Hand over those from before a time in their order, and keep the others; of the same
   time, those of a part stay as they came. */
typedef void merge_take_t (void *context, status_part_t part, const log_entry_t *entry);
void merge_take (merge_t *merge, uint64_t before_ms, merge_take_t *take, void *context);

/* Lines that are kept; and those that were none. */
size_t merge_lines (const merge_t *merge);
uint64_t merge_nonsense (const merge_t *merge);

#endif
