/* clerk_draws.c - what state asks: to be registered, draws and their events, who is let
   in, and winners. Storage. */

#include "clerk_state.h"

#include "logger.h"
#include "note.h"

#define DAMAGED_TEXT "its files are damaged; the central's log says more"

static int list_draws (clerk_t *clerk, const request_t *request);
static int find_draw (clerk_t *clerk, bytes_t name, sale_t **sale, bool *damaged);
static void log_drawn (clerk_t *clerk, const sale_t *sale);
static bool sold_nothing (const request_t *request);
static void tell_winners (clerk_t *clerk, const request_t *request,
                          const wire_winners_t *page);
static uint64_t tell_head (const clerk_t *clerk, uint8_t head[WIRE_HEAD_BYTES]);

/* State vouches for the agency and has filled in what it knows; its next offset is
   ours. Whatever of an earlier life of the agency was held is stale. The draw may have
   been put away: it is known by its name. */
int clerk_take_admit (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    wire_message_t *message = &request->message;
    bool damaged = false;
    if (!clerk_heard (clerk, request, message->welcome.epoch))
        return 0;
    sale_t *sale = sales_find (clerk->sales, message->draw);
    if (!sale && find_draw (clerk, message->welcome.name, &sale, &damaged) == -1)
        return -1;
    if (!sale || sale->identity != message->draw) {
        clerk_refuse (clerk, request, REFUSED_DRAW, damaged ? DAMAGED_TEXT : NULL);
        return 0;
    }
    if (message->agency == 0 || message->agency > sale->terms.agencies) {
        clerk_refuse (clerk, request, REFUSED_AGENCY, NULL);
        return 0;
    }
    cursor_t *cursor = cursors_admit (sale->cursors, message->agency);
    cursors_drop_held (sale->cursors, cursor);
    message->command = WIRE_WELCOME;
    message->welcome.next = cursor->at.next;
    message->welcome.digest = cursor->at.digest;
    message->welcome.cancelled = cursor->at.cancelled;
    message->welcome.sequence = tell_head (clerk, message->welcome.head);
    if (message->welcome.day == DAY_OPEN || sale_day (sale, cursor) == DAY_VOID)
        message->welcome.day = sale_day (sale, cursor);
    clerk_answer (clerk, request, message);
    return 0;
}

/* A state that begins: from here on it is the one that is heard. One that was connected
   before says which log that was with. */
int clerk_take_register (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    const uint64_t before = book_epoch (clerk->book);
    const uint64_t identity = book_identity (clerk->book);
    wire_code_t code;
    if (request->message.draw != 0 && request->message.draw != identity) {
        clerk_refuse_state (clerk, request, REFUSED_DRAW, 0, 0);
        return 0;
    }
    if (events_register (clerk->events, request->peer, request->message.state, &code) ==
        -1)
        return -1;
    const uint64_t epoch = book_epoch (clerk->book);
    if (code != REFUSED_OK) {
        clerk_refuse_state (clerk, request, code, 0, events_life (clerk->events));
        return 0;
    }
    const uint32_t draws = (uint32_t) sales_count (clerk->sales);
    const wire_message_t registered = {.command = WIRE_REGISTERED,
                                       .registered = {epoch, identity, draws}};
    clerk_tell_state (clerk, request, &registered);
    if (epoch != before)
        logger_event (LOG_INFO, "registro", LOG_SUCCESS, "epoch: %llu | draws: %u",
                      (unsigned long long) epoch, draws);
    request_t former = *request;
    uint64_t former_epoch;
    if (events_superseded (clerk->events, &former.peer, &former_epoch))
        clerk_refuse_state (clerk, &former, REFUSED_SUPERSEDED, former_epoch, epoch);
    return 0;
}

int clerk_take_replay (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    const wire_replay_t *replay = &request->message.replay;
    if (!clerk_heard (clerk, request, replay->epoch))
        return 0;
    if (request->message.draw == 0)
        return list_draws (clerk, request);
    sale_t *sale = sales_find (clerk->sales, request->message.draw);
    if (!sale) {
        clerk_refuse_state (clerk, request, REFUSED_HELLO, 0, 0);
        return 0;
    }
    int rc = 0;
    for (uint64_t i = 0; rc == 0 && i < REPLAY_EVENTS; i++)
        if (replay->from < sale->events && i < sale->events - replay->from)
            rc = clerk_tell_event (clerk, request, sale, replay->from + i);
    return rc;
}

/* By the events that opened them. Who asks for more than there are (one was put away
   meanwhile, perhaps) hears how many there are. */
static int list_draws (clerk_t *clerk, const request_t *request)
{
    const uint64_t from = request->message.replay.from;
    const size_t count = sales_count (clerk->sales);
    if (from >= count)
        clerk_refuse_state (clerk, request, REFUSED_GAP, from, count);
    for (size_t i = 0; i < REPLAY_EVENTS && from < count && i < count - from; i++)
        if (clerk_tell_event (clerk, request,
                              sales_at (clerk->sales, (size_t) from + i), 0) == -1)
            return -1;
    return 0;
}

int clerk_take_lookup (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    sale_t *sale;
    bool damaged;
    if (!clerk_heard (clerk, request, request->message.lookup.epoch))
        return 0;
    if (find_draw (clerk, request->message.lookup.name, &sale, &damaged) == -1)
        return -1;
    if (sale)
        return clerk_tell_event (clerk, request, sale, 0);
    const wire_message_t refusal =
        wire_refusal (&request->message, REFUSED_DRAW, damaged ? DAMAGED_TEXT : NULL);
    clerk_tell_state (clerk, request, &refusal);
    return 0;
}

/* The draw of this name, if there is one; what is wrong with its files is said. */
static int find_draw (clerk_t *clerk, bytes_t name, sale_t **sale, bool *damaged)
{
    char why[BOOK_WHY_BYTES];
    const book_found_t found = book_find (clerk->book, name, sale, why);
    *damaged = found == BOOK_DAMAGED;
    if (found != BOOK_FOUND)
        *sale = NULL;
    if (found != BOOK_UNREAD && why[0])
        logger_event (found == BOOK_FOUND ? LOG_WARNING : LOG_ERROR, "recuperacion",
                      found == BOOK_FOUND ? LOG_SUCCESS : LOG_FAIL,
                      "draw: %.*s | reason: %s", (int) name.size,
                      (const char *) name.data, why);
    return found == BOOK_UNREAD ? -1 : 0;
}

/* What state has decided has happened once it is recorded. */
int clerk_take_record (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    if (!clerk_heard (clerk, request, request->message.record.epoch))
        return 0;
    const int may = clerk_judge_paper (clerk, request);
    return may == 1 ? clerk_record (clerk, request) : may;
}

int clerk_record (clerk_t *clerk, request_t *request)
{
    const wire_record_t *record = &request->message.record;
    const uint32_t before = book_records (clerk->book);
    char why[BOOK_WHY_BYTES];
    wire_code_t code;
    sale_t *sale;
    uint64_t ordinal;
    if (events_record (clerk->events, request->message.draw, record, &code, &sale,
                       &ordinal, why) == -1)
        return -1;
    if (why[0])
        logger_event (LOG_WARNING, "recuperacion", LOG_SUCCESS, "reason: %s", why);
    if (code != REFUSED_OK)
        return clerk_refuse_event (clerk, request, code, sale);
    if (book_records (clerk->book) > before) {
        const uint8_t kind = record->event.kind;
        if (kind == EVENT_DRAWN)
            log_drawn (clerk, sale);
        const bool of_agency = kind == EVENT_SEALED || kind == EVENT_ENDED ||
                               kind == EVENT_COMMITTED || kind == EVENT_EXCUSED;
        if ((of_agency || kind == EVENT_CLOSED || kind == EVENT_VOIDED) &&
            clerk_settle_held (clerk, sale, of_agency ? record->event.agency : 0) == -1)
            return -1;
    }
    return clerk_tell_event (clerk, request, sale, ordinal);
}

int clerk_tell_event (clerk_t *clerk, const request_t *request, sale_t *sale,
                      uint64_t ordinal)
{
    wire_message_t event = {.command = WIRE_EVENT, .draw = sale->identity};
    if (events_read (clerk->events, sale, ordinal, &event.recorded) == -1)
        return -1;
    // who looked a draw up did so for an agency, and the envelope does not say which
    event.agency = request->message.command == WIRE_LOOKUP
                       ? request->message.agency
                       : event.recorded.event.agency;
    clerk_tell_state (clerk, request, &event);
    return 0;
}

int clerk_refuse_event (clerk_t *clerk, request_t *request, wire_code_t code,
                        sale_t *sale)
{
    const uint8_t kind = request->message.record.event.kind;
    const bool of_agency = kind == EVENT_SEALED || kind == EVENT_ENDED ||
                           kind == EVENT_COMMITTED || kind == EVENT_REVEALED ||
                           kind == EVENT_SERVED;
    request->sale = sale;
    if (code == REFUSED_GAP || !of_agency || request->envelope.boot == 0)
        clerk_refuse_state (clerk, request, code, 0, sale ? sale->events : 0);
    else if (code == REFUSED_CONFLICT)
        clerk_conflict (clerk, request,
                        "other bets are stored than it says that it sold");
    else if (code == REFUSED_VOID)
        return clerk_refuse_void (clerk, request, sale);
    else
        clerk_refuse (clerk, request, code, NULL);
    return 0;
}

int clerk_refuse_void (clerk_t *clerk, const request_t *request, sale_t *sale)
{
    char text[NOTE_BYTES_MAX + 1] = "";
    record_t record;
    if (book_read (clerk->book, sale->last_event, &record) == -1 ||
        book_note (clerk->book, sale, &record, (uint8_t *) text) == -1)
        return -1;
    text[note_reason (bytes_of (text, strlen (text))).size] = 0;
    clerk_refuse (clerk, request, REFUSED_VOID, text[0] ? text : NULL);
    return 0;
}

/* Exactly once, by who makes it so; and where the log stands with it. */
static void log_drawn (clerk_t *clerk, const sale_t *sale)
{
    char head[SHA256_TEXT_BYTES];
    clerk_tell_stored (clerk); // was before
    logger_event (LOG_INFO, "sorteo", LOG_SUCCESS, "numero: %u | draw: %s",
                  sale->number, sale->terms.name);
    sha256_text (book_head (clerk->book), head);
    logger_event (LOG_INFO, "cadena", LOG_SUCCESS, "sequence: %u | head: %s | draw: %s",
                  sale->last_event, head, sale->terms.name);
}

/* After the draw many ask at once: what a bundle asks for is found in one pass. */
int clerk_take_find (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    const wire_find_t *find = &request->message.find;
    if (!clerk_heard (clerk, request, find->epoch))
        return 0;
    request->sale = sales_find (clerk->sales, request->message.draw);
    if (clerk_for_operator (request) && sold_nothing (request)) {
        const wire_winners_t none = {.cursor = find->cursor, .number = find->number};
        tell_winners (clerk, request, &none);
        return 0;
    }
    cursor_t *cursor = clerk_cursor_for (clerk, request);
    if (!cursor)
        return 0;
    if (sale_phase (request->sale) != PHASE_DRAWN ||
        find->number != request->sale->number) {
        clerk_refuse_state (clerk, request, REFUSED_GAP, 0, request->sale->events);
        return 0;
    }
    if (find->count != UINT64_MAX && cursor->at.next != find->count) {
        clerk_refuse (clerk, request, REFUSED_TALLY, "not the bets that were sealed");
        return 0;
    }
    winners_t *winners = &clerk->finds[clerk->finds_count];
    winners->sale = request->sale;
    winners->agency = cursor;
    winners->page = (wire_winners_t){.cursor = find->cursor, .number = find->number};
    if (cancels_of (clerk->cancels, cursor, &winners->cancelled) == -1)
        return -1;
    clerk->finders[clerk->finds_count++] = *request;
    return clerk->finds_count == FINDS_MAX ? clerk_answer_finds (clerk) : 0;
}

/* An operator may ask about any agency of the roll, also one that never came. */
static bool sold_nothing (const request_t *request)
{
    const sale_t *sale = request->sale;
    const uint32_t agency = request->message.agency;
    return sale && sale_phase (sale) == PHASE_DRAWN &&
           request->message.find.number == sale->number && agency >= 1 &&
           agency <= sale->terms.agencies && !cursors_find (sale->cursors, agency);
}

int clerk_answer_finds (clerk_t *clerk)
{
    const size_t count = clerk->finds_count;
    clerk->finds_count = 0;
    if (count > 0 &&
        winners_find (book_archive (clerk->book), clerk->finds, count) == -1)
        return -1;
    for (size_t i = 0; i < count; i++)
        tell_winners (clerk, &clerk->finders[i], &clerk->finds[i].page);
    return 0;
}

static void tell_winners (clerk_t *clerk, const request_t *request,
                          const wire_winners_t *page)
{
    wire_message_t winners = {.command = WIRE_WINNERS,
                              .agency = request->message.agency,
                              .draw = request->message.draw,
                              .winners = *page};
    winners.winners.sequence = tell_head (clerk, winners.winners.head);
    clerk_answer (clerk, request, &winners);
}

/* The log's head as of now, and how many records it stands for. The answer that says so
   waits until all of them are durable. */
static uint64_t tell_head (const clerk_t *clerk, uint8_t head[WIRE_HEAD_BYTES])
{
    memcpy (head, book_head (clerk->book), WIRE_HEAD_BYTES);
    return book_records (clerk->book);
}
