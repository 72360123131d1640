/* clerk.h - storage's side of every conversation.

   Takes requests from workers and from state, applies the offset rule, adds to the
   book, and answers; and closes draws when the clock has come to their hour. Nothing it
   answers leaves before the book is on disk: requests are taken one by one into a
   group, the group is begun, and while it is being synced the next one is taken; when
   it is over its answers go out. Answers are copies: they say how things were when they
   were decided. No socket and no clock: the time is told. */

#ifndef LOTERIA_CLERK_H
#define LOTERIA_CLERK_H

#include "book.h"
#include "outbox.h"

typedef struct clerk clerk_t;

/* Borrows the book. What is stored has a line for each second and agency; with
   `log_batches` for each batch, and with `log_bets` for each bet as well. */
clerk_t *clerk_new (book_t *book, bool log_batches, bool log_bets);
void clerk_destroy (clerk_t **clerk);

/* What time it is: for the log, of which what an agency can cause has a rate limit; and
   by the clock on the wall, in milliseconds since 1970, for records and for draws that
   close at an hour. Those are closed here, before anything more is taken. To be told in
   every turn, when clerk_deadline () has come, and in clerk_close_in () from now. -1
   (errno) as clerk_take (). */
int clerk_tick (clerk_t *clerk, int64_t now_ms, uint64_t wall_ms);
int64_t clerk_deadline (const clerk_t *clerk); // INT64_MAX: nothing is due
/* In how many milliseconds the clock on the wall has to be looked at: a second at most
   while a draw closes by it, since it may be set anew; INT64_MAX: none does. */
int64_t clerk_close_in (const clerk_t *clerk, uint64_t wall_ms);

/* Log what was stored in the second that is not over yet: before the end. */
void clerk_tell_stored (clerk_t *clerk);

/* Take a bundle that came from the peer with this routing id. `key_role` is the one
   role that his key lets him have: what gate_role () says; what that role may not ask
   is counted and not heard. Bytes that are none end the bundle and are counted. -1
   (errno) when the book cannot be read. */
int clerk_take (clerk_t *clerk, bytes_t peer, uint8_t key_role, bytes_t bundle);

/* Take what was held and for which there was no room, if there is now. In every turn.
   -1 (errno) as clerk_take (). */
int clerk_go_on (clerk_t *clerk);

/* Whether there is work that is done in slices (jobs.h); do one, if the group has room
   for what may come of it: 1 when something came of it, which is in the group now, 0
   when not, -1 (errno) as clerk_take (). */
bool clerk_working (const clerk_t *clerk);
int clerk_work (clerk_t *clerk);

/* An operator asks storage itself for a note of a provable draw: NOTE, or REFUSED, of
   which `bytes` (NOTE_PAGE_BYTES) has what it borrows. What is not durable is not there
   yet. -1 (errno) as clerk_take (). */
int clerk_fetch (clerk_t *clerk, const wire_message_t *fetch, wire_message_t *answer,
                 uint8_t *bytes);

/* Whether the group should be begun before more is taken. */
bool clerk_full (clerk_t *clerk);

/* The group that was gathered, and its answers, are complete: hand it over to be made
   durable, and gather the next. To be called when the one before is over and its
   answers have left. -1 with errno: nothing may be answered, the process must end. */
int clerk_begin (clerk_t *clerk, bool at_once); // book_begin ()

/* What the group that was begun last is to answer, once the book is busy with it no
   more. */
outbox_t *clerk_answers (clerk_t *clerk); // for the brokers
outbox_t *clerk_to_state (clerk_t *clerk);

/* Bets that contradicted what is stored, so far. */
uint64_t clerk_conflicts (const clerk_t *clerk);

/* Messages that were none, or not for storage, or not from who may say so, so far. */
uint64_t clerk_strays (const clerk_t *clerk);

/* Jobs that wait or are under way; bets that were taken into roots, so far. */
size_t clerk_jobs (const clerk_t *clerk);
uint64_t clerk_rooted (const clerk_t *clerk);

#endif
