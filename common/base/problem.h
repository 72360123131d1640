/* problem.h - why something could not be done, from the function that failed to the
   one that ends the process.

   Library code never ends a process: it returns NULL or -1 and says why. Functions that
   know only a reason, such as what is wrong with an address, return it as text (`char
   *why`) for their caller to use. Functions without which a process cannot go on return
   a problem, which is passed on as it is: a line for the log, and the status to exit
   with. Only main (), the function that serves and the supervisor then end the process
   (process_end). */

#ifndef LOTERIA_PROBLEM_H
#define LOTERIA_PROBLEM_H

#include "logger.h"

// Exit codes besides 0.
#define PROCESS_FAILED       1 // another start may go well
#define PROCESS_CANNOT_START 2 // settings, keys, an address, files: it will not
#define PROCESS_SUPERSEDED   4 // another process does this one's work now
// 3 is an agency's: AGENCY_CLOSED

typedef struct {
    int status;
    const char *action;             // of the line; a constant
    char parts[LOGGER_PARTS_BYTES]; // of the line: "endpoint: ... | reason: ..."
} problem_t;

/* Fill it in. `format` is as logger_event () takes it. Always returns -1. */
int problem_set (problem_t *problem, int status, const char *action, const char *format,
                 ...) __attribute__ ((format (printf, 4, 5)));

/* The status for a failure with this errno: PROCESS_FAILED when it is of a kind that
   may pass (the disk, memory, descriptors), 0 for ECANCELED (the process was told to
   stop meanwhile), else PROCESS_CANNOT_START. */
int problem_status (int error);

#endif
