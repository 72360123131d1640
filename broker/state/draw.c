/* draw.c - a draw's automaton. State; pure. */

#include "draw.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    bool asked, excused, served; // asked: by S, or by Y
    bool ended;                  // by E: it is about to ask
    uint32_t cancelled;
    uint32_t asked_s, served_s; // when, in seconds since 1970
    uint64_t count;             // these three: what it asked, or ended its sale, with
    uint64_t digest;
} seat_t;

struct draw {
    draw_facts_t facts;
    uint32_t number;
    uint32_t excused_served;
    uint32_t awaited;     // agencies that have neither asked nor been excused
    seat_t *roll;         // by agency, from 1
    provable_t *provable; // NULL: it is a plain one
    uint32_t missing[WAITING_NAMES_MAX]; // the first that are not complete, or 0 ...
    uint32_t looked;                     // ... among those up to here
};

static int open_roll (draw_t *draw, const wire_event_t *event);
static bool terms_sound (const wire_event_t *event);
static int seal_agency (draw_t *draw, const wire_event_t *event);
static void note_tally (seat_t *seat, const wire_event_t *event);
static int end_sale (draw_t *draw, const wire_event_t *event);
static int excuse_agency (draw_t *draw, const wire_event_t *event);
static void wait_for_one_less (draw_t *draw, uint32_t agency, uint64_t time_ms);
static void no_longer_missing (draw_t *draw, uint32_t agency);
static void look_for_missing (draw_t *draw, size_t kept);
static int close_all (draw_t *draw, const wire_event_t *event);
static void closed (draw_t *draw, uint64_t time_ms);
static int apply_paper (draw_t *draw, const wire_event_t *event);
static void note_terms (draw_facts_t *facts, const open_t *open);
static void look_for_notes (const draw_t *draw, uint32_t missing[WAITING_NAMES_MAX]);
static int make (draw_t *draw, const wire_event_t *event);
static int serve_agency (draw_t *draw, const wire_event_t *event);
static int make_void (draw_t *draw, const wire_event_t *event);
static void keep_text (char *kept, size_t size, bytes_t text);

draw_t *draw_new (uint64_t identity)
{
    draw_t *draw = calloc (1, sizeof *draw);
    assert (draw);
    draw->facts.identity = identity;
    return draw;
}

void draw_destroy (draw_t **draw)
{
    if (*draw) {
        provable_destroy (&(*draw)->provable);
        free ((*draw)->roll);
        free (*draw);
    }
    *draw = NULL;
}

int draw_apply (draw_t *draw, const wire_event_t *event)
{
    switch (event->kind) {
    case EVENT_OPENED:
        return open_roll (draw, event);
    case EVENT_SEALED:
        return seal_agency (draw, event);
    case EVENT_ENDED:
        return end_sale (draw, event);
    case EVENT_EXCUSED:
        return excuse_agency (draw, event);
    case EVENT_CLOSED:
        return close_all (draw, event);
    case EVENT_DRAWN:
        return make (draw, event);
    case EVENT_SERVED:
        return serve_agency (draw, event);
    case EVENT_VOIDED:
        return make_void (draw, event);
    default:
        return draw->provable && wire_event_has_paper (event->kind)
                   ? apply_paper (draw, event)
                   : -1;
    }
}

draw_answer_t draw_ready (const draw_t *draw, uint32_t agency,
                          const wire_tally_t *tally, wire_code_t *code)
{
    const draw_answer_t answer = draw->provable ? draw_commit (draw, agency, code)
                                                : draw_results (draw, agency, code);
    if (*code != REFUSED_OK)
        return DRAW_REFUSE;
    const seat_t *seat = &draw->roll[agency];
    if (!seat->asked && !seat->ended)
        return DRAW_RECORD;
    if (seat->count != tally->count || seat->cancelled != tally->cancelled)
        *code = REFUSED_TALLY;
    else if (seat->digest != tally->digest)
        *code = REFUSED_CONFLICT;
    if (*code != REFUSED_OK)
        return DRAW_REFUSE;
    return seat->asked ? answer : DRAW_WAIT;
}

draw_answer_t draw_commit (const draw_t *draw, uint32_t agency, wire_code_t *code)
{
    const draw_answer_t answer = draw_results (draw, agency, code);
    if (answer == DRAW_REFUSE)
        return answer;
    if (!draw->provable || (!draw->roll[agency].asked && draw_sealed (draw)))
        *code = REFUSED_PHASE;
    else if (!draw_noted (draw))
        *code = REFUSED_BUSY;
    else
        return draw->roll[agency].asked ? answer : DRAW_RECORD;
    return DRAW_REFUSE;
}

draw_answer_t draw_reveal (const draw_t *draw, uint32_t agency, wire_code_t *code)
{
    const draw_answer_t answer = draw_results (draw, agency, code);
    if (answer == DRAW_REFUSE)
        return answer;
    if (!draw->provable || !draw->roll[agency].asked || !draw_sealed (draw))
        *code = REFUSED_PHASE;
    else
        return provable_revealed (draw->provable, agency) ? answer : DRAW_RECORD;
    return DRAW_REFUSE;
}

draw_answer_t draw_results (const draw_t *draw, uint32_t agency, wire_code_t *code)
{
    *code = REFUSED_OK;
    if (!draw_on_roll (draw, agency))
        *code = REFUSED_AGENCY;
    else if (draw->facts.phase == PHASE_VOID)
        *code = REFUSED_VOID;
    else
        return draw_told (draw) ? DRAW_TELL : DRAW_WAIT;
    return DRAW_REFUSE;
}

wire_code_t draw_done (const draw_t *draw, uint32_t agency)
{
    wire_code_t code;
    return draw_results (draw, agency, &code) == DRAW_WAIT ? REFUSED_UNDRAWN : code;
}

const draw_facts_t *draw_facts (const draw_t *draw)
{
    return &draw->facts;
}

bool draw_on_roll (const draw_t *draw, uint32_t agency)
{
    return agency >= 1 && agency <= draw->facts.agencies;
}

bool draw_asked (const draw_t *draw, uint32_t agency)
{
    return draw_on_roll (draw, agency) && draw->roll[agency].asked;
}

bool draw_ended (const draw_t *draw, uint32_t agency)
{
    return draw_on_roll (draw, agency) && draw->roll[agency].ended &&
           !draw->roll[agency].asked;
}

bool draw_excused (const draw_t *draw, uint32_t agency)
{
    return draw_on_roll (draw, agency) && draw->roll[agency].excused;
}

bool draw_served (const draw_t *draw, uint32_t agency)
{
    return draw_on_roll (draw, agency) && draw->roll[agency].served;
}

uint32_t draw_asked_s (const draw_t *draw, uint32_t agency)
{
    return draw_on_roll (draw, agency) ? draw->roll[agency].asked_s : 0;
}

uint32_t draw_served_s (const draw_t *draw, uint32_t agency)
{
    return draw_on_roll (draw, agency) ? draw->roll[agency].served_s : 0;
}

uint64_t draw_count (const draw_t *draw, uint32_t agency)
{
    return draw_asked (draw, agency) ? draw->roll[agency].count : UINT64_MAX;
}

void draw_missing (const draw_t *draw, uint32_t missing[WAITING_NAMES_MAX])
{
    if (draw->provable)
        look_for_notes (draw, missing);
    else if (draw->facts.phase == PHASE_OPEN)
        memcpy (missing, draw->missing, sizeof draw->missing);
    else
        memset (missing, 0, sizeof draw->missing);
}

wire_day_t draw_day (const draw_t *draw, uint32_t agency)
{
    if (draw->facts.phase == PHASE_VOID)
        return DAY_VOID;
    if (draw_told (draw))
        return DAY_DRAWN;
    if (draw_sealed (draw) && draw_asked (draw, agency))
        return DAY_LOCKED;
    return draw_sealed (draw) || draw->facts.phase == PHASE_CLOSED ||
                   draw_asked (draw, agency) || draw_excused (draw, agency) ||
                   draw_ended (draw, agency)
               ? DAY_SEALED
               : DAY_OPEN;
}

bool draw_due (const draw_t *draw)
{
    if (draw->provable)
        return draw->facts.phase == PHASE_SEALED &&
               draw->facts.revealed == draw->facts.asked;
    return draw->facts.phase == PHASE_CLOSED && draw->facts.source != SOURCE_ENTERED;
}

bool draw_made (const draw_t *draw)
{
    return draw->facts.phase == PHASE_DRAWN;
}

bool draw_told (const draw_t *draw)
{
    return draw_made (draw) && (!draw->provable || draw->facts.published);
}

bool draw_sealed (const draw_t *draw)
{
    return draw->facts.sealed_ms > 0;
}

bool draw_noted (const draw_t *draw)
{
    return !draw->provable || provable_open (draw->provable);
}

const provable_t *draw_provable (const draw_t *draw)
{
    return draw->provable;
}

void draw_progress (const draw_t *draw, uint32_t *ready, uint32_t *agencies)
{
    const draw_facts_t *facts = &draw->facts;
    *ready = draw_sealed (draw) ? facts->revealed
             : draw->provable   ? facts->agencies - draw->awaited
                                : facts->complete;
    *agencies = draw_sealed (draw) ? facts->asked : facts->agencies;
}

uint32_t draw_awaited (const draw_t *draw)
{
    return draw->awaited;
}

bool draw_finished (const draw_t *draw)
{
    return draw_told (draw) || draw->facts.phase == PHASE_VOID;
}

bool draw_over (const draw_t *draw)
{
    const draw_facts_t *facts = &draw->facts;
    return facts->phase == PHASE_VOID ||
           (draw_made (draw) &&
            facts->served - draw->excused_served == facts->agencies - facts->excused);
}

uint32_t draw_number (const draw_t *draw)
{
    return draw->number;
}

uint32_t draw_due_number (const draw_t *draw)
{
    return draw->provable && draw_due (draw) ? provable_number (draw->provable)
                                             : draw->number;
}

static int open_roll (draw_t *draw, const wire_event_t *event)
{
    draw_facts_t *facts = &draw->facts;
    if (facts->phase != PHASE_PLANNED || !terms_sound (event))
        return -1;
    facts->phase = PHASE_OPEN;
    facts->agencies = event->agencies;
    facts->highest = event->highest;
    facts->source = event->source;
    facts->closes_ms = event->closes_ms;
    facts->opened_ms = event->time_ms;
    keep_text (facts->name, sizeof facts->name, event->text);
    draw->number = event->number;
    draw->roll = calloc ((size_t) event->agencies + 1, sizeof (seat_t));
    assert (draw->roll);
    draw->looked = 0;
    draw->awaited = event->agencies;
    if (event->source == SOURCE_PROVABLE)
        draw->provable = provable_new (event);
    look_for_missing (draw, 0);
    return 0;
}

static bool terms_sound (const wire_event_t *event)
{
    return !draw_name_fault (event->text) && event->agencies >= 1 &&
           event->agencies <= (event->source == SOURCE_PROVABLE ? PROVABLE_AGENCIES_MAX
                                                                : AGENCIES_MAX) &&
           event->highest <= NUMBER_MAX_MAX &&
           (event->source == SOURCE_FIXED     ? event->number <= event->highest
            : event->source == SOURCE_ENTERED ? event->number == 0
            : event->source == SOURCE_RANDOM || event->source == SOURCE_PROVABLE
                ? event->number == 0
                : false);
}

/* Also of one that was excused, and when the draw is closed, or drawn: it then confirms
   what it was stored. */
static int seal_agency (draw_t *draw, const wire_event_t *event)
{
    if (!draw_on_roll (draw, event->agency) || draw->facts.phase == PHASE_VOID ||
        draw->roll[event->agency].asked ||
        (event->kind == EVENT_SEALED) == (draw->provable != NULL))
        return -1;
    seat_t *seat = &draw->roll[event->agency];
    seat->asked = true;
    note_tally (seat, event);
    seat->asked_s = (uint32_t) (event->time_ms / 1000);
    draw->facts.asked++;
    draw->awaited -= !seat->excused;
    if (!seat->excused)
        wait_for_one_less (draw, event->agency, event->time_ms);
    return 0;
}

static void note_tally (seat_t *seat, const wire_event_t *event)
{
    seat->count = event->count;
    seat->digest = event->digest;
    seat->cancelled = event->cancelled;
}

/* It is waited for as before. */
static int end_sale (draw_t *draw, const wire_event_t *event)
{
    const wire_phase_t phase = draw->facts.phase;
    if (!draw->provable || !draw_noted (draw) ||
        (phase != PHASE_OPEN && phase != PHASE_CLOSED) ||
        !draw_on_roll (draw, event->agency) || draw->roll[event->agency].asked ||
        draw->roll[event->agency].ended)
        return -1;
    draw->roll[event->agency].ended = true;
    note_tally (&draw->roll[event->agency], event);
    return 0;
}

static int excuse_agency (draw_t *draw, const wire_event_t *event)
{
    if (draw->facts.phase != PHASE_OPEN || !draw_on_roll (draw, event->agency) ||
        draw->roll[event->agency].asked || draw->roll[event->agency].excused)
        return -1;
    draw->roll[event->agency].excused = true;
    draw->facts.excused++;
    draw->awaited--;
    wait_for_one_less (draw, event->agency, event->time_ms);
    return 0;
}

static void wait_for_one_less (draw_t *draw, uint32_t agency, uint64_t time_ms)
{
    draw_facts_t *facts = &draw->facts;
    if (facts->phase != PHASE_OPEN)
        return; // then it waits for nobody
    facts->complete++;
    no_longer_missing (draw, agency);
    if (facts->closes_ms == CLOSES_ALL_ASKED && facts->complete == facts->agencies)
        closed (draw, time_ms);
}

static void no_longer_missing (draw_t *draw, uint32_t agency)
{
    uint32_t *const missing = draw->missing;
    size_t kept = 0;
    for (size_t i = 0; i < WAITING_NAMES_MAX && missing[i] > 0; i++)
        if (missing[i] != agency)
            missing[kept++] = missing[i];
    look_for_missing (draw, kept);
}

/* Everybody up to `looked` is complete, or among the first `kept`: so nobody is looked
   at twice. */
static void look_for_missing (draw_t *draw, size_t kept)
{
    for (; kept < WAITING_NAMES_MAX && draw->looked < draw->facts.agencies;) {
        const seat_t *seat = &draw->roll[++draw->looked];
        if (!seat->asked && !seat->excused)
            draw->missing[kept++] = draw->looked;
    }
    for (; kept < WAITING_NAMES_MAX; kept++)
        draw->missing[kept] = 0;
}

static int close_all (draw_t *draw, const wire_event_t *event)
{
    if (draw->facts.phase != PHASE_OPEN)
        return -1;
    keep_text (draw->facts.note, sizeof draw->facts.note, event->text);
    closed (draw, event->time_ms);
    return 0;
}

static void closed (draw_t *draw, uint64_t time_ms)
{
    draw->facts.phase = PHASE_CLOSED;
    draw->facts.closed_ms = time_ms;
    draw->facts.complete = draw->facts.agencies;
}

/* Each is held against the notes before it; then it is how far the draw is. */
static int apply_paper (draw_t *draw, const wire_event_t *event)
{
    draw_facts_t *facts = &draw->facts;
    const bool open = facts->phase == PHASE_OPEN || facts->phase == PHASE_CLOSED;
    const wire_phase_t phase = facts->phase;
    const bool may = event->kind == EVENT_NOTED || event->kind == EVENT_COMMITTED ? open
                     : event->kind == EVENT_LOCKED ? phase == PHASE_CLOSED
                     : event->kind == EVENT_PUBLISHED
                         ? phase == PHASE_DRAWN && !facts->published
                         : phase == PHASE_SEALED;
    if (!may || provable_apply (draw->provable, event) == -1)
        return -1;
    switch (event->kind) {
    case EVENT_NOTED:
        note_terms (facts, provable_open (draw->provable));
        return 0;
    case EVENT_COMMITTED:
        return seal_agency (draw, event);
    case EVENT_LOCKED:
        facts->phase = PHASE_SEALED;
        facts->sealed_ms = event->time_ms > 0 ? event->time_ms : 1;
        return 0;
    case EVENT_ATTESTED:
        facts->attested = true;
        return 0;
    case EVENT_REVEALED:
        facts->revealed++;
        return 0;
    default:
        facts->published = true;
        return 0;
    }
}

static void note_terms (draw_facts_t *facts, const open_t *open)
{
    facts->least = open->least;
    facts->commit_s = open->commit_s;
    facts->audited = open->audited;
    facts->demo = open->demo;
}

/* Of a provable draw: who has not committed; and once it is sealed, who of those that
   have has not revealed. */
static void look_for_notes (const draw_t *draw, uint32_t missing[WAITING_NAMES_MAX])
{
    const draw_facts_t *facts = &draw->facts;
    size_t kept = 0;
    memset (missing, 0, WAITING_NAMES_MAX * sizeof *missing);
    if (draw_made (draw) || facts->phase == PHASE_VOID)
        return;
    for (uint32_t agency = 1; agency <= facts->agencies && kept < WAITING_NAMES_MAX;
         agency++) {
        const seat_t *seat = &draw->roll[agency];
        if (draw_sealed (draw)
                ? seat->asked && !provable_revealed (draw->provable, agency)
                : !seat->asked && !seat->excused)
            missing[kept++] = agency;
    }
}

static int make (draw_t *draw, const wire_event_t *event)
{
    draw_facts_t *facts = &draw->facts;
    if (draw->provable
            ? !draw_due (draw) || event->number != provable_number (draw->provable)
            : facts->phase != PHASE_CLOSED)
        return -1;
    if (event->number > facts->highest ||
        (facts->source == SOURCE_FIXED && event->number != draw->number))
        return -1;
    draw->number = event->number;
    facts->phase = PHASE_DRAWN;
    facts->drawn_ms = event->time_ms;
    return 0;
}

static int serve_agency (draw_t *draw, const wire_event_t *event)
{
    if (!draw_told (draw) || !draw_on_roll (draw, event->agency) ||
        draw->roll[event->agency].served)
        return -1;
    draw->roll[event->agency].served = true;
    draw->roll[event->agency].served_s = (uint32_t) (event->time_ms / 1000);
    draw->facts.served++;
    draw->excused_served += draw->roll[event->agency].excused;
    return 0;
}

static int make_void (draw_t *draw, const wire_event_t *event)
{
    if (draw->facts.phase != PHASE_OPEN && draw->facts.phase != PHASE_CLOSED)
        return -1;
    keep_text (draw->facts.note, sizeof draw->facts.note,
               draw->provable ? provable_void_note (event->text) : event->text);
    draw->facts.phase = PHASE_VOID;
    draw->facts.drawn_ms = event->time_ms;
    return 0;
}

static void keep_text (char *kept, size_t size, bytes_t text)
{
    const size_t length = text.size < size ? text.size : size - 1;
    if (length > 0)
        memcpy (kept, text.data, length);
    kept[length] = 0;
}
