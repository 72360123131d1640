/* envelope.h - a request's return address. The broker writes it, everybody copies it,
   and whoever answers sends the answer straight to the broker that wrote it. A value:
   nothing is borrowed, so it can be kept for as long as the answer takes. */

#ifndef LOTERIA_ENVELOPE_H
#define LOTERIA_ENVELOPE_H

#include "bytes.h"

typedef struct {
    uint32_t boot;   // which broker: drawn at random for each life of one, never 0
    uint32_t ticket; // which of its dispatches
    uint64_t client; // its number for the connection to answer; never used again
} envelope_t;        // all zeros: nobody's, as of JOIN or BEAT

#define ENVELOPE_BYTES 16 // on the wire, in this order

static inline uint8_t *put_envelope (uint8_t *at, const envelope_t *envelope)
{
    at = put_u32 (put_u32 (at, envelope->boot), envelope->ticket);
    return put_u64 (at, envelope->client);
}

static inline envelope_t read_envelope (reader_t *reader)
{
    envelope_t envelope;
    envelope.boot = read_u32 (reader);
    envelope.ticket = read_u32 (reader);
    envelope.client = read_u64 (reader);
    return envelope;
}

#endif
