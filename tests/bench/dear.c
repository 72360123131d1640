/* dear.c - makes checking a batch 20 times as dear, in the one worker program that is
   linked with it (bench-dear-worker), to see whether workers scale where checking is
   what costs. The linker sends every call of bet_csv_canonical () here (--wrap).

   What counts is the time that the first check takes: checking the same rows again is
   several times quicker, as the processor then knows every turn. */

#include <time.h>

#include "bet_csv.h"

#define TIMES 20

// The names that the linker gives to both sides.
size_t __real_bet_csv_canonical (bytes_t rows, uint32_t count, uint32_t agency,
                                 const bet_rules_t *rules, uint8_t *out,
                                 bet_csv_error_t *error);
size_t __wrap_bet_csv_canonical (bytes_t rows, uint32_t count, uint32_t agency,
                                 const bet_rules_t *rules, uint8_t *out,
                                 bet_csv_error_t *error);

static int64_t cpu_ns (void);

size_t __wrap_bet_csv_canonical (bytes_t rows, uint32_t count, uint32_t agency,
                                 const bet_rules_t *rules, uint8_t *out,
                                 bet_csv_error_t *error)
{
    const int64_t start_ns = cpu_ns ();
    size_t size = __real_bet_csv_canonical (rows, count, agency, rules, out, error);
    const int64_t end_ns = start_ns + TIMES * (cpu_ns () - start_ns);
    while (cpu_ns () < end_ns)
        size = __real_bet_csv_canonical (rows, count, agency, rules, out, error);
    return size;
}

static int64_t cpu_ns (void)
{
    struct timespec spent;
    clock_gettime (CLOCK_THREAD_CPUTIME_ID, &spent);
    return (int64_t) spent.tv_sec * 1000000000 + spent.tv_nsec;
}
