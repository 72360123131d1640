/* ready.h - whether a central can sell, by what its parts answered. Pure. */

#ifndef LOTERIA_READY_H
#define LOTERIA_READY_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"

#define READY_TEXT_BYTES 128

typedef struct {
    bool storage, state, broker;                   // answered
    bool hears_storage, hears_state, hears_worker; // the broker says so
    bool standby; // of another central: storage and state wait to be the ones
} ready_t;

/* Take what the broker says of others from a page of its METRICS. Returns true once all
   of it was there: no other page is needed. */
bool ready_take (ready_t *ready, bytes_t text);

/* Whether all is there. `text` says so for people, or what is missing. */
bool ready_judge (const ready_t *ready, size_t workers, char text[READY_TEXT_BYTES]);

#endif
