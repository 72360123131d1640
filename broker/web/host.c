/* host.c - whether a request was meant for this server: loteria-web. */

#include "host.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NAME_BYTES 64 // of one without a dot, with its final zero

static bool is_bracketed_address (const char *host);
static bool is_port_or_end (const char *rest);

bool host_is_ours (const char *host)
{
    if (!host)
        return true;
    if (*host == '[')
        return is_bracketed_address (host);
    char name[NAME_BYTES];
    const size_t size = strcspn (host, ":");
    if (size == 0 || size >= sizeof name || !is_port_or_end (host + size))
        return false;
    memcpy (name, host, size);
    name[size] = 0;
    struct in_addr address;
    return !strchr (name, '.') || inet_pton (AF_INET, name, &address) == 1;
}

static bool is_bracketed_address (const char *host)
{
    char name[INET6_ADDRSTRLEN];
    const size_t size = strcspn (host + 1, "]");
    if (size >= sizeof name || host[1 + size] != ']' ||
        !is_port_or_end (host + size + 2))
        return false;
    memcpy (name, host + 1, size);
    name[size] = 0;
    struct in6_addr address;
    return inet_pton (AF_INET6, name, &address) == 1;
}

static bool is_port_or_end (const char *rest)
{
    if (*rest == 0)
        return true;
    size_t digits = 0;
    while (isdigit ((unsigned char) rest[1 + digits]))
        digits++;
    return *rest == ':' && digits >= 1 && digits <= 5 && rest[1 + digits] == 0;
}
