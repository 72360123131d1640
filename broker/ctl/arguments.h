/* arguments.h - a command line's words and its options, which may stand before, between
   and behind the words. Pure. */

#ifndef LOTERIA_ARGUMENTS_H
#define LOTERIA_ARGUMENTS_H

#include "config.h"

typedef struct {
    int options; // of argv: the program's name and all options with their values
    int words;   // behind them
    char **word; // the first one; borrowed from argv
} arguments_t;

/* Put argv in that order; both parts keep theirs. `items` tell which options have a
   value that is an argument of its own. "-" is a word. */
arguments_t arguments_sort (int argc, char **argv, const config_item_t *items);

#endif
