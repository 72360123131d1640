/* reach.c - interprets what ZeroMQ's monitor says about a connection: for watch.c. */

#include "reach.h"

#include <zmq.h>

#include "bounds.h"

#define PAUSE_MS_MIN 200 // before a name is resolved the other way again
#define PAUSE_MS_MAX 3200

static void came_up (reach_t *reach);
static void attempt_failed (reach_t *reach, int64_t now_ms);
static void handshake_failed (reach_t *reach, reach_state_t state, int64_t now_ms);
static void was_cut (reach_t *reach, int64_t now_ms);
static void was_disconnected (reach_t *reach, int64_t now_ms);
static bool took (int64_t since_ms, int64_t now_ms, int64_t patience_ms);

void reach_start (reach_t *reach, bool named, bool keyed)
{
    *reach = (reach_t){.named = named, .keyed = keyed, .stuck_ms = INT64_MAX};
}

void reach_event (reach_t *reach, unsigned event, uint32_t value, int64_t now_ms)
{
    switch (event) {
    case ZMQ_EVENT_CONNECT_DELAYED:
        reach->tried = true;
        reach->closed = reach->ended = false;
        reach->tried_ms = now_ms;
        break;
    case ZMQ_EVENT_CLOSED:
        reach->closed = true;
        break;
    case ZMQ_EVENT_CONNECT_RETRIED:
        attempt_failed (reach, now_ms);
        break;
    case ZMQ_EVENT_CONNECTED:
        reach->tried = reach->closed = reach->ended = reach->greeted = false;
        reach->connected_ms = now_ms;
        if (reach->state <= REACH_NOBODY || reach->state == REACH_LOST)
            reach->state = REACH_MUTE;
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        came_up (reach);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        handshake_failed (reach, REACH_NOT_ADMITTED, now_ms);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        handshake_failed (reach,
                          value != ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH
                              ? REACH_FOREIGN
                          : reach->keyed ? REACH_KEYS_HERE
                                         : REACH_KEYS_THERE,
                          now_ms);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        was_cut (reach, now_ms);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        was_disconnected (reach, now_ms);
        break;
    default:
        break;
    }
}

reach_turn_t reach_turn (reach_t *reach, int64_t now_ms)
{
    const bool failed = reach->failed;
    reach->failed = false;
    if (failed && reach->named && now_ms >= reach->turn_ms) {
        reach->pause_ms = reach->pause_ms == 0             ? PAUSE_MS_MIN
                          : reach->pause_ms < PAUSE_MS_MAX ? 2 * reach->pause_ms
                                                           : PAUSE_MS_MAX;
        reach->turn_ms = now_ms + reach->pause_ms;
        reach->ipv6 = !reach->ipv6;
        return REACH_OTHER_FAMILY;
    }
    if (now_ms < reach->stuck_ms)
        return REACH_STAY;
    reach->stuck_ms = now_ms + CONNECT_RETRY_MS_MAX;
    return REACH_AGAIN;
}

reach_state_t reach_state (const reach_t *reach)
{
    return reach->state;
}

bool reach_tried_all (const reach_t *reach)
{
    return !reach->named || reach->found[!reach->ipv6] != REACH_TRYING;
}

bool reach_needs_help (reach_state_t state)
{
    return state >= REACH_FOREIGN && state <= REACH_NOT_ADMITTED;
}

const char *reach_reason (reach_state_t state)
{
    static const char *const reasons[] = {
        [REACH_TRYING] = "no answer yet",
        [REACH_NAME] = "the name does not resolve to an address",
        [REACH_HERE] = "this machine has no socket for such an address",
        [REACH_REFUSED] = "refused, nothing listens there or there is no route to it",
        [REACH_NOBODY] = "nothing answers at that address",
        [REACH_MUTE] = "something listens there but does not answer, it hangs or is "
                       "not part of Lotería",
        [REACH_CUT] = "something listens there but closes the connection at once, it "
                      "is stopping or is not part of Lotería",
        [REACH_FOREIGN] = "something else listens there, not part of Lotería",
        [REACH_KEYS_THERE] =
            "the keys do not match, it has keys and we have none (--keys)",
        [REACH_KEYS_HERE] = "the keys do not match, we have keys and it has none",
        [REACH_OTHER_KEY] =
            "the keys do not match, its key is not the one in our folder",
        [REACH_NOT_ADMITTED] = "the keys do not match, ours is not admitted there",
        [REACH_LOST] = "the connection was lost",
        [REACH_UP] = "connected"};
    return reasons[state];
}

static void came_up (reach_t *reach)
{
    const bool ipv6 = reach->ipv6;
    const uint64_t opened = reach->opened + 1;
    reach_start (reach, reach->named, reach->keyed);
    reach->opened = opened;
    reach->ipv6 = ipv6; // the family that worked
    reach->state = REACH_UP;
}

/* ZeroMQ says when it will try again: now, after an attempt, or after a connection. */
static void attempt_failed (reach_t *reach, int64_t now_ms)
{
    reach_state_t found = reach->named ? REACH_NAME : REACH_HERE;
    reach->stuck_ms = INT64_MAX;
    if (!reach->ended) {
        if (reach->closed)
            found = reach->tried && took (reach->tried_ms, now_ms, CONNECT_MS)
                        ? REACH_NOBODY
                        : REACH_REFUSED;
        reach->found[reach->ipv6] = found;
        reach->state =
            reach->found[!reach->ipv6] > found ? reach->found[!reach->ipv6] : found;
        reach->failed = true;
        reach->cuts = 0;
    }
    reach->tried = reach->closed = reach->ended = false;
}

static void handshake_failed (reach_t *reach, reach_state_t state, int64_t now_ms)
{
    reach->greeted = true;
    reach->state = state;
    reach->stuck_ms = now_ms + CONNECT_RETRY_MS_MAX;
}

/* This is what a wrong key of the other side looks like. A peer that stops in the
   middle of a handshake looks the same, but not twice. */
static void was_cut (reach_t *reach, int64_t now_ms)
{
    const bool late = took (reach->connected_ms, now_ms, HANDSHAKE_MS);
    reach->greeted = true;
    reach->cuts = late ? 0 : reach->cuts + 1;
    reach->state = late                              ? REACH_MUTE
                   : reach->keyed && reach->cuts > 1 ? REACH_OTHER_KEY
                                                     : REACH_CUT;
}

static void was_disconnected (reach_t *reach, int64_t now_ms)
{
    if (reach->state == REACH_UP)
        reach->state = REACH_LOST;
    else if (!reach->greeted)
        reach->state = REACH_FOREIGN;
    reach->ended = true;
    reach->stuck_ms = now_ms + CONNECT_RETRY_MS_MAX;
}

/* As long as the patience, less what a busy machine adds at the beginning. */
static bool took (int64_t since_ms, int64_t now_ms, int64_t patience_ms)
{
    return now_ms - since_ms >= patience_ms - patience_ms / 4;
}
