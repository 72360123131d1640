/* world.c - plays a day. */

#include "world.h"

#include "checks.h"
#include "database.h"
#include "fair.h"
#include "faults.h"
#include "files.h"

#include "bounds.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define STEPS_MAX    1000000 // of a day: beyond, somebody runs in circles
#define SLOW_SYNC_MS 3000
#define START_MS     5000 // of the last start, until it serves
#define TRIALS       2    // of files removed or exchanged, before a start of storage

static node_t *running; // has its turn

static world_t *world_new (uint64_t seed, const world_options_t *options,
                           world_counts_t *counts);
static void add_database (world_t *world, uint64_t seed);
static void world_destroy (world_t **world);
static void add_nodes (world_t *world);
static void add_central (world_t *world, int machine);
static void mount (machine_t *machine, disk_t *disk);
static node_t *add_part (world_t *world, const node_ops_t *ops, const char *part,
                         int machine);
static node_t *add_node (world_t *world, const node_ops_t *ops, const char *name,
                         int64_t start_ms);
static void add_folders (world_t *world);
static void add_agencies (world_t *world);
static void add_seat (world_t *world, uint32_t draw, uint32_t agency);
static node_t *add_process (world_t *world, const node_ops_t *ops, uint32_t draw,
                            uint32_t agency, char letter);
static void run (world_t *world);
static void go_on (world_t *world);
static bool everybody_over (const world_t *world);
static void pass_time (world_t *world);
static int64_t wake_time (const world_t *world, const node_t *node);
static void finish_syncs (world_t *world);
static void plan_syncs (world_t *world);
static void plan_sync (world_t *world, int machine, const disk_file_t *file);
static int64_t longest_sync (const world_t *world, const disk_file_t *file);
static void give_turns (world_t *world);
static void look_for_a_state (world_t *world);
static void start_node (world_t *world, node_t *node);
static void begin_candidate (world_t *world, const node_t *storage);
static void step_node (world_t *world, node_t *node);
static void begin_turn (node_t *node);
static void finish_turn (world_t *world, node_t *node);
static void bury (world_t *world, node_t *node);
static void count_cut (world_t *world, int machine);
static void start_all_again (world_t *world);
static void end_day (world_t *world);
static void start_storages (world_t *world);
static bool settled (world_t *world);
static void add_up (world_t *world);
static void fence (world_t *world, const node_t *storage);
static life_t node_life (void *context);

int world_play (uint64_t seed, const world_options_t *options, world_counts_t *counts,
                char *violation)
{
    world_t *world = world_new (seed, options, counts);
    run (world);
    if (!world->violation[0] && world->plan.asks_again) {
        start_all_again (world);
        run (world);
    }
    if (!world->violation[0])
        end_day (world);
    add_up (world);
    snprintf (violation, sizeof world->violation, "%s", world->violation);
    world_destroy (&world);
    return violation[0] ? -1 : 0;
}

static world_t *world_new (uint64_t seed, const world_options_t *options,
                           world_counts_t *counts)
{
    world_t *world = calloc (1, sizeof *world);
    assert (world);
    world->dice = seed;
    world->trace = options->trace;
    world->counts = counts;
    world->random_numbers = ~seed;
    plan_make (&world->plan, &world->dice);
    world->network = network_new (&world->dice);
    world->machines = options->standby ? WORLD_MACHINES : 1;
    for (int i = 0; i < world->machines; i++)
        world->machine[i].disk = disk_new (&world->dice);
    if (options->database || options->standby)
        add_database (world, seed);
    world->files = files_new (world);
    world->checks = checks_new (world);
    add_folders (world);
    add_nodes (world);
    faults_begin (world);
    return world;
}

/* Files that are removed or exchanged are for days whose log is among them. */
static void add_database (world_t *world, uint64_t seed)
{
    world->database = database_new (world, seed);
    world->database_dice = seed * 7 + 1;
    world->disks_change = world->machines > 1 && world->plan.fault[FAULT_FILES];
    world->plan.fault[FAULT_FILES] = world->plan.fault[FAULT_UNLINK] = false;
    if (world->machines == 1)
        return;
    world->plan.fault[FAULT_SECOND] = false; // each has its state
    world->namesakes = dice_chance (&world->database_dice, 100);
}

static void world_destroy (world_t **world)
{
    for (int i = 0; i < (*world)->nodes_count; i++)
        if ((*world)->nodes[i].core)
            bury (*world, &(*world)->nodes[i]);
    checks_destroy (&(*world)->checks);
    for (uint32_t draw = 0; draw < PLAN_DRAWS_MAX; draw++)
        for (uint32_t agency = 1; agency <= PLAN_AGENCIES_MAX; agency++)
            fair_folder_destroy (&(*world)->folder[draw][agency]);
    files_destroy (&(*world)->files);
    network_destroy (&(*world)->network);
    for (int i = 0; i < (*world)->machines; i++) {
        disk_destroy (&(*world)->machine[i].disk);
        disk_destroy (&(*world)->machine[i].copy);
    }
    database_destroy (&(*world)->database);
    plan_clear (&(*world)->plan);
    free (*world);
    *world = NULL;
}

/* Whoever sells in a provable draw, or will ask, keeps one. */
static void add_folders (world_t *world)
{
    for (uint32_t i = 0; i < world->plan.draws; i++) {
        const plan_draw_t *draw = &world->plan.draw[i];
        for (uint32_t agency = 1;
             draw->source == SOURCE_PROVABLE && agency <= draw->agencies; agency++)
            world->folder[i][agency] = fair_folder_new (draw->seat[agency].bets);
    }
}

static void add_nodes (world_t *world)
{
    add_central (world, 0);
    for (uint32_t i = 1; i <= PLAN_OPERATORS; i++) {
        char name[24];
        snprintf (name, sizeof name, "operator-%u", i);
        add_node (world, &operator_node, name, 0)->operator_no = i;
    }
    add_agencies (world);
    for (int i = 1; i < world->machines; i++)
        add_central (world, i);
}

static void add_central (world_t *world, int machine)
{
    machine_t *at = &world->machine[machine];
    at->storage = add_part (world, &storage_node, "storage", machine);
    mount (at, at->disk);
    at->state = add_part (world, &state_node, "state", machine);
    if (machine == 0)
        add_part (world, &state_node, "state-2", machine)->over = true;
    add_part (world, &broker_node, "broker", machine);
    for (uint32_t i = 0; i < world->plan.workers; i++) {
        char name[20];
        snprintf (name, sizeof name, "worker-%u", i + 1);
        add_part (world, &worker_node, name, machine);
    }
}

static void mount (machine_t *machine, disk_t *disk)
{
    machine->disk = machine->storage->disk = disk;
    disk_ask (disk, node_life, machine->storage);
    disk_hold (disk, true);
}

static node_t *add_part (world_t *world, const node_ops_t *ops, const char *part,
                         int machine)
{
    char name[24];
    snprintf (name, sizeof name, "%s%s", part, machine > 0 ? "@2" : "");
    node_t *node = add_node (world, ops, name, 0);
    node->machine = machine;
    return node;
}

static node_t *add_node (world_t *world, const node_ops_t *ops, const char *name,
                         int64_t start_ms)
{
    assert (world->nodes_count < WORLD_NODES_MAX);
    node_t *node = &world->nodes[world->nodes_count];
    *node = (node_t){.ops = ops,
                     .world = world,
                     .index = world->nodes_count++,
                     .machine = WORLD_ALL,
                     .restart_ms = start_ms};
    snprintf (node->name, sizeof node->name, "%s", name);
    return node;
}

static void add_agencies (world_t *world)
{
    for (uint32_t draw = 0; draw < world->plan.draws; draw++)
        for (uint32_t agency = 1; agency <= world->plan.draw[draw].agencies; agency++)
            add_seat (world, draw, agency);
}

static void add_seat (world_t *world, uint32_t draw, uint32_t agency)
{
    const plan_seat_t *seat = &world->plan.draw[draw].seat[agency];
    for (uint32_t i = 0; i < seat->processes; i++) {
        node_t *node =
            add_process (world, &agency_node, draw, agency, (char) ('a' + (int) i));
        node->process = i;
        node->asks = seat->kind == SEAT_ASKS;
    }
    if (seat->cancels > 0)
        add_process (world, &cancel_node, draw, agency, 'x')->process =
            PLAN_PROCESSES_MAX;
}

/* Most come when the draw is on sale; a few are too early. */
static node_t *add_process (world_t *world, const node_ops_t *ops, uint32_t draw,
                            uint32_t agency, char letter)
{
    char name[24];
    const int64_t opens_ms = world->plan.draw[draw].opens_ms;
    const int64_t from_ms = dice_chance (&world->dice, 150) ? 0 : opens_ms;
    snprintf (name, sizeof name, "agency-%u%c", agency, letter);
    if (draw > 0)
        snprintf (name, sizeof name, "agency-%u%c/%u", agency, letter, draw + 1);
    node_t *node =
        add_node (world, ops, name,
                  from_ms + dice_between (&world->dice, 0, world->plan.start_ms));
    node->agency = agency;
    node->draw = draw;
    return node;
}

static void run (world_t *world)
{
    const uint64_t steps_end = world->counts->steps + STEPS_MAX;
    while (!world->violation[0] && !everybody_over (world)) {
        go_on (world);
        if (world->counts->steps > steps_end)
            world_violate (world, "I7: somebody runs in circles");
    }
}

static void go_on (world_t *world)
{
    pass_time (world);
    network_advance (world->network, world->now_ms);
    finish_syncs (world);
    if (world->database)
        database_advance (world->database);
    faults_come (world);
    give_turns (world);
    checks_tick (world->checks);
}

static bool everybody_over (const world_t *world)
{
    for (int i = 0; i < world->nodes_count; i++)
        if ((world->nodes[i].agency > 0 || world->nodes[i].operator_no > 0) &&
            !world->nodes[i].over)
            return false;
    for (uint32_t i = 0; i < world->plan.draws; i++)
        if (!checks_finished (world->checks, i))
            return false;
    return true;
}

static void pass_time (world_t *world)
{
    int64_t next_ms = network_next (world->network);
    for (int i = 0; i < world->nodes_count; i++) {
        const int64_t wake_ms = wake_time (world, &world->nodes[i]);
        next_ms = wake_ms < next_ms ? wake_ms : next_ms;
    }
    for (int i = 0; i < SYNCS_MAX; i++)
        if (world->syncs[i].file && world->syncs[i].due_ms < next_ms)
            next_ms = world->syncs[i].due_ms;
    if (world->database && database_next (world->database) < next_ms)
        next_ms = database_next (world->database);
    if (!world->calm && world->fault_ms < next_ms)
        next_ms = world->fault_ms;
    if (!world->calm && world->plan.calm_ms < next_ms)
        next_ms = world->plan.calm_ms;
    if (next_ms == INT64_MAX)
        world_violate (world, "I7: nothing will ever happen again");
    else if (next_ms > world->now_ms)
        world->now_ms = next_ms;
}

static int64_t wake_time (const world_t *world, const node_t *node)
{
    int64_t wake_ms = node->restart_ms;
    if (!node->core)
        return node->over ? INT64_MAX : wake_ms;
    wake_ms = node->woken || network_waits (world->network, node->index)
                  ? world->now_ms
                  : node->ops->deadline (node);
    wake_ms = wake_ms > node->busy_ms ? wake_ms : node->busy_ms;
    return wake_ms > node->paused_ms ? wake_ms : node->paused_ms;
}

/* A sync in the background that has had its time is over, and its process hears of it.
 */
static void finish_syncs (world_t *world)
{
    for (int i = 0; i < SYNCS_MAX; i++)
        if (world->syncs[i].file && world->syncs[i].due_ms <= world->now_ms) {
            disk_finish ((disk_file_t *) world->syncs[i].file);
            world->syncs[i].file = NULL;
            world->machine[world->syncs[i].machine].storage->woken = true;
        }
}

/* Those that were begun get their time; those that nobody waits for any more lose it.
 */
static void plan_syncs (world_t *world)
{
    for (int i = 0; i < SYNCS_MAX; i++)
        if (world->syncs[i].file &&
            (!world->syncs[i].file->syncing || world->syncs[i].file->sync_over))
            world->syncs[i].file = NULL;
    for (int i = 0; i < world->machines; i++)
        for (const disk_file_t *file = NULL;
             (file = disk_syncing_next (world->machine[i].disk, file));)
            plan_sync (world, i, file);
}

static void plan_sync (world_t *world, int machine, const disk_file_t *file)
{
    int i = 0, vacant = -1;
    for (; i < SYNCS_MAX && world->syncs[i].file != file; i++)
        vacant = world->syncs[i].file ? vacant : i;
    if (i < SYNCS_MAX)
        return;
    assert (vacant != -1);
    world->syncs[vacant].file = file;
    world->syncs[vacant].machine = machine;
    world->syncs[vacant].due_ms =
        world->now_ms + dice_between (&world->dice, 0, longest_sync (world, file));
}

static int64_t longest_sync (const world_t *world, const disk_file_t *file)
{
    if (world->slow_ms > world->now_ms)
        return SLOW_SYNC_MS;
    return strcmp (file->name, "bets.log") == 0 ? world->plan.sync_ms
                                                : world->plan.others_ms;
}

/* Each to whom it is due, in an order that changes. */
static void give_turns (world_t *world)
{
    look_for_a_state (world);
    const int count = world->nodes_count;
    const int first = (int) dice_below (&world->dice, (uint64_t) count);
    for (int i = 0; i < count && !world->violation[0]; i++) {
        node_t *node = &world->nodes[(first + i) % count];
        if (wake_time (world, node) > world->now_ms)
            continue;
        if (node->core)
            step_node (world, node);
        else
            start_node (world, node);
    }
}

/* Whoever superseded another was alive, whatever letters of the dead there are. */
static void look_for_a_state (world_t *world)
{
    if (world->nodes[NODE_STATE].over && world->nodes[NODE_SECOND_STATE].over)
        world_violate (world, "I7: of two states both are superseded");
}

static void start_node (world_t *world, node_t *node)
{
    world_trace (world, "%s starts", node->name);
    world->counts->starts++;
    if (node->disk) {
        files_begin (world->files);
        for (int i = 0; i < TRIALS && world->plan.fault[FAULT_FILES]; i++)
            files_try (world->files, node->in_order);
        node->in_order = false;
        disk_forgive (node->disk);
        if (world->database)
            database_begin (world->database, node->machine);
        if (world->machines > 1)
            begin_candidate (world, node);
    }
    node->busy_ms = node->started_ms = world->now_ms;
    node->serves = false;
    network_begin (world->network, node->index);
    begin_turn (node);
    node->core = node->ops->start (node);
    if (node->disk && node->core && !node->dying && !world->database)
        checks_settled (world->checks, node);
    finish_turn (world, node);
}

/* What loteria-central does then: state knows what a former storage told it, and is
   killed, soon. */
static void begin_candidate (world_t *world, const node_t *storage)
{
    machine_t *machine = &world->machine[storage->machine];
    machine->fenced = false;
    checks_begin (world->checks, storage);
    if (dice_chance (&world->dice, 300))
        machine->state->kill_in = 1 + (unsigned) dice_skewed (&world->dice, 40);
    else
        world_kill (world, machine->state);
}

static void step_node (world_t *world, node_t *node)
{
    world->counts->steps++;
    if (node->disk)
        disk_forgive (node->disk);
    network_look (world->network, node->index, LOOP_MESSAGES_MAX);
    begin_turn (node);
    node->ops->step (node);
    // nothing is done in no time at all, for ever
    if (node->busy_ms <= world->now_ms)
        node->busy_ms = world->now_ms + dice_chance (&world->dice, 300);
    finish_turn (world, node);
}

static void begin_turn (node_t *node)
{
    node->woken = false;
    running = node;
    disk_mount (node->disk);
}

static void finish_turn (world_t *world, node_t *node)
{
    plan_syncs (world);
    if (node->disk && !node->dying)
        files_check (world->files);
    if (node->dying) {
        world_trace (world, "%s is dead", node->name);
        bury (world, node);
    }
    if (world->power_goes)
        world_cut_power (world, world->power_machine, dice_chance (&world->dice, 300));
    world->power_goes = false;
}

/* Whoever keeps it alive starts it again after a while. */
static void bury (world_t *world, node_t *node)
{
    node->dying = true; // whatever it still wants to say or to write
    running = node;
    if (node->core)
        node->ops->destroy (&node->core);
    node->serves = false;
    network_end (world->network, node->index, world->now_ms);
    node->dying = false;
    node->kill_in = 0;
    node->takes_power = false;
    node->restart_ms =
        world->now_ms + (world->calm ? 100 : dice_between (&world->dice, 20, 1500));
}

void world_kill (world_t *world, node_t *node)
{
    if (!node->core)
        return;
    world->counts->kills++;
    world_trace (world, "-- %s is killed", node->name);
    bury (world, node);
}

void world_stop (world_t *world, node_t *node)
{
    if (!node->core || !node->ops->stop)
        return;
    world->counts->stops++;
    world_trace (world, "-- %s is told to stop", node->name);
    if (node->disk)
        disk_forgive (node->disk);
    begin_turn (node);
    node->ops->stop (node);
    node->in_order = !node->dying;
    node->dying = true;
    finish_turn (world, node);
}

bool world_try (world_t *world, disk_t *disk, char *why, size_t why_size)
{
    node_t *node = &world->nodes[NODE_STORAGE];
    world->trial = why;
    world->trial_size = why_size;
    *why = 0;
    network_begin (world->network, node->index);
    running = node;
    disk_mount (disk);
    void *core = node->ops->start (node);
    const bool started = core != NULL;
    node->dying = true; // nobody hears it
    if (core)
        node->ops->destroy (&core);
    node->dying = false;
    network_end (world->network, node->index, world->now_ms);
    world->trial = NULL;
    return started;
}

void world_cut_power (world_t *world, int machine, bool agencies_too)
{
    world_trace (world, "-- the power is cut%s%s", agencies_too ? ", everywhere" : "",
                 machine == WORLD_ALL || world->machines == 1 ? ""
                 : machine == 0                               ? ", of the first"
                                                              : ", of the second");
    world->counts->power_cuts++;
    for (int i = 0; i < world->machines; i++)
        if (machine == WORLD_ALL || machine == i)
            count_cut (world, i);
    for (int i = 0; i < world->nodes_count; i++) {
        node_t *node = &world->nodes[i];
        const bool here = node->agency > 0
                              ? agencies_too
                              : machine == WORLD_ALL || node->machine == machine ||
                                    node->machine == WORLD_ALL;
        if (here)
            world_kill (world, node);
    }
    for (int i = 0; i < world->machines; i++)
        if (machine == WORLD_ALL || machine == i) {
            disk_cut (world->machine[i].disk);
            world->machine[i].told = false; // that lies in memory
        }
    if (world->database)
        database_power (world->database);
    for (uint32_t draw = 0; agencies_too && draw < world->plan.draws; draw++)
        for (uint32_t agency = 1; agency <= PLAN_AGENCIES_MAX; agency++)
            if (world->folder[draw][agency])
                fair_folder_cut (world->folder[draw][agency], &world->dice);
    plan_syncs (world);
}

static void count_cut (world_t *world, int machine)
{
    const disk_t *disk = world->machine[machine].disk;
    const disk_file_t *syncing = disk_syncing (disk);
    if (syncing && strcmp (syncing->name, "bets.log") == 0)
        syncing = disk_syncing_next (disk, syncing);
    world->counts->checkpoint_cuts += syncing != NULL;
}

/* Not while entries are gone, which only the disk may show that is there. */
void world_replace_disk (world_t *world, int machine)
{
    machine_t *at = &world->machine[machine];
    if (at->storage->core || database_lost (world->database))
        return;
    world_trace (world, "-- %s has %s disk", at->storage->name,
                 at->copy ? "an earlier copy of its" : "an empty");
    disk_t *disk = at->copy ? at->copy : disk_new (&world->dice);
    disk_destroy (&at->disk);
    at->copy = NULL;
    mount (at, disk);
    disk_spoil (disk, world->calm ? 0 : world->plan.spoilt);
    for (int i = 0; i < SYNCS_MAX; i++)
        if (world->syncs[i].machine == machine)
            world->syncs[i].file = NULL;
    checks_replaced (world->checks, machine);
    world->counts->replaced++;
}

void world_copy_disk (world_t *world, int machine)
{
    machine_t *at = &world->machine[machine];
    disk_destroy (&at->copy);
    at->copy = disk_clone (at->disk, &world->dice);
}

int world_some_machine (world_t *world)
{
    const int some =
        world->machines == 1 ? 0 : (int) dice_below (&world->dice, WORLD_MACHINES + 1);
    return some < world->machines ? some : WORLD_ALL;
}

/* Another day, another start: the results must be what they were. */
static void start_all_again (world_t *world)
{
    if (!world->calm)
        faults_stop (world);
    world_cut_power (world, WORLD_ALL, true);
    for (int i = 0; i < world->nodes_count; i++) {
        node_t *node = &world->nodes[i];
        if (node->agency > 0)
            node->over = !node->ended_well;
        node->restart_ms = world->now_ms;
    }
    checks_calm (world->checks);
}

/* The power is cut once more, to see what is really there. */
static void end_day (world_t *world)
{
    if (!world->calm)
        faults_stop (world);
    world_cut_power (world, WORLD_ALL, true);
    start_storages (world);
    if (!world->violation[0] && !settled (world))
        world_violate (world,
                       world->machines == 1
                           ? "I7: storage does not serve in the end"
                           : "I16: of two storages none serves in the end, or the "
                             "other one has not followed");
    for (int i = 0; world->machines > 1 && i < world->machines; i++)
        checks_settled (world->checks, world->machine[i].storage);
    world->counts->caught_up += world->machines > 1;
    checks_over (world->checks);
}

/* Of one central nobody else is: what is recorded stays as it is. Of two the whole one
   that leads: that its last group is safe the other one hears with the next. */
static void start_storages (world_t *world)
{
    const int64_t end_ms = world->now_ms + START_MS;
    for (int i = 0; i < world->machines; i++)
        start_node (world, world->machine[i].storage);
    while (world->machines > 1 && !world->violation[0] && !settled (world) &&
           world->now_ms < end_ms)
        go_on (world);
    node_t *storage = world->machine[0].storage;
    for (; world->machines == 1 && !settled (world) && world->now_ms < end_ms;
         world->now_ms++) {
        if (world->database)
            database_advance (world->database);
        if (storage->core && wake_time (world, storage) <= world->now_ms)
            step_node (world, storage);
    }
}

/* One serves, and what is recorded has come to all. */
static bool settled (world_t *world)
{
    bool serves = false, all = true;
    for (int i = 0; i < world->machines; i++) {
        const node_t *storage = world->machine[i].storage;
        serves = serves || storage->serves;
        all = all && storage->core && checks_caught_up (world->checks, i);
    }
    return serves && (all || world->machines == 1);
}

static void add_up (world_t *world)
{
    world_counts_t *counts = world->counts;
    const network_counts_t *network = network_counts (world->network);
    counts->days++;
    counts->virtual_ms += world->now_ms;
    counts->messages += network->sent;
    counts->lost += network->lost;
    counts->repeated += network->repeated;
    counts->link_cuts += network->cuts;
    for (int i = 0; i < world->machines; i++) {
        const disk_counts_t *disk = disk_counts (world->machine[i].disk);
        counts->operations += disk->operations;
        counts->failures += disk->failures;
        counts->full += disk->full;
        counts->torn += disk->torn;
    }
    counts->checkpoints += checks_checkpoints (world->checks);
    counts->laps += checks_laps (world->checks);
}

static life_t node_life (void *context)
{
    node_t *node = context;
    if (node->dying)
        return LIFE_IS_OVER;
    if (node->kill_in == 0 || --node->kill_in > 0)
        return LIFE_GOES_ON;
    world_trace (node->world, "-- %s dies here", node->name);
    node->world->counts->kills++;
    node->world->power_goes = node->takes_power;
    node->world->power_machine = node->machine;
    node->dying = true;
    return LIFE_ENDS_HERE;
}

/* The power goes in the midst of what is done to a disk: that is what is worth seeing.
 */
bool node_point (node_t *node)
{
    return node->takes_power ? !node->dying : node_life (node) == LIFE_GOES_ON;
}

/* A process that ends though nothing was done to it has found what cannot be. Want of
   space is a reason only when it starts: at work it has reserved what it writes. */
void node_die (node_t *node, const char *why)
{
    if (node->dying)
        return;
    if (node->world->trial) {
        snprintf (node->world->trial, node->world->trial_size, "%s", why);
        return;
    }
    world_trace (node->world, "%s ends: %s", node->name, why);
    if (node->disk && !disk_failed (node->disk) && !files_missed (node->world->files) &&
        !(disk_full (node->disk) && !node->core) &&
        !(node->world->database &&
          database_hurt (node->world->database, node->machine)))
        world_violate (node->world, "I1: %s ends for no fault of its disk: %s",
                       node->name, why);
    node->world->counts->refused_starts += node->agency == 0;
    if (node->disk && !node->serves && node->world->database)
        node->world->counts->refused_losses += database_lost (node->world->database);
    node->dying = true;
}

/* A start on a database has all of it when it begins to listen, and not before; but for
   one that slept so long that another has served meanwhile. */
void world_serves (node_t *node)
{
    world_t *world = node->world;
    node->serves = true;
    if (!node->disk || !world->database || node->dying || world->trial)
        return;
    if (world->machines > 1)
        fence (world, node);
    if (world->machine[node->machine].fenced)
        return;
    if (database_lost (world->database))
        world_violate (world,
                       "I15: storage serves on a database that has lost what was "
                       "safe");
    checks_settled (world->checks, node);
}

/* Who leads with an epoch before the one that served last is to say nothing more. */
static void fence (world_t *world, const node_t *storage)
{
    const uint64_t epoch = database_took (world->database, storage->machine);
    world->counts->takeovers +=
        world->epoch > 0 && epoch > world->epoch && storage->machine != world->leader;
    if (epoch > world->epoch) {
        world->epoch = epoch;
        world->leader = storage->machine;
    }
    for (int i = 0; i < world->machines; i++)
        if (world->machine[i].storage->core || i == storage->machine)
            world->machine[i].fenced =
                database_took (world->database, i) < world->epoch;
}

const char *world_place (int machine, place_t place)
{
    static const char *const places[WORLD_MACHINES][WORLD_PLACES] = {
        {"tcp://127.0.0.1:1", "tcp://127.0.0.1:2", "tcp://127.0.0.1:3",
         "tcp://127.0.0.1:4"},
        {"tcp://127.0.0.2:1", "tcp://127.0.0.2:2", "tcp://127.0.0.2:3",
         "tcp://127.0.0.2:4"}};
    return places[machine][place];
}

node_t *world_node (void)
{
    return running;
}

uint64_t world_wall_ms (const world_t *world, int machine)
{
    const machine_t *at = &world->machine[machine == WORLD_ALL ? 0 : machine];
    return world->plan.wall_start_ms + (uint64_t) (world->now_ms + at->wall_off_ms);
}

const plan_seat_t *world_seat (const node_t *node)
{
    return &node->world->plan.draw[node->draw].seat[node->agency];
}

void world_trace (const world_t *world, const char *format, ...)
{
    if (!world->trace)
        return;
    va_list values;
    va_start (values, format);
    printf ("%6lld ", (long long) world->now_ms);
    vprintf (format, values);
    putchar ('\n');
    va_end (values);
}

void world_violate (world_t *world, const char *format, ...)
{
    if (world->violation[0])
        return;
    va_list values;
    va_start (values, format);
    vsnprintf (world->violation, sizeof world->violation, format, values);
    va_end (values);
    world_trace (world, "%s", world->violation);
}
