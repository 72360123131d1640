/* seller.h - an agency at work: a session, and the one connection that it talks over;
   with several centrals, to the one that serves (rotation.h).

   The owner's loop polls what seller_items () says until seller_deadline (), and then
   calls seller_turn (). All times are in milliseconds of one clock that never goes
   back. Touches the world by net.h, gate.h and watch.h only. */

#ifndef LOTERIA_SELLER_H
#define LOTERIA_SELLER_H

#include "net.h"
#include "problem.h"
#include "reach.h"
#include "servers.h"
#include "session.h"

#define SELLER_ITEMS 2

typedef struct {
    const servers_t *servers;  // the brokers'; borrowed, must outlive the seller
    const char *keys;          // folder of the agency's; NULL: no CURVE; borrowed for
                               // seller_new () only
    session_options_t session; // copied
    const rows_t *rows;        // what is sold; borrowed, must outlive the seller
} seller_options_t;

typedef struct seller seller_t;

/* Begin to connect, and to ask to be let in. NULL with the problem when there are no
   sockets or the keys cannot be read. */
seller_t *seller_new (const seller_options_t *options, int64_t now_ms,
                      problem_t *problem);

/* Close the connection; what was said last is sent within LINGER_MS. */
void seller_destroy (seller_t **seller);

/* Take what came, decide, and send what is ready, without waiting for anything. Returns
   false once there is no more to do: the session is over, or no central will ever let
   this agency in (REACH_NOT_ADMITTED). */
bool seller_turn (seller_t *seller, int64_t now_ms);

/* What to poll, SELLER_ITEMS of them; and when it wants a turn though nothing came,
   INT64_MAX: never. */
void seller_items (const seller_t *seller, zmq_pollitem_t *items);
int64_t seller_deadline (const seller_t *seller);

/* The session, the seller's own; how its connection stands; and to which of the
   servers, as typed. */
session_t *seller_session (const seller_t *seller);
reach_state_t seller_link (const seller_t *seller);
const char *seller_server (const seller_t *seller);

#endif
