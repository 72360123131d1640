/* worker_verbs.c - more workers, or fewer: loteria-ctl workers add, remove. */

#include "worker_verbs.h"

#include <stdio.h>

#include "denial.h"
#include "json.h"
#include "look.h"
#include "terminal.h"

typedef struct {
    denial_t denial;
    bool told;
    uint32_t workers;
} scaling_t;

static int change (const command_t *command, const char *verb, bool more);
static int scale (look_t *look, uint32_t workers, uint32_t *wanted);
static asker_say_t take (void *context, wire_message_t *question,
                         const wire_message_t *answer);
static int show (const command_t *command, uint32_t before, uint32_t wanted);

int worker_verbs_add (const command_t *command)
{
    return change (command, "workers add", true);
}

int worker_verbs_remove (const command_t *command)
{
    return change (command, "workers remove", false);
}

static int change (const command_t *command, const char *verb, bool more)
{
    look_t look;
    uint32_t count, before = 0, wanted = 0;
    if (command_number (command->word[0], 1, WORKERS_MAX, &count) == -1)
        return command_misused (verb, "expected how many, a number from 1 on");
    int status = look_begin (&look, "workers", command);
    if (status == 0 && !asker_has (look.asker, STATUS_CENTRAL))
        status = command_failed (
            "workers", PROCESS_FAILED,
            "reason: no loteria-central runs there; start or stop a loteria-worker "
            "instead (systemctl start loteria-worker@3)");
    if (status == 0)
        status = scale (&look, 0, &before);
    if (status == 0 && !more && count >= before)
        status =
            command_failed ("workers", PROCESS_FAILED,
                            "reason: only %u are wanted, and one has to stay", before);
    if (status == 0)
        status = scale (&look, more ? before + count : before - count, &wanted);
    if (status == 0)
        status = show (command, before, wanted);
    look_end (&look);
    return status;
}

/* 0: only ask. */
static int scale (look_t *look, uint32_t workers, uint32_t *wanted)
{
    scaling_t scaling = {0};
    const wire_message_t question = {.command = WIRE_SCALE, .workers = workers};
    const char *reason = look_ask (look, STATUS_CENTRAL, &question, take, &scaling);
    *wanted = scaling.workers;
    if (scaling.told)
        return 0;
    if (scaling.denial.code)
        return command_failed (look->verb, PROCESS_FAILED, "reason: %s",
                               scaling.denial.text);
    return look_trouble (look, STATUS_CENTRAL, reason);
}

static asker_say_t take (void *context, wire_message_t *question,
                         const wire_message_t *answer)
{
    scaling_t *scaling = context;
    (void) question;
    if (!answer || answer->command != WIRE_SCALED)
        return denial_say (&scaling->denial, WIRE_SCALE, answer);
    scaling->told = true;
    scaling->workers = answer->workers;
    return ASKER_OVER;
}

static int show (const command_t *command, uint32_t before, uint32_t wanted)
{
    if (command->json) {
        json_t *json = json_new ();
        json_object (json, NULL);
        json_number (json, "workers_wanted", wanted);
        json_number (json, "before", before);
        json_end (json);
        json_newline (json);
        return terminal_print (json_finish (&json, NULL));
    }
    paper_t *paper = paper_new (terminal_colour (), 0, 0);
    paper_put (paper, STYLE_PLAIN, "%u workers wanted, %u before\n", wanted, before);
    return terminal_show (&paper);
}
