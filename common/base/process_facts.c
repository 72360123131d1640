/* process_facts.c - processor time, memory and descriptors: every process. */

#include "process_facts.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define COUNTING_SHARE 100 // of the time, at most, is spent on counting

static uint64_t started_ms;

static uint64_t cpu_ms (void);
static uint64_t memory_bytes (void);
static uint64_t open_fds (void);
static uint64_t count_fds (void);
static uint64_t max_fds (void);
static int64_t precise_us (void);

void process_facts_start (void)
{
    started_ms = clock_wall_ms ();
}

void process_facts_read (process_facts_t *facts)
{
    *facts = (process_facts_t){.started_ms = started_ms,
                               .cpu_ms = cpu_ms (),
                               .memory_bytes = memory_bytes (),
                               .open_fds = open_fds (),
                               .max_fds = max_fds ()};
}

static uint64_t cpu_ms (void)
{
    struct timespec used = {0};
    clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t) used.tv_sec * 1000 + (uint64_t) used.tv_nsec / 1000000;
}

static uint64_t memory_bytes (void)
{
    unsigned long long size, resident = 0;
    FILE *file = fopen ("/proc/self/statm", "re");
    if (!file)
        return 0;
    if (fscanf (file, "%llu %llu", &size, &resident) != 2)
        resident = 0;
    fclose (file);
    return resident * (uint64_t) sysconf (_SC_PAGESIZE);
}

/* A broker may have 100,000: then they are counted less often. */
static uint64_t open_fds (void)
{
    static int64_t due_us;
    static uint64_t counted;
    const int64_t began_us = precise_us ();
    if (due_us != 0 && began_us < due_us)
        return counted;
    counted = count_fds ();
    const int64_t ended_us = precise_us ();
    due_us = ended_us + COUNTING_SHARE * (ended_us - began_us);
    return counted;
}

static uint64_t count_fds (void)
{
    DIR *folder = opendir ("/proc/self/fd");
    if (!folder)
        return 0;
    uint64_t count = 0;
    for (const struct dirent *entry; (entry = readdir (folder));)
        count += entry->d_name[0] != '.';
    closedir (folder);
    return count > 0 ? count - 1 : 0; // but for the folder itself
}

static uint64_t max_fds (void)
{
    struct rlimit limit;
    return getrlimit (RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

static int64_t precise_us (void)
{
    struct timespec now = {0};
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
