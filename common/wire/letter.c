/* letter.c - bundles of letters. The inner hops; touches memory only. */

#include "letter.h"

#include <stdlib.h>

#define BUNDLE_BYTES_FIRST 4096

static uint8_t *reserve (bundle_t *bundle, size_t size);
static uint8_t *put_envelope (uint8_t *at, const letter_t *letter);
static size_t envelope_size (const letter_t *letter);

void bundle_clear (bundle_t *bundle)
{
    free (bundle->data);
    *bundle = (bundle_t){0};
}

bool bundle_full (const bundle_t *bundle)
{
    return bundle->letters >= BUNDLE_LETTERS_MAX || bundle->size >= BUNDLE_BYTES_FULL;
}

void bundle_add (bundle_t *bundle, const letter_t *letter)
{
    uint8_t *at = bundle_open (bundle, letter, letter->message.size);
    put_bytes (at, letter->message);
    bundle_close (bundle, letter->message.size);
}

void bundle_write (bundle_t *bundle, const letter_t *letter,
                   const wire_message_t *message)
{
    uint8_t *at = bundle_open (bundle, letter, wire_size (message));
    bundle_close (bundle, wire_encode (message, at));
}

uint8_t *bundle_open (bundle_t *bundle, const letter_t *letter, size_t capacity)
{
    assert (letter->client.size <= ADDRESS_BYTES_MAX);
    assert (letter->via.size <= ADDRESS_BYTES_MAX);
    assert (bundle->open == 0);
    bundle->open = envelope_size (letter);
    uint8_t *at = reserve (bundle, bundle->open + capacity);
    return put_envelope (at, letter);
}

void bundle_close (bundle_t *bundle, size_t message_size)
{
    assert (bundle->open > 0);
    const size_t size = bundle->open + message_size;
    bundle->open = 0;
    if (message_size == 0)
        return;
    put_u32 (bundle->data + bundle->size, (uint32_t) size);
    bundle->size += size;
    bundle->letters++;
}

uint8_t *bundle_release (bundle_t *bundle, size_t *size)
{
    uint8_t *data = bundle->data;
    *size = bundle->size;
    *bundle = (bundle_t){0};
    return data;
}

int bundle_next (bytes_t *rest, letter_t *letter)
{
    if (rest->size == 0)
        return 0;
    reader_t reader = {.rest = *rest};
    const uint32_t size = read_u32 (&reader);
    letter->ticket = read_u64 (&reader);
    letter->client = read_bytes (&reader, read_u8 (&reader));
    letter->via = read_bytes (&reader, read_u8 (&reader));
    const size_t envelope = rest->size - reader.rest.size;
    if (reader.failed || size <= envelope || size > rest->size ||
        size > LETTER_BYTES_MAX) {
        *rest = (bytes_t){NULL, 0};
        return -1;
    }
    letter->message = read_bytes (&reader, size - envelope);
    *rest = reader.rest;
    return 1;
}

static uint8_t *reserve (bundle_t *bundle, size_t size)
{
    assert (size <= LETTER_BYTES_MAX);
    if (bundle->capacity - bundle->size < size) {
        size_t capacity = bundle->capacity ? bundle->capacity : BUNDLE_BYTES_FIRST;
        while (capacity - bundle->size < size)
            capacity *= 2;
        bundle->data = realloc (bundle->data, capacity);
        assert (bundle->data);
        bundle->capacity = capacity;
    }
    return bundle->data + bundle->size;
}

static uint8_t *put_envelope (uint8_t *at, const letter_t *letter)
{
    at = put_u64 (put_u32 (at, 0), letter->ticket); // the size follows in bundle_close
    at = put_bytes (put_u8 (at, (uint8_t) letter->client.size), letter->client);
    return put_bytes (put_u8 (at, (uint8_t) letter->via.size), letter->via);
}

static size_t envelope_size (const letter_t *letter)
{
    return 4 + 8 + 1 + letter->client.size + 1 + letter->via.size;
}
