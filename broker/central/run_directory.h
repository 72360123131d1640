/* run_directory.h - the directory of a central's inner sockets. Only its user can enter
   it, so that nobody else reaches the inner hops, which are ipc. */

#ifndef LOTERIA_RUN_DIRECTORY_H
#define LOTERIA_RUN_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "problem.h"
#include "supervisor.h"

#define RUN_ENDPOINT_BYTES 128

typedef struct run_directory run_directory_t;

/* Use `path` (borrowed), which is made if it is missing; nobody else may write there.
   While another central, or what a dead one left, is in it, that is waited for. NULL or
   "": create loteria-XXXXXX in TMPDIR, or in /tmp, and remove those that dead centrals
   of this user left there: those whose lock nobody holds. The lock is held by this
   process and by its children to come; it says which data directory (borrowed, it
   exists) is served: run_link.h. NULL with the problem. */
run_directory_t *run_directory_new (const char *path, const char *data_directory,
                                    problem_t *problem);

/* Remove the sockets, and a directory in TMPDIR unless it has something else in it; and
   there what dead centrals left by now. */
void run_directory_destroy (run_directory_t **directory);

/* Where it is. Borrowed. */
const char *run_directory_path (const run_directory_t *directory);

/* The file in it that says which role storage has: role.h. */
void run_directory_role (const run_directory_t *directory,
                         char path[RUN_ENDPOINT_BYTES]);

typedef enum {
    RUN_STORAGE,
    RUN_STATE,
    RUN_WORKERS,
    RUN_CENTRAL, // central's own
    RUN_SOCKETS
} run_socket_t;

/* The ZeroMQ endpoint of a socket in it. */
void run_directory_endpoint (const run_directory_t *directory, run_socket_t socket,
                             char endpoint[RUN_ENDPOINT_BYTES]);

/* The place for temporary files may be emptied. When a socket that was there is gone,
   its part is ended, so that it is restarted and creates it anew. Returns false when
   the central's own is gone. */
bool run_directory_look (run_directory_t *directory, const supervisor_t *supervisor);

#endif
