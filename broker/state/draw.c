/* draw.c - a draw's automaton. State; pure. */

#include "draw.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    bool asked, excused, served;
    uint32_t cancelled;
    uint32_t asked_s, served_s; // when, in seconds since 1970
    uint64_t count;             // these three: what it asked with
    uint64_t digest;
} seat_t;

struct draw {
    draw_facts_t facts;
    uint32_t number;
    uint32_t excused_served;
    seat_t *roll;                        // by agency, from 1
    uint32_t missing[WAITING_NAMES_MAX]; // the first that are not complete, or 0 ...
    uint32_t looked;                     // ... among those up to here
};

static int open_roll (draw_t *draw, const wire_event_t *event);
static bool terms_sound (const wire_event_t *event);
static int seal_agency (draw_t *draw, const wire_event_t *event);
static int excuse_agency (draw_t *draw, const wire_event_t *event);
static void wait_for_one_less (draw_t *draw, uint32_t agency, uint64_t time_ms);
static void no_longer_missing (draw_t *draw, uint32_t agency);
static void look_for_missing (draw_t *draw, size_t kept);
static int close_all (draw_t *draw, const wire_event_t *event);
static void closed (draw_t *draw, uint64_t time_ms);
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
        return -1;
    }
}

draw_answer_t draw_ready (const draw_t *draw, uint32_t agency,
                          const wire_tally_t *tally, wire_code_t *code)
{
    const draw_answer_t answer = draw_results (draw, agency, code);
    if (answer == DRAW_REFUSE)
        return answer;
    const seat_t *seat = &draw->roll[agency];
    if (!seat->asked)
        return DRAW_ASK_SEAL;
    if (seat->count != tally->count || seat->cancelled != tally->cancelled)
        *code = REFUSED_TALLY;
    else if (seat->digest != tally->digest)
        *code = REFUSED_CONFLICT;
    return *code == REFUSED_OK ? answer : DRAW_REFUSE;
}

draw_answer_t draw_results (const draw_t *draw, uint32_t agency, wire_code_t *code)
{
    *code = REFUSED_OK;
    if (!draw_on_roll (draw, agency))
        *code = REFUSED_AGENCY;
    else if (draw->facts.phase == PHASE_VOID)
        *code = REFUSED_VOID;
    else
        return draw_made (draw) ? DRAW_TELL : DRAW_WAIT;
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
    if (draw->facts.phase == PHASE_OPEN)
        memcpy (missing, draw->missing, sizeof draw->missing);
    else
        memset (missing, 0, sizeof draw->missing);
}

wire_day_t draw_day (const draw_t *draw, uint32_t agency)
{
    if (draw->facts.phase == PHASE_VOID)
        return DAY_VOID;
    if (draw_made (draw))
        return DAY_DRAWN;
    return draw->facts.phase == PHASE_CLOSED || draw_asked (draw, agency) ||
                   draw_excused (draw, agency)
               ? DAY_SEALED
               : DAY_OPEN;
}

bool draw_due (const draw_t *draw)
{
    return draw->facts.phase == PHASE_CLOSED && draw->facts.source != SOURCE_ENTERED;
}

bool draw_made (const draw_t *draw)
{
    return draw->facts.phase == PHASE_DRAWN;
}

bool draw_finished (const draw_t *draw)
{
    return draw_made (draw) || draw->facts.phase == PHASE_VOID;
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
    look_for_missing (draw, 0);
    return 0;
}

static bool terms_sound (const wire_event_t *event)
{
    return !draw_name_fault (event->text) && event->agencies >= 1 &&
           event->agencies <= AGENCIES_MAX && event->highest <= NUMBER_MAX_MAX &&
           (event->source == SOURCE_FIXED     ? event->number <= event->highest
            : event->source == SOURCE_ENTERED ? event->number == 0
            : event->source == SOURCE_RANDOM  ? event->number == 0
                                              : false);
}

/* Also of one that was excused, and when the draw is closed, or drawn: it then confirms
   what it was stored. */
static int seal_agency (draw_t *draw, const wire_event_t *event)
{
    if (!draw_on_roll (draw, event->agency) || draw->facts.phase == PHASE_VOID ||
        draw->roll[event->agency].asked)
        return -1;
    seat_t *seat = &draw->roll[event->agency];
    seat->asked = true;
    seat->count = event->count;
    seat->digest = event->digest;
    seat->cancelled = event->cancelled;
    seat->asked_s = (uint32_t) (event->time_ms / 1000);
    draw->facts.asked++;
    if (!seat->excused)
        wait_for_one_less (draw, event->agency, event->time_ms);
    return 0;
}

static int excuse_agency (draw_t *draw, const wire_event_t *event)
{
    if (draw->facts.phase != PHASE_OPEN || !draw_on_roll (draw, event->agency) ||
        draw->roll[event->agency].asked || draw->roll[event->agency].excused)
        return -1;
    draw->roll[event->agency].excused = true;
    draw->facts.excused++;
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

static int make (draw_t *draw, const wire_event_t *event)
{
    draw_facts_t *facts = &draw->facts;
    if (facts->phase != PHASE_CLOSED || event->number > facts->highest ||
        (facts->source == SOURCE_FIXED && event->number != draw->number))
        return -1;
    draw->number = event->number;
    facts->phase = PHASE_DRAWN;
    facts->drawn_ms = event->time_ms;
    return 0;
}

static int serve_agency (draw_t *draw, const wire_event_t *event)
{
    if (!draw_made (draw) || !draw_on_roll (draw, event->agency) ||
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
    keep_text (draw->facts.note, sizeof draw->facts.note, event->text);
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
