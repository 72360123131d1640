/* memory_guard.c - keeps the broker within its memory, whatever its peers send. */

#include "memory_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bounds.h"

#define ESTABLISHED                                                                    \
    1 // tcpi_state; only netinet/tcp.h, which bars linux/tcp.h, names it
#define SWEEP          64 // connections that are looked at each time, though all is well
#define SWEEP_ALONE_MS 1000
/* What ZeroMQ may need for a byte that came in: an empty frame is two, and takes 64. */
#define MEMORY_OF_BYTE 64

typedef struct { // what connections hold, in bytes
    uint64_t most, sum;
} held_t;

static void sweep (memory_guard_t *guard, int64_t now_ms);
static uint64_t memory_resident (const memory_guard_t *guard);
static uint64_t memory_in_use (void);
static void cut_greatest (memory_guard_t *guard, uint64_t in_use, int64_t now_ms);
static held_t measure (const memory_guard_t *guard, bool all, int64_t now_ms);
static size_t cut_from (const memory_guard_t *guard, uint64_t bytes, bool all,
                        int64_t now_ms);
static uint64_t holds (const memory_guard_t *guard, int socket, bool all,
                       int64_t now_ms);
static int next_connection (const memory_guard_t *guard);
static bool is_connection (int socket, uint16_t port);
static uint64_t received (int socket);

int memory_guard_open (memory_guard_t *guard, const memory_guard_options_t *options,
                       problem_t *problem)
{
    *guard = (memory_guard_t){.options = *options};
    guard->statm = open ("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    guard->descriptors = opendir ("/proc/self/fd");
    if (guard->statm == -1 || !guard->descriptors)
        return problem_set (problem, PROCESS_FAILED, "memoria",
                            "reason: /proc/self: %s", strerror (errno));
    return 0;
}

void memory_guard_close (memory_guard_t *guard)
{
    if (guard->statm != -1)
        close (guard->statm);
    if (guard->descriptors)
        closedir (guard->descriptors);
}

/* Resident is what counts in the end, and quick to see; it also holds what was freed
   and not given back yet, for which nobody is to be cut. */
void memory_guard_look (memory_guard_t *guard, uint64_t own, int64_t now_ms)
{
    const uint64_t bytes_max = guard->options.bytes_max;
    if (now_ms < guard->look_ms)
        return;
    guard->look_ms = now_ms + MEMORY_GUARD_LOOK_MS;
    sweep (guard, now_ms);
    const bool was_short = guard->is_short;
    guard->is_short = memory_resident (guard) >= bytes_max;
    const uint64_t in_use = guard->is_short ? memory_in_use () : 0;
    if (in_use >= own + bytes_max / 2)
        cut_greatest (guard, in_use - own, now_ms);
    if (guard->is_short || was_short)
        malloc_trim (0); // what those who were cut last time had is free by now
}

/* So that it is known of each what it holds when it matters. Where there is none it is
   not asked for all the time whether there is. */
static void sweep (memory_guard_t *guard, int64_t now_ms)
{
    int socket = 0, found = 0;
    if (now_ms < guard->sweep_ms)
        return;
    while (found < SWEEP && (socket = next_connection (guard)) != -1) {
        holds (guard, socket, false, now_ms);
        found++;
    }
    if (socket != -1)
        return;
    rewinddir (guard->descriptors);
    if (found == 0)
        guard->sweep_ms = now_ms + SWEEP_ALONE_MS;
}

/* What cannot be read is taken for too much: memory_in_use () then decides. */
static uint64_t memory_resident (const memory_guard_t *guard)
{
    char text[128];
    unsigned long long pages;
    const ssize_t size = pread (guard->statm, text, sizeof text - 1, 0);
    text[size > 0 ? size : 0] = 0;
    if (sscanf (text, "%*u %llu", &pages) != 1)
        return UINT64_MAX;
    return pages * (uint64_t) sysconf (_SC_PAGESIZE);
}

static uint64_t memory_in_use (void)
{
    const struct mallinfo2 memory = mallinfo2 ();
    return memory.uordblks + memory.hblkhd;
}

/* Who holds most goes first, until those who are left hold a quarter: it takes few
   rounds, as each halves what the first may hold. If all of that explains too little of
   the memory, somebody had what he holds taken for something else. */
static void cut_greatest (memory_guard_t *guard, uint64_t in_use, int64_t now_ms)
{
    bool all = false;
    held_t held = measure (guard, all, now_ms);
    if (held.sum < in_use / 4)
        held = measure (guard, all = true, now_ms);
    if (held.sum < in_use / MEMORY_OF_BYTE)
        return; // it is nobody's: what was cut before is still being freed
    const held_t before = held;
    size_t count = 0;
    while (held.most > 0 && held.sum > before.sum / 4) {
        count += cut_from (guard, held.most / 2 + 1, all, now_ms);
        const held_t rest = measure (guard, all, now_ms);
        if (rest.sum >= held.sum)
            break; // none could be cut; and nothing is to go on for ever
        held = rest;
    }
    logger_event_limited (
        &guard->limit, now_ms, LOG_ERROR, "memoria", LOG_FAIL,
        "bytes: %llu | bytes_max: %llu | connections_cut: %zu | held_at_most: %llu",
        (unsigned long long) in_use, (unsigned long long) guard->options.bytes_max,
        count, (unsigned long long) before.most);
}

static held_t measure (const memory_guard_t *guard, bool all, int64_t now_ms)
{
    held_t held = {0};
    int socket;
    rewinddir (guard->descriptors);
    while ((socket = next_connection (guard)) != -1) {
        const uint64_t bytes = holds (guard, socket, all, now_ms);
        held.sum += bytes;
        held.most = bytes > held.most ? bytes : held.most;
    }
    return held;
}

static size_t cut_from (const memory_guard_t *guard, uint64_t bytes, bool all,
                        int64_t now_ms)
{
    size_t count = 0;
    int socket;
    rewinddir (guard->descriptors);
    while ((socket = next_connection (guard)) != -1)
        if (holds (guard, socket, all, now_ms) >= bytes) {
            guard->options.cut (guard->options.context, socket);
            count++;
        }
    return count;
}

static uint64_t holds (const memory_guard_t *guard, int socket, bool all,
                       int64_t now_ms)
{
    return guard->options.holds (guard->options.context, socket, received (socket), all,
                                 now_ms);
}

static int next_connection (const memory_guard_t *guard)
{
    const struct dirent *entry;
    while ((entry = readdir (guard->descriptors))) {
        const int socket = atoi (entry->d_name);
        if (entry->d_name[0] != '.' && is_connection (socket, guard->options.port))
            return socket;
    }
    return -1;
}

/* One that was accepted at the port; the listening socket has no peer. */
static bool is_connection (int socket, uint16_t port)
{
    struct sockaddr_storage own, peer;
    socklen_t own_size = sizeof own, peer_size = sizeof peer;
    if (getpeername (socket, (struct sockaddr *) &peer, &peer_size) == -1 ||
        getsockname (socket, (struct sockaddr *) &own, &own_size) == -1)
        return false;
    if (own.ss_family == AF_INET)
        return ntohs (((struct sockaddr_in *) &own)->sin_port) == port;
    return own.ss_family == AF_INET6 &&
           ntohs (((struct sockaddr_in6 *) &own)->sin6_port) == port;
}

/* By ZeroMQ, of a connection that is not being ended. */
static uint64_t received (int socket)
{
    struct tcp_info about = {0};
    socklen_t size = sizeof about;
    int waiting = 0;
    if (getsockopt (socket, IPPROTO_TCP, TCP_INFO, &about, &size) == -1 ||
        about.tcpi_state != ESTABLISHED)
        return 0;
    ioctl (socket, SIOCINQ, &waiting);
    return about.tcpi_bytes_received - (waiting > 0 ? (uint64_t) waiting : 0);
}
