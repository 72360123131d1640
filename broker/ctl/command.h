/* command.h - what loteria-ctl was told to do: the words and the options. */

#ifndef LOTERIA_COMMAND_H
#define LOTERIA_COMMAND_H

#include "config.h"
#include "whereabouts.h"

typedef struct {
    char **word; // behind the verb; borrowed
    int words;
    const config_t *config;
    const config_item_t *items; // all that there are
    int signal_fd;
    // Where
    whereabouts_given_t given;
    uint64_t timeout_ms, interval_ms; // 0: the verb's own
    // What; of draw open what was not given is 0, `highest` UINT32_MAX
    uint32_t agencies, highest;
    const char *closes, *number, *reason;
    bool yes, json;
    const char *draw, *expect, *to; // NULL: none
    const char *role;               // NULL: none
    bool insecure;
    uint32_t last; // 0: not given
    bool missing, csv, once, documents, with_bets;
} command_t;

// Exit codes besides those of problem.h; docs/operator.md has them all.
#define CTL_NOBODY  WHEREABOUTS_NOBODY // no central is there
#define CTL_SILENT  6                  // a part does not answer
#define CTL_UNKNOWN 7                  // no such draw, or agency

/* Say in a line on stderr how the verb, or NULL for none, is used wrongly. Returns the
   exit code. */
int command_misused (const char *verb, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

/* Say why the verb's work could not be done: `format` is as logger_event () takes it.
   Returns the status. */
int command_failed (const char *verb, int status, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

/* A number that was typed, with digits only: 0, or -1 when it is none or outside. */
int command_number (const char *text, uint32_t min, uint32_t max, uint32_t *number);

#endif
