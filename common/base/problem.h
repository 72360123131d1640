/* problem.h - why something could not be done, from the function that failed to the
   one that ends the process.

   Library code never ends a process: it returns NULL or -1 and says why. What may only
   be a reason among others, such as why an address cannot be read, is a text that its
   caller makes use of (`char *why`). What a process cannot go on without is a problem,
   which is handed on as it is: a line for the log, and the status to end with. Only
   main (), the function that it serves with and the supervisor end the process for it
   (process_end). */

#ifndef LOTERIA_PROBLEM_H
#define LOTERIA_PROBLEM_H

#include "logger.h"

// Exit codes besides 0.
#define PROCESS_FAILED       1 // another start may go well
#define PROCESS_CANNOT_START 2 // settings, keys, an address, files: it will not
#define PROCESS_SUPERSEDED   4 // another process does this one's work now

typedef struct {
    int status;
    const char *action;             // of the line; a constant
    char parts[LOGGER_PARTS_BYTES]; // of the line: "endpoint: ... | reason: ..."
} problem_t;

/* Fill it in. `format` is as logger_event () takes it. Always returns -1. */
int problem_set (problem_t *problem, int status, const char *action, const char *format,
                 ...) __attribute__ ((format (printf, 4, 5)));

/* The status that a failure with this errno deserves: PROCESS_FAILED when it is of a
   kind that may pass (the disk, memory, descriptors), 0 for ECANCELED (the process was
   told to stop meanwhile), else PROCESS_CANNOT_START. 0 is no such kind. */
int problem_status (int error);

#endif
