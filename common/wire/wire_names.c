/* wire_names.c - what the numbers in messages are called, in logs and for people. Every
   process. */

#include "wire.h"

const char *wire_command_name (uint8_t command)
{
    static const char *const names[] = {
        [WIRE_HELLO] = "HELLO",
        [WIRE_BATCH] = "BATCH",
        [WIRE_READY] = "READY",
        [WIRE_RESULTS] = "RESULTS",
        [WIRE_DONE] = "DONE",
        [WIRE_PING] = "PING",
        [WIRE_WELCOME] = "WELCOME",
        [WIRE_STORED] = "STORED",
        [WIRE_WAITING] = "WAITING",
        [WIRE_WINNERS] = "WINNERS",
        [WIRE_GOODBYE] = "GOODBYE",
        [WIRE_REFUSED] = "REFUSED",
        [WIRE_PONG] = "PONG",
        [WIRE_JOIN] = "JOIN",
        [WIRE_BEAT] = "BEAT",
        [WIRE_LEAVE] = "LEAVE",
        [WIRE_REJOIN] = "REJOIN",
        [WIRE_STORE] = "STORE",
        [WIRE_ADMIT] = "ADMIT",
        [WIRE_REGISTER] = "REGISTER",
        [WIRE_REPLAY] = "REPLAY",
        [WIRE_RECORD] = "RECORD",
        [WIRE_FIND] = "FIND",
        [WIRE_EVENT] = "EVENT",
        [WIRE_REGISTERED] = "REGISTERED",
        [WIRE_HELD] = "HELD",
        [WIRE_CHECK] = "CHECK",
        [WIRE_DIGEST] = "DIGEST",
        [WIRE_BATCHES] = "BATCHES",
        [WIRE_JOINED] = "JOINED",
        [WIRE_CANCEL] = "CANCEL",
        [WIRE_CANCELLED] = "CANCELLED",
        [WIRE_LOOKUP] = "LOOKUP",
        [WIRE_ORDER] = "ORDER",
        [WIRE_ORDERED] = "ORDERED",
        [WIRE_LIST] = "LIST",
        [WIRE_DRAW] = "DRAW",
        [WIRE_STATUS] = "STATUS",
        [WIRE_REPORT] = "REPORT",
        [WIRE_SCALE] = "SCALE",
        [WIRE_SCALED] = "SCALED",
        [WIRE_FETCH] = "FETCH",
        [WIRE_NOTE] = "NOTE",
        [WIRE_COMMIT] = "COMMIT",
        [WIRE_REVEAL] = "REVEAL",
        [WIRE_ROOT] = "ROOT",
        [WIRE_ROOTED] = "ROOTED",
        [WIRE_STAKE] = "STAKE",
        [WIRE_STAKED] = "STAKED",
        [WIRE_AWARD] = "AWARD",
        [WIRE_AWARDED] = "AWARDED",
    };
    const size_t known = sizeof names / sizeof names[0];
    return command < known && names[command] ? names[command] : "?";
}

const char *wire_code_name (uint16_t code)
{
    static const char *const names[] = {
        [REFUSED_OK] = "NOTHING",
        [REFUSED_SIGNATURE] = "SIGNATURE",
        [REFUSED_VERSION] = "VERSION",
        [REFUSED_COMMAND] = "COMMAND",
        [REFUSED_FRAMES] = "FRAMES",
        [REFUSED_SIZE] = "SIZE",
        [REFUSED_BODY] = "BODY",
        [REFUSED_EMPTY] = "EMPTY",
        [REFUSED_ROWS] = "ROWS",
        [REFUSED_COUNT] = "COUNT",
        [REFUSED_FIELDS] = "FIELDS",
        [REFUSED_QUOTES] = "QUOTES",
        [REFUSED_MISSING] = "MISSING",
        [REFUSED_LONG] = "LONG",
        [REFUSED_UTF8] = "UTF8",
        [REFUSED_CONTROL] = "CONTROL",
        [REFUSED_DATE] = "DATE",
        [REFUSED_NUMBER] = "NUMBER",
        [REFUSED_RANGE] = "RANGE",
        [REFUSED_BLANK] = "BLANK",
        [REFUSED_CHARACTER] = "CHARACTER",
        [REFUSED_AGENCY] = "AGENCY",
        [REFUSED_HELLO] = "HELLO",
        [REFUSED_GAP] = "GAP",
        [REFUSED_CONFLICT] = "CONFLICT",
        [REFUSED_CLOSED] = "CLOSED",
        [REFUSED_TALLY] = "TALLY",
        [REFUSED_UNDRAWN] = "UNDRAWN",
        [REFUSED_KEY] = "KEY",
        [REFUSED_DRAW] = "DRAW",
        [REFUSED_SUPERSEDED] = "SUPERSEDED",
        [REFUSED_BUSY] = "BUSY",
        [REFUSED_NOSPACE] = "NOSPACE",
        [REFUSED_UNAVAILABLE] = "UNAVAILABLE",
        [REFUSED_VOID] = "VOID",
        [REFUSED_NAME] = "NAME",
        [REFUSED_PHASE] = "PHASE",
        [REFUSED_DRAWS] = "DRAWS",
        [REFUSED_NOTE] = "NOTE",
        [REFUSED_ROOT] = "ROOT",
    };
    const size_t known = sizeof names / sizeof names[0];
    return code < known && names[code] ? names[code] : "?";
}

const char *wire_code_text (uint16_t code)
{
    static const char *const texts[] = {
        [REFUSED_SIGNATURE] = "not a message of this protocol",
        [REFUSED_VERSION] = "this central speaks version " BOUND_TEXT (WIRE_VERSION),
        [REFUSED_COMMAND] = "not a command for this process",
        [REFUSED_FRAMES] = "a message is one frame",
        [REFUSED_SIZE] = "longer than WELCOME permits",
        [REFUSED_BODY] = "the body does not fit the command",
        [REFUSED_ROWS] = "more rows than WELCOME permits",
        [REFUSED_AGENCY] = "the agency is not on the roll",
        [REFUSED_HELLO] = "storage has not heard HELLO from this agency",
        [REFUSED_GAP] = "too far ahead of what is stored",
        [REFUSED_CONFLICT] = "other bets are stored",
        [REFUSED_CLOSED] = "the agency's sale in this draw is closed",
        [REFUSED_TALLY] = "another count of bets is stored",
        [REFUSED_UNDRAWN] = "the draw has not been made",
        [REFUSED_KEY] = "the key of this connection is not that agency's",
        [REFUSED_DRAW] = "there is no such draw",
        [REFUSED_SUPERSEDED] = "another state has registered",
        [REFUSED_BUSY] = "the queue is full, try again later",
        [REFUSED_NOSPACE] = "the central's disk is full",
        [REFUSED_UNAVAILABLE] = "a part of the central is away, try again later",
        [REFUSED_VOID] = "the draw is void",
        [REFUSED_NAME] = "there is a draw of that name",
        [REFUSED_PHASE] = "the draw is not at the stage that this takes",
        [REFUSED_DRAWS] = "too many draws are open",
        [REFUSED_NOTE] = "the draw does not have this note yet",
        [REFUSED_ROOT] = "the bets that are stored have another root",
    };
    return code < sizeof texts / sizeof *texts ? texts[code] : NULL;
}

const char *wire_order_name (uint8_t order)
{
    switch (order) {
    case ORDER_OPEN:
        return "open";
    case ORDER_CLOSE:
        return "close";
    case ORDER_NUMBER:
        return "number";
    case ORDER_EXCUSE:
        return "excuse";
    case ORDER_VOID:
        return "void";
    case ORDER_ATTEST:
        return "attest";
    case ORDER_REVEAL:
        return "reveal";
    default:
        return "?";
    }
}

const char *wire_source_name (uint8_t source)
{
    switch (source) {
    case SOURCE_FIXED:
        return "fixed";
    case SOURCE_ENTERED:
        return "entered";
    case SOURCE_RANDOM:
        return "random";
    case SOURCE_PROVABLE:
        return "provable";
    default:
        return "?";
    }
}

const char *wire_phase_name (uint8_t phase)
{
    static const char *const names[] = {
        [PHASE_PLANNED] = "planned", [PHASE_OPEN] = "open", [PHASE_CLOSED] = "closed",
        [PHASE_DRAWN] = "drawn",     [PHASE_VOID] = "void", [PHASE_SEALED] = "sealed",
    };
    return phase < sizeof names / sizeof *names ? names[phase] : "?";
}

const char *wire_note_name (uint8_t which)
{
    switch (which) {
    case NOTE_OPEN:
        return "open";
    case NOTE_RECEIPT:
        return "receipt";
    case NOTE_SEAL:
        return "seal";
    case NOTE_COUNTERSIGNED:
        return "countersigned";
    case NOTE_ATTESTED:
        return "attested";
    case NOTE_RESULT:
        return "result";
    case NOTE_VOID:
        return "void";
    case NOTE_SALTS:
        return "salts";
    case NOTE_BOX:
        return "box";
    default:
        return "?";
    }
}

const char *wire_role_name (uint8_t role)
{
    static const char *const names[] = {
        [ROLE_WORKER] = "worker",
        [ROLE_STORAGE] = "storage",
        [ROLE_STATE] = "state",
        [ROLE_OPERATOR] = "operator",
    };
    const size_t known = sizeof names / sizeof names[0];
    return role < known && names[role] ? names[role] : "?";
}
