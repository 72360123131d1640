/* cancels.h - which of an agency's bets do not count: the offsets that it has
   cancelled, read from its records when somebody asks, and kept for a while. */

#ifndef LOTERIA_CANCELS_H
#define LOTERIA_CANCELS_H

#include "archive.h"

#define CANCELS_KEPT BUNDLE_MESSAGES_MAX // agencies whose offsets are kept at once

typedef struct cancels cancels_t;

typedef struct { // ascending; valid until so many other agencies were asked about
    const uint64_t *offsets;
    size_t count;
} cancelled_t;

cancels_t *cancels_new (archive_t *archive); // borrowed
void cancels_destroy (cancels_t **cancels);

/* What this agency has cancelled in this draw. 0, or -1 with errno when it cannot be
   read. */
int cancels_of (cancels_t *cancels, const cursor_t *cursor, cancelled_t *cancelled);
/* Whether this bet is among them. */
bool cancels_have (const cancelled_t *cancelled, uint64_t offset);

#endif
