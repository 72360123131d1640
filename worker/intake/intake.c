/* intake.c - the worker's decisions. */

#include "intake.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "bet_csv.h"
#include "bet_fault.h"
#include "rate_limit.h"
#include "logger.h"

typedef struct { // a request: whom to answer, and what it says, encoded
    envelope_t envelope;
    bytes_t message;
} asked_t;

struct intake {
    intake_options_t options;
    bet_rules_t rules;
    bundle_t outgoing[INTAKE_SIDES];
    rate_limit_t *limit;
    int64_t now_ms;
    uint64_t strays, lost;
};

static void take_request (intake_t *intake, const asked_t *asked);
static void check_batch (intake_t *intake, const asked_t *asked,
                         const wire_message_t *request);
static wire_code_t check_shape (const intake_t *intake, const wire_batch_t *batch);
static void refuse_batch (intake_t *intake, const asked_t *asked,
                          const wire_message_t *request, const bet_csv_error_t *error);
static void pass_hello (intake_t *intake, const asked_t *asked,
                        wire_message_t *request);
static void pass (intake_t *intake, intake_side_t to, const asked_t *asked);
static const char *reason (wire_code_t code);
static bundle_t *outgoing (intake_t *intake, intake_side_t to);
static void send_side (intake_t *intake, intake_side_t to);
static void refuse_all (intake_t *intake, bytes_t bundle);

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
    asked_t asked;
    int more;
    while ((more = bundle_next (&bundle, &asked.envelope, &asked.message)) == 1)
        take_request (intake, &asked);
    if (more == -1)
        intake->strays++;
}

void intake_say (intake_t *intake, wire_command_t command)
{
    const envelope_t nobody = {0};
    const wire_message_t message = {.command = (uint8_t) command,
                                    .join = intake->options.join};
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

static void take_request (intake_t *intake, const asked_t *asked)
{
    wire_message_t request;
    if (wire_decode (asked->message, &request) != REFUSED_OK) {
        intake->strays++; // the broker decoded it before
        return;
    }
    switch (request.command) {
    case WIRE_BATCH:
        check_batch (intake, asked, &request);
        break;
    case WIRE_HELLO:
        pass_hello (intake, asked, &request);
        break;
    case WIRE_READY:
    case WIRE_RESULTS:
    case WIRE_DONE:
        pass (intake, INTAKE_STATE, asked);
        break;
    case WIRE_CHECK:
        pass (intake, INTAKE_STORAGE, asked);
        break;
    case WIRE_REJOIN:
        intake_say (intake, WIRE_JOIN);
        break;
    case WIRE_JOINED: // nothing of a worker's depends on which broker it is
        break;
    default:
        intake->strays++;
    }
}

/* Rows are checked and written in their canonical form at once, right where they will
   leave from. A batch is taken whole or not at all. */
static void check_batch (intake_t *intake, const asked_t *asked,
                         const wire_message_t *request)
{
    const wire_batch_t *batch = &request->batch;
    bet_csv_error_t error = {.code = check_shape (intake, batch)};
    if (error.code == REFUSED_OK) {
        bundle_t *bundle = outgoing (intake, INTAKE_STORAGE);
        const size_t room =
            batch->rows.size + (size_t) batch->count * (AGENCY_DIGITS_MAX + 2);
        uint8_t *at = bundle_open (bundle, &asked->envelope, WIRE_BATCH_BYTES + room);
        wire_batch_head (at, WIRE_STORE, request->agency, batch);
        const size_t size =
            bet_csv_canonical (batch->rows, batch->count, request->agency,
                               &intake->rules, at + WIRE_BATCH_BYTES, &error);
        bundle_close (bundle, size ? WIRE_BATCH_BYTES + size : 0);
    }
    if (error.code != REFUSED_OK)
        refuse_batch (intake, asked, request, &error);
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

static void refuse_batch (intake_t *intake, const asked_t *asked,
                          const wire_message_t *request, const bet_csv_error_t *error)
{
    char explanation[REFUSAL_TEXT_MAX + 1];
    const char *text = reason (error->code);
    if (!text)
        text = bet_fault_explain (request->batch.rows, error, explanation);
    wire_message_t refusal = wire_refusal (request, error->code, text);
    refusal.refused.row = error->row;
    refusal.refused.field = (uint8_t) error->field;
    bundle_write (outgoing (intake, INTAKE_BROKER), &asked->envelope, &refusal);
    if (rate_limit_allows (intake->limit, request->agency, intake->now_ms))
        logger_event (LOG_WARNING, "apuesta_recibida", LOG_FAIL,
                      "cantidad: %u | agency: %u | offset: %llu | code: %s | row: %u | "
                      "reason: %s",
                      request->batch.count, request->agency,
                      (unsigned long long) request->batch.offset,
                      wire_code_name ((uint16_t) error->code), error->row, text);
}

static void pass_hello (intake_t *intake, const asked_t *asked, wire_message_t *request)
{
    wire_limits_t *hello = &request->hello;
    if (hello->rows_max == 0 || hello->rows_max > intake->options.rows_max)
        hello->rows_max = intake->options.rows_max;
    bundle_write (outgoing (intake, INTAKE_STATE), &asked->envelope, request);
}

static void pass (intake_t *intake, intake_side_t to, const asked_t *asked)
{
    bundle_add (outgoing (intake, to), &asked->envelope, asked->message);
}

/* What is wrong with the batch as a whole; NULL when its rows are to be looked at. */
static const char *reason (wire_code_t code)
{
    switch (code) {
    case REFUSED_ROWS:
        return "more rows than WELCOME permits";
    case REFUSED_SIZE:
        return "more bytes than any batch may have";
    case REFUSED_GAP:
        return "an offset beyond all bets";
    default:
        return NULL;
    }
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
    asked_t asked;
    wire_message_t request;
    while (bundle_next (&bundle, &asked.envelope, &asked.message) == 1) {
        const wire_code_t code = wire_decode (asked.message, &request);
        assert (code == REFUSED_OK); // written here
        const bool storage =
            request.command == WIRE_STORE || request.command == WIRE_CHECK;
        const wire_message_t refusal = wire_refusal (
            &request, REFUSED_UNAVAILABLE,
            storage ? "storage cannot be reached" : "state cannot be reached");
        bundle_write (outgoing (intake, INTAKE_BROKER), &asked.envelope, &refusal);
    }
}
