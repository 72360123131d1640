/* relief.h - when the broker's memory runs low: cuts the connections that hold most of
   it.

   All that the broker itself keeps is bounded by count and size. But ZeroMQ gathers the
   frames of a message before anybody may see the first, however many there are
   (libzmq 4.3.4; ZMQ_MAXMSGSIZE is for each of them): peers that never end their
   messages would fill the memory. What a connection makes it hold is what came in over
   it and was in no message that was seen. Who is cut without having meant ill connects
   again and sends again what was not answered. */

#ifndef LOTERIA_RELIEF_H
#define LOTERIA_RELIEF_H

#include <dirent.h>
#include <stdbool.h>

#include "log.h"

typedef struct {
    uint64_t bytes_max; // of memory
    uint16_t port;      // tcp, whose connections may be cut; 0: none
    void *context;
    /* What this connection holds of so many bytes received; `all`: without leaving out
       what seems to be no part of a message. Asked of each now and then. */
    uint64_t (*holds) (void *context, int descriptor, uint64_t received, bool all,
                       int64_t now_ms);
    void (*cut) (void *context, int descriptor);
} relief_options_t;

typedef struct {
    relief_options_t options;
    int statm;        // what tells the memory,
    DIR *descriptors; // and the connections: open from the start, see relief_open ()
    int64_t look_ms;  // when to look next
    bool is_short;    // it was when it was looked
    log_brake_t brake;
} relief_t;

/* Begin to watch. Everything that is needed is opened here: memory may be short when no
   descriptor is left. It ends the process if it cannot be opened. relief_close () gives
   it back. */
void relief_open (relief_t *relief, const relief_options_t *options);
void relief_close (relief_t *relief);

/* Look whether memory is short, if that is due, and give relief. The log says so. Of
   the memory `own` bytes are the broker's own, for which nobody is to be cut. */
void relief_look (relief_t *relief, uint64_t own, int64_t now_ms);

#endif
