/* orders.c - the orders that state is carrying out. State; pure. */

#include "orders.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logger.h"
#include "note.h"

typedef struct {   // an order that is under way
    bool given_up; // an opening that may have been recorded: so is that
    uint8_t peer_size;
    uint8_t peer[ADDRESS_BYTES_MAX];
    uint32_t agency;
    uint64_t draw;      // its identity
    wire_order_t order; // its texts are:
    char name[DRAW_NAME_BYTES_MAX + 1], note[NOTE_BYTES_MAX + 1];
    uint8_t proof[WIRE_SIGNATURE_BYTES];
    bool searched; // it names a draw that is not known: storage is asked for it
    bool asked;    // of storage, knowing the draw up to
    uint64_t seen; // this event; and when it is asked again
    int64_t again_ms;
    int64_t end_ms; // when it is given up
} pending_t;

struct orders {
    terms_t own;
    draws_t *draws;
    const openings_t *openings;
    notary_t *notary;
    follower_t *follower;
    pending_t pending[ORDERS_MAX];
    size_t count;
    outbox_t *outbox;
    int64_t now_ms;
    uint64_t wall_ms;
    logger_limit_t refused_lines;
};

static bool storage_refused (orders_t *orders, size_t which,
                             const wire_refused_t *refusal);
static bool knows_more (const orders_t *orders, const pending_t *pending,
                        uint64_t events);
static void look_up (orders_t *orders, uint64_t draw, bytes_t name);
static bool pursue (orders_t *orders, size_t which);
static bool find (orders_t *orders, pending_t *pending);
static bool give_up (orders_t *orders, size_t which);
static bool waits_for_another (const orders_t *orders, size_t which);
static bool pursue_opening (orders_t *orders, size_t which);
static void judge_provable (const orders_t *orders, verdict_t *verdict);
static void ask_opening (orders_t *orders, const pending_t *pending,
                         const wire_event_t *event);
static bool pursue_change (orders_t *orders, size_t which);
static bool record_paper (orders_t *orders, size_t which, const live_t *live,
                          wire_event_t event);
static bool ask_now (orders_t *orders, pending_t *pending);
static bool is_under_way (const orders_t *orders, bytes_t peer,
                          const wire_message_t *message);
static live_t *draw_of (const orders_t *orders, const wire_order_t *order);
static void say_no_draw (const orders_t *orders, const wire_order_t *order,
                         char text[REFUSAL_TEXT_MAX + 1]);
static bool is_planned (const orders_t *orders, bytes_t name);
static pending_t *add (orders_t *orders, const wire_message_t *message);
static void point_at_own_texts (orders_t *orders);
static void carried_out (orders_t *orders, size_t which, uint64_t sequence);
static void refused (orders_t *orders, size_t which, wire_code_t code,
                     const char *text);
static void refuse (orders_t *orders, bytes_t peer, const wire_message_t *request,
                    const char *name, wire_code_t code, const char *text);
static wire_message_t request_of (const pending_t *pending);
static void finish (orders_t *orders, size_t which);
static bool is_what_was_asked (const pending_t *pending, const wire_event_t *event);
static bool is_its_note (const pending_t *pending, bytes_t note);
static void log_carried_out (const pending_t *pending, uint64_t sequence);
static void tell_part (bytes_t part, char text[NOTE_BYTES_MAX + 1]);
static void log_refused (orders_t *orders, const wire_order_t *order, const char *name,
                         wire_code_t code, const char *text);

static const envelope_t nobodys = {0};

orders_t *orders_new (const terms_t *own, draws_t *draws, const openings_t *openings,
                      notary_t *notary, follower_t *follower)
{
    orders_t *orders = calloc (1, sizeof *orders);
    assert (orders);
    orders->own = *own;
    orders->draws = draws;
    orders->openings = openings;
    orders->notary = notary;
    orders->follower = follower;
    orders->outbox = outbox_new ();
    return orders;
}

void orders_destroy (orders_t **orders)
{
    if (*orders) {
        outbox_destroy (&(*orders)->outbox);
        free (*orders);
    }
    *orders = NULL;
}

void orders_tick (orders_t *orders, int64_t now_ms, uint64_t wall_ms)
{
    orders->now_ms = now_ms;
    orders->wall_ms = wall_ms;
}

void orders_pursue (orders_t *orders)
{
    for (size_t i = 0; i < orders->count;)
        if (!pursue (orders, i)) // else another one has its place
            i++;
}

int64_t orders_deadline (const orders_t *orders)
{
    int64_t deadline_ms = INT64_MAX;
    const bool reachable = follower_reachable (orders->follower);
    for (size_t i = 0; i < orders->count; i++) {
        const pending_t *pending = &orders->pending[i];
        if (reachable && pending->asked && pending->again_ms < deadline_ms)
            deadline_ms = pending->again_ms;
        if (pending->end_ms < deadline_ms)
            deadline_ms = pending->end_ms;
    }
    return deadline_ms;
}

bool orders_want (const orders_t *orders)
{
    return orders->count > 0;
}

void orders_take (orders_t *orders, bytes_t peer, const wire_message_t *message)
{
    const wire_order_t *order = &message->order;
    char text[REFUSAL_TEXT_MAX + 1];
    if (is_under_way (orders, peer, message))
        return;
    const bool opening = order->order == ORDER_OPEN;
    const live_t *live = opening ? NULL : draw_of (orders, order);
    const bool searched =
        !opening && !live && order->name.size > 0 && !is_planned (orders, order->name);
    if (!opening && !live && !searched) {
        say_no_draw (orders, order, text);
        refuse (orders, peer, message, NULL, REFUSED_DRAW, text);
    } else if (!follower_reachable (orders->follower))
        refuse (orders, peer, message, NULL, REFUSED_UNAVAILABLE,
                "storage is away: try again in a moment");
    else if (orders->count == ORDERS_MAX)
        refuse (orders, peer, message, NULL, REFUSED_BUSY,
                "too many orders are under way: try again in a moment");
    else {
        pending_t *pending = add (orders, message);
        pending->draw = live ? draw_facts (live->draw)->identity
                             : follower_new_identity (orders->follower);
        pending->searched = searched;
        pending->end_ms = orders->now_ms + ORDER_PATIENCE_MS;
        pending->peer_size = (uint8_t) peer.size;
        put_bytes (pending->peer, peer);
        if (live)
            strcpy (pending->name, draw_facts (live->draw)->name);
        point_at_own_texts (orders);
        orders_pursue (orders);
    }
}

/* What it was that made it so is told to who ordered just that. */
void orders_event (orders_t *orders, const live_t *live, const wire_event_t *event)
{
    const uint64_t draw = draw_facts (live->draw)->identity;
    wire_event_t said = *event;
    if (event->kind == EVENT_VOIDED && draw_provable (live->draw))
        said.text = provable_void_note (event->text);
    for (size_t i = 0; i < orders->count; i++) {
        pending_t *pending = &orders->pending[i];
        if (pending->draw == draw && pending->asked &&
            is_what_was_asked (pending, &said)) {
            carried_out (orders, i, live->seen);
            return;
        }
    }
}

bool orders_refused (orders_t *orders, const wire_message_t *message)
{
    for (size_t i = 0; i < orders->count; i++)
        if (orders->pending[i].draw == message->draw && orders->pending[i].asked)
            return storage_refused (orders, i, &message->refused);
    return false;
}

outbox_t *orders_outbox (orders_t *orders)
{
    return orders->outbox;
}

/* Of the order that it was asked for. A draw that the schedule wants is wanted still
   when there is room for it. */
static bool storage_refused (orders_t *orders, size_t which,
                             const wire_refused_t *refusal)
{
    pending_t *pending = &orders->pending[which];
    char text[REFUSAL_TEXT_MAX + 1];
    snprintf (text, sizeof text, "%.*s", (int) refusal->text.size,
              (const char *) refusal->text.data);
    switch (refusal->code) {
    case REFUSED_GAP: // more has happened than was known: it is judged anew
        pending->asked = !knows_more (orders, pending, refusal->expected);
        return false;
    case REFUSED_BUSY:
    case REFUSED_HELLO: // it is looked up, and judged anew
    case REFUSED_SUPERSEDED:
        return false;
    case REFUSED_NAME:
        break;
    case REFUSED_DRAW:
        if (pending->searched)
            say_no_draw (orders, &pending->order, text);
        break;
    default:
        if (pending->given_up)
            return true; // it is looked up again
    }
    refused (orders, which, refusal->code, text);
    return true;
}

/* Than when it asked; or it will, when that is replayed. */
static bool knows_more (const orders_t *orders, const pending_t *pending,
                        uint64_t events)
{
    const live_t *live = draws_find (orders->draws, pending->draw);
    return live && (live->seen != pending->seen || live->applied < events);
}

/* For itself. `draw`: what the refusal has to say, if there is none. */
static void look_up (orders_t *orders, uint64_t draw, bytes_t name)
{
    const wire_message_t lookup = {
        .command = WIRE_LOOKUP,
        .draw = draw,
        .lookup = {.epoch = follower_epoch (orders->follower), .name = name}};
    follower_ask (orders->follower, &nobodys, &lookup);
}

/* True: it is over. */
static bool pursue (orders_t *orders, size_t which)
{
    pending_t *pending = &orders->pending[which];
    if (orders->now_ms >= pending->end_ms)
        return give_up (orders, which);
    if (waits_for_another (orders, which))
        return false;
    if (pending->searched && !find (orders, pending))
        return false;
    return pending->order.order == ORDER_OPEN ? pursue_opening (orders, which)
                                              : pursue_change (orders, which);
}

/* The draw of that name, which storage may have put away: whether it is at hand. */
static bool find (orders_t *orders, pending_t *pending)
{
    live_t *live = draws_named (orders->draws, pending->order.name);
    if (!live) {
        if (ask_now (orders, pending))
            look_up (orders, pending->draw, pending->order.name);
        return false;
    }
    draws_use (orders->draws, live);
    pending->draw = draw_facts (live->draw)->identity;
    pending->searched = pending->asked = false;
    return true;
}

/* What storage was asked it may have recorded, and that is to be found out: of a draw
   that is there with the next news of it, of one that was to be opened by its name. */
static bool give_up (orders_t *orders, size_t which)
{
    pending_t *pending = &orders->pending[which];
    live_t *live = draws_find (orders->draws, pending->draw);
    const bool recorded = pending->asked && !pending->searched; // perhaps
    const bool find_out = recorded && !live;
    const wire_message_t request = request_of (pending);
    if (recorded && live)
        live->stale = true;
    refuse (orders, bytes_of (pending->peer, pending->peer_size), &request,
            pending->name, REFUSED_UNAVAILABLE,
            recorded ? "storage does not answer: look at the list, it may have been "
                       "carried out"
                     : "storage does not answer: try again in a moment");
    if (find_out) {
        pending->given_up = true;
        pending->asked = false;
        pending->peer_size = 0;
        pending->end_ms = INT64_MAX;
    } else
        finish (orders, which);
    return !find_out;
}

static bool waits_for_another (const orders_t *orders, size_t which)
{
    for (size_t i = 0; i < which; i++)
        if (orders->pending[i].draw == orders->pending[which].draw)
            return true;
    return false;
}

static bool pursue_opening (orders_t *orders, size_t which)
{
    pending_t *pending = &orders->pending[which];
    verdict_t verdict =
        order_judge_opening (&pending->order, &orders->own, orders->wall_ms);
    if (verdict.code == REFUSED_OK && verdict.event.source == SOURCE_PROVABLE &&
        !pending->asked && !pending->given_up)
        judge_provable (orders, &verdict);
    const live_t *live = draws_named (orders->draws, pending->order.name);
    if (live && draw_facts (live->draw)->identity == pending->draw)
        carried_out (orders, which, live->opened);
    else if (live)
        refused (orders, which, REFUSED_NAME, "there is a draw of that name already");
    else if (verdict.code != REFUSED_OK && !pending->asked && !pending->given_up)
        refused (orders, which, verdict.code, verdict.text);
    else {
        if (ask_now (orders, pending))
            ask_opening (orders, pending, &verdict.event);
        return false;
    }
    return true;
}

/* Whoever takes part has to have a key to sign with. */
static void judge_provable (const orders_t *orders, verdict_t *verdict)
{
    const bool can =
        orders->notary
            ? notary_can_open (orders->notary, verdict->event.agencies, verdict->text)
            : provable_can_open (NULL, verdict->event.agencies, verdict->text);
    if (!can)
        verdict->code = REFUSED_RANGE;
}

static void ask_opening (orders_t *orders, const pending_t *pending,
                         const wire_event_t *event)
{
    if (pending->given_up)
        look_up (orders, pending->draw, pending->order.name);
    else
        follower_open (orders->follower, pending->draw, event);
}

/* What is not all replayed is not judged yet. */
static bool pursue_change (orders_t *orders, size_t which)
{
    pending_t *pending = &orders->pending[which];
    const live_t *live = draws_find (orders->draws, pending->draw);
    if (!live) {
        refused (orders, which, REFUSED_DRAW, "that draw was over long ago");
        return true;
    }
    if (!live_up_to_date (live))
        return false;
    const verdict_t verdict =
        order_judge (live->draw, &pending->order, pending->agency);
    if (verdict.code != REFUSED_OK) {
        refused (orders, which, verdict.code, verdict.text);
        return true;
    }
    if (!ask_now (orders, pending))
        return false;
    pending->seen = live->seen;
    if (draw_provable (live->draw) && wire_event_has_paper (verdict.event.kind))
        return record_paper (orders, which, live, verdict.event);
    follower_record (orders->follower, &nobodys, live, &verdict.event);
    return false;
}

/* True: there is nothing to record, and the order is refused. */
static bool record_paper (orders_t *orders, size_t which, const live_t *live,
                          wire_event_t event)
{
    pending_t *pending = &orders->pending[which];
    const provable_t *provable = draw_provable (live->draw);
    char why[PROVABLE_WHY_BYTES];
    size_t size;
    char *paper =
        event.kind == EVENT_VOIDED
            ? provable_void_paper (
                  provable, orders->notary ? notary_operator (orders->notary) : NULL,
                  pending->order.note, &size, why)
        : event.kind == EVENT_ATTESTED
            ? provable_attest_paper (provable, pending->order.proof, &size, why)
            : provable_nonce_paper (provable, pending->agency, pending->order.proof,
                                    &size, why);
    if (!paper) {
        refused (orders, which, REFUSED_PHASE, why);
        return true;
    }
    event.text = bytes_of (paper, size);
    follower_record (orders->follower, &nobodys, live, &event);
    free (paper);
    return false;
}

static bool ask_now (orders_t *orders, pending_t *pending)
{
    if (!follower_reachable (orders->follower)) {
        pending->again_ms = orders->now_ms; // what was asked may be lost
        return false;
    }
    if (pending->asked && orders->now_ms < pending->again_ms)
        return false;
    pending->asked = true;
    pending->again_ms = orders->now_ms + ASK_AGAIN_MS;
    return true;
}

/* The operator's program asks again when it hears nothing. */
static bool is_under_way (const orders_t *orders, bytes_t peer,
                          const wire_message_t *message)
{
    const wire_order_t *order = &message->order;
    for (size_t i = 0; i < orders->count; i++) {
        const pending_t *pending = &orders->pending[i];
        const wire_order_t *its = &pending->order;
        if (pending->peer_size > 0 &&
            bytes_equal (bytes_of (pending->peer, pending->peer_size), peer) &&
            its->order == order->order && its->number == order->number &&
            pending->agency == message->agency &&
            (order->name.size == 0 || bytes_equal (its->name, order->name)) &&
            bytes_equal (its->proof, order->proof) &&
            bytes_equal (its->note, order->note))
            return true;
    }
    return false;
}

static live_t *draw_of (const orders_t *orders, const wire_order_t *order)
{
    return order->name.size > 0 ? draws_named (orders->draws, order->name)
                                : draws_meant (orders->draws);
}

/* Why there is none of that name; or, without a name, which might be meant. */
static void say_no_draw (const orders_t *orders, const wire_order_t *order,
                         char text[REFUSAL_TEXT_MAX + 1])
{
    static_assert (sizeof "there is no draw ; " + DRAW_NAME_BYTES_MAX +
                           DRAWS_NAMES_BYTES <=
                       REFUSAL_TEXT_MAX + 2,
                   "the text is told whole");
    const bytes_t name = order->name;
    char names[DRAWS_NAMES_BYTES];
    draws_names (orders->draws, names);
    if (name.size == 0)
        snprintf (text, REFUSAL_TEXT_MAX + 1, "%s", names);
    else if (is_planned (orders, name))
        snprintf (text, REFUSAL_TEXT_MAX + 1, "%.*s is planned, not open yet%s",
                  (int) name.size, (const char *) name.data,
                  order->order == ORDER_VOID
                      ? "; so that it never opens take it out of the schedule and "
                        "start the central again"
                      : "");
    else
        snprintf (text, REFUSAL_TEXT_MAX + 1, "there is no draw %.*s; %s",
                  (int) name.size, (const char *) name.data, names);
}

static bool is_planned (const orders_t *orders, bytes_t name)
{
    schedule_draw_t plan;
    for (size_t i = 0; i < openings_plans (orders->openings); i++)
        if (openings_planned (orders->openings, i, &plan) &&
            bytes_equal (bytes_of (plan.name, strlen (plan.name)), name))
            return true;
    return false;
}

static pending_t *add (orders_t *orders, const wire_message_t *message)
{
    pending_t *pending = &orders->pending[orders->count++];
    const wire_order_t *order = &message->order;
    *pending = (pending_t){.agency = message->agency, .order = *order};
    assert (order->name.size < sizeof pending->name &&
            order->note.size < sizeof pending->note &&
            order->proof.size <= sizeof pending->proof); // wire.h sees to it
    put_bytes ((uint8_t *) pending->name, order->name);
    put_bytes ((uint8_t *) pending->note, order->note);
    put_bytes (pending->proof, order->proof);
    return pending;
}

/* They move when one before them is over. */
static void point_at_own_texts (orders_t *orders)
{
    for (size_t i = 0; i < orders->count; i++) {
        pending_t *pending = &orders->pending[i];
        pending->order.name = bytes_of (pending->name, strlen (pending->name));
        pending->order.note = bytes_of (pending->note, strlen (pending->note));
        pending->order.proof = bytes_of (pending->proof, pending->order.proof.size);
    }
}

static void carried_out (orders_t *orders, size_t which, uint64_t sequence)
{
    const pending_t *pending = &orders->pending[which];
    const wire_message_t ordered = {
        .command = WIRE_ORDERED,
        .agency = pending->agency,
        .draw = pending->draw,
        .ordered = {.sequence = sequence, .name = pending->order.name}};
    log_carried_out (pending, sequence);
    if (pending->peer_size > 0)
        outbox_write (orders->outbox, bytes_of (pending->peer, pending->peer_size),
                      &nobodys, &ordered);
    finish (orders, which);
}

static void refused (orders_t *orders, size_t which, wire_code_t code, const char *text)
{
    const pending_t *pending = &orders->pending[which];
    const wire_message_t request = request_of (pending);
    if (pending->peer_size > 0)
        refuse (orders, bytes_of (pending->peer, pending->peer_size), &request,
                pending->name, code, text);
    finish (orders, which);
}

/* `name`: of the draw that was meant, NULL when it is the request's. */
static void refuse (orders_t *orders, bytes_t peer, const wire_message_t *request,
                    const char *name, wire_code_t code, const char *text)
{
    char named[DRAW_NAME_BYTES_MAX + 1];
    const wire_message_t refusal = wire_refusal (request, code, text);
    snprintf (named, sizeof named, "%.*s", (int) request->order.name.size,
              (const char *) request->order.name.data);
    log_refused (orders, &request->order, name ? name : named, code, text);
    outbox_write (orders->outbox, peer, &nobodys, &refusal);
}

static wire_message_t request_of (const pending_t *pending)
{
    return (wire_message_t){.command = WIRE_ORDER,
                            .agency = pending->agency,
                            .draw = pending->draw,
                            .order = pending->order};
}

static void finish (orders_t *orders, size_t which)
{
    orders->count--;
    memmove (&orders->pending[which], &orders->pending[which + 1],
             (orders->count - which) * sizeof *orders->pending);
    point_at_own_texts (orders);
}

static bool is_what_was_asked (const pending_t *pending, const wire_event_t *event)
{
    switch (pending->order.order) {
    case ORDER_OPEN:
        return event->kind == EVENT_OPENED;
    case ORDER_CLOSE:
        return event->kind == EVENT_CLOSED && is_its_note (pending, event->text);
    case ORDER_NUMBER:
        return event->kind == EVENT_DRAWN && event->number == pending->order.number;
    case ORDER_EXCUSE:
        return event->kind == EVENT_EXCUSED && event->agency == pending->agency;
    case ORDER_VOID:
        return event->kind == EVENT_VOIDED && is_its_note (pending, event->text);
    case ORDER_ATTEST:
        return event->kind == EVENT_ATTESTED;
    case ORDER_REVEAL:
        return event->kind == EVENT_REVEALED && event->agency == pending->agency;
    default:
        return false;
    }
}

/* On a full disk there may have been no room for the note. */
static bool is_its_note (const pending_t *pending, bytes_t note)
{
    return note.size == 0 || bytes_equal (note, pending->order.note);
}

static void log_carried_out (const pending_t *pending, uint64_t sequence)
{
    char who[NOTE_BYTES_MAX + 1], why[NOTE_BYTES_MAX + 1];
    const char *order = wire_order_name (pending->order.order);
    tell_part (note_who (pending->order.note), who);
    tell_part (note_reason (pending->order.note), why);
    if (pending->agency > 0) // which agency nothing else tells
        logger_event (LOG_INFO, "orden", LOG_SUCCESS,
                      "order: %s | draw: %s | agency: %u | sequence: %llu | by: %s | "
                      "reason: %s",
                      order, pending->name, pending->agency,
                      (unsigned long long) sequence, who, why);
    else
        logger_event (LOG_INFO, "orden", LOG_SUCCESS,
                      "order: %s | draw: %s | sequence: %llu | by: %s | reason: %s",
                      order, pending->name, (unsigned long long) sequence, who, why);
}

static void tell_part (bytes_t part, char text[NOTE_BYTES_MAX + 1])
{
    snprintf (text, NOTE_BYTES_MAX + 1, "%.*s", (int) part.size,
              (const char *) part.data);
    if (part.size == 0)
        strcpy (text, "-");
}

static void log_refused (orders_t *orders, const wire_order_t *order, const char *name,
                         wire_code_t code, const char *text)
{
    char who[NOTE_BYTES_MAX + 1];
    tell_part (note_who (order->note), who);
    logger_event_limited (&orders->refused_lines, orders->now_ms, LOG_WARNING, "orden",
                          LOG_FAIL,
                          "order: %s | draw: %s | code: %s | by: %s | reason: %s",
                          wire_order_name (order->order), name,
                          wire_code_name ((uint16_t) code), who, text);
}
