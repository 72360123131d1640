/* ping_web.h - is loteria-web well: one question over HTTP. */

#ifndef LOTERIA_PING_WEB_H
#define LOTERIA_PING_WEB_H

#include <stdint.h>

#include "problem.h"

#define PING_WEB_PREFIX "http://"
#define PING_WEB_NAME   "loteria-web" // who answers there

/* `url`: PING_WEB_PREFIX and HOST:PORT. 0, or -1 with the problem: the address is none,
   or nobody, or somebody else, answered in time. A signal ends it. */
int ping_web (const char *url, int64_t timeout_ms, int signal_fd, problem_t *problem);

#endif
