/* jobs.h - what storage is asked and takes long to find out: roots over an agency's
   bets (roots.h), and the winners of all (award.h). A slice is done now and then; two
   jobs are under way at most, one that state has asked for and one that an agency has,
   and they take turns. The others wait, each with its question and nothing more, as
   long as there is room: for so many questions of agencies, and so many bytes of
   state's.

   Whoever asks again, as it has no answer yet, joins the job that is there: the answer
   goes where the last question came from. Who asks something else waits once more,
   behind the others: nobody holds them up by asking again and again. */

#ifndef LOTERIA_JOBS_H
#define LOTERIA_JOBS_H

#include "award.h"
#include "book.h"
#include "envelope.h"

typedef struct jobs jobs_t;

typedef enum {
    JOB_COMMIT, // for state: over the bets that an agency commits to
    JOB_STAKE,  // for state: over all bets of an agency that did not commit
    JOB_AWARD,  // for state: the winners of all agencies
    JOB_ROOT    // for an agency: over some of its bets
} job_kind_t;

typedef struct {
    job_kind_t kind;
    uint64_t draw;        // its identity
    uint32_t agency;      // not of AWARD
    salt_key_t key;       // likewise
    uint64_t from, count; // likewise: which bets, all of which are stored
    // the question
    bytes_t peer;
    envelope_t envelope;
    bytes_t message; // encoded
} job_t;

typedef struct { // valid until the next call
    const job_t *job;
    bool lost;        // the draw was put away meanwhile: nothing was found
    hash_t root;      // not of AWARD
    const won_t *won; // of AWARD: for each agency on the roll
    size_t won_count;
} job_done_t;

jobs_t *jobs_new (book_t *book, cancels_t *cancels); // borrowed
void jobs_destroy (jobs_t **jobs);

/* Whether such a job is there: then it is this one's from here on. One of another
   stretch, or with another key, begins anew, when those that wait are done. */
bool jobs_join (jobs_t *jobs, const job_t *job);
/* Add one that is not there. `keys` of AWARD: the agencies' salt keys, from 1 on. All
   is copied. False: so many wait that it has to ask again. */
bool jobs_add (jobs_t *jobs, const job_t *job, const salt_key_t *keys);

/* How many are there. */
size_t jobs_count (const jobs_t *jobs);
/* Bets that were taken into roots, so far. */
uint64_t jobs_rooted (const jobs_t *jobs);

/* Do a slice, some milliseconds' work at most: 1 when a job is over, which is `done`
   then, 0 when none is, -1 with errno when the book cannot be read. */
int jobs_step (jobs_t *jobs, job_done_t *done);

#endif
