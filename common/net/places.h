/* places.h - the addresses of this machine that a name to listen at stands for. */

#ifndef LOTERIA_PLACES_H
#define LOTERIA_PLACES_H

#include <stddef.h>

#include "address.h"

#define PLACES_MAX 16

typedef struct {
    size_t count;
    address_t list[PLACES_MAX]; // with numbers for names, IPv4 first
} places_t;

/* All that `address` stands for: itself, unless it is a name; each address of a name,
   once; an interface's name ("lo") as it is, since ZeroMQ knows those. Asks the
   resolver and waits for it. Returns 0, or -1 with the reason in `why`. */
int places_find (places_t *places, const address_t *address,
                 char why[ADDRESS_WHY_BYTES]);

/* Whether only this machine can reach any of them. */
bool places_local (const places_t *places);

#endif
