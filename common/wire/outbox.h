/* outbox.h - letters waiting to go out, gathered into bundles by receiver.

   Used by the processes that answer many workers: what is decided in one turn leaves in
   as few messages as there are receivers. Touches memory only. */

#ifndef LOTERIA_OUTBOX_H
#define LOTERIA_OUTBOX_H

#include "letter.h"

typedef struct outbox outbox_t;

outbox_t *outbox_new (void);
void outbox_destroy (outbox_t **outbox);

/* Add a message for the peer with this routing id (empty for the only peer). */
void outbox_write (outbox_t *outbox, bytes_t peer, const letter_t *letter,
                   const wire_message_t *message);
/* The same with the letter's own, encoded message. */
void outbox_add (outbox_t *outbox, bytes_t peer, const letter_t *letter);

/* Take the next bundle and its receiver, in the order they were begun. False when
   there is none. Both are valid until the outbox is next written to; the bundle is the
   caller's to send, and empty afterwards. */
bool outbox_take (outbox_t *outbox, bytes_t *peer, bundle_t **bundle);

#endif
