/* result_verbs.c - what became of a draw: loteria-ctl winners, report. */

#include "result_verbs.h"

#include <stdio.h>

#include "account.h"
#include "json.h"
#include "prizes.h"
#include "table.h"
#include "terminal.h"

typedef struct {
    look_t look;
    lookup_t lookup;
    table_t *table;
    json_t *json;
    uint64_t total;
} winners_t;

static int list_winners (winners_t *winners);
static int add_winners (winners_t *winners, uint32_t agency);
static int show_winners (winners_t *winners);
static int show_report (look_t *look, const lookup_t *lookup);
static int count_winners (look_t *look, const lookup_t *lookup, account_t *account);
static bool is_drawn (const lookup_t *lookup);

int result_verbs_winners (const command_t *command)
{
    winners_t winners = {.table = table_new (">AGENCY DOCUMENT"), .json = json_new ()};
    int status = look_begin (&winners.look, "winners", command);
    if (status == 0)
        status = lookup_find (&winners.look, command->word[0], &winners.lookup);
    if (status == 0 && !is_drawn (&winners.lookup))
        status = command_failed ("winners", PROCESS_FAILED,
                                 "draw: %s | reason: it is %s, %s", winners.lookup.name,
                                 wire_phase_name (winners.lookup.about.phase),
                                 winners.lookup.about.phase == PHASE_VOID
                                     ? "so nobody won"
                                     : "there are no winners until it is drawn");
    if (status == 0)
        status = list_winners (&winners);
    if (status == 0)
        status = show_winners (&winners);
    json_destroy (&winners.json);
    table_destroy (&winners.table);
    look_end (&winners.look);
    return status;
}

int result_verbs_report (const command_t *command)
{
    look_t look;
    lookup_t lookup;
    if (command->csv && command->json)
        return command_misused ("report",
                                "--csv and --json are both given; give one of them");
    int status = look_begin (&look, "report", command);
    if (status == 0)
        status = lookup_find (&look, command->word[0], &lookup);
    if (status == 0) {
        survey_draw (look.survey, lookup.draw);
        status = look_round (&look, false);
    }
    if (status == 0)
        status = look_verdict (&look); // a report that is not whole is none
    if (status == 0)
        status = show_report (&look, &lookup);
    look_end (&look);
    return status;
}

static int list_winners (winners_t *winners)
{
    const command_t *command = winners->look.command;
    uint32_t first = 1, last = winners->lookup.about.agencies;
    if (command->words > 1 &&
        command_number (command->word[1], 1, AGENCIES_MAX, &first) == -1)
        return command_misused ("winners", "%.64s is no agency's number",
                                command->word[1]);
    if (command->words > 1)
        last = first;
    json_object (winners->json, NULL);
    json_text (winners->json, "draw", winners->lookup.name);
    json_number (winners->json, "number", winners->lookup.about.number);
    json_array (winners->json, "agencies");
    int status = 0;
    for (uint32_t agency = first; agency <= last && status == 0; agency++)
        status = add_winners (winners, agency);
    json_end (winners->json);
    json_number (winners->json, "winners", winners->total);
    json_end (winners->json);
    json_newline (winners->json);
    return status;
}

static int add_winners (winners_t *winners, uint32_t agency)
{
    prizes_t prizes;
    const int status = prizes_load (&winners->look, &winners->lookup, agency, &prizes);
    if (status != 0)
        return status;
    json_line (winners->json);
    json_object (winners->json, NULL);
    json_number (winners->json, "agency", agency);
    json_array (winners->json, "documents");
    const char *line = prizes.documents;
    for (const char *end; line && (end = strchr (line, '\n')); line = end + 1) {
        const int size = (int) (end - line);
        json_bytes (winners->json, NULL, bytes_of (line, (size_t) size));
        table_put (winners->table, STYLE_PLAIN, "%u", agency);
        table_put (winners->table, STYLE_PLAIN, "%.*s", size, line);
    }
    json_end (winners->json);
    json_end (winners->json);
    winners->total += prizes.count;
    prizes_clear (&prizes);
    return 0;
}

static int show_winners (winners_t *winners)
{
    if (winners->look.command->json)
        return terminal_print (json_finish (&winners->json, NULL));
    paper_t *paper = paper_new (terminal_colour (), 0, 0);
    if (table_rows (winners->table) > 0)
        table_show (winners->table, paper);
    paper_put (paper, STYLE_PLAIN, "draw %s, number %u: %ju winners\n",
               winners->lookup.name, winners->lookup.about.number,
               (uintmax_t) winners->total);
    return terminal_show (&paper);
}

static int show_report (look_t *look, const lookup_t *lookup)
{
    const command_t *command = look->command;
    const view_t *view = survey_view (look->survey);
    const view_draw_t *draw = view_draw (view, lookup->name);
    account_t account;
    if (!draw)
        return command_failed ("report", PROCESS_FAILED,
                               "draw: %s | reason: its agencies are not told; is it "
                               "planned?",
                               lookup->name);
    account_open (&account, draw, &lookup->about);
    int status = is_drawn (lookup) ? count_winners (look, lookup, &account) : 0;
    if (status == 0 && command->json)
        status = terminal_print (account_json (&account));
    else if (status == 0 && command->csv)
        status = terminal_print (account_csv (&account));
    else if (status == 0) {
        paper_t *paper = paper_new (terminal_colour (), 0, 0);
        account_show (&account, view->time_ms, paper);
        status = terminal_show (&paper);
    }
    account_close (&account);
    return status;
}

static int count_winners (look_t *look, const lookup_t *lookup, account_t *account)
{
    int status = 0;
    for (size_t i = 0; i < account->count && status == 0; i++) {
        prizes_t prizes;
        status = prizes_load (look, lookup, account->line[i].agency, &prizes);
        if (status != 0)
            break;
        account_winners (account, i, prizes.count);
        prizes_clear (&prizes);
    }
    return status;
}

static bool is_drawn (const lookup_t *lookup)
{
    return lookup->about.phase == PHASE_DRAWN;
}
