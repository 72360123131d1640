/* schedule.h - the draws that a central opens by the clock: the sections below `draw`
   in the configuration file.

     draw
         nocturna
             name = "%F-nocturna"        # as strftime (3) has it; this is the default
             days = "mon-sat,2026-12-27" # daily, days of the week, dates
             opens = "08:00"             # the default is 00:00
             closes = "21:00"            # or all-asked, never: draw_terms.h
             number = "random"           # these three: as the program's own settings
             agencies = 12
             highest = 999

   A draw belongs to the day on which it opens; one that closes no later than it opens
   closes on the next. It is to be open from `opens` until it closes; with all-asked or
   never it is opened until that day is over, and then closes when it closes. Times are
   those of the clock on the wall (local_time.h). */

#ifndef LOTERIA_SCHEDULE_H
#define LOTERIA_SCHEDULE_H

#include "bounds.h"
#include "config.h"
#include "draw_terms.h"

#define SCHEDULE_DRAWS_MAX 64
#define SCHEDULE_DATES_MAX 64

typedef struct schedule schedule_t;

typedef struct { // what a section leaves open
    uint32_t agencies;
    uint32_t highest; // --number-max: no section may go above it
    terms_number_t number;
} schedule_defaults_t;

typedef struct { // one day's draw
    char name[DRAW_NAME_BYTES_MAX + 1];
    uint32_t agencies, highest;
    terms_number_t number;
    uint64_t opens_ms; // it is to be opened from here on,
    uint64_t until_ms; // up to there
    uint64_t closes_ms;
} schedule_draw_t;

/* Read the file, NULL for none. 0 with the schedule, which is NULL when the file has no
   such section; or -1 with what is wrong, and in which line, in `why`. */
int schedule_load (const char *path, const schedule_defaults_t *defaults,
                   schedule_t **schedule, char why[CONFIG_WHY_BYTES]);
void schedule_destroy (schedule_t **schedule);

/* How many sections there are; the largest roll among them; the smallest one among
   those that get their number so (terms_source_t), 0 if none does. NULL has none. */
size_t schedule_size (const schedule_t *schedule);
uint32_t schedule_agencies (const schedule_t *schedule);
uint32_t schedule_fewest (const schedule_t *schedule, uint8_t source);

/* The draw of section `plan`, from 0, that is to be open at `now_ms` (opens_ms <=
   now_ms < until_ms), or else the next one. False when there will be none. Times are in
   milliseconds since 1970; closes_ms is 0 for all-asked, UINT64_MAX for never. */
bool schedule_draw (const schedule_t *schedule, size_t plan, uint64_t now_ms,
                    schedule_draw_t *draw);

/* When the next draw of any section is to be opened, after `now_ms`; UINT64_MAX: never.
 */
uint64_t schedule_next (const schedule_t *schedule, uint64_t now_ms);

#endif
