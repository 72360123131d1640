/* terminal.c - what stdout is, and showing things there: loteria-ctl. */

#include "terminal.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "problem.h"

#define COLUMNS 80
#define ROWS    24

// The other screen, without a cursor; and back
#define BEGIN      "\x1b[?1049h\x1b[?25l"
#define END        "\x1b[?25h\x1b[?1049l"
#define HOME       "\x1b[H"
#define CLEAR_LINE "\x1b[K"
#define CLEAR_DOWN "\x1b[J"

static struct termios former;
static bool begun;

bool terminal_colour (void)
{
    const char *none = getenv ("NO_COLOR"), *term = getenv ("TERM");
    return isatty (STDOUT_FILENO) && !(none && *none) && term && *term &&
           strcmp (term, "dumb") != 0;
}

bool terminal_there (void)
{
    const char *term = getenv ("TERM");
    return isatty (STDOUT_FILENO) && term && *term && strcmp (term, "dumb") != 0;
}

void terminal_size (size_t *columns, size_t *rows)
{
    struct winsize size = {0};
    ioctl (STDOUT_FILENO, TIOCGWINSZ, &size);
    *columns = !isatty (STDOUT_FILENO) ? 0 : size.ws_col ? size.ws_col : COLUMNS;
    *rows = size.ws_row ? size.ws_row : ROWS;
}

/* Keys come one by one and are not shown. Signals stay what they are. */
void terminal_begin (void)
{
    if (tcgetattr (STDIN_FILENO, &former) == 0) {
        struct termios raw = former;
        raw.c_lflag &= ~(tcflag_t) (ICANON | ECHO);
        tcsetattr (STDIN_FILENO, TCSANOW, &raw);
        begun = true;
    }
    fputs (BEGIN, stdout);
    fflush (stdout);
}

void terminal_end (void)
{
    fputs (END, stdout);
    fflush (stdout);
    if (begun)
        tcsetattr (STDIN_FILENO, TCSANOW, &former);
    begun = false;
}

/* Without a blank screen in between. */
void terminal_draw (const char *picture)
{
    fputs (HOME, stdout);
    while (*picture) {
        const size_t size = strcspn (picture, "\n");
        fwrite (picture, 1, size, stdout);
        fputs (CLEAR_LINE, stdout);
        picture += size;
        if (*picture == '\n' && picture[1])
            fputs ("\r\n", stdout);
        picture += *picture == '\n';
    }
    fputs (CLEAR_DOWN, stdout);
    fflush (stdout);
}

char terminal_key (void)
{
    struct pollfd item = {.fd = STDIN_FILENO, .events = POLLIN};
    char key;
    return poll (&item, 1, 0) == 1 && read (STDIN_FILENO, &key, 1) == 1 ? key : 0;
}

int terminal_print (char *text)
{
    const bool good = fputs (text, stdout) >= 0 && fflush (stdout) == 0;
    free (text);
    return good ? 0 : PROCESS_FAILED;
}

int terminal_show (paper_t **paper)
{
    return terminal_print (paper_finish (paper, NULL));
}
