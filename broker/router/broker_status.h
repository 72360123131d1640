/* broker_status.h - what a broker tells of itself when it is asked (STATUS).

   Pure. */

#ifndef LOTERIA_BROKER_STATUS_H
#define LOTERIA_BROKER_STATUS_H

#include "dispatcher.h"
#include "self_report.h"

typedef struct {                    // as of now
    const dispatcher_t *dispatcher; // borrowed
    uint64_t connections, strangers, undelivered;
    int64_t behind_ms; // of the dispatcher's time behind that since 1970
} broker_status_t;

/* For self_report.h, whose context is a broker_status_t. */
bool broker_status_metrics (void *context, uint64_t draw, uint64_t *position,
                            metrics_page_t *page);
size_t broker_status_refusal (void *context, bytes_t kept,
                              char line[LOGGER_SHOWN_BYTES]);

#endif
