/* cluster.h - one connection to whichever of a cluster's machines takes writes, and
   waiting on it without being deaf meanwhile. */

#ifndef LOTERIA_CLUSTER_H
#define LOTERIA_CLUSTER_H

#include <libpq-fe.h>

#include "engine.h"
#include "outcome.h"

#define HOSTS_MAX       8
#define CONNECT_WAIT_MS 3000 // for one of them
#define LABEL_BYTES     192

typedef struct { // what --log says
    PQconninfoOption *options;
    char *hosts[HOSTS_MAX], *addresses[HOSTS_MAX], *ports[HOSTS_MAX];
    size_t count;
    char log[64];            // #NAME
    char label[LABEL_BYTES]; // for messages
} place_t;

/* Read the URL. -1 with `why` (ENGINE_WHY_BYTES) when it is none, has a password, or
   goes over a network in the clear though `insecure` is not set. */
int place_read (place_t *place, const char *url, bool insecure, char *why);
void place_forget (place_t *place);

typedef struct {
    PGconn *connection; // NULL: there is none
    int wake;         // descriptor: whatever is to be read there ends a wait; -1: none
    unsigned notices; // warnings since it was set to 0
    char notice[ENGINE_WHY_BYTES / 2];
} session_t;

/* Connect, to all at once: the first that takes writes it is; of several that say they
   do, the one that was promoted last. -1 with `why`, and what is wrong. */
int session_open (session_t *session, const place_t *place, char *why, fault_t *fault);
/* Likewise; while all that is wrong is that some of them follow, of whom one may be
   promoted at any moment, it is tried for longer: for starts. */
int session_await (session_t *session, const place_t *place, char *why, fault_t *fault);
void session_close (session_t *session);

/* Send what was queued and wait for the next result, for so long at most (-1: for
   ever). 1 with `*result` (NULL: the end of a statement), 0 when time was up or
   somebody woke us, -1 when the connection is lost. */
int session_result (session_t *session, int64_t wait_ms, PGresult **result);

/* One statement, with its parameters as texts: its only result, to be cleared; NULL
   with `why` when it failed, and `sqlstate` (SQLSTATE_BYTES; "" when it was not the
   server that said so). */
PGresult *session_run (session_t *session, const char *sql, int count,
                       const char *const *values, int64_t wait_ms, char *why,
                       char *sqlstate);

#endif
