/* central.h - a whole central on one machine: which processes, with which arguments. */

#ifndef LOTERIA_CENTRAL_H
#define LOTERIA_CENTRAL_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *data_directory;
    const char *listen; // ZeroMQ endpoint for agencies
    const char *keys;   // folder of loteria-keys; NULL: no CURVE
    bool insecure;      // without keys: listen beyond this machine all the same
    const char *log_level;
    const char *config_file; // for the parts too; NULL when there is none
    uint64_t workers;
    uint64_t agencies, winning_number, number_max;
    uint64_t message_bytes, batch_count, window;
    bool log_bets;
    bool exit_when_done;
} central_options_t;

/* Run the central until SIGTERM or SIGINT, until it is done, or until a part of it
   cannot be kept running. Returns the exit code. */
int central_run (const central_options_t *options, int signal_fd);

#endif
