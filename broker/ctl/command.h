/* command.h - what loteria-ctl was told to do: the words and the options. */

#ifndef LOTERIA_COMMAND_H
#define LOTERIA_COMMAND_H

#include "config.h"

typedef struct {
    char **word; // behind the verb; borrowed
    int words;
    const config_t *config;
    int signal_fd;
    // Where
    const char *data_directory, *state, *keys;
    uint64_t timeout_ms; // 0: the verb's own
    // What; of draw open what was not given is 0, `highest` UINT32_MAX
    uint32_t agencies, highest;
    const char *closes, *number, *reason;
    bool yes, json;
} command_t;

/* Say in a line on stderr how the verb, or NULL for none, is used wrongly. Returns the
   exit code. */
int command_misused (const char *verb, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

#endif
