/* link.c - why nobody answers, in words for who runs an agency (agency). */

#include "link.h"

const char *link_reason (reach_state_t state, bool keys)
{
    switch (state) {
    case REACH_TRYING:
    case REACH_NOBODY:
        return "no answer to the call for a connection (is the machine up, is there a "
               "firewall?)";
    case REACH_NAME:
        return "the name cannot be resolved";
    case REACH_REFUSED:
        return "nobody listens there, or no way leads there";
    case REACH_MUTE:
    case REACH_CUT:
    case REACH_FOREIGN:
        return keys ? "somebody listens there, but hung up or said nothing: another "
                      "key than we were told, no central, or one that hangs"
                    : "somebody listens there, but hung up or said nothing: a central "
                      "that wants keys, or hangs, or none at all";
    case REACH_KEYS_THERE:
        return "the other side has CURVE, and we were given no keys";
    case REACH_KEYS_HERE:
        return "the other side has no CURVE, and we have keys";
    case REACH_OTHER_KEY:
        return "the other side has another key than we were told";
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
