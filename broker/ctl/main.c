/* main.c - loteria-ctl: asks running processes of a central, and orders.

     loteria-ctl ping ENDPOINT
     loteria-ctl draw list | open NAME | close [NAME] | number [NAME] NUMBER |
                      excuse [NAME] AGENCY | void [NAME] */

#include <stdio.h>
#include <string.h>

#include "address.h"
#include "arguments.h"
#include "bounds.h"
#include "command.h"
#include "draw_verbs.h"
#include "logger.h"
#include "option_rows.h"
#include "ping.h"
#include "program.h"

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
static int no_verb (const command_t *command);
static bool takes (const verb_t *verb, const char *option);

static const verb_t verbs[] = {
    {{"ping", "ENDPOINT", " keys ", "who listens there, and is it well"},
     1,
     1,
     run_ping},
    {{"draw list", NULL, " data-dir state keys json ",
      "the draws that state knows, and what is planned"},
     0,
     0,
     draw_verbs_list},
    {{"draw open", "NAME", " data-dir state keys json agencies closes number highest ",
      "open a draw"},
     1,
     1,
     draw_verbs_open},
    {{"draw close", "[NAME]", " data-dir state keys json yes reason ",
      "close a draw's sale"},
     0,
     1,
     draw_verbs_close},
    {{"draw number", "[NAME] NUMBER", " data-dir state keys json yes ",
      "enter the number of a draw that is closed"},
     1,
     2,
     draw_verbs_number},
    {{"draw excuse", "[NAME] AGENCY", " data-dir state keys json yes reason ",
      "do not wait for this agency"},
     1,
     2,
     draw_verbs_excuse},
    {{"draw void", "[NAME]", " data-dir state keys json yes reason ",
      "call a draw off"},
     0,
     1,
     draw_verbs_void},
};
#define VERBS (sizeof verbs / sizeof *verbs)

int main (int argc, char **argv)
{
    command_t command = {.highest = UINT32_MAX};
    const config_item_t items[] = {
        option_data_dir (&command.data_directory,
                         "data directory of the central on this machine to ask"),
        {.name = "state",
         .type = CONFIG_TEXT,
         .value = &command.state,
         .environment = "LOTERIA_STATE",
         .help = "ZeroMQ endpoint of the central's state, in place of --data-dir"},
        option_keys (&command.keys, "folder of keys: the operator's, or those of the "
                                    "process that is asked"),
        {.name = "timeout",
         .type = CONFIG_DURATION,
         .value = &command.timeout_ms,
         .help = "how long to wait for an answer, such as 500ms [ping 2s, draw 10s]"},
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
         .help = "draw: print JSON"},
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
         .help = "draw open: fixed:N, entered, or random [as state was started with]"},
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
        .summary = "Asks running parts of a central, and gives its state orders.",
        .items = items,
        .verbs = abouts,
        .serve = run,
        .context = &command};
    const arguments_t arguments = arguments_sort (argc, argv, items);
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

/* And leave what follows it. */
static const verb_t *find_verb (command_t *command)
{
    for (size_t i = 0; i < VERBS; i++) {
        const int words = words_of (&verbs[i], command);
        if (words > 0) {
            command->word += words;
            command->words -= words;
            return &verbs[i];
        }
    }
    return NULL;
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
    static const char *const options[] = {"data-dir", "state",  "keys",     "yes",
                                          "reason",   "json",   "agencies", "closes",
                                          "number",   "highest"};
    if (!verb)
        return no_verb (command);
    const char *name = verb->about.words, *arguments = verb->about.arguments;
    if (command->words < verb->min || command->words > verb->max)
        return command_misused (name,
                                "usage: loteria-ctl %s%s%s (see loteria-ctl --help)",
                                name, arguments ? " " : "", arguments ? arguments : "");
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (strcmp (config_source (command->config, options[i]), "flag") == 0 &&
            !takes (verb, options[i]))
            return command_misused (name, "does not take --%s; leave it out",
                                    options[i]);
    return 0;
}

static int no_verb (const command_t *command)
{
    const char *word = command->words > 0 ? command->word[0] : NULL;
    const bool draw = word && strcmp (word, "draw") == 0;
    return command_misused (
        word, "%s (see loteria-ctl --help)",
        draw   ? "expected list, open, close, number, excuse or void after it"
        : word ? "not expected"
               : "expected ping ENDPOINT, or draw and what to do");
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
        .keys = command->keys,
        .timeout_ms =
            command->timeout_ms ? (int64_t) command->timeout_ms : PING_TIMEOUT_MS,
        .signal_fd = command->signal_fd};
    address_t address;
    problem_t problem;
    int rc = 0;
    if (address_parse (&address, options.endpoint, ADDRESS_CONNECT, why) == -1)
        rc = problem_set (&problem, PROCESS_CANNOT_START, "ping",
                          "endpoint: %s | reason: %s", options.endpoint, why);
    if (rc == 0)
        rc = ping (&options, name, &problem);
    if (rc == 0)
        return puts (name) >= 0 && fflush (stdout) == 0 ? 0 : PROCESS_FAILED;
    logger_event_parts (LOG_ERROR, problem.action, LOG_FAIL, problem.parts);
    return problem.status;
}
