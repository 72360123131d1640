/* questions.c - what operators ask state about a draw. State; pure. */

#include "questions.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "listing.h"

typedef struct { // a question that is open
    uint32_t ticket;
    uint8_t peer_size;
    uint8_t peer[ADDRESS_BYTES_MAX];
    uint8_t command; // WIRE_LOOKUP or WIRE_RESULTS
    uint32_t agency;
    uint64_t draw; // of RESULTS
    uint64_t cursor;
    char name[DRAW_NAME_BYTES_MAX + 1]; // of the draw
    bool found;                         // storage has it at hand
    bool asked;                         // of storage, and when it is asked again
    int64_t again_ms;
    int64_t end_ms; // when it is given up
} question_t;

struct questions {
    draws_t *draws;
    follower_t *follower;
    outbox_t *outbox;
    question_t question[OPERATOR_QUESTIONS_MAX];
    size_t count;
    uint32_t tickets;
    int64_t now_ms;
};

static const live_t *draw_asked_about (questions_t *questions, bytes_t peer,
                                       const wire_message_t *message);
static bool may_have_winners (questions_t *questions, bytes_t peer,
                              const wire_message_t *message, const live_t *live);
static question_t *place_for (questions_t *questions, bytes_t peer,
                              const wire_message_t *message);
static bool pursue (questions_t *questions, size_t which);
static void ask (questions_t *questions, question_t *question, const live_t *live);
static void ask_find (questions_t *questions, const question_t *question,
                      const envelope_t *envelope, const live_t *live);
static void tell (questions_t *questions, size_t which, const wire_message_t *answer);
static void refuse_it (questions_t *questions, size_t which, wire_code_t code,
                       bytes_t text);
static void refuse (questions_t *questions, bytes_t peer, const wire_message_t *request,
                    wire_code_t code, const char *text);
static void finish (questions_t *questions, size_t which);

static const envelope_t nobodys = {0};

questions_t *questions_new (draws_t *draws, follower_t *follower, outbox_t *outbox)
{
    questions_t *questions = calloc (1, sizeof *questions);
    assert (questions);
    questions->draws = draws;
    questions->follower = follower;
    questions->outbox = outbox;
    return questions;
}

void questions_destroy (questions_t **questions)
{
    free (*questions);
    *questions = NULL;
}

void questions_tick (questions_t *questions, int64_t now_ms)
{
    questions->now_ms = now_ms;
}

void questions_pursue (questions_t *questions)
{
    for (size_t i = 0; i < questions->count;)
        if (!pursue (questions, i)) // else another one has its place
            i++;
}

int64_t questions_deadline (const questions_t *questions)
{
    int64_t deadline_ms = INT64_MAX;
    const bool reachable = follower_reachable (questions->follower);
    for (size_t i = 0; i < questions->count; i++) {
        const question_t *question = &questions->question[i];
        if (reachable && question->again_ms < deadline_ms)
            deadline_ms = question->again_ms;
        if (question->end_ms < deadline_ms)
            deadline_ms = question->end_ms;
    }
    return deadline_ms;
}

bool questions_want (const questions_t *questions)
{
    return questions->count > 0;
}

/* Who asks the same again is answered once. */
void questions_take (questions_t *questions, bytes_t peer,
                     const wire_message_t *message)
{
    const bool results = message->command == WIRE_RESULTS;
    const live_t *live = NULL;
    if (results) {
        live = draw_asked_about (questions, peer, message);
        if (!live || !may_have_winners (questions, peer, message, live))
            return;
    }
    question_t *question = place_for (questions, peer, message);
    if (!question) {
        refuse (questions, peer, message, REFUSED_BUSY, NULL);
        return;
    }
    *question = (question_t){.ticket = ++questions->tickets,
                             .peer_size = (uint8_t) peer.size,
                             .command = message->command,
                             .agency = results ? message->agency : 0,
                             .draw = results ? message->draw : 0,
                             .cursor = results ? message->cursor : 0,
                             .again_ms = questions->now_ms,
                             .end_ms = questions->now_ms + OPERATOR_PATIENCE_MS};
    if (question->ticket == 0) // the envelope would be nobody's
        question->ticket = ++questions->tickets;
    put_bytes (question->peer, peer);
    if (live)
        strcpy (question->name, draw_facts (live->draw)->name);
    else
        put_bytes ((uint8_t *) question->name, message->lookup.name);
    questions_pursue (questions);
}

bool questions_are_in (const envelope_t *envelope)
{
    return envelope->boot == 0 && envelope->ticket != 0;
}

/* One that is answered, or given up, is none any more. */
void questions_answered (questions_t *questions, const envelope_t *envelope,
                         const wire_message_t *answer)
{
    for (size_t i = 0; i < questions->count; i++) {
        question_t *question = &questions->question[i];
        if (question->ticket != envelope->ticket)
            continue;
        const uint16_t code = answer->refused.code;
        if (answer->command == WIRE_EVENT)
            question->found = true;
        else if (answer->command == WIRE_WINNERS && question->command == WIRE_RESULTS)
            tell (questions, i, answer);
        else if (answer->command == WIRE_REFUSED)
            refuse_it (questions, i, (wire_code_t) code, answer->refused.text);
        return;
    }
}

/* NULL: it was answered. */
static const live_t *draw_asked_about (questions_t *questions, bytes_t peer,
                                       const wire_message_t *message)
{
    live_t *live = draws_find (questions->draws, message->draw);
    if (live && live_up_to_date (live)) {
        draws_use (questions->draws, live);
        return live;
    }
    refuse (questions, peer, message, live ? REFUSED_BUSY : REFUSED_HELLO,
            live ? NULL : "that draw is not at hand: look it up by its name first");
    return NULL;
}

static bool may_have_winners (questions_t *questions, bytes_t peer,
                              const wire_message_t *message, const live_t *live)
{
    const draw_facts_t *facts = draw_facts (live->draw);
    if (!draw_on_roll (live->draw, message->agency))
        refuse (questions, peer, message, REFUSED_AGENCY, NULL);
    else if (facts->phase == PHASE_VOID)
        refuse (questions, peer, message, REFUSED_VOID,
                facts->note[0] ? facts->note : NULL);
    else if (!draw_told (live->draw))
        refuse (questions, peer, message, REFUSED_UNDRAWN, NULL);
    else
        return true;
    return false;
}

static question_t *place_for (questions_t *questions, bytes_t peer,
                              const wire_message_t *message)
{
    for (size_t i = 0; i < questions->count; i++) {
        question_t *question = &questions->question[i];
        if (bytes_equal (bytes_of (question->peer, question->peer_size), peer) &&
            question->command == message->command &&
            (message->command == WIRE_RESULTS
                 ? question->draw == message->draw &&
                       question->agency == message->agency &&
                       question->cursor == message->cursor
                 : bytes_equal (bytes_of (question->name, strlen (question->name)),
                                message->lookup.name)))
            return question;
    }
    return questions->count < OPERATOR_QUESTIONS_MAX
               ? &questions->question[questions->count++]
               : NULL;
}

/* True: it is over. */
static bool pursue (questions_t *questions, size_t which)
{
    question_t *question = &questions->question[which];
    live_t *live = draws_named (questions->draws,
                                bytes_of (question->name, strlen (question->name)));
    if (question->command == WIRE_LOOKUP && question->found && live &&
        live_up_to_date (live)) {
        const wire_message_t row = listing_row (live->draw);
        draws_use (questions->draws, live);
        tell (questions, which, &row);
        return true;
    }
    if (questions->now_ms >= question->end_ms) {
        refuse_it (questions, which, REFUSED_UNAVAILABLE, bytes_of (NULL, 0));
        return true;
    }
    if (!follower_reachable (questions->follower))
        question->again_ms = questions->now_ms; // what was asked may be lost
    else if (!question->asked || questions->now_ms >= question->again_ms)
        ask (questions, question, live);
    return false;
}

/* Storage has it at hand by the time that it reads the FIND. */
static void ask (questions_t *questions, question_t *question, const live_t *live)
{
    const envelope_t envelope = {.ticket = question->ticket};
    const wire_message_t lookup = {
        .command = WIRE_LOOKUP,
        .lookup = {.epoch = follower_epoch (questions->follower),
                   .name = bytes_of (question->name, strlen (question->name))}};
    question->asked = true;
    question->again_ms = questions->now_ms + ASK_AGAIN_MS;
    follower_ask (questions->follower, &envelope, &lookup);
    if (question->command == WIRE_RESULTS && live)
        ask_find (questions, question, &envelope, live);
}

static void ask_find (questions_t *questions, const question_t *question,
                      const envelope_t *envelope, const live_t *live)
{
    const wire_message_t find = {
        .command = WIRE_FIND,
        .agency = question->agency,
        .draw = question->draw,
        .find = {.epoch = follower_epoch (questions->follower),
                 .cursor = question->cursor,
                 .count = draw_count (live->draw, question->agency),
                 .number = draw_number (live->draw)}};
    follower_ask (questions->follower, envelope, &find);
}

static void tell (questions_t *questions, size_t which, const wire_message_t *answer)
{
    const question_t *question = &questions->question[which];
    outbox_write (questions->outbox, bytes_of (question->peer, question->peer_size),
                  &nobodys, answer);
    finish (questions, which);
}

/* With an empty text: what the code means. */
static void refuse_it (questions_t *questions, size_t which, wire_code_t code,
                       bytes_t text)
{
    char said[REFUSAL_TEXT_MAX + 1] = "";
    const question_t *question = &questions->question[which];
    const wire_message_t request = {.command = question->command,
                                    .agency = question->agency,
                                    .draw = question->draw};
    assert (text.size < sizeof said); // wire.h sees to it
    put_bytes ((uint8_t *) said, text);
    refuse (questions, bytes_of (question->peer, question->peer_size), &request, code,
            said[0] ? said : NULL);
    finish (questions, which);
}

static void refuse (questions_t *questions, bytes_t peer, const wire_message_t *request,
                    wire_code_t code, const char *text)
{
    const wire_message_t refusal = wire_refusal (request, code, text);
    outbox_write (questions->outbox, peer, &nobodys, &refusal);
}

static void finish (questions_t *questions, size_t which)
{
    questions->count--;
    memmove (&questions->question[which], &questions->question[which + 1],
             (questions->count - which) * sizeof *questions->question);
}
