/* place.h - where the state of a central is to be asked: by the central's data
   directory on this machine, or by an endpoint. */

#ifndef LOTERIA_PLACE_H
#define LOTERIA_PLACE_H

#include "config.h"
#include "problem.h"

#define PLACE_ENDPOINT_BYTES 288

/* --state, or else what DIRECTORY/run leads to, whichever was given at the place that
   takes precedence. 0 with the endpoint; or -1 with the problem, which says what to do:
   no central is running there, both are given, an endpoint that is none. */
int place_find (const config_t *config, const char *directory, const char *state,
                char endpoint[PLACE_ENDPOINT_BYTES], problem_t *problem);

#endif
