/* sim.c - plays simulated days, one seed each, and stops at the first that breaks an
   invariant. README.md says what a day is. */

#include "world.h"

#include "logger.h"

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TABLE_BYTES     (64 * 1024)
#define DAY_SECONDS_MAX 120 // of real time; a day takes some milliseconds

typedef struct {
    uint64_t first_seed, days;
    double seconds; // 0: as many as it takes
    world_options_t world;
} options_t;

static uint64_t seed; // of the day that is played

static bool take_options (int argc, char **argv, options_t *options);
static int play (const options_t *options);
static void give_up (int reason);
static double now_seconds (void);
static void tell_counts (const world_counts_t *counts, double seconds);

int main (int argc, char **argv)
{
    options_t options = {.first_seed = 1, .days = 1000};
    if (!take_options (argc, argv, &options)) {
        fprintf (stderr, "usage: sim [--days N | --seconds N] [--first-seed N] "
                         "[--database | --standby]\n"
                         "       sim --seed N [--database | --standby] [--trace]\n");
        return 2;
    }
    logger_set_level (LOG_CRITICAL);
    setenv ("TZ", "UTC", 1);
    mallopt (M_MMAP_THRESHOLD, TABLE_BYTES); // large tables cost what is used of them
    return play (&options);
}

static bool take_options (int argc, char **argv, options_t *options)
{
    for (int i = 1; i < argc; i++) {
        const bool valued = i + 1 < argc;
        if (strcmp (argv[i], "--trace") == 0)
            options->world.trace = true;
        else if (strcmp (argv[i], "--database") == 0)
            options->world.database = true;
        else if (strcmp (argv[i], "--standby") == 0)
            options->world.standby = true;
        else if (valued && strcmp (argv[i], "--days") == 0)
            options->days = strtoull (argv[++i], NULL, 10);
        else if (valued && strcmp (argv[i], "--first-seed") == 0)
            options->first_seed = strtoull (argv[++i], NULL, 10);
        else if (valued && strcmp (argv[i], "--seconds") == 0) {
            options->seconds = strtod (argv[++i], NULL);
            options->days = UINT64_MAX;
        } else if (valued && strcmp (argv[i], "--seed") == 0) {
            options->first_seed = strtoull (argv[++i], NULL, 10);
            options->days = 1;
        } else
            return false;
    }
    return true;
}

static int play (const options_t *options)
{
    world_counts_t counts = {0};
    const double start = now_seconds ();
    int status = 0;
    signal (SIGALRM, give_up);
    signal (SIGABRT, give_up);
    signal (SIGSEGV, give_up);
    for (uint64_t i = 0; status == 0 && i < options->days; i++) {
        char violation[512];
        seed = options->first_seed + i;
        if (options->seconds > 0 && now_seconds () - start >= options->seconds)
            break;
        alarm (DAY_SECONDS_MAX);
        if (world_play (seed, &options->world, &counts, violation) == -1) {
            printf ("seed %" PRIu64 " violates %s\n", seed, violation);
            printf ("again: sim --seed %" PRIu64 "%s --trace\n", seed,
                    options->world.standby    ? " --standby"
                    : options->world.database ? " --database"
                                              : "");
            status = 1;
        }
    }
    alarm (0);
    if (!options->world.trace) // a trace says the same each time
        tell_counts (&counts, now_seconds () - start);
    return status;
}

/* Some loop of the product's has no end, or an assertion of its does not hold: neither
   can be left in another way. */
static void give_up (int reason)
{
    printf ("seed %" PRIu64 " violates %s\n", seed,
            reason == SIGALRM   ? "I7: the day does not end"
            : reason == SIGABRT ? "an assertion"
                                : "memory");
    printf ("again: sim --seed %" PRIu64 " --trace\n", seed);
    fflush (stdout);
    _exit (1);
}

static double now_seconds (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static void tell_counts (const world_counts_t *counts, double seconds)
{
    printf ("%" PRIu64 " days (%.1f hours) in %.1f s, %.0f a minute\n", counts->days,
            (double) counts->virtual_ms / 3.6e6, seconds,
            (double) counts->days / seconds * 60);
    printf ("%" PRIu64 " bets stored, %" PRIu64 " acknowledgements, %" PRIu64
            " results told\n",
            counts->bets, counts->acknowledgements, counts->results);
    printf ("%" PRIu64 " kills, %" PRIu64 " power cuts (%" PRIu64
            " tore a file), %" PRIu64 " pauses, %" PRIu64 " starts\n",
            counts->kills, counts->power_cuts, counts->torn, counts->pauses,
            counts->starts);
    printf ("%" PRIu64 " disk operations, %" PRIu64 " failed, %" PRIu64
            " found no space; %" PRIu64 " processes ended over that\n",
            counts->operations, counts->failures, counts->full, counts->refused_starts);
    printf ("%" PRIu64 " checkpoints, %" PRIu64
            " power cuts in the midst of one; %" PRIu64 " laps of the log\n",
            counts->checkpoints, counts->checkpoint_cuts, counts->laps);
    printf ("%" PRIu64 " draws, %" PRIu64 " got their number (%" PRIu64
            " of provable draws), %" PRIu64 " void, %" PRIu64
            " closed by the clock; %" PRIu64 " archived\n",
            counts->draws, counts->drawn, counts->proven, counts->voided,
            counts->closed_by_clock, counts->archived);
    printf ("%" PRIu64 " orders carried out, %" PRIu64 " refused; %" PRIu64
            " agencies excused, %" PRIu64 " stopped by a close; %" PRIu64
            " bets cancelled; %" PRIu64 " jumps of the clock\n",
            counts->orders, counts->orders_refused, counts->excused, counts->cut_short,
            counts->cancelled, counts->jumps);
    printf ("%" PRIu64 " reports and %" PRIu64 " pages of winners told to operators\n",
            counts->reports, counts->shown);
    printf ("%" PRIu64 " stops, %" PRIu64 " states superseded, %" PRIu64
            " starts on files removed or exchanged\n",
            counts->stops, counts->superseded, counts->trials);
    printf ("%" PRIu64 " messages, %" PRIu64 " lost, %" PRIu64 " repeated, %" PRIu64
            " connections cut\n",
            counts->messages, counts->lost, counts->repeated, counts->link_cuts);
    if (counts->database_faults > 0)
        printf ("%" PRIu64 " faults of databases, which lost what was safe %" PRIu64
                " times: %" PRIu64 " starts refused\n",
                counts->database_faults, counts->losses, counts->refused_losses);
    if (counts->caught_up > 0)
        printf ("%" PRIu64 " takeovers by the other central, %" PRIu64
                " new or older disks; on %" PRIu64
                " days both have the same files in the end\n",
                counts->takeovers, counts->replaced, counts->caught_up);
    printf ("after faults stopped: all acknowledged within %lld ms, all ended within "
            "%lld ms\n",
            (long long) counts->slowest_acknowledgement_ms,
            (long long) counts->slowest_end_ms);
}
