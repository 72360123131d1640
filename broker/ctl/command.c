/* command.c - wrong use of loteria-ctl. */

#include "command.h"

#include <stdarg.h>
#include <stdio.h>

#include "logger.h"
#include "problem.h"
#include "text.h"

int command_misused (const char *verb, const char *format, ...)
{
    char line[CONFIG_WHY_BYTES];
    va_list values;
    const int size = verb ? snprintf (line, sizeof line, "loteria-ctl: %.64s: ", verb)
                          : snprintf (line, sizeof line, "loteria-ctl: ");
    va_start (values, format);
    vsnprintf (line + size, sizeof line - (size_t) size, format, values);
    va_end (values);
    text_clean (line);
    logger_text (line);
    return PROCESS_CANNOT_START;
}
