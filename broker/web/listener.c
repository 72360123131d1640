/* listener.c - the socket that browsers connect to: loteria-web. */

#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"
#include "places.h"
#include "process.h"

#define SCHEME  "http://"
#define BACKLOG 128

static int open_at (const address_t *place);
static int bind_and_listen (int descriptor, const struct addrinfo *where);
static uint16_t port_of (int descriptor);

int listener_parse (address_t *address, const char *text, char why[ADDRESS_WHY_BYTES])
{
    char endpoint[ADDRESS_TEXT_BYTES];
    if (strncmp (text, SCHEME, strlen (SCHEME)) == 0)
        text += strlen (SCHEME);
    if (strstr (text, "://") ||
        (size_t) snprintf (endpoint, sizeof endpoint, "tcp://%s", text) >=
            sizeof endpoint) {
        snprintf (why, ADDRESS_WHY_BYTES, "expected HOST:PORT, such as 127.0.0.1:8080");
        return -1;
    }
    return address_parse (address, endpoint, ADDRESS_LISTEN, why);
}

bool listener_is_local (const address_t *address)
{
    places_t places;
    char why[ADDRESS_WHY_BYTES];
    return places_find (&places, address, why) == 0 && places_local (&places);
}

int listener_open (address_t *address, problem_t *problem)
{
    places_t places;
    char why[ADDRESS_WHY_BYTES];
    process_patience_t patience = {0};
    if (places_find (&places, address, why) == -1)
        return problem_set (problem, PROCESS_FAILED, "listen",
                            "endpoint: %s | reason: %s", address->endpoint, why);
    int descriptor;
    while ((descriptor = open_at (&places.list[0])) == -1) {
        const int error = errno;
        char what[ADDRESS_TEXT_BYTES + 64];
        snprintf (what, sizeof what, "%s: %s", address->endpoint, net_problem (error));
        if (error == EADDRINUSE && process_wait_for_others (&patience, "espera", what))
            continue;
        const bool stopped = error == EADDRINUSE && errno == ECANCELED;
        return problem_set (problem, stopped ? 0 : problem_status (error), "listen",
                            "endpoint: %s | reason: %s", address->endpoint,
                            net_problem (error));
    }
    address_set_port (address, port_of (descriptor));
    return descriptor;
}

static int open_at (const address_t *place)
{
    const bool everywhere = place->host_kind == ADDRESS_ANY;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags =
                                       AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    char service[8];
    struct addrinfo *where;
    snprintf (service, sizeof service, "%u", place->port);
    if (getaddrinfo (everywhere ? "::" : place->host, service, &hints, &where) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    int descriptor =
        socket (where->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor != -1 && bind_and_listen (descriptor, where) == -1) {
        const int error = errno;
        close (descriptor);
        descriptor = -1;
        errno = error;
    }
    const int error = errno;
    freeaddrinfo (where);
    errno = error;
    return descriptor;
}

static int bind_and_listen (int descriptor, const struct addrinfo *where)
{
    const int yes = 1, no = 0;
    setsockopt (descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (where->ai_family == AF_INET6)
        setsockopt (descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    return bind (descriptor, where->ai_addr, where->ai_addrlen) == -1
               ? -1
               : listen (descriptor, BACKLOG);
}

static uint16_t port_of (int descriptor)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    getsockname (descriptor, (struct sockaddr *) &bound, &size);
    // at the same place in addresses of either family
    return ntohs (((struct sockaddr_in *) &bound)->sin_port);
}
