/* faults.c - the troubles of a simulated day. */

#include "faults.h"

#include "checks.h"
#include "database.h"
#include "files.h"

typedef void (fault_fn) (world_t *world);

static void kill_one (world_t *world);
static void kill_later (world_t *world);
static void kill_many (world_t *world);
static void cut_power (world_t *world);
static void cut_power_later (world_t *world);
static void pause_one (world_t *world);
static void cut_links (world_t *world);
static void storm (world_t *world);
static void fill_disk (world_t *world);
static void spoil_disk (world_t *world);
static void slow_disk (world_t *world);
static void start_again (world_t *world);
static void stop_one (world_t *world);
static void start_second (world_t *world);
static void copy_files (world_t *world);
static void unlink_file (world_t *world);
static void jump_clock (world_t *world);
static void hurt_database (world_t *world);
static void end_bursts (world_t *world);
static void change_disk (world_t *world);
static void order_takeover (world_t *world, int machine);
static void pause_node (node_t *node, int64_t until_ms);
static void spoil_all (world_t *world, unsigned permille);
static void limit_all (world_t *world);
static node_t *some_node (world_t *world);
static node_t *some_storage (world_t *world);

static fault_fn *const faults[FAULT_KINDS] = {
    [FAULT_KILL] = kill_one,
    [FAULT_KILL_LATER] = kill_later,
    [FAULT_KILL_MANY] = kill_many,
    [FAULT_POWER] = cut_power,
    [FAULT_POWER_LATER] = cut_power_later,
    [FAULT_PAUSE] = pause_one,
    [FAULT_CUT] = cut_links,
    [FAULT_STORM] = storm,
    [FAULT_FULL] = fill_disk,
    [FAULT_SPOILT] = spoil_disk,
    [FAULT_SLOW] = slow_disk,
    [FAULT_AGAIN] = start_again,
    [FAULT_STOP] = stop_one,
    [FAULT_SECOND] = start_second,
    [FAULT_FILES] = copy_files,
    [FAULT_UNLINK] = unlink_file,
    [FAULT_CLOCK] = jump_clock,
};

void faults_begin (world_t *world)
{
    network_weather (world->network, &world->plan.weather);
    spoil_all (world, world->plan.spoilt);
    world->fault_ms = dice_between (&world->dice, 0, world->plan.gap_ms);
}

void faults_come (world_t *world)
{
    if (world->calm)
        return;
    if (world->now_ms >= world->plan.calm_ms) {
        faults_stop (world);
        return;
    }
    end_bursts (world);
    if (world->now_ms < world->fault_ms)
        return;
    const uint64_t kind = dice_below (&world->dice, FAULT_KINDS);
    if (world->plan.fault[kind])
        faults[kind](world);
    if (world->database)
        hurt_database (world);
    if (world->disks_change && dice_chance (&world->dice, 100))
        change_disk (world);
    world->fault_ms =
        world->now_ms + dice_between (&world->dice, 1, world->plan.gap_ms);
}

void faults_stop (world_t *world)
{
    static const network_weather_t calm = {.delay_most_ms = 1, .capacity = 1000};
    world->calm = true;
    if (world->database)
        database_calm (world->database);
    world->calm_since_ms = world->now_ms;
    for (int i = 0; i < world->machines; i++)
        world->machine[i].wall_off_ms = 0;
    files_link (world->files);
    world_trace (world, "-- calm");
    network_weather (world->network, &calm);
    spoil_all (world, 0);
    limit_all (world);
    world->slow_ms = 0;
    world->plan.sync_ms = world->plan.sync_ms > 5 ? 5 : world->plan.sync_ms;
    world->plan.others_ms = world->plan.sync_ms;
    for (int i = 0; i < world->nodes_count; i++) {
        node_t *node = &world->nodes[i];
        node->kill_in = 0;
        node->takes_power = false;
        node->paused_ms = 0;
        if (!node->core && !node->over && node->restart_ms > world->now_ms + 100)
            node->restart_ms = world->now_ms + 100;
    }
    checks_calm (world->checks);
}

static void kill_one (world_t *world)
{
    world_kill (world, some_node (world));
}

static void kill_later (world_t *world)
{
    node_t *node = some_node (world);
    node->kill_in = 1 + (unsigned) dice_skewed (&world->dice, 60);
    world_trace (world, "-- %s is to die in %u points", node->name, node->kill_in);
}

static void kill_many (world_t *world)
{
    const bool whole = world->machines > 1 && dice_chance (&world->dice, 500);
    const unsigned often = whole ? 0 : (unsigned) dice_below (&world->dice, 1000);
    const int machine = whole ? world_some_machine (world) : WORLD_ALL;
    for (int i = 0; i < world->nodes_count; i++)
        if (dice_chance (&world->dice, often) ||
            (machine != WORLD_ALL && world->nodes[i].machine == machine))
            world_kill (world, &world->nodes[i]);
}

static void cut_power (world_t *world)
{
    const int machine = world_some_machine (world);
    world_cut_power (world, machine, dice_chance (&world->dice, 300));
}

static void cut_power_later (world_t *world)
{
    node_t *node = some_storage (world);
    node->kill_in = 1 + (unsigned) dice_skewed (&world->dice, 40);
    node->takes_power = true;
    world_trace (world, "-- the power goes %u points of %s later", node->kill_in,
                 node->name);
}

static void pause_one (world_t *world)
{
    const node_t *node = some_node (world);
    const int64_t until_ms = world->now_ms + 20 + dice_skewed (&world->dice, 6000);
    const bool whole = world->machines > 1 && node->machine != WORLD_ALL &&
                       dice_chance (&world->dice, 300);
    world->counts->pauses++;
    for (int i = 0; i < world->nodes_count; i++)
        if (node->index == i || (whole && node->machine == world->nodes[i].machine))
            pause_node (&world->nodes[i], until_ms);
}

static void pause_node (node_t *node, int64_t until_ms)
{
    world_t *world = node->world;
    node->paused_ms = until_ms;
    if (world->database && node->disk)
        database_pause (world->database, node->machine);
    world_trace (world, "-- %s pauses until %lld", node->name, (long long) until_ms);
}

static void cut_links (world_t *world)
{
    for (int64_t i = dice_skewed (&world->dice, 6); i >= 0; i--)
        network_cut (world->network, world->now_ms);
    world_trace (world, "-- links are cut");
}

static void storm (world_t *world)
{
    network_weather_t weather = world->plan.weather;
    weather.loss = (unsigned) dice_below (&world->dice, 600);
    weather.repeats = (unsigned) dice_below (&world->dice, 400);
    weather.reorders = true;
    weather.delay_most_ms += 100;
    network_weather (world->network, &weather);
    world->storm_ms = world->now_ms + dice_skewed (&world->dice, 2000);
    world_trace (world, "-- storm until %lld", (long long) world->storm_ms);
}

static void fill_disk (world_t *world)
{
    const node_t *storage = some_storage (world);
    disk_limit (storage->disk, (uint64_t) dice_skewed (&world->dice, 2000));
    world->full_ms = world->now_ms + dice_skewed (&world->dice, 3000);
    world_trace (world, "-- the disk is full until %lld", (long long) world->full_ms);
}

static void spoil_disk (world_t *world)
{
    const node_t *storage = some_storage (world);
    disk_spoil (storage->disk, (unsigned) dice_skewed (&world->dice, 300));
    world->spoilt_ms = world->now_ms + dice_skewed (&world->dice, 2000);
    world_trace (world, "-- the disk fails until %lld", (long long) world->spoilt_ms);
}

static void slow_disk (world_t *world)
{
    world->slow_ms = world->now_ms + dice_skewed (&world->dice, 3000);
    world_trace (world, "-- slow disks until %lld", (long long) world->slow_ms);
}

static void start_again (world_t *world)
{
    for (int i = NODE_FIRST_WORKER; i < world->nodes_count; i++) {
        node_t *node = &world->nodes[i];
        if (!node->ended_well || node->core || dice_chance (&world->dice, 300))
            continue;
        node->over = false;
        node->restart_ms = world->now_ms;
        world->counts->again++;
    }
}

static void stop_one (world_t *world)
{
    world_stop (world, some_node (world));
}

/* Whichever of the two has ended, or was never there. */
static void start_second (world_t *world)
{
    for (int i = NODE_STATE; i <= NODE_SECOND_STATE; i++)
        if (world->nodes[i].over) {
            world->nodes[i].over = false;
            world->nodes[i].restart_ms = world->now_ms;
            world_trace (world, "-- a second state");
            return;
        }
}

static void copy_files (world_t *world)
{
    files_copy (world->files);
}

static void unlink_file (world_t *world)
{
    files_unlink (world->files);
}

/* By hours either way, by a little, or somebody puts it right. */
static void jump_clock (world_t *world)
{
    const int64_t furthest_ms = dice_chance (&world->dice, 500) ? 5 * 3600000 : 3000;
    const int64_t off_ms = dice_chance (&world->dice, 300)
                               ? 0
                               : dice_between (&world->dice, -furthest_ms, furthest_ms);
    const int machine = world_some_machine (world);
    for (int i = 0; i < world->machines; i++)
        if (machine == WORLD_ALL || machine == i)
            world->machine[i].wall_off_ms = off_ms;
    world->counts->jumps++;
    world_trace (world, "-- the clock is wrong by %lld ms", (long long) off_ms);
}

static void hurt_database (world_t *world)
{
    database_t *database = world->database;
    if (!dice_chance (&world->database_dice, 300))
        return;
    world->counts->database_faults++;
    const uint64_t kind = dice_below (&world->database_dice, 6);
    const int machine = world->machines == 1
                            ? WORLD_ALL
                            : (int) dice_below (&world->database_dice, 3) - 1;
    switch (kind) {
    case 0:
        database_block (database);
        break;
    case 1:
        database_leave (database, machine);
        break;
    case 2:
        database_cut (database, machine);
        break;
    case 3:
        database_fail_over (database);
        break;
    case 4:
        if (world->machines == 1)
            database_take (database);
        else
            order_takeover (world, machine);
        break;
    default:
        database_lose (database);
    }
}

/* A machine is set up anew, or from a backup. */
static void change_disk (world_t *world)
{
    const int machine = some_storage (world)->machine;
    world_cut_power (world, machine, false);
    if (dice_chance (&world->dice, 500))
        world_copy_disk (world, machine);
    else
        world_replace_disk (world, machine);
}

/* By an operator (loteria-ctl takeover), of one that leads, too, where it is nothing.
   He often has a reason: who leads does not reach the database, and has not noticed. */
static void order_takeover (world_t *world, int machine)
{
    if (world->epoch > 0 && dice_chance (&world->database_dice, 500))
        database_leave (world->database, world->leader);
    for (int i = 0; i < world->machines; i++)
        if (machine == WORLD_ALL || machine == i)
            world->machine[i].ordered = true;
    world_trace (world, "-- an operator wants a standby to take over");
}

static void end_bursts (world_t *world)
{
    const int64_t now_ms = world->now_ms;
    if (world->storm_ms > 0 && now_ms >= world->storm_ms)
        network_weather (world->network, &world->plan.weather);
    if (world->full_ms > 0 && now_ms >= world->full_ms)
        limit_all (world);
    if (world->spoilt_ms > 0 && now_ms >= world->spoilt_ms)
        spoil_all (world, world->plan.spoilt);
    world->storm_ms = world->storm_ms > now_ms ? world->storm_ms : 0;
    world->full_ms = world->full_ms > now_ms ? world->full_ms : 0;
    world->spoilt_ms = world->spoilt_ms > now_ms ? world->spoilt_ms : 0;
}

static void spoil_all (world_t *world, unsigned permille)
{
    for (int i = 0; i < world->machines; i++)
        disk_spoil (world->machine[i].disk, permille);
}

static void limit_all (world_t *world)
{
    for (int i = 0; i < world->machines; i++)
        disk_limit (world->machine[i].disk, DISK_PLENTY);
}

/* Storage and state more often than there are of them. */
static node_t *some_node (world_t *world)
{
    const uint64_t count = (uint64_t) world->nodes_count;
    const uint64_t index = dice_below (&world->dice, 2 * count);
    if (index < count)
        return &world->nodes[index];
    const int first = some_storage (world)->index;
    return &world->nodes[first + (int) (index % NODE_FIRST_WORKER)];
}

static node_t *some_storage (world_t *world)
{
    const uint64_t which =
        world->machines == 1 ? 0 : dice_below (&world->dice, WORLD_MACHINES);
    return world->machine[which].storage;
}
