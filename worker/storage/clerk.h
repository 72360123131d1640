/* clerk.h - storage's side of every conversation.

   Takes requests from workers and from state, applies the offset rule, adds to the
   book, and answers. Nothing it answers leaves before the book is on disk: requests are
   taken one by one, then committed as a group, then the answers go out. No socket and
   no clock; its files are what the book was given. */

#ifndef LOTERIA_CLERK_H
#define LOTERIA_CLERK_H

#include "book.h"
#include "ledger.h"
#include "outbox.h"

typedef struct clerk clerk_t;

/* Borrows the ledger and the book. With `log_bets` every stored bet gets a line. */
clerk_t *clerk_new (ledger_t *ledger, book_t *book, bool log_bets);
void clerk_destroy (clerk_t **clerk);

/* What time it is, for the log: what of it an agency can cause has a rate limit. To be
   told in every turn, and when clerk_deadline () has come. */
void clerk_tick (clerk_t *clerk, int64_t now_ms);
int64_t clerk_deadline (const clerk_t *clerk); // INT64_MAX: nothing is due

/* Take a bundle that came from the peer with this routing id. Bytes that are none
   end the bundle and are counted. -1 (errno) when the book cannot be read. */
int clerk_take (clerk_t *clerk, bytes_t peer, bytes_t bundle);

/* Whether the group should be committed before more is taken. */
bool clerk_full (const clerk_t *clerk);

/* Write and sync the group; the answers are then in the outboxes. -1 with errno:
   nothing may be answered, the process must end. */
int clerk_commit (clerk_t *clerk);
outbox_t *clerk_answers (clerk_t *clerk); // for the brokers
outbox_t *clerk_to_state (clerk_t *clerk);

/* Messages that were none, or not for storage, so far. */
uint64_t clerk_strays (const clerk_t *clerk);

#endif
