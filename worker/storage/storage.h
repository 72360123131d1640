/* storage.h - the storage process: sockets and signals around the clerk. */

#ifndef LOTERIA_STORAGE_H
#define LOTERIA_STORAGE_H

#include <stdbool.h>

#define STORAGE_CSV     "bets.csv"
#define STORAGE_JOURNAL "bets.journal"

typedef struct {
    const char *data_directory;
    const char *listen;  // ZeroMQ endpoint for workers and state
    const char *brokers; // to answer to: see brokers.h
    const char *keys;    // folder, see keys.h; NULL: no CURVE
    bool insecure;       // without keys: listen beyond this machine all the same
    bool log_bets;
} storage_options_t;

/* Serve until SIGTERM or SIGINT. Returns the exit code. */
int storage_serve (const storage_options_t *options, int signal_fd);

#endif
