/* router.h - the broker process: sockets and signals around the dispatcher. */

#ifndef LOTERIA_ROUTER_H
#define LOTERIA_ROUTER_H

#include "wire.h"

typedef struct {
    const char *listen;  // ZeroMQ endpoint for agencies
    const char *workers; // ZeroMQ endpoint for workers
    const char *keys;    // folder, see keys.h; NULL: no CURVE
    bool insecure;       // without keys: listen beyond this machine all the same
    uint64_t memory_max; // bytes
    wire_limits_t limits;
} router_options_t;

/* Serve until SIGTERM or SIGINT. Returns the exit code. */
int router_serve (const router_options_t *options, int signal_fd);

#endif
