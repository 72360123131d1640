/* option_rows.h - the settings that several programs share: each is a row of a
   program's table (config.h), whose value goes where the program says.

   A setting has the same name, environment name, range and default in every program. So
   loteria-central can hand its settings to its parts through the environment. */

#ifndef LOTERIA_OPTION_ROWS_H
#define LOTERIA_OPTION_ROWS_H

#include "config.h"

/* Where a program listens. */
config_item_t option_listen (const char **endpoint); // for agencies; no default: --port
config_item_t option_port (uint32_t *port);
config_item_t option_workers_listen (const char **endpoint); // the broker's --workers
config_item_t option_worker_listen (const char **endpoint);  // no default
config_item_t option_storage_listen (const char **endpoint);
config_item_t option_state_listen (const char **endpoint);

/* Where it connects. */
config_item_t option_broker (const char **endpoint); // storage, state: all of them
config_item_t option_storage (const char **endpoint);
config_item_t option_state (const char **endpoint);

config_item_t option_worker_count (uint32_t *count);

/* Who may come. `help` says whose keys they are. */
config_item_t option_keys (const char **folder, const char *help);
config_item_t option_insecure (bool *insecure);

/* The day. `help` says which files are there. */
config_item_t option_data_dir (const char **directory, const char *help);
config_item_t option_log_mib (uint32_t *mib);
config_item_t option_log (const char **url); // NULL: in the directory
config_item_t option_insecure_async (bool *insecure);
config_item_t option_standby (bool *standby);
config_item_t option_lease (uint32_t *seconds);
config_item_t option_advertise (const char **address);
config_item_t option_role_file (const char **path);
config_item_t option_agencies (uint32_t *agencies);
config_item_t option_number_max (uint32_t *number);
config_item_t option_exit_when_done (bool *exits);

/* The draw that a central opens by itself; draw_options.h says what follows from them.
 */
config_item_t option_draw (const char **name);
config_item_t option_closes (const char **closes);
config_item_t option_number (const char **number);
config_item_t option_winning_number (uint32_t *number); // a secret: see secret.h
config_item_t option_winning_number_file (const char **path);
/* Of provable draws: agreement_provable () says what follows from them. */
config_item_t option_commits (uint32_t *seconds);
config_item_t option_least (uint32_t *agencies);
config_item_t option_auditor (const char **key);
config_item_t option_signing_keys (const char **folder); // state's

/* How much an agency may send at once. */
config_item_t option_message_bytes (uint32_t *bytes);
config_item_t option_batch_count (uint32_t *rows, const char *environment);
config_item_t option_window (uint32_t *batches);

/* The log. */
config_item_t option_log_bets (bool *logs);
config_item_t option_log_batches (bool *logs);
config_item_t option_log_level (const char *environment);
config_item_t option_log_format (void);

#define OPTION_LOG_LEVEL   "LOGGING_LEVEL" // the environment's, but for an agency
#define OPTION_BATCH_COUNT "LOTERIA_BATCH_COUNT"
#define OPTION_OWN_KEYS                                                                \
    "folder of this process's keys (loteria-keys makes it); without: no CURVE"

#endif
