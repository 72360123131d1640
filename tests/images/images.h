/* images.h - the two tests of this program, and what they counted. */

#ifndef LOTERIA_IMAGES_H
#define LOTERIA_IMAGES_H

#include "recovery.h"

typedef struct {
    bool all;            // the long version
    const char *samples; // a directory for one case in `every`, or NULL
    uint64_t every;
} images_options_t;

/* Everything that a crash may leave at any step of the recording. */
void crashes_run (const recording_t *recording, const images_options_t *options);

/* Everything that a crash may leave of storage's files, at every operation of days that
   are played here, on a small log. */
void book_crashes_run (const images_options_t *options);

/* The files of the recorded day with every byte changed, and of every length. */
void bytes_run (const recording_t *recording, const images_options_t *options);

/* Whether the next case is one to be tried: all are, but with a sanitizer, which makes
   everything many times slower, one in some. */
bool images_turn (void);

/* The case that is being tried, in words. */
extern char images_case[512];

/* Where the files of this case are to be left; NULL when they are not. */
const char *images_sample (const images_options_t *options, const char *kind,
                           uint64_t number);

#endif
