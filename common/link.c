/* link.c - reads what ZeroMQ's monitor says of a connection: for watch.c. */

#include "link.h"

#include <zmq.h>

#include "bounds.h"

#define PAUSE_MS_MIN 200 // before a name is resolved the other way again
#define PAUSE_MS_MAX 3200

static void came_up (link_t *link);
static void attempt_failed (link_t *link, int64_t now_ms);
static void handshake_failed (link_t *link, link_state_t state, int64_t now_ms);
static void was_cut (link_t *link, int64_t now_ms);
static void was_disconnected (link_t *link, int64_t now_ms);
static bool took (int64_t since_ms, int64_t now_ms, int64_t patience_ms);

void link_start (link_t *link, bool named, bool keyed)
{
    *link = (link_t){.named = named, .keyed = keyed, .stuck_ms = INT64_MAX};
}

void link_event (link_t *link, unsigned event, uint32_t value, int64_t now_ms)
{
    switch (event) {
    case ZMQ_EVENT_CONNECT_DELAYED:
        link->tried = true;
        link->closed = link->ended = false;
        link->tried_ms = now_ms;
        break;
    case ZMQ_EVENT_CLOSED:
        link->closed = true;
        break;
    case ZMQ_EVENT_CONNECT_RETRIED:
        attempt_failed (link, now_ms);
        break;
    case ZMQ_EVENT_CONNECTED:
        link->tried = link->closed = link->ended = link->greeted = false;
        link->connected_ms = now_ms;
        if (link->state <= LINK_NOBODY || link->state == LINK_LOST)
            link->state = LINK_MUTE;
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        came_up (link);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        handshake_failed (link, LINK_NOT_ADMITTED, now_ms);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        handshake_failed (link,
                          value != ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH
                              ? LINK_FOREIGN
                          : link->keyed ? LINK_KEYS_HERE
                                        : LINK_KEYS_THERE,
                          now_ms);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        was_cut (link, now_ms);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        was_disconnected (link, now_ms);
        break;
    default:
        break;
    }
}

link_turn_t link_turn (link_t *link, int64_t now_ms)
{
    const bool failed = link->failed;
    link->failed = false;
    if (failed && link->named && now_ms >= link->turn_ms) {
        link->pause_ms = link->pause_ms == 0             ? PAUSE_MS_MIN
                         : link->pause_ms < PAUSE_MS_MAX ? 2 * link->pause_ms
                                                         : PAUSE_MS_MAX;
        link->turn_ms = now_ms + link->pause_ms;
        link->ipv6 = !link->ipv6;
        return LINK_OTHER_FAMILY;
    }
    if (now_ms < link->stuck_ms)
        return LINK_STAY;
    link->stuck_ms = now_ms + CONNECT_RETRY_MS_MAX;
    return LINK_AGAIN;
}

link_state_t link_state (const link_t *link)
{
    return link->state;
}

bool link_needs_help (link_state_t state)
{
    return state >= LINK_FOREIGN && state <= LINK_NOT_ADMITTED;
}

const char *link_reason (link_state_t state)
{
    static const char *const reasons[] = {
        [LINK_TRYING] = "no answer yet",
        [LINK_NAME] = "the name does not resolve to an address",
        [LINK_HERE] = "no socket for such an address can be had on this machine",
        [LINK_REFUSED] = "refused, nobody listens there, or no way leads there",
        [LINK_NOBODY] = "nothing answers at that address",
        [LINK_MUTE] = "something listens there and says nothing, it hangs or is no "
                      "part of Lotería",
        [LINK_CUT] = "something listens there and ends the connection at once, it is "
                     "stopping or is no part of Lotería",
        [LINK_FOREIGN] = "something else listens there, no part of Lotería",
        [LINK_KEYS_THERE] =
            "the keys do not fit, it has keys and we have none (--keys)",
        [LINK_KEYS_HERE] = "the keys do not fit, we have keys and it has none",
        [LINK_OTHER_KEY] = "the keys do not fit, its key is not the one in our folder",
        [LINK_NOT_ADMITTED] = "the keys do not fit, ours is not admitted there",
        [LINK_LOST] = "the connection was lost",
        [LINK_UP] = "connected"};
    return reasons[state];
}

static void came_up (link_t *link)
{
    const bool ipv6 = link->ipv6;
    link_start (link, link->named, link->keyed);
    link->ipv6 = ipv6; // that way it was found, and will be again
    link->state = LINK_UP;
}

/* ZeroMQ says when it will try again: now, after an attempt, or after a connection. */
static void attempt_failed (link_t *link, int64_t now_ms)
{
    link_state_t found = link->named ? LINK_NAME : LINK_HERE;
    link->stuck_ms = INT64_MAX;
    if (!link->ended) {
        if (link->closed)
            found = link->tried && took (link->tried_ms, now_ms, CONNECT_MS)
                        ? LINK_NOBODY
                        : LINK_REFUSED;
        link->found[link->ipv6] = found;
        link->state =
            link->found[!link->ipv6] > found ? link->found[!link->ipv6] : found;
        link->failed = true;
        link->cuts = 0;
    }
    link->tried = link->closed = link->ended = false;
}

static void handshake_failed (link_t *link, link_state_t state, int64_t now_ms)
{
    link->greeted = true;
    link->state = state;
    link->stuck_ms = now_ms + CONNECT_RETRY_MS_MAX;
}

/* What a wrong key of the other side looks like; one that happens to stop in the midst
   of a handshake looks the same, but not twice. */
static void was_cut (link_t *link, int64_t now_ms)
{
    const bool late = took (link->connected_ms, now_ms, HANDSHAKE_MS);
    link->greeted = true;
    link->cuts = late ? 0 : link->cuts + 1;
    link->state = late                            ? LINK_MUTE
                  : link->keyed && link->cuts > 1 ? LINK_OTHER_KEY
                                                  : LINK_CUT;
}

static void was_disconnected (link_t *link, int64_t now_ms)
{
    if (link->state == LINK_UP)
        link->state = LINK_LOST;
    else if (!link->greeted)
        link->state = LINK_FOREIGN;
    link->ended = true;
    link->stuck_ms = now_ms + CONNECT_RETRY_MS_MAX;
}

/* As long as the patience, but for what a busy machine adds to the beginning. */
static bool took (int64_t since_ms, int64_t now_ms, int64_t patience_ms)
{
    return now_ms - since_ms >= patience_ms - patience_ms / 4;
}
