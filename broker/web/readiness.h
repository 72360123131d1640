/* readiness.h - whether a central can sell, and if not, what is missing; pure. */

#ifndef LOTERIA_READINESS_H
#define LOTERIA_READINESS_H

#include "view.h"

/* JSON for /readyz, for the caller to free, its size in `size`:
   {"ready":false,"missing":[{"part":"storage","reason":"..."}]}. `view` is NULL when
   nobody was asked yet, or there is nobody. */
char *readiness_json (const view_t *view, bool *ready, size_t *size);

#endif
