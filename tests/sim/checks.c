/* checks.c - the invariants of a simulated day. */

#include "checks.h"

#include "database.h"
#include "fair.h"
#include "scan.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#define PAGES_MAX      16
#define ENVELOPED_HEAD 20 // size and envelope, before a message in a bundle
#define BODY           WIRE_HEADER_BYTES
#define ENVELOPE_BYTES 16
#define HEARD          512
/* After faults stop: everything under way is acknowledged, everybody has ended. The
   README says where these come from. */
/* A sync of three seconds at a part, then the longest wait of an agency, twice. */
#define ACKNOWLEDGED_MS 9000
#define ENDED_MS        18000

typedef struct { // a page of winners, as it was told first
    uint64_t cursor, next;
    uint32_t number, count;
    size_t size;
    uint8_t documents[WINNERS_PAGE_BYTES];
} page_t;

typedef struct { // what an agency's processes said and heard of a draw
    uint64_t sent, acknowledged;
    bool sealed;
    uint64_t sealed_count;
    page_t *pages[PAGES_MAX];
    int pages_count;
    uint64_t sequence; // of the last head that it was told, and the head
    uint8_t head[SCAN_HASH_BYTES];
    bool ended_well;
    uint64_t sent_at_calm;
    bool settled;       // all that was acknowledged, or cannot be any more
    uint64_t cancel;    // the bet that it cancels
    bool may_cancel;    // as it began, that was possible
    uint32_t cancels;   // times it tried
    uint32_t cancelled; // bets that it was told to be
} told_t;

typedef struct {   // a question to one of two storages
    uint64_t hash; // of its envelope; 0: none
    bool late;     // it came when another one served already
} heard_t;

typedef struct { // one of two machines
    scan_t scan; // of what is durable there
    uint64_t version;
    heard_t heard[HEARD]; // each at a place by its hash
} machine_checks_t;

struct checks {
    world_t *world; // borrowed
    told_t told[PLAN_DRAWS_MAX][PLAN_AGENCIES_MAX + 1];
    int64_t opened_ms[PLAN_DRAWS_MAX]; // when that became durable; -1 before
    int64_t calm_ms;                   // -1 before
    uint64_t version;                  // of the disk, as it was scanned
    scan_in_time_t in_time;
    scan_t scan; // of what is durable; of two machines: of the database only
    machine_checks_t machine[WORLD_MACHINES];
};

static bool of_this_draw (checks_t *checks, const node_t *node, bytes_t message);
static void take_welcome (checks_t *checks, const node_t *node, bytes_t message);
static void take_waiting (checks_t *checks, const node_t *node, bytes_t message);
static void take_winners (checks_t *checks, const node_t *node, bytes_t message);
static bool get_page (const checks_t *checks, bytes_t message, page_t *page);
static void check_number (const checks_t *checks, const node_t *node,
                          const page_t *page);
static void take_page (checks_t *checks, const node_t *node, const page_t *page);
static void check_metric (checks_t *checks, const node_t *node, const char *line);
static void take_cancelled (checks_t *checks, const node_t *node, bytes_t message);
static void take_refused (checks_t *checks, const node_t *node, bytes_t message);
static void acknowledge (checks_t *checks, const node_t *node, uint64_t next,
                         uint64_t digest);
static void take_sealed (checks_t *checks, const node_t *node);
static void note_sent (told_t *told, bytes_t batch);
static void check_answer (checks_t *checks, const node_t *node, bytes_t message);
static bool is_durable (const scan_t *scan, bytes_t message);
static bool note_durable (const scan_draw_t *draw, const scan_seat_t *seat,
                          uint8_t which);
static bool refusal_durable (const scan_draw_t *draw, const scan_seat_t *seat,
                             bytes_t message);
static void note_reached (checks_t *checks, const node_t *storage, bytes_t message);
static void note_heard (checks_t *checks, const node_t *storage,
                        const uint8_t *envelope);
static void check_timely (checks_t *checks, const node_t *node,
                          const uint8_t *envelope);
static heard_t *heard_of (checks_t *checks, const node_t *node, uint64_t hash);
static void check_head (checks_t *checks, const node_t *node, bytes_t message,
                        size_t at);
static bool carried_out (const checks_t *checks, const plan_order_t *order,
                         const scan_draw_t *draw);
static const scan_t *scan_of (const checks_t *checks, int machine);
static void look (checks_t *checks, bool whole);
static void look_at_machine (checks_t *checks, int machine, bool whole);
static void note_openings (checks_t *checks);
static void check_files (checks_t *checks, const disk_t *disk);
static void check_draw_files (checks_t *checks, const disk_t *disk, uint32_t which);
static void check_told (checks_t *checks, uint32_t draw, uint32_t agency);
static bool unopened (const checks_t *checks, const node_t *node);
static bool unreadable (const checks_t *checks, const node_t *node, const char *why);
static bool some_failed (const world_t *world);
static bool acknowledged_in_time (checks_t *checks, uint32_t draw, uint32_t agency);
static void check_draw (checks_t *checks, uint32_t which);
static void check_agency (checks_t *checks, uint32_t draw, uint32_t agency);
static void count_up (checks_t *checks, const scan_draw_t *draw);
static void tell_who_hangs (checks_t *checks);
static told_t *told_of (checks_t *checks, const node_t *node);
static const scan_seat_t *seat_of (const checks_t *checks, const node_t *node);
static const scan_draw_t *draw_of (const checks_t *checks, const node_t *node);
static uint64_t number (bytes_t message, size_t at, size_t size);

checks_t *checks_new (world_t *world)
{
    checks_t *checks = calloc (1, sizeof *checks);
    assert (checks);
    checks->world = world;
    checks->calm_ms = -1;
    checks->version = UINT64_MAX;
    memset (checks->opened_ms, -1, sizeof checks->opened_ms);
    scan_begin (&checks->scan, &world->plan, world->database, &checks->in_time);
    for (int i = 0; i < WORLD_MACHINES; i++)
        scan_begin (&checks->machine[i].scan, &world->plan, world->database, NULL);
    return checks;
}

void checks_destroy (checks_t **checks)
{
    if (!*checks)
        return;
    for (int draw = 0; draw < PLAN_DRAWS_MAX; draw++)
        for (int agency = 0; agency <= PLAN_AGENCIES_MAX; agency++)
            for (int i = 0; i < (*checks)->told[draw][agency].pages_count; i++)
                free ((*checks)->told[draw][agency].pages[i]);
    scan_clear (&(*checks)->scan);
    for (int i = 0; i < WORLD_MACHINES; i++)
        scan_clear (&(*checks)->machine[i].scan);
    free (*checks);
    *checks = NULL;
}

void checks_sent (checks_t *checks, const node_t *node, bytes_t message)
{
    told_t *told = told_of (checks, node);
    if (number (message, 3, 1) == WIRE_BATCH)
        note_sent (told, message);
    if (number (message, 3, 1) == WIRE_BATCHES)
        for (size_t at = BODY; at < message.size; at += 4 + number (message, at, 4))
            note_sent (told, bytes_of (message.data + at + 4,
                                       (size_t) number (message, at, 4)));
    world_trace (checks->world, "%s says %s %llu", node->name,
                 wire_command_name (message.data[3]),
                 (unsigned long long) number (message, BODY, 8));
}

void checks_received (checks_t *checks, const node_t *node, bytes_t message)
{
    const uint8_t command = (uint8_t) number (message, 3, 1);
    world_trace (
        checks->world, "%s is told %s %llu%s%s", node->name,
        wire_command_name (command), (unsigned long long) number (message, BODY, 8),
        command == WIRE_REFUSED ? " " : "",
        command == WIRE_REFUSED ? wire_code_name ((uint16_t) number (message, BODY, 2))
                                : "");
    look (checks, false);
    if (!of_this_draw (checks, node, message))
        return;
    switch (command) {
    case WIRE_WELCOME:
        take_welcome (checks, node, message);
        break;
    case WIRE_STORED:
        acknowledge (checks, node, number (message, BODY, 8),
                     number (message, BODY + 8, 8));
        break;
    case WIRE_WAITING:
        take_waiting (checks, node, message);
        break;
    case WIRE_WINNERS:
        take_winners (checks, node, message);
        break;
    case WIRE_CANCELLED:
        take_cancelled (checks, node, message);
        break;
    case WIRE_REFUSED:
        take_refused (checks, node, message);
        break;
    case WIRE_GOODBYE:
        if (!seat_of (checks, node)->served)
            world_violate (checks->world, "I6: GOODBYE to %s is not recorded",
                           node->name);
    }
}

void checks_told (checks_t *checks, const node_t *node, bytes_t bundle)
{
    if (node->ops != &storage_node && node->ops != &state_node)
        return;
    look (checks, false);
    if (bundle.size > BODY && memcmp (bundle.data, "LT", 2) == 0) {
        check_answer (checks, node, bundle); // to an operator
        return;
    }
    for (size_t at = 0; at + ENVELOPED_HEAD < bundle.size;) {
        const size_t size = (size_t) number (bundle, at, 4);
        if (size < ENVELOPED_HEAD + 8 || at + size > bundle.size)
            return;
        check_timely (checks, node, bundle.data + at + 4);
        check_answer (
            checks, node,
            bytes_of (bundle.data + at + ENVELOPED_HEAD, size - ENVELOPED_HEAD));
        at += size;
    }
}

void checks_reached (checks_t *checks, const node_t *storage, bytes_t bundle)
{
    look (checks, false);
    for (size_t at = 0; at + ENVELOPED_HEAD < bundle.size;) {
        const size_t size = (size_t) number (bundle, at, 4);
        if (size < ENVELOPED_HEAD + 8 || at + size > bundle.size)
            return;
        note_heard (checks, storage, bundle.data + at + 4);
        note_reached (
            checks, storage,
            bytes_of (bundle.data + at + ENVELOPED_HEAD, size - ENVELOPED_HEAD));
        at += size;
    }
}

/* What he was told is so, and on disk; but a draw that he opened anew may have been
   opened by somebody else before. */
void checks_ordered (checks_t *checks, const node_t *node, int order,
                     const wire_message_t *ordered)
{
    const plan_t *plan = &checks->world->plan;
    const scan_t *scan = &checks->scan;
    const bytes_t name = ordered->ordered.name;
    look (checks, false);
    for (uint32_t i = 0; i < plan->draws; i++)
        if (bytes_equal (name,
                         bytes_of (plan->draw[i].name, strlen (plan->draw[i].name))) &&
            ordered->ordered.sequence <= scan->records && scan->draw[i].identity &&
            carried_out (checks, &plan->order[order], &scan->draw[i]) &&
            (!plan->order[order].named || plan->order[order].draw == i))
            return;
    world_violate (checks->world,
                   "I10: %s is told that order %d is carried out, with record %llu",
                   node->name, order, (unsigned long long) ordered->ordered.sequence);
}

/* No draw is further than is recorded, and no number is told that is still a secret. */
void checks_listed (checks_t *checks, const wire_message_t *message)
{
    const wire_draw_t *listed = &message->listed;
    look (checks, false);
    const int which = scan_draw (&checks->scan, message->draw);
    const scan_draw_t *draw = which == -1 ? NULL : &checks->scan.draw[which];
    if (listed->total == 0 || listed->phase == PHASE_PLANNED)
        return;
    if (!draw ||
        !bytes_equal (listed->name,
                      bytes_of (checks->world->plan.draw[which].name,
                                strlen (checks->world->plan.draw[which].name))) ||
        (listed->phase == PHASE_CLOSED && !scan_closed (draw)) ||
        (listed->phase == PHASE_SEALED && draw->seal.size == 0) ||
        (listed->phase == PHASE_DRAWN && !draw->drawn) ||
        (listed->phase == PHASE_VOID && !draw->voided) || listed->ready > draw->ready ||
        listed->agencies != draw->agencies || listed->highest != draw->highest ||
        (listed->phase == PHASE_DRAWN && listed->number != draw->number) ||
        ((listed->phase < PHASE_DRAWN || listed->phase == PHASE_SEALED) &&
         draw->source != SOURCE_FIXED && listed->number != 0))
        world_violate (checks->world, "I10: LIST tells what is not so of %.*s",
                       (int) listed->name.size, (const char *) listed->name.data);
}

void checks_reported (checks_t *checks, const node_t *node, bytes_t text)
{
    look (checks, false);
    while (text.size > 0) {
        char line[256];
        const uint8_t *end = memchr (text.data, '\n', text.size);
        const size_t size = end ? (size_t) (end - text.data) : text.size;
        snprintf (line, sizeof line, "%.*s", (int) size, (const char *) text.data);
        if (!end || size == 0 || size >= sizeof line)
            world_violate (checks->world, "I13: %s is told half a line: %s", node->name,
                           line);
        check_metric (checks, node, line);
        text = bytes_of (text.data + size + 1, end ? text.size - size - 1 : 0);
    }
}

void checks_shown (checks_t *checks, const node_t *node, bytes_t winners)
{
    node_t agency = *node;
    page_t page;
    look (checks, false);
    const int which = scan_draw (&checks->scan, number (winners, 8, 8));
    agency.agency = (uint32_t) number (winners, 4, 4);
    agency.draw = (uint32_t) which;
    if (which == -1 || agency.agency < 1 || agency.agency > PLAN_AGENCIES_MAX)
        world_violate (checks->world, "I13: %s is told winners of nobody", node->name);
    else if (get_page (checks, winners, &page)) {
        check_number (checks, &agency, &page);
        take_page (checks, &agency, &page);
    }
}

uint64_t checks_identity (const checks_t *checks, uint32_t draw)
{
    return checks->scan.draw[draw].identity;
}

/* What is stored was sent, no secret is told, and nothing that is not so yet. */
static void check_metric (checks_t *checks, const node_t *node, const char *line)
{
    char name[64], draw_name[DRAW_NAME_BYTES_MAX + 1];
    unsigned agency = 0;
    double value;
    if (sscanf (line, "%63[a-z_]{draw=\"%40[^\"]\",agency=\"%u\"} %lf", name, draw_name,
                &agency, &value) != 4 &&
        sscanf (line, "%63[a-z_]{draw=\"%40[^\"]\"} %lf", name, draw_name, &value) != 3)
        return;
    for (uint32_t i = 0; i < checks->world->plan.draws; i++) {
        const scan_draw_t *draw = &checks->scan.draw[i];
        if (strcmp (checks->world->plan.draw[i].name, draw_name) != 0)
            continue;
        const scan_seat_t *seat = &draw->seat[agency <= PLAN_AGENCIES_MAX ? agency : 0];
        const bool wrong =
            strcmp (name, "loteria_draw_number") == 0
                ? !draw->drawn || value != draw->number
            : strcmp (name, "loteria_draw_phase") == 0
                ? (value == PHASE_DRAWN && !draw->drawn) ||
                      (value == PHASE_VOID && !draw->voided) ||
                      (value == PHASE_SEALED && draw->seal.size == 0) ||
                      (value == PHASE_CLOSED && !scan_closed (draw))
            : strcmp (name, "loteria_draw_agencies_ready") == 0 ? value > draw->ready
            : strcmp (name, "loteria_agency_state") == 0
                ? (value == 1 && !seat->asked) || (value == 2 && !seat->excused) ||
                      (value == 3 && !seat->served) ||
                      (value == 4 && seat->reveal.size == 0)
            : strcmp (name, "loteria_agency_bets") == 0
                ? value > (double) checks->told[i][agency].sent
                : false;
        if (wrong || agency > PLAN_AGENCIES_MAX)
            world_violate (checks->world, "I13: %s is told what is not so: %s",
                           node->name, line);
    }
}

bool checks_moot (const checks_t *checks, const plan_order_t *order)
{
    const scan_draw_t *draw = &checks->scan.draw[order->draw];
    switch (order->kind) {
    case ORDER_OPEN:
        return draw->identity != 0;
    case ORDER_CLOSE:
        return scan_closed (draw) || scan_over (draw);
    case ORDER_EXCUSE:
        return draw->seat[order->agency].complete || scan_over (draw);
    case ORDER_VOID:
        return draw->seal.size > 0 || scan_over (draw);
    default:
        return scan_over (draw);
    }
}

void checks_settled (checks_t *checks, const node_t *storage)
{
    look (checks, true);
    check_files (checks, storage->disk);
}

bool checks_caught_up (checks_t *checks, int machine)
{
    look (checks, false);
    return disk_cached (checks->world->machine[machine].disk, "bets.index").size ==
           128 * (checks->scan.records + 1);
}

void checks_begin (checks_t *checks, const node_t *storage)
{
    memset (checks->machine[storage->machine].heard, 0, sizeof checks->machine->heard);
}

void checks_replaced (checks_t *checks, int machine)
{
    machine_checks_t *here = &checks->machine[machine];
    here->version = UINT64_MAX;
    scan_clear (&here->scan);
    scan_begin (&here->scan, &checks->world->plan, checks->world->database, NULL);
}

uint64_t checks_promised (const checks_t *checks)
{
    uint64_t promised = 0;
    for (uint32_t draw = 0; draw < checks->world->plan.draws; draw++)
        for (uint32_t agency = 1; agency <= PLAN_AGENCIES_MAX; agency++) {
            const told_t *told = &checks->told[draw][agency];
            promised += told->acknowledged + told->sealed;
        }
    return promised;
}

bool checks_kept (checks_t *checks, const disk_t *disk, bool older_moment)
{
    look (checks, true);
    scan_t scan;
    scan_begin (&scan, &checks->world->plan, checks->world->database, NULL);
    scan_look (&scan, disk, true);
    const bool kept =
        !scan.why[0] && (older_moment || scan.records >= checks->scan.before_last);
    world_trace (checks->world, "-- %llu of %llu records are kept%s%s",
                 (unsigned long long) scan.records,
                 (unsigned long long) checks->scan.records, scan.why[0] ? ": " : "",
                 scan.why);
    scan_clear (&scan);
    return kept;
}

bool checks_finished (checks_t *checks, uint32_t draw)
{
    look (checks, false);
    return scan_over (&checks->scan.draw[draw]);
}

const char *checks_path (const checks_t *checks, uint32_t draw, int file)
{
    return scan_path (&checks->scan, draw, (scan_file_t) file);
}

uint64_t checks_rows (checks_t *checks, const char *path)
{
    look (checks, false);
    for (uint32_t draw = 0; draw < checks->world->plan.draws; draw++)
        for (int file = 0; file < SCAN_FILES; file++)
            if (strcmp (checks_path (checks, draw, file), path) == 0)
                return checks->scan.draw[draw].file[file].size;
    return UINT64_MAX;
}

uint64_t checks_checkpoints (const checks_t *checks)
{
    uint64_t checkpoints = 0;
    for (int i = 0; i < checks->world->machines; i++)
        checkpoints += scan_of (checks, i)->generation;
    return checkpoints;
}

uint64_t checks_position (const checks_t *checks, int machine)
{
    return scan_of (checks, machine)->covered;
}

static const scan_t *scan_of (const checks_t *checks, int machine)
{
    return checks->world->machines == 1 ? &checks->scan
                                        : &checks->machine[machine].scan;
}

uint64_t checks_laps (const checks_t *checks)
{
    return checks->scan.laps;
}

/* Who was stopped by the close has what it could sell, and no more. */
void checks_ended (checks_t *checks, node_t *node, const checks_end_t *end)
{
    world_t *world = checks->world;
    const plan_seat_t *plan = world_seat (node);
    look (checks, false);
    const scan_draw_t *draw = draw_of (checks, node);
    const scan_seat_t *seat = seat_of (checks, node);
    const bool follows = plan->kind == SEAT_FOLLOWS;
    const uint32_t rows = follows ? node->rows : plan->rows[node->process];
    world_trace (world, "%s ends well%s, %zu bytes of winners", node->name,
                 end->closed ? ", closed" : "", end->winners.size);
    world->counts->results++;
    world->counts->cut_short += end->closed;
    told_of (checks, node)->ended_well = true;
    if (!draw->drawn || !seat->complete)
        world_violate (world, "I6: %s ends, and its draw is not made", node->name);
    else if (end->sold && !plan_differs (plan) &&
             end->closed != (seat->complete_with < rows) && (!follows || end->closed))
        world_violate (world, "I9: %s has %u bets, %llu are in, and it says %s",
                       node->name, rows, (unsigned long long) seat->complete_with,
                       end->closed ? "that it was closed" : "nothing of a close");
    else if (!bytes_equal (end->winners, bets_winners (plan->bets, seat->complete_with,
                                                       draw->number, seat->gone)))
        world_violate (world, "I5: %s has other winners than its bets have",
                       node->name);
}

/* There are things that nobody can help: it came before its draw, or that is void, or
   cannot be read; or it sold what may not be sold. Then it comes again: for the draw,
   or for what it was told of its bets. */
void checks_failed (checks_t *checks, node_t *node, const char *why)
{
    const plan_seat_t *plan = world_seat (node);
    look (checks, false);
    world_trace (checks->world, "%s fails: %s", node->name, why);
    if (draw_of (checks, node)->voided)
        return;
    if (unopened (checks, node) || unreadable (checks, node, why))
        node->over = false;
    else if (plan->bets->beyond < plan->rows[node->process] && !node->asks)
        node->over = !(node->asks = true);
    else if (!plan_differs (plan))
        world_violate (checks->world, "I7: %s fails: %s", node->name, why);
}

uint64_t checks_cancels (checks_t *checks, const node_t *node)
{
    told_t *told = told_of (checks, node);
    look (checks, false);
    const scan_seat_t *seat = seat_of (checks, node);
    told->may_cancel = told->acknowledged > 0;
    told->cancel =
        told->may_cancel ? dice_below (&checks->world->dice, told->acknowledged) : 0;
    (void) seat;
    return told->cancel;
}

bool checks_cancelled (checks_t *checks, const node_t *node, const char *why)
{
    told_t *told = told_of (checks, node);
    look (checks, false);
    const scan_draw_t *draw = draw_of (checks, node);
    const scan_seat_t *seat = seat_of (checks, node);
    world_trace (checks->world, "%s %s bet %llu%s%s", node->name,
                 why ? "could not cancel" : "has cancelled",
                 (unsigned long long) told->cancel, why ? ": " : "", why ? why : "");
    const bool gone =
        draw->identity && told->cancel < seat->stored && seat->gone[told->cancel];
    if (!why && !gone)
        world_violate (checks->world, "I11: %s has cancelled what is not recorded",
                       node->name);
    if (why && told->may_cancel && !scan_sealed (seat) && !draw->voided &&
        !unopened (checks, node) && !unreadable (checks, node, why))
        world_violate (checks->world, "I11: %s could not cancel: %s", node->name, why);
    if (why && (unopened (checks, node) || unreadable (checks, node, why)))
        return true;
    return ++told->cancels < world_seat (node)->cancels && !draw->voided;
}

void checks_calm (checks_t *checks)
{
    checks->calm_ms = checks->world->now_ms;
    for (uint32_t draw = 0; draw < checks->world->plan.draws; draw++)
        for (uint32_t agency = 1; agency <= PLAN_AGENCIES_MAX; agency++) {
            told_t *told = &checks->told[draw][agency];
            told->sent_at_calm = told->sent;
            told->settled = told->acknowledged >= told->sent;
        }
}

void checks_tick (checks_t *checks)
{
    const world_t *world = checks->world;
    const int64_t calm_ms = checks->calm_ms, now_ms = world->now_ms;
    if (calm_ms == -1)
        return;
    for (uint32_t draw = 0; draw < world->plan.draws; draw++)
        for (uint32_t agency = 1; agency <= world->plan.draw[draw].agencies; agency++)
            if (!acknowledged_in_time (checks, draw, agency))
                world_violate (
                    checks->world,
                    "I7: agency %u in %s: %llu of %llu bets under way when faults "
                    "stopped are acknowledged after %lld ms",
                    agency, world->plan.draw[draw].name,
                    (unsigned long long) checks->told[draw][agency].acknowledged,
                    (unsigned long long) checks->told[draw][agency].sent_at_calm,
                    (long long) (now_ms - calm_ms));
    if (now_ms > calm_ms + ENDED_MS)
        tell_who_hangs (checks);
}

void checks_over (checks_t *checks)
{
    world_counts_t *counts = checks->world->counts;
    const int64_t took_ms = checks->world->now_ms - checks->calm_ms;
    if (took_ms > counts->slowest_end_ms)
        counts->slowest_end_ms = took_ms;
    look (checks, true);
    for (uint32_t draw = 0; draw < checks->world->plan.draws; draw++)
        check_draw (checks, draw);
}

/* A refusal may be told by who knows of no draw. */
static bool of_this_draw (checks_t *checks, const node_t *node, bytes_t message)
{
    const uint64_t identity = number (message, 8, 8);
    const bool none = identity == 0 && number (message, 3, 1) == WIRE_REFUSED;
    const bool right = number (message, 4, 4) == node->agency &&
                       (none || identity == draw_of (checks, node)->identity);
    if (!right)
        world_violate (checks->world, "I5: %s is told what is agency %u's in draw %d",
                       node->name, (unsigned) number (message, 4, 4),
                       scan_draw (&checks->scan, identity) + 1);
    return right;
}

static void take_welcome (checks_t *checks, const node_t *node, bytes_t message)
{
    const char *name = checks->world->plan.draw[node->draw].name;
    const scan_draw_t *draw = draw_of (checks, node);
    const uint64_t day = number (message, 56, 1), closes_ms = number (message, 61, 8);
    acknowledge (checks, node, number (message, BODY, 8),
                 number (message, BODY + 8, 8));
    const size_t proof = draw->source == SOURCE_PROVABLE ? 33 : 0; // O, behind a 0
    if (message.size != 113 + strlen (name) + proof ||
        memcmp (message.data + 113, name, strlen (name)) != 0 ||
        number (message, 48, 4) != draw->agencies ||
        number (message, 57, 4) != draw->highest || closes_ms != draw->closes_ms)
        world_violate (checks->world, "I5: %s is told of another draw", node->name);
    if (day == DAY_SEALED || day == DAY_LOCKED)
        take_sealed (checks, node);
    if ((day == DAY_LOCKED && draw->seal.size == 0) ||
        (day == DAY_DRAWN && !draw->drawn) || (day == DAY_VOID && !draw->voided) ||
        number (message, 52, 4) > draw->ready ||
        number (message, 69, 4) > seat_of (checks, node)->cancelled)
        world_violate (checks->world, "I6: WELCOME tells %s what is not recorded",
                       node->name);
    check_head (checks, node, message, 73);
}

static void take_waiting (checks_t *checks, const node_t *node, bytes_t message)
{
    if (number (message, BODY + 8, 1) != DAY_OPEN)
        take_sealed (checks, node);
    if (number (message, BODY, 4) > draw_of (checks, node)->ready)
        world_violate (checks->world, "I6: WAITING tells %s what is not recorded",
                       node->name);
}

static void take_winners (checks_t *checks, const node_t *node, bytes_t message)
{
    page_t page;
    if (!get_page (checks, message, &page))
        return;
    take_sealed (checks, node);
    check_head (checks, node, message, BODY + 24);
    check_number (checks, node, &page);
    take_page (checks, node, &page);
}

static bool get_page (const checks_t *checks, bytes_t message, page_t *page)
{
    const size_t documents = BODY + 24 + 8 + SCAN_HASH_BYTES;
    *page = (page_t){.cursor = number (message, BODY, 8),
                     .next = number (message, BODY + 8, 8),
                     .number = (uint32_t) number (message, BODY + 16, 4),
                     .count = (uint32_t) number (message, BODY + 20, 4),
                     .size = message.size - documents};
    if (message.size < documents || page->size > sizeof page->documents) {
        world_violate (checks->world, "I4: WINNERS of %zu bytes", message.size);
        return false;
    }
    memcpy (page->documents, message.data + documents, page->size);
    return true;
}

static void check_number (const checks_t *checks, const node_t *node,
                          const page_t *page)
{
    if (!draw_of (checks, node)->drawn)
        world_violate (checks->world,
                       "I6: winners are told before the draw is recorded");
    if (page->number != draw_of (checks, node)->number)
        world_violate (checks->world, "I4: %s is told number %u", node->name,
                       page->number);
}

static void take_page (checks_t *checks, const node_t *node, const page_t *page)
{
    told_t *told = told_of (checks, node);
    for (int i = 0; i < told->pages_count; i++) {
        const page_t *before = told->pages[i];
        if (before->cursor != page->cursor)
            continue;
        if (before->next != page->next || before->count != page->count ||
            before->size != page->size ||
            memcmp (before->documents, page->documents, page->size) != 0)
            world_violate (checks->world, "I4: %s is told another page of winners",
                           node->name);
        return;
    }
    if (told->pages_count == PAGES_MAX) {
        world_violate (checks->world, "I4: %s is told too many pages", node->name);
        return;
    }
    page_t *copy = malloc (sizeof *copy);
    assert (copy);
    *copy = *page;
    told->pages[told->pages_count++] = copy;
}

static void take_cancelled (checks_t *checks, const node_t *node, bytes_t message)
{
    told_t *told = told_of (checks, node);
    const scan_seat_t *seat = seat_of (checks, node);
    const uint64_t offset = number (message, BODY, 8);
    const uint32_t count = (uint32_t) number (message, BODY + 8, 4);
    if (offset >= seat->stored || !seat->gone[offset] || count > seat->cancelled)
        world_violate (checks->world,
                       "I11: %s is told that bet %llu is cancelled, one of %u",
                       node->name, (unsigned long long) offset, count);
    told->cancelled = count > told->cancelled ? count : told->cancelled;
}

static void take_refused (checks_t *checks, const node_t *node, bytes_t message)
{
    if (number (message, BODY, 2) == REFUSED_CLOSED)
        take_sealed (checks, node);
    if (number (message, BODY, 2) == REFUSED_VOID && !draw_of (checks, node)->voided)
        world_violate (checks->world, "I6: %s is told that its draw is void",
                       node->name);
}

static void acknowledge (checks_t *checks, const node_t *node, uint64_t next,
                         uint64_t digest)
{
    told_t *told = told_of (checks, node);
    const bets_t *bets = world_seat (node)->bets;
    const uint64_t stored = seat_of (checks, node)->stored;
    if (next > told->sent)
        world_violate (checks->world, "I3: %s: %llu acknowledged, %llu sent",
                       node->name, (unsigned long long) next,
                       (unsigned long long) told->sent);
    if (told->sealed && next > told->sealed_count)
        world_violate (checks->world, "I6: %s: sealed with %llu, acknowledged %llu",
                       node->name, (unsigned long long) told->sealed_count,
                       (unsigned long long) next);
    if (next > stored)
        world_violate (checks->world, "I1: %s: %llu acknowledged, %llu on the disk",
                       node->name, (unsigned long long) next,
                       (unsigned long long) stored);
    if (next <= bets->count && digest != bets_digest (bets, next))
        world_violate (checks->world,
                       "I2: %s: %llu acknowledged with the digest of other bets",
                       node->name, (unsigned long long) next);
    if (next > told->acknowledged) {
        checks->world->counts->acknowledgements++;
        told->acknowledged = next;
    }
}

/* It is told that it sells no more: storage must have that on disk. */
static void take_sealed (checks_t *checks, const node_t *node)
{
    told_t *told = told_of (checks, node);
    const scan_seat_t *seat = seat_of (checks, node);
    if (!scan_sealed (seat))
        world_violate (checks->world, "I9: %s is told of a seal not recorded",
                       node->name);
    else if (told->sealed && told->sealed_count != seat->stored)
        world_violate (checks->world, "I9: %s: sealed with %llu, now has %llu",
                       node->name, (unsigned long long) told->sealed_count,
                       (unsigned long long) seat->stored);
    told->sealed = true;
    told->sealed_count = seat->stored;
}

static void note_sent (told_t *told, bytes_t batch)
{
    const uint64_t end = number (batch, BODY, 8) + number (batch, BODY + 24, 4);
    told->sent = end > told->sent ? end : told->sent;
}

/* Whatever leaves storage or state speaks of what is durable as it leaves. */
static void check_answer (checks_t *checks, const node_t *node, bytes_t message)
{
    if (message.size >= BODY && !is_durable (&checks->scan, message))
        world_violate (
            checks->world,
            "I1: %s says %s %llx to agency %u in draw %d before it is durable",
            node->name, wire_command_name (message.data[3]),
            (unsigned long long) number (message, BODY, 8),
            (unsigned) number (message, 4, 4),
            scan_draw (&checks->scan, number (message, 8, 8)) + 1);
}

static bool is_durable (const scan_t *scan, bytes_t message)
{
    static const scan_draw_t unknown;
    const int which = scan_draw (scan, number (message, 8, 8));
    const scan_draw_t *draw = which == -1 ? &unknown : &scan->draw[which];
    const uint64_t agency = number (message, 4, 4);
    const scan_seat_t *seat = &draw->seat[agency <= PLAN_AGENCIES_MAX ? agency : 0];
    const uint64_t first = number (message, BODY, 8);
    switch (message.data[3]) {
    case WIRE_STORED:
        return first <= seat->stored;
    case WIRE_CANCELLED:
        return first < seat->stored && seat->gone[first];
    case WIRE_WELCOME:
        return first <= seat->stored && number (message, 73, 8) <= scan->records;
    case WIRE_EVENT:
    case WIRE_ORDERED:
    case WIRE_REGISTERED:
        return first <= scan->records;
    case WIRE_WAITING:
        return number (message, BODY, 4) <= draw->ready &&
               (number (message, BODY + 8, 1) == DAY_OPEN || scan_sealed (seat)) &&
               (number (message, BODY + 8, 1) != DAY_ENDED || seat->ended) &&
               (number (message, BODY + 8, 1) != DAY_LOCKED || draw->seal.size > 0);
    case WIRE_NOTE:
        return note_durable (draw, seat, (uint8_t) number (message, BODY, 1));
    case WIRE_WINNERS:
        return draw->drawn && number (message, BODY + 24, 8) <= scan->records &&
               (draw->source != SOURCE_PROVABLE || draw->result.size > 0 ||
                number (message, 4, 4) == 0);
    case WIRE_GOODBYE:
        return seat->served;
    case WIRE_REFUSED:
        return refusal_durable (draw, seat, message);
    default:
        return true;
    }
}

static bool note_durable (const scan_draw_t *draw, const scan_seat_t *seat,
                          uint8_t which)
{
    switch (which) {
    case NOTE_OPEN:
        return draw->open.size > 0;
    case NOTE_RECEIPT:
        return seat->receipt.size > 0;
    case NOTE_SEAL:
        return draw->seal.size > 0;
    case NOTE_RESULT:
        return draw->result.size > 0;
    default:
        return true;
    }
}

/* Of what is refused to an agency, not to a state or an operator. */
static bool refusal_durable (const scan_draw_t *draw, const scan_seat_t *seat,
                             bytes_t message)
{
    const uint8_t command = (uint8_t) number (message, BODY + 2, 1);
    if (command == WIRE_ORDER || number (message, 4, 4) == 0)
        return true;
    switch (number (message, BODY, 2)) {
    case REFUSED_CLOSED:
        return scan_sealed (seat);
    case REFUSED_VOID:
        return draw->voided;
    default:
        return true;
    }
}

/* What reaches storage, by its own clock, before the close may be stored. */
static void note_reached (checks_t *checks, const node_t *storage, bytes_t message)
{
    const int which = scan_draw (&checks->scan, number (message, 8, 8));
    const uint64_t agency = number (message, 4, 4);
    if (number (message, 3, 1) != WIRE_STORE || which == -1 || agency < 1 ||
        agency > PLAN_AGENCIES_MAX ||
        world_wall_ms (checks->world, storage->machine) >=
            checks->scan.draw[which].closes_ms)
        return;
    uint64_t *in_time = &checks->in_time[which][agency];
    const uint64_t end = number (message, BODY, 8) + number (message, BODY + 24, 4);
    *in_time = end > *in_time ? end : *in_time;
}

static void note_heard (checks_t *checks, const node_t *storage,
                        const uint8_t *envelope)
{
    static const uint8_t none[ENVELOPE_BYTES]; // of who only says that he is there
    const world_t *world = checks->world;
    const uint64_t hash = XXH3_64bits (envelope, ENVELOPE_BYTES) | 1;
    heard_t *heard = heard_of (checks, storage, hash);
    if (world->machines > 1 && heard->hash != hash &&
        memcmp (envelope, none, sizeof none) != 0)
        *heard = (heard_t){hash, world->machine[storage->machine].fenced};
}

/* What was asked before, and was confirmed by the database then, may leave later. */
static void check_timely (checks_t *checks, const node_t *node, const uint8_t *envelope)
{
    const world_t *world = checks->world;
    if (world->machines == 1 || !node->disk || !world->machine[node->machine].fenced)
        return;
    const uint64_t hash = XXH3_64bits (envelope, ENVELOPE_BYTES) | 1;
    const heard_t *heard = heard_of (checks, node, hash);
    if (heard->hash == hash && heard->late)
        world_violate (checks->world,
                       "I16: %s answers what it was asked when another one served "
                       "already",
                       node->name);
}

static heard_t *heard_of (checks_t *checks, const node_t *node, uint64_t hash)
{
    return &checks->machine[node->machine].heard[hash / 2 % HEARD];
}

/* What an agency may keep as a receipt is what the log says. */
static void check_head (checks_t *checks, const node_t *node, bytes_t message,
                        size_t at)
{
    const scan_t *scan = &checks->scan;
    told_t *told = told_of (checks, node);
    const uint64_t sequence = number (message, at, 8);
    if (message.size < at + 8 + SCAN_HASH_BYTES || sequence == 0 ||
        sequence > scan->records ||
        memcmp (message.data + at + 8, scan->heads[sequence], SCAN_HASH_BYTES) != 0)
        world_violate (checks->world, "I1: %s is told another head of record %llu",
                       node->name, (unsigned long long) sequence);
    else if (sequence > told->sequence) {
        told->sequence = sequence;
        memcpy (told->head, scan->heads[sequence], SCAN_HASH_BYTES);
    }
}

static bool carried_out (const checks_t *checks, const plan_order_t *order,
                         const scan_draw_t *draw)
{
    (void) checks;
    switch (order->kind) {
    case ORDER_OPEN:
        return draw->agencies == order->agencies;
    case ORDER_CLOSE:
        return scan_closed (draw);
    case ORDER_EXCUSE:
        return order->agency <= PLAN_AGENCIES_MAX && draw->seat[order->agency].complete;
    case ORDER_NUMBER:
        return draw->drawn && draw->number == order->number;
    default:
        return draw->voided;
    }
}

/* See what is durable now. */
static void look (checks_t *checks, bool whole)
{
    world_t *world = checks->world;
    const disk_t *disk = world->machines == 1 ? world->machine[0].disk : NULL;
    const uint64_t version = (disk ? disk_version (disk) : 0) +
                             (world->database ? database_version (world->database) : 0);
    for (int i = 0; world->machines > 1 && i < world->machines; i++)
        look_at_machine (checks, i, whole);
    if (!whole && checks->version == version)
        return;
    scan_look (&checks->scan, disk, whole);
    checks->version = version;
    if (checks->scan.why[0])
        world_violate (world, "%s: %s", checks->scan.invariant, checks->scan.why);
    note_openings (checks);
}

/* What a checkpoint covers is in the files beside it; and goes on as the log does. */
static void look_at_machine (checks_t *checks, int machine, bool whole)
{
    world_t *world = checks->world;
    const disk_t *disk = world->machine[machine].disk;
    machine_checks_t *here = &checks->machine[machine];
    const uint64_t version = disk_version (disk) + database_version (world->database);
    checks->scan.unnoted = checks->scan.unnoted || disk_counts (disk)->full > 0;
    if (!whole && here->version == version)
        return;
    scan_look (&here->scan, disk, whole);
    here->version = version;
    if (here->scan.why[0])
        world_violate (world, "%s: of machine %d: %s", here->scan.invariant,
                       machine + 1, here->scan.why);
}

static void note_openings (checks_t *checks)
{
    for (uint32_t i = 0; i < checks->world->plan.draws; i++)
        if (checks->scan.draw[i].identity && checks->opened_ms[i] == -1)
            checks->opened_ms[i] = checks->world->now_ms;
}

/* After a start nothing is left in the files but what the records cover. */
static void check_files (checks_t *checks, const disk_t *disk)
{
    world_t *world = checks->world;
    const scan_t *scan = &checks->scan;
    if (disk_cached (disk, "bets.index").size != 128 * (scan->records + 1))
        world_violate (world,
                       "I3: storage has started, and bets.index is not %llu records",
                       (unsigned long long) scan->records);
    const char *link = disk_link_of (disk, "bets.csv");
    if (scan->latest != -1 &&
        (!link ||
         strcmp (link, scan_path (scan, (uint32_t) scan->latest, SCAN_BETS)) != 0))
        world_violate (world, "I12: bets.csv does not lead to draw %d",
                       scan->latest + 1);
    for (uint32_t draw = 0; draw < world->plan.draws; draw++) {
        check_draw_files (checks, disk, draw);
        for (uint32_t agency = 1; agency <= PLAN_AGENCIES_MAX; agency++)
            check_told (checks, draw, agency);
    }
}

static void check_draw_files (checks_t *checks, const disk_t *disk, uint32_t which)
{
    const scan_t *scan = &checks->scan;
    const scan_draw_t *draw = &scan->draw[which];
    for (int file = 0; draw->identity && file < SCAN_FILES; file++) {
        const char *path = scan_path (scan, which, (scan_file_t) file);
        const scan_text_t *text = &draw->file[file];
        if (!bytes_equal (disk_cached (disk, path), bytes_of (text->data, text->size)))
            world_violate (checks->world,
                           "I12: storage has started, and %s is not the %zu bytes that "
                           "the log says",
                           path, text->size);
    }
}

static void check_told (checks_t *checks, uint32_t draw, uint32_t agency)
{
    world_t *world = checks->world;
    const scan_t *scan = &checks->scan;
    const scan_seat_t *seat = &scan->draw[draw].seat[agency];
    const told_t *told = &checks->told[draw][agency];
    const char *name = world->plan.draw[draw].name;
    if (seat->stored < told->acknowledged)
        world_violate (world,
                       "I1: agency %u in %s: %llu acknowledged, %llu after a start",
                       agency, name, (unsigned long long) told->acknowledged,
                       (unsigned long long) seat->stored);
    if (seat->stored > told->sent)
        world_violate (world, "I3: agency %u in %s: %llu sent, %llu stored", agency,
                       name, (unsigned long long) told->sent,
                       (unsigned long long) seat->stored);
    if (told->sealed && (!scan_sealed (seat) || seat->stored != told->sealed_count))
        world_violate (world, "I6: agency %u in %s: its seal is lost", agency, name);
    if (told->cancelled > seat->cancelled)
        world_violate (world, "I11: agency %u in %s: bets are cancelled no more",
                       agency, name);
    if (told->pages_count > 0 && !scan->draw[draw].drawn)
        world_violate (world, "I6: the draw %s is lost", name);
    if (told->sequence > scan->records ||
        (told->sequence > 0 &&
         memcmp (told->head, scan->heads[told->sequence], SCAN_HASH_BYTES) != 0))
        world_violate (world, "I1: agency %u in %s was told of another history", agency,
                       name);
}

/* It may have been told so of the time before. */
static bool unopened (const checks_t *checks, const node_t *node)
{
    return checks->opened_ms[node->draw] == -1 ||
           checks->opened_ms[node->draw] >= node->started_ms;
}

/* A draw that was put away, and of which the disk could not be read just then: only
   that draw is refused. */
static bool unreadable (const checks_t *checks, const node_t *node, const char *why)
{
    return scan_over (draw_of (checks, node)) && strstr (why, "there is no draw") &&
           some_failed (checks->world);
}

static bool some_failed (const world_t *world)
{
    for (int i = 0; i < world->machines; i++)
        if (disk_counts (world->machine[i].disk)->failures > 0)
            return true;
    return false;
}

static bool acknowledged_in_time (checks_t *checks, uint32_t draw, uint32_t agency)
{
    world_counts_t *counts = checks->world->counts;
    told_t *told = &checks->told[draw][agency];
    const plan_seat_t *plan = &checks->world->plan.draw[draw].seat[agency];
    const scan_draw_t *scanned = &checks->scan.draw[draw];
    if (told->settled || plan_differs (plan))
        return true;
    const int64_t took_ms = checks->world->now_ms - checks->calm_ms;
    told->settled = told->acknowledged >= told->sent_at_calm ||
                    scan_sealed (&scanned->seat[agency]) || scanned->voided ||
                    told->acknowledged == plan->bets->beyond ||
                    plan->bets->beyond < plan->bets->count;
    if (told->settled && took_ms > counts->slowest_acknowledgement_ms)
        counts->slowest_acknowledgement_ms = took_ms;
    return told->settled || took_ms <= ACKNOWLEDGED_MS;
}

static void check_draw (checks_t *checks, uint32_t which)
{
    world_t *world = checks->world;
    const plan_draw_t *plan = &world->plan.draw[which];
    const scan_draw_t *draw = &checks->scan.draw[which];
    if (!draw->drawn && !draw->voided)
        world_violate (world, "I10: %s has no number, and is not void", plan->name);
    const char *doubt = draw->drawn && draw->source == SOURCE_PROVABLE
                            ? fair_doubt (&checks->scan, which, world->folder[which])
                            : NULL;
    if (doubt)
        world_violate (world, "I14: %s: %s", plan->name, doubt);
    count_up (checks, draw);
    for (uint32_t agency = 1; agency <= plan->agencies; agency++) {
        if (!draw->voided)
            check_agency (checks, which, agency);
        world->counts->bets += draw->seat[agency].stored;
    }
}

static void check_agency (checks_t *checks, uint32_t draw, uint32_t agency)
{
    world_t *world = checks->world;
    const char *name = world->plan.draw[draw].name;
    const told_t *told = &checks->told[draw][agency];
    const scan_seat_t *seat = &checks->scan.draw[draw].seat[agency];
    if (world->plan.draw[draw].seat[agency].processes == 0)
        return;
    if (!told->ended_well)
        world_violate (world, "I7: agency %u in %s has not ended well", agency, name);
    else if (!seat->complete || seat->stored != told->sealed_count ||
             seat->stored != seat->complete_with)
        world_violate (world, "I9: agency %u in %s is not sealed with what it was told",
                       agency, name);
}

static void count_up (checks_t *checks, const scan_draw_t *draw)
{
    world_counts_t *counts = checks->world->counts;
    char path[SCAN_PATH_BYTES];
    counts->draws++;
    counts->drawn += draw->drawn > 0;
    counts->proven += draw->drawn > 0 && draw->source == SOURCE_PROVABLE;
    counts->voided += draw->voided > 0;
    counts->closed_by_clock += draw->closed && draw->closes_ms != CLOSES_ALL_ASKED &&
                               draw->closes_ms != CLOSES_NEVER;
    for (uint32_t agency = 1; agency <= PLAN_AGENCIES_MAX; agency++) {
        counts->excused += draw->seat[agency].excused;
        counts->cancelled += draw->seat[agency].cancelled;
    }
    snprintf (path, sizeof path, "draws/%s/archived",
              checks->world->plan.draw[draw - checks->scan.draw].name);
    counts->archived += disk_find (checks->world->machine[0].disk, path) != NULL;
}

static void tell_who_hangs (checks_t *checks)
{
    const world_t *world = checks->world;
    for (int i = 0; i < world->nodes_count; i++)
        if ((world->nodes[i].agency > 0 || world->nodes[i].operator_no > 0) &&
            !world->nodes[i].over)
            world_violate (checks->world, "I7: %s has not ended %d ms after faults",
                           world->nodes[i].name, ENDED_MS);
    for (uint32_t i = 0; i < world->plan.draws; i++)
        if (!scan_over (&checks->scan.draw[i]))
            world_violate (checks->world, "I7: %s is not over %d ms after faults",
                           world->plan.draw[i].name, ENDED_MS);
}

static told_t *told_of (checks_t *checks, const node_t *node)
{
    return &checks->told[node->draw][node->agency];
}

static const scan_seat_t *seat_of (const checks_t *checks, const node_t *node)
{
    return &checks->scan.draw[node->draw].seat[node->agency];
}

static const scan_draw_t *draw_of (const checks_t *checks, const node_t *node)
{
    return &checks->scan.draw[node->draw];
}

/* A number of a message, in network byte order; 0 where there is none. */
static uint64_t number (bytes_t message, size_t at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = at; at + size <= message.size && i < at + size; i++)
        value = value << 8 | message.data[i];
    return value;
}
