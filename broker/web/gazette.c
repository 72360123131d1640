/* gazette.c - notes of provable draws: loteria-web. One question at a time, for a few
   pages: what else is asked of storage has its turn in between. */

#include "gazette.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gathering.h"
#include "json.h"

#define PAGES_AT_ONCE 16
#define AGAIN_MS      1500 // between two sweeps, and after what was not answered

typedef struct {
    char name[DRAW_NAME_BYTES_MAX + 1]; // "": free
    uint64_t opened_ms;
    int64_t looked_ms;
    gathering_t gathering; // its draw is 0 until it was looked up
    bool swept;            // at least once, whole
    bool sweeps;           // a sweep is under way
    bool complete;         // as far as state says, there is no more
    int64_t later_ms;
    char reason[REFUSAL_TEXT_MAX + 1]; // why there is nothing, "" if it is not known
    content_t *told;                   // as JSON, until there is more
} issue_t;

struct gazette {
    issue_t issues[GAZETTE_DRAWS_MAX];
    issue_t *asks; // the one whose question is under way, or NULL
    int64_t now_ms;
};

static issue_t *find (gazette_t *gazette, const view_draw_t *draw);
static issue_t *make_room (gazette_t *gazette);
static void forget (issue_t *issue);
static issue_t *choose (gazette_t *gazette, const view_t *view);
static bool is_complete (const issue_t *issue, const view_draw_t *draw);
static void ask (gazette_t *gazette, issue_t *issue, asker_t *asker);
static bool has (const issue_t *issue, wire_which_t which);
static asker_say_t take_identity (void *context, wire_message_t *question,
                                  const wire_message_t *answer);
static asker_say_t take_note (void *context, wire_message_t *question,
                              const wire_message_t *answer);
static void over (void *context, status_part_t part, const char *reason);
static content_t *tell (const issue_t *issue);
static void put_note (json_t *json, const issue_t *issue, const char *key,
                      wire_which_t which);
static void put_agencies (json_t *json, const issue_t *issue, const char *key,
                          wire_which_t which);
static bytes_t lines_of (wire_which_t which, bytes_t note);

gazette_t *gazette_new (void)
{
    gazette_t *gazette = calloc (1, sizeof *gazette);
    assert (gazette);
    return gazette;
}

void gazette_destroy (gazette_t **gazette)
{
    if (*gazette)
        gazette_lose (*gazette);
    free (*gazette);
    *gazette = NULL;
}

content_t *gazette_look (gazette_t *gazette, const view_draw_t *draw, int64_t now_ms)
{
    issue_t *issue = find (gazette, draw);
    if (!issue) {
        issue = make_room (gazette);
        snprintf (issue->name, sizeof issue->name, "%s", draw->name);
        issue->opened_ms = draw->opened_ms;
        issue->gathering.publication = publication_new (false, false);
        issue->gathering.pages = PAGES_AT_ONCE;
    }
    issue->looked_ms = now_ms;
    issue->complete = is_complete (issue, draw);
    content_release (&issue->told);
    issue->told = tell (issue);
    return content_hold (issue->told);
}

void gazette_turn (gazette_t *gazette, const view_t *view, asker_t *asker,
                   int64_t now_ms)
{
    gazette->now_ms = now_ms;
    if (!view || !asker || gazette->asks)
        return;
    issue_t *issue = choose (gazette, view);
    if (issue)
        ask (gazette, issue, asker);
}

void gazette_lose (gazette_t *gazette)
{
    gazette->asks = NULL;
    for (size_t i = 0; i < GAZETTE_DRAWS_MAX; i++)
        forget (&gazette->issues[i]);
}

static issue_t *find (gazette_t *gazette, const view_draw_t *draw)
{
    for (size_t i = 0; i < GAZETTE_DRAWS_MAX; i++) {
        issue_t *issue = &gazette->issues[i];
        if (*issue->name && strcmp (issue->name, draw->name) == 0 &&
            issue->opened_ms == draw->opened_ms)
            return issue;
    }
    return NULL;
}

/* The one that nobody has looked at for longest; not that which is being asked for. */
static issue_t *make_room (gazette_t *gazette)
{
    issue_t *found = NULL;
    for (size_t i = 0; i < GAZETTE_DRAWS_MAX; i++) {
        issue_t *issue = &gazette->issues[i];
        if (issue != gazette->asks &&
            (!found || !*issue->name ||
             (*found->name && issue->looked_ms < found->looked_ms)))
            found = issue;
    }
    forget (found);
    return found;
}

static void forget (issue_t *issue)
{
    publication_destroy (&issue->gathering.publication);
    content_release (&issue->told);
    *issue = (issue_t){0};
}

/* Whose sweep goes on, or is due. */
static issue_t *choose (gazette_t *gazette, const view_t *view)
{
    for (size_t i = 0; i < GAZETTE_DRAWS_MAX; i++) {
        issue_t *issue = &gazette->issues[i];
        const view_draw_t *draw = *issue->name ? view_draw (view, issue->name) : NULL;
        if (!draw || gazette->now_ms < issue->later_ms ||
            gazette->now_ms > issue->looked_ms + GAZETTE_LOOKED_MS)
            continue;
        if (issue->sweeps || !is_complete (issue, draw))
            return issue;
    }
    return NULL;
}

/* Whether there is all that there should be by now, by what state says. */
static bool is_complete (const issue_t *issue, const view_draw_t *draw)
{
    const publication_t *publication = issue->gathering.publication;
    const bool sealed = draw->phase == PHASE_SEALED || draw->phase == PHASE_DRAWN;
    return issue->swept && !issue->sweeps && has (issue, NOTE_OPEN) &&
           publication_count (publication, NOTE_RECEIPT) >= draw->ready &&
           (!sealed || has (issue, NOTE_SEAL)) &&
           publication_count (publication, NOTE_COUNTERSIGNED) >= draw->revealed &&
           (draw->phase != PHASE_DRAWN || has (issue, NOTE_RESULT)) &&
           (draw->phase != PHASE_VOID || has (issue, NOTE_VOID));
}

static void ask (gazette_t *gazette, issue_t *issue, asker_t *asker)
{
    asker_question_t question = {.over = over, .context = gazette};
    const bool known = issue->gathering.draw != 0;
    if (known && !issue->sweeps)
        publication_again (issue->gathering.publication);
    if (!known) {
        question.take = take_identity;
        question.message = (wire_message_t){
            .command = WIRE_LOOKUP,
            .lookup = {.name = bytes_of (issue->name, strlen (issue->name))}};
    } else if (gathering_ask (&issue->gathering, &question.message)) {
        question.take = take_note;
        issue->sweeps = true;
    } else {
        issue->swept = true; // there is nothing to ask for
        issue->sweeps = false;
        issue->later_ms = gazette->now_ms + AGAIN_MS;
        return;
    }
    gazette->asks = issue;
    issue->later_ms = gazette->now_ms + AGAIN_MS; // unless it is answered
    if (!asker_ask (asker, known ? STATUS_STORAGE : STATUS_STATE, &question,
                    gazette->now_ms))
        gazette->asks = NULL;
}

static bool has (const issue_t *issue, wire_which_t which)
{
    return publication_find (issue->gathering.publication, which, 0).data != NULL;
}

static asker_say_t take_identity (void *context, wire_message_t *question,
                                  const wire_message_t *answer)
{
    gazette_t *gazette = context;
    (void) question;
    if (answer && answer->command == WIRE_DRAW)
        gazette->asks->gathering.draw = answer->draw;
    return ASKER_OVER;
}

static asker_say_t take_note (void *context, wire_message_t *question,
                              const wire_message_t *answer)
{
    gazette_t *gazette = context;
    return gathering_take (&gazette->asks->gathering, question, answer);
}

static void over (void *context, status_part_t part, const char *reason)
{
    gazette_t *gazette = context;
    issue_t *issue = gazette->asks;
    wire_fetch_t next;
    if (!issue)
        return;
    gazette->asks = NULL;
    const bool refused = issue->gathering.code != 0;
    const bool more = publication_next (issue->gathering.publication, &next);
    if (reason)
        snprintf (issue->reason, sizeof issue->reason, "%s: %s",
                  status_part_name (part), reason);
    else
        snprintf (issue->reason, sizeof issue->reason, "%s",
                  refused ? issue->gathering.text : "");
    if (reason || refused) {
        issue->gathering.draw = 0; // it may have been put away meanwhile
        issue->sweeps = false;
        return;
    }
    if (part == STATUS_STATE || more) {
        issue->later_ms = issue->gathering.draw ? 0 : issue->later_ms;
        return;
    }
    issue->swept = true;
    issue->sweeps = false;
}

/* ---- As JSON --------------------------------------------------------------------- */

static content_t *tell (const issue_t *issue)
{
    json_t *json = json_new ();
    size_t size;
    const char *fault = issue->gathering.fault;
    json_object (json, NULL);
    json_text (json, "draw", issue->name);
    json_bool (json, "fetched", issue->swept && has (issue, NOTE_OPEN));
    json_bool (json, "complete", issue->complete);
    json_text (json, "reason", *issue->reason ? issue->reason : fault);
    put_note (json, issue, "open", NOTE_OPEN);
    put_note (json, issue, "seal", NOTE_SEAL);
    put_note (json, issue, "auditor", NOTE_ATTESTED);
    put_note (json, issue, "result", NOTE_RESULT);
    put_note (json, issue, "void", NOTE_VOID);
    put_agencies (json, issue, "receipts", NOTE_RECEIPT);
    put_agencies (json, issue, "countersigned", NOTE_COUNTERSIGNED);
    json_end (json);
    json_newline (json);
    char *text = json_finish (&json, &size);
    return content_new (text, size);
}

static void put_note (json_t *json, const issue_t *issue, const char *key,
                      wire_which_t which)
{
    const bytes_t note = publication_find (issue->gathering.publication, which, 0);
    json_line (json);
    if (issue->swept && note.data)
        json_bytes (json, key, lines_of (which, note));
    else
        json_null (json, key);
}

static void put_agencies (json_t *json, const issue_t *issue, const char *key,
                          wire_which_t which)
{
    const publication_t *publication = issue->gathering.publication;
    const size_t agencies = issue->swept ? publication_agencies (publication) : 0;
    json_array (json, key);
    for (size_t i = 0; i < agencies; i++) {
        const uint32_t agency = publication_agency (publication, i);
        const bytes_t note = publication_find (publication, which, agency);
        if (!note.data)
            continue;
        json_line (json);
        json_object (json, NULL);
        json_number (json, "agency", agency);
        json_bytes (json, "text", lines_of (which, note));
        json_end (json);
    }
    json_end (json);
}

/* Of a seal that was signed again the lines that sign it, without the empty one. */
static bytes_t lines_of (wire_which_t which, bytes_t note)
{
    return which == NOTE_COUNTERSIGNED || which == NOTE_ATTESTED
               ? bytes_of (note.data + 1, note.size - 1)
               : note;
}
