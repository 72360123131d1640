/* agreement.c - whether settings fit together: for the programs' main (). */

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

#include "address.h"
#include "brokers.h"
#include "engine.h"
#include "places.h"
#include "roll.h"
#include "whole_file.h"

#define MB (1024 * 1024)

static bool same_place (const char *a, const char *b);
static bool is_any_host (const address_t *address);
static bool can_be_made (const char *path);
static uint32_t first_missing (const roll_t *roll, uint64_t agencies);
static bool takes_auditor (const char *text, provable_options_t *options);
static bool can_sign (const char *folder, char why[CONFIG_WHY_BYTES]);

bool agreement_places_differ (const agreement_endpoint_t *endpoints, size_t count,
                              char why[CONFIG_WHY_BYTES])
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            if (endpoints[i].value && endpoints[j].value &&
                same_place (endpoints[i].value, endpoints[j].value)) {
                snprintf (
                    why, CONFIG_WHY_BYTES,
                    "%s %.150s and %s %.150s: the same address; change one of them",
                    endpoints[i].name, endpoints[i].value, endpoints[j].name,
                    endpoints[j].value);
                return false;
            }
    return true;
}

/* For tcp the port decides, if the hosts are the same or one of them stands for all.
   Port 0 is any free one. */
static bool same_place (const char *a, const char *b)
{
    address_t one, other;
    char why[ADDRESS_WHY_BYTES];
    if (address_parse (&one, a, ADDRESS_LISTEN, why) == -1 ||
        address_parse (&other, b, ADDRESS_LISTEN, why) == -1)
        return strcmp (a, b) == 0;
    if (one.scheme != ADDRESS_TCP || other.scheme != ADDRESS_TCP)
        return strcmp (one.endpoint, other.endpoint) == 0;
    return one.port == other.port && one.port != 0 &&
           (strcmp (one.host, other.host) == 0 || is_any_host (&one) ||
            is_any_host (&other));
}

static bool is_any_host (const address_t *address)
{
    return address->host_kind == ADDRESS_ANY ||
           strcmp (address->host, "0.0.0.0") == 0 || strcmp (address->host, "::") == 0;
}

bool agreement_may_listen (const config_t *config, const agreement_endpoint_t *endpoint,
                           const char *keys, bool insecure, char why[CONFIG_WHY_BYTES])
{
    address_t address;
    places_t places;
    char reason[ADDRESS_WHY_BYTES];
    if (!config_only_checked (config) || !endpoint->value)
        return true;
    if (address_parse (&address, endpoint->value, ADDRESS_LISTEN, reason) == -1 ||
        places_find (&places, &address, reason) == -1) {
        snprintf (why, CONFIG_WHY_BYTES, "%s %.120s: %.300s", endpoint->name,
                  endpoint->value, reason);
        return false;
    }
    if ((keys && *keys) || insecure || places_local (&places))
        return true;
    snprintf (why, CONFIG_WHY_BYTES,
              "%s %.200s and no --keys: without --keys only addresses of this machine "
              "(127.0.0.1) are allowed; --insecure lets anyone in",
              endpoint->name, endpoint->value);
    return false;
}

bool agreement_may_connect (const config_t *config,
                            const agreement_endpoint_t *endpoint,
                            char why[CONFIG_WHY_BYTES])
{
    address_t address;
    char reason[ADDRESS_WHY_BYTES];
    if (!config_only_checked (config) ||
        address_parse (&address, endpoint->value, ADDRESS_CONNECT, reason) == 0)
        return true;
    snprintf (why, CONFIG_WHY_BYTES, "%s %.120s: %.300s", endpoint->name,
              endpoint->value, reason);
    return false;
}

bool agreement_brokers (const config_t *config, const char *endpoints,
                        char why[CONFIG_WHY_BYTES])
{
    char list[BROKERS_MAX][ADDRESS_TEXT_BYTES];
    const size_t count = brokers_split (endpoints, list);
    if (count == 0) {
        snprintf (why, CONFIG_WHY_BYTES,
                  "--broker %.300s: give 1 to %d endpoints, separated by commas",
                  endpoints, BROKERS_MAX);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const agreement_endpoint_t endpoint = {"--broker", list[i]};
        if (!agreement_may_connect (config, &endpoint, why))
            return false;
    }
    return true;
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
                  " has no key there, so the draw would wait forever; enroll it "
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

bool agreement_number (terms_number_t number, uint64_t number_max,
                       char why[CONFIG_WHY_BYTES])
{
    if (number.source != TERMS_FIXED || number.number <= number_max)
        return true;
    snprintf (why, CONFIG_WHY_BYTES,
              "--winning-number, or --number, is above --number-max %" PRIu64
              ": nobody could bet on it; lower one or raise the other",
              number_max);
    return false;
}

bool agreement_provable (const draw_options_t *draws, uint32_t agencies,
                         const char *auditor, provable_options_t *options,
                         char why[CONFIG_WHY_BYTES])
{
    options->audited = strcmp (auditor, "none") != 0;
    if (options->audited && !takes_auditor (auditor, options)) {
        snprintf (why, CONFIG_WHY_BYTES,
                  "--auditor: no public key as loteria-keys escrow new prints "
                  "it, " SIGNING_PREFIX "BASE64");
        return false;
    }
    uint32_t fewest = schedule_fewest (draws->schedule, TERMS_PROVABLE);
    if (draws->name && draws->number.source == TERMS_PROVABLE &&
        (fewest == 0 || agencies < fewest))
        fewest = agencies;
    if (fewest == 0)
        return true;
    if (options->least > fewest) {
        snprintf (
            why, CONFIG_WHY_BYTES,
            "--least %" PRIu32 " is more than the %" PRIu32
            " agencies of a provable draw (--agencies, or its own in the schedule): "
            "it could never be sealed; lower it",
            options->least, fewest);
        return false;
    }
    return can_sign (options->folder, why);
}

static bool takes_auditor (const char *text, provable_options_t *options)
{
    return signed_note_start () == 0 &&
           signing_text_parse (bytes_of (text, strlen (text)), options->auditor) &&
           signing_key_sound (options->auditor);
}

static bool can_sign (const char *folder, char why[CONFIG_WHY_BYTES])
{
    signing_pair_t pair;
    signers_t signers = {0};
    char name[CENTRAL_NAME_BYTES_MAX + 1], reason[KEYS_WHY_BYTES];
    if (!folder)
        snprintf (why, CONFIG_WHY_BYTES,
                  "a provable draw is signed, and there are no keys; loteria-keys new "
                  "makes them, --keys FOLDER says where they are");
    else if (signing_pair_load (folder, &pair, reason) == -1 ||
             central_name_load (folder, name, reason) == -1 ||
             signers_load (folder, &signers, reason) == -1)
        snprintf (why, CONFIG_WHY_BYTES, "a provable draw is signed: %.400s", reason);
    else {
        signers_clear (&signers);
        return true;
    }
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

bool agreement_log (const char *url, bool standby, bool insecure_async,
                    char why[CONFIG_WHY_BYTES])
{
    const bool given = url && *url;
    if (given && engine_url_tells (url))
        snprintf (why, CONFIG_WHY_BYTES,
                  "--log: a password in it is seen by everybody who looks at the "
                  "machine's processes: put it into the file that PGPASSFILE or "
                  "passfile= in --log names (mode 0600), as "
                  "host:port:database:role:password");
    else if (given && !engine_is_url (url))
        snprintf (why, CONFIG_WHY_BYTES,
                  "--log: '%.80s' is no postgres://HOST/DATABASE", url);
    else if (!given && (standby || insecure_async))
        snprintf (why, CONFIG_WHY_BYTES,
                  "--%s: without --log each central has a log of its own, on this "
                  "machine only; say which PostgreSQL keeps it, or leave this out",
                  standby ? "standby" : "insecure-async");
    else
        return true;
    return false;
}
