/* hellos.h - the HELLOs that wait: for a draw that storage is looking for, or that is
   being replayed. Pure. */

#ifndef LOTERIA_HELLOS_H
#define LOTERIA_HELLOS_H

#include <stdbool.h>

#include "bounds.h"
#include "envelope.h"
#include "wire.h"

typedef struct {
    envelope_t envelope;
    uint32_t agency;
    wire_limits_t limits;
    char name[DRAW_NAME_BYTES_MAX + 1]; // of the draw
    int64_t end_ms;                     // when it waits no longer
} hello_t;

typedef struct { // all zeros: none
    hello_t hello[HELLOS_MAX];
    size_t count;
} hellos_t;

/* Keep one, in place of an older one of the same agency and connection. False: there
   are too many. */
bool hellos_keep (hellos_t *hellos, const hello_t *hello);
/* Which one that envelope is; `count`: none. */
size_t hellos_find (const hellos_t *hellos, const envelope_t *envelope);
/* The last one takes its place. */
void hellos_remove (hellos_t *hellos, size_t which);
/* When the first waits no longer; INT64_MAX: there is none. */
int64_t hellos_deadline (const hellos_t *hellos);

#endif
