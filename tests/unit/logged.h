/* logged.h - what a test causes in the log. */

#ifndef LOTERIA_LOGGED_H
#define LOTERIA_LOGGED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "logger.h"

/* What the log says while `act` goes on; the log is quiet before and after. */
static inline const char *logged_text (void (*act) (void))
{
    static char text[256 * 1024];
    const int kept = dup (STDERR_FILENO), file = memfd_create ("stderr", MFD_CLOEXEC);
    assert_int_equal (dup2 (file, STDERR_FILENO), STDERR_FILENO);
    logger_set_level (LOG_INFO);
    act ();
    logger_set_level (LOG_CRITICAL);
    dup2 (kept, STDERR_FILENO);
    close (kept);
    const ssize_t size = pread (file, text, sizeof text - 1, 0);
    close (file);
    assert_in_range (size, 0, sizeof text - 2); // all of it
    text[size] = 0;
    return text;
}

/* How often it says `what`. */
static inline size_t logged (const char *what, void (*act) (void))
{
    size_t count = 0;
    for (const char *at = logged_text (act); (at = strstr (at, what)); at++)
        count++;
    return count;
}

#endif
