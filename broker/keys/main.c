/* main.c - loteria-keys: makes keys, keeps the roll of agencies, and is an auditor's.

     loteria-keys new [--name CENTRAL] [--agencies N] [--demo]
     loteria-keys enroll AGENCY [--name NAME] [--public-key KEY] [--signing-key KEY]
     loteria-keys revoke AGENCY [--public-key KEY]
     loteria-keys list
     loteria-keys show FOLDER
     loteria-keys pair FOLDER
     loteria-keys escrow new FOLDER
     loteria-keys escrow sign FOLDER SEAL
     loteria-keys escrow open FOLDER SEAL BOX READY */

#include <stdlib.h>

#include "auditor.h"
#include "config.h"
#include "keyset.h"
#include "process.h"
#include "text.h"

#define ARGUMENTS_MAX 4

typedef struct {
    const char *argument[ARGUMENTS_MAX]; // AGENCY or FOLDER, and files
    uint32_t agency, agencies;
    const char *keys, *name, *public_key, *signing_key;
    bool demo;
} order_t;

typedef struct {
    config_verb_t about;
    int (*carry_out) (const order_t *order, char *why);
} command_t;

static int make (const order_t *order, char *why);
static int enroll (const order_t *order, char *why);
static int revoke (const order_t *order, char *why);
static int list (const order_t *order, char *why);
static int show (const order_t *order, char *why);
static int pair (const order_t *order, char *why);
static int escrow_new (const order_t *order, char *why);
static int escrow_sign (const order_t *order, char *why);
static int escrow_open_box (const order_t *order, char *why);
static int agree (const config_t *config, void *context, char *why);
static int take_signing (const order_t *order, uint8_t key[NOTE_PUBLIC_BYTES],
                         char *why);
static void print_public (const signing_pair_t *pair);
static const command_t *find_command (int argc, char **argv);
static int words_in (const char *text);
static bool is_command (const command_t *command, int argc, char **argv);
static bool take_argument (const command_t *command, order_t *order);
static bool told_usage (int argc, char **argv);
static int usage (const char *problem);

static const command_t commands[] = {
    {{"new", NULL, " keys name agencies demo ",
      "make a central's keys, those that are missing"},
     make},
    {{"enroll", "AGENCY", " keys name public-key signing-key ",
      "give an agency a key, and put it on the roll"},
     enroll},
    {{"revoke", "AGENCY", " keys public-key ", "take an agency's keys off the roll"},
     revoke},
    {{"list", NULL, " keys ", "print the roll"}, list},
    {{"show", "FOLDER", " keys ", "print the public keys of a folder"}, show},
    {{"pair", "FOLDER", " keys ",
      "make an agency's pairs of keys, and print the public ones"},
     pair},
    {{"escrow new", "FOLDER", " keys ",
      "make an auditor's folder, and print its public key"},
     escrow_new},
    {{"escrow sign", "FOLDER SEAL", " keys ",
      "sign the seal of a provable draw, once; prints seal-auditor.note"},
     escrow_sign},
    {{"escrow open", "FOLDER SEAL BOX READY", " keys ",
      "open the box of a party that was lost; prints its nonce"},
     escrow_open_box},
};
#define COMMANDS (sizeof commands / sizeof *commands)

int main (int argc, char **argv)
{
    order_t order = {0};
    const command_t *command = find_command (argc, argv);
    const config_item_t items[] = {
        {.name = "keys",
         .type = CONFIG_TEXT,
         .value = &order.keys,
         .fallback = "keys",
         .help = "folder of the central's keys"},
        {.name = "agencies",
         .type = CONFIG_NUMBER,
         .value = &order.agencies,
         .environment = "TOTAL_AGENCIES",
         .fallback = "0",
         .max = AGENCIES_MAX,
         .help = "new: enroll agencies 1 to this number, those that are not yet"},
        {.name = "name",
         .type = CONFIG_TEXT,
         .value = &order.name,
         .help = "enroll: the agency's name; new: the central's, in the notes of "
                 "provable draws [loteria]"},
        {.name = "public-key",
         .type = CONFIG_TEXT,
         .value = &order.public_key,
         .help = "enroll: a public key that the agency made; revoke: only this key"},
        {.name = "signing-key",
         .type = CONFIG_TEXT,
         .value = &order.signing_key,
         .help = "enroll: the public key that the agency signs with, ed25519:BASE64; "
                 "it takes the place of the one before"},
        {.name = "demo",
         .type = CONFIG_FLAG,
         .value = &order.demo,
         .fallback = "no",
         .help = "new: make the agencies' signing keys too; provable draws are marked "
                 "demo then, as they prove nothing against who made the keys"},
        {0}};
    config_verb_t verbs[COMMANDS + 1] = {0};
    for (size_t i = 0; i < COMMANDS; i++)
        verbs[i] = commands[i].about;
    const config_program_t program = {
        .program = "loteria-keys",
        .section = "keys",
        .summary =
            "Makes the keys of a central and its agencies, and keeps the roll of "
            "agencies.",
        .items = items,
        .verbs = verbs,
        .agree = agree,
        .context = (void *) command};
    process_start ();
    if (!command && told_usage (argc, argv))
        return PROCESS_CANNOT_START;
    int skipped = 0;
    if (command) {
        skipped = words_in (command->about.words);
        for (int i = 0; i < words_in (command->about.arguments); i++)
            order.argument[i] = argv[1 + skipped + i];
        skipped += words_in (command->about.arguments);
    }
    int status = 0;
    config_t *config = config_load (&program, argc - skipped, argv + skipped, &status);
    if (!config)
        return status;
    char why[KEYS_WHY_BYTES];
    if (!command)
        status = usage ("expected a command");
    else if (!take_argument (command, &order))
        status = usage ("AGENCY: expected a number");
    else if (command->carry_out (&order, why) == -1) {
        text_clean (why); // a folder's name may be anything
        fprintf (stderr, "loteria-keys: %s\n", why);
        status = PROCESS_FAILED;
    } else if (fflush (stdout) != 0)
        status = PROCESS_FAILED;
    config_destroy (&config);
    return status;
}

static int make (const order_t *order, char *why)
{
    keyset_t *keyset = keyset_open (order->keys, true, why);
    if (!keyset)
        return -1;
    const int made = keyset_make (keyset, order->name, why);
    int rc = made == -1 ? -1 : 0;
    uint32_t enrolled = 0;
    for (uint32_t agency = 1; rc == 0 && agency <= order->agencies; agency++)
        if (!roll_agency (keyset_roll (keyset), agency)) {
            const enrolment_t enrolment = {.agency = agency, .demo = order->demo};
            rc = keyset_enroll (keyset, &enrolment, why);
            enrolled++;
        }
    if (rc == 0 && order->demo && keyset_make_demo (keyset, why) == -1)
        rc = -1;
    if (rc == 0)
        fprintf (stderr, "%s: made %d %s of the central, enrolled %u %s\n", order->keys,
                 made, made == 1 ? "key" : "keys", enrolled,
                 enrolled == 1 ? "agency" : "agencies");
    keyset_close (&keyset);
    return rc;
}

static int enroll (const order_t *order, char *why)
{
    uint8_t signing_key[NOTE_PUBLIC_BYTES];
    const enrolment_t enrolment = {.agency = order->agency,
                                   .name = order->name,
                                   .public_key = order->public_key,
                                   .signing_key =
                                       order->signing_key ? signing_key : NULL};
    if (take_signing (order, signing_key, why) == -1)
        return -1;
    keyset_t *keyset = keyset_open (order->keys, false, why);
    if (!keyset)
        return -1;
    const int rc = keyset_enroll (keyset, &enrolment, why);
    if (rc == 0 && *keyset_new_folder (keyset))
        puts (keyset_new_folder (keyset));
    keyset_close (&keyset);
    return rc;
}

static int revoke (const order_t *order, char *why)
{
    keyset_t *keyset = keyset_open (order->keys, false, why);
    if (!keyset)
        return -1;
    const int rc = keyset_revoke (keyset, order->agency, order->public_key, why);
    keyset_close (&keyset);
    return rc;
}

static int list (const order_t *order, char *why)
{
    char line[ROLL_LINE_BYTES_MAX + 1];
    keyset_t *keyset = keyset_open (order->keys, false, why);
    if (!keyset)
        return -1;
    const roll_t *roll = keyset_roll (keyset);
    for (size_t i = 0; roll && i < roll_size (roll); i++) {
        roll_write (roll_at (roll, i), line);
        fputs (line, stdout);
    }
    keyset_close (&keyset);
    return 0;
}

static int show (const order_t *order, char *why)
{
    key_pair_t found;
    signing_pair_t signing;
    const char *folder = order->argument[0];
    const bool signs = signing_pair_there (folder);
    const bool comes_in = !signs || key_pair_there (folder);
    if ((comes_in && key_pair_load (folder, &found, why) == -1) ||
        (signs && signing_pair_load (folder, &signing, why) == -1))
        return -1;
    if (comes_in)
        puts (found.public_key);
    if (signs)
        print_public (&signing);
    return 0;
}

static int pair (const order_t *order, char *why)
{
    key_pair_t made;
    signing_pair_t signing;
    if (keyset_pair (order->argument[0], &made, &signing, why) == -1)
        return -1;
    puts (made.public_key);
    print_public (&signing);
    return 0;
}

static int escrow_new (const order_t *order, char *why)
{
    signing_pair_t made;
    if (auditor_new (order->argument[0], &made, why) == -1)
        return -1;
    print_public (&made);
    return 0;
}

static int escrow_sign (const order_t *order, char *why)
{
    char *file;
    if (auditor_sign (order->argument[0], order->argument[1], &file, why) == -1)
        return -1;
    fputs (file, stdout);
    free (file);
    return 0;
}

static int escrow_open_box (const order_t *order, char *why)
{
    nonce_t nonce;
    char digits[SHA256_TEXT_BYTES];
    if (auditor_open (order->argument[0], order->argument[1], order->argument[2],
                      order->argument[3], &nonce, why) == -1)
        return -1;
    sha256_text (nonce.of, digits);
    puts (digits);
    return 0;
}

static int take_signing (const order_t *order, uint8_t key[NOTE_PUBLIC_BYTES],
                         char *why)
{
    const char *text = order->signing_key;
    if (!text || signing_text_parse (bytes_of (text, strlen (text)), key))
        return 0;
    snprintf (why, KEYS_WHY_BYTES,
              "--signing-key: not " SIGNING_PREFIX " and base64 of 32 bytes, as "
              "loteria-keys pair prints it");
    return -1;
}

static void print_public (const signing_pair_t *pair)
{
    char text[SIGNING_TEXT_BYTES];
    signing_text (pair->public_key, text);
    puts (text);
}

/* A flag that the command takes no notice of was meant for something. */
static int agree (const config_t *config, void *context, char *why)
{
    static const struct {
        const char *flag, *commands;
    } uses[] = {{"agencies", "new"},
                {"name", "new enroll"},
                {"public-key", "enroll revoke"},
                {"signing-key", "enroll"},
                {"demo", "new"}};
    const command_t *command = context;
    for (size_t i = 0; command && i < sizeof uses / sizeof *uses; i++)
        if (strcmp (config_source (config, uses[i].flag), "flag") == 0 &&
            !strstr (uses[i].commands, command->about.words)) {
            snprintf (why, CONFIG_WHY_BYTES,
                      "%s and --%s: only %s takes that; leave it out",
                      command->about.words, uses[i].flag, uses[i].commands);
            return PROCESS_CANNOT_START;
        }
    return 0;
}

static const command_t *find_command (int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < COMMANDS; i++)
        if (is_command (&commands[i], argc, argv))
            return &commands[i];
    return NULL;
}

/* None of its words and arguments looks like a flag. */
static bool is_command (const command_t *command, int argc, char **argv)
{
    char words[32] = "";
    const int count = words_in (command->about.words),
              all = count + words_in (command->about.arguments);
    if (argc <= all)
        return false;
    for (int i = 1; i <= count; i++)
        snprintf (words + strlen (words), sizeof words - strlen (words), "%s%s",
                  i > 1 ? " " : "", argv[i]);
    for (int i = 1; i <= all; i++)
        if (argv[i][0] == '-')
            return false;
    return strcmp (words, command->about.words) == 0;
}

static int words_in (const char *text)
{
    int words = text != NULL;
    for (; text && *text; text++)
        words += *text == ' ';
    return words;
}

static bool take_argument (const command_t *command, order_t *order)
{
    if (!command->about.arguments || strcmp (command->about.arguments, "AGENCY") != 0)
        return true;
    char *end;
    const char *text = order->argument[0];
    const unsigned long number = strtoul (text, &end, 10);
    order->agency = (uint32_t) number;
    return *text >= '0' && *text <= '9' && *end == 0 && number >= 1 &&
           number <= AGENCIES_MAX;
}

/* The first word is a command's, and what has to be behind it is not: how it goes. */
static bool told_usage (int argc, char **argv)
{
    char forms[256] = "";
    const size_t length = argc > 1 ? strlen (argv[1]) : 0;
    for (size_t i = 0; length > 0 && i < COMMANDS; i++) {
        const config_verb_t *about = &commands[i].about;
        const size_t size = strlen (forms);
        if (about->arguments && strncmp (about->words, argv[1], length) == 0 &&
            (about->words[length] == 0 || about->words[length] == ' '))
            snprintf (forms + size, sizeof forms - size, "%s%s %s",
                      size > 0 ? "; loteria-keys " : "usage: loteria-keys ",
                      about->words, about->arguments);
    }
    if (*forms)
        usage (forms);
    return *forms != 0;
}

static int usage (const char *problem)
{
    fprintf (stderr, "loteria-keys: %s (see loteria-keys --help)\n", problem);
    return PROCESS_CANNOT_START;
}
