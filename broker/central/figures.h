/* figures.h - what loteria-central tells of its processes, as metrics. Pure. */

#ifndef LOTERIA_FIGURES_H
#define LOTERIA_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

#include "children.h"
#include "metrics.h"

#define FIGURES_WORKERS "worker" // the children that there may be more or fewer of

/* As self_report.h's `metrics`: of all together; then of each name (how often such were
   started again, and whether one does not run); then of each process that runs. */
bool figures_put (const children_t *children, uint64_t *position, metrics_page_t *page);

#endif
