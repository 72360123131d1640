/* link.c - why nobody answers, in words for who runs an agency (agency). */

#include "link.h"

const char *link_reason (reach_state_t state, bool keys)
{
    switch (state) {
    case REACH_TRYING:
    case REACH_NOBODY:
        return "no answer to the connection request (is the machine up? is there a "
               "firewall?)";
    case REACH_NAME:
        return "the name cannot be resolved";
    case REACH_REFUSED:
        return "nobody listens there, or there is no route to it";
    case REACH_MUTE:
    case REACH_CUT:
    case REACH_FOREIGN:
        return keys ? "somebody listens there, but hung up or said nothing: its key is "
                      "not the one we have for it, it is not a central, or it hangs"
                    : "somebody listens there, but hung up or said nothing: it wants "
                      "keys, it is not a central, or it hangs";
    case REACH_KEYS_THERE:
        return "the other side has CURVE, and we were given no keys";
    case REACH_KEYS_HERE:
        return "the other side has no CURVE, and we have keys";
    case REACH_OTHER_KEY:
        return "the other side's key is not the one we have for it";
    case REACH_NOT_ADMITTED:
        return "this key is not admitted there: not enrolled, or revoked";
    case REACH_UP:
        return "connected, but no answer";
    default:
        return reach_reason (state);
    }
}

bool link_certain (reach_state_t state)
{
    return state == REACH_NAME || link_misfit (state);
}

bool link_misfit (reach_state_t state)
{
    return state >= REACH_KEYS_THERE && state <= REACH_NOT_ADMITTED;
}
