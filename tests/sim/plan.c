/* plan.c - draws what a simulated day is like. */

#include "plan.h"

#include "bounds.h"

typedef enum {
    DAY_SMALL,
    DAY_WINDOW, // enough rows for wide windows and for batches that are held
    DAY_PAGES   // winners take several pages
} plan_kind_t;

static void plan_agencies (plan_t *plan, dice_t *dice, plan_kind_t kind);
static void plan_processes (plan_t *plan, dice_t *dice, plan_kind_t kind);
static void plan_network (plan_t *plan, dice_t *dice);
static void plan_faults (plan_t *plan, dice_t *dice);

void plan_make (plan_t *plan, dice_t *dice)
{
    *plan = (plan_t){.number = (uint32_t) dice_below (dice, 10000)};
    const uint64_t lot = dice_below (dice, 40);
    const plan_kind_t kind = lot == 0 ? DAY_PAGES : lot < 4 ? DAY_WINDOW : DAY_SMALL;
    plan_agencies (plan, dice, kind);
    plan_processes (plan, dice, kind);
    plan_network (plan, dice);
    plan_faults (plan, dice);
}

void plan_clear (plan_t *plan)
{
    for (uint32_t i = 1; i <= plan->agencies; i++)
        bets_destroy (&plan->agency[i].bets);
}

bool plan_differs (const plan_t *plan, uint32_t agency)
{
    const plan_agency_t *of = &plan->agency[agency];
    return of->processes > 1 && of->rows[0] != of->rows[1];
}

static void plan_agencies (plan_t *plan, dice_t *dice, plan_kind_t kind)
{
    const uint32_t most = kind == DAY_SMALL ? PLAN_AGENCIES_MAX : 2;
    plan->agencies = 1 + (uint32_t) dice_skewed (dice, most - 1);
    const bool twins = dice_chance (dice, 150), differing = dice_chance (dice, 400);
    for (uint32_t i = 1; i <= plan->agencies; i++) {
        plan_agency_t *agency = &plan->agency[i];
        bets_options_t options = {.agency = i, .number = plan->number};
        options.count = kind == DAY_PAGES    ? 400 + (uint32_t) dice_below (dice, 200)
                        : kind == DAY_WINDOW ? 200
                                             : (uint32_t) dice_below (dice, 61);
        options.winning = kind == DAY_PAGES ? 900 : (unsigned) dice_below (dice, 500);
        options.long_documents = kind == DAY_PAGES;
        agency->bets = bets_new (dice, &options);
        agency->processes = twins && dice_chance (dice, 500) ? 2 : 1;
        agency->rows[0] = agency->rows[1] = options.count;
        if (agency->processes > 1 && differing)
            agency->rows[1] = (uint32_t) dice_below (dice, options.count + 1);
    }
}

static void plan_processes (plan_t *plan, dice_t *dice, plan_kind_t kind)
{
    plan->workers = 1 + (uint32_t) dice_below (dice, PLAN_WORKERS_MAX);
    plan->batch_rows_max = kind == DAY_PAGES ? 20 : 1 + (uint32_t) dice_below (dice, 7);
    plan->window_max = kind == DAY_WINDOW ? 16 : 1 + (uint32_t) dice_below (dice, 16);
    plan->broker_window =
        dice_chance (dice, 700) ? 64 : 1 + (uint32_t) dice_below (dice, 8);
    plan->bundle_bytes = dice_chance (dice, 800) ? BATCHES_BYTES_MAX : 0;
    plan->worker_rows =
        dice_chance (dice, 800) ? 8192 : 1 + (uint32_t) dice_below (dice, 5);
    plan->worker_credit = 1 + (uint32_t) dice_below (dice, 64);
    plan->period_ms = dice_chance (dice, 700) ? 0 : dice_between (dice, 1, 20);
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
