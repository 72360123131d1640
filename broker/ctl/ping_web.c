/* ping_web.c - one question over HTTP, one answer: loteria-ctl ping http://... */

#include "ping_web.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "clock.h"
#include "conversation.h"

#define QUESTION     "GET /healthz HTTP/1.0\r\n\r\n"
#define WELL         "\r\n\r\nok\n" // ends the answer
#define ANSWER_BYTES 2048

typedef struct {
    int socket, signal_fd;
    int64_t end_ms;
} visit_t;

static const char *visit (const address_t *address, visit_t *at);
static const char *try_one (const struct addrinfo *where, visit_t *at);
static const char *ask (const visit_t *at);
static bool is_well (const char *answer);
static const char *wait_for (const visit_t *at, short events);

int ping_web (const char *url, int64_t timeout_ms, int signal_fd, problem_t *problem)
{
    char endpoint[2 * ADDRESS_TEXT_BYTES], why[ADDRESS_WHY_BYTES];
    address_t address;
    visit_t at = {.signal_fd = signal_fd, .end_ms = clock_ms () + timeout_ms};
    snprintf (endpoint, sizeof endpoint, "tcp://%s", url + strlen (PING_WEB_PREFIX));
    if (address_parse (&address, endpoint, ADDRESS_CONNECT, why) == -1)
        return problem_set (problem, PROCESS_CANNOT_START, "ping",
                            "endpoint: %s | reason: %s", url, why);
    const char *reason = visit (&address, &at);
    return reason ? problem_set (problem, PROCESS_FAILED, "ping",
                                 "endpoint: %s | reason: %s", url, reason)
                  : 0;
}

/* A name may have several addresses. */
static const char *visit (const address_t *address, visit_t *at)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char port[8];
    snprintf (port, sizeof port, "%u", (unsigned) address->port);
    const int rc = getaddrinfo (address->host, port, &hints, &found);
    const char *reason = rc == 0 ? NULL : gai_strerror (rc);
    for (const struct addrinfo *where = found; where; where = where->ai_next) {
        reason = try_one (where, at);
        if (!reason)
            break;
    }
    if (found)
        freeaddrinfo (found);
    return reason;
}

static const char *try_one (const struct addrinfo *where, visit_t *at)
{
    int error = 0;
    socklen_t size = sizeof error;
    at->socket =
        socket (where->ai_family, where->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (at->socket == -1)
        return strerror (errno);
    const char *reason = NULL;
    if (connect (at->socket, where->ai_addr, where->ai_addrlen) == -1)
        reason = errno == EINPROGRESS ? wait_for (at, POLLOUT) : strerror (errno);
    if (!reason && getsockopt (at->socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
        error != 0)
        reason = strerror (error);
    if (!reason)
        reason = ask (at);
    close (at->socket);
    return reason;
}

/* It closes the connection behind its answer. */
static const char *ask (const visit_t *at)
{
    char answer[ANSWER_BYTES];
    size_t size = 0;
    ssize_t got;
    if (send (at->socket, QUESTION, strlen (QUESTION), MSG_NOSIGNAL) !=
        (ssize_t) strlen (QUESTION))
        return strerror (errno);
    do {
        const char *reason = wait_for (at, POLLIN);
        if (reason)
            return reason;
        got = recv (at->socket, answer + size, sizeof answer - 1 - size, 0);
        size += got > 0 ? (size_t) got : 0;
    } while (got > 0 && size < sizeof answer - 1);
    if (got == -1)
        return strerror (errno);
    answer[size] = 0;
    return is_well (answer) ? NULL : "something answers, but not loteria-web";
}

static bool is_well (const char *answer)
{
    const size_t size = strlen (answer);
    return strncmp (answer, "HTTP/1.", 7) == 0 && size > strlen (WELL) + 12 &&
           strncmp (answer + 8, " 200 ", 5) == 0 &&
           strcmp (answer + size - strlen (WELL), WELL) == 0;
}

/* NULL: it may go on. */
static const char *wait_for (const visit_t *at, short events)
{
    struct pollfd items[] = {{.fd = at->socket, .events = events},
                             {.fd = at->signal_fd, .events = POLLIN}};
    const int count = poll (items, 2, clock_timeout (clock_ms (), at->end_ms));
    if (count > 0 && items[1].revents)
        return CONVERSATION_INTERRUPTED;
    return count > 0 ? NULL : CONVERSATION_SILENT;
}
