/* orders.h - the orders of operators that state is carrying out.

   An order is judged by what is known of the draw (order.h), recorded by storage, and
   answered once that is durable; or refused. What storage was asked is asked again
   until it is answered; when things have changed meanwhile the order is judged anew.
   Orders about one draw are carried out one behind the other. An operator's is given up
   after a while. No socket and no clock. */

#ifndef LOTERIA_ORDERS_H
#define LOTERIA_ORDERS_H

#include "follower.h"
#include "notary.h"
#include "openings.h"
#include "order.h"

typedef struct orders orders_t;

/* `own` are the terms that an order leaves open. Borrows the draws, the openings, the
   notary (NULL: no provable draw can be opened or changed) and the follower. */
orders_t *orders_new (const terms_t *own, draws_t *draws, const openings_t *openings,
                      notary_t *notary, follower_t *follower);
void orders_destroy (orders_t **orders);

/* What time it is. */
void orders_tick (orders_t *orders, int64_t now_ms, uint64_t wall_ms);
/* Judge what is under way, and ask storage. To be called when the follower follows:
   after all that may have changed it. */
void orders_pursue (orders_t *orders);
/* When that is due again at the latest; INT64_MAX: nothing is under way. */
int64_t orders_deadline (const orders_t *orders);
/* Whether something is to be asked of storage. */
bool orders_want (const orders_t *orders);

/* An operator's ORDER, from the peer with this routing id. */
void orders_take (orders_t *orders, bytes_t peer, const wire_message_t *message);
/* An event was recorded, and applied. */
void orders_event (orders_t *orders, const live_t *live, const wire_event_t *event);
/* What state itself asked was refused. False: it was none of these, or there is nothing
   to say about it. */
bool orders_refused (orders_t *orders, const wire_message_t *message);

/* The answers, for operators by their routing ids: not in bundles. */
outbox_t *orders_outbox (orders_t *orders);

#endif
