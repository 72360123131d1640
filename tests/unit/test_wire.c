/* test_wire.c - the messages against tests/vectors, both ways, and against damage. */

#include "vectors.h"

#include <dirent.h>

#include "wire.h"

#define MUTATIONS 4000 /* of each example */

typedef enum { U8, U16, U32, U64, TEXT, HASH, OPEN, SIGNATURE } kind_t;

typedef struct {
    const char *name; // in the vectors and in docs/protocol.md
    kind_t kind;
    size_t place; // within wire_message_t
} field_t;

#define FIELD(name, kind, member)                                                      \
    {                                                                                  \
        name, kind, offsetof (wire_message_t, member)                                  \
    }
#define FIELDS_MAX 19

static const field_t hello[FIELDS_MAX] = {
    FIELD ("window", U32, hello.limits.window),
    FIELD ("message_bytes_max", U32, hello.limits.message_bytes_max),
    FIELD ("rows_max", U32, hello.limits.rows_max),
    FIELD ("bundle_bytes", U32, hello.limits.bundle_bytes),
    FIELD ("draw_name", TEXT, hello.name),
};
static const field_t batch[FIELDS_MAX] = {
    FIELD ("offset", U64, batch.offset), FIELD ("digest", U64, batch.digest),
    FIELD ("writer", U64, batch.writer), FIELD ("count", U32, batch.count),
    FIELD ("rows", TEXT, batch.rows),
};
static const field_t batches[FIELDS_MAX] = {FIELD ("batches", TEXT, batches)};
static const field_t tally[FIELDS_MAX] = {
    FIELD ("count", U64, tally.count),
    FIELD ("digest", U64, tally.digest),
    FIELD ("cancelled", U32, tally.cancelled),
};
static const field_t check[FIELDS_MAX] = {FIELD ("count", U64, tally.count)};
static const field_t digest[FIELDS_MAX] = {
    FIELD ("count", U64, tally.count),
    FIELD ("digest", U64, tally.digest),
};
static const field_t results[FIELDS_MAX] = {FIELD ("cursor", U64, cursor)};
static const field_t cancel[FIELDS_MAX] = {FIELD ("offset", U64, offset)};
static const field_t cancelled[FIELDS_MAX] = {
    FIELD ("offset", U64, cancelled.offset),
    FIELD ("cancelled", U32, cancelled.cancelled),
};
static const field_t stored[FIELDS_MAX] = {
    FIELD ("next", U64, stored.next),
    FIELD ("digest", U64, stored.digest),
};
static const field_t nothing[FIELDS_MAX] = {{0}};

#define STANDING                                                                       \
    FIELD ("next", U64, welcome.next), FIELD ("digest", U64, welcome.digest),          \
        FIELD ("window", U32, welcome.limits.window),                                  \
        FIELD ("message_bytes_max", U32, welcome.limits.message_bytes_max),            \
        FIELD ("rows_max", U32, welcome.limits.rows_max),                              \
        FIELD ("bundle_bytes", U32, welcome.limits.bundle_bytes),                      \
        FIELD ("agencies", U32, welcome.agencies),                                     \
        FIELD ("ready", U32, welcome.ready), FIELD ("day", U8, welcome.day),           \
        FIELD ("highest", U32, welcome.highest),                                       \
        FIELD ("closes_ms", U64, welcome.closes_ms),                                   \
        FIELD ("cancelled", U32, welcome.cancelled),                                   \
        FIELD ("sequence", U64, welcome.sequence), FIELD ("head", HASH, welcome.head), \
        FIELD ("draw_name", TEXT, welcome.name), FIELD ("open", OPEN, welcome.open)

static const field_t welcome[FIELDS_MAX] = {STANDING};
static const field_t admit[FIELDS_MAX] = {FIELD ("epoch", U64, welcome.epoch),
                                          STANDING};
static const field_t waiting[FIELDS_MAX] = {
    FIELD ("ready", U32, waiting.ready),
    FIELD ("agencies", U32, waiting.agencies),
    FIELD ("day", U8, waiting.day),
    FIELD ("missing_1", U32, waiting.missing[0]),
    FIELD ("missing_2", U32, waiting.missing[1]),
    FIELD ("missing_3", U32, waiting.missing[2]),
    FIELD ("missing_4", U32, waiting.missing[3]),
    FIELD ("missing_5", U32, waiting.missing[4]),
    FIELD ("missing_6", U32, waiting.missing[5]),
    FIELD ("missing_7", U32, waiting.missing[6]),
    FIELD ("missing_8", U32, waiting.missing[7]),
};
static const field_t winners[FIELDS_MAX] = {
    FIELD ("cursor", U64, winners.cursor),        FIELD ("next", U64, winners.next),
    FIELD ("number", U32, winners.number),        FIELD ("count", U32, winners.count),
    FIELD ("sequence", U64, winners.sequence),    FIELD ("head", HASH, winners.head),
    FIELD ("documents", TEXT, winners.documents),
};
static const field_t refused[FIELDS_MAX] = {
    FIELD ("code", U16, refused.code),
    FIELD ("refused_command", U8, refused.command),
    FIELD ("field", U8, refused.field),
    FIELD ("row", U32, refused.row),
    FIELD ("offset", U64, refused.offset),
    FIELD ("expected", U64, refused.expected),
    FIELD ("text", TEXT, refused.text),
};
static const field_t pong[FIELDS_MAX] = {FIELD ("process", TEXT, name)};
static const field_t join[FIELDS_MAX] = {
    FIELD ("role", U8, join.role),
    FIELD ("credit", U32, join.credit),
    FIELD ("heartbeat_ms", U32, join.heartbeat_ms),
    FIELD ("worker_name", TEXT, join.name),
};
static const field_t beat[FIELDS_MAX] = {
    FIELD ("batches", U64, beat.batches),           FIELD ("bets", U64, beat.bets),
    FIELD ("refused", U64, beat.refused),           FIELD ("cpu_ms", U64, beat.cpu_ms),
    FIELD ("memory_bytes", U64, beat.memory_bytes),
};
static const field_t status[FIELDS_MAX] = {
    FIELD ("subject", U8, status.subject),
    FIELD ("from", U64, status.from),
};
static const field_t report[FIELDS_MAX] = {
    FIELD ("subject", U8, report.subject), FIELD ("more", U8, report.more),
    FIELD ("next", U64, report.next),      FIELD ("lost", U64, report.lost),
    FIELD ("text", TEXT, report.text),
};
static const field_t scale[FIELDS_MAX] = {FIELD ("workers", U32, workers)};
static const field_t joined[FIELDS_MAX] = {FIELD ("boot", U32, boot)};
static const field_t find[FIELDS_MAX] = {
    FIELD ("epoch", U64, find.epoch),
    FIELD ("cursor", U64, find.cursor),
    FIELD ("count", U64, find.count),
    FIELD ("number", U32, find.number),
};

static const field_t registers[FIELDS_MAX] = {FIELD ("state", U64, state)};
static const field_t registered[FIELDS_MAX] = {
    FIELD ("epoch", U64, registered.epoch),
    FIELD ("identity", U64, registered.identity),
    FIELD ("draws", U32, registered.draws),
};
static const field_t replay[FIELDS_MAX] = {
    FIELD ("epoch", U64, replay.epoch),
    FIELD ("from", U64, replay.from),
};
static const field_t lookup[FIELDS_MAX] = {
    FIELD ("epoch", U64, lookup.epoch),
    FIELD ("draw_name", TEXT, lookup.name),
};

#define HAPPENED(event)                                                                \
    FIELD ("kind", U8, event.kind), FIELD ("source", U8, event.source),                \
        FIELD ("event_agency", U32, event.agency),                                     \
        FIELD ("agencies", U32, event.agencies), FIELD ("number", U32, event.number),  \
        FIELD ("highest", U32, event.highest),                                         \
        FIELD ("cancelled", U32, event.cancelled), FIELD ("count", U64, event.count),  \
        FIELD ("digest", U64, event.digest),                                           \
        FIELD ("closes_ms", U64, event.closes_ms),                                     \
        FIELD ("time_ms", U64, event.time_ms), FIELD ("text", TEXT, event.text)

static const field_t record[FIELDS_MAX] = {
    FIELD ("epoch", U64, record.epoch),
    FIELD ("seen", U64, record.seen),
    HAPPENED (record.event),
};
static const field_t event[FIELDS_MAX] = {
    FIELD ("sequence", U64, recorded.sequence),
    FIELD ("ordinal", U64, recorded.ordinal),
    FIELD ("events", U64, recorded.events),
    HAPPENED (recorded.event),
};
static const field_t order[FIELDS_MAX] = {
    FIELD ("order", U8, order.order),        FIELD ("source", U8, order.source),
    FIELD ("agencies", U32, order.agencies), FIELD ("number", U32, order.number),
    FIELD ("highest", U32, order.highest),   FIELD ("closes_ms", U64, order.closes_ms),
    FIELD ("draw_name", TEXT, order.name),   FIELD ("proof", TEXT, order.proof),
    FIELD ("note", TEXT, order.note),
};
static const field_t ordered[FIELDS_MAX] = {
    FIELD ("sequence", U64, ordered.sequence),
    FIELD ("draw_name", TEXT, ordered.name),
};
static const field_t list[FIELDS_MAX] = {FIELD ("from", U32, from)};
static const field_t listed[FIELDS_MAX] = {
    FIELD ("index", U32, listed.index),
    FIELD ("total", U32, listed.total),
    FIELD ("phase", U8, listed.phase),
    FIELD ("source", U8, listed.source),
    FIELD ("agencies", U32, listed.agencies),
    FIELD ("ready", U32, listed.ready),
    FIELD ("excused", U32, listed.excused),
    FIELD ("served", U32, listed.served),
    FIELD ("number", U32, listed.number),
    FIELD ("highest", U32, listed.highest),
    FIELD ("opened_ms", U64, listed.opened_ms),
    FIELD ("closes_ms", U64, listed.closes_ms),
    FIELD ("closed_ms", U64, listed.closed_ms),
    FIELD ("drawn_ms", U64, listed.drawn_ms),
    FIELD ("draw_name", TEXT, listed.name),
};

static const field_t fetch[FIELDS_MAX] = {
    FIELD ("which", U8, fetch.which),
    FIELD ("of", U32, fetch.of),
    FIELD ("from", U64, fetch.from),
};
static const field_t page[FIELDS_MAX] = {
    FIELD ("which", U8, note.which),  FIELD ("of", U32, note.of),
    FIELD ("total", U32, note.total), FIELD ("from", U32, note.from),
    FIELD ("page", TEXT, note.bytes),
};
static const field_t commit[FIELDS_MAX] = {
    FIELD ("count", U64, commit.tally.count),
    FIELD ("digest", U64, commit.tally.digest),
    FIELD ("cancelled", U32, commit.tally.cancelled),
    FIELD ("salt_key", HASH, commit.salt_key),
    FIELD ("box", TEXT, commit.box),
    FIELD ("note", TEXT, commit.note),
};
static const field_t reveal[FIELDS_MAX] = {
    FIELD ("seal", HASH, reveal.seal),
    FIELD ("nonce", HASH, reveal.nonce),
    FIELD ("signature", SIGNATURE, reveal.signature),
};
static const field_t root[FIELDS_MAX] = {
    FIELD ("salt_key", HASH, root.salt_key),
    FIELD ("from", U64, root.from),
    FIELD ("count", U64, root.count),
};
static const field_t rooted[FIELDS_MAX] = {
    FIELD ("from", U64, rooted.from),
    FIELD ("count", U64, rooted.count),
    FIELD ("root", HASH, rooted.root),
};
static const field_t stake[FIELDS_MAX] = {
    FIELD ("epoch", U64, stake.epoch),
    FIELD ("salt_key", HASH, stake.salt_key),
};
static const field_t staked[FIELDS_MAX] = {
    FIELD ("count", U64, staked.count),
    FIELD ("root", HASH, staked.root),
};
static const field_t award[FIELDS_MAX] = {FIELD ("epoch", U64, award)};
static const field_t awarded[FIELDS_MAX] = {FIELD ("awarded", TEXT, awarded)};

static const struct command {
    const char *name;
    const char *file;
    uint8_t number;
    const field_t *fields; // ended by one without a name, or FIELDS_MAX
    bool from_agency;
} commands[] = {
    {"HELLO", "hello.txt", 0x01, hello, true},
    {"BATCH", "batch.txt", 0x02, batch, true},
    {"READY", "ready.txt", 0x03, tally, true},
    {"RESULTS", "results.txt", 0x04, results, true},
    {"DONE", "done.txt", 0x05, nothing, true},
    {"CHECK", "check.txt", 0x06, check, true},
    {"BATCHES", "batches.txt", 0x07, batches, true},
    {"CANCEL", "cancel.txt", 0x08, cancel, true},
    {"FETCH", "fetch.txt", 0x09, fetch, true},
    {"COMMIT", "commit.txt", 0x0A, commit, true},
    {"REVEAL", "reveal.txt", 0x0B, reveal, true},
    {"ROOT", "root.txt", 0x0C, root, true},
    {"PING", "ping.txt", 0x0F, nothing, false},
    {"WELCOME", "welcome.txt", 0x11, welcome, false},
    {"STORED", "stored.txt", 0x12, stored, false},
    {"WAITING", "waiting.txt", 0x13, waiting, false},
    {"WINNERS", "winners.txt", 0x14, winners, false},
    {"GOODBYE", "goodbye.txt", 0x15, nothing, false},
    {"DIGEST", "digest.txt", 0x16, digest, false},
    {"CANCELLED", "cancelled.txt", 0x17, cancelled, false},
    {"NOTE", "note.txt", 0x18, page, false},
    {"ROOTED", "rooted.txt", 0x1A, rooted, false},
    {"REFUSED", "refused.txt", 0x1E, refused, false},
    {"PONG", "pong.txt", 0x1F, pong, false},
    {"JOIN", "join.txt", 0x21, join, false},
    {"BEAT", "beat.txt", 0x22, beat, false},
    {"LEAVE", "leave.txt", 0x23, nothing, false},
    {"REJOIN", "rejoin.txt", 0x24, nothing, false},
    {"JOINED", "joined.txt", 0x25, joined, false},
    {"STORE", "store.txt", 0x31, batch, false},
    {"ADMIT", "admit.txt", 0x32, admit, false},
    {"FIND", "find.txt", 0x34, find, false},
    {"AWARDED", "awarded.txt", 0x35, awarded, false},
    {"HELD", "held.txt", 0x36, nothing, false},
    {"REGISTER", "register.txt", 0x37, registers, false},
    {"REPLAY", "replay.txt", 0x38, replay, false},
    {"RECORD", "record.txt", 0x39, record, false},
    {"EVENT", "event.txt", 0x3A, event, false},
    {"REGISTERED", "registered.txt", 0x3B, registered, false},
    {"LOOKUP", "lookup.txt", 0x3C, lookup, false},
    {"STAKE", "stake.txt", 0x3D, stake, false},
    {"STAKED", "staked.txt", 0x3E, staked, false},
    {"AWARD", "award.txt", 0x3F, award, false},
    {"ORDER", "order.txt", 0x41, order, false},
    {"ORDERED", "ordered.txt", 0x42, ordered, false},
    {"LIST", "list.txt", 0x43, list, false},
    {"DRAW", "draw.txt", 0x44, listed, false},
    {"STATUS", "status.txt", 0x45, status, false},
    {"REPORT", "report.txt", 0x46, report, false},
    {"SCALE", "scale.txt", 0x48, scale, false},
    {"SCALED", "scaled.txt", 0x49, scale, false},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

static const struct {
    const char *name;
    uint16_t number;
} codes[] = {
    {"NOTHING", 0},    {"SIGNATURE", 1},   {"VERSION", 2},  {"COMMAND", 3},
    {"FRAMES", 4},     {"SIZE", 5},        {"BODY", 6},     {"EMPTY", 10},
    {"ROWS", 11},      {"COUNT", 12},      {"FIELDS", 13},  {"QUOTES", 14},
    {"MISSING", 15},   {"LONG", 16},       {"UTF8", 17},    {"CONTROL", 18},
    {"DATE", 19},      {"NUMBER", 20},     {"RANGE", 21},   {"BLANK", 22},
    {"CHARACTER", 23}, {"AGENCY", 30},     {"HELLO", 31},   {"GAP", 32},
    {"CONFLICT", 33},  {"CLOSED", 34},     {"TALLY", 35},   {"UNDRAWN", 36},
    {"KEY", 37},       {"BUSY", 40},       {"NOSPACE", 41}, {"UNAVAILABLE", 42},
    {"DRAW", 38},      {"SUPERSEDED", 39}, {"VOID", 50},    {"NAME", 51},
    {"PHASE", 52},     {"DRAWS", 53},      {"NOTE", 54},    {"ROOT", 55},
};
#define CODES (sizeof codes / sizeof codes[0])

static vector_t vector; // the example at hand
static uint8_t example[2 * VECTOR_BYTES_MAX];

static size_t fields_of (const struct command *command)
{
    size_t known = 0;
    while (known < FIELDS_MAX && command->fields[known].name)
        known++;
    return known;
}

/* Of what is bytes; 0 of anything else. */
static size_t size_of (kind_t kind)
{
    return kind == SIGNATURE              ? WIRE_SIGNATURE_BYTES
           : kind == HASH || kind == OPEN ? WIRE_HASH_BYTES
                                          : 0;
}

static uint64_t number_at (const wire_message_t *message, const field_t *field)
{
    const uint8_t *at = (const uint8_t *) message + field->place;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    switch (field->kind) {
    case U8:
        return memcpy (&u8, at, sizeof u8), u8;
    case U16:
        return memcpy (&u16, at, sizeof u16), u16;
    case U32:
        return memcpy (&u32, at, sizeof u32), u32;
    default:
        return memcpy (&u64, at, sizeof u64), u64;
    }
}

static void put_number (wire_message_t *message, const field_t *field, uint64_t number)
{
    uint8_t *at = (uint8_t *) message + field->place;
    const uint8_t u8 = (uint8_t) number;
    const uint16_t u16 = (uint16_t) number;
    const uint32_t u32 = (uint32_t) number;
    switch (field->kind) {
    case U8:
        memcpy (at, &u8, sizeof u8);
        break;
    case U16:
        memcpy (at, &u16, sizeof u16);
        break;
    case U32:
        memcpy (at, &u32, sizeof u32);
        break;
    default:
        memcpy (at, &number, sizeof number);
    }
    if (number_at (message, field) != number)
        fail_msg ("%s: too large a %s", vector_name (&vector), field->name);
}

/* The message as the example's fields describe it; `text` is the room for its text. */
static wire_message_t described (const struct command *command, uint8_t *text)
{
    wire_message_t message = {.command = command->number};
    const char *agency = vector_value (&vector, "agency", 0);
    assert_non_null (agency);
    message.agency = (uint32_t) vector_number (agency);
    const char *draw = vector_value (&vector, "draw", 0);
    assert_non_null (draw);
    message.draw = vector_number (draw);
    for (size_t i = 0; i < fields_of (command); i++) {
        const field_t *field = &command->fields[i];
        const char *value = vector_value (&vector, field->name, 0);
        if (!value && field->kind == OPEN)
            continue; // of a draw that is not provable
        if (!value)
            fail_msg ("%s has no %s", vector_name (&vector), field->name);
        if (size_of (field->kind) > 0) {
            uint8_t bytes[VECTOR_BYTES_MAX];
            assert_int_equal (vector_hex (value, bytes), size_of (field->kind));
            memcpy ((uint8_t *) &message + field->place, bytes, size_of (field->kind));
        } else if (field->kind == TEXT) {
            const bytes_t slice =
                bytes_of (text, vector_text (&vector, field->name, text));
            text += slice.size;
            memcpy ((uint8_t *) &message + field->place, &slice, sizeof slice);
        } else {
            put_number (&message, field, vector_number (value));
        }
    }
    return message;
}

static void assert_same (const struct command *command, const wire_message_t *message,
                         const wire_message_t *other)
{
    assert_int_equal (message->command, other->command);
    assert_int_equal (message->agency, other->agency);
    assert_true (message->draw == other->draw);
    for (size_t i = 0; i < fields_of (command); i++) {
        const field_t *field = &command->fields[i];
        if (size_of (field->kind) > 0) {
            assert_memory_equal ((const uint8_t *) message + field->place,
                                 (const uint8_t *) other + field->place,
                                 size_of (field->kind));
        } else if (field->kind == TEXT) {
            bytes_t text, expected;
            memcpy (&text, (const uint8_t *) message + field->place, sizeof text);
            memcpy (&expected, (const uint8_t *) other + field->place, sizeof text);
            if (!bytes_equal (text, expected))
                fail_msg ("%s: another %s", vector_name (&vector), field->name);
        } else if (number_at (message, field) != number_at (other, field)) {
            fail_msg ("%s: another %s", vector_name (&vector), field->name);
        }
    }
}

static void assert_encodes_to (const wire_message_t *message, bytes_t bytes)
{
    static uint8_t buffer[2 * VECTOR_BYTES_MAX];
    memset (buffer, 0xA5, sizeof buffer);
    assert_int_equal (wire_size (message), bytes.size);
    assert_int_equal (wire_encode (message, buffer), bytes.size);
    if (!bytes_equal (bytes_of (buffer, bytes.size), bytes))
        fail_msg ("%s: encodes to other bytes", vector_name (&vector));
    assert_int_equal (buffer[bytes.size], 0xA5);
}

/* The example's bytes, in `example`. */
static bytes_t example_bytes (void)
{
    const char *hex = vector_value (&vector, "hex", 0);
    if (!hex)
        fail_msg ("%s has no bytes", vector_name (&vector));
    return bytes_of (example, vector_hex (hex, example));
}

static void check_good (const struct command *command)
{
    uint8_t text[VECTOR_BYTES_MAX];
    const bytes_t bytes = example_bytes ();
    const wire_message_t expected = described (command, text);
    assert_string_equal (vector_value (&vector, "command", 0), command->name);

    wire_message_t message;
    const wire_code_t code = wire_decode (vector_guard (bytes), &message);
    if (code != REFUSED_OK)
        fail_msg ("%s: refused, %s", vector_name (&vector), wire_code_name (code));
    assert_same (command, &message, &expected);
    assert_encodes_to (&message, bytes);
    assert_encodes_to (&expected, bytes);
}

static void check_bad (void)
{
    wire_message_t message;
    const bytes_t bytes = example_bytes ();
    const wire_code_t code = wire_decode (vector_guard (bytes), &message);
    if (strcmp (wire_code_name (code), vector_value (&vector, "bad", 0)) != 0)
        fail_msg ("%s: %s", vector_name (&vector), wire_code_name (code));
    // what could be read of the header is told, for the refusal's sake
    const bool told = code == REFUSED_BODY || code == REFUSED_COMMAND;
    if (told || code == REFUSED_SIGNATURE)
        assert_int_equal (message.command, told ? bytes.data[3] : 0);
    if (told)
        assert_memory_equal (&(uint32_t){__builtin_bswap32 (message.agency)},
                             bytes.data + 4, 4);
    if (told)
        assert_memory_equal (&(uint64_t){__builtin_bswap64 (message.draw)},
                             bytes.data + 8, 8);
}

/* Whatever is accepted encodes to the very bytes that it came from, so no two different
   frames mean the same; the rest is refused for one of four reasons. */
static wire_code_t check_any (bytes_t bytes)
{
    wire_message_t message;
    const wire_code_t code = wire_decode (vector_guard (bytes), &message);
    if (code == REFUSED_OK)
        assert_encodes_to (&message, bytes);
    else
        assert_true (code <= REFUSED_COMMAND || code == REFUSED_BODY);
    return code;
}

static void every_command_has_good_and_bad_examples (void **state)
{
    (void) state;
    for (size_t i = 0; i < COMMANDS; i++) {
        size_t good = 0, bad = 0;
        FILE *stream = vector_open (commands[i].file);
        while (vector_next (stream, &vector)) {
            if (vector_value (&vector, "bad", 0))
                bad++, check_bad ();
            else
                good++, check_good (&commands[i]);
        }
        if (good == 0 || bad == 0)
            fail_msg ("%s: %zu good, %zu bad", commands[i].file, good, bad);
    }
}

static void what_is_no_message_is_refused (void **state)
{
    (void) state;
    size_t seen[REFUSED_BODY + 1] = {0};
    FILE *stream = vector_open ("message.txt");
    while (vector_next (stream, &vector)) {
        check_bad ();
        wire_message_t message;
        seen[wire_decode (example_bytes (), &message)]++;
    }
    assert_true (seen[REFUSED_SIGNATURE] && seen[REFUSED_VERSION] &&
                 seen[REFUSED_COMMAND]);
}

static void each_file_of_examples_is_read (void **state)
{
    (void) state;
    DIR *directory = opendir (VECTORS);
    assert_non_null (directory);
    size_t known = 0;
    for (struct dirent *entry; (entry = readdir (directory));) {
        bool found = strcmp (entry->d_name, "message.txt") == 0 ||
                     strcmp (entry->d_name, "bundle.txt") == 0; // in test_letter.c
        for (size_t i = 0; i < COMMANDS; i++)
            found |= strcmp (entry->d_name, commands[i].file) == 0;
        if (!found && strstr (entry->d_name, ".txt"))
            fail_msg ("nobody reads %s", entry->d_name);
        known += found;
    }
    closedir (directory);
    assert_int_equal (known, COMMANDS + 2);
}

static void every_prefix_is_read_within_its_bounds (void **state)
{
    (void) state;
    for (size_t i = 0; i < COMMANDS; i++) {
        FILE *stream = vector_open (commands[i].file);
        while (vector_next (stream, &vector)) {
            const bytes_t bytes = example_bytes ();
            for (size_t size = 0; size <= bytes.size; size++) {
                const wire_code_t code = check_any (bytes_of (bytes.data, size));
                assert_true ((code == REFUSED_SIGNATURE) == (size < WIRE_HEADER_BYTES));
            }
        }
    }
}

static void damage_is_refused_or_understood (void **state)
{
    (void) state;
    uint64_t random = 20230217;
    size_t accepted = 0, refusals = 0;
    for (size_t i = 0; i < COMMANDS; i++) {
        FILE *stream = vector_open (commands[i].file);
        while (vector_next (stream, &vector)) {
            static uint8_t damaged[VECTOR_BYTES_MAX + 8];
            const bytes_t bytes = example_bytes ();
            for (int n = 0; n < MUTATIONS; n++) {
                put_bytes (damaged, bytes);
                const size_t size = vector_mutate (damaged, bytes.size, &random);
                if (check_any (bytes_of (damaged, size)) == REFUSED_OK)
                    accepted++;
                else
                    refusals++;
            }
        }
    }
    assert_true (accepted > 0 && refusals > 0);
}

static void commands_have_their_names (void **state)
{
    (void) state;
    for (unsigned number = 0; number <= 0xFF; number++) {
        const char *name = "?";
        bool from_agency = false;
        for (size_t i = 0; i < COMMANDS; i++)
            if (commands[i].number == number) {
                name = commands[i].name;
                from_agency = commands[i].from_agency;
            }
        assert_string_equal (wire_command_name ((uint8_t) number), name);
        assert_int_equal (wire_from_agency ((uint8_t) number), from_agency);
    }
}

/* Whether it is read back, once written. */
static bool decodes (const wire_message_t *message)
{
    uint8_t buffer[1024];
    assert_true (wire_size (message) <= sizeof buffer);
    const size_t size = wire_encode (message, buffer);
    wire_message_t again;
    const wire_code_t code = wire_decode (bytes_of (buffer, size), &again);
    assert_true (code == REFUSED_OK || code == REFUSED_BODY);
    return code == REFUSED_OK;
}

static void storage_is_asked_by_one_role (void **state)
{
    (void) state;
    static const uint8_t of_worker[] = {WIRE_STORE, WIRE_CHECK, WIRE_CANCEL, WIRE_FETCH,
                                        WIRE_ROOT};
    static const uint8_t of_state[] = {WIRE_ADMIT,  WIRE_FIND,   WIRE_REGISTER,
                                       WIRE_REPLAY, WIRE_RECORD, WIRE_LOOKUP,
                                       WIRE_STAKE,  WIRE_AWARD};
    for (unsigned command = 0; command <= 0xFF; command++)
        for (unsigned role = 0; role <= 0xFF; role++) {
            const bool asks = (role == ROLE_WORKER &&
                               memchr (of_worker, (int) command, sizeof of_worker)) ||
                              (role == ROLE_STATE &&
                               memchr (of_state, (int) command, sizeof of_state));
            assert_int_equal (wire_role_asks ((uint8_t) role, (uint8_t) command), asks);
        }
}

static void sources_and_phases_have_their_names (void **state)
{
    (void) state;
    static const char *const phases[] = {"planned", "open", "closed",
                                         "drawn",   "void", "sealed"};
    for (unsigned number = 0; number <= 0xFF; number++) {
        const char *source = number == 'F'   ? "fixed"
                             : number == 'E' ? "entered"
                             : number == 'R' ? "random"
                             : number == 'P' ? "provable"
                                             : "?";
        assert_string_equal (wire_source_name ((uint8_t) number), source);
        assert_string_equal (wire_phase_name ((uint8_t) number),
                             number < 6 ? phases[number] : "?");
    }
}

/* An operator's key is that of no process which joins a broker. */
static void an_operator_joins_nobody (void **state)
{
    (void) state;
    assert_string_equal (wire_role_name (ROLE_OPERATOR), "operator");
    wire_message_t message = {.command = WIRE_JOIN, .join = {.role = ROLE_OPERATOR}};
    uint8_t buffer[WIRE_SMALL_BYTES_MAX];
    const size_t size = wire_encode (&message, buffer);
    assert_int_equal (wire_decode (bytes_of (buffer, size), &message), REFUSED_BODY);
}

/* What a name or a note may be, wherever there is one. */
static void names_and_notes_are_sound (void **state)
{
    (void) state;
    static const char longest[] = "0123456789-123456789-123456789-123456789-";
    static const struct {
        const char *text;
        bool name, note;
    } cases[] = {
        {"first", true, true},   {"a b", false, true},   {"-a", false, true},
        {" a", false, false},    {"a\n", false, false},  {"\xFF", false, false},
        {"a\x1B", false, false}, {longest, false, true}, {"../a", false, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bytes_t text = bytes_of (cases[i].text, strlen (cases[i].text));
        const wire_message_t named[] = {
            {.command = WIRE_HELLO, .hello = {.name = text}},
            {.command = WIRE_WELCOME, .welcome = {.name = text}},
            {.command = WIRE_ADMIT, .welcome = {.name = text}},
            {.command = WIRE_LOOKUP, .lookup = {.name = text}},
            {.command = WIRE_ORDERED, .ordered = {.name = text}},
            {.command = WIRE_ORDER, .order = {.order = ORDER_CLOSE, .name = text}},
            {.command = WIRE_DRAW,
             .listed = {.total = 1, .source = SOURCE_RANDOM, .name = text}},
            {.command = WIRE_EVENT,
             .recorded.event = {
                 .kind = EVENT_OPENED, .source = SOURCE_FIXED, .text = text}}};
        const wire_message_t noted[] = {
            {.command = WIRE_ORDER, .order = {.order = ORDER_VOID, .note = text}},
            {.command = WIRE_RECORD,
             .record.event = {.kind = EVENT_VOIDED, .text = text}},
            {.command = WIRE_RECORD,
             .record.event = {.kind = EVENT_EXCUSED, .agency = 1, .text = text}},
            {.command = WIRE_EVENT,
             .recorded.event = {.kind = EVENT_CLOSED, .text = text}}};
        for (size_t j = 0; j < sizeof named / sizeof *named; j++)
            assert_int_equal (decodes (&named[j]), cases[i].name);
        for (size_t j = 0; j < sizeof noted / sizeof *noted; j++)
            assert_int_equal (decodes (&noted[j]), cases[i].note);
    }
    char note[NOTE_BYTES_MAX + 1];
    memset (note, 'x', sizeof note);
    wire_message_t message = {.command = WIRE_ORDER, .order = {.order = ORDER_VOID}};
    message.order.note = bytes_of (note, NOTE_BYTES_MAX);
    assert_true (decodes (&message));
    message.order.note = bytes_of (note, NOTE_BYTES_MAX + 1);
    assert_false (decodes (&message));
}

/* What there is none of. */
static void kinds_and_sources_are_known (void **state)
{
    (void) state;
    for (unsigned letter = 0; letter <= 0xFF; letter++) {
        const wire_message_t happened = {.command = WIRE_RECORD,
                                         .record.event = {.kind = (uint8_t) letter}};
        const bool without_text = letter && strchr ("SXCDVWENYULAQ", (int) letter);
        assert_int_equal (decodes (&happened), without_text);
        const wire_message_t ordering = {.command = WIRE_ORDER,
                                         .order = {.order = (uint8_t) letter}};
        assert_int_equal (decodes (&ordering),
                          letter && strchr ("OCNXW", (int) letter)); // O as state's own
        const bool source = letter && strchr ("FERP", (int) letter);
        const wire_message_t opens = {
            .command = WIRE_ORDER,
            .order = {.order = ORDER_OPEN, .source = (uint8_t) letter}};
        assert_int_equal (decodes (&opens), source || letter == 0); // state's own
        const wire_message_t opened = {.command = WIRE_RECORD,
                                       .record.event = {.kind = EVENT_OPENED,
                                                        .source = (uint8_t) letter,
                                                        .text = bytes_of ("first", 5)}};
        assert_int_equal (decodes (&opened), source);
    }
    const wire_message_t nameless = {
        .command = WIRE_RECORD,
        .record.event = {.kind = EVENT_OPENED, .source = SOURCE_FIXED}};
    assert_false (decodes (&nameless));
    const wire_message_t texted = {
        .command = WIRE_RECORD,
        .record.event = {.kind = EVENT_DRAWN, .text = bytes_of ("why", 3)}};
    assert_false (decodes (&texted));
}

static void codes_have_their_names (void **state)
{
    (void) state;
    for (unsigned number = 0; number <= 0xFFFF; number++) {
        const char *name = "?";
        for (size_t i = 0; i < CODES; i++)
            if (codes[i].number == number)
                name = codes[i].name;
        assert_string_equal (wire_code_name ((uint16_t) number), name);
    }
}

static void a_batch_can_be_headed_in_place (void **state)
{
    (void) state;
    static const uint8_t numbers[] = {WIRE_BATCH, WIRE_STORE};
    for (size_t i = 0; i < sizeof numbers; i++) {
        const char rows[] = "a,b,1,2000-01-01,1\n";
        uint8_t buffer[WIRE_BATCH_BYTES + sizeof rows - 1];
        const wire_batch_t head = {.offset = 0x0102030405060708,
                                   .digest = 0x2122232425262728,
                                   .writer = 0x3132333435363738,
                                   .count = 1};
        wire_batch_head (buffer, numbers[i], 4, 0x1112131415161718, &head);
        memcpy (buffer + WIRE_BATCH_BYTES, rows, sizeof rows - 1);

        wire_message_t message;
        assert_int_equal (wire_decode (bytes_of (buffer, sizeof buffer), &message), 0);
        assert_int_equal (message.command, numbers[i]);
        assert_int_equal (message.agency, 4);
        assert_int_equal (message.draw, 0x1112131415161718);
        assert_int_equal (message.batch.offset, 0x0102030405060708);
        assert_int_equal (message.batch.digest, 0x2122232425262728);
        assert_int_equal (message.batch.writer, 0x3132333435363738);
        assert_int_equal (message.batch.count, 1);
        assert_true (
            bytes_equal (message.batch.rows, bytes_of (rows, sizeof rows - 1)));
    }
}

static void a_bundle_of_batches_is_written_and_taken_apart (void **state)
{
    (void) state;
    static const char *const rows[] = {"a,b,1,2000-01-01,1\n", "",
                                       "c,d,2,2000-01-01,1\n"};
    uint8_t bundle[512], encoded[128];
    uint8_t *at = wire_batches_head (bundle, 4, 7);
    assert_int_equal (at - bundle, WIRE_HEADER_BYTES);
    for (uint64_t i = 0; i < 3; i++) {
        const wire_message_t message = {
            .command = WIRE_BATCH,
            .agency = 4,
            .draw = 7,
            .batch = {.offset = i, .rows = bytes_of (rows[i], strlen (rows[i]))}};
        const size_t size = wire_encode (&message, encoded);
        uint8_t *next = wire_batches_put (at, bytes_of (encoded, size));
        assert_int_equal (next - at, WIRE_ENCLOSED_BYTES + size);
        at = next;
    }
    wire_message_t message, one;
    bytes_t frame;
    assert_int_equal (wire_decode (bytes_of (bundle, (size_t) (at - bundle)), &message),
                      REFUSED_OK);
    assert_int_equal (message.command, WIRE_BATCHES);
    assert_true (message.draw == 7);
    for (uint64_t i = 0; i < 3; i++) {
        assert_true (wire_batches_next (&message.batches, &frame, &one));
        assert_int_equal (one.command, WIRE_BATCH);
        assert_int_equal (one.agency, 4);
        assert_true (one.draw == 7);
        assert_int_equal (one.batch.offset, i);
        assert_true (
            bytes_equal (one.batch.rows, bytes_of (rows[i], strlen (rows[i]))));
        assert_int_equal (wire_decode (frame, &one), REFUSED_OK);
        assert_int_equal (one.batch.offset, i);
    }
    assert_false (wire_batches_next (&message.batches, &frame, &one));
}

/* As many as the widest window has, and one more. */
static void a_bundle_has_no_more_batches_than_a_window (void **state)
{
    (void) state;
    static uint8_t bundle[WIRE_HEADER_BYTES +
                          (WINDOW_MAX + 1) * (WIRE_ENCLOSED_BYTES + WIRE_BATCH_BYTES)];
    uint8_t encoded[WIRE_BATCH_BYTES];
    const wire_message_t one = {.command = WIRE_BATCH, .agency = 4, .draw = 7};
    const bytes_t frame = bytes_of (encoded, wire_encode (&one, encoded));
    uint8_t *at = wire_batches_head (bundle, 4, 7);
    wire_message_t message;
    for (size_t i = 0; i <= WINDOW_MAX; i++) {
        at = wire_batches_put (at, frame);
        const wire_code_t code =
            wire_decode (bytes_of (bundle, (size_t) (at - bundle)), &message);
        assert_int_equal (code, i < WINDOW_MAX ? REFUSED_OK : REFUSED_BODY);
    }
}

static void a_refusal_names_what_was_refused (void **state)
{
    (void) state;
    const wire_message_t ready = {
        .command = WIRE_READY, .agency = 4, .draw = 5, .tally = {9, 1, 2}};
    wire_message_t refusal = wire_refusal (&ready, REFUSED_TALLY, "not so many");
    assert_int_equal (refusal.command, WIRE_REFUSED);
    assert_int_equal (refusal.agency, 4);
    assert_true (refusal.draw == 5);
    assert_int_equal (refusal.refused.code, 35);
    assert_int_equal (refusal.refused.command, WIRE_READY);
    assert_int_equal (refusal.refused.offset, 9);
    assert_int_equal (refusal.refused.row, 2);
    assert_true (bytes_equal (refusal.refused.text, bytes_of ("not so many", 11)));

    const wire_message_t seal = {
        .command = WIRE_RECORD,
        .record = {.event = {.kind = EVENT_SEALED, .count = 9, .cancelled = 2}}};
    refusal = wire_refusal (&seal, REFUSED_TALLY, NULL);
    assert_int_equal (refusal.refused.command, WIRE_READY);
    assert_int_equal (refusal.refused.offset, 9);
    assert_int_equal (refusal.refused.row, 2);

    const wire_message_t store = {.command = WIRE_STORE, .batch = {.offset = 77}};
    refusal = wire_refusal (&store, REFUSED_GAP, "");
    assert_int_equal (refusal.refused.command, WIRE_BATCH);
    assert_int_equal (refusal.refused.offset, 77);
    assert_int_equal (refusal.refused.text.size, 0);

    const wire_message_t other = {.command = WIRE_CANCEL, .offset = 78};
    refusal = wire_refusal (&other, REFUSED_CLOSED, NULL);
    assert_int_equal (refusal.refused.command, WIRE_CANCEL);
    assert_int_equal (refusal.refused.offset, 78);
    assert_true (
        bytes_equal (refusal.refused.text,
                     bytes_of ("the agency's sale in this draw is closed", 40)));
}

static void a_refusal_stays_small (void **state)
{
    (void) state;
    char text[2 * REFUSAL_TEXT_MAX + 1];
    memset (text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const wire_message_t batch_message = {.command = WIRE_BATCH};
    const wire_message_t refusal = wire_refusal (&batch_message, REFUSED_BODY, text);
    assert_int_equal (refusal.refused.text.size, REFUSAL_TEXT_MAX);
    assert_true (wire_size (&refusal) <= WIRE_SMALL_BYTES_MAX);

    uint8_t buffer[WIRE_SMALL_BYTES_MAX];
    wire_message_t message;
    const size_t size = wire_encode (&refusal, buffer);
    assert_int_equal (wire_decode (bytes_of (buffer, size), &message), REFUSED_OK);
}

/* Every code that is not about rows, where bet_fault.h has the text. */
static void a_code_has_a_text_for_people (void **state)
{
    (void) state;
    const wire_message_t request = {.command = WIRE_READY, .agency = 3};
    for (unsigned code = 1; code < 300; code++) {
        const char *text = wire_code_text ((uint16_t) code);
        const bool known = wire_code_name ((uint16_t) code)[0] != '?';
        const bool rows =
            code >= REFUSED_EMPTY && code < REFUSED_AGENCY && code != REFUSED_ROWS;
        assert_int_equal (text != NULL, known && !rows);
        if (!text)
            continue;
        assert_in_range (strlen (text), 1, REFUSAL_TEXT_MAX);
        const wire_message_t refusal = wire_refusal (&request, code, NULL);
        assert_int_equal (refusal.refused.text.size, strlen (text));
        assert_memory_equal (refusal.refused.text.data, text, strlen (text));
    }
    assert_null (wire_code_text (REFUSED_OK));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_code_has_a_text_for_people),
        cmocka_unit_test (every_command_has_good_and_bad_examples),
        cmocka_unit_test (what_is_no_message_is_refused),
        cmocka_unit_test (each_file_of_examples_is_read),
        cmocka_unit_test (every_prefix_is_read_within_its_bounds),
        cmocka_unit_test (damage_is_refused_or_understood),
        cmocka_unit_test (commands_have_their_names),
        cmocka_unit_test (codes_have_their_names),
        cmocka_unit_test (storage_is_asked_by_one_role),
        cmocka_unit_test (sources_and_phases_have_their_names),
        cmocka_unit_test (an_operator_joins_nobody),
        cmocka_unit_test (names_and_notes_are_sound),
        cmocka_unit_test (kinds_and_sources_are_known),
        cmocka_unit_test (a_batch_can_be_headed_in_place),
        cmocka_unit_test (a_bundle_of_batches_is_written_and_taken_apart),
        cmocka_unit_test (a_bundle_has_no_more_batches_than_a_window),
        cmocka_unit_test (a_refusal_names_what_was_refused),
        cmocka_unit_test (a_refusal_stays_small),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
