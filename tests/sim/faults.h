/* faults.h - what befalls a simulated day until its calm comes. */

#ifndef LOTERIA_FAULTS_H
#define LOTERIA_FAULTS_H

#include "world.h"

/* Begin the day: weather and disks as planned. */
void faults_begin (world_t *world);
/* Whatever has its time now. */
void faults_come (world_t *world);
/* No faults any more: everybody is started, connected and has space. */
void faults_stop (world_t *world);

#endif
