/* program.h - the main () of a program that serves: settings, then work. */

#ifndef LOTERIA_PROGRAM_H
#define LOTERIA_PROGRAM_H

#include "config.h"

/* Load the program's settings and serve with them. Returns the exit code. */
int program_main (const config_program_t *program, int argc, char **argv);

#endif
