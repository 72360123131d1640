/* outbox.c - bundles by receiver. Storage and state. */

#include "outbox.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    uint8_t peer_size;
    uint8_t peer[ADDRESS_BYTES_MAX];
    bundle_t bundle;
} parcel_t;

struct outbox {
    parcel_t *parcels;
    size_t count, capacity;
    size_t taken;
    size_t latest; // the parcel last written to: most often the next one too
};

static bundle_t *bundle_for (outbox_t *outbox, bytes_t peer);
static bool parcel_open_for (const parcel_t *parcel, bytes_t peer);
static parcel_t *parcel_new (outbox_t *outbox, bytes_t peer);

outbox_t *outbox_new (void)
{
    outbox_t *outbox = calloc (1, sizeof *outbox);
    assert (outbox);
    return outbox;
}

void outbox_destroy (outbox_t **outbox)
{
    if (*outbox) {
        for (size_t i = 0; i < (*outbox)->capacity; i++)
            bundle_clear (&(*outbox)->parcels[i].bundle);
        free ((*outbox)->parcels);
        free (*outbox);
    }
    *outbox = NULL;
}

void outbox_write (outbox_t *outbox, bytes_t peer, const envelope_t *envelope,
                   const wire_message_t *message)
{
    bundle_write (bundle_for (outbox, peer), envelope, message);
}

void outbox_answer (outbox_t *outbox, const envelope_t *envelope,
                    const wire_message_t *message)
{
    uint8_t boot[sizeof envelope->boot];
    put_u32 (boot, envelope->boot);
    outbox_write (outbox, bytes_of (boot, sizeof boot), envelope, message);
}

uint32_t outbox_boot (bytes_t peer)
{
    reader_t reader = {.rest = peer};
    return read_u32 (&reader);
}

bool outbox_take (outbox_t *outbox, bytes_t *peer, bundle_t **bundle)
{
    if (outbox->taken == outbox->count) {
        outbox->taken = outbox->count = outbox->latest = 0;
        return false;
    }
    parcel_t *parcel = &outbox->parcels[outbox->taken++];
    *peer = bytes_of (parcel->peer, parcel->peer_size);
    *bundle = &parcel->bundle;
    return true;
}

static bundle_t *bundle_for (outbox_t *outbox, bytes_t peer)
{
    assert (outbox->taken == 0);
    if (outbox->latest < outbox->count &&
        parcel_open_for (&outbox->parcels[outbox->latest], peer))
        return &outbox->parcels[outbox->latest].bundle;
    for (size_t i = outbox->count; i-- > 0;)
        if (parcel_open_for (&outbox->parcels[i], peer)) {
            outbox->latest = i;
            return &outbox->parcels[i].bundle;
        }
    outbox->latest = outbox->count;
    return &parcel_new (outbox, peer)->bundle;
}

static bool parcel_open_for (const parcel_t *parcel, bytes_t peer)
{
    return bytes_equal (bytes_of (parcel->peer, parcel->peer_size), peer) &&
           !bundle_full (&parcel->bundle);
}

static parcel_t *parcel_new (outbox_t *outbox, bytes_t peer)
{
    if (outbox->count == outbox->capacity) {
        const size_t capacity = outbox->capacity * 2 + 16;
        outbox->parcels = realloc (outbox->parcels, capacity * sizeof (parcel_t));
        assert (outbox->parcels);
        memset (outbox->parcels + outbox->capacity, 0,
                (capacity - outbox->capacity) * sizeof (parcel_t));
        outbox->capacity = capacity;
    }
    parcel_t *parcel = &outbox->parcels[outbox->count++];
    bundle_clear (&parcel->bundle);
    parcel->peer_size = (uint8_t) peer.size;
    put_bytes (parcel->peer, peer);
    return parcel;
}
