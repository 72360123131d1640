/* intake.h - what a worker does with requests: checks batches, passes everything on.

   Pure: no socket and no clock; what is to be sent leaves through a function. It keeps
   no table of who asked what: the envelope travels along, and whoever has the answer
   sends it straight to the broker. So a worker can die at any moment and nothing is
   forgotten. */

#ifndef LOTERIA_INTAKE_H
#define LOTERIA_INTAKE_H

#include "bundle.h"

typedef enum {
    INTAKE_BROKER,
    INTAKE_STORAGE,
    INTAKE_STATE,
    INTAKE_SIDES
} intake_side_t;

typedef struct {
    uint32_t rows_max;   // in a batch
    uint32_t number_max; // of a bet
    wire_join_t join;    // how this worker announces itself
    void *context;
    /* Send a bundle, taking what it holds. Returns 0, or -1 when that side cannot be
       reached now: the bundle is then as it was. */
    int (*send) (void *context, intake_side_t to, bundle_t *bundle);
} intake_options_t;

typedef struct intake intake_t;

intake_t *intake_new (const intake_options_t *options);
void intake_destroy (intake_t **intake);

/* What time it is, for the log: what of it an agency can cause has a rate limit. To be
   told in every turn. */
void intake_tick (intake_t *intake, int64_t now_ms);

/* The last birthdate that is taken from now on (bet_born_max ()); at first any is. */
void intake_set_born_max (intake_t *intake, uint32_t day);

/* A bundle from the broker: requests. */
void intake_requests (intake_t *intake, bytes_t bundle);
/* What the next BEATs say of the process. */
void intake_set_costs (intake_t *intake, uint64_t cpu_ms, uint64_t memory_bytes);
/* Say JOIN, BEAT or LEAVE. */
void intake_say (intake_t *intake, wire_command_t command);
/* Send what has gathered. What cannot be sent inwards is answered UNAVAILABLE: the
   agency will ask again. */
void intake_flush (intake_t *intake);

/* Messages that were none or not for a worker; and bundles the broker did not take. */
uint64_t intake_strays (const intake_t *intake);
uint64_t intake_lost (const intake_t *intake);

#endif
