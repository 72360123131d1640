/* central.h - a whole central on one machine: which processes, with which settings. */

#ifndef LOTERIA_CENTRAL_H
#define LOTERIA_CENTRAL_H

#include <stdbool.h>
#include <stdint.h>

#include "draw_terms.h"

typedef struct {
    const char *data_directory;
    const char *run_directory; // of the inner sockets; NULL or "": a temporary one
    const char *web;           // HOST:PORT of the page for operators; NULL or "": none
    const char *listen;        // ZeroMQ endpoint for agencies
    const char *keys;          // folder of loteria-keys; NULL: no CURVE
    uint32_t workers;          // processes
    uint32_t agencies;         // on the roll
    terms_number_t number;     // of the draw that it opens by itself,
    const char *draw;          // whose name this is; NULL: none
    const char *closes;        // that draw, as it was given
    bool exit_when_done;
    // With an engine that keeps the log, for storage, likewise by the environment:
    const char *log;       // its URL; NULL: the log is in the data directory
    const char *advertise; // where agencies find this central; NULL: `listen`
    uint32_t lease_s;
    bool standby, insecure_async;
    // For the parts, which read them from the environment; checked here, too.
    uint32_t number_max, message_bytes, batch_count, window;
    bool insecure, log_bets, log_batches;
} central_options_t;

/* The environment is as config_export () leaves it. Run the central until SIGTERM or
   SIGINT, until it is done, or until a part of it cannot be kept running. Returns the
   exit code, or minus the signal to end by. */
int central_run (const central_options_t *options, int signal_fd);

#endif
