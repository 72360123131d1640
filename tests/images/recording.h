/* recording.h - what a real process did to its files in a day, and what it said.

   tests/e2e/recording.py makes it out of strace's output: text, a step a line, in the
   order in which the kernel was told. Bytes are in hexadecimal.

     terms AGENCIES NUMBER             of the draw
     sold AGENCY COUNT BYTES           all bets of an agency, as bets.csv is to have
   them file NAME                         files are numbered from 0 in this order write
   FILE POSITION BYTES         begun truncate FILE SIZE reserve FILE SIZE sync FILE
   ended, and well told stored AGENCY COUNT          given to a socket: this many bets
   are stored told sealed AGENCY COUNT          the agency is sealed told waiting AGENCY
   0             likewise, by state told winners AGENCY 0             the draw was made
     told served AGENCY 0              the agency said that it has its winners */

#ifndef LOTERIA_RECORDING_H
#define LOTERIA_RECORDING_H

#include <stdbool.h>

#include "bytes.h"
#include "disk.h"

#define RECORDING_AGENCIES_MAX 8
#define RECORDING_FILES_MAX    2

typedef enum {
    STEP_WRITE,
    STEP_TRUNCATE,
    STEP_RESERVE,
    STEP_SYNC,
    STEP_STORED,
    STEP_SEALED,
    STEP_WAITING,
    STEP_WINNERS,
    STEP_SERVED
} step_kind_t;

typedef struct {
    step_kind_t kind;
    unsigned file;   // of the first four
    uint64_t at;     // position or size
    bytes_t data;    // of a write
    uint32_t agency; // of what was told
    uint64_t count;
} step_t;

typedef struct {
    uint32_t agencies, number;
    struct {
        uint64_t count;
        bytes_t all;
        bytes_t *rows; // of these, each with its line's end
    } sold[RECORDING_AGENCIES_MAX + 1];
    const char *files[RECORDING_FILES_MAX];
    unsigned file_count;
    step_t *steps;
    size_t count;
} recording_t;

/* Ends the program with a message when the file cannot be read or is no recording. What
   is read stays until the program ends. */
void recording_read (recording_t *recording, const char *path);

/* Do to the file what a step did; one that was told or only synced does nothing. */
void recording_redo (const step_t *step, disk_file_t *file);

/* A step in words, in a buffer of this function's own. */
const char *recording_text (const recording_t *recording, size_t step);

#endif
