/* scan.c - bench-scan: how long storage searches a stored day for all winners, and
   works out the roots over all bets, as a provable draw asks for; and how long a sync
   takes on its disk. No storage process may be using the directory. */

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "measure.h"
#include "book.h"
#include "roots.h"
#include "winners.h"

#define SYNCS 101

typedef struct {
    const char *data_directory;
    uint32_t agencies, number, repeat;
} options_t;

typedef struct {
    sales_t *sales;
    book_t *book;
} day_t;

static void open_day (day_t *day, const char *directory);
static void close_day (day_t *day);
static uint64_t find_all (book_t *book, const options_t *options);
static uint64_t next_pages (winners_t *winners, size_t *open);
static const sale_t *last_draw (book_t *book);
static uint64_t root_all (book_t *book);
static void time_syncs (const char *directory, uint32_t *sync_ns);

int main (int argc, char **argv)
{
    options_t options = {0};
    const config_item_t items[] = {
        {"data-dir", CONFIG_TEXT, &options.data_directory, NULL, "data", 0, 0,
         "a day that nobody serves"},
        {"agencies", CONFIG_NUMBER, &options.agencies, NULL, "5", 1, AGENCIES_MAX,
         "agencies, from 1 to this number"},
        {"number", CONFIG_NUMBER, &options.number, NULL, "7574", 0, NUMBER_MAX_MAX,
         "the number that wins"},
        {"repeat", CONFIG_NUMBER, &options.repeat, NULL, "11", 1, 10000, "searches"},
        {0}};
    const config_program_t program = {.program = "bench-scan",
                                      .section = "bench-scan",
                                      .summary = "The search for all winners.",
                                      .items = items};
    int status;
    config_t *config = config_load (&program, argc, argv, &status);
    if (!config)
        return status;
    day_t day;
    open_day (&day, options.data_directory);
    uint32_t *scan_ns = calloc (options.repeat, sizeof *scan_ns), sync_ns[SYNCS];
    uint32_t *roots_ns = calloc (options.repeat, sizeof *roots_ns);
    assert (scan_ns && roots_ns);
    uint64_t bets = 0;
    uint64_t winners = find_all (day.book, &options); // once unmeasured: into the cache
    for (uint64_t i = 0; i < options.repeat; i++) {
        const int64_t start_ns = measure_ns ();
        winners = find_all (day.book, &options);
        scan_ns[i] = measure_latency (start_ns);
    }
    for (uint64_t i = 0; i < options.repeat; i++) {
        const int64_t start_ns = measure_ns ();
        bets = root_all (day.book);
        roots_ns[i] = measure_latency (start_ns);
    }
    time_syncs (options.data_directory, sync_ns);
    printf ("{\"bytes\":%" PRIu64 ",\"bets\":%" PRIu64 ",\"winners\":%" PRIu64
            ",\"scan_us\":",
            book_bytes (day.book), bets, winners);
    measure_print_latency (scan_ns, options.repeat);
    printf (",\"roots_us\":");
    measure_print_latency (roots_ns, options.repeat);
    printf (",\"sync_us\":");
    measure_print_latency (sync_ns, SYNCS);
    printf ("}\n");
    free (scan_ns);
    free (roots_ns);
    close_day (&day);
    config_destroy (&config);
    return 0;
}

static void open_day (day_t *day, const char *directory)
{
    static const log_options_t shape = {0};
    char why[BOOK_WHY_BYTES];
    day->sales = sales_new ();
    day->book = book_open (directory, &shape, day->sales, why);
    if (!day->book)
        measure_die ("%s", why);
}

static void close_day (day_t *day)
{
    book_destroy (&day->book);
    sales_destroy (&day->sales);
}

/* Every agency's winners of the draw that was opened last, page by page, as state asks
   for them: a bundle of questions at a time. */
static uint64_t find_all (book_t *book, const options_t *options)
{
    static winners_t winners[BUNDLE_MESSAGES_MAX];
    uint64_t found = 0;
    const sale_t *sale = last_draw (book);
    const uint32_t agencies = sale->terms.agencies < options->agencies
                                  ? sale->terms.agencies
                                  : options->agencies;
    for (uint32_t first = 1; first <= agencies; first += BUNDLE_MESSAGES_MAX) {
        size_t open = 0;
        for (; open < BUNDLE_MESSAGES_MAX && first + open <= agencies; open++) {
            winners[open].sale = sale;
            winners[open].agency =
                cursors_admit (sale->cursors, first + (uint32_t) open);
            winners[open].page = (wire_winners_t){.number = options->number};
        }
        while (open > 0) {
            if (winners_find (book_archive (book), winners, open) == -1)
                measure_die ("the book cannot be read: %s", strerror (errno));
            found += next_pages (winners, &open);
        }
    }
    return found;
}

/* How many winners there were; left are the pages that come next. */
static uint64_t next_pages (winners_t *winners, size_t *open)
{
    uint64_t found = 0;
    size_t left = 0;
    for (size_t i = 0; i < *open; i++) {
        found += winners[i].page.count;
        if (winners[i].page.next == 0)
            continue;
        winners[left].sale = winners[i].sale;
        winners[left].agency = winners[i].agency;
        winners[left].page.number = winners[i].page.number;
        winners[left++].page.cursor = winners[i].page.next;
    }
    *open = left;
    return found;
}

static const sale_t *last_draw (book_t *book)
{
    sales_t *sales = book_sales (book);
    const sale_t *sale = sales_at (sales, sales_count (sales) - 1);
    if (!sale)
        measure_die ("no draw is live");
    return sale;
}

/* Every agency's root in that draw; how many bets they are over. (What is cancelled
   counts as if it stood: that is as much work.) */
static uint64_t root_all (book_t *book)
{
    static const salt_key_t key = {{1}};
    static const cancelled_t none = {0};
    const sale_t *sale = last_draw (book);
    const cursor_t *agency = NULL;
    uint64_t bets = 0;
    while ((agency = cursors_next (sale->cursors, agency ? agency->at.agency : 0))) {
        roots_t *roots = roots_new (book_archive (book), sale, agency, &none, &key, 0,
                                    agency->at.next);
        if (roots_step (roots, UINT64_MAX) != 1)
            measure_die ("the book cannot be read: %s", strerror (errno));
        bets += agency->at.next;
        roots_destroy (&roots);
    }
    return bets;
}

/* A record's worth of bytes at the end of a file, and a sync, as a seal costs. */
static void time_syncs (const char *directory, uint32_t *sync_ns)
{
    char path[4096], record[RECORD_BYTES] = {0};
    snprintf (path, sizeof path, "%s/bench-scan.tmp", directory);
    const int file = open (path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file == -1)
        measure_die ("%s: %s", path, strerror (errno));
    for (size_t i = 0; i < SYNCS; i++) {
        const int64_t start_ns = measure_ns ();
        if (write (file, record, sizeof record) != sizeof record ||
            fdatasync (file) == -1)
            measure_die ("%s: %s", path, strerror (errno));
        sync_ns[i] = measure_latency (start_ns);
    }
    close (file);
    unlink (path);
}
