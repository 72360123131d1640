/* bar.c - the line that shows on a terminal how far an agency is (agency). */

#include "bar.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CELLS_MAX   20
#define CELLS_MIN   4 // fewer show nothing
#define CELLS_BYTES (CELLS_MAX + sizeof "[]  ")

static size_t cut (char *text, size_t columns);
static void write_selling (const bar_t *bar, size_t columns, char text[BAR_BYTES]);
static void write_cells (const bar_t *bar, size_t room, char cells[CELLS_BYTES]);
static void write_numbers (const bar_t *bar, char text[BAR_BYTES]);
static unsigned percent (const bar_t *bar);

size_t bar_write (const bar_t *bar, size_t columns, char text[BAR_BYTES])
{
    if (bar->stage == BAR_LOOKING)
        snprintf (text, BAR_BYTES, "agency %" PRIu32 "  looking for %.300s",
                  bar->agency, bar->server);
    else if (bar->stage == BAR_SELLING)
        write_selling (bar, columns, text);
    else
        snprintf (text, BAR_BYTES,
                  "agency %" PRIu32 "  %" PRIu64 " bets stored, %" PRIu32 " of %" PRIu32
                  " agencies ready%s%.200s",
                  bar->agency, bar->stored, bar->ready, bar->agencies,
                  *bar->missing ? ", waiting for " : "", bar->missing);
    return cut (text, columns);
}

/* Between two words: half a number would be a false one. */
static size_t cut (char *text, size_t columns)
{
    size_t size = strlen (text);
    if (size < columns)
        return size;
    size = columns > 0 ? columns - 1 : 0;
    while (size > 0 && text[size] != ' ')
        size--;
    while (size > 0 && text[size - 1] == ' ')
        size--;
    text[size] = 0;
    return size;
}

/* The cells take what the numbers leave. */
static void write_selling (const bar_t *bar, size_t columns, char text[BAR_BYTES])
{
    char numbers[BAR_BYTES], cells[CELLS_BYTES] = "";
    const size_t who = (size_t) snprintf (NULL, 0, "agency %" PRIu32 "  ", bar->agency);
    write_numbers (bar, numbers);
    if (who + strlen (numbers) >= columns) { // the rate says more than what was before
        bar_t fresh = *bar;
        fresh.resumed = 0;
        write_numbers (&fresh, numbers);
    }
    const size_t taken = who + strlen (numbers) + sizeof "[]  " - 1;
    if (bar->total > 0 && taken + CELLS_MIN < columns)
        write_cells (bar, columns - 1 - taken, cells);
    snprintf (text, BAR_BYTES, "agency %" PRIu32 "  %s%.400s", bar->agency, cells,
              numbers);
}

static void write_cells (const bar_t *bar, size_t room, char cells[CELLS_BYTES])
{
    const size_t count = room < CELLS_MAX ? room : CELLS_MAX;
    const size_t full = percent (bar) * count / 100;
    *cells++ = '[';
    memset (cells, '.', count);
    memset (cells, '#', full);
    strcpy (cells + count, "]  ");
}

static void write_numbers (const bar_t *bar, char text[BAR_BYTES])
{
    char total[64] = "", resumed[64] = "", left[64] = "", done[16] = "";
    if (bar->total > 0) {
        snprintf (done, sizeof done, "%u%%  ", percent (bar));
        snprintf (total, sizeof total, " of %s%" PRIu64, bar->estimated ? "~" : "",
                  bar->total);
    }
    if (bar->resumed > 0)
        snprintf (resumed, sizeof resumed, " (%" PRIu64 " resumed)", bar->resumed);
    if (bar->rate > 0 && bar->total > bar->stored) {
        const uint64_t seconds = (bar->total - bar->stored) / bar->rate;
        snprintf (left, sizeof left, "  %" PRIu64 ":%02" PRIu64 " left", seconds / 60,
                  seconds % 60);
    }
    snprintf (text, BAR_BYTES, "%s%" PRIu64 "%s bets%s  %" PRIu64 "/s%s", done,
              bar->stored, total, resumed, bar->rate, left);
}

/* 100 only when it is so: the total may be a guess. */
static unsigned percent (const bar_t *bar)
{
    if (bar->stored < bar->total)
        return (unsigned) ((double) bar->stored / (double) bar->total * 100);
    return 100;
}

uint64_t bar_estimate (uint64_t rows, uint64_t bytes, uint64_t total)
{
    if (bytes == 0 || bytes >= total)
        return rows;
    return (uint64_t) ((double) rows / (double) bytes * (double) total);
}
