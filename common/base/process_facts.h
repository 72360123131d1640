/* process_facts.h - what the system says about this process. */

#ifndef LOTERIA_PROCESS_FACTS_H
#define LOTERIA_PROCESS_FACTS_H

#include <stdint.h>

typedef struct {         // 0: not known
    uint64_t started_ms; // since 1970
    uint64_t cpu_ms;
    uint64_t memory_bytes; // resident
    uint64_t open_fds;     // may be some time old: they are counted one by one
    uint64_t max_fds;
} process_facts_t;

/* Say that the process starts now. */
void process_facts_start (void);

/* Cheap: a call takes some microseconds, and in the long run less than a hundredth of
   the time, however many descriptors are open. */
void process_facts_read (process_facts_t *facts);

#endif
