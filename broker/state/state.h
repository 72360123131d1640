/* state.h - the state process: sockets and signals around the registrar. */

#ifndef LOTERIA_STATE_H
#define LOTERIA_STATE_H

#include <stdbool.h>
#include <stdint.h>

#define STATE_JOURNAL "draw.journal"

typedef struct {
    const char *data_directory;
    const char *listen;  // ZeroMQ endpoint for workers
    const char *storage; // ZeroMQ endpoint to connect to
    const char *brokers; // to answer to: see brokers.h
    const char *keys;    // folder, see keys.h; NULL: no CURVE
    bool insecure;       // without keys: listen beyond this machine all the same
    uint32_t agencies;   // on the roll: 1..agencies
    uint32_t number;     // the winning one
    bool exit_when_done; // leave once every agency has its winners
} state_options_t;

/* Serve until SIGTERM or SIGINT, or until done. Returns the exit code. */
int state_serve (const state_options_t *options, int signal_fd);

#endif
