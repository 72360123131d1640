/* fuzz_wire.c - any bytes as a message, and as a bundle of messages. Whatever decodes
   is encoded to the same bytes again: no two messages mean the same. */

#include "fuzz.h"

#include "bundle.h"
#include "self_report.h"
#include "wire.h"

static void check_message (bytes_t frame);
static void check_batches (const wire_message_t *message);
static void check_status (const wire_message_t *message);
static void check_bundle (bytes_t frame);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    check_message (bytes_of (data, size));
    check_bundle (bytes_of (data, size));
    return 0;
}

static void check_message (bytes_t frame)
{
    wire_message_t message;
    const wire_code_t code = wire_decode (frame, &message);
    MUST (wire_code_name ((uint16_t) code) != NULL);
    MUST (wire_command_name (message.command) != NULL);
    if (code != REFUSED_OK)
        return;
    const size_t size = wire_size (&message);
    MUST (size == frame.size);
    uint8_t *again = malloc (size);
    MUST (again && wire_encode (&message, again) == size);
    MUST (bytes_equal (bytes_of (again, size), frame));
    free (again);
    if (message.command == WIRE_BATCHES)
        check_batches (&message);
    if (message.command == WIRE_STATUS)
        check_status (&message);
}

/* What was decoded can be taken apart, and put together again. */
static void check_batches (const wire_message_t *message)
{
    wire_message_t batch, alone;
    bytes_t rest = message->batches, frame;
    uint8_t *whole = malloc (message->batches.size), *at = whole;
    MUST (whole);
    while (wire_batches_next (&rest, &frame, &batch)) {
        MUST (wire_decode (frame, &alone) == REFUSED_OK);
        MUST (alone.command == WIRE_BATCH && alone.agency == message->agency &&
              alone.draw == message->draw);
        MUST (batch.batch.offset == alone.batch.offset);
        at = wire_batches_put (at, frame);
    }
    MUST (bytes_equal (bytes_of (whole, (size_t) (at - whole)), message->batches));
    free (whole);
}

static bool put_agency (void *context, uint64_t draw, uint64_t *position,
                        metrics_page_t *page)
{
    (void) context, (void) draw;
    if (*position >= 2000)
        return false;
    metrics_put (page, METRIC_AGENCY_BETS, *position, "a\"\n",
                 METRIC_NUMBER (*position));
    ++*position;
    return true;
}

/* Whatever is asked is answered by a message that decodes. */
static void check_status (const wire_message_t *message)
{
    static char text[REPORT_BYTES_MAX];
    const self_report_t source = {.metrics = put_agency};
    const wire_message_t answer = self_report_answer (&source, message, text);
    const size_t size = wire_size (&answer);
    uint8_t *frame = malloc (size);
    wire_message_t again;
    MUST (frame && wire_encode (&answer, frame) == size);
    MUST (wire_decode (bytes_of (frame, size), &again) == REFUSED_OK);
    free (frame);
}

static void check_bundle (bytes_t frame)
{
    bundle_t bundle = {0};
    bytes_t rest = frame;
    envelope_t envelope;
    bytes_t message;
    int more;
    while ((more = bundle_next (&rest, &envelope, &message)) == 1) {
        check_message (message);
        bundle_add (&bundle, &envelope, message);
    }
    if (more == 0)
        MUST (bytes_equal (bytes_of (bundle.data, bundle.size), frame));
    bundle_clear (&bundle);
}
