/* enrolment.h - the roll as it is on disk now: whose key is whose. A change counts
   within ROLL_LOOK_MS, and for connections that are open already. */

#ifndef LOTERIA_ENROLMENT_H
#define LOTERIA_ENROLMENT_H

#include "problem.h"
#include "roll.h"

typedef struct enrolment enrolment_t;

/* Read FOLDER/roll. NULL with the problem when that cannot be read, or is none. */
enrolment_t *enrolment_open (const char *folder, int64_t now_ms, problem_t *problem);
void enrolment_destroy (enrolment_t **enrolment);

/* Look whether the file has changed, if that is due. Of each agency that a key has been
   taken from, `revoked` is told. A file that is no roll changes nothing, and the log
   says so. */
void enrolment_look (enrolment_t *enrolment, int64_t now_ms,
                     void (*revoked) (void *context, uint32_t agency), void *context);
int64_t enrolment_deadline (const enrolment_t *enrolment);

/* The enabled agency whose key it is; 0 when nobody's. */
uint32_t enrolment_find (const enrolment_t *enrolment, const char *key);

#endif
