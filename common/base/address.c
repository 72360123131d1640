/* address.c - endpoints as people write them: every process that listens or connects.
 */

#include "address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TCP                "tcp://"
#define IPC                "ipc://"
#define IPC_PATH_BYTES_MAX 107 // what fits a Unix socket's address
#define PORT_MAX           65535
#define PORT_DIGITS_MAX    5

#define DIGITS "0123456789"
#define NAME_CHARACTERS                                                                \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" DIGITS "-_."

static int check_text (const char *text, char *why);
static int take_tcp (address_t *address, const char *text, address_use_t use,
                     char *why);
static int take_host (address_t *address, const char *text, size_t size, char *why);
static int take_ipv6 (address_t *address, const char *text, size_t size, char *why);
static bool is_ipv6 (const char *text);
static int take_port (address_t *address, const char *text, address_use_t use,
                      char *why);
static int take_ipc (address_t *address, const char *text, address_use_t use,
                     char *why);
static void write_endpoint (address_t *address);
static bool is_loopback_ipv6 (const char *host);
static int wrong (char *why, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

int address_parse (address_t *address, const char *text, address_use_t use,
                   char why[ADDRESS_WHY_BYTES])
{
    *address = (address_t){0};
    if (check_text (text, why) == -1)
        return -1;
    if (strncmp (text, TCP, strlen (TCP)) == 0)
        return take_tcp (address, text + strlen (TCP), use, why);
    if (strncmp (text, IPC, strlen (IPC)) == 0)
        return take_ipc (address, text, use, why);
    const char *end = strstr (text, "://");
    if (end)
        return wrong (why, "starts with %.*s://; only tcp:// and ipc:// are supported",
                      (int) (end - text < 16 ? end - text : 16), text);
    if (use == ADDRESS_SERVER)
        return take_tcp (address, text, use, why);
    return wrong (why, "not a ZeroMQ endpoint such as tcp://127.0.0.1:12345");
}

void address_set_port (address_t *address, uint16_t port)
{
    address->port = port;
    write_endpoint (address);
}

void address_set_host (address_t *address, address_host_t kind, const char *host)
{
    address->host_kind = kind;
    snprintf (address->host, sizeof address->host, "%s", host);
    write_endpoint (address);
}

bool address_is_local (const address_t *address)
{
    if (address->scheme == ADDRESS_IPC)
        return true;
    if (address->host_kind == ADDRESS_IPV4)
        return strncmp (address->host, "127.", 4) == 0;
    return address->host_kind == ADDRESS_IPV6 && is_loopback_ipv6 (address->host);
}

/* What gets into a value by accident and would not be visible in a message. */
static int check_text (const char *text, char *why)
{
    const size_t size = strlen (text);
    if (size == 0)
        return wrong (why, "is empty");
    if (size >= ADDRESS_TEXT_BYTES - strlen (TCP))
        return wrong (why, "is too long for an address");
    if (text[size - 1] == '\r')
        return wrong (why, "ends with a carriage return: it comes from a file with "
                           "Windows line ends");
    if (text[0] == '"' || text[0] == '\'' || text[size - 1] == '"' ||
        text[size - 1] == '\'')
        return wrong (why, "has quotes around it; remove them");
    if (text[0] == ' ' || text[size - 1] == ' ')
        return wrong (why, "has a space at its %s", text[0] == ' ' ? "start" : "end");
    for (const char *at = text; *at; at++)
        if ((unsigned char) *at < ' ' || *at == 0x7F)
            return wrong (why, "holds a control character");
    return 0;
}

/* HOST:PORT */
static int take_tcp (address_t *address, const char *text, address_use_t use, char *why)
{
    address->scheme = ADDRESS_TCP;
    const bool bracketed = text[0] == '[';
    const char *colon = bracketed ? strchr (text, ']') : strrchr (text, ':');
    if (bracketed && !colon)
        return wrong (why, "the bracket [ is not closed");
    if (bracketed)
        colon++;
    if (!colon || *colon != ':')
        return wrong (why, "no port at its end, as in 127.0.0.1:12345");
    const size_t size = (size_t) (colon - text);
    const int rc = bracketed ? take_ipv6 (address, text + 1, size - 2, why)
                             : take_host (address, text, size, why);
    if (rc == -1 || take_port (address, colon + 1, use, why) == -1)
        return -1;
    if (address->host_kind == ADDRESS_ANY && use != ADDRESS_LISTEN)
        return wrong (why,
                      "* is only for listening; to connect, give a name or an address");
    write_endpoint (address);
    return 0;
}

static int take_host (address_t *address, const char *text, size_t size, char *why)
{
    if (size == 0)
        return wrong (why, "no host before the port");
    if (size >= sizeof address->host)
        return wrong (why, "the host name is too long");
    memcpy (address->host, text, size);
    const char *host = address->host;
    struct in_addr number;
    if (strcmp (host, "*") == 0)
        address->host_kind = ADDRESS_ANY;
    else if (inet_pton (AF_INET, host, &number) == 1)
        address->host_kind = ADDRESS_IPV4;
    else if (strchr (host, ':'))
        return wrong (why, "an IPv6 address needs brackets, as in [::1]:12345");
    else if (host[strspn (host, DIGITS ".")] == 0)
        return wrong (why, "%s is not an IPv4 address", host);
    else if (host[strspn (host, NAME_CHARACTERS)] != 0)
        return wrong (why, "a host name cannot contain '%c'",
                      host[strspn (host, NAME_CHARACTERS)]);
    else
        address->host_kind = ADDRESS_NAME;
    return 0;
}

/* What stands between the brackets. */
static int take_ipv6 (address_t *address, const char *text, size_t size, char *why)
{
    if (size >= sizeof address->host)
        return wrong (why, "the IPv6 address is too long");
    memcpy (address->host, text, size);
    address->host_kind = ADDRESS_IPV6;
    return is_ipv6 (address->host)
               ? 0
               : wrong (why, "%.64s is not an IPv6 address", address->host);
}

/* With a zone perhaps: fe80::1%eth0. */
static bool is_ipv6 (const char *text)
{
    char number[INET6_ADDRSTRLEN];
    struct in6_addr ignored;
    const size_t size = strcspn (text, "%");
    if (size >= sizeof number)
        return false;
    memcpy (number, text, size);
    number[size] = 0;
    const char *zone = text + size;
    if (*zone && (zone[1 + strspn (zone + 1, NAME_CHARACTERS)] != 0 || zone[1] == 0 ||
                  strlen (zone + 1) >= IFNAMSIZ))
        return false;
    return inet_pton (AF_INET6, number, &ignored) == 1;
}

/* ZeroMQ accepts any number, and makes another port of one that is too high. */
static int take_port (address_t *address, const char *text, address_use_t use,
                      char *why)
{
    const size_t digits = strspn (text, DIGITS);
    long number = digits <= PORT_DIGITS_MAX ? strtol (text, NULL, 10) : -1;
    if (strcmp (text, "*") == 0)
        number = 0;
    else if (digits == 0 || text[digits] != 0 || number < 0 || number > PORT_MAX)
        return wrong (why, "does not end in a port from 1 to 65535");
    if (number == 0 && use != ADDRESS_LISTEN)
        return wrong (
            why, "port %s is only for listening; to connect, give one from 1 to 65535",
            text);
    address->port = (uint16_t) number;
    return 0;
}

static int take_ipc (address_t *address, const char *text, address_use_t use, char *why)
{
    const char *path = text + strlen (IPC);
    address->scheme = ADDRESS_IPC;
    if (*path == 0)
        return wrong (why, "no path after ipc://");
    if (strlen (path) > IPC_PATH_BYTES_MAX)
        return wrong (why,
                      "a socket's path can have at most %d bytes, this one has %zu",
                      IPC_PATH_BYTES_MAX, strlen (path));
    if (strcmp (path, "*") == 0 && use != ADDRESS_LISTEN)
        return wrong (why, "* is only for listening; to connect, give a path");
    snprintf (address->endpoint, sizeof address->endpoint, "%s", text);
    return 0;
}

static void write_endpoint (address_t *address)
{
    const bool bracketed = address->host_kind == ADDRESS_IPV6;
    char port[PORT_DIGITS_MAX + 1] = "*";
    if (address->port > 0)
        snprintf (port, sizeof port, "%u", address->port);
    snprintf (address->endpoint, sizeof address->endpoint, TCP "%s%s%s:%s",
              bracketed ? "[" : "", address->host, bracketed ? "]" : "", port);
}

/* ::1, or an IPv4 address as IPv6 has it: ::ffff:127.0.0.1 */
static bool is_loopback_ipv6 (const char *host)
{
    char number[INET6_ADDRSTRLEN];
    struct in6_addr parsed;
    snprintf (number, sizeof number, "%.*s", (int) strcspn (host, "%"), host);
    return inet_pton (AF_INET6, number, &parsed) == 1 &&
           (IN6_IS_ADDR_LOOPBACK (&parsed) ||
            (IN6_IS_ADDR_V4MAPPED (&parsed) && parsed.s6_addr[12] == 127));
}

static int wrong (char *why, const char *format, ...)
{
    va_list values;
    va_start (values, format);
    vsnprintf (why, ADDRESS_WHY_BYTES, format, values);
    va_end (values);
    return -1;
}
