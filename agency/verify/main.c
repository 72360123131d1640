/* main.c - loteria-verify: checks a provable draw by what was published of it. Offline:
   it opens no socket. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "descriptors.h"
#include "folder.h"
#include "text.h"
#include "verify.h"

#define FAILED       1 // something does not hold
#define CANNOT_START 2

static const char help[] =
    "Usage: loteria-verify FOLDER [--open HASH] [--receipt FILE] [--ticket FILE]\n"
    "Check a provable draw by its published notes, and by its bets if they are there.\n"
    "\n"
    "  --open HASH      the hash of the open note that others were shown\n"
    "  --receipt FILE   an agency's receipt, or a seal that it signed, to hold against "
    "it\n"
    "  --ticket FILE    a bettor's ticket: is the bet in the draw, and has it won\n"
    "  --help           this text\n"
    "  --version        the version\n"
    "\n"
    "Says each step and what it proves. Ends with 0 when everything that is there\n"
    "holds, with 1 and the first thing that does not, with 2 when it could not be "
    "read.\n";

// The same for documents: see config_help_print_table () in common/settings.
static const char help_table[] =
    "program\tloteria-verify\t\tChecks a provable draw by what was published of "
    "it.\n"
    "arguments\tFOLDER\n"
    "option\topen\tHASH\thash of the open note that others were shown\t\t\t\n"
    "option\treceipt\tFILE\tan agency's receipt, or a seal that it signed\t\t\t\n"
    "option\tticket\tFILE\ta bettor's ticket\t\t\t\n"
    "option\thelp\t\tprint this\t\t\t\n"
    "option\tversion\t\tprint the version\t\t\t\n";

typedef struct {
    const char *folder, *receipt, *ticket;
    bool pinned;
    hash_t open;
} options_t;

static int read_options (int argc, char **argv, options_t *options);
static int check (const options_t *options);
static int check_files (const options_t *options, const dossier_t *dossier);
static void tell (void *context, const char *step, const char *text);
static int conclude (const verify_outcome_t *outcome);
static int cannot (const char *why);

int main (int argc, char **argv)
{
    options_t options = {0};
    descriptors_open_standard ();
    for (int i = 1; i < argc; i++)
        text_clean (argv[i]); // what is wrong is shown
    const int status = read_options (argc, argv, &options);
    if (status >= 0)
        return status;
    return signed_note_start () == 0 ? check (&options)
                                     : cannot ("libsodium cannot be started");
}

/* -1: to go on. */
static int read_options (int argc, char **argv, options_t *options)
{
    static const struct option known[] = {{"open", required_argument, NULL, 'o'},
                                          {"receipt", required_argument, NULL, 'r'},
                                          {"ticket", required_argument, NULL, 't'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"help-table", no_argument, NULL, 'T'},
                                          {"version", no_argument, NULL, 'v'},
                                          {0}};
    int option;
    while ((option = getopt_long (argc, argv, "", known, NULL)) != -1)
        switch (option) {
        case 'o':
            options->pinned = hash_parse (optarg, &options->open);
            if (!options->pinned)
                return cannot ("--open wants 64 lower-case hexadecimal digits");
            break;
        case 'r':
            options->receipt = optarg;
            break;
        case 't':
            options->ticket = optarg;
            break;
        case 'h':
        case 'T':
            return fputs (option == 'h' ? help : help_table, stdout) < 0 ||
                   fflush (stdout) != 0;
        case 'v':
            return puts ("loteria-verify " LOTERIA_VERSION) < 0 || fflush (stdout) != 0;
        default:
            return CANNOT_START; // getopt_long has said why
        }
    if (optind + 1 != argc)
        return cannot ("wants one folder (see loteria-verify --help)");
    options->folder = argv[optind];
    return -1;
}

static int check (const options_t *options)
{
    char why[FOLDER_WHY_BYTES];
    dossier_t dossier;
    const int rc = folder_load (options->folder, &dossier, why);
    const int status = rc == -1 ? cannot (why) : check_files (options, &dossier);
    folder_clear (&dossier);
    return status;
}

static int check_files (const options_t *options, const dossier_t *dossier)
{
    char why[FOLDER_WHY_BYTES];
    bytes_t receipt = {0}, ticket = {0};
    int status = CANNOT_START;
    if ((options->receipt &&
         folder_load_file (options->receipt, &receipt, why) == -1) ||
        (options->ticket && folder_load_file (options->ticket, &ticket, why) == -1))
        cannot (why);
    else {
        const verify_options_t to_verify = {.dossier = dossier,
                                            .open =
                                                options->pinned ? &options->open : NULL,
                                            .receipt = receipt,
                                            .ticket = ticket,
                                            .tell = tell};
        const verify_outcome_t outcome = verify (&to_verify);
        status = conclude (&outcome);
    }
    folder_unload_file (&receipt);
    folder_unload_file (&ticket);
    return status;
}

static void tell (void *context, const char *step, const char *text)
{
    (void) context;
    printf ("%-10s  %s\n", step, text);
}

static int conclude (const verify_outcome_t *outcome)
{
    static const char *const phases[] = {[VERIFY_SELLING] = "the draw is selling",
                                         [VERIFY_PENDING] = "the draw is pending",
                                         [VERIFY_DRAWN] = "the draw is made",
                                         [VERIFY_VOID] = "the draw was called off"};
    if (outcome->holds)
        printf ("holds       %s\n", phases[outcome->phase]);
    else
        printf ("%-10s  DOES NOT HOLD: %s\n", outcome->step, outcome->fault);
    if (fflush (stdout) != 0)
        return cannot ("standard output cannot be written");
    return outcome->holds ? 0 : FAILED;
}

static int cannot (const char *why)
{
    fprintf (stderr, "loteria-verify: %s\n", why);
    return CANNOT_START;
}
