/* registrar_agencies.c - what agencies ask behind their HELLO, and what they are told
   meanwhile and in the end. State. */

#include "registrar_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logger.h"
#include "note.h"

typedef void (record_fn) (registrar_t *registrar, const request_t *request,
                          const live_t *live);

static live_t *draw_spoken_of (registrar_t *registrar, const request_t *request);
static void record_end (registrar_t *registrar, const request_t *request,
                        const live_t *live);
static void record_receipt (registrar_t *registrar, const request_t *request,
                            const live_t *live);
static void record_reveal (registrar_t *registrar, const request_t *request,
                           const live_t *live);
static void record_paper (registrar_t *registrar, const request_t *request,
                          const live_t *live, wire_event_t event, char *paper,
                          size_t size, const char *why);
static void do_as (registrar_t *registrar, const request_t *request, live_t *live,
                   draw_answer_t what, wire_code_t code, record_fn *record);
static void ask_find (registrar_t *registrar, const envelope_t *envelope,
                      const live_t *live, uint32_t agency, uint64_t cursor);
static void answer_waiting (registrar_t *registrar, const live_t *live, uint32_t agency,
                            const envelope_t *envelope);
static void refuse_by_draw (registrar_t *registrar, const request_t *request,
                            const live_t *live, wire_code_t code);
static void say_phase (const request_t *request, const live_t *live,
                       char text[REFUSAL_TEXT_MAX + 1]);

int registrar_take_ready (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    wire_code_t code;
    live_t *live = draw_spoken_of (registrar, request);
    if (!live)
        return 0;
    const draw_answer_t what = draw_ready (live->draw, request->message.agency,
                                           &request->message.tally, &code);
    do_as (registrar, request, live, what, code, record_end);
    return 0;
}

/* In a provable draw it only ends the agency's sale, and COMMIT follows. */
static void record_end (registrar_t *registrar, const request_t *request,
                        const live_t *live)
{
    const wire_tally_t *tally = &request->message.tally;
    const wire_event_t ended = {.kind = draw_provable (live->draw) ? EVENT_ENDED
                                                                   : EVENT_SEALED,
                                .agency = request->message.agency,
                                .count = tally->count,
                                .digest = tally->digest,
                                .cancelled = tally->cancelled};
    follower_record (registrar->follower, &request->envelope, live, &ended);
}

int registrar_take_commit (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    wire_code_t code;
    live_t *live = draw_spoken_of (registrar, request);
    if (!live)
        return 0;
    const draw_answer_t what = draw_commit (live->draw, request->message.agency, &code);
    do_as (registrar, request, live, what, code, record_receipt);
    return 0;
}

static void record_receipt (registrar_t *registrar, const request_t *request,
                            const live_t *live)
{
    char why[PROVABLE_WHY_BYTES];
    size_t size;
    const wire_commit_t *commit = &request->message.commit;
    const provable_t *provable = draw_provable (live->draw);
    const operator_t *by = notary_operator (registrar->notary);
    // not the agency's fault
    if (!provable_signed_by (provable, by, why)) {
        logger_event_limited (&registrar->no_key, registrar->now_ms, LOG_ERROR, "notas",
                              LOG_IN_PROGRESS,
                              "draw: %s | reason: %s | consequence: nobody can commit",
                              draw_facts (live->draw)->name, why);
        registrar_refuse (registrar, request, REFUSED_UNAVAILABLE, why);
        return;
    }
    char *paper = provable_receipt_paper (provable, by, request->message.agency, commit,
                                          &size, why);
    const wire_event_t committed = {.kind = EVENT_COMMITTED,
                                    .agency = request->message.agency,
                                    .count = commit->tally.count,
                                    .digest = commit->tally.digest,
                                    .cancelled = commit->tally.cancelled};
    record_paper (registrar, request, live, committed, paper, size, why);
}

int registrar_take_reveal (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    wire_code_t code;
    live_t *live = draw_spoken_of (registrar, request);
    if (!live)
        return 0;
    const draw_answer_t what = draw_reveal (live->draw, request->message.agency, &code);
    do_as (registrar, request, live, what, code, record_reveal);
    return 0;
}

static void record_reveal (registrar_t *registrar, const request_t *request,
                           const live_t *live)
{
    char why[PROVABLE_WHY_BYTES];
    size_t size;
    const provable_t *provable = draw_provable (live->draw);
    const wire_reveal_t *reveal = &request->message.reveal;
    const wire_event_t revealed = {.kind = EVENT_REVEALED,
                                   .agency = request->message.agency};
    if (memcmp (reveal->seal, provable_seal (provable)->of, sizeof reveal->seal) != 0) {
        registrar_refuse (registrar, request, REFUSED_ROOT,
                          "the draw's seal is another one");
        return;
    }
    char *paper =
        provable_reveal_paper (provable, request->message.agency, reveal, &size, why);
    record_paper (registrar, request, live, revealed, paper, size, why);
}

/* Which is freed; NULL: what the agency has signed does not hold. */
static void record_paper (registrar_t *registrar, const request_t *request,
                          const live_t *live, wire_event_t event, char *paper,
                          size_t size, const char *why)
{
    if (!paper) {
        registrar_refuse (registrar, request, REFUSED_NOTE, why);
        return;
    }
    event.text = bytes_of (paper, size);
    follower_record (registrar->follower, &request->envelope, live, &event);
    free (paper);
}

/* What the draw makes of READY, COMMIT or REVEAL: `record` is for what is new. */
static void do_as (registrar_t *registrar, const request_t *request, live_t *live,
                   draw_answer_t what, wire_code_t code, record_fn *record)
{
    const uint32_t agency = request->message.agency;
    if (what == DRAW_REFUSE) {
        refuse_by_draw (registrar, request, live, code);
        return;
    }
    live_ask (live, agency, &request->envelope); // the latest is the one to tell
    live_lend (live, agency, 0);                 // it has nothing under way any more
    if (what == DRAW_RECORD)
        record (registrar, request, live);
    else
        registrar_answer_question (registrar, live, agency);
}

/* Who asks before the draw is told when it is made, as after READY; his sale goes on.
 */
int registrar_take_results (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    wire_code_t code;
    const uint32_t agency = request->message.agency;
    live_t *live = draw_spoken_of (registrar, request);
    if (!live)
        return 0;
    switch (draw_results (live->draw, agency, &code)) {
    case DRAW_TELL:
        ask_find (registrar, &request->envelope, live, agency, request->message.cursor);
        break;
    case DRAW_WAIT:
        live_ask (live, agency, &request->envelope);
        answer_waiting (registrar, live, agency, &request->envelope);
        break;
    default:
        refuse_by_draw (registrar, request, live, code);
    }
    return 0;
}

int registrar_take_done (void *self, void *asked)
{
    registrar_t *registrar = self;
    const request_t *request = asked;
    const uint32_t agency = request->message.agency;
    const wire_event_t served = {.kind = EVENT_SERVED, .agency = agency};
    live_t *live = draw_spoken_of (registrar, request);
    if (!live)
        return 0;
    const wire_code_t code = draw_done (live->draw, agency);
    if (code != REFUSED_OK)
        refuse_by_draw (registrar, request, live, code);
    else if (draw_served (live->draw, agency))
        registrar_answer_goodbye (registrar, live, agency, &request->envelope);
    else
        follower_record (registrar->follower, &request->envelope, live, &served);
    return 0;
}

/* The draw of a request that has it in its header. NULL: it was answered. Who speaks of
   one that is not known, or not any more, says HELLO with its name. */
static live_t *draw_spoken_of (registrar_t *registrar, const request_t *request)
{
    live_t *live = draws_find (registrar->draws, request->message.draw);
    if (live && live_up_to_date (live)) {
        draws_use (registrar->draws, live);
        return live;
    }
    registrar_refuse (registrar, request, live ? REFUSED_BUSY : REFUSED_HELLO, NULL);
    return NULL;
}

/* What an agency asked last: it is kept until the draw is made, or void. */
void registrar_answer_question (registrar_t *registrar, live_t *live, uint32_t agency)
{
    request_t request = {.message = {.command = WIRE_READY,
                                     .agency = agency,
                                     .draw = draw_facts (live->draw)->identity}};
    if (!live_question (live, agency))
        return;
    request.envelope = *live_question (live, agency);
    if (!draw_finished (live->draw)) {
        answer_waiting (registrar, live, agency, &request.envelope);
        return;
    }
    if (draw_told (live->draw))
        ask_find (registrar, &request.envelope, live, agency, 0);
    else
        refuse_by_draw (registrar, &request, live, REFUSED_VOID);
    live_answered (live, agency);
}

void registrar_answer_questions (registrar_t *registrar, live_t *live)
{
    const uint32_t agencies = draw_facts (live->draw)->agencies;
    for (uint32_t agency = 1; agency <= agencies && live->questions > 0; agency++)
        registrar_answer_question (registrar, live, agency);
}

static void ask_find (registrar_t *registrar, const envelope_t *envelope,
                      const live_t *live, uint32_t agency, uint64_t cursor)
{
    const wire_message_t find = {.command = WIRE_FIND,
                                 .agency = agency,
                                 .draw = draw_facts (live->draw)->identity,
                                 .find = {.epoch = follower_epoch (registrar->follower),
                                          .cursor = cursor,
                                          .count = draw_count (live->draw, agency),
                                          .number = draw_number (live->draw)}};
    follower_ask (registrar->follower, envelope, &find);
}

static void answer_waiting (registrar_t *registrar, const live_t *live, uint32_t agency,
                            const envelope_t *envelope)
{
    const draw_facts_t *facts = draw_facts (live->draw);
    wire_message_t waiting = {
        .command = WIRE_WAITING,
        .agency = agency,
        .draw = facts->identity,
        .waiting = {.day = (uint8_t) draw_day (live->draw, agency)}};
    if (waiting.waiting.day == DAY_SEALED && draw_ended (live->draw, agency))
        waiting.waiting.day = DAY_ENDED;
    draw_progress (live->draw, &waiting.waiting.ready, &waiting.waiting.agencies);
    draw_missing (live->draw, waiting.waiting.missing);
    outbox_answer (registrar->to_brokers, envelope, &waiting);
}

void registrar_answer_goodbye (registrar_t *registrar, const live_t *live,
                               uint32_t agency, const envelope_t *envelope)
{
    const wire_message_t goodbye = {.command = WIRE_GOODBYE,
                                    .agency = agency,
                                    .draw = draw_facts (live->draw)->identity};
    outbox_answer (registrar->to_brokers, envelope, &goodbye);
    registrar->done = draws_over (registrar->draws);
}

/* NULL: what the code means. */
void registrar_refuse (registrar_t *registrar, const request_t *request,
                       wire_code_t code, const char *text)
{
    wire_message_t refusal = wire_refusal (&request->message, code, text);
    if (request->message.command == WIRE_LOOKUP)
        refusal.refused.command = WIRE_HELLO; // that is what brought it about
    outbox_answer (registrar->to_brokers, &request->envelope, &refusal);
}

static void refuse_by_draw (registrar_t *registrar, const request_t *request,
                            const live_t *live, wire_code_t code)
{
    const char *note = draw_facts (live->draw)->note;
    char text[REFUSAL_TEXT_MAX + 1] = "";
    if (code == REFUSED_PHASE)
        say_phase (request, live, text);
    else if (code == REFUSED_VOID)
        put_bytes ((uint8_t *) text, note_reason (bytes_of (note, strlen (note))));
    wire_message_t refusal =
        wire_refusal (&request->message, code, text[0] ? text : NULL);
    if (code == REFUSED_TALLY)
        refusal.refused.expected = draw_count (live->draw, request->message.agency);
    outbox_answer (registrar->to_brokers, &request->envelope, &refusal);
}

/* Of the ways to ask which is not this draw's, or too early or late in it. */
static void say_phase (const request_t *request, const live_t *live,
                       char text[REFUSAL_TEXT_MAX + 1])
{
    const char *name = draw_facts (live->draw)->name;
    const uint8_t command = request->message.command;
    const bool commits = command == WIRE_COMMIT || command == WIRE_READY;
    if (!draw_provable (live->draw))
        snprintf (text, REFUSAL_TEXT_MAX + 1, "%s is no provable draw: say READY",
                  name);
    else if (commits || draw_sealed (live->draw))
        snprintf (text, REFUSAL_TEXT_MAX + 1,
                  "%s was sealed without agency %u, which had not committed", name,
                  request->message.agency);
    else
        snprintf (text, REFUSAL_TEXT_MAX + 1, "%s is not sealed yet", name);
}
