/* event.h - a log line of a part, for people and for programs, a line each. Pure. */

#ifndef LOTERIA_EVENT_H
#define LOTERIA_EVENT_H

#include "log_entry.h"
#include "paper.h"
#include "status_part.h"

/* "2026-11-30 21:00:05 storage  INFO     action: ..." */
void event_show (status_part_t part, const log_entry_t *entry, paper_t *paper);

/* {"time":"...","part":"storage","level":"INFO","action":"...","result":"...",
   "values":{...}} and a line feed; for the caller to free. */
char *event_json (status_part_t part, const log_entry_t *entry);

#endif
