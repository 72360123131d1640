/* link.c - tells apart why nobody answers (agency).

   ZeroMQ tries again and again and gives no reason, but the order of its events does:
   an attempt on a name without an address ends without ever having called anybody, and
   one where nobody listens is called and closed. (libzmq 4.3.4; tried.) */

#include "link.h"

#include <zmq.h>

static void end_attempt (link_t *link, link_state_t state);

void link_take (link_t *link, uint16_t event)
{
    switch (event) {
    case ZMQ_EVENT_CONNECT_DELAYED:
        link->called = true;
        break;
    case ZMQ_EVENT_CLOSED:
        link->closed = true;
        break;
    case ZMQ_EVENT_CONNECT_RETRIED:
        if (!link->hung_up)
            link->state = link->called   ? LINK_NOBODY
                          : link->closed ? LINK_UNREACHABLE
                                         : LINK_NAMELESS;
        end_attempt (link, link->state);
        link->hung_up = false;
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        link->opened++;
        end_attempt (link, LINK_OPEN);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        end_attempt (link, LINK_STRANGE);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        end_attempt (link, LINK_MISMATCH);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        end_attempt (link, LINK_REFUSED);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        if (link->state == LINK_OPEN)
            link->state = LINK_LOST;
        link->hung_up = true;
        break;
    default:
        break;
    }
}

static void end_attempt (link_t *link, link_state_t state)
{
    link->state = state;
    link->called = link->closed = false;
}

const char *link_reason (const link_t *link, bool keys)
{
    switch (link->state) {
    case LINK_TRYING:
        return "no answer to the call for a connection (is the machine up, is there a "
               "firewall?)";
    case LINK_NAMELESS:
        return "the name cannot be resolved";
    case LINK_UNREACHABLE:
        return "there is no way to that address";
    case LINK_NOBODY:
        return "nobody listens there";
    case LINK_STRANGE:
        return keys ? "somebody listens there, but hung up or said nothing: another "
                      "key than we were told, no central, or one that hangs"
                    : "somebody listens there, but hung up or said nothing: a central "
                      "that wants keys, or hangs, or none at all";
    case LINK_MISMATCH:
        return keys ? "the other side has no CURVE, or another key than we were told"
                    : "the other side has CURVE, and we were given no keys";
    case LINK_REFUSED:
        return "this key is not admitted there: not enrolled, or revoked";
    case LINK_LOST:
        return "the connection was lost";
    default:
        return "connected, but no answer";
    }
}

bool link_certain (const link_t *link)
{
    return link->state == LINK_NAMELESS || link->state == LINK_MISMATCH ||
           link->state == LINK_REFUSED;
}

bool link_misfit (const link_t *link, bool keys)
{
    return link->state == LINK_MISMATCH || link->state == LINK_REFUSED ||
           (link->state == LINK_STRANGE && keys);
}
