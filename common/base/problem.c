/* problem.c - why something could not be done: every process. */

#include "problem.h"

#include <errno.h>
#include <stddef.h>

int problem_set (problem_t *problem, int status, const char *action, const char *format,
                 ...)
{
    va_list values;
    problem->status = status;
    problem->action = action;
    va_start (values, format);
    logger_parts (problem->parts, format, values);
    va_end (values);
    return -1;
}

int problem_status (int error)
{
    static const int passing[] = {EIO, ENOSPC, EDQUOT, ENOMEM, EMFILE, ENFILE, EINTR};
    if (error == ECANCELED)
        return 0;
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (error == passing[i])
            return PROCESS_FAILED;
    return PROCESS_CANNOT_START;
}
