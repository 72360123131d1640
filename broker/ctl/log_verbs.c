/* log_verbs.c - what the parts have logged or refused: loteria-ctl events, refused. */

#include "log_verbs.h"

#include <inttypes.h>
#include <stdio.h>

#include "clock.h"
#include "denial.h"
#include "event.h"
#include "local_time.h"
#include "look.h"
#include "merge.h"
#include "table.h"
#include "terminal.h"
#include "text.h"
#include "view_json.h"

#define INTERVAL_MS  250
#define REFUSED_LAST 20
#define PAGES_MAX    64 // more than there can be lines

typedef struct follower follower_t;

typedef struct { // a part's log, and how far it was read
    follower_t *follower;
    uint64_t from;
    size_t pages;
    bool silent;
    const char *reason;
} source_t;

struct follower {
    look_t look;
    merge_t *merge;
    source_t source[STATUS_PARTS];
    bool broken; // stdout takes no more
};

typedef struct {
    char *text;
    size_t size, pages;
    denial_t denial;
    bool told;
} refusals_t;

static int begin_events (follower_t *follower);
static bool sweep (follower_t *follower);
static void ask (follower_t *follower, status_part_t part);
static uint8_t subject_of (const follower_t *follower);
static asker_say_t take_lines (void *context, wire_message_t *question,
                               const wire_message_t *answer);
static void end_lines (void *context, status_part_t part, const char *reason);
static int say_silent (follower_t *follower);
static void print_event (void *context, status_part_t part, const log_entry_t *entry);
static int follow (follower_t *follower);
static void begin_anew (follower_t *follower);
static asker_say_t take_refusals (void *context, wire_message_t *question,
                                  const wire_message_t *answer);
static void show_refusals (bytes_t text, size_t last, paper_t *paper);
static void put_refusal (table_t *table, const log_entry_t *entry);

int log_verbs_events (const command_t *command)
{
    follower_t follower = {.merge = merge_new ()};
    int status = look_begin (&follower.look, "events", command);
    if (status == 0)
        status = begin_events (&follower);
    if (status == 0 && !command->once)
        status = follow (&follower);
    if (follower.broken)
        status = PROCESS_FAILED;
    merge_destroy (&follower.merge);
    look_end (&follower.look);
    return status;
}

int log_verbs_refused (const command_t *command)
{
    look_t look;
    refusals_t refusals = {0};
    const wire_message_t question = {.command = WIRE_STATUS,
                                     .status = {.subject = STATUS_REFUSALS}};
    const size_t last = command->last ? command->last : REFUSED_LAST;
    int status = look_begin (&look, "refused", command);
    if (status == 0) {
        const char *reason =
            look_ask (&look, STATUS_BROKER, &question, take_refusals, &refusals);
        if (refusals.denial.code)
            reason = refusals.denial.text;
        if (!refusals.told)
            status = look_trouble (&look, STATUS_BROKER, reason ? reason : "no answer");
    }
    const bytes_t text = bytes_of (refusals.text, refusals.size);
    if (status == 0 && command->json)
        status = terminal_print (view_json_refused (text, last, NULL));
    else if (status == 0) {
        paper_t *paper = paper_new (terminal_colour (), 0, 0);
        show_refusals (text, last, paper);
        status = terminal_show (&paper);
    }
    free (refusals.text);
    look_end (&look);
    return status;
}

/* What there was already, as far as it is wanted. */
static int begin_events (follower_t *follower)
{
    const command_t *command = follower->look.command;
    const bool earlier = command->last > 0 || command->once;
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        follower->source[part] =
            (source_t){.follower = follower, .from = earlier ? 0 : STATUS_FROM_NOW};
    if (!sweep (follower))
        return command_failed ("events", PROCESS_FAILED, "reason: " LOOK_INTERRUPTED);
    if (command->last > 0)
        merge_keep_last (follower->merge, command->last);
    merge_take (follower->merge, UINT64_MAX, print_event, follower);
    return say_silent (follower);
}

/* Ask all for their news, and wait until all have answered or are silent. False: a
   signal. */
static bool sweep (follower_t *follower)
{
    look_t *look = &follower->look;
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        if (asker_has (look->asker, part))
            ask (follower, part);
    while (asker_busy (look->asker))
        if (look_wait (look, clock_ms () + INTERVAL_MS, -1) == LOOK_SIGNAL)
            return false;
    return true;
}

static void ask (follower_t *follower, status_part_t part)
{
    source_t *source = &follower->source[part];
    const asker_question_t question = {
        .message = {.command = WIRE_STATUS,
                    .status = {.subject = subject_of (follower), .from = source->from}},
        .take = take_lines,
        .over = end_lines,
        .context = source};
    source->pages = 0;
    asker_ask (follower->look.asker, part, &question, clock_ms ());
}

static uint8_t subject_of (const follower_t *follower)
{
    return follower->look.command->documents ? STATUS_DOCUMENTS : STATUS_LINES;
}

static asker_say_t take_lines (void *context, wire_message_t *question,
                               const wire_message_t *answer)
{
    source_t *source = context;
    follower_t *follower = source->follower;
    const status_part_t part = (status_part_t) (source - follower->source);
    if (!answer || answer->command == WIRE_REFUSED)
        return ASKER_OVER;
    if (answer->command != WIRE_REPORT ||
        answer->report.subject != subject_of (follower))
        return ASKER_ON;
    const wire_report_t *report = &answer->report;
    merge_add (follower->merge, part, report->text);
    if (report->lost > 0 && source->from > 0)
        logger_event (LOG_WARNING, "events", LOG_FAIL,
                      "part: %s | lost: %" PRIu64 " | reason: it logs faster than it "
                      "is asked",
                      status_part_name (part), report->lost);
    question->status.from = source->from = report->next;
    return report->more && ++source->pages < PAGES_MAX ? ASKER_NEXT : ASKER_OVER;
}

static void end_lines (void *context, status_part_t part, const char *reason)
{
    source_t *source = context;
    (void) part;
    source->reason = reason;
}

/* Once, when it begins or ends to be. The status: all are, or one is. */
static int say_silent (follower_t *follower)
{
    look_t *look = &follower->look;
    size_t all = 0, silent = 0;
    for (status_part_t part = 0; part < STATUS_PARTS; part++) {
        source_t *source = &follower->source[part];
        if (!asker_has (look->asker, part))
            continue;
        all++;
        silent += source->reason != NULL;
        if (source->reason && !source->silent)
            look_trouble (look, part, source->reason);
        else if (!source->reason && source->silent)
            logger_event (LOG_INFO, "events", LOG_SUCCESS, "part: %s",
                          status_part_name (part));
        source->silent = source->reason != NULL;
    }
    return silent == all ? CTL_NOBODY : silent > 0 ? CTL_SILENT : 0;
}

static void print_event (void *context, status_part_t part, const log_entry_t *entry)
{
    follower_t *follower = context;
    int status;
    if (follower->look.command->json)
        status = terminal_print (event_json (part, entry));
    else {
        paper_t *paper = paper_new (terminal_colour (), 0, 0);
        event_show (part, entry, paper);
        status = terminal_show (&paper);
    }
    follower->broken = follower->broken || status != 0;
}

/* What is logged while the others are being asked is shown in the next round, so that
   the order is right. */
static int follow (follower_t *follower)
{
    const uint64_t interval_ms = follower->look.command->interval_ms;
    const int64_t pause_ms = interval_ms ? (int64_t) interval_ms : INTERVAL_MS;
    while (!follower->broken) {
        const uint64_t begun_ms = clock_wall_ms ();
        if (!sweep (follower))
            return 0;
        merge_take (follower->merge, begun_ms, print_event, follower);
        if (say_silent (follower) == CTL_NOBODY && look_find_anew (&follower->look))
            begin_anew (follower);
        if (look_wait (&follower->look, clock_ms () + pause_ms, -1) == LOOK_SIGNAL)
            return 0;
    }
    return PROCESS_FAILED;
}

/* Another central serves the directory: all that its parts have logged is news. */
static void begin_anew (follower_t *follower)
{
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        follower->source[part].from = 0;
}

static asker_say_t take_refusals (void *context, wire_message_t *question,
                                  const wire_message_t *answer)
{
    refusals_t *refusals = context;
    if (!answer || answer->command != WIRE_REPORT ||
        answer->report.subject != STATUS_REFUSALS)
        return denial_say (&refusals->denial, WIRE_STATUS, answer);
    const bytes_t text = answer->report.text;
    refusals->text = realloc (refusals->text, refusals->size + text.size + 1);
    assert (refusals->text);
    memcpy (refusals->text + refusals->size, text.data, text.size);
    refusals->size += text.size;
    question->status.from = answer->report.next;
    refusals->told = true;
    return answer->report.more && ++refusals->pages < PAGES_MAX ? ASKER_NEXT
                                                                : ASKER_OVER;
}

static void show_refusals (bytes_t text, size_t last, paper_t *paper)
{
    log_entry_t entry;
    uint64_t nonsense = 0;
    size_t count = 0;
    table_t *table =
        table_new ("TIME >AGENCY DRAW CODE COMMAND >ROW >FIELD >OFFSET ADDRESS REASON");
    for (bytes_t rest = text; log_entry_next (&rest, &entry, &nonsense);)
        count++;
    for (size_t i = 0; log_entry_next (&text, &entry, &nonsense); i++)
        if (i + last >= count)
            put_refusal (table, &entry);
    if (table_rows (table) > 0)
        table_show (table, paper);
    else
        paper_put (paper, STYLE_PLAIN,
                   "nothing was refused since the broker started\n");
    table_destroy (&table);
}

static void put_refusal (table_t *table, const log_entry_t *entry)
{
    static const char *const keys[] = {"agency", "draw",   "code",    "command", "row",
                                       "field",  "offset", "address", "reason"};
    char time[LOCAL_TEXT_BYTES];
    table_put (table, STYLE_PLAIN, "%s", local_text (entry->time_ms, time));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const bytes_t value = log_entry_part (entry, keys[i]);
        char *text =
            value.size ? strndup ((const char *) value.data, value.size) : strdup ("");
        assert (text);
        text_clean (text);
        table_put (table, STYLE_PLAIN, "%s", *text ? text : "-");
        free (text);
    }
}
