/* worker.h - one worker process: sockets, signals and clock around the intake. */

#ifndef LOTERIA_WORKER_H
#define LOTERIA_WORKER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *broker, *storage, *state; // ZeroMQ endpoints to connect to
    const char *listen;                   // where to answer PING; NULL: nowhere
    const char *keys;                     // folder, see keys.h; NULL: no CURVE
    bool insecure; // without keys: listen beyond this machine all the same
    uint32_t rows_max;
    uint32_t number_max;
    uint32_t credit;
    uint32_t heartbeat_ms;
} worker_options_t;

/* For who starts several workers: ends the process, saying so once, when the keys are
   none. Opens no ZeroMQ context. */
void worker_check_keys (const worker_options_t *options);

/* Work until SIGTERM or SIGINT. Returns the exit code. */
int worker_serve (const worker_options_t *options, int signal_fd);

#endif
