/* engine_verbs.c - makes the tables of a log in PostgreSQL: loteria-ctl log init. */

#include "engine_verbs.h"

#include <stdio.h>

#include "engine.h"
#include "problem.h"

#define VERB "log init"

int engine_verbs_init (const command_t *command)
{
    char why[ENGINE_WHY_BYTES];
    const engine_options_t options = {.url = command->word[0],
                                      .insecure = command->insecure};
    if (!engine_is_url (options.url))
        return command_misused (VERB, "'%.80s' is no postgres://HOST/DATABASE",
                                options.url);
    const engine_open_t came = engine_init (&options, command->role, why);
    if (came != ENGINE_OPENED)
        return command_failed (
            VERB, came == ENGINE_NOT_NOW ? PROCESS_FAILED : PROCESS_CANNOT_START,
            "reason: %s", why);
    printf ("%s\n", why);
    return fflush (stdout) == 0 ? 0 : PROCESS_FAILED;
}
