/* refusal.h - a refusal of the central, worded for people. Pure. */

#ifndef LOTERIA_REFUSAL_H
#define LOTERIA_REFUSAL_H

#include "window.h"

/* Write one line, ended by a zero, of at most `size` bytes. `batch` is the one refused,
   or NULL; a fault in its rows names `source` and the line. */
void refusal_describe (const wire_refused_t *refused, const window_batch_t *batch,
                       const char *source, char *text, size_t size);

#endif
