/* relief.c - keeps the broker within its memory, whatever its peers send. */

#include "relief.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bounds.h"
#include "process.h"

static uint64_t memory_resident (const relief_t *relief);
static uint64_t memory_in_use (void);
static void cut_greatest (relief_t *relief, uint64_t in_use, int64_t now_ms);
static uint64_t most_received (const relief_t *relief);
static size_t cut_from (const relief_t *relief, uint64_t bytes);
static int cut (int socket);
static int next_connection (const relief_t *relief);
static bool is_connection (int socket, uint16_t port);
static uint64_t received (int socket);

void relief_open (relief_t *relief, uint64_t bytes_max, uint16_t port)
{
    *relief = (relief_t){.bytes_max = bytes_max, .port = port};
    relief->statm = open ("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    relief->descriptors = opendir ("/proc/self/fd");
    if (relief->statm == -1 || !relief->descriptors)
        process_die ("memoria", "reason: /proc/self: %s", strerror (errno));
}

void relief_close (relief_t *relief)
{
    close (relief->statm);
    closedir (relief->descriptors);
}

/* Resident is what counts in the end, and quick to see; it also holds what was freed
   and not given back yet, for which nobody is to be cut. */
void relief_look (relief_t *relief, int64_t now_ms)
{
    if (now_ms < relief->look_ms)
        return;
    relief->look_ms = now_ms + RELIEF_LOOK_MS;
    const bool was_short = relief->is_short;
    relief->is_short = memory_resident (relief) >= relief->bytes_max;
    const uint64_t in_use = relief->is_short ? memory_in_use () : 0;
    if (in_use >= relief->bytes_max / 2)
        cut_greatest (relief, in_use, now_ms);
    if (relief->is_short || was_short)
        malloc_trim (0); // what those who were cut last time had is free by now
}

/* What cannot be read is taken for too much: memory_in_use () then decides. */
static uint64_t memory_resident (const relief_t *relief)
{
    char text[128];
    unsigned long long pages;
    const ssize_t size = pread (relief->statm, text, sizeof text - 1, 0);
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

/* Who filled the memory has sent at least as much; with several at it, all of them that
   sent half as much as the first. Should it be others that sent most, over a long day,
   they start from nothing when they come again, and the next look finds the right one.
 */
static void cut_greatest (relief_t *relief, uint64_t in_use, int64_t now_ms)
{
    uint64_t held_back;
    const uint64_t most = most_received (relief);
    const size_t count = cut_from (relief, most / 2);
    if (log_brake_open (&relief->brake, now_ms, &held_back))
        log_event (LOG_ERROR, "memoria", LOG_FAIL,
                   "bytes: %llu | bytes_max: %llu | connections_cut: %zu | "
                   "sent_at_most: %llu | not_logged_before: %llu",
                   (unsigned long long) in_use, (unsigned long long) relief->bytes_max,
                   count, (unsigned long long) most, (unsigned long long) held_back);
}

static uint64_t most_received (const relief_t *relief)
{
    uint64_t most = 0;
    int socket;
    rewinddir (relief->descriptors);
    while ((socket = next_connection (relief)) != -1)
        if (received (socket) > most)
            most = received (socket);
    return most;
}

static size_t cut_from (const relief_t *relief, uint64_t bytes)
{
    size_t count = 0;
    int socket;
    rewinddir (relief->descriptors);
    while ((socket = next_connection (relief)) != -1)
        if (received (socket) >= bytes && cut (socket) == 0)
            count++;
    return count;
}

/* The descriptor is ZeroMQ's, which finds the connection at its end and closes it; that
   is then a reset, which a peer with much yet to be sent hears of at once. */
static int cut (int socket)
{
    const struct linger none = {.l_onoff = 1, .l_linger = 0};
    setsockopt (socket, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    return shutdown (socket, SHUT_RDWR);
}

static int next_connection (const relief_t *relief)
{
    const struct dirent *entry;
    while ((entry = readdir (relief->descriptors))) {
        const int socket = atoi (entry->d_name);
        if (entry->d_name[0] != '.' && is_connection (socket, relief->port))
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

static uint64_t received (int socket)
{
    struct tcp_info about = {0};
    socklen_t size = sizeof about;
    return getsockopt (socket, IPPROTO_TCP, TCP_INFO, &about, &size) == 0
               ? about.tcpi_bytes_received
               : 0;
}
