/* agreement.c - settings that exclude each other, for the programs' main (). */

#include "agreement.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate.h"
#include "roll.h"
#include "whole_file.h"

#define MB (1024 * 1024)

static bool same_place (const char *a, const char *b);
static bool is_any_host (const char *host, size_t size);
static bool can_be_made (const char *path);
static uint32_t first_missing (const roll_t *roll, uint64_t agencies);

bool agreement_places_differ (const agreement_endpoint_t *endpoints, size_t count,
                              char why[CONFIG_WHY_BYTES])
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            if (endpoints[i].value && endpoints[j].value &&
                same_place (endpoints[i].value, endpoints[j].value)) {
                snprintf (why, CONFIG_WHY_BYTES,
                          "%s %.150s and %s %.150s: the same place; give one of them "
                          "another",
                          endpoints[i].name, endpoints[i].value, endpoints[j].name,
                          endpoints[j].value);
                return false;
            }
    return true;
}

/* Of tcp the port decides, where the hosts are the same or one stands for all. Port 0
   is any that is free. */
static bool same_place (const char *a, const char *b)
{
    if (strcmp (a, b) == 0)
        return !gate_endpoint_tcp (a) || strcmp (strrchr (a, ':'), ":0") != 0;
    if (!gate_endpoint_tcp (a) || !gate_endpoint_tcp (b))
        return false;
    const char *host_a = a + strlen ("tcp://"), *host_b = b + strlen ("tcp://");
    const char *port_a = strrchr (a, ':'), *port_b = strrchr (b, ':');
    if (port_a < host_a || port_b < host_b || strcmp (port_a, port_b) != 0 ||
        strcmp (port_a, ":0") == 0 || strcmp (port_a, ":*") == 0)
        return false;
    const size_t size_a = (size_t) (port_a - host_a),
                 size_b = (size_t) (port_b - host_b);
    return is_any_host (host_a, size_a) || is_any_host (host_b, size_b);
}

static bool is_any_host (const char *host, size_t size)
{
    static const char *const names[] = {"*", "0.0.0.0", "[::]", "::"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen (names[i]) == size && memcmp (names[i], host, size) == 0)
            return true;
    return false;
}

bool agreement_may_listen (const config_t *config, const agreement_endpoint_t *endpoint,
                           const char *keys, bool insecure, char why[CONFIG_WHY_BYTES])
{
    if (!config_only_checked (config) || !endpoint->value || (keys && *keys) ||
        insecure || !gate_endpoint_tcp (endpoint->value) ||
        gate_endpoint_local (endpoint->value))
        return true;
    snprintf (
        why, CONFIG_WHY_BYTES,
        "%s %.200s and no --keys: without --keys only this machine is listened to "
        "(127.0.0.1); --insecure lets anybody in",
        endpoint->name, endpoint->value);
    return false;
}

bool agreement_directory (const config_t *config, const char *path, bool make,
                          char why[CONFIG_WHY_BYTES])
{
    struct stat about;
    int problem = 0;
    if (!config_only_checked (config) ||
        strcmp (config_source (config, "data-dir"), "default") == 0)
        return true;
    if (stat (path, &about) == -1)
        problem = errno == ENOENT && make && can_be_made (path) ? 0 : errno;
    else if (!S_ISDIR (about.st_mode))
        problem = ENOTDIR;
    else if (access (path, W_OK | X_OK) == -1)
        problem = errno;
    if (problem != 0)
        snprintf (why, CONFIG_WHY_BYTES,
                  "--data-dir: %.300s: %s; make it, or name another", path,
                  strerror (problem));
    return problem == 0;
}

/* errno says why not. */
static bool can_be_made (const char *path)
{
    char copy[PATH_MAX];
    if (snprintf (copy, sizeof copy, "%s", path) >= (int) sizeof copy) {
        errno = ENAMETOOLONG;
        return false;
    }
    return access (dirname (copy), W_OK | X_OK) == 0;
}

bool agreement_roll (const char *keys, uint64_t agencies, char why[CONFIG_WHY_BYTES])
{
    char path[PATH_MAX], reason[KEYS_WHY_BYTES];
    size_t size;
    if (!keys || !*keys)
        return true;
    snprintf (path, sizeof path, "%s/broker/%s", keys, ROLL_FILE);
    char *text = whole_file_read (path, ROLL_BYTES_MAX, &size);
    if (!text)
        return true;
    roll_t *roll = roll_parse (bytes_of (text, size), reason);
    free (text);
    const uint32_t missing = roll ? first_missing (roll, agencies) : 0;
    roll_destroy (&roll);
    if (missing)
        snprintf (why, CONFIG_WHY_BYTES,
                  "--agencies %" PRIu64 " and --keys %.200s: agency %" PRIu32
                  " has no key there, the draw would wait for it for ever; enroll it "
                  "(loteria-keys enroll %" PRIu32 " --keys ...), or ask for fewer",
                  agencies, keys, missing, missing);
    return missing == 0;
}

/* 0 when none is. */
static uint32_t first_missing (const roll_t *roll, uint64_t agencies)
{
    for (uint32_t agency = 1; agency <= agencies; agency++)
        if (!roll_agency (roll, agency))
            return agency;
    return 0;
}

bool agreement_number (uint64_t winning_number, uint64_t number_max,
                       char why[CONFIG_WHY_BYTES])
{
    if (winning_number <= number_max)
        return true;
    snprintf (why, CONFIG_WHY_BYTES,
              "--winning-number is above --number-max %" PRIu64
              ": nobody could bet on it; lower the one or raise the other",
              number_max);
    return false;
}

bool agreement_memory (uint64_t window, uint64_t message_bytes, uint64_t memory_mb,
                       char why[CONFIG_WHY_BYTES])
{
    if (window * message_bytes <= memory_mb * MB / 2)
        return true;
    snprintf (
        why, CONFIG_WHY_BYTES,
        "--window %" PRIu64 " of --message-bytes %" PRIu64 " and --memory-mb %" PRIu64
        ": one agency alone could fill half of it; lower one of the first two, or "
        "raise the third",
        window, message_bytes, memory_mb);
    return false;
}
