/* inquiry.h - who may ask a process how it is, and the answer. */

#ifndef LOTERIA_INQUIRY_H
#define LOTERIA_INQUIRY_H

#include "gate.h"
#include "net.h"
#include "self_report.h"

/* Whether a message on an inner socket is a STATUS that came alone. Then it is
   answered, if it came over ipc, from this machine without keys, or over CURVE with the
   key of an operator or the process's own. Anybody else is not answered. It does not
   matter if the asker is gone. */
bool inquiry_answer (const gate_t *gate, zsock_t *socket, const peer_t *peer,
                     zmq_msg_t *body, const self_report_t *source);

#endif
