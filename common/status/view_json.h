/* view_json.h - a view as JSON: what `loteria-ctl VERB --json` prints and what
   loteria-web serves at /api/v1/VERB, one text for both. docs/operator.md says what
   each member is, and that it stays. Pure.

   Each returns a text for the caller to free, with a line feed at its end, and its size
   unless that is NULL. */

#ifndef LOTERIA_VIEW_JSON_H
#define LOTERIA_VIEW_JSON_H

#include "view.h"

/* Parts, draws, totals, rates, disk, log, refusals by code. */
char *view_json_status (const view_t *view, size_t *size);

/* The agencies of a draw; `missing`: only those that are waited for. */
char *view_json_agencies (const view_t *view, const view_draw_t *draw, bool missing,
                          size_t *size);

char *view_json_workers (const view_t *view, size_t *size);

/* Latest refusals: REPORT text of REFUSALS, the newest `last` of its lines, oldest
   first. */
char *view_json_refused (bytes_t text, size_t last, size_t *size);

#endif
