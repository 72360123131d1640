/* measure.c - clock, shared memory and percentiles of the bench programs. */

#include "measure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

static int compare_ns (const void *a, const void *b);

int64_t measure_ns (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

void *measure_shared (size_t size)
{
    void *memory = mmap (NULL, size ? size : 1, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        measure_die ("no shared memory");
    return memory;
}

void measure_print_latency (uint32_t *ns, size_t count)
{
    static const double percents[] = {1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9};
    qsort (ns, count, sizeof *ns, compare_ns);
    printf ("{");
    for (size_t i = 0; count > 0 && i < sizeof percents / sizeof *percents; i++) {
        size_t at = (size_t) ((double) count * percents[i] / 100);
        printf ("\"p%g\":%.1f,", percents[i], ns[at < count ? at : count - 1] / 1000.0);
    }
    printf ("\"max\":%.1f}", count > 0 ? ns[count - 1] / 1000.0 : 0);
}

uint32_t measure_latency (int64_t since_ns)
{
    const int64_t ns = measure_ns () - since_ns;
    return ns < UINT32_MAX ? (uint32_t) ns : UINT32_MAX;
}

void measure_die (const char *format, ...)
{
    va_list values;
    va_start (values, format);
    vfprintf (stderr, format, values);
    va_end (values);
    fputc ('\n', stderr);
    exit (1);
}

static int compare_ns (const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
    return (x > y) - (x < y);
}
