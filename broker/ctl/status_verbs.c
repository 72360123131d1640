/* status_verbs.c - shows how a central is: loteria-ctl. */

#include "status_verbs.h"

#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "look.h"
#include "lookup.h"
#include "overview.h"
#include "terminal.h"
#include "view_json.h"

#define INTERVAL_MS 1000

static int find_draw (look_t *look, const view_draw_t **draw);
static int print (look_t *look, char *json, paper_t **paper);
static int follow (look_t *look);
static char *picture (const look_t *look);
static bool ends (void);

int status_verbs_status (const command_t *command)
{
    look_t look;
    int status = look_begin (&look, "status", command);
    if (status == 0)
        status = look_round (&look, true);
    if (status == 0) {
        const view_t *view = survey_view (look.survey);
        paper_t *paper = paper_new (terminal_colour (), 0, 0);
        overview_status (paper, view);
        status =
            print (&look, command->json ? view_json_status (view, NULL) : NULL, &paper);
    }
    look_end (&look);
    return status;
}

int status_verbs_agencies (const command_t *command)
{
    look_t look;
    const view_draw_t *draw = NULL;
    int status = look_begin (&look, "agencies", command);
    if (status == 0)
        status = find_draw (&look, &draw);
    if (status == 0) {
        const view_t *view = survey_view (look.survey);
        paper_t *paper = paper_new (terminal_colour (), 0, 0);
        overview_agencies (paper, view, draw, command->missing);
        char *json = command->json
                         ? view_json_agencies (view, draw, command->missing, NULL)
                         : NULL;
        status = print (&look, json, &paper);
    }
    look_end (&look);
    return status;
}

int status_verbs_workers (const command_t *command)
{
    look_t look;
    int status = look_begin (&look, "workers", command);
    if (status == 0)
        status = look_round (&look, true);
    if (status == 0) {
        const view_t *view = survey_view (look.survey);
        paper_t *paper = paper_new (terminal_colour (), 0, 0);
        overview_workers (paper, view);
        status = print (&look, command->json ? view_json_workers (view, NULL) : NULL,
                        &paper);
    }
    look_end (&look);
    return status;
}

/* One picture where nobody can see another one. */
int status_verbs_top (const command_t *command)
{
    look_t look;
    int status = look_begin (&look, "top", command);
    if (status == 0)
        status = look_round (&look, true);
    if (status == 0 && (command->once || !terminal_there ())) {
        status = terminal_print (picture (&look));
        if (status == 0)
            status = look_verdict (&look);
    } else if (status == 0)
        status = follow (&look);
    look_end (&look);
    return status;
}

/* The one that was named, which may be archived; or the one that is meant. */
static int find_draw (look_t *look, const view_draw_t **draw)
{
    const char *name = look->command->draw;
    lookup_t lookup;
    if (name) {
        const int status = lookup_find (look, name, &lookup);
        if (status != 0)
            return status;
        survey_draw (look->survey, lookup.draw);
    }
    const int status = look_round (look, true);
    if (status != 0)
        return status;
    *draw = view_draw (survey_view (look->survey), name);
    if (*draw)
        return 0;
    const int silent = look_verdict (look);
    if (silent != 0)
        return silent;
    return command_failed (look->verb, CTL_UNKNOWN,
                           "reason: no draw was opened yet; see loteria-ctl draw list");
}

static int print (look_t *look, char *json, paper_t **paper)
{
    int status;
    if (json) {
        paper_destroy (paper);
        status = terminal_print (json);
    } else
        status = terminal_show (paper);
    return status == 0 ? look_verdict (look) : status;
}

static int follow (look_t *look)
{
    const command_t *command = look->command;
    const int64_t interval_ms =
        command->interval_ms ? (int64_t) command->interval_ms : INTERVAL_MS;
    look_news_t news = LOOK_TIME;
    terminal_begin ();
    do {
        const int64_t next_ms = clock_ms () + interval_ms;
        char *drawn = picture (look);
        terminal_draw (drawn);
        free (drawn);
        while ((news = look_wait (look, next_ms, STDIN_FILENO)) == LOOK_KEY)
            if (ends ())
                break;
        if (look_nobody (look))
            look_find_anew (look);
    } while (news == LOOK_TIME && look_again (look));
    terminal_end ();
    return 0;
}

static char *picture (const look_t *look)
{
    size_t columns, rows;
    terminal_size (&columns, &rows);
    paper_t *paper = paper_new (terminal_colour (), columns, rows);
    overview_picture (paper, survey_view (look->survey), look->where.place, rows);
    return paper_finish (&paper, NULL);
}

/* The end of stdin is no key. */
static bool ends (void)
{
    const char key = terminal_key ();
    return key == 'q' || key == 'Q' || key == 0;
}
