/* plan.c - draws what a simulated day is like. */

#include "plan.h"

#include "wire.h"

#include <assert.h>
#include <stdio.h>

typedef enum {
    DAY_SMALL,
    DAY_WINDOW, // enough rows for wide windows and for batches that are held
    DAY_PAGES,  // winners take several pages
    DAY_MANY    // draws, of which the finished ones are archived
} plan_kind_t;

static plan_kind_t plan_kind (dice_t *dice);
static uint32_t plan_count (dice_t *dice, plan_kind_t kind);
static void plan_draw (plan_t *plan, dice_t *dice, plan_kind_t kind);
static void plan_terms (plan_t *plan, plan_draw_t *draw, dice_t *dice);
static void plan_close (plan_t *plan, plan_draw_t *draw, dice_t *dice);
static void plan_seat (plan_t *plan, uint32_t agency, dice_t *dice, plan_kind_t kind);
static uint32_t plan_rows (dice_t *dice, plan_kind_t kind);
static void plan_orders (plan_t *plan, uint32_t which, dice_t *dice);
static void order_opening (plan_t *plan, uint32_t which, dice_t *dice);
static void order_close (plan_t *plan, uint32_t which, dice_t *dice);
static void order_void (plan_t *plan, uint32_t which, dice_t *dice);
static void order_number (plan_t *plan, uint32_t which, dice_t *dice);
static void order_mischief (plan_t *plan, uint32_t which, dice_t *dice);
static bool ends_by_itself (const plan_seat_t *seat);
static plan_order_t *add_order (plan_t *plan, uint32_t which, uint8_t kind,
                                dice_t *dice, bool needed);
static void plan_processes (plan_t *plan, dice_t *dice, plan_kind_t kind);
static void plan_network (plan_t *plan, dice_t *dice);
static void plan_faults (plan_t *plan, dice_t *dice);

void plan_make (plan_t *plan, dice_t *dice)
{
    *plan = (plan_t){.wall_start_ms = WALL_MIDNIGHT_MS,
                     .opens_itself = dice_chance (dice, 700)};
    const plan_kind_t kind = plan_kind (dice);
    plan_processes (plan, dice, kind);
    plan_network (plan, dice);
    plan_faults (plan, dice);
    for (uint32_t count = plan_count (dice, kind); plan->draws < count;)
        plan_draw (plan, dice, kind);
    for (uint32_t i = 0; i < plan->draws; i++)
        plan_orders (plan, i, dice);
}

void plan_clear (plan_t *plan)
{
    for (uint32_t i = 0; i < plan->draws; i++)
        for (uint32_t agency = 1; agency <= PLAN_AGENCIES_MAX; agency++)
            bets_destroy (&plan->draw[i].seat[agency].bets);
}

void plan_note (uint32_t order, char note[PLAN_NOTE_BYTES])
{
    *note = 0;
    if (order % 5 > 0)
        snprintf (note, PLAN_NOTE_BYTES, "reason no. %u, \"as agreed\"", order);
}

bool plan_sealable (const plan_t *plan, const plan_draw_t *draw)
{
    uint32_t commit = 0;
    for (uint32_t agency = 1; agency <= draw->agencies; agency++)
        commit += draw->seat[agency].kind <= SEAT_FOLLOWS &&
                  draw->seat[agency].bets->beyond == draw->seat[agency].bets->count;
    return commit >= (plan->least > 0 ? plan->least : draw->agencies);
}

bool plan_differs (const plan_seat_t *seat)
{
    return seat->processes > 1 && seat->rows[0] != seat->rows[1];
}

static plan_kind_t plan_kind (dice_t *dice)
{
    const uint64_t lot = dice_below (dice, 40);
    return lot == 0   ? DAY_PAGES
           : lot < 4  ? DAY_WINDOW
           : lot < 12 ? DAY_MANY
                      : DAY_SMALL;
}

static uint32_t plan_count (dice_t *dice, plan_kind_t kind)
{
    switch (kind) {
    case DAY_MANY:
        return 3 + (uint32_t) dice_below (dice, PLAN_DRAWS_MAX - 2);
    case DAY_SMALL:
        return 1 + (uint32_t) dice_skewed (dice, 3);
    default:
        return 1 + (uint32_t) dice_below (dice, 2);
    }
}

static void plan_draw (plan_t *plan, dice_t *dice, plan_kind_t kind)
{
    const uint32_t which = plan->draws++;
    plan_draw_t *draw = &plan->draw[which];
    const uint32_t most = kind == DAY_SMALL ? PLAN_AGENCIES_MAX : 2;
    if (which == 0)
        snprintf (draw->name, sizeof draw->name, "%s", DRAW_NAME_DEFAULT);
    else
        snprintf (draw->name, sizeof draw->name, "draw-%u", which + 1);
    draw->agencies = 1 + (uint32_t) dice_skewed (dice, most - 1);
    draw->opens_ms =
        which == 0 && plan->opens_itself ? 0 : dice_skewed (dice, plan->calm_ms);
    plan_terms (plan, draw, dice);
    for (uint32_t agency = 1; agency <= draw->agencies; agency++)
        plan_seat (plan, agency, dice, kind);
}

static void plan_terms (plan_t *plan, plan_draw_t *draw, dice_t *dice)
{
    static const uint8_t sources[] = {SOURCE_FIXED, SOURCE_ENTERED, SOURCE_RANDOM};
    static const uint32_t highest[] = {9999, 9999, 1, 2, 9, 99};
    draw->source =
        dice_chance (dice, 250) ? SOURCE_PROVABLE : sources[dice_below (dice, 3)];
    // of the one that state opens itself it is the highest of all
    const bool own = draw == plan->draw && plan->opens_itself;
    draw->highest = own ? NUMBER_MAX_DEFAULT : highest[dice_below (dice, 6)];
    draw->number = (uint32_t) dice_below (dice, draw->highest + 1);
    plan_close (plan, draw, dice);
}

/* Two may close in the same group. State can be told a time of the day only: the day
   begins so long before midnight. */
static void plan_close (plan_t *plan, plan_draw_t *draw, dice_t *dice)
{
    const uint64_t lot = dice_below (dice, 10);
    draw->by_clock = lot >= 5 && lot < 9;
    draw->closes_ms = lot < 5 ? CLOSES_ALL_ASKED : CLOSES_NEVER;
    if (!draw->by_clock)
        return;
    const plan_draw_t *before = draw > plan->draw ? draw - 1 : NULL;
    int64_t at_ms = draw->opens_ms + 50 + dice_skewed (dice, 5000);
    at_ms = at_ms > plan->calm_ms + 1000 ? plan->calm_ms + 1000 : at_ms;
    if (!before)
        plan->wall_start_ms = WALL_MIDNIGHT_MS - (uint64_t) at_ms;
    draw->closes_ms = plan->wall_start_ms + (uint64_t) at_ms;
    if (before && before->by_clock && dice_chance (dice, 500) &&
        before->closes_ms > plan->wall_start_ms + (uint64_t) draw->opens_ms)
        draw->closes_ms = before->closes_ms;
}

static void plan_seat (plan_t *plan, uint32_t agency, dice_t *dice, plan_kind_t kind)
{
    const plan_draw_t *draw = &plan->draw[plan->draws - 1];
    plan_seat_t *seat = (plan_seat_t *) &draw->seat[agency];
    const uint64_t lot = dice_below (dice, 20);
    const bool follows = draw->closes_ms != CLOSES_ALL_ASKED && lot < 4;
    seat->kind = follows     ? SEAT_FOLLOWS
                 : lot == 18 ? SEAT_ASKS
                 : lot == 19 ? SEAT_ABSENT
                             : SEAT_SELLS;
    if (plan->sellers + PLAN_PROCESSES_MAX > PLAN_SELLERS_MAX)
        seat->kind = SEAT_ABSENT;
    bets_options_t options = {.agency = agency,
                              .number = draw->number,
                              .highest = draw->highest,
                              .count = plan_rows (dice, kind)};
    options.winning = kind == DAY_PAGES ? 900 : (unsigned) dice_below (dice, 500);
    options.long_documents = kind == DAY_PAGES;
    options.beyond = dice_chance (dice, 30);
    seat->bets = bets_new (dice, &options);
    seat->processes = seat->kind == SEAT_ABSENT                             ? 0
                      : seat->kind == SEAT_SELLS && dice_chance (dice, 100) ? 2
                                                                            : 1;
    seat->rows[0] = seat->rows[1] = options.count;
    if (draw->source == SOURCE_PROVABLE && seat->processes > 1)
        seat->processes = 1; // they keep one folder
    if (seat->processes > 1 && dice_chance (dice, 400))
        seat->rows[1] = (uint32_t) dice_below (dice, options.count + 1);
    if (draw->source != SOURCE_PROVABLE && seat->kind <= SEAT_FOLLOWS &&
        plan->cancellers < PLAN_CANCELLERS_MAX && dice_chance (dice, 300))
        seat->cancels = 1 + (uint32_t) dice_skewed (dice, 4);
    plan->sellers += seat->processes;
    plan->cancellers += seat->cancels > 0;
}

static uint32_t plan_rows (dice_t *dice, plan_kind_t kind)
{
    switch (kind) {
    case DAY_PAGES:
        return 400 + (uint32_t) dice_below (dice, 200);
    case DAY_WINDOW:
        return 200;
    case DAY_MANY:
        return (uint32_t) dice_below (dice, 21);
    default:
        return (uint32_t) dice_below (dice, 61);
    }
}

static void plan_orders (plan_t *plan, uint32_t which, dice_t *dice)
{
    if (which > 0 || !plan->opens_itself)
        order_opening (plan, which, dice);
    order_close (plan, which, dice);
    order_void (plan, which, dice);
    order_number (plan, which, dice);
    if (dice_chance (dice, 400))
        order_mischief (plan, which, dice);
}

/* By two at once, now and then, who may not mean the same. */
static void order_opening (plan_t *plan, uint32_t which, dice_t *dice)
{
    const plan_draw_t *draw = &plan->draw[which];
    const plan_order_t *first = add_order (plan, which, ORDER_OPEN, dice, true);
    ((plan_order_t *) first)->at_ms = draw->opens_ms;
    if (!dice_chance (dice, 200))
        return;
    plan_order_t *second = add_order (plan, which, ORDER_OPEN, dice, false);
    second->at_ms = draw->opens_ms + dice_skewed (dice, 200);
    second->by = 1 - first->by;
    if (draw->agencies == PLAN_AGENCIES_MAX || !dice_chance (dice, 300))
        return;
    second->agencies++; // and somebody has to close it
    add_order (plan, which, ORDER_CLOSE, dice, true);
}

/* What would never be closed else: by agencies that nobody waits for any more, or as a
   whole. */
static void order_close (plan_t *plan, uint32_t which, dice_t *dice)
{
    const plan_draw_t *draw = &plan->draw[which];
    // a clock that is wrong as state opens its draw takes midnight for tomorrow's
    const bool tomorrow = draw->by_clock && which == 0 && plan->opens_itself;
    // nor does an excuse help a draw that waits for commitments
    bool each = dice_chance (dice, 600) && draw->source != SOURCE_PROVABLE,
         all = draw->closes_ms == CLOSES_NEVER || tomorrow;
    for (uint32_t agency = 1; agency <= draw->agencies && !draw->by_clock; agency++) {
        if (ends_by_itself (&draw->seat[agency]))
            continue;
        all = all || !each;
        if (each)
            add_order (plan, which, ORDER_EXCUSE, dice, true)->agency = agency;
    }
    if (!all)
        return;
    plan_order_t *close = add_order (plan, which, ORDER_CLOSE, dice, true);
    if (tomorrow)
        close->at_ms = (int64_t) (draw->closes_ms - plan->wall_start_ms) + 1500;
}

/* A provable draw for which too few agencies commit: as one on other terms may be. */
static void order_void (plan_t *plan, uint32_t which, dice_t *dice)
{
    const plan_draw_t *draw = &plan->draw[which];
    bool other = false;
    for (uint32_t i = 0; i < plan->orders; i++)
        other = other ||
                (plan->order[i].kind == ORDER_OPEN && plan->order[i].draw == which &&
                 plan->order[i].agencies != draw->agencies && plan->least == 0);
    if (draw->source == SOURCE_PROVABLE && (other || !plan_sealable (plan, draw)))
        add_order (plan, which, ORDER_VOID, dice, true);
}

/* By two at once, again. */
static void order_number (plan_t *plan, uint32_t which, dice_t *dice)
{
    const plan_draw_t *draw = &plan->draw[which];
    if (draw->source != SOURCE_ENTERED)
        return;
    const plan_order_t *first = add_order (plan, which, ORDER_NUMBER, dice, true);
    ((plan_order_t *) first)->number = draw->number;
    if (!dice_chance (dice, 400))
        return;
    plan_order_t *second =
        add_order (plan, which, ORDER_NUMBER, dice, dice_chance (dice, 600));
    second->at_ms = first->at_ms + dice_skewed (dice, 100);
    second->by = 1 - first->by;
    second->number = (uint32_t) dice_below (dice, draw->highest + 1);
}

/* What is not wanted at all, or not then, or not of this draw. */
static void order_mischief (plan_t *plan, uint32_t which, dice_t *dice)
{
    static const uint8_t kinds[] = {ORDER_CLOSE,  ORDER_EXCUSE, ORDER_EXCUSE,
                                    ORDER_NUMBER, ORDER_NUMBER, ORDER_VOID};
    const plan_draw_t *draw = &plan->draw[which];
    plan_order_t *order =
        add_order (plan, which, kinds[dice_below (dice, 6)], dice, false);
    order->named = dice_chance (dice, 800) ||
                   (order->kind != ORDER_CLOSE && order->kind != ORDER_EXCUSE);
    order->agency = order->kind == ORDER_EXCUSE
                        ? 1 + (uint32_t) dice_below (dice, draw->agencies + 1)
                        : 0;
    if (order->kind == ORDER_NUMBER)
        order->number = (uint32_t) dice_below (dice, draw->highest + 3);
}

static bool ends_by_itself (const plan_seat_t *seat)
{
    return seat->kind == SEAT_SELLS && seat->bets->beyond == seat->bets->count;
}

static plan_order_t *add_order (plan_t *plan, uint32_t which, uint8_t kind,
                                dice_t *dice, bool needed)
{
    const plan_draw_t *draw = &plan->draw[which];
    assert (plan->orders < PLAN_ORDERS_MAX);
    plan_order_t *order = &plan->order[plan->orders++];
    *order = (plan_order_t){.kind = kind,
                            .draw = which,
                            .named = true,
                            .agencies = draw->agencies,
                            .at_ms = draw->opens_ms + dice_skewed (dice, 5000),
                            .by = (uint32_t) dice_below (dice, PLAN_OPERATORS),
                            .needed = needed};
    return order;
}

static void plan_processes (plan_t *plan, dice_t *dice, plan_kind_t kind)
{
    plan->workers = 1 + (uint32_t) dice_below (dice, PLAN_WORKERS_MAX);
    plan->draws_kept = kind == DAY_MANY || dice_chance (dice, 300)
                           ? 1 + (uint32_t) dice_below (dice, 4)
                           : DRAWS_FINISHED_KEPT;
    plan->commit_s = 1 + (uint32_t) dice_below (dice, 2);
    plan->least = (uint32_t) dice_below (dice, 2);
    plan->batch_rows_max = kind == DAY_PAGES ? 20 : 1 + (uint32_t) dice_below (dice, 7);
    plan->window_max = kind == DAY_WINDOW ? 16 : 1 + (uint32_t) dice_below (dice, 16);
    plan->broker_window =
        dice_chance (dice, 700) ? 64 : 1 + (uint32_t) dice_below (dice, 8);
    plan->bundle_bytes = dice_chance (dice, 800) ? BATCHES_BYTES_MAX : 0;
    plan->worker_rows =
        dice_chance (dice, 800) ? 8192 : 1 + (uint32_t) dice_below (dice, 5);
    plan->worker_credit = 1 + (uint32_t) dice_below (dice, 64);
    plan->period_ms =
        dice_chance (dice, 600)
            ? 0
            : dice_between (dice, 1, kind == DAY_SMALL || kind == DAY_MANY ? 60 : 20);
    plan->start_ms = dice_skewed (dice, 3000);
    plan->sync_ms = dice_skewed (dice, 30);
    plan->others_ms = plan->sync_ms + dice_skewed (dice, 1500);
}

static void plan_network (plan_t *plan, dice_t *dice)
{
    network_weather_t *weather = &plan->weather;
    weather->delay_most_ms = 1 + dice_skewed (dice, 60);
    weather->delay_least_ms = dice_chance (dice, 500) ? 0 : weather->delay_most_ms / 2;
    weather->reorders = dice_chance (dice, 500);
    weather->loss = dice_chance (dice, 500) ? 0 : (unsigned) dice_skewed (dice, 100);
    weather->repeats = dice_chance (dice, 500) ? 0 : (unsigned) dice_skewed (dice, 200);
    weather->capacity =
        dice_chance (dice, 800) ? 1000 : 8 + (unsigned) dice_below (dice, 24);
}

/* Some days only a few kinds of trouble come, so that the others are not drowned. */
static void plan_faults (plan_t *plan, dice_t *dice)
{
    const unsigned often = 100 + (unsigned) dice_below (dice, 700);
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        plan->fault[kind] = dice_chance (dice, often);
    plan->calm_ms = dice_chance (dice, 50) ? 0 : dice_between (dice, 100, 6000);
    plan->gap_ms = 10 + dice_skewed (dice, 1500);
    plan->spoilt = dice_chance (dice, 600) ? 0 : 1 + (unsigned) dice_skewed (dice, 60);
    plan->asks_again = dice_chance (dice, 300);
}
