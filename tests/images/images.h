/* images.h - the test of this program. */

#ifndef LOTERIA_IMAGES_H
#define LOTERIA_IMAGES_H

#include <stdbool.h>

typedef struct {
    bool all; // the long version
} images_options_t;

/* Everything that a crash may leave of storage's files, at every operation of days that
   are played here, on a small log. */
void book_crashes_run (const images_options_t *options);

/* The case that is being tried, in words. */
extern char images_case[512];

#endif
