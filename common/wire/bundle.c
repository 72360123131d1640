/* bundle.c - several messages in one frame. The inner hops; touches memory only. */

#include "bundle.h"

#include <stdlib.h>

#define BUNDLE_BYTES_FIRST 4096

static uint8_t *reserve (bundle_t *bundle, size_t size);

void bundle_clear (bundle_t *bundle)
{
    free (bundle->data);
    *bundle = (bundle_t){0};
}

bool bundle_full (const bundle_t *bundle)
{
    return bundle->messages >= BUNDLE_MESSAGES_MAX || bundle->size >= BUNDLE_BYTES_FULL;
}

void bundle_add (bundle_t *bundle, const envelope_t *envelope, bytes_t message)
{
    uint8_t *at = bundle_open (bundle, envelope, message.size);
    put_bytes (at, message);
    bundle_close (bundle, message.size);
}

void bundle_write (bundle_t *bundle, const envelope_t *envelope,
                   const wire_message_t *message)
{
    uint8_t *at = bundle_open (bundle, envelope, wire_size (message));
    bundle_close (bundle, wire_encode (message, at));
}

uint8_t *bundle_open (bundle_t *bundle, const envelope_t *envelope, size_t capacity)
{
    assert (!bundle->open);
    bundle->open = true;
    uint8_t *at = reserve (bundle, BUNDLE_HEAD_BYTES + capacity);
    return put_envelope (put_u32 (at, 0), envelope); // the size follows
}

void bundle_close (bundle_t *bundle, size_t message_size)
{
    assert (bundle->open);
    bundle->open = false;
    if (message_size == 0)
        return;
    const size_t size = BUNDLE_HEAD_BYTES + message_size;
    put_u32 (bundle->data + bundle->size, (uint32_t) size);
    bundle->size += size;
    bundle->messages++;
}

uint8_t *bundle_release (bundle_t *bundle, size_t *size)
{
    uint8_t *data = bundle->data;
    *size = bundle->size;
    *bundle = (bundle_t){0};
    return data;
}

int bundle_next (bytes_t *rest, envelope_t *envelope, bytes_t *message)
{
    if (rest->size == 0)
        return 0;
    reader_t reader = {.rest = *rest};
    const uint32_t size = read_u32 (&reader);
    *envelope = read_envelope (&reader);
    if (reader.failed || size <= BUNDLE_HEAD_BYTES || size > rest->size ||
        size > ENVELOPED_BYTES_MAX) {
        *rest = (bytes_t){NULL, 0};
        return -1;
    }
    *message = read_bytes (&reader, size - BUNDLE_HEAD_BYTES);
    *rest = reader.rest;
    return 1;
}

static uint8_t *reserve (bundle_t *bundle, size_t size)
{
    assert (size <= ENVELOPED_BYTES_MAX);
    if (bundle->capacity - bundle->size < size) {
        // a small one, or room for all that it may hold: no copies as it grows
        const size_t needed = bundle->size + size;
        const size_t full = BUNDLE_BYTES_FULL + 2 * size;
        const size_t capacity = needed <= BUNDLE_BYTES_FIRST ? BUNDLE_BYTES_FIRST
                                : needed <= full             ? full
                                                             : needed;
        bundle->data = realloc (bundle->data, capacity);
        assert (bundle->data);
        bundle->capacity = capacity;
    }
    return bundle->data + bundle->size;
}
