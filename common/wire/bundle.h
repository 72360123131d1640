/* bundle.h - several messages in one frame, each in its envelope: the traffic of the
   inner hops.

   Under load a hop costs per frame and not per message. In a bundle stand, again and
   again, a size of four bytes (of itself, envelope and message), an envelope, and an
   encoded message (wire.h). */

#ifndef LOTERIA_BUNDLE_H
#define LOTERIA_BUNDLE_H

#include "bounds.h"
#include "bytes.h"
#include "envelope.h"
#include "wire.h"

#define BUNDLE_HEAD_BYTES (4 + ENVELOPE_BYTES) // before each message

/* A bundle being written. Bounded: full at BUNDLE_MESSAGES_MAX messages or
   BUNDLE_BYTES_FULL bytes, whichever comes first. */
typedef struct {
    uint8_t *data; // owned until bundle_release
    size_t size;
    size_t capacity;
    size_t messages;
    bool open; // a message is being written
} bundle_t;

/* An empty bundle is all zeros. Free what a bundle holds: */
void bundle_clear (bundle_t *bundle);

/* Whether the bundle should be sent before another message is added. */
bool bundle_full (const bundle_t *bundle);

/* Append a message that is encoded already. */
void bundle_add (bundle_t *bundle, const envelope_t *envelope, bytes_t message);

/* Append a message that is still to be encoded. */
void bundle_write (bundle_t *bundle, const envelope_t *envelope,
                   const wire_message_t *message);

/* Append a message of at most `capacity` bytes, which the caller writes at the returned
   place; then close it with the true size, or with 0 to take it back. Nothing else may
   be added in between. */
uint8_t *bundle_open (bundle_t *bundle, const envelope_t *envelope, size_t capacity);
void bundle_close (bundle_t *bundle, size_t message_size);

/* Give the bytes away, to be freed with free (); the bundle is empty afterwards. */
uint8_t *bundle_release (bundle_t *bundle, size_t *size);

/* Take the next message off `rest`, from which it borrows, and its envelope. Returns 1,
   0 at the end, -1 when the bytes are no message in an envelope (`rest` is then left
   empty). */
int bundle_next (bytes_t *rest, envelope_t *envelope, bytes_t *message);

#endif
