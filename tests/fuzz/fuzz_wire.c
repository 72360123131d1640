/* fuzz_wire.c - any bytes as a message, and as a bundle of messages. Whatever decodes
   is encoded to the same bytes again: no two messages mean the same. */

#include "fuzz.h"

#include "bundle.h"
#include "wire.h"

static void check_message (bytes_t frame);
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
