/* main.c - make-bets: writes an agency's file of invented bets to stdout. */

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "descriptors.h"
#include "sample.h"
#include "text.h"

#define OUTPUT_BYTES (256 * 1024)

static const char help[] =
    "Usage: make-bets --agency N --count N [--seed N]\n"
    "Write invented bets to stdout, as an agency's file has them:\n"
    "first name, last name, document, birthdate, number; CSV in UTF-8, lines end in "
    "CRLF.\n"
    "The same agency and seed give the same rows on every machine.\n"
    "\n"
    "  --agency N   whose bets, 1 to 4294967295\n"
    "  --count N    how many rows\n"
    "  --seed N     another seed, other bets (default 1)\n"
    "  --help       this text\n"
    "  --version    the version\n";

// The same for documents: see config_help_print_table () in common/settings.
static const char help_table[] =
    "program\tmake-bets\t\tWrites invented bets, as an agency's file has them.\n"
    "option\tagency\tN\twhose bets\t\t1 to 4294967295\t\n"
    "option\tcount\tN\thow many rows\t\t\t\n"
    "option\tseed\tN\tanother seed, other bets\t1\t\t\n"
    "option\thelp\t\tprint this\t\t\t\n"
    "option\tversion\t\tprint the version\t\t\t\n";

typedef struct {
    uint64_t agency;
    uint64_t count;
    uint64_t seed;
} options_t;

static int read_options (int argc, char **argv, options_t *options);
static int read_number (const char *name, const char *text, uint64_t min, uint64_t max,
                        uint64_t *value);
static int say (const char *text);
static int write_bets (const options_t *options);
static int write_all (const char *bytes, size_t size);

int main (int argc, char **argv)
{
    options_t options = {.seed = 1};
    descriptors_open_standard ();
    for (int i = 1; i < argc; i++)
        text_clean (argv[i]);                // what is wrong is shown
    argv[0] = program_invocation_short_name; // behind this name
    int status = read_options (argc, argv, &options);
    return status >= 0 ? status : write_bets (&options);
}

/* Returns -1 when there are bets to write, else the exit status. */
static int read_options (int argc, char **argv, options_t *options)
{
    static const struct option flags[] = {{"agency", required_argument, NULL, 'a'},
                                          {"count", required_argument, NULL, 'c'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"help-table", no_argument, NULL, 't'},
                                          {"version", no_argument, NULL, 'v'},
                                          {0}};
    bool counted = false;
    int flag, wrong = 0;
    while (wrong == 0 && (flag = getopt_long (argc, argv, "", flags, NULL)) != -1) {
        switch (flag) {
        case 'a':
            wrong = read_number ("agency", optarg, 1, UINT32_MAX, &options->agency);
            break;
        case 'c':
            wrong = read_number ("count", optarg, 0, UINT64_MAX, &options->count);
            counted = true;
            break;
        case 's':
            wrong = read_number ("seed", optarg, 0, UINT64_MAX, &options->seed);
            break;
        case 'h':
            return say (help);
        case 't':
            return say (help_table);
        case 'v':
            return say ("make-bets " LOTERIA_VERSION "\n");
        default: // getopt_long () has said what is wrong
            return 2;
        }
    }
    if (wrong != 0)
        return 2;
    if (optind < argc)
        fprintf (stderr, "make-bets: '%s' is not a flag; see --help\n", argv[optind]);
    else if (options->agency == 0 || !counted)
        fprintf (stderr, "make-bets: --agency and --count are needed; see --help\n");
    else
        return -1;
    return 2;
}

static int read_number (const char *name, const char *text, uint64_t min, uint64_t max,
                        uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull (text, &end, 10);
    bool digits = text[0] != '\0' && strspn (text, "0123456789") == strlen (text);
    if (digits && errno == 0 && *value >= min && *value <= max)
        return 0;
    fprintf (stderr, "make-bets: --%s '%s' is not a number from %ju to %ju\n", name,
             text, (uintmax_t) min, (uintmax_t) max);
    return -1;
}

static int say (const char *text)
{
    return write_all (text, strlen (text));
}

static int write_bets (const options_t *options)
{
    static char output[OUTPUT_BYTES];
    sample_t sample;
    sample_start (&sample, (uint32_t) options->agency, options->seed);
    size_t size = 0;
    for (uint64_t i = 0; i < options->count; i++) {
        size += sample_row (&sample, output + size);
        if (size <= OUTPUT_BYTES - SAMPLE_ROW_BYTES_MAX)
            continue;
        if (write_all (output, size) != 0)
            return 1;
        size = 0;
    }
    return write_all (output, size);
}

/* Returns 0, or 1 having said why not. */
static int write_all (const char *bytes, size_t size)
{
    if (fwrite (bytes, 1, size, stdout) == size && fflush (stdout) == 0)
        return 0;
    fprintf (stderr, "make-bets: cannot write: %s\n", strerror (errno));
    return 1;
}
