/* storage.h - the storage process: sockets and time around the clerk. */

#ifndef LOTERIA_STORAGE_H
#define LOTERIA_STORAGE_H

#include <czmq.h>

#include "brokers.h"
#include "log.h"
#include "problem.h"

typedef struct {
    const char *data_directory;
    const char *listen;  // ZeroMQ endpoint for workers and state
    const char *brokers; // to answer to: see brokers.h
    const char *keys;    // folder, see keys.h; NULL: no CURVE
    bool insecure;       // without keys: listen beyond this machine all the same
    bool log_bets, log_batches;
    log_options_t log;   // of a day that is begun
    const char *engine;  // URL of what keeps the log, see engine.h; NULL: the directory
    bool insecure_async; // see engine.h
    bool standby;        // with an engine: follow while another one is active
    uint32_t lease_s;    // with an engine; 0: LEASE_SECONDS
    const char *advertise; // where agencies find this central; NULL: not told
    const char *role_file; // to be written, see role.h; NULL: none
    uint32_t draws_kept;   // live though they are over; 0: DRAWS_FINISHED_KEPT
} storage_options_t;

typedef struct storage storage_t;

/* Open the day, or begin one, and listen; with an engine that is done in a later turn,
   once this process is the active one. The options' texts are borrowed. NULL with the
   problem. */
storage_t *storage_new (const storage_options_t *options, int64_t now_ms,
                        problem_t *problem);
void storage_destroy (storage_t **storage);

/* Take what is there, record it, and answer what has become safe; nothing is waited
   for. 0, or -1 with the problem: nothing more may be answered, the process must end.
 */
int storage_turn (storage_t *storage, int64_t now_ms, problem_t *problem);

/* What to poll before the next turn: at most STORAGE_ITEMS; returns how many. And when
   to take it at the latest. */
#define STORAGE_ITEMS (6 + BROKERS_ITEMS)
size_t storage_items (storage_t *storage, zmq_pollitem_t *items);
int64_t storage_deadline (storage_t *storage, int64_t now_ms);

/* Stop in order: what was taken is made safe, and a checkpoint of it. 0, or -1 with the
   problem. storage_destroy () is still to be called. */
int storage_close (storage_t *storage, problem_t *problem);

/* Serve until SIGTERM or SIGINT. Returns the exit code. */
int storage_serve (const storage_options_t *options, int signal_fd);

#endif
