/* measure.h - what the bench programs share: a clock, shared memory, percentiles. */

#ifndef LOTERIA_MEASURE_H
#define LOTERIA_MEASURE_H

#include <stddef.h>
#include <stdint.h>

/* Nanoseconds of the monotonic clock, the same for all processes of a machine. */
int64_t measure_ns (void);

/* Zeroed memory that processes forked from here on share. Ends the process when there
   is none. Never freed: the programs are short. */
void *measure_shared (size_t size);

/* Sorts `ns` and prints, as a JSON object, the microseconds that so many percent of
   them took at most: {"p1":80.2,...,"max":913.0}. */
void measure_print_latency (uint32_t *ns, size_t count);

/* Longer than uint32_t holds (4 s) counts as the longest. */
uint32_t measure_latency (int64_t since_ns);

/* Say why on stderr and leave with status 1. */
void measure_die (const char *format, ...)
    __attribute__ ((noreturn, format (printf, 1, 2)));

#endif
