/* wire.c - what messages mean to who hands them on: who may ask and answer what, and
   refusals. Every process; touches memory only. */

#include "wire.h"

static uint8_t command_of_agency (const wire_message_t *request);

bool wire_provable (const wire_welcome_t *welcome)
{
    static const uint8_t zeros[WIRE_HASH_BYTES];
    return memcmp (welcome->open, zeros, sizeof zeros) != 0;
}

bool wire_event_has_paper (uint8_t kind)
{
    switch (kind) {
    case EVENT_NOTED:
    case EVENT_COMMITTED:
    case EVENT_ATTESTED:
    case EVENT_LOCKED:
    case EVENT_REVEALED:
    case EVENT_PUBLISHED:
    case EVENT_VOIDED:
        return true;
    default:
        return false;
    }
}

bool wire_from_agency (uint8_t command)
{
    return command >= WIRE_HELLO && command <= WIRE_ROOT;
}

bool wire_role_answers (uint8_t role, uint8_t command)
{
    switch (command) {
    case WIRE_STORED:
    case WIRE_HELD:
    case WIRE_DIGEST:
    case WIRE_CANCELLED:
    case WIRE_WELCOME:
    case WIRE_WINNERS:
    case WIRE_NOTE:
    case WIRE_ROOTED:
        return role == ROLE_STORAGE;
    case WIRE_WAITING:
    case WIRE_GOODBYE:
        return role == ROLE_STATE;
    case WIRE_REFUSED:
        return role == ROLE_WORKER || role == ROLE_STORAGE || role == ROLE_STATE;
    default:
        return false;
    }
}

bool wire_role_asks (uint8_t role, uint8_t command)
{
    switch (command) {
    case WIRE_STORE:
    case WIRE_CHECK:
    case WIRE_CANCEL:
    case WIRE_FETCH:
    case WIRE_ROOT:
        return role == ROLE_WORKER;
    case WIRE_ADMIT:
    case WIRE_FIND:
    case WIRE_REGISTER:
    case WIRE_REPLAY:
    case WIRE_LOOKUP:
    case WIRE_RECORD:
    case WIRE_STAKE:
    case WIRE_AWARD:
        return role == ROLE_STATE;
    default:
        return false;
    }
}

wire_message_t wire_refusal (const wire_message_t *request, wire_code_t code,
                             const char *text)
{
    if (!text)
        text = wire_code_text ((uint16_t) code);
    wire_message_t refusal = {
        .command = WIRE_REFUSED,
        .agency = request->agency,
        .draw = request->draw,
        .refused = {.code = (uint16_t) code,
                    .command = command_of_agency (request),
                    .text = bytes_of (text, strnlen (text, REFUSAL_TEXT_MAX))}};
    if (request->command == WIRE_BATCH || request->command == WIRE_STORE)
        refusal.refused.offset = request->batch.offset;
    if (request->command == WIRE_CANCEL)
        refusal.refused.offset = request->offset;
    if (request->command == WIRE_READY || request->command == WIRE_COMMIT) {
        const wire_tally_t *tally =
            request->command == WIRE_READY ? &request->tally : &request->commit.tally;
        refusal.refused.offset = tally->count;
        refusal.refused.row = tally->cancelled;
    }
    const uint8_t refused = refusal.refused.command;
    if ((refused == WIRE_READY || refused == WIRE_COMMIT) &&
        request->command == WIRE_RECORD) {
        refusal.refused.offset = request->record.event.count;
        refusal.refused.row = request->record.event.cancelled;
    }
    return refusal;
}

/* A FIND may be what a READY brought about; an agency that waits takes its refusal for
   that of its READY. */
static uint8_t command_of_agency (const wire_message_t *request)
{
    switch (request->command) {
    case WIRE_STORE:
        return WIRE_BATCH;
    case WIRE_ADMIT:
        return WIRE_HELLO;
    case WIRE_FIND:
        return WIRE_RESULTS;
    case WIRE_RECORD:
        return request->record.event.kind == EVENT_SEALED      ? WIRE_READY
               : request->record.event.kind == EVENT_ENDED     ? WIRE_READY
               : request->record.event.kind == EVENT_COMMITTED ? WIRE_COMMIT
               : request->record.event.kind == EVENT_REVEALED  ? WIRE_REVEAL
               : request->record.event.kind == EVENT_SERVED    ? WIRE_DONE
                                                               : WIRE_RECORD;
    default:
        return request->command;
    }
}
