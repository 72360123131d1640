/* outbox.h - messages waiting to go out, gathered into bundles by receiver.

   What is decided in one turn leaves in as few frames as there are receivers. Touches
   memory only. */

#ifndef LOTERIA_OUTBOX_H
#define LOTERIA_OUTBOX_H

#include "bundle.h"

typedef struct outbox outbox_t;

outbox_t *outbox_new (void);
void outbox_destroy (outbox_t **outbox);

/* Add a message for the peer with this routing id (empty for the only peer). */
void outbox_write (outbox_t *outbox, bytes_t peer, const envelope_t *envelope,
                   const wire_message_t *message);

/* Add an answer, for the broker that wrote the envelope: the receiver's name is then
   its boot number (outbox_boot ()). */
void outbox_answer (outbox_t *outbox, const envelope_t *envelope,
                    const wire_message_t *message);

/* The boot number of a receiver of answers. */
uint32_t outbox_boot (bytes_t peer);

/* Take the next bundle and its receiver, in the order they were begun. False when
   there is none. Both are valid until the outbox is next written to; the bundle is the
   caller's to send, and empty afterwards. */
bool outbox_take (outbox_t *outbox, bytes_t *peer, bundle_t **bundle);

#endif
