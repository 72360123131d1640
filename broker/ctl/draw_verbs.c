/* draw_verbs.c - lists draws, and gives state an operator's orders: loteria-ctl. */

#include "draw_verbs.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "advice.h"
#include "caller.h"
#include "clock.h"
#include "confirm.h"
#include "conversation.h"
#include "draw_terms.h"
#include "local_time.h"
#include "instruction.h"
#include "denial.h"
#include "proof.h"
#include "show.h"
#include "whole_file.h"

#define TIMEOUT_MS      10000
#define NUMBER_EXPECTED "expected the number, digits alone, or - to read it from stdin"

typedef struct {
    const command_t *command;
    instruction_t instruction;
    whereabouts_t where;
    conversation_t *conversation;
    draw_list_t list;
    denial_t denial;
    bool asks_number; // it is to be read from stdin
    bool ordered;
    uint8_t proof[NOTE_SIGNATURE_BYTES]; // an auditor's: a signature, or a nonce
} work_t;

static bool says_why (const command_t *command);
static int load_proof (work_t *work);
static const char *take_proof (work_t *work, const char *path, bytes_t file,
                               char draw[DRAW_NAME_BYTES_MAX + 1]);
static int begin (work_t *work);
static int end (work_t *work, int status);
static int look (work_t *work);
static int take_name (work_t *work, const char *word);
static int take_terms (work_t *work);
static int carry_out (work_t *work);
static bool may_be_asked (const work_t *work);
static bool is_confirmed (const work_t *work);
static int find_draw (work_t *work);
static int confirm (work_t *work);
static int confirm_by_name (work_t *work);
static int take_number (work_t *work);
static int read_typed (work_t *work, const char *what, uint32_t *number);
static int give (work_t *work);
static talk_t take_answer (void *context, const wire_message_t *answer);
static bool was_done (work_t *work);
static int tell (work_t *work);
static const listed_t *look_for (work_t *work);
static int status_without (const char *reason);
static int status_refused (const work_t *work);
static int fail (const work_t *work, int status, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
static int misused (const work_t *work, const char *what);

int draw_verbs_list (const command_t *command)
{
    work_t work = {.command = command};
    int status = begin (&work);
    if (status == 0)
        status = look (&work);
    if (status == 0 && command->json)
        show_draws_json (&work.list);
    else if (status == 0)
        show_draws (&work.list);
    return end (&work, status);
}

int draw_verbs_open (const command_t *command)
{
    work_t work = {.command = command, .instruction.kind = ORDER_OPEN};
    const int status = take_terms (&work);
    return status == 0 ? carry_out (&work) : status;
}

int draw_verbs_close (const command_t *command)
{
    work_t work = {.command = command, .instruction.kind = ORDER_CLOSE};
    return carry_out (&work);
}

int draw_verbs_number (const command_t *command)
{
    work_t work = {.command = command, .instruction.kind = ORDER_NUMBER};
    char *word = command->word[command->words - 1];
    work.asks_number = strcmp (word, "-") == 0;
    if (work.asks_number)
        return carry_out (&work);
    const int rc =
        command_number (word, 0, NUMBER_MAX_MAX, &work.instruction.order.number);
    memset (word, '*', strlen (word)); // anybody could read it in /proc
    return rc == 0 ? carry_out (&work) : misused (&work, NUMBER_EXPECTED);
}

int draw_verbs_excuse (const command_t *command)
{
    work_t work = {.command = command, .instruction.kind = ORDER_EXCUSE};
    if (!says_why (command))
        return misused (&work, "say why (--reason TEXT): it is kept with the draw");
    if (command_number (command->word[command->words - 1], 1, AGENCIES_MAX,
                        &work.instruction.agency) == -1)
        return misused (&work, "expected the agency's number");
    return carry_out (&work);
}

int draw_verbs_void (const command_t *command)
{
    work_t work = {.command = command, .instruction.kind = ORDER_VOID};
    if (!says_why (command))
        return misused (&work, "say why (--reason TEXT): the agencies are told");
    return carry_out (&work);
}

int draw_verbs_attest (const command_t *command)
{
    work_t work = {.command = command, .instruction.kind = ORDER_ATTEST};
    const int status = load_proof (&work);
    return status == 0 ? carry_out (&work) : status;
}

int draw_verbs_reveal (const command_t *command)
{
    work_t work = {.command = command, .instruction.kind = ORDER_REVEAL};
    const int status = load_proof (&work);
    const int rest = status == 0 ? carry_out (&work) : status;
    memset (work.proof, 0, sizeof work.proof);
    return rest;
}

static bool says_why (const command_t *command)
{
    return command->reason && *command->reason;
}

/* A seal says itself of which draw it is. */
static int load_proof (work_t *work)
{
    const command_t *command = work->command;
    const char *path = command->word[command->words - 1], *wrong;
    char draw[DRAW_NAME_BYTES_MAX + 1] = "", what[PATH_MAX + 256];
    size_t size;
    char *file = whole_file_read (path, PAPER_BYTES_MAX, &size);
    if (file) {
        wrong = take_proof (work, path, bytes_of (file, size), draw);
        memset (file, 0, size);
        free (file);
    } else
        wrong = strerror (errno);
    if (!wrong && *draw && command->words > 1 && strcmp (draw, command->word[0]) != 0)
        wrong = "it is of another draw";
    if (!wrong)
        return *draw ? take_name (work, draw) : 0;
    snprintf (what, sizeof what, "%s: %s", path, wrong);
    return misused (work, what);
}

static const char *take_proof (work_t *work, const char *path, bytes_t file,
                               char draw[DRAW_NAME_BYTES_MAX + 1])
{
    wire_order_t *order = &work->instruction.order;
    nonce_t nonce;
    if (work->instruction.kind == ORDER_ATTEST) {
        order->proof = bytes_of (work->proof, NOTE_SIGNATURE_BYTES);
        return proof_attest (file, draw, work->proof);
    }
    const char *wrong = proof_reveal (path, file, &work->instruction.agency, &nonce);
    if (!wrong)
        memcpy (work->proof, nonce.of, sizeof nonce.of);
    order->proof = bytes_of (work->proof, sizeof nonce.of);
    return wrong;
}

static int begin (work_t *work)
{
    const command_t *command = work->command;
    problem_t problem;
    int rc =
        whereabouts_find (&work->where, command->config, &command->given, &problem);
    if (rc == 0 && !*work->where.endpoint[STATUS_STATE])
        rc = problem_set (&problem, PROCESS_CANNOT_START, "draw",
                          "reason: no endpoint of state is given; add --state");
    const conversation_options_t options = {
        .endpoint = work->where.endpoint[STATUS_STATE],
        .keys = command->given.keys,
        .to_state = true,
        .timeout_ms = command->timeout_ms ? (int64_t) command->timeout_ms : TIMEOUT_MS,
        .signal_fd = command->signal_fd};
    if (rc == 0)
        work->conversation = conversation_new (&options, &problem);
    if (work->conversation)
        return 0;
    logger_event_parts (LOG_ERROR, problem.action, LOG_FAIL, problem.parts);
    return problem.status;
}

static int end (work_t *work, int status)
{
    draw_list_clear (&work->list);
    conversation_destroy (&work->conversation);
    return status == 0 && fflush (stdout) != 0 ? PROCESS_FAILED : status;
}

static int look (work_t *work)
{
    char why[REFUSAL_TEXT_MAX + 1];
    bool denied;
    draw_list_clear (&work->list);
    const char *reason = draw_list_load (&work->list, work->conversation, &denied, why);
    if (!reason)
        return 0;
    const int status = denied ? PROCESS_FAILED : status_without (reason);
    if (strcmp (reason, CONVERSATION_SILENT) == 0 ||
        strstr (reason, "the keys do not match"))
        return fail (work, status, "%s; %s", reason,
                     advice_text (NULL, STATUS_STATE, reason, (char[ADVICE_BYTES]){0}));
    return fail (work, status, "%s", reason);
}

static int take_name (work_t *work, const char *word)
{
    char why[INSTRUCTION_WHY_BYTES];
    const char *wrong = terms_name_fault (word);
    if (wrong)
        snprintf (why, sizeof why, "'%.64s' is not a draw name: it %s", word, wrong);
    if (wrong)
        return misused (work, why);
    snprintf (work->instruction.name, sizeof work->instruction.name, "%s", word);
    return 0;
}

/* What was not given is state's to say, but for the close. */
static int take_terms (work_t *work)
{
    const command_t *command = work->command;
    wire_order_t *order = &work->instruction.order;
    terms_number_t number = {0};
    terms_closes_t closes;
    char why[LOCAL_WHY_BYTES];
    if (command->number)
        terms_number_parse (command->number, &number); // was checked as it came
    if (number.source == TERMS_FIXED && number.number > command->highest)
        return misused (work, "the fixed number is above --highest: nobody could bet "
                              "on it");
    terms_closes_parse (command->closes, &closes);
    if (closes.closing == TERMS_AT && !local_zone_known (why))
        return misused (work, why);
    order->agencies = command->agencies;
    order->highest = command->highest;
    order->source = number.source;
    order->number = number.number;
    order->closes_ms = terms_closes_ms (closes, clock_wall_ms ());
    return 0;
}

/* Name, confirmation, order, and what is so then. */
static int carry_out (work_t *work)
{
    const command_t *command = work->command;
    const wire_order_kind_t kind = work->instruction.kind;
    const bool proves = kind == ORDER_ATTEST || kind == ORDER_REVEAL;
    const int others = kind == ORDER_NUMBER || kind == ORDER_EXCUSE || proves ? 1 : 0;
    work->instruction.order.order = (uint8_t) kind;
    int status = 0;
    if (!may_be_asked (work))
        status = misused (work, "add --yes: there is no terminal to confirm it at");
    if (status == 0 && command->reason &&
        strlen (command->reason) > NOTE_REASON_BYTES_MAX)
        status = misused (work, "--reason is longer than " BOUND_TEXT (
                                    NOTE_REASON_BYTES_MAX) " bytes");
    if (status == 0 && command->words > others)
        status = take_name (work, command->word[0]);
    if (status == 0)
        status = begin (work);
    if (status == 0 && kind != ORDER_OPEN)
        status = find_draw (work);
    if (status == 0)
        status = confirm (work);
    if (status == 0)
        status = give (work);
    if (status == 0)
        status = tell (work);
    return end (work, status);
}

static bool may_be_asked (const work_t *work)
{
    return !is_confirmed (work) || work->command->yes || confirm_possible ();
}

static int find_draw (work_t *work)
{
    char why[INSTRUCTION_WHY_BYTES];
    if (*work->instruction.name)
        return 0;
    const int status = look (work);
    if (status != 0)
        return status;
    return instruction_find_draw (&work->instruction, &work->list, why) == 0
               ? 0
               : fail (work, PROCESS_FAILED, "%s", why);
}

static int confirm (work_t *work)
{
    if (work->instruction.kind == ORDER_NUMBER)
        return take_number (work);
    return !is_confirmed (work) || work->command->yes ? 0 : confirm_by_name (work);
}

/* State takes nothing of an auditor but what fits the seal. */
static bool is_confirmed (const work_t *work)
{
    const wire_order_kind_t kind = work->instruction.kind;
    return kind != ORDER_OPEN && kind != ORDER_ATTEST && kind != ORDER_REVEAL;
}

static int confirm_by_name (work_t *work)
{
    const instruction_t *instruction = &work->instruction;
    char what[128], question[256];
    if (instruction->kind == ORDER_CLOSE)
        snprintf (what, sizeof what, "This closes draw %s", instruction->name);
    else if (instruction->kind == ORDER_VOID)
        snprintf (what, sizeof what, "This makes draw %s void", instruction->name);
    else
        snprintf (what, sizeof what, "Draw %s goes on without agency %u",
                  instruction->name, instruction->agency);
    snprintf (question, sizeof question,
              "%s. It cannot be undone. Type the draw's name to go on: ", what);
    return confirm_typed (question, instruction->name, work->command->signal_fd)
               ? 0
               : fail (work, PROCESS_FAILED, "not confirmed, so nothing was ordered");
}

/* Typed twice at a terminal: as an argument or an answer, and once more. */
static int take_number (work_t *work)
{
    uint32_t *number = &work->instruction.order.number, again;
    if (work->asks_number && read_typed (work, "Winning number", number) == -1)
        return fail (work, PROCESS_FAILED,
                     "that is not a number, so nothing was ordered");
    if (!work->command->yes &&
        (read_typed (work, "Once more, the winning number", &again) == -1 ||
         again != *number))
        return fail (work, PROCESS_FAILED,
                     "not the same number twice, so nothing was ordered");
    return 0;
}

static int read_typed (work_t *work, const char *what, uint32_t *number)
{
    char question[128], line[CONFIRM_LINE_BYTES];
    snprintf (question, sizeof question, "%s of %s: ", what, work->instruction.name);
    return confirm_read (question, line, work->command->signal_fd)
               ? command_number (line, 0, NUMBER_MAX_MAX, number)
               : -1;
}

static int give (work_t *work)
{
    instruction_t *instruction = &work->instruction;
    char note[NOTE_BYTES_MAX + 1], name[NOTE_NAME_BYTES_MAX + 1];
    snprintf (note, sizeof note, "%s",
              work->command->reason ? work->command->reason : "");
    caller_name (name);
    note_sign (note, name);
    wire_message_t question = {.command = WIRE_ORDER,
                               .agency = instruction->agency,
                               .order = instruction->order};
    question.order.name = bytes_of (instruction->name, strlen (instruction->name));
    question.order.note = bytes_of (note, strlen (note));
    const char *reason =
        conversation_ask (work->conversation, &question, take_answer, work);
    if (work->ordered || was_done (work))
        return 0;
    if (reason && !work->denial.code && conversation_asked (work->conversation) > 0)
        return fail (work, status_without (reason),
                     "%s; it may have been carried out, see loteria-ctl draw list",
                     reason);
    return fail (work,
                 work->denial.code ? status_refused (work) : status_without (reason),
                 "%s", denial_reason (&work->denial, reason));
}

/* State did not answer. */
static int status_without (const char *reason)
{
    return reason && strcmp (reason, CONVERSATION_INTERRUPTED) == 0 ? PROCESS_FAILED
                                                                    : CTL_SILENT;
}

static int status_refused (const work_t *work)
{
    const bool unknown =
        work->denial.code == REFUSED_DRAW || work->denial.code == REFUSED_AGENCY;
    return unknown && work->instruction.kind != ORDER_OPEN ? CTL_UNKNOWN
                                                           : PROCESS_FAILED;
}

static talk_t take_answer (void *context, const wire_message_t *answer)
{
    work_t *work = context;
    if (!answer || answer->command != WIRE_ORDERED)
        return denial_take (&work->denial, WIRE_ORDER, answer);
    work->ordered = true;
    return TALK_OVER;
}

/* An order that was asked again may be refused because it was carried out before. */
static bool was_done (work_t *work)
{
    if (conversation_asked (work->conversation) < 2)
        return false;
    const listed_t *listed = look_for (work);
    return listed && instruction_done (&work->instruction, listed);
}

/* State has done it, whatever comes of the question how the draw stands. */
static int tell (work_t *work)
{
    const listed_t *listed = look_for (work);
    if (!listed)
        printf ("%s: done\n", work->instruction.name);
    else if (work->command->json)
        show_draw_json (listed);
    else
        show_draw (listed);
    return 0;
}

static const listed_t *look_for (work_t *work)
{
    char why[REFUSAL_TEXT_MAX + 1];
    bool denied;
    draw_list_clear (&work->list);
    return draw_list_load (&work->list, work->conversation, &denied, why)
               ? NULL
               : draw_list_find (&work->list, work->instruction.name);
}

static int fail (const work_t *work, int status, const char *format, ...)
{
    char reason[INSTRUCTION_WHY_BYTES + REFUSAL_TEXT_MAX];
    va_list values;
    va_start (values, format);
    vsnprintf (reason, sizeof reason, format, values);
    va_end (values);
    const char *order =
        work->instruction.kind ? wire_order_name (work->instruction.kind) : "list";
    if (*work->instruction.name)
        logger_event (LOG_ERROR, "draw", LOG_FAIL, "order: %s | draw: %s | reason: %s",
                      order, work->instruction.name, reason);
    else
        logger_event (LOG_ERROR, "draw", LOG_FAIL, "order: %s | reason: %s", order,
                      reason);
    return status;
}

static int misused (const work_t *work, const char *what)
{
    char verb[32];
    snprintf (verb, sizeof verb, "draw %s", wire_order_name (work->instruction.kind));
    return command_misused (verb, "%s", what);
}
