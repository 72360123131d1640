/* brokers.h - the brokers that storage and state belong to: a DEALER to each. A process
   joins them, gives signs of life, and sends every answer to the broker that wrote its
   envelope. */

#ifndef LOTERIA_BROKERS_H
#define LOTERIA_BROKERS_H

#include <czmq.h>

#include "address.h"
#include "gate.h"
#include "outbox.h"
#include "problem.h"

typedef struct brokers brokers_t;

/* `endpoints` are those of their doors for workers, one or more, separated by commas;
   tcp:// may be left out. `role` is what to join as. NULL, with why, when that are no
   addresses, more than BROKERS_MAX, or there are no sockets left. The gate is borrowed,
   and has the key of "broker". */
brokers_t *brokers_new (gate_t *gate, const char *endpoints, uint8_t role,
                        int64_t now_ms, problem_t *problem);
void brokers_destroy (brokers_t **brokers); // the sockets too; takes leave

/* The single endpoints; returns how many. 0: one of them is empty or far too long, or
   there are too many. */
size_t brokers_split (const char *endpoints,
                      char list[BROKERS_MAX][ADDRESS_TEXT_BYTES]);

/* For a loop: put what to poll into `items`, which has room for BROKERS_ITEMS; returns
   how many those are. When to look at the latest; and to look: take what the brokers
   say, join and beat. */
#define BROKERS_ITEMS (2 * BROKERS_MAX)
size_t brokers_items (const brokers_t *brokers, zmq_pollitem_t *items);
int64_t brokers_deadline (const brokers_t *brokers);
void brokers_look (brokers_t *brokers, int64_t now_ms);

/* Send the answers. What has no broker any more is counted: its agencies ask again. */
void brokers_send (brokers_t *brokers, outbox_t *answers);
uint64_t brokers_undelivered (const brokers_t *brokers);
uint64_t brokers_strays (const brokers_t *brokers);
/* How often a broker has asked to be joined again: it was started anew, or has heard
   nothing for a while, or another process has this one's place. */
uint64_t brokers_rejoins (const brokers_t *brokers);

#endif
