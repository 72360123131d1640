/* state.h - the state process: sockets and time around the registrar. It has no file.
 */

#ifndef LOTERIA_STATE_H
#define LOTERIA_STATE_H

#include <czmq.h>

#include "brokers.h"
#include "problem.h"
#include "schedule.h"
#include "signing.h"

typedef struct {
    const char *listen;    // ZeroMQ endpoint for workers
    const char *storage;   // ZeroMQ endpoint to connect to
    const char *brokers;   // to answer to: see brokers.h
    const char *keys;      // folder, see keys.h; NULL: no CURVE
    bool insecure;         // without keys: listen beyond this machine all the same
    bool exit_when_done;   // leave once every agency has its winners
    const char *draw;      // the draw that it opens by itself; NULL: none
    terms_closes_t closes; // that draw
    // Of that draw, and of any that an order opens without saying them:
    uint32_t agencies; // on the roll: 1..agencies
    uint32_t highest;  // that can be bet on, and win
    terms_number_t number;
    provable_options_t provable; // draws that are; their keys are, borrowed:
    const signing_pair_t *pair;  // the operator's; NULL: none can be opened or sealed
    const char *central;         // its name
    // the agencies', read for each draw that is opened: 0, or -1 (KEYS_WHY_BYTES)
    int (*signers) (void *context, signers_t *signers, char *why);
    void *signers_context;
    const schedule_t *schedule; // of the others; NULL: none; borrowed
    uint32_t draws_kept;        // of those that are over; 0: DRAWS_FINISHED_KEPT
} state_options_t;

typedef struct state state_t;

/* Listen, and begin to look for storage. NULL with the problem. */
state_t *state_new (const state_options_t *options, int64_t now_ms, problem_t *problem);
void state_destroy (state_t **state); // takes leave of the brokers

/* Take what is there and answer it; nothing is waited for. The brokers are joined once
   storage has replayed the draw. 0, or -1 with the problem: the process must end,
   with PROCESS_SUPERSEDED when another state has taken its place. */
int state_turn (state_t *state, int64_t now_ms, problem_t *problem);

/* Whether it is to leave, every agency having its winners. */
bool state_done (const state_t *state);

/* What to poll before the next turn: at most STATE_ITEMS; returns how many. And when to
   take it at the latest. */
#define STATE_ITEMS (4 + BROKERS_ITEMS)
size_t state_items (state_t *state, zmq_pollitem_t *items);
int64_t state_deadline (const state_t *state);

/* Serve until SIGTERM or SIGINT, or until done. Returns the exit code. */
int state_serve (const state_options_t *options, int signal_fd);

#endif
