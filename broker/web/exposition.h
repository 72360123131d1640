/* exposition.h - what the parts of a central say of themselves as one text for
   Prometheus: the lines of a metric together, with its HELP and TYPE, and a label
   `part` in each. Pure.

   What is no line of a known metric is left out, and counted. */

#ifndef LOTERIA_EXPOSITION_H
#define LOTERIA_EXPOSITION_H

#include "bytes.h"

typedef struct {
    const char *name, *type, *help;
} exposition_metric_t;

typedef struct exposition exposition_t;

/* `metrics` are all that there are, in the order of the text; borrowed. */
exposition_t *exposition_new (const exposition_metric_t *metrics, size_t count);
void exposition_destroy (exposition_t **exposition);

/* Lines that a part said; copied. */
void exposition_take (exposition_t *exposition, const char *part, bytes_t text);

/* A line of our own. */
void exposition_put (exposition_t *exposition, const char *part, const char *name,
                     double value);

/* All of it, for the caller to free. */
char *exposition_text (const exposition_t *exposition, size_t *size);

/* Lines that were left out. */
uint64_t exposition_nonsense (const exposition_t *exposition);

/* Begin again with nothing; the count goes on. */
void exposition_clear (exposition_t *exposition);

#endif
