/* ping.h - who listens at an endpoint, and is it well. */

#ifndef LOTERIA_PING_H
#define LOTERIA_PING_H

#include "conversation.h"

/* 0 with the name of whoever answers, zero-terminated and printable; or -1 with the
   problem. */
int ping (const conversation_options_t *options, char name[WIRE_NAME_BYTES_MAX + 1],
          problem_t *problem);

#endif
