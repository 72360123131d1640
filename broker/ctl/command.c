/* command.c - wrong use of loteria-ctl, and what could not be done. */

#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logger.h"
#include "problem.h"
#include "text.h"

#define NUMBER_DIGITS 9

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

int command_failed (const char *verb, int status, const char *format, ...)
{
    va_list values;
    va_start (values, format);
    logger_event_list (LOG_ERROR, verb, LOG_FAIL, format, values);
    va_end (values);
    return status;
}

int command_number (const char *text, uint32_t min, uint32_t max, uint32_t *number)
{
    const size_t zeros = strspn (text, "0"), size = strlen (text);
    if (size == 0 || text[strspn (text, "0123456789")] || size - zeros > NUMBER_DIGITS)
        return -1;
    *number = (uint32_t) strtoul (text, NULL, 10);
    return *number >= min && *number <= max ? 0 : -1;
}
