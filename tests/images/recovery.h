/* recovery.h - a start of the product on given files, in memory, and what has to come
   out of it. Written on cmocka's assertions: what is not as it has to be ends the test.
 */

#ifndef LOTERIA_RECOVERY_H
#define LOTERIA_RECOVERY_H

#include "recording.h"

/* What may not be lost any more: */
typedef struct {
    // what the files begin with,
    bytes_t files[RECORDING_FILES_MAX];
    // and what was said, by agency.
    uint64_t stored[RECORDING_AGENCIES_MAX + 1];
    bool sealed[RECORDING_AGENCIES_MAX + 1], served[RECORDING_AGENCIES_MAX + 1];
    bool drawn;
} promise_t;

typedef struct { // at a start
    uint32_t records;
    uint64_t torn; // bytes that it said it would cut off
} found_t;

/* Start on these files. It succeeds, and says so when it cuts anything off; what was
   promised is there; what is there was sent, once and in order; all of it is on the
   disk; a second start changes nothing; and the day goes on. With `sample`, a directory
   to be made, the files before and after are left in it. */
found_t recovery_passes (const recording_t *recording, const promise_t *promise,
                         const bytes_t *files, const char *sample);

/* Start on these files. It is refused with a reason that begins and goes on like this,
   and nothing is changed. */
void recovery_refused (const recording_t *recording, const bytes_t *files,
                       const char *begins, const char *contains, const char *sample);

void recovery_free (void);

#endif
