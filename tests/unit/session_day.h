/* session_day.h - a session under test: its source, its clock, and answers by hand. */

#ifndef LOTERIA_SESSION_DAY_H
#define LOTERIA_SESSION_DAY_H

#include "digest.h"
#include "session.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#ifndef AGENCY
#define AGENCY 3
#endif
#define NEVER INT64_MAX
#define DRAW  UINT64_C (0xD1CED1CE)

/* The digest of the first `count` made-up rows. */
static inline uint64_t digest_of (uint64_t count)
{
    uint64_t digest = 0;
    char text[64];
    for (uint64_t i = 0; i < count && i < 1000000; i++) {
        const int size =
            snprintf (text, sizeof text, "Ana,Paz,%08" PRIu64 ",2000-01-01,7574", i);
        digest = digest_row (digest, bytes_of (text, (size_t) size));
    }
    return digest;
}

/* A source that is a table, or makes its rows up. */
typedef struct {
    const char *const *table; // NULL: rows are made up
    uint64_t count;
    uint64_t at;
    int moving;        // so many seeks answer ROWS_AGAIN
    uint64_t fails_at; // the row that cannot be read; UINT64_MAX: none
    uint64_t other_at; // the row that is not as it is made up; likewise
    char text[64];
} fake_t;

static inline rows_status_t fake_next (void *self, row_t *row)
{
    fake_t *fake = self;
    if (fake->at == fake->fails_at)
        return ROWS_FAILED;
    if (fake->at == fake->count)
        return ROWS_END;
    const char *text = fake->text;
    if (fake->table)
        text = fake->table[fake->at];
    else
        snprintf (fake->text, sizeof fake->text, "%s,Paz,%08" PRIu64 ",2000-01-01,7574",
                  fake->at == fake->other_at ? "Eva" : "Ana", fake->at);
    *row = (row_t){bytes_of (text, strlen (text)), fake->at + 1};
    fake->at++;
    return ROWS_OK;
}

static inline rows_status_t fake_seek (void *self, uint64_t index, uint64_t *rows)
{
    fake_t *fake = self;
    if (fake->moving > 0) {
        fake->moving--;
        return ROWS_AGAIN;
    }
    *rows = fake->count;
    fake->at = index < fake->count ? index : fake->count;
    return index <= fake->count ? ROWS_OK : ROWS_END;
}

static inline const char *fake_error (void *self)
{
    (void) self;
    return "fake.csv, line 3: torn";
}

/* The day: one session, its source, its clock. */
typedef struct {
    fake_t fake;
    rows_t rows;
    session_options_t options;
    session_t *session;
    int64_t now_ms;
    uint8_t output[65536]; // what the session said last
    uint64_t told_batches; // by the callback
    uint64_t told_rows;
    uint64_t told_next; // offset behind the last one
} day_t;

static inline void take_told (void *listener, const window_batch_t *batch)
{
    day_t *day = listener;
    assert_true (batch->sent);
    assert_true (batch->offset >= day->told_next);
    day->told_batches++;
    day->told_rows += batch->count;
    day->told_next = batch->offset + batch->count;
}

static inline int day_setup (void **state)
{
    day_t *day = calloc (1, sizeof *day);
    assert_non_null (day);
    day->fake = (fake_t){.count = 10, .fails_at = UINT64_MAX, .other_at = UINT64_MAX};
    day->rows =
        (rows_t){&day->fake, "fake.csv", fake_next, fake_seek, fake_error, NULL};
    day->options = (session_options_t){.agency = AGENCY,
                                       .limits = {4, 1024, 3, 0},
                                       .stored = take_told,
                                       .listener = day};
    day->now_ms = 1000000;
    *state = day;
    return 0;
}

static inline int day_teardown (void **state)
{
    day_t *day = *state;
    session_destroy (&day->session);
    free (day);
    return 0;
}

static inline void start (day_t *day)
{
    session_destroy (&day->session);
    day->session = session_new (&day->options, &day->rows, day->now_ms);
    day->told_batches = day->told_rows = day->told_next = 0;
}

static inline const session_progress_t *progress (const day_t *day)
{
    return session_progress (day->session);
}

static inline void assert_state (const day_t *day, session_state_t state)
{
    if (progress (day)->state != state)
        print_error ("state %d, failure '%s'\n", (int) progress (day)->state,
                     session_failure (day->session));
    assert_int_equal (progress (day)->state, state);
}

static inline void assert_failed (const day_t *day, const char *text)
{
    assert_state (day, SESSION_FAILED);
    assert_string_equal (session_failure (day->session), text);
    assert_true (session_over (day->session));
    assert_true (session_deadline (day->session) == NEVER);
}

/* What the session has to say, if anything; it stays until the next. */
static inline bool next_output (day_t *day, bytes_t *bytes)
{
    const size_t size = session_next_output (day->session, day->now_ms);
    assert_true (size <= sizeof day->output);
    if (size > 0)
        session_write_output (day->session, day->output);
    *bytes = bytes_of (day->output, size);
    return size > 0;
}

/* The session says something, and it is on its way. */
static inline wire_message_t said (day_t *day, wire_command_t command)
{
    bytes_t bytes;
    wire_message_t message;
    assert_true (next_output (day, &bytes));
    assert_int_equal (wire_decode (bytes, &message), REFUSED_OK);
    assert_string_equal (wire_command_name (message.command),
                         wire_command_name (command));
    assert_int_equal (message.agency, AGENCY);
    session_output_sent (day->session, day->now_ms);
    return message;
}

static inline void said_batch (day_t *day, uint64_t offset, uint32_t count)
{
    wire_message_t message = said (day, WIRE_BATCH);
    assert_int_equal (message.batch.offset, offset);
    assert_int_equal (message.batch.count, count);
}

/* A BATCHES of so many batches, which go on at `offset` and have `count` rows each. */
static inline void said_batches (day_t *day, uint32_t batches, uint64_t offset,
                                 uint32_t count)
{
    wire_message_t bundle = said (day, WIRE_BATCHES), batch;
    bytes_t frame;
    for (; wire_batches_next (&bundle.batches, &frame, &batch); batches--) {
        assert_int_equal (batch.batch.offset, offset);
        assert_int_equal (batch.batch.count, count);
        assert_int_equal (batch.draw, DRAW);
        offset += count;
    }
    assert_int_equal (batches, 0);
}

static inline void said_nothing (day_t *day)
{
    assert_int_equal (session_next_output (day->session, day->now_ms), 0);
}

static inline void answer (day_t *day, const wire_message_t *message)
{
    uint8_t buffer[2048];
    wire_message_t sent = *message;
    const bool refuses_hello =
        sent.command == WIRE_REFUSED && sent.refused.command == WIRE_HELLO;
    if (sent.draw == 0 && !refuses_hello && progress (day)->draw[0])
        sent.draw = DRAW;
    assert_true (wire_size (&sent) <= sizeof buffer);
    size_t size = wire_encode (&sent, buffer);
    session_receive (day->session, bytes_of (buffer, size), day->now_ms);
}

static inline void welcome_with (day_t *day, uint64_t next, wire_limits_t limits,
                                 wire_day_t when)
{
    answer (day, &(wire_message_t){.command = WIRE_WELCOME,
                                   .agency = AGENCY,
                                   .draw = DRAW,
                                   .welcome = {.next = next,
                                               .digest = digest_of (next),
                                               .limits = limits,
                                               .agencies = 5,
                                               .ready = 1,
                                               .day = (uint8_t) when,
                                               .highest = 9999,
                                               .name = bytes_of ("first", 5)}});
}

static inline void welcome (day_t *day, uint64_t next)
{
    welcome_with (day, next, (wire_limits_t){16, 65536, 65535, 0}, DAY_OPEN);
}

static inline void stored_as (day_t *day, uint64_t next, uint64_t digest)
{
    answer (day, &(wire_message_t){.command = WIRE_STORED,
                                   .agency = AGENCY,
                                   .stored = {next, digest}});
}

static inline void stored (day_t *day, uint64_t next)
{
    stored_as (day, next, digest_of (next));
}

/* The first CHECK and all that follow are answered by a central whose bets are the
   made-up ones. Returns how many there were. */
static inline int answer_checks (day_t *day)
{
    int checks = 0;
    bytes_t bytes;
    while (next_output (day, &bytes)) {
        const uint64_t count = said (day, WIRE_CHECK).tally.count;
        answer (day, &(wire_message_t){.command = WIRE_DIGEST,
                                       .agency = AGENCY,
                                       .tally = {count, digest_of (count), 0}});
        checks++;
    }
    return checks;
}

static inline void waiting (day_t *day, uint32_t ready)
{
    answer (day, &(wire_message_t){
                     .command = WIRE_WAITING,
                     .agency = AGENCY,
                     .waiting = {.ready = ready, .agencies = 5, .day = DAY_SEALED}});
}

/* The answer to RESULTS: nothing was closed. */
static inline void waiting_open (day_t *day)
{
    answer (day,
            &(wire_message_t){.command = WIRE_WAITING,
                              .agency = AGENCY,
                              .waiting = {.ready = 1, .agencies = 5, .day = DAY_OPEN}});
}

static inline void winners (day_t *day, uint64_t cursor, uint64_t next, uint32_t count,
                            const char *documents)
{
    answer (day, &(wire_message_t){.command = WIRE_WINNERS,
                                   .agency = AGENCY,
                                   .winners = {.cursor = cursor,
                                               .next = next,
                                               .number = 7574,
                                               .count = count,
                                               .sequence = 4711,
                                               .head = {1, 2, 3},
                                               .documents = bytes_of (
                                                   documents, strlen (documents))}});
}

static inline void goodbye (day_t *day)
{
    answer (day, &(wire_message_t){.command = WIRE_GOODBYE, .agency = AGENCY});
}

static inline void refuse_row (day_t *day, wire_code_t code, wire_command_t command,
                               uint64_t offset, uint32_t row, uint8_t field)
{
    answer (day, &(wire_message_t){.command = WIRE_REFUSED,
                                   .agency = AGENCY,
                                   .refused = {.code = (uint16_t) code,
                                               .command = (uint8_t) command,
                                               .field = field,
                                               .row = row,
                                               .offset = offset,
                                               .text = bytes_of ("why", 3)}});
}

static inline void refuse (day_t *day, wire_code_t code, wire_command_t command,
                           uint64_t offset)
{
    refuse_row (day, code, command, offset, 0, 0);
}

/* WELCOME to one whose sale is closed, with so many bets, `cancelled` of them. */
static inline void welcome_closed (day_t *day, uint64_t next, uint32_t cancelled)
{
    answer (day, &(wire_message_t){.command = WIRE_WELCOME,
                                   .agency = AGENCY,
                                   .draw = DRAW,
                                   .welcome = {.next = next,
                                               .digest = digest_of (next),
                                               .day = DAY_SEALED,
                                               .highest = 9999,
                                               .cancelled = cancelled,
                                               .name = bytes_of ("first", 5)}});
}

/* So many made-up bets are in, and the first that is not is on the next line. */
static inline void assert_closed_at (day_t *day, uint64_t stored)
{
    char text[256];
    snprintf (text, sizeof text,
              "the sale in draw first is closed: %" PRIu64 " %s of fake.csv %s in, and "
              "the first that is not is on line %" PRIu64,
              stored, stored == 1 ? "bet" : "bets", stored == 1 ? "is" : "are",
              stored + 1);
    assert_true (progress (day)->closed);
    assert_string_equal (session_shortfall (day->session), text);
    assert_int_equal (progress (day)->sold_ms, -1);
}

/* Let the time until the deadline pass; returns how long that was. */
static inline int64_t pass (day_t *day)
{
    int64_t deadline_ms = session_deadline (day->session);
    assert_true (deadline_ms != NEVER);
    int64_t passed_ms = deadline_ms - day->now_ms;
    assert_true (passed_ms >= 0);
    if (passed_ms > 0) { // nothing is to happen before
        session_tick (day->session, deadline_ms - 1);
        assert_int_equal (session_next_output (day->session, deadline_ms - 1), 0);
    }
    day->now_ms = deadline_ms;
    session_tick (day->session, deadline_ms);
    return passed_ms;
}

/* Under a central that takes bundles of so many bytes. */
static inline void begin_bundling (day_t *day, uint32_t bytes)
{
    day->options.limits.bundle_bytes = BATCHES_BYTES_MAX;
    start (day);
    assert_int_equal (said (day, WIRE_HELLO).hello.limits.bundle_bytes,
                      BATCHES_BYTES_MAX);
    welcome_with (day, 0, (wire_limits_t){0, 0, 0, bytes}, DAY_OPEN);
}

static inline void begin_selling (day_t *day)
{
    start (day);
    said (day, WIRE_HELLO);
    welcome (day, 0);
}

/* All ten made-up rows are sold, in batches of three, and READY was said. */
static inline void sell_all (day_t *day)
{
    begin_selling (day);
    said_batch (day, 0, 3);
    said_batch (day, 3, 3);
    said_batch (day, 6, 3);
    said_batch (day, 9, 1);
    said_nothing (day);
    stored (day, 10);
    assert_int_equal (said (day, WIRE_READY).tally.count, 10);
}

#define DAY_TEST(name) cmocka_unit_test_setup_teardown (name, day_setup, day_teardown)

#endif
