/* agreement.h - whether settings fit together: checks that several programs make in
   their config_program_t.agree.

   Each returns true, or false with one line in `why` (CONFIG_WHY_BYTES) that names the
   settings and says what to do. Settings that were not given are NULL.

   What a start finds out anyway, and logs, is checked here for --check-config only. */

#ifndef LOTERIA_AGREEMENT_H
#define LOTERIA_AGREEMENT_H

#include <stdbool.h>

#include "config.h"
#include "draw_options.h"
#include "signing.h"

typedef struct {
    const char *name; // "--storage"
    const char *value;
} agreement_endpoint_t;

/* No two of `count` endpoints are the same: two could not listen there, and a part
   could take itself for another. */
bool agreement_places_differ (const agreement_endpoint_t *endpoints, size_t count,
                              char why[CONFIG_WHY_BYTES]);

/* It is an address to listen at and, without keys or `insecure`, one of this machine
   only. For --check-config; asks the resolver for a name. */
bool agreement_may_listen (const config_t *config, const agreement_endpoint_t *endpoint,
                           const char *keys, bool insecure, char why[CONFIG_WHY_BYTES]);

/* It is an address to connect to. For --check-config. */
bool agreement_may_connect (const config_t *config,
                            const agreement_endpoint_t *endpoint,
                            char why[CONFIG_WHY_BYTES]);

/* The same for a comma-separated list of brokers (brokers.h). */
bool agreement_brokers (const config_t *config, const char *endpoints,
                        char why[CONFIG_WHY_BYTES]);

/* The directory that --data-dir names, if it was given, exists (or can be created, if
   `make`) and can be written to. For --check-config; touches files. */
bool agreement_directory (const config_t *config, const char *path, bool make,
                          char why[CONFIG_WHY_BYTES]);

/* Every agency from 1 to `agencies` stands on the roll of the central's keys in folder
   `keys`, enabled or not: the draw would wait for ever for one that cannot come. A roll
   that cannot be read is for the broker to say. Touches files. */
bool agreement_roll (const char *keys, uint64_t agencies, char why[CONFIG_WHY_BYTES]);

/* A number that is fixed beforehand can be bet on. The text does not say what it is. */
bool agreement_number (terms_number_t number, uint64_t number_max,
                       char why[CONFIG_WHY_BYTES]);

/* The auditor's key, as it was given, is one, or none, and becomes the options'. If a
   draw that the central opens by itself is provable, the options' folder has what the
   operator signs with, and no such draw has fewer agencies than have to commit. Which
   of them have signing keys is looked at when one is opened. Touches files. */
bool agreement_provable (const draw_options_t *draws, uint32_t agencies,
                         const char *auditor, provable_options_t *options,
                         char why[CONFIG_WHY_BYTES]);

/* --log is the URL of an engine, without a password in it; and without it there is
   nobody to stand by, and nothing that need not be synchronous. */
bool agreement_log (const char *url, bool standby, bool insecure_async,
                    char why[CONFIG_WHY_BYTES]);

/* What one agency may have under way is less than half of the memory beyond which the
   broker cuts those that send most. */
bool agreement_memory (uint64_t window, uint64_t message_bytes, uint64_t memory_mb,
                       char why[CONFIG_WHY_BYTES]);

#endif
