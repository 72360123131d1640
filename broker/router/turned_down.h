/* turned_down.h - what a broker refused, or passed on as refused by others: how often
   by code, and the latest of them (REFUSALS_KEPT), for who asks (STATUS).

   Pure. A refusal is kept as it is; it becomes a line when it is asked for. BUSY and
   UNAVAILABLE are counted only: those requests come again. */

#ifndef LOTERIA_TURNED_DOWN_H
#define LOTERIA_TURNED_DOWN_H

#include "line_ring.h"
#include "logger.h"
#include "wire.h"

typedef struct turned_down turned_down_t;

turned_down_t *turned_down_new (void);
void turned_down_destroy (turned_down_t **refusals);

/* A REFUSED leaves for a client at this address; NULL: not known. */
void turned_down_add (turned_down_t *refusals, const wire_message_t *refused,
                      const char *address, int64_t now_ms);

/* A draw and its name, as a WELCOME told it: the lines have names where they are known.
 */
void turned_down_draw (turned_down_t *refusals, uint64_t draw, bytes_t name);

uint64_t turned_down_count (const turned_down_t *refusals, wire_code_t code);
uint64_t turned_down_all (const turned_down_t *refusals);

/* What is kept; and one of those as a line, `now_ms` being that many milliseconds
   behind the time since 1970. Returns its size. */
const line_ring_t *turned_down_kept (const turned_down_t *refusals);
size_t turned_down_show (const turned_down_t *refusals, bytes_t kept, int64_t behind_ms,
                         char line[LOGGER_SHOWN_BYTES]);

#endif
