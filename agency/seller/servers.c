/* servers.c - reads a list of addresses (agency). */

#include "servers.h"

#include <stdio.h>
#include <string.h>

static int take (servers_t *servers, const char *text, size_t size, char *why);
static bool is_there (const servers_t *servers, const char *endpoint);

int servers_parse (servers_t *servers, const char *list, char why[SERVERS_WHY_BYTES])
{
    servers->count = 0;
    for (;;) {
        const size_t size = strcspn (list, ",");
        if (servers->count == SERVERS_MAX) {
            snprintf (why, SERVERS_WHY_BYTES, "%d addresses at most", SERVERS_MAX);
            return -1;
        }
        if (take (servers, list, size, why) == -1)
            return -1;
        if (list[size] == 0)
            return 0;
        list += size + 1;
    }
}

static int take (servers_t *servers, const char *text, size_t size, char *why)
{
    char reason[ADDRESS_WHY_BYTES], *typed = servers->text[servers->count];
    address_t address;
    const int shown = (int) (size < ADDRESS_TEXT_BYTES ? size : ADDRESS_TEXT_BYTES - 1);
    snprintf (typed, ADDRESS_TEXT_BYTES, "%.*s", shown, text);
    if (size >= ADDRESS_TEXT_BYTES) {
        snprintf (why, SERVERS_WHY_BYTES, "%.80s...: too long for an address", typed);
        return -1;
    }
    if (address_parse (&address, typed, ADDRESS_SERVER, reason) == -1) {
        snprintf (why, SERVERS_WHY_BYTES, "%.150s: %s", typed, reason);
        return -1;
    }
    if (is_there (servers, address.endpoint)) {
        snprintf (why, SERVERS_WHY_BYTES, "%.150s: it is there twice", typed);
        return -1;
    }
    strcpy (servers->endpoint[servers->count++], address.endpoint);
    return 0;
}

static bool is_there (const servers_t *servers, const char *endpoint)
{
    for (size_t i = 0; i < servers->count; i++)
        if (strcmp (servers->endpoint[i], endpoint) == 0)
            return true;
    return false;
}
