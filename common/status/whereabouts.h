/* whereabouts.h - where the parts of a central are to be asked.

   In this order:
     1. --data-dir DIR   the central that serves DIR on this machine: what DIR/run leads
                         to (run_link.h)
     2. endpoints        --broker, --storage, --state, --central; or --server HOST for
                         all of them on one host, at their standard ports
     3. /run/loteria     where units of systemd have their sockets, if it is there
     4. ./data           as --data-dir data
   1 and 2 may come from flags, the environment or a file, which count in that order; of
   one rank both is an error. */

#ifndef LOTERIA_WHEREABOUTS_H
#define LOTERIA_WHEREABOUTS_H

#include "address.h"
#include "config.h"
#include "problem.h"
#include "status_part.h"

#define WHEREABOUTS_RUN_DIRECTORY "/run/loteria"

typedef struct { // as they were given; NULL: not
    const char *data_directory, *server, *broker, *storage, *state, *central, *keys;
} whereabouts_given_t;

typedef struct {
    char endpoint[STATUS_PARTS][ADDRESS_TEXT_BYTES]; // "": there is none
    char data_directory[ADDRESS_TEXT_BYTES];         // when it was found by it; or ""
    char place[ADDRESS_TEXT_BYTES];                  // for people: what was asked
    const char *keys; // folder, for tcp; NULL: none. Borrowed
} whereabouts_t;

/* The rows of a program's settings that tell it. */
config_item_t whereabouts_option_data_dir (whereabouts_given_t *given);
config_item_t whereabouts_option_server (whereabouts_given_t *given);
config_item_t whereabouts_option_broker (whereabouts_given_t *given);
config_item_t whereabouts_option_storage (whereabouts_given_t *given);
config_item_t whereabouts_option_state (whereabouts_given_t *given);
config_item_t whereabouts_option_central (whereabouts_given_t *given);
config_item_t whereabouts_option_keys (whereabouts_given_t *given);

/* 0; or -1 with the problem, which says what to do: no central is running there
   (status WHEREABOUTS_NOBODY), both are given, an endpoint that is none. Asks nobody.
 */
#define WHEREABOUTS_NOBODY 5
int whereabouts_find (whereabouts_t *whereabouts, const config_t *config,
                      const whereabouts_given_t *given, problem_t *problem);

#endif
