/* memory_guard.h - when the broker's memory runs low: cuts the connections that hold
   most of it.

   All that the broker itself keeps is bounded by count and size. But ZeroMQ gathers the
   frames of a message before anybody may see the first, however many there are
   (libzmq 4.3.4; ZMQ_MAXMSGSIZE is for each of them): peers that never end their
   messages would fill the memory. What a connection makes it hold is what came in over
   it and was in no message that was seen. Who is cut without having meant ill connects
   again and sends again what was not answered. */

#ifndef LOTERIA_MEMORY_GUARD_H
#define LOTERIA_MEMORY_GUARD_H

#include <dirent.h>
#include <stdbool.h>

#include "logger.h"
#include "problem.h"

typedef struct {
    uint64_t bytes_max; // of memory
    uint16_t port;      // tcp, whose connections may be cut; 0: none
    void *context;
    /* What this connection holds of so many bytes received; `all`: without leaving out
       what seems to be no part of a message. Asked of each now and then. */
    uint64_t (*holds) (void *context, int descriptor, uint64_t received, bool all,
                       int64_t now_ms);
    void (*cut) (void *context, int descriptor);
} memory_guard_options_t;

typedef struct {
    memory_guard_options_t options;
    int statm;        // what tells the memory,
    DIR *descriptors; // and the connections: open from the start, see memory_guard_open
                      // ()
    int64_t look_ms;  // when to look next,
    int64_t sweep_ms; // and at all connections at the earliest
    bool is_short;    // it was when it was looked
    logger_limit_t limit;
} memory_guard_t;

/* Begin to watch. Everything that is needed is opened here: memory may be short when no
   descriptor is left. 0, or -1 with the problem. memory_guard_close () gives back what
   there is. */
int memory_guard_open (memory_guard_t *guard, const memory_guard_options_t *options,
                       problem_t *problem);
void memory_guard_close (memory_guard_t *guard);

/* Look whether memory is short, if that is due, and cut. The log says so. Of
   the memory `own` bytes are the broker's own, for which nobody is to be cut. */
void memory_guard_look (memory_guard_t *guard, uint64_t own, int64_t now_ms);

#endif
