/* config_help.h - what --help prints. */

#ifndef LOTERIA_CONFIG_HELP_H
#define LOTERIA_CONFIG_HELP_H

#include "config.h"

/* The environment variable that names a configuration file. */
#define CONFIG_FILE_ENVIRONMENT "LOTERIA_CONFIG"

/* Print the program's settings on stdout: names, help, defaults, ranges. */
void config_help_print (const config_program_t *program);

#endif
