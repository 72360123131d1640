/* program.c - settings, then work: the main () of every program that serves. */

#include "program.h"

#include "process.h"

int program_main (const config_program_t *program, int argc, char **argv)
{
    const int signal_fd = process_start ();
    int status;
    config_t *config = config_load (program, argc, argv, &status);
    if (!config)
        return status;
    status = program->serve (config, program->context, signal_fd);
    config_destroy (&config);
    if (status < 0)
        process_end_by (-status);
    return status;
}
