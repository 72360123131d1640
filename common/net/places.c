/* places.c - asks the resolver where to listen: every process that does. */

#include "places.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static void add_all (places_t *places, const address_t *address,
                     const struct addrinfo *found, int family);
static void add (places_t *places, const address_t *address,
                 const struct sockaddr *found);

int places_find (places_t *places, const address_t *address,
                 char why[ADDRESS_WHY_BYTES])
{
    *places = (places_t){.count = 1, .list = {*address}};
    if (address->scheme != ADDRESS_TCP || address->host_kind != ADDRESS_NAME ||
        if_nametoindex (address->host) > 0)
        return 0;
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    const int rc = getaddrinfo (address->host, NULL, &wanted, &found);
    if (rc != 0) {
        snprintf (why, ADDRESS_WHY_BYTES, "the name %.200s does not resolve, %s",
                  address->host, gai_strerror (rc));
        return -1;
    }
    places->count = 0;
    add_all (places, address, found, AF_INET);
    add_all (places, address, found, AF_INET6);
    freeaddrinfo (found);
    if (places->count > 0)
        return 0;
    snprintf (why, ADDRESS_WHY_BYTES, "the name %.200s has no address", address->host);
    return -1;
}

bool places_local (const places_t *places)
{
    for (size_t i = 0; i < places->count; i++)
        if (!address_is_local (&places->list[i]))
            return false;
    return true;
}

static void add_all (places_t *places, const address_t *address,
                     const struct addrinfo *found, int family)
{
    for (; found; found = found->ai_next)
        if (found->ai_family == family && places->count < PLACES_MAX)
            add (places, address, found->ai_addr);
}

/* /etc/hosts may list the same address twice. */
static void add (places_t *places, const address_t *address,
                 const struct sockaddr *found)
{
    address_t *place = &places->list[places->count];
    const bool ipv6 = found->sa_family == AF_INET6;
    char host[NI_MAXHOST];
    if (getnameinfo (found,
                     ipv6 ? sizeof (struct sockaddr_in6) : sizeof (struct sockaddr_in),
                     host, sizeof host, NULL, 0, NI_NUMERICHOST) != 0)
        return;
    *place = *address;
    address_set_host (place, ipv6 ? ADDRESS_IPV6 : ADDRESS_IPV4, host);
    for (size_t i = 0; i < places->count; i++)
        if (strcmp (places->list[i].host, place->host) == 0)
            return;
    places->count++;
}
