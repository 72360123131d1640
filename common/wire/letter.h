/* letter.h - letters and bundles, the traffic of the inner hops.

   A letter is a message (wire.h) with its return address: the ticket that the broker
   wrote on it, the client it came from, and, between state and storage, the worker to
   go back through. A frame on an inner hop is a bundle: one or more letters, one
   behind the other, so that under load a hop costs per bundle and not per letter. */

#ifndef LOTERIA_LETTER_H
#define LOTERIA_LETTER_H

#include "bytes.h"
#include "bounds.h"
#include "wire.h"

typedef struct {
    uint64_t ticket; // the broker's own mark: its boot number and a sequence
    bytes_t client;  // routing id at the broker's front; empty for a worker's own
    bytes_t via;     // routing id of the worker at state; empty elsewhere
    bytes_t message; // an encoded message
} letter_t;          // borrows everything

/* A bundle being written. Bounded: full at BUNDLE_LETTERS_MAX letters or
   BUNDLE_BYTES_FULL bytes, whichever comes first. */
typedef struct {
    uint8_t *data; // owned until bundle_release
    size_t size;
    size_t capacity;
    size_t letters;
    size_t open; // envelope bytes of the letter being written, 0 when none is
} bundle_t;

/* An empty bundle is all zeros. Free what a bundle holds: */
void bundle_clear (bundle_t *bundle);

/* Whether the bundle should be sent before another letter is added. */
bool bundle_full (const bundle_t *bundle);

/* Append a letter with its message encoded already. */
void bundle_add (bundle_t *bundle, const letter_t *letter);

/* Append a letter whose message is still to be encoded. `letter->message` is ignored.
 */
void bundle_write (bundle_t *bundle, const letter_t *letter,
                   const wire_message_t *message);

/* Append a letter whose message, of at most `capacity` bytes, the caller writes at the
   returned place; then close it with the true size, or with 0 to take it back. Nothing
   else may be added in between. */
uint8_t *bundle_open (bundle_t *bundle, const letter_t *letter, size_t capacity);
void bundle_close (bundle_t *bundle, size_t message_size);

/* Give the bytes away, to be freed with free (); the bundle is empty afterwards. */
uint8_t *bundle_release (bundle_t *bundle, size_t *size);

/* Take the next letter off `rest`. Returns 1, 0 at the end, -1 when the bytes are no
   letter (`rest` is then left empty). */
int bundle_next (bytes_t *rest, letter_t *letter);

#endif
