/* main.c - loteria-ctl: what an operator asks a central, and orders. The table of verbs
   says what it can be told. */

#include <stdio.h>
#include <string.h>

#include "address.h"
#include "arguments.h"
#include "bounds.h"
#include "command.h"
#include "draw_verbs.h"
#include "engine_verbs.h"
#include "log_verbs.h"
#include "note_verbs.h"
#include "logger.h"
#include "option_rows.h"
#include "ping.h"
#include "ping_web.h"
#include "program.h"
#include "result_verbs.h"
#include "role_verbs.h"
#include "status_verbs.h"
#include "storage_verbs.h"
#include "worker_verbs.h"

#define PING_TIMEOUT_MS 2000

typedef struct {
    config_verb_t about; // its options are those that it takes of what not all take
    int min, max;        // how many words may follow
    int (*run) (const command_t *command);
} verb_t;

static int run_ping (const command_t *command);
static int run (const config_t *config, void *context, int signal_fd);
static const verb_t *find_verb (command_t *command);
static int words_of (const verb_t *verb, const command_t *command);
static int misuse_of (const verb_t *verb, const command_t *command);
static int say_usage (const verb_t *verb);
static int no_verb (const command_t *command);
static bool takes (const verb_t *verb, const char *option);

// The options by which a central is found, and how its answer is shown
#define PLACE " data-dir server broker storage state central keys timeout "
#define WHERE PLACE "json "
#define DRAW  " data-dir server state keys timeout json "
#define FILES " data-dir json "
#define LOG   "log-" // what begins so is for every verb

static const verb_t verbs[] = {
    {{"status", NULL, WHERE, "how all of it is: parts, draws, bets, log, disk"},
     0,
     0,
     status_verbs_status},
    {{"agencies", NULL, WHERE "draw missing ",
      "the agencies of a draw, by default of the one on sale"},
     0,
     0,
     status_verbs_agencies},
    {{"workers", NULL, WHERE, "the workers, and what each does"},
     0,
     0,
     status_verbs_workers},
    {{"workers add", "N", WHERE, "have loteria-central run so many more"},
     1,
     1,
     worker_verbs_add},
    {{"workers remove", "N", WHERE, "have loteria-central run so many fewer"},
     1,
     1,
     worker_verbs_remove},
    {{"draws", NULL, DRAW, "the same as draw list"}, 0, 0, draw_verbs_list},
    {{"winners", "DRAW [AGENCY]", WHERE,
      "the documents that won, of all agencies or one"},
     1,
     2,
     result_verbs_winners},
    {{"report", "DRAW", WHERE "csv ",
      "what each agency sold, cancelled and won, and when it fetched its winners"},
     1,
     1,
     result_verbs_report},
    {{"refused", NULL, WHERE "last ", "what was refused lately, and why"},
     0,
     0,
     log_verbs_refused},
    {{"events", NULL, WHERE "last once interval documents ",
      "follow the log of all parts, a line an event"},
     0,
     0,
     log_verbs_events},
    {{"top", NULL, PLACE "interval once ",
      "a picture of it all, drawn anew again and again"},
     0,
     0,
     status_verbs_top},
    {{"check", NULL, FILES "expect ", "prove the files of the day, also while it runs"},
     0,
     0,
     storage_verbs_check},
    {{"backup", "DIR", FILES,
      "copy the day to a new directory, also while it runs, and prove the copy"},
     1,
     1,
     storage_verbs_backup},
    {{"archive", "DRAW FILE", FILES,
      "write a draw that is over to a file, with what proves it"},
     2,
     2,
     storage_verbs_archive},
    {{"restore", "FILE", FILES "to ",
      "prove such a file, and put the draw's files right"},
     1,
     1,
     storage_verbs_restore},
    {{"draw list", NULL, DRAW, "the draws that state knows, and what is planned"},
     0,
     0,
     draw_verbs_list},
    {{"draw open", "NAME", DRAW "agencies closes number highest ", "open a draw"},
     1,
     1,
     draw_verbs_open},
    {{"draw close", "[NAME]", DRAW "yes reason ", "close a draw's sale"},
     0,
     1,
     draw_verbs_close},
    {{"draw number", "[NAME] NUMBER", DRAW "yes ",
      "enter the number of a draw that is closed"},
     1,
     2,
     draw_verbs_number},
    {{"draw excuse", "[NAME] AGENCY", DRAW "yes reason ",
      "do not wait for this agency"},
     1,
     2,
     draw_verbs_excuse},
    {{"draw void", "[NAME]", DRAW "yes reason ", "call a draw off"},
     0,
     1,
     draw_verbs_void},
    {{"draw notes", "[NAME] FOLDER", WHERE "with-bets ",
      "write what proves a provable draw, for loteria-verify"},
     1,
     2,
     note_verbs_notes},
    {{"draw attest", "[NAME] FILE", DRAW,
      "hand in the seal that the auditor has signed"},
     1,
     2,
     draw_verbs_attest},
    {{"draw reveal", "[NAME] FILE", DRAW,
      "hand in a nonce that the auditor took out of its box"},
     1,
     2,
     draw_verbs_reveal},
    {{"takeover", NULL, " data-dir timeout ",
      "have the standby on this machine take over from the active central"},
     0,
     0,
     role_verbs_takeover},
    {{"log init", "URL", " role insecure ",
      "make the tables of a log in PostgreSQL, as its owner; and let a role use them"},
     1,
     1,
     engine_verbs_init},
    {{"ping", "ENDPOINT", " keys timeout ", "who listens there, and is it well"},
     1,
     1,
     run_ping},
};
#define VERBS (sizeof verbs / sizeof *verbs)

int main (int argc, char **argv)
{
    command_t command = {.highest = UINT32_MAX};
    const config_item_t items[] = {
        whereabouts_option_data_dir (&command.given),
        whereabouts_option_server (&command.given),
        whereabouts_option_broker (&command.given),
        whereabouts_option_storage (&command.given),
        whereabouts_option_state (&command.given),
        whereabouts_option_central (&command.given),
        whereabouts_option_keys (&command.given),
        {.name = "timeout",
         .type = CONFIG_DURATION,
         .value = &command.timeout_ms,
         .help =
             "how long to wait for an answer, such as 500ms [2s; 10s for draw, draws, "
             "winners and report]"},
        {.name = "yes",
         .type = CONFIG_FLAG,
         .value = &command.yes,
         .fallback = "no",
         .help = "draw close, number, excuse, void: without confirmation"},
        {.name = "reason",
         .type = CONFIG_TEXT,
         .value = &command.reason,
         .help = "draw excuse, void, close: why, in a line that is kept"},
        {.name = "json",
         .type = CONFIG_FLAG,
         .value = &command.json,
         .fallback = "no",
         .help = "print JSON"},
        {.name = "draw",
         .type = CONFIG_DRAW,
         .value = &command.draw,
         .help = "agencies: of which draw"},
        {.name = "missing",
         .type = CONFIG_FLAG,
         .value = &command.missing,
         .fallback = "no",
         .help = "agencies: those that are waited for"},
        {.name = "last",
         .type = CONFIG_NUMBER,
         .value = &command.last,
         .min = 1,
         .max = LINES_KEPT * 4,
         .help = "events, refused: the latest so many [events none, refused 20]"},
        {.name = "once",
         .type = CONFIG_FLAG,
         .value = &command.once,
         .fallback = "no",
         .help = "events, top: show what there is, and end"},
        {.name = "interval",
         .type = CONFIG_DURATION,
         .value = &command.interval_ms,
         .help = "events, top: how often to ask [250ms, 1s]"},
        {.name = "documents",
         .type = CONFIG_FLAG,
         .value = &command.documents,
         .fallback = "no",
         .help = "events: with people's documents, and who is asked logs that"},
        {.name = "with-bets",
         .type = CONFIG_FLAG,
         .value = &command.with_bets,
         .fallback = "no",
         .help =
             "draw notes: the bets and salt keys as well, which hold people's data"},
        {.name = "csv",
         .type = CONFIG_FLAG,
         .value = &command.csv,
         .fallback = "no",
         .help = "report: print CSV"},
        {.name = "expect",
         .type = CONFIG_TEXT,
         .value = &command.expect,
         .help = "check: a head that the day has, or had: 64 hexadecimal digits"},
        {.name = "to",
         .type = CONFIG_TEXT,
         .value = &command.to,
         .help = "restore: unpack the draw into this new directory, beside the day"},
        {.name = "role",
         .type = CONFIG_TEXT,
         .value = &command.role,
         .help = "log init: whom to let add to the log and read it, and no more"},
        {.name = "insecure",
         .type = CONFIG_FLAG,
         .value = &command.insecure,
         .fallback = "no",
         .help = "log init: over a network even without TLS"},
        {.name = "agencies",
         .type = CONFIG_NUMBER,
         .value = &command.agencies,
         .min = 1,
         .max = AGENCIES_MAX,
         .help = "draw open: the roll is 1 to this number [as state was started with]"},
        option_closes (&command.closes),
        {.name = "number",
         .type = CONFIG_SOURCE,
         .value = &command.number,
         .help = "draw open: fixed:N, entered, random, or provable [as state was "
                 "started with]"},
        {.name = "highest",
         .type = CONFIG_NUMBER,
         .value = &command.highest,
         .max = NUMBER_MAX_MAX,
         .help = "draw open: highest number to bet on [as state was started with]"},
        option_log_level (OPTION_LOG_LEVEL),
        option_log_format (),
        {0}};
    config_verb_t abouts[VERBS + 1] = {0};
    for (size_t i = 0; i < VERBS; i++)
        abouts[i] = verbs[i].about;
    const config_program_t program = {
        .program = "loteria-ctl",
        .section = "ctl",
        .summary = "What an operator asks a central, and orders.",
        .items = items,
        .verbs = abouts,
        .serve = run,
        .context = &command};
    const arguments_t arguments = arguments_sort (argc, argv, items);
    command.items = items;
    command.word = arguments.word;
    command.words = arguments.words;
    return program_main (&program, arguments.options, argv);
}

static int run (const config_t *config, void *context, int signal_fd)
{
    command_t *command = context;
    command->config = config;
    command->signal_fd = signal_fd;
    const verb_t *verb = find_verb (command);
    const int status = misuse_of (verb, command);
    return status == 0 ? verb->run (command) : status;
}

/* The one with most of the words; what follows them is left. */
static const verb_t *find_verb (command_t *command)
{
    const verb_t *found = NULL;
    int most = 0;
    for (size_t i = 0; i < VERBS; i++) {
        const int words = words_of (&verbs[i], command);
        if (words > most) {
            most = words;
            found = &verbs[i];
        }
    }
    command->word += most;
    command->words -= most;
    return found;
}

/* How many words the verb has, when the command's are those; else 0. */
static int words_of (const verb_t *verb, const command_t *command)
{
    const char *rest = verb->about.words;
    for (int words = 0; words < command->words;) {
        const size_t size = strcspn (rest, " ");
        if (strlen (command->word[words]) != size ||
            memcmp (command->word[words], rest, size) != 0)
            return 0;
        words++;
        if (!rest[size])
            return words;
        rest += size + 1;
    }
    return 0;
}

/* A flag that the verb takes no notice of was meant for something. */
static int misuse_of (const verb_t *verb, const command_t *command)
{
    if (!verb)
        return no_verb (command);
    const char *name = verb->about.words;
    if (command->words < verb->min || command->words > verb->max)
        return say_usage (verb);
    for (const config_item_t *item = command->items; item->name; item++)
        if (strncmp (item->name, LOG, strlen (LOG)) != 0 &&
            strcmp (config_source (command->config, item->name), "flag") == 0 &&
            !takes (verb, item->name))
            return command_misused (name, "does not take --%s; leave it out",
                                    item->name);
    return 0;
}

/* With the verbs that go on from it: "workers", "workers add". */
static int say_usage (const verb_t *verb)
{
    const char *name = verb->about.words;
    const size_t size = strlen (name);
    char usage[256] = "";
    size_t length = 0;
    for (size_t i = 0; i < VERBS; i++) {
        const config_verb_t *about = &verbs[i].about;
        const bool longer =
            strncmp (about->words, name, size) == 0 && about->words[size] == ' ';
        if ((&verbs[i] == verb || longer) && length < sizeof usage)
            length += (size_t) snprintf (usage + length, sizeof usage - length,
                                         "%s%s%s%s", length ? ", or " : "",
                                         about->words, about->arguments ? " " : "",
                                         about->arguments ? about->arguments : "");
    }
    return command_misused (name, "usage: loteria-ctl %s (see loteria-ctl --help)",
                            usage);
}

static int no_verb (const command_t *command)
{
    const char *word = command->words > 0 ? command->word[0] : NULL;
    return command_misused (word, "%s (see loteria-ctl --help)",
                            !word ? "expected what to do, such as status"
                            : strcmp (word, "draw") == 0
                                ? "expected list, open, close, number, excuse, void, "
                                  "notes, attest or reveal after "
                                  "it"
                                : "not expected");
}

static bool takes (const verb_t *verb, const char *option)
{
    char word[32];
    snprintf (word, sizeof word, " %s ", option);
    return strstr (verb->about.options, word) != NULL;
}

static int run_ping (const command_t *command)
{
    char name[WIRE_NAME_BYTES_MAX + 1], why[ADDRESS_WHY_BYTES];
    const conversation_options_t options = {
        .endpoint = command->word[0],
        .keys = command->given.keys,
        .timeout_ms =
            command->timeout_ms ? (int64_t) command->timeout_ms : PING_TIMEOUT_MS,
        .signal_fd = command->signal_fd};
    address_t address;
    problem_t problem;
    int rc = 0;
    const bool web =
        strncmp (options.endpoint, PING_WEB_PREFIX, strlen (PING_WEB_PREFIX)) == 0;
    strcpy (name, PING_WEB_NAME);
    if (web)
        rc = ping_web (options.endpoint, options.timeout_ms, options.signal_fd,
                       &problem);
    else if (address_parse (&address, options.endpoint, ADDRESS_CONNECT, why) == -1)
        rc = problem_set (&problem, PROCESS_CANNOT_START, "ping",
                          "endpoint: %s | reason: %s", options.endpoint, why);
    if (rc == 0 && !web)
        rc = ping (&options, name, &problem);
    if (rc == 0)
        return puts (name) >= 0 && fflush (stdout) == 0 ? 0 : PROCESS_FAILED;
    logger_event_parts (LOG_ERROR, problem.action, LOG_FAIL, problem.parts);
    return problem.status;
}
