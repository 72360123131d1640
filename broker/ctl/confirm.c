/* confirm.c - asks at a terminal: loteria-ctl. */

#include "confirm.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool read_byte (char *byte, int signal_fd);

bool confirm_possible (void)
{
    return isatty (STDIN_FILENO);
}

/* Byte by byte, so that what follows is there for the next question. */
bool confirm_read (const char *question, char line[CONFIRM_LINE_BYTES], int signal_fd)
{
    size_t size = 0;
    char byte;
    if (confirm_possible ()) {
        fputs (question, stderr);
        fflush (stderr);
    }
    bool more;
    while ((more = read_byte (&byte, signal_fd)) && byte != '\n') {
        if (size + 1 == CONFIRM_LINE_BYTES)
            return false;
        if (size > 0 || !strchr (" \t\r", byte))
            line[size++] = byte;
    }
    while (size > 0 && strchr (" \t\r", line[size - 1]))
        size--;
    line[size] = 0;
    return (more || size > 0) && strlen (line) == size;
}

bool confirm_typed (const char *question, const char *expected, int signal_fd)
{
    char line[CONFIRM_LINE_BYTES];
    return confirm_read (question, line, signal_fd) && strcmp (line, expected) == 0;
}

static bool read_byte (char *byte, int signal_fd)
{
    struct pollfd items[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                             {.fd = signal_fd, .events = POLLIN}};
    while (poll (items, 2, -1) <= 0)
        ;
    return !items[1].revents && read (STDIN_FILENO, byte, 1) == 1;
}
