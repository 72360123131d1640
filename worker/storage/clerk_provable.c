/* clerk_provable.c - what only provable draws ask storage for: notes, roots, stakes,
   awards, and the events that have papers. Storage.

   A commitment is recorded once the root over what is stored is the one that its agency
   has signed. That takes a pass over the agency's bets, which is a job, as other roots
   are; nobody waits for the answer but who asked. */

#include "clerk_state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "logger.h"
#include "papers.h"

static int find_note (clerk_t *clerk, const request_t *request, bool by_operator,
                      wire_message_t *answer, uint8_t *bytes);
static bool may_fetch (const request_t *request);
static int number_fits (clerk_t *clerk, sale_t *sale, uint32_t number, char *why);
static int wait_for_root (clerk_t *clerk, request_t *request, sale_t *sale);
static job_t job_of (const request_t *request, job_kind_t kind);
static bool ask (clerk_t *clerk, const job_t *job);
static int end_job (clerk_t *clerk, const job_done_t *done);
static int end_commitment (clerk_t *clerk, request_t *request, const hash_t *root);
static void tell_stake (clerk_t *clerk, const request_t *request, uint64_t count,
                        const hash_t *root);
static void tell_award (clerk_t *clerk, const request_t *request,
                        const job_done_t *done);
static void tell_root (clerk_t *clerk, const request_t *request, const hash_t *root);

/* ---- Notes ---- */

int clerk_take_fetch (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    wire_message_t answer;
    uint8_t bytes[NOTE_PAGE_BYTES];
    if (!clerk_cursor_for (clerk, request))
        return 0;
    if (!may_fetch (request)) {
        clerk_refuse (clerk, request, REFUSED_KEY, "that is not for this agency");
        return 0;
    }
    if (find_note (clerk, request, false, &answer, bytes) == -1)
        return -1;
    clerk_answer (clerk, request, &answer);
    return 0;
}

int clerk_fetch (clerk_t *clerk, const wire_message_t *fetch, wire_message_t *answer,
                 uint8_t *bytes)
{
    request_t request = {.message = *fetch,
                         .sale = sales_find (clerk->sales, fetch->draw)};
    *answer = wire_refusal (fetch, REFUSED_HELLO, NULL);
    return request.sale ? find_note (clerk, &request, true, answer, bytes) : 0;
}

/* What all have signed, or may see; of what is an agency's, its own. */
static bool may_fetch (const request_t *request)
{
    const wire_fetch_t *fetch = &request->message.fetch;
    const bool own = fetch->of == 0 || fetch->of == request->message.agency;
    switch (fetch->which) {
    case NOTE_RECEIPT:
    case NOTE_COUNTERSIGNED:
        return own;
    case NOTE_SALTS:
    case NOTE_BOX:
        return false;
    default:
        return true;
    }
}

/* What waits for its group is not told to who does not wait for that. */
static int find_note (clerk_t *clerk, const request_t *request, bool by_operator,
                      wire_message_t *answer, uint8_t *bytes)
{
    const wire_fetch_t *fetch = &request->message.fetch;
    const char *draw = request->sale->terms.name;
    wire_note_t page = {.which = fetch->which,
                        .of = fetch->of,
                        .from = fetch->from < UINT32_MAX ? (uint32_t) fetch->from
                                                         : UINT32_MAX};
    uint64_t sequence = 0;
    if (!by_operator)
        page.of = request->message.agency;
    if (book_learn (clerk->book, request->sale) == -1)
        return -1;
    int there = notes_page (clerk->notes, request->sale, &page, bytes, &sequence);
    if (there == 1 && by_operator && sequence > book_durable (clerk->book))
        there = 0;
    *answer = (wire_message_t){.command = WIRE_NOTE,
                               .agency = request->message.agency,
                               .draw = request->message.draw,
                               .note = page};
    answer->note.of = fetch->of;
    if (there == 0) {
        if (sale_provable (request->sale))
            snprintf (clerk->text, sizeof clerk->text,
                      "draw %s does not have it yet: %s", draw,
                      wire_note_name (fetch->which));
        else
            snprintf (clerk->text, sizeof clerk->text,
                      "draw %s is not provable: it has no notes", draw);
        *answer = wire_refusal (&request->message, REFUSED_NOTE, clerk->text);
    }
    return there == -1 ? -1 : 0;
}

/* ---- What is recorded ---- */

int clerk_judge_paper (clerk_t *clerk, request_t *request)
{
    const wire_record_t *record = &request->message.record;
    const wire_event_t *event = &record->event;
    const sale_t *known = sales_find (clerk->sales, request->message.draw);
    char why[PAPERS_WHY_BYTES];
    wire_code_t code;
    sale_t *sale;
    bool recorded;
    if (!known || (!sale_has_paper (known, event->kind) &&
                   !(sale_provable (known) && event->kind == EVENT_DRAWN)))
        return 1;
    if (events_judge (clerk->events, request->message.draw, record, &code, &sale,
                      &recorded) == -1)
        return -1;
    if (code != REFUSED_OK || recorded)
        return 1; // as any event, it is told so
    const int fits = event->kind == EVENT_DRAWN
                         ? number_fits (clerk, sale, event->number, why)
                         : papers_fit (clerk->notes, sale, event->kind, event->agency,
                                       event->text, why);
    if (fits == 1)
        return event->kind == EVENT_COMMITTED ? wait_for_root (clerk, request, sale)
                                              : 1;
    if (fits == 0) {
        logger_event (LOG_ERROR, "papel", LOG_FAIL,
                      "draw: %s | event: %c | agency: %u | reason: %s",
                      sale->terms.name, event->kind, event->agency, why);
        clerk_refuse_state (clerk, request, REFUSED_GAP, 0, sale->events);
    }
    return fits;
}

/* It is nobody's to choose. */
static int number_fits (clerk_t *clerk, sale_t *sale, uint32_t number, char *why)
{
    uint32_t own;
    const int there = papers_number (clerk->notes, sale, &own);
    if (there == 1 && own == number)
        return 1;
    snprintf (why, PAPERS_WHY_BYTES, "its number does not follow from the nonces");
    return there == -1 ? -1 : 0;
}

static int wait_for_root (clerk_t *clerk, request_t *request, sale_t *sale)
{
    const papers_commitment_t commitment =
        papers_commitment (request->message.record.event.text);
    job_t job = job_of (request, JOB_COMMIT);
    job.key = commitment.key;
    job.count = commitment.count;
    return ask (clerk, &job) ? 0
                             : clerk_refuse_event (clerk, request, REFUSED_BUSY, sale);
}

/* ---- Roots ---- */

int clerk_take_root (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    const wire_root_t *root = &request->message.root;
    const cursor_t *cursor = clerk_cursor_for (clerk, request);
    if (!cursor)
        return 0;
    if (sale_phase (request->sale) == PHASE_VOID)
        return clerk_refuse_void (clerk, request, request->sale);
    if (!sale_provable (request->sale)) {
        clerk_refuse (clerk, request, REFUSED_PHASE, "the draw is not provable");
        return 0;
    }
    if (root->count > cursor->at.next || root->from > cursor->at.next - root->count) {
        clerk_refuse (clerk, request, REFUSED_GAP, "not so many bets are stored");
        return 0;
    }
    job_t job = job_of (request, JOB_ROOT);
    memcpy (job.key.of, root->salt_key, sizeof job.key.of);
    job.from = root->from;
    job.count = root->count;
    if (!ask (clerk, &job))
        clerk_refuse (clerk, request, REFUSED_BUSY, NULL);
    return 0;
}

/* Of an agency that has not committed; of one that never came it is known. */
int clerk_take_stake (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    const uint32_t agency = request->message.agency;
    if (!clerk_heard (clerk, request, request->message.stake.epoch))
        return 0;
    sale_t *sale = sales_find (clerk->sales, request->message.draw);
    const cursor_t *cursor = sale ? cursors_find (sale->cursors, agency) : NULL;
    const bool committed = cursor && cursor->at.marks & CURSOR_ASKED;
    if (!sale || !sale_provable (sale) || sale_phase (sale) != PHASE_CLOSED ||
        committed || agency < 1 || agency > sale->terms.agencies) {
        clerk_refuse_state (clerk, request, REFUSED_GAP, 0, sale ? sale->events : 0);
        return 0;
    }
    if (!cursor) {
        tree_t none;
        tree_begin (&none);
        const hash_t root = tree_root (&none);
        tell_stake (clerk, request, 0, &root);
        return 0;
    }
    job_t job = job_of (request, JOB_STAKE);
    memcpy (job.key.of, request->message.stake.salt_key, sizeof job.key.of);
    job.count = cursor->at.next;
    ask (clerk, &job);
    return 0;
}

int clerk_take_award (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    if (!clerk_heard (clerk, request, request->message.award))
        return 0;
    sale_t *sale = sales_find (clerk->sales, request->message.draw);
    if (!sale || !sale_provable (sale) || sale_phase (sale) != PHASE_DRAWN) {
        clerk_refuse_state (clerk, request, REFUSED_GAP, 0, sale ? sale->events : 0);
        return 0;
    }
    const job_t job = job_of (request, JOB_AWARD);
    if (jobs_join (clerk->jobs, &job))
        return 0;
    salt_key_t *keys = calloc (sale->terms.agencies, sizeof *keys);
    assert (keys);
    int rc = book_learn (clerk->book, sale);
    if (rc == 0)
        rc = notes_salts (clerk->notes, sale, keys);
    if (rc == 0)
        jobs_add (clerk->jobs, &job, keys);
    free (keys);
    return rc;
}

/* Of whom it is asked for, which not every job has. */
static job_t job_of (const request_t *request, job_kind_t kind)
{
    return (job_t){.kind = kind,
                   .draw = request->message.draw,
                   .agency = kind == JOB_AWARD ? 0 : request->message.agency,
                   .peer = request->peer,
                   .envelope = request->envelope,
                   .message = request->encoded};
}

/* Whether there was room for it. State asks for what is its own again and again. */
static bool ask (clerk_t *clerk, const job_t *job)
{
    return jobs_join (clerk->jobs, job) || jobs_add (clerk->jobs, job, NULL);
}

/* ---- What comes of it ---- */

bool clerk_working (const clerk_t *clerk)
{
    return jobs_count (clerk->jobs) > 0;
}

int clerk_work (clerk_t *clerk)
{
    job_done_t done;
    if (clerk_full (clerk))
        return 0;
    const int over = jobs_step (clerk->jobs, &done);
    return over == 1 && end_job (clerk, &done) == -1 ? -1 : over;
}

size_t clerk_jobs (const clerk_t *clerk)
{
    return jobs_count (clerk->jobs);
}

uint64_t clerk_rooted (const clerk_t *clerk)
{
    return jobs_rooted (clerk->jobs);
}

static int end_job (clerk_t *clerk, const job_done_t *done)
{
    const job_t *job = done->job;
    request_t request = {.peer = job->peer,
                         .envelope = job->envelope,
                         .encoded = job->message,
                         .sale = sales_find (clerk->sales, job->draw)};
    const wire_code_t code = wire_decode (request.encoded, &request.message);
    assert (code == REFUSED_OK); // it was when it came
    if (done->lost && job->kind == JOB_ROOT)
        clerk_refuse (clerk, &request, REFUSED_HELLO, NULL);
    else if (done->lost)
        clerk_refuse_state (clerk, &request, REFUSED_HELLO, 0, 0);
    else if (job->kind == JOB_COMMIT)
        return end_commitment (clerk, &request, &done->root);
    else if (job->kind == JOB_STAKE)
        tell_stake (clerk, &request, job->count, &done->root);
    else if (job->kind == JOB_AWARD)
        tell_award (clerk, &request, done);
    else
        tell_root (clerk, &request, &done->root);
    return 0;
}

/* Everything is judged once more, as time has passed: another bet may have been stored,
   or one of these cancelled. */
static int end_commitment (clerk_t *clerk, request_t *request, const hash_t *root)
{
    const wire_record_t *record = &request->message.record;
    const papers_commitment_t commitment = papers_commitment (record->event.text);
    wire_code_t code;
    sale_t *sale;
    bool recorded;
    if (!clerk_heard (clerk, request, record->epoch))
        return 0;
    if (events_judge (clerk->events, request->message.draw, record, &code, &sale,
                      &recorded) == -1)
        return -1;
    if (code != REFUSED_OK || recorded || hash_equal (root, &commitment.root))
        return clerk_record (clerk, request);
    clerk->conflicted++;
    if (rate_limit_allows (clerk->conflicts, record->event.agency, clerk->now_ms))
        logger_event (LOG_ERROR, "conflicto", LOG_FAIL,
                      "draw: %s | agency: %u | offset: %llu | reason: the root that it "
                      "has signed is not that of the bets that are stored",
                      sale->terms.name, record->event.agency,
                      (unsigned long long) record->event.count);
    return clerk_refuse_event (clerk, request, REFUSED_ROOT, sale);
}

static void tell_stake (clerk_t *clerk, const request_t *request, uint64_t count,
                        const hash_t *root)
{
    wire_message_t staked = {.command = WIRE_STAKED,
                             .agency = request->message.agency,
                             .draw = request->message.draw,
                             .staked = {.count = count}};
    memcpy (staked.staked.root, root->of, sizeof root->of);
    clerk_tell_state (clerk, request, &staked);
}

static void tell_award (clerk_t *clerk, const request_t *request,
                        const job_done_t *done)
{
    uint8_t *bytes = malloc (done->won_count * WIRE_AWARD_BYTES), *at = bytes;
    assert (bytes);
    for (size_t i = 0; i < done->won_count; i++) {
        const won_t *won = &done->won[i];
        wire_award_t award = {.agency = won->agency, .count = won->count};
        memcpy (award.root, won->root.of, sizeof award.root);
        at = wire_awarded_put (at, &award);
    }
    const wire_message_t awarded = {.command = WIRE_AWARDED,
                                    .draw = request->message.draw,
                                    .awarded = bytes_of (bytes, (size_t) (at - bytes))};
    clerk_tell_state (clerk, request, &awarded);
    free (bytes);
}

static void tell_root (clerk_t *clerk, const request_t *request, const hash_t *root)
{
    const wire_root_t *asked = &request->message.root;
    wire_message_t rooted = {.command = WIRE_ROOTED,
                             .agency = request->message.agency,
                             .draw = request->message.draw,
                             .rooted = {.from = asked->from, .count = asked->count}};
    memcpy (rooted.rooted.root, root->of, sizeof root->of);
    clerk_answer (clerk, request, &rooted);
}
