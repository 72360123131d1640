/* config_help.h - what --help and --help-table print. */

#ifndef LOTERIA_CONFIG_HELP_H
#define LOTERIA_CONFIG_HELP_H

#include "config.h"

/* The environment variable that names a configuration file. */
#define CONFIG_FILE_ENVIRONMENT "LOTERIA_CONFIG"

/* Print the program's verbs and settings on stdout: names, help, defaults, ranges. */
void config_help_print (const config_program_t *program);

/* Print the same for scripts/documents, a line each, with tabs between:

     program  NAME  SECTION  SUMMARY
     verb     WORDS  ARGUMENTS  OPTIONS  HELP
     option   NAME  VALUE  HELP  DEFAULT  RANGE  ENVIRONMENT

   VALUE is the kind of value, nothing for a flag. What there is none of is empty. */
void config_help_print_table (const config_program_t *program);

#endif
