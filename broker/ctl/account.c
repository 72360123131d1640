/* account.c - what became of a draw, per agency: loteria-ctl report. */

#include "account.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "readable.h"
#include "json.h"
#include "local_time.h"
#include "table.h"

static void put_line (table_t *table, const account_t *account,
                      const account_line_t *line, uint64_t now_ms);
static void put_total (table_t *table, const account_t *account);
static void put_number (json_t *json, const char *key, uint64_t number, bool known);

#define COUNT(value) figure_count (value, (char[FIGURE_BYTES]){0})

void account_open (account_t *account, const view_draw_t *draw,
                   const wire_draw_t *about)
{
    *account = (account_t){.draw = draw,
                           .about = *about,
                           .drawn = about->phase == PHASE_DRAWN,
                           .count = draw->count};
    account->line = calloc (draw->count ? draw->count : 1, sizeof *account->line);
    assert (account->line);
    for (size_t i = 0; i < draw->count; i++) {
        const view_agency_t *agency = &draw->list[i];
        const bool known = agency->state != VIEW_UNKNOWN;
        account->line[i] = (account_line_t){.agency = agency->agency,
                                            .sold = agency->bets,
                                            .cancelled = agency->cancelled,
                                            .excused = known && agency->state == 2,
                                            .collected_ms = agency->served_ms};
        account->sold += agency->bets;
        account->cancelled += agency->cancelled;
        account->collected += agency->served_ms > 0;
    }
}

void account_close (account_t *account)
{
    free (account->line);
    *account = (account_t){0};
}

void account_winners (account_t *account, size_t i, uint64_t winners)
{
    account->winners += winners - account->line[i].winners;
    account->line[i].winners = winners;
}

void account_show (const account_t *account, uint64_t now_ms, paper_t *paper)
{
    table_t *table = table_new (">AGENCY >SOLD >CANCELLED >WINNERS COLLECTED");
    for (size_t i = 0; i < account->count; i++)
        put_line (table, account, &account->line[i], now_ms);
    put_total (table, account);
    table_show (table, paper);
    table_destroy (&table);
    paper_put (paper, STYLE_PLAIN, "draw %s, %s", account->draw->name,
               wire_phase_name (account->about.phase));
    if (account->drawn)
        paper_put (
            paper, STYLE_PLAIN, " %s, number %u",
            figure_time (account->about.drawn_ms, now_ms, (char[FIGURE_BYTES]){0}),
            account->about.number);
    paper_put (paper, STYLE_PLAIN, "\n");
}

char *account_csv (const account_t *account)
{
    char time[LOCAL_TEXT_BYTES];
    paper_t *paper = paper_new (false, 0, 0);
    paper_put (paper, STYLE_PLAIN,
               "draw,agency,sold,cancelled,winners,collected,excused\r\n");
    for (size_t i = 0; i < account->count; i++) {
        const account_line_t *line = &account->line[i];
        paper_put (paper, STYLE_PLAIN, "%s,%u,%" PRIu64 ",%" PRIu64 ",",
                   account->draw->name, line->agency, line->sold, line->cancelled);
        if (account->drawn)
            paper_put (paper, STYLE_PLAIN, "%" PRIu64, line->winners);
        paper_put (paper, STYLE_PLAIN, ",%s,%s\r\n",
                   line->collected_ms ? local_text_utc (line->collected_ms, time) : "",
                   line->excused ? "yes" : "no");
    }
    return paper_finish (&paper, NULL);
}

char *account_json (const account_t *account)
{
    json_t *json = json_new ();
    json_object (json, NULL);
    json_text (json, "draw", account->draw->name);
    json_text (json, "phase", wire_phase_name (account->about.phase));
    put_number (json, "number", account->about.number, account->drawn);
    json_time (json, "drawn", account->drawn ? account->about.drawn_ms : 0);
    json_array (json, "agencies");
    for (size_t i = 0; i < account->count; i++) {
        const account_line_t *line = &account->line[i];
        json_line (json);
        json_object (json, NULL);
        json_number (json, "agency", line->agency);
        json_number (json, "sold", line->sold);
        json_number (json, "cancelled", line->cancelled);
        put_number (json, "winners", line->winners, account->drawn);
        json_bool (json, "excused", line->excused);
        json_time (json, "collected", line->collected_ms);
        json_end (json);
    }
    json_end (json);
    json_object (json, "total");
    json_number (json, "agencies", account->count);
    json_number (json, "sold", account->sold);
    json_number (json, "cancelled", account->cancelled);
    put_number (json, "winners", account->winners, account->drawn);
    json_number (json, "collected", account->collected);
    json_end (json);
    json_end (json);
    json_newline (json);
    return json_finish (&json, NULL);
}

static void put_line (table_t *table, const account_t *account,
                      const account_line_t *line, uint64_t now_ms)
{
    table_put (table, STYLE_PLAIN, "%u", line->agency);
    table_put (table, STYLE_PLAIN, "%s", COUNT (line->sold));
    table_put (table, STYLE_PLAIN, "%s", COUNT (line->cancelled));
    table_put (table, STYLE_PLAIN, "%s", account->drawn ? COUNT (line->winners) : "-");
    if (line->collected_ms || !line->excused)
        table_put (
            table, account->drawn && !line->collected_ms ? STYLE_WARN : STYLE_PLAIN,
            "%s", figure_time (line->collected_ms, now_ms, (char[FIGURE_BYTES]){0}));
    else
        table_put (table, STYLE_DIM, "excused");
}

static void put_total (table_t *table, const account_t *account)
{
    table_put (table, STYLE_BOLD, "total");
    table_put (table, STYLE_BOLD, "%s", COUNT (account->sold));
    table_put (table, STYLE_BOLD, "%s", COUNT (account->cancelled));
    table_put (table, STYLE_BOLD, "%s",
               account->drawn ? COUNT (account->winners) : "-");
    table_put (table, STYLE_BOLD, "%zu of %zu", account->collected, account->count);
}

static void put_number (json_t *json, const char *key, uint64_t number, bool known)
{
    if (known)
        json_number (json, key, number);
    else
        json_null (json, key);
}
