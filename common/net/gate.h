/* gate.h - how a process is reached and reaches others: with CURVE and the keys of its
   folder or, without keys, on this machine only.

   With keys every tcp socket is CURVE (RFC 25, RFC 26), and the gate is the process's
   ZAP handler (RFC 27): it decides, in the process's own loop, who is admitted. ZeroMQ
   is told to admit nobody without a handler's consent (otherwise a CURVE server whose
   handler is gone admits anybody who knows its public key; tried). ipc endpoints are
   not encrypted: whoever may open the socket's file is admitted. */

#ifndef LOTERIA_GATE_H
#define LOTERIA_GATE_H

#include <czmq.h>

#include "keys.h"
#include "problem.h"

typedef struct gate gate_t;

#define GATE_ADDRESS_BYTES 64

typedef struct {         // a connection that asks to be admitted
    const char *domain;  // at which door
    const char *key;     // Z85
    const char *address; // its IP address
    uint64_t visit;      // counted from 1, by this process
    const char *refusal; // set by `admits`: why not, for people
} gate_visitor_t;

typedef struct { // who sent a message
    char key[KEY_TEXT_BYTES];
    uint64_t visit;
} gate_sender_t;

typedef struct {
    const char *keys;         // folder, see keys.h; NULL or "": no CURVE
    const char *const *peers; // whose public keys must be there, ended by NULL
    const char *const *hosts; // those of them that it only connects to; NULL: none
    const char *asker; // one more, who only asks; its key may be missing; NULL: none
    bool insecure;     // without keys: listen beyond this machine all the same
    /* Whether to admit it. NULL: the process's own key and those of its peers that are
       not hosts. */
    bool (*admits) (void *context, gate_visitor_t *visitor);
    void *context;
} gate_options_t;

/* Load the keys. NULL with the problem, which names the file that is wrong. */
gate_t *gate_new (const gate_options_t *options, problem_t *problem);
void gate_destroy (gate_t **gate);

/* Listen at `endpoint`; `domain` names the door. Waits a while for a port that another
   process is about to give up. Returns the endpoint, with the port it got if any free
   one was asked for; the gate owns it. NULL with the problem when that is impossible,
   or would let other machines in without keys. */
const char *gate_listen (gate_t *gate, zsock_t *socket, const char *domain,
                         const char *endpoint, problem_t *problem);

/* Connect to `peer`, whose public key is in the folder; NULL: to the process whose
   folder it is. 0, or -1 with the problem. */
int gate_connect (gate_t *gate, zsock_t *socket, const char *peer, const char *endpoint,
                  problem_t *problem);

/* What to poll, and what to call then: it answers for new connections. Refusals are
   logged, at most one a second. */
zmq_pollitem_t gate_item (const gate_t *gate);
void gate_serve (gate_t *gate);

/* Who sent it, as the gate admitted it. False: the connection is without CURVE. Ask for
   the last frame of a message, as the address frame may have lost it. */
bool gate_sender (zmq_msg_t *body, gate_sender_t *sender);

/* The role that the sender's key lets him have, a wire_role_t: ROLE_NONE when it is the
   key of none (the process's own, or the broker's), ROLE_ANY without CURVE: over ipc,
   who may open the socket's file may be anything. Ask as gate_sender (). */
uint8_t gate_role (const gate_t *gate, zmq_msg_t *body);

/* Whether the sender may ask this process how it is (STATUS): with CURVE, an operator
   or who has the process's own key; else, anybody. Ask as gate_sender (). */
bool gate_may_inquire (const gate_t *gate, zmq_msg_t *body);

/* How many were not admitted. */
uint64_t gate_strangers (const gate_t *gate);

/* The keys; NULL when there are none. Borrowed. */
const keyring_t *gate_keys (const gate_t *gate);

/* Whether CURVE protects this endpoint, given keys. */
bool gate_endpoint_tcp (const char *endpoint);

#endif
