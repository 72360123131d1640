/* registrar_hello.c - who comes in: the draw that a HELLO means, and how much its
   agency may have under way. State. */

#include "registrar_state.h"

#include <assert.h>
#include <string.h>

static live_t *draw_meant (registrar_t *registrar, const request_t *request);
static bool lets_in (const live_t *live);
static void wait_for (registrar_t *registrar, const request_t *request, bytes_t name);
static void look_up (registrar_t *registrar, const request_t *request);
static void admit (registrar_t *registrar, const hello_t *hello, live_t *live);
static uint32_t fair_window (const registrar_t *registrar, live_t *live,
                             uint32_t agency, const wire_limits_t *limits);

int registrar_take_hello (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    const hello_t hello = {.envelope = request->envelope,
                           .agency = request->message.agency,
                           .limits = request->message.hello.limits};
    live_t *live = draw_meant (registrar, request);
    if (live)
        admit (registrar, &hello, live);
    return 0;
}

/* The draw that a HELLO names, or means. NULL: it was answered, or waits. */
static live_t *draw_meant (registrar_t *registrar, const request_t *request)
{
    char names[DRAWS_NAMES_BYTES];
    const bytes_t name = request->message.hello.name;
    live_t *live = name.size > 0 ? draws_named (registrar->draws, name)
                                 : draws_meant (registrar->draws);
    if (live && lets_in (live))
        return live;
    if (live) {
        const char *its = draw_facts (live->draw)->name;
        wait_for (registrar, request, bytes_of (its, strlen (its)));
    } else if (name.size > 0) {
        wait_for (registrar, request, name);
        look_up (registrar, request);
    } else {
        draws_names (registrar->draws, names);
        registrar_refuse (registrar, request, REFUSED_DRAW, names);
    }
    return NULL;
}

/* All is known of it; and of a provable draw there is the open note, so that O can be
   told before anything is sold. */
static bool lets_in (const live_t *live)
{
    return live_up_to_date (live) &&
           (draw_noted (live->draw) || draw_finished (live->draw));
}

static void wait_for (registrar_t *registrar, const request_t *request, bytes_t name)
{
    hello_t hello = {.envelope = request->envelope,
                     .agency = request->message.agency,
                     .limits = request->message.hello.limits,
                     .end_ms = registrar->now_ms + HELLO_PATIENCE_MS};
    assert (name.size < sizeof hello.name); // wire.h sees to it
    put_bytes ((uint8_t *) hello.name, name);
    if (!hellos_keep (&registrar->hellos, &hello))
        registrar_refuse (registrar, request, REFUSED_BUSY, NULL);
}

/* It may be one that was over long ago, which storage still has. */
static void look_up (registrar_t *registrar, const request_t *request)
{
    const wire_message_t lookup = {
        .command = WIRE_LOOKUP,
        .agency = request->message.agency,
        .lookup = {.epoch = follower_epoch (registrar->follower),
                   .name = request->message.hello.name}};
    follower_ask (registrar->follower, &request->envelope, &lookup);
}

/* Storage knows the next offset, and answers; it also learns here that the agency is on
   the roll. */
static void admit (registrar_t *registrar, const hello_t *hello, live_t *live)
{
    const draw_facts_t *facts = draw_facts (live->draw);
    const uint32_t agency = hello->agency;
    draws_use (registrar->draws, live);
    if (!draw_on_roll (live->draw, agency)) {
        registrar_refuse_hello (registrar, hello, REFUSED_AGENCY, NULL);
        return;
    }
    wire_limits_t limits = hello->limits;
    const provable_t *provable = draw_provable (live->draw);
    limits.window = fair_window (registrar, live, agency, &limits);
    wire_message_t message = {
        .command = WIRE_ADMIT,
        .agency = agency,
        .draw = facts->identity,
        .welcome = {.epoch = follower_epoch (registrar->follower),
                    .limits = limits,
                    .agencies = facts->agencies,
                    .ready = provable ? facts->asked : facts->complete,
                    .day = (uint8_t) draw_day (live->draw, agency),
                    .highest = facts->highest,
                    .closes_ms = facts->closes_ms,
                    .name = bytes_of (facts->name, strlen (facts->name))}};
    if (provable && provable_hash (provable))
        memcpy (message.welcome.open, provable_hash (provable)->of,
                sizeof message.welcome.open);
    follower_ask (registrar->follower, &hello->envelope, &message);
}

/* An equal share of what all agencies may have under way, at least one batch; and more
   for who is there, as long as there is something left of what is lent: of many rolls
   only a few may sell at a time. */
static uint32_t fair_window (const registrar_t *registrar, live_t *live,
                             uint32_t agency, const wire_limits_t *limits)
{
    const draw_facts_t *facts = draw_facts (live->draw);
    const uint32_t message_bytes =
        limits->message_bytes_max ? limits->message_bytes_max : MESSAGE_BYTES_MAX;
    const uint32_t window = limits->window ? limits->window : WINDOW_MAX;
    uint64_t agencies = draws_agencies (registrar->draws);
    if (facts->phase != PHASE_OPEN)
        agencies += facts->agencies;
    uint64_t share = UNDER_WAY_BYTES_MAX / (agencies * message_bytes);
    share = share > 0 ? share : 1;
    live_lend (live, agency, 0);
    if (window <= share)
        return window;
    const uint64_t left = LENT_BYTES_MAX - draws_lent (registrar->draws);
    const uint64_t more = left / LENT_PART / message_bytes;
    const uint32_t lent =
        more < window - share ? (uint32_t) more : window - (uint32_t) share;
    if (facts->phase == PHASE_OPEN)
        live_lend (live, agency, lent * message_bytes);
    return (uint32_t) share + lent;
}

/* Whose draw is there now, or was not found in time. */
void registrar_pursue_hellos (registrar_t *registrar)
{
    for (size_t i = registrar->hellos.count; i-- > 0;) {
        const hello_t hello = registrar->hellos.hello[i];
        live_t *live =
            draws_named (registrar->draws, bytes_of (hello.name, strlen (hello.name)));
        const bool there = live && lets_in (live);
        if (!there && registrar->now_ms < hello.end_ms)
            continue;
        hellos_remove (&registrar->hellos, i);
        if (there)
            admit (registrar, &hello, live);
        else
            registrar_refuse_hello (registrar, &hello, REFUSED_BUSY, NULL);
    }
}

void registrar_refuse_hello (registrar_t *registrar, const hello_t *hello,
                             wire_code_t code, const char *text)
{
    const request_t request = {
        .envelope = hello->envelope,
        .message = {.command = WIRE_HELLO, .agency = hello->agency}};
    registrar_refuse (registrar, &request, code, text);
}
