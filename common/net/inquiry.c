/* inquiry.c - STATUS is heard and answered: every process. */

#include "inquiry.h"

static bool is_status (bytes_t body, wire_message_t *asked);

bool inquiry_answer (const gate_t *gate, zsock_t *socket, const peer_t *peer,
                     zmq_msg_t *body, const self_report_t *source)
{
    char text[REPORT_BYTES_MAX];
    wire_message_t asked;
    if (!is_status (net_body (body), &asked))
        return false;
    if (!gate_may_inquire (gate, body))
        return true;
    const wire_message_t answer = self_report_answer (source, &asked, text);
    net_send_message (socket, net_peer (peer), &answer);
    return true;
}

/* No bundle begins as a message does: it would say that it is longer than any. */
static bool is_status (bytes_t body, wire_message_t *asked)
{
    return body.size > WIRE_HEADER_BYTES && body.size < WIRE_SMALL_BYTES_MAX &&
           wire_decode (body, asked) == REFUSED_OK && asked->command == WIRE_STATUS;
}
