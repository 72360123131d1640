/* gate.h - how a process meets others: with CURVE and the keys of its folder, or,
   without keys, on this machine only.

   With keys every tcp socket is CURVE (RFC 25, RFC 26), and the gate is the process's
   ZAP handler (RFC 27): it answers, in the process's own loop, who may come in. ZeroMQ
   is told to let nobody in whom no handler has admitted (without that a CURVE server
   whose handler is gone admits anybody who knows its public key; tried). Endpoints of
   ipc are not encrypted: who may open the socket's file may come in. */

#ifndef LOTERIA_GATE_H
#define LOTERIA_GATE_H

#include <czmq.h>

#include "keys.h"
#include "problem.h"

typedef struct gate gate_t;

#define GATE_ADDRESS_BYTES 64

typedef struct {         // somebody who wants to come in
    const char *domain;  // at which door
    const char *key;     // Z85
    const char *address; // where from: an IP address
    uint64_t visit;      // counted from 1, by this process
    const char *refusal; // to be set: why not, for people
} gate_visitor_t;

typedef struct { // who sent a message
    char key[KEY_TEXT_BYTES];
    uint64_t visit;
} gate_sender_t;

typedef struct {
    const char *keys;         // folder, see keys.h; NULL or "": no CURVE
    const char *const *peers; // whose public keys must be there, ended by NULL
    const char *const *hosts; // those of them that are only gone to; NULL: none
    bool insecure;            // without keys: listen beyond this machine all the same
    /* Whether he may come in. NULL: the process's own key and those of its peers that
       are no hosts may. */
    bool (*admits) (void *context, gate_visitor_t *visitor);
    void *context;
} gate_options_t;

/* Load the keys. NULL with the problem, which names the file that is wrong. */
gate_t *gate_new (const gate_options_t *options, problem_t *problem);
void gate_destroy (gate_t **gate);

/* Let others in at `endpoint`; `domain` names the door. Waits a while for a port that
   another process is about to give up. Returns the endpoint with the port that it got,
   if any free one was asked for: the gate's. NULL with the problem when that cannot be,
   or when it would be open to other machines without keys. */
const char *gate_listen (gate_t *gate, zsock_t *socket, const char *domain,
                         const char *endpoint, problem_t *problem);

/* Go to `peer`, whose public key is in the folder; NULL: to the process whose folder it
   is. 0, or -1 with the problem. */
int gate_connect (gate_t *gate, zsock_t *socket, const char *peer, const char *endpoint,
                  problem_t *problem);

/* What to poll, and what then to do: to answer for newcomers. Those who are turned away
   are told in the log, one a second at most. */
zmq_pollitem_t gate_item (const gate_t *gate);
void gate_serve (gate_t *gate);

/* Who sent it, as the gate let him in. False: nobody did, the connection is without
   CURVE. Ask the last frame of a message: the one of the address may have lost it. */
bool gate_sender (zmq_msg_t *body, gate_sender_t *sender);

/* The keys; NULL when there are none. Borrowed. */
const keyring_t *gate_keys (const gate_t *gate);

/* Whether CURVE guards it, given keys. */
bool gate_endpoint_tcp (const char *endpoint);

#endif
