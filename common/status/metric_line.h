/* metric_line.h - a line of METRICS taken apart: Prometheus' text exposition, as the
   parts of a central write it.

     loteria_agency_bets{draw="noche",agency="4"} 1200

   Pure. */

#ifndef LOTERIA_METRIC_LINE_H
#define LOTERIA_METRIC_LINE_H

#include "bytes.h"

#define METRIC_LABELS_MAX  8
#define METRIC_LABEL_BYTES 96 // a value, unescaped, and its final zero

typedef struct {
    bytes_t name; // borrowed
    size_t labels;
    struct {
        bytes_t name; // borrowed
        char value[METRIC_LABEL_BYTES];
    } label[METRIC_LABELS_MAX];
    double value;
} metric_line_t;

/* Take the next line off `text`; false at its end. Blank lines and comments are passed
   over; what is no line of this kind as well, and counted in `nonsense`. Values of
   labels are fit to be shown (text_clean ()). */
bool metric_line_next (bytes_t *text, metric_line_t *line, uint64_t *nonsense);

/* The value of a label; "" when it has none of that name. Borrowed. */
const char *metric_line_label (const metric_line_t *line, const char *name);

#endif
