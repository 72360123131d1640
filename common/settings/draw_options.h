/* draw_options.h - which draw a central opens by itself, with which terms, and which by
   the clock: what several settings of loteria-central and loteria-state say together.
 */

#ifndef LOTERIA_DRAW_OPTIONS_H
#define LOTERIA_DRAW_OPTIONS_H

#include "config.h"
#include "schedule.h"

typedef struct {
    // As given: option_draw (), option_closes (), ... of option_rows.h
    const char *name, *closes_text, *number_text, *number_file;
    uint32_t winning_number;
    // What follows; `name` too: NULL when the schedule alone opens draws
    terms_closes_t closes;
    terms_number_t number;
    schedule_t *schedule; // NULL: none; to be destroyed
} draw_options_t;

/* --number, --winning-number and --winning-number-file say the same thing: whichever
   was given at the place that takes precedence counts, and two at one place have to
   agree. `agencies` and `highest` are what the schedule's draws have unless they say
   otherwise. Reads files. 0; or -1 with one line in `why`, which never quotes a number.
   For a program's `agree`. */
int draw_options_agree (const config_t *config, draw_options_t *options,
                        uint32_t agencies, uint32_t highest,
                        char why[CONFIG_WHY_BYTES]);

/* Print each section of the schedule with its next draw, as lines of --check-config. */
void draw_options_show (const draw_options_t *options);

#endif
