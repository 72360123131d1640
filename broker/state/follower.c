/* follower.c - state follows storage's log. State; pure. */

#include "follower.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "deadline.h"
#include "life.h"

typedef enum { ASKED_NOTHING, ASKED_EPOCH, ASKED_LIST } asked_t;

struct follower {
    uint64_t life; // that it registers with
    draws_t *draws;
    chance_t chance;
    follower_stage_t stage;
    uint64_t epoch;    // 0: not registered
    uint64_t identity; // of the log
    bool confirmed;    // that it is this one, since storage was reached
    uint32_t listed;   // draws that were live when it was registered
    bool list_whole;   // all of them are known
    asked_t asked;     // of storage, and when it is asked again if no answer comes
    int64_t again_ms;
    uint32_t
        list_from; // which page of the list that was, and how much of it is to come
    uint32_t list_left;
    bool reachable;
    int64_t now_ms;
    uint64_t wall_ms;
    outbox_t *outbox;
};

static void reached_again (follower_t *follower);
static bool learn_log (follower_t *follower, const wire_registered_t *registered);
static bool soundly_recorded (const follower_t *follower,
                              const wire_recorded_t *recorded);
static live_t *meet (follower_t *follower, const wire_message_t *message);
static bool apply (follower_t *follower, live_t *live, const wire_recorded_t *recorded);
static void look_if_whole (follower_t *follower);
static bool take_superseded (follower_t *follower, const wire_refused_t *refused);
static void take_gap (live_t *live, uint64_t events);
static void take_end_of_list (follower_t *follower, uint64_t listed);
static bool take_unknown (follower_t *follower, uint64_t identity);
static asked_t wanted (const follower_t *follower);
static bool is_asked (const follower_t *follower, asked_t want);
static void ask_for (follower_t *follower, asked_t want);
static void ask_list (follower_t *follower);
static void pursue_draw (follower_t *follower, live_t *live);
static want_t wanted_of (const follower_t *follower, const live_t *live);
static bool past_its_hour (const follower_t *follower, const draw_facts_t *facts);
static bool is_asked_of (const follower_t *follower, const live_t *live, want_t want);
static void ask_of (follower_t *follower, live_t *live, want_t want);
static void ask_replay (follower_t *follower, const live_t *live, uint64_t from);
static void look_up (follower_t *follower, const live_t *live);
static void ask_drawn (follower_t *follower, live_t *live);
static int64_t look_at_clock (const follower_t *follower, const live_t *live);

static const envelope_t nobodys = {0};

follower_t *follower_new (uint32_t own, draws_t *draws, const chance_t *chance)
{
    assert (own != 0);
    follower_t *follower = calloc (1, sizeof *follower);
    assert (follower);
    follower->life = life_after (0, own); // as the log's first, until it knows better
    follower->draws = draws;
    follower->chance = *chance;
    follower->outbox = outbox_new ();
    return follower;
}

void follower_destroy (follower_t **follower)
{
    if (*follower) {
        outbox_destroy (&(*follower)->outbox);
        free (*follower);
    }
    *follower = NULL;
}

void follower_tick (follower_t *follower, int64_t now_ms, uint64_t wall_ms,
                    bool reachable)
{
    follower->now_ms = now_ms;
    follower->wall_ms = wall_ms;
    if (reachable && !follower->reachable)
        reached_again (follower);
    follower->reachable = reachable;
}

void follower_doubt (follower_t *follower)
{
    follower->confirmed = false;
}

void follower_pursue (follower_t *follower)
{
    if (follower->stage > FOLLOWER_FOLLOWING)
        return;
    const asked_t want = wanted (follower);
    if (want == ASKED_NOTHING)
        follower->asked = ASKED_NOTHING;
    else if (follower->reachable && !is_asked (follower, want))
        ask_for (follower, want);
    for (size_t i = 0; i < draws_count (follower->draws); i++)
        pursue_draw (follower, draws_at (follower->draws, i));
}

int64_t follower_deadline (const follower_t *follower)
{
    int64_t deadline_ms = INT64_MAX;
    if (!follower->reachable || follower->stage > FOLLOWER_FOLLOWING)
        return deadline_ms;
    if (wanted (follower) != ASKED_NOTHING)
        deadline_ms = follower->again_ms;
    for (size_t i = 0; i < draws_count (follower->draws); i++) {
        const live_t *live = draws_at (follower->draws, i);
        const int64_t look_ms = wanted_of (follower, live) != WANT_NOTHING
                                    ? live->again_ms
                                    : look_at_clock (follower, live);
        deadline_ms = deadline_earlier (deadline_ms, look_ms);
    }
    return deadline_ms;
}

bool follower_wants (const follower_t *follower)
{
    if (follower->stage > FOLLOWER_FOLLOWING)
        return false;
    for (size_t i = 0; i < draws_count (follower->draws); i++)
        if (wanted_of (follower, draws_at (follower->draws, i)) != WANT_NOTHING)
            return true;
    return wanted (follower) != ASKED_NOTHING;
}

bool follower_registered (follower_t *follower, const wire_message_t *message)
{
    const wire_registered_t *registered = &message->registered;
    if (registered->epoch == 0 || registered->identity == 0 ||
        registered->draws > DRAWS_LIVE_MAX)
        return false;
    if (follower->epoch == 0)
        follower->listed = follower->list_from = registered->draws;
    if (learn_log (follower, registered))
        follower->confirmed = true;
    look_if_whole (follower);
    return true;
}

live_t *follower_event (follower_t *follower, const wire_message_t *message, bool *news,
                        bool *strange)
{
    const wire_recorded_t *recorded = &message->recorded;
    *news = false;
    *strange = !soundly_recorded (follower, recorded);
    if (*strange)
        return NULL;
    live_t *live = draws_find (follower->draws, message->draw);
    if (recorded->ordinal == 0 && follower->list_left > 0)
        follower->list_left--;
    if (!live) {
        live = meet (follower, message);
        *news = live != NULL;
    } else {
        live->stale = live->away = false;
        if (live->events < recorded->events)
            live->events = recorded->events;
        if (recorded->ordinal > live->applied)
            return NULL;
        *news = recorded->ordinal == live->applied;
        if (*news && !apply (follower, live, recorded))
            return NULL;
    }
    look_if_whole (follower);
    return live;
}

bool follower_refused (follower_t *follower, const wire_message_t *message)
{
    const wire_refused_t *refused = &message->refused;
    live_t *live = draws_find (follower->draws, message->draw);
    switch (refused->code) {
    case REFUSED_SUPERSEDED:
        return take_superseded (follower, refused);
    case REFUSED_DRAW: // to a registration, or a name that it gave it is not known
        if (refused->command != WIRE_REGISTER && !live)
            return false;
        follower->stage = FOLLOWER_OTHER_LOG;
        return true;
    case REFUSED_HELLO:
        return take_unknown (follower, message->draw);
    case REFUSED_GAP:
        if (live)
            take_gap (live, refused->expected);
        else if (message->draw == 0)
            take_end_of_list (follower, refused->expected);
        return live || message->draw == 0;
    default: // it is asked again
        return refused->code == REFUSED_BUSY || refused->code == REFUSED_NOSPACE;
    }
}

void follower_record (follower_t *follower, const envelope_t *envelope,
                      const live_t *live, const wire_event_t *event)
{
    const wire_message_t message = {
        .command = WIRE_RECORD,
        .agency = event->agency,
        .draw = draw_facts (live->draw)->identity,
        .record = {.epoch = follower->epoch, .seen = live->seen, .event = *event}};
    follower_ask (follower, envelope, &message);
}

void follower_open (follower_t *follower, uint64_t identity, const wire_event_t *opened)
{
    const wire_message_t message = {
        .command = WIRE_RECORD,
        .draw = identity,
        .record = {.epoch = follower->epoch, .event = *opened}};
    follower_ask (follower, &nobodys, &message);
}

void follower_ask (follower_t *follower, const envelope_t *envelope,
                   const wire_message_t *message)
{
    outbox_write (follower->outbox, bytes_of (NULL, 0), envelope, message);
}

outbox_t *follower_outbox (follower_t *follower)
{
    return follower->outbox;
}

follower_stage_t follower_stage (const follower_t *follower)
{
    return follower->stage;
}

uint64_t follower_epoch (const follower_t *follower)
{
    return follower->epoch;
}

bool follower_reachable (const follower_t *follower)
{
    return follower->reachable;
}

uint64_t follower_new_identity (follower_t *follower)
{
    uint64_t identity = 0;
    while (identity == 0 || draws_find (follower->draws, identity))
        identity = follower->chance.draw (follower->chance.context);
    return identity;
}

/* The last of the 2^64 values, which are not enough for one more of each number, are
   drawn again. */
uint32_t follower_chance (const chance_t *chance, uint32_t highest)
{
    const uint64_t numbers = (uint64_t) highest + 1;
    const uint64_t last = UINT64_MAX - (UINT64_MAX % numbers + 1) % numbers;
    uint64_t value;
    do
        value = chance->draw (chance->context);
    while (value > last);
    return (uint32_t) (value % numbers);
}

/* What was asked before may be lost, and what was to be told. */
static void reached_again (follower_t *follower)
{
    follower->asked = ASKED_NOTHING;
    follower->confirmed = false;
    for (size_t i = 0; i < draws_count (follower->draws); i++) {
        live_t *live = draws_at (follower->draws, i);
        live->asked = WANT_NOTHING;
        live->stale = !draw_finished (live->draw);
    }
}

/* Whether it is the log that is known. */
static bool learn_log (follower_t *follower, const wire_registered_t *registered)
{
    if (follower->epoch == 0) {
        follower->epoch = registered->epoch;
        follower->identity = registered->identity;
    }
    if (follower->epoch != registered->epoch ||
        follower->identity != registered->identity)
        follower->stage = FOLLOWER_OTHER_LOG;
    return follower->stage <= FOLLOWER_FOLLOWING;
}

static bool soundly_recorded (const follower_t *follower,
                              const wire_recorded_t *recorded)
{
    return follower->epoch != 0 && recorded->events <= DRAW_EVENTS_MAX &&
           recorded->ordinal < recorded->events;
}

/* A draw that was not known: of the list, just opened, or looked up. What else storage
   says of one is replayed if anybody wants it. */
static live_t *meet (follower_t *follower, const wire_message_t *message)
{
    const wire_recorded_t *recorded = &message->recorded;
    if (recorded->ordinal != 0 || message->draw == 0 ||
        draws_count (follower->draws) == DRAWS_LIVE_MAX)
        return NULL;
    live_t *live = draws_add (follower->draws, message->draw, recorded);
    if (!live)
        follower->stage = FOLLOWER_IMPOSSIBLE;
    return live;
}

/* False: it is over. */
static bool apply (follower_t *follower, live_t *live, const wire_recorded_t *recorded)
{
    if (draw_apply (live->draw, &recorded->event) == -1) {
        follower->stage = FOLLOWER_IMPOSSIBLE;
        return false;
    }
    live->applied++;
    live->seen = recorded->sequence;
    return true;
}

/* Of all that was live when it was registered it knows all that had happened. */
static void look_if_whole (follower_t *follower)
{
    follower->list_whole |=
        follower->epoch != 0 && draws_count (follower->draws) >= follower->listed;
    if (follower->stage != FOLLOWER_STARTING || !follower->list_whole)
        return;
    for (size_t i = 0; i < draws_count (follower->draws); i++)
        if (!live_up_to_date (draws_at (follower->draws, i)))
            return;
    follower->stage = FOLLOWER_FOLLOWING;
}

/* While it is not registered: it comes behind the one heard, at once. That may be
   itself, if it was told so too late. Once it is registered: it is over, be it told
   when it asks something, or when it registers again; unless that is an old refusal. */
static bool take_superseded (follower_t *follower, const wire_refused_t *refused)
{
    const uint32_t own = life_own (follower->life);
    const uint64_t heard = refused->expected;
    if (follower->epoch == 0 && refused->offset == 0) {
        const uint64_t life = life_own (heard) == own ? heard : life_after (heard, own);
        if (life != follower->life)
            follower->asked = ASKED_NOTHING;
        follower->life = life;
        return true;
    }
    const bool again = refused->command == WIRE_REGISTER && refused->offset == 0;
    const bool over = again ? life_own (heard) != own && heard > follower->life
                            : refused->offset == follower->epoch;
    if (follower->epoch != 0 && over)
        follower->stage = FOLLOWER_SUPERSEDED;
    return follower->epoch != 0 && over;
}

/* More has happened than was known when it was asked: what is wanted still is asked at
   once with what is known now, or when that is replayed. */
static void take_gap (live_t *live, uint64_t events)
{
    if (events <= DRAW_EVENTS_MAX && live->events < events)
        live->events = events;
    if (live->asked == WANT_DRAWN && live->asked_seen != live->seen)
        live->asked = WANT_NOTHING;
}

/* One may have been put away since it was registered. */
static void take_end_of_list (follower_t *follower, uint64_t listed)
{
    if (listed < follower->listed)
        follower->listed = (uint32_t) listed;
    follower->list_left = 0;
    look_if_whole (follower);
}

/* Storage has put it away, so it is over, whether that is known here or not. */
static bool take_unknown (follower_t *follower, uint64_t identity)
{
    live_t *live = draws_find (follower->draws, identity);
    if (!live)
        return false;
    if (draw_finished (live->draw) && live_up_to_date (live) && live->questions == 0)
        draws_forget (follower->draws, identity);
    else
        live->away = true;
    return true;
}

static asked_t wanted (const follower_t *follower)
{
    if (!follower->confirmed)
        return ASKED_EPOCH;
    return follower->list_whole ? ASKED_NOTHING : ASKED_LIST;
}

static bool is_asked (const follower_t *follower, asked_t want)
{
    return follower->asked == want && follower->now_ms < follower->again_ms &&
           (want != ASKED_LIST || follower->list_left > 0);
}

static void ask_for (follower_t *follower, asked_t want)
{
    const wire_message_t registration = {
        .command = WIRE_REGISTER, .draw = follower->identity, .state = follower->life};
    follower->asked = want;
    follower->again_ms = follower->now_ms + ASK_AGAIN_MS;
    if (want == ASKED_EPOCH)
        follower_ask (follower, &nobodys, &registration);
    else
        ask_list (follower);
}

/* The list does not say which of its draws each is: so it is asked for page by page and
   then from its end on, which tells how many there are; and all over again, as long as
   one is missing. */
static void ask_list (follower_t *follower)
{
    const uint32_t listed = follower->listed;
    const uint32_t next = listed - follower->list_from > REPLAY_EVENTS
                              ? follower->list_from + REPLAY_EVENTS
                              : listed;
    follower->list_from = follower->list_from < listed ? next : 0;
    const uint32_t left = listed - follower->list_from;
    follower->list_left = left == 0              ? 1 // the refusal
                          : left < REPLAY_EVENTS ? left
                                                 : REPLAY_EVENTS;
    const wire_message_t list = {
        .command = WIRE_REPLAY,
        .replay = {.epoch = follower->epoch, .from = follower->list_from}};
    follower_ask (follower, &nobodys, &list);
}

static void pursue_draw (follower_t *follower, live_t *live)
{
    const want_t want = wanted_of (follower, live);
    if (want == WANT_NOTHING)
        live->asked = WANT_NOTHING;
    else if (follower->reachable && !is_asked_of (follower, live, want))
        ask_of (follower, live, want);
}

static want_t wanted_of (const follower_t *follower, const live_t *live)
{
    const draw_facts_t *facts = draw_facts (live->draw);
    if (follower->epoch == 0 || !follower->list_whole)
        return WANT_NOTHING;
    if (live->away)
        return WANT_FOUND;
    if (!live_up_to_date (live))
        return WANT_EVENTS;
    if (live->stale || past_its_hour (follower, facts))
        return WANT_NEWS;
    return draw_due (live->draw) && follower->stage == FOLLOWER_FOLLOWING
               ? WANT_DRAWN
               : WANT_NOTHING;
}

/* Storage closes a draw at its hour, by its own clock, and says so; that may be lost.
 */
static bool past_its_hour (const follower_t *follower, const draw_facts_t *facts)
{
    return facts->phase == PHASE_OPEN && facts->closes_ms != CLOSES_ALL_ASKED &&
           facts->closes_ms <= follower->wall_ms;
}

static bool is_asked_of (const follower_t *follower, const live_t *live, want_t want)
{
    return live->asked == want && follower->now_ms < live->again_ms &&
           (want != WANT_EVENTS || live->applied < live->page_end);
}

static void ask_of (follower_t *follower, live_t *live, want_t want)
{
    live->asked = want;
    live->asked_seen = live->seen;
    live->again_ms =
        follower->now_ms + (want == WANT_NEWS ? ASK_NEWS_MS : ASK_AGAIN_MS);
    switch (want) {
    case WANT_FOUND:
        look_up (follower, live);
        break;
    case WANT_EVENTS:
        live->page_end = live->applied + REPLAY_EVENTS;
        ask_replay (follower, live, live->applied);
        break;
    case WANT_NEWS: // the last one again, with which it is told how many there are
        ask_replay (follower, live, live->applied - 1);
        break;
    case WANT_DRAWN:
        ask_drawn (follower, live);
        break;
    case WANT_NOTHING:
        break;
    }
}

static void ask_replay (follower_t *follower, const live_t *live, uint64_t from)
{
    const wire_message_t replay = {.command = WIRE_REPLAY,
                                   .draw = draw_facts (live->draw)->identity,
                                   .replay = {.epoch = follower->epoch, .from = from}};
    follower_ask (follower, &nobodys, &replay);
}

/* By its name, which storage has still. */
static void look_up (follower_t *follower, const live_t *live)
{
    const draw_facts_t *facts = draw_facts (live->draw);
    const wire_message_t lookup = {
        .command = WIRE_LOOKUP,
        .draw = facts->identity, // for the refusal to say
        .lookup = {.epoch = follower->epoch,
                   .name = bytes_of (facts->name, strlen (facts->name))}};
    follower_ask (follower, &nobodys, &lookup);
}

/* Chance has its say once, however often it is asked for. */
static void ask_drawn (follower_t *follower, live_t *live)
{
    const draw_facts_t *facts = draw_facts (live->draw);
    wire_event_t drawn = {.kind = EVENT_DRAWN, .number = draw_due_number (live->draw)};
    if (facts->source == SOURCE_RANDOM) {
        if (!live->chance_taken)
            live->chance = follower_chance (&follower->chance, facts->highest);
        live->chance_taken = true;
        drawn.number = live->chance;
    }
    follower_record (follower, &nobodys, live, &drawn);
}

/* When a draw's hour comes; but the clock on the wall may be set meanwhile. */
static int64_t look_at_clock (const follower_t *follower, const live_t *live)
{
    const draw_facts_t *facts = draw_facts (live->draw);
    if (facts->phase != PHASE_OPEN || facts->closes_ms == CLOSES_ALL_ASKED ||
        facts->closes_ms == CLOSES_NEVER)
        return INT64_MAX;
    const uint64_t left_ms = facts->closes_ms - follower->wall_ms; // it is to come
    return follower->now_ms +
           (left_ms < WALL_LOOK_MS ? (int64_t) left_ms : WALL_LOOK_MS);
}
