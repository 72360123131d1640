/* web.h - loteria-web at work: the server and what it sees, in one loop. */

#ifndef LOTERIA_WEB_H
#define LOTERIA_WEB_H

#include "address.h"
#include "token.h"
#include "whereabouts.h"

typedef struct {
    address_t listen;
    const token_t *token; // NULL: none is asked for
    whereabouts_given_t given;
} web_options_t;

/* Serve until SIGTERM or SIGINT. Returns the exit code. */
int web_serve (const web_options_t *options, const config_t *config, int signal_fd);

#endif
