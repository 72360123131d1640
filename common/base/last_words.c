/* last_words.c - why a child cannot start: supervisors, and every process under one. */

#include "last_words.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ENVIRONMENT "LOTERIA_LAST_WORDS_FD"

static int tell_to = -1; // this process's end, if it is a child

static bool is_datagram_socket (int fd);

int last_words_open (int *hears)
{
    int ends[2];
    char number[16];
    if (socketpair (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == -1)
        return *hears = -1;
    *hears = ends[0];
    snprintf (number, sizeof number, "%d", ends[1]);
    setenv (ENVIRONMENT, number, 1);
    return ends[1];
}

void last_words_inherit (int end)
{
    fcntl (end, F_SETFD, 0);
    tell_to = end;
}

bool last_words_hear (int hears, last_words_t *words)
{
    if (hears == -1 || recv (hears, words, sizeof *words, 0) != sizeof *words)
        return false;
    words->action[sizeof words->action - 1] = 0;
    words->parts[sizeof words->parts - 1] = 0;
    return true;
}

void last_words_take_end (void)
{
    const char *number = getenv (ENVIRONMENT);
    if (!number)
        return;
    const int fd = atoi (number);
    unsetenv (ENVIRONMENT);
    if (fd <= STDERR_FILENO || !is_datagram_socket (fd))
        return;
    fcntl (fd, F_SETFD, FD_CLOEXEC);
    tell_to = fd;
}

bool last_words_say (const problem_t *problem)
{
    if (tell_to == -1)
        return false;
    last_words_t *words = last_words_of (problem);
    const ssize_t size = send (tell_to, words, sizeof *words, MSG_NOSIGNAL);
    free (words);
    return size == sizeof *words;
}

last_words_t *last_words_of (const problem_t *problem)
{
    last_words_t *words = calloc (1, sizeof *words);
    assert (words);
    words->pid = getpid ();
    words->status = problem->status;
    snprintf (words->action, sizeof words->action, "%s", problem->action);
    snprintf (words->parts, sizeof words->parts, "%s", problem->parts);
    return words;
}

/* Somebody else may have set the variable. */
static bool is_datagram_socket (int fd)
{
    int type = 0;
    socklen_t size = sizeof type;
    return getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
           type == SOCK_DGRAM;
}
