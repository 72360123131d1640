/* reception.h - where loteria-central itself is asked: a socket in the directory of the
   inner ones, which only its user can enter. */

#ifndef LOTERIA_RECEPTION_H
#define LOTERIA_RECEPTION_H

#include <zmq.h>

#include "problem.h"
#include "supervisor.h"

typedef struct reception reception_t;

/* Listen at `endpoint` (ipc). The supervisor is borrowed; its workers are what SCALE
   makes more or fewer, up to WORKERS_MAX. What the file `role` (role.h) says is told,
   too; NULL: there is none. NULL with the problem. */
reception_t *reception_new (const char *endpoint, supervisor_t *supervisor,
                            const char *role, problem_t *problem);
void reception_destroy (reception_t **reception);

/* Its file was removed: make it anew. */
void reception_restore (reception_t *reception);

/* For a loop: what to poll (one item); and to answer what has come. */
size_t reception_items (const reception_t *reception, zmq_pollitem_t *items);
void reception_turn (reception_t *reception);

#endif
