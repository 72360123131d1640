/* port.c - chooses the agencies' port when it is left open: loteria-central. */

#include "port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "places.h"

#define TRIES 10 // a port that is free at one address may be taken at another

static const char *fail (problem_t *problem, int status, const char *endpoint,
                         const char *why);
static uint16_t reserve (const places_t *places);
static int hold (const address_t *place, uint16_t *port);
static int hold_at (int family, const char *host, uint16_t *port);
static int bind_to (int descriptor, const char *host, uint16_t port);

const char *port_reserve (const char *endpoint, address_t *reserved, problem_t *problem)
{
    places_t places;
    char why[ADDRESS_WHY_BYTES];
    if (address_parse (reserved, endpoint, ADDRESS_LISTEN, why) == -1)
        return fail (problem, PROCESS_CANNOT_START, endpoint, why);
    if (reserved->scheme != ADDRESS_TCP || reserved->port != 0)
        return endpoint;
    if (places_find (&places, reserved, why) == -1)
        return fail (problem, PROCESS_FAILED, endpoint, why);
    uint16_t port = 0;
    for (int i = 0; i < TRIES && port == 0; i++)
        port = reserve (&places);
    if (port == 0)
        return fail (problem, PROCESS_FAILED, endpoint, strerror (errno));
    address_set_port (reserved, port);
    return reserved->endpoint;
}

static const char *fail (problem_t *problem, int status, const char *endpoint,
                         const char *why)
{
    problem_set (problem, status, "listen", "endpoint: %s | reason: %s", endpoint, why);
    return NULL;
}

/* The descriptors stay open: bound but not listening, they keep others from the port,
   but not the broker, which shares it (SO_REUSEADDR). Returns 0 with errno set when
   there is none. */
static uint16_t reserve (const places_t *places)
{
    int held[PLACES_MAX];
    size_t count = 0;
    uint16_t port = 0;
    int error = 0;
    for (size_t i = 0; i < places->count && error == 0; i++) {
        const int descriptor = hold (&places->list[i], &port);
        if (descriptor != -1)
            held[count++] = descriptor;
        else if (errno != EADDRNOTAVAIL && errno != EAFNOSUPPORT)
            error = errno; // one that this machine lacks is skipped
    }
    if (error == 0 && count > 0)
        return port;
    while (count > 0)
        close (held[--count]);
    errno = error != 0 ? error : EADDRNOTAVAIL;
    return 0;
}

/* At the port, or at any free one if it is 0, which `port` then has. */
static int hold (const address_t *place, uint16_t *port)
{
    const bool everywhere = place->host_kind == ADDRESS_ANY;
    const int descriptor =
        everywhere || place->host_kind == ADDRESS_IPV6
            ? hold_at (AF_INET6, everywhere ? "::" : place->host, port)
        : place->host_kind == ADDRESS_IPV4
            ? hold_at (AF_INET, place->host, port)
            : hold_at (AF_INET, "0.0.0.0", port); // an interface; ZeroMQ knows where
    return descriptor == -1 && everywhere && errno == EAFNOSUPPORT
               ? hold_at (AF_INET, "0.0.0.0", port)
               : descriptor;
}

static int hold_at (int family, const char *host, uint16_t *port)
{
    const int yes = 1, no = 0;
    const int descriptor = socket (family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    if (descriptor == -1)
        return -1;
    setsockopt (descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (family == AF_INET6)
        setsockopt (descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    if (bind_to (descriptor, host, *port) == -1) {
        const int error = errno;
        close (descriptor);
        errno = error;
        return -1;
    }
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    getsockname (descriptor, (struct sockaddr *) &bound, &size);
    // at the same place in addresses of either family
    *port = ntohs (((struct sockaddr_in *) &bound)->sin_port);
    return descriptor;
}

static int bind_to (int descriptor, const char *host, uint16_t port)
{
    const struct addrinfo numeric = {.ai_socktype = SOCK_STREAM,
                                     .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    char service[8];
    struct addrinfo *address;
    snprintf (service, sizeof service, "%u", port);
    if (getaddrinfo (host, service, &numeric, &address) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    const int rc = bind (descriptor, address->ai_addr, address->ai_addrlen);
    const int error = errno;
    freeaddrinfo (address);
    errno = error;
    return rc;
}
