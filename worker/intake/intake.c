/* intake.c - the worker's decisions. */

#include "intake.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "bet_csv.h"
#include "bet_fault.h"
#include "handler.h"
#include "logger.h"
#include "rate_limit.h"

typedef struct {
    envelope_t envelope;
    bytes_t encoded;
    wire_message_t message;
} request_t;

struct intake {
    intake_options_t options;
    bet_rules_t rules;
    bundle_t outgoing[INTAKE_SIDES];
    rate_limit_t *limit;
    int64_t now_ms;
    uint64_t strays, lost;
    wire_beat_t done; // what it has done, and what that cost
};

static void take_request (intake_t *intake, request_t *request);
static int check_batch (void *self, void *taken);
static wire_code_t check_shape (const intake_t *intake, const wire_batch_t *batch);
static void refuse_batch (intake_t *intake, const request_t *request,
                          const bet_csv_error_t *error);
static const char *reason (wire_code_t code);
static int pass_hello (void *self, void *taken);
static int pass_to_state (void *self, void *taken);
static int pass_to_storage (void *self, void *taken);
static int join (void *self, void *taken);
static int ignore (void *self, void *taken);
static bundle_t *outgoing (intake_t *intake, intake_side_t to);
static void send_side (intake_t *intake, intake_side_t to);
static void refuse_all (intake_t *intake, bytes_t bundle);

static const handler_t handlers[] = {
    {WIRE_BATCH, check_batch},      {WIRE_HELLO, pass_hello},
    {WIRE_READY, pass_to_state},    {WIRE_RESULTS, pass_to_state},
    {WIRE_DONE, pass_to_state},     {WIRE_CHECK, pass_to_storage},
    {WIRE_CANCEL, pass_to_storage}, {WIRE_FETCH, pass_to_storage},
    {WIRE_ROOT, pass_to_storage},   {WIRE_COMMIT, pass_to_state},
    {WIRE_REVEAL, pass_to_state},   {WIRE_REJOIN, join},
    {WIRE_JOINED, ignore},          {0},
};

intake_t *intake_new (const intake_options_t *options)
{
    intake_t *intake = calloc (1, sizeof *intake);
    assert (intake);
    intake->options = *options;
    intake->limit = rate_limit_new ();
    intake->rules = (bet_rules_t){options->number_max, BET_BORN_ANY};
    return intake;
}

void intake_destroy (intake_t **intake)
{
    if (*intake) {
        for (int side = 0; side < INTAKE_SIDES; side++)
            bundle_clear (&(*intake)->outgoing[side]);
        rate_limit_destroy (&(*intake)->limit);
        free (*intake);
    }
    *intake = NULL;
}

void intake_tick (intake_t *intake, int64_t now_ms)
{
    intake->now_ms = now_ms;
    rate_limit_tell (intake->limit, now_ms, LOG_WARNING, "apuesta_recibida");
}

void intake_set_born_max (intake_t *intake, uint32_t day)
{
    intake->rules.born_max = day;
}

void intake_requests (intake_t *intake, bytes_t bundle)
{
    request_t request;
    int more;
    while ((more = bundle_next (&bundle, &request.envelope, &request.encoded)) == 1)
        take_request (intake, &request);
    if (more == -1)
        intake->strays++;
}

void intake_set_costs (intake_t *intake, uint64_t cpu_ms, uint64_t memory_bytes)
{
    intake->done.cpu_ms = cpu_ms;
    intake->done.memory_bytes = memory_bytes;
}

void intake_say (intake_t *intake, wire_command_t command)
{
    const envelope_t nobody = {0};
    wire_message_t message = {.command = (uint8_t) command};
    if (command == WIRE_JOIN)
        message.join = intake->options.join;
    else if (command == WIRE_BEAT)
        message.beat = intake->done;
    bundle_write (outgoing (intake, INTAKE_BROKER), &nobody, &message);
}

/* Inwards first: what cannot be sent there becomes an answer to the broker. */
void intake_flush (intake_t *intake)
{
    send_side (intake, INTAKE_STORAGE);
    send_side (intake, INTAKE_STATE);
    send_side (intake, INTAKE_BROKER);
}

uint64_t intake_strays (const intake_t *intake)
{
    return intake->strays;
}

uint64_t intake_lost (const intake_t *intake)
{
    return intake->lost;
}

static void take_request (intake_t *intake, request_t *request)
{
    const handler_t *handler = NULL;
    if (wire_decode (request->encoded, &request->message) == REFUSED_OK)
        handler = handler_find (handlers, request->message.command);
    if (handler)
        handler->handle (intake, request);
    else
        intake->strays++; // the broker has decoded it, and sends no others
}

/* Rows are checked and written in their canonical form at once, right where they will
   leave from. A batch is taken whole or not at all. */
static int check_batch (void *self, void *taken)
{
    intake_t *intake = self;
    const request_t *request = taken;
    const uint32_t agency = request->message.agency;
    const wire_batch_t *batch = &request->message.batch;
    bet_csv_error_t error = {.code = check_shape (intake, batch)};
    if (error.code == REFUSED_OK) {
        bundle_t *bundle = outgoing (intake, INTAKE_STORAGE);
        const size_t room =
            batch->rows.size + (size_t) batch->count * (AGENCY_DIGITS_MAX + 2);
        uint8_t *at = bundle_open (bundle, &request->envelope, WIRE_BATCH_BYTES + room);
        wire_batch_head (at, WIRE_STORE, agency, request->message.draw, batch);
        const size_t size =
            bet_csv_canonical (batch->rows, batch->count, agency, &intake->rules,
                               at + WIRE_BATCH_BYTES, &error);
        bundle_close (bundle, size ? WIRE_BATCH_BYTES + size : 0);
    }
    intake->done.batches++;
    if (error.code == REFUSED_OK)
        intake->done.bets += batch->count;
    else
        refuse_batch (intake, request, &error);
    return 0;
}

static wire_code_t check_shape (const intake_t *intake, const wire_batch_t *batch)
{
    if (batch->count == 0)
        return batch->rows.size == 0 ? REFUSED_EMPTY : REFUSED_COUNT;
    if (batch->count > intake->options.rows_max)
        return REFUSED_ROWS;
    if (batch->rows.size > MESSAGE_BYTES_MAX)
        return REFUSED_SIZE; // the broker saw to that before
    // no count that anything here could not add up
    return batch->offset > UINT64_MAX / 2 ? REFUSED_GAP : REFUSED_OK;
}

static void refuse_batch (intake_t *intake, const request_t *request,
                          const bet_csv_error_t *error)
{
    const wire_message_t *message = &request->message;
    intake->done.refused++;
    char explanation[REFUSAL_TEXT_MAX + 1];
    const char *text = reason (error->code);
    if (!text)
        text =
            bet_fault_explain (message->batch.rows, &intake->rules, error, explanation);
    wire_message_t refusal = wire_refusal (message, error->code, text);
    refusal.refused.row = error->row;
    refusal.refused.field = (uint8_t) error->field;
    bundle_write (outgoing (intake, INTAKE_BROKER), &request->envelope, &refusal);
    if (rate_limit_allows (intake->limit, message->agency, intake->now_ms))
        logger_event (LOG_WARNING, "apuesta_recibida", LOG_FAIL,
                      "cantidad: %u | draw: %016llx | agency: %u | offset: %llu | "
                      "code: %s | row: %u | reason: %s",
                      message->batch.count, (unsigned long long) message->draw,
                      message->agency, (unsigned long long) message->batch.offset,
                      wire_code_name ((uint16_t) error->code), error->row, text);
}

/* What is wrong with the batch as a whole; NULL when its rows are to be looked at. */
static const char *reason (wire_code_t code)
{
    if (code == REFUSED_GAP)
        return "an offset beyond all bets";
    return code == REFUSED_ROWS || code == REFUSED_SIZE
               ? wire_code_text ((uint16_t) code)
               : NULL;
}

static int pass_hello (void *self, void *taken)
{
    intake_t *intake = self;
    request_t *request = taken;
    wire_limits_t *hello = &request->message.hello.limits;
    if (hello->rows_max == 0 || hello->rows_max > intake->options.rows_max)
        hello->rows_max = intake->options.rows_max;
    bundle_write (outgoing (intake, INTAKE_STATE), &request->envelope,
                  &request->message);
    return 0;
}

static int pass_to_state (void *self, void *taken)
{
    const request_t *request = taken;
    bundle_add (outgoing (self, INTAKE_STATE), &request->envelope, request->encoded);
    return 0;
}

static int pass_to_storage (void *self, void *taken)
{
    const request_t *request = taken;
    bundle_add (outgoing (self, INTAKE_STORAGE), &request->envelope, request->encoded);
    return 0;
}

static int join (void *self, void *taken)
{
    (void) taken;
    intake_say (self, WIRE_JOIN);
    return 0;
}

/* Nothing of a worker's depends on which broker it is. */
static int ignore (void *self, void *taken)
{
    (void) self;
    (void) taken;
    return 0;
}

static bundle_t *outgoing (intake_t *intake, intake_side_t to)
{
    if (bundle_full (&intake->outgoing[to]))
        send_side (intake, to);
    return &intake->outgoing[to];
}

static void send_side (intake_t *intake, intake_side_t to)
{
    bundle_t *bundle = &intake->outgoing[to];
    if (bundle->messages == 0 ||
        intake->options.send (intake->options.context, to, bundle) == 0)
        return;
    if (to == INTAKE_BROKER)
        intake->lost++; // the agencies will ask again
    else
        refuse_all (intake, bytes_of (bundle->data, bundle->size));
    bundle_clear (bundle);
}

static void refuse_all (intake_t *intake, bytes_t bundle)
{
    request_t request;
    while (bundle_next (&bundle, &request.envelope, &request.encoded) == 1) {
        const wire_code_t code = wire_decode (request.encoded, &request.message);
        assert (code == REFUSED_OK); // written here
        const uint8_t command = request.message.command;
        const bool storage = wire_role_asks (ROLE_WORKER, command);
        const wire_message_t refusal = wire_refusal (
            &request.message, REFUSED_UNAVAILABLE,
            storage ? "storage cannot be reached" : "state cannot be reached");
        bundle_write (outgoing (intake, INTAKE_BROKER), &request.envelope, &refusal);
    }
}
