/* test_intake.c - a worker's decisions: batches checked and rewritten, all else passed
   on, and what becomes of it when a side cannot be reached. */

#include "logged.h"
#include "mail.h"
#include "testing.h"

#include "bet_csv.h"
#include "intake.h"
#include "logger.h"

#define ROWS_MAX   5
#define NUMBER_MAX 9999
#define CREDIT     64
#define GOOD       "Ana,Paz,20000000,2000-01-01,1\n"

typedef struct {
    mail_t mail;
    size_t bundles;
    bool away;
} side_t;

static intake_t *intake;
static side_t sides[INTAKE_SIDES];

static int send_bundle (void *context, intake_side_t to, bundle_t *bundle)
{
    side_t *side = (side_t *) context + to;
    assert_true (bundle->messages > 0);
    assert_true (bundle->size <= BUNDLE_BYTES_MAX);
    assert_true (bundle->messages <= BUNDLE_MESSAGES_MAX);
    if (side->away)
        return -1;
    mail_open (&side->mail, (bytes_t){0}, bundle_bytes (bundle));
    side->bundles++;
    bundle_clear (bundle);
    return 0;
}

static int setup_with (uint32_t rows_max)
{
    const intake_options_t options = {.rows_max = rows_max,
                                      .number_max = NUMBER_MAX,
                                      .join = {ROLE_WORKER, CREDIT, 500, {0}},
                                      .context = sides,
                                      .send = send_bundle};
    intake = intake_new (&options);
    return 0;
}

static int setup (void **state)
{
    (void) state;
    return setup_with (ROWS_MAX);
}

static void forget (void)
{
    for (int i = 0; i < INTAKE_SIDES; i++) {
        mail_clear (&sides[i].mail);
        sides[i].bundles = 0;
    }
}

static int teardown (void **state)
{
    (void) state;
    forget ();
    for (int i = 0; i < INTAKE_SIDES; i++)
        sides[i].away = false;
    intake_destroy (&intake);
    assert_null (intake);
    intake_destroy (&intake);
    return 0;
}

static void request (const wire_message_t *message)
{
    bundle_t bundle = {0};
    bundle_put (&bundle, "client", 77, message);
    intake_requests (intake, bundle_bytes (&bundle));
    bundle_clear (&bundle);
}

static void batch (uint64_t offset, uint32_t count, bytes_t rows)
{
    const wire_message_t message = {.command = WIRE_BATCH,
                                    .agency = 3,
                                    .draw = 7,
                                    .batch = {offset, 8, 9, count, rows}};
    request (&message);
}

/* What was sent to this side and to no other; then it is forgotten. */
static mailed_t *sent_only (intake_side_t side, size_t count)
{
    intake_flush (intake);
    for (int i = 0; i < INTAKE_SIDES; i++)
        assert_int_equal (sides[i].mail.count, i == (int) side ? count : 0);
    return sides[side].mail.items;
}

static const wire_refused_t *sent_refusal (wire_code_t code, wire_command_t command)
{
    const mailed_t *item = sent_only (INTAKE_BROKER, 1);
    assert_refused (item, code);
    assert_int_equal (item->ticket, 77);
    assert_string_equal (item->client, "client");
    assert_int_equal (item->message.agency, 3);
    assert_string_equal (wire_command_name (item->message.refused.command),
                         wire_command_name (command));
    return &item->message.refused;
}

/* ---- Batches ---- */

static void good_batches_go_to_storage_in_canonical_rows (void **state)
{
    (void) state;
    static const struct {
        const char *rows;
        uint32_t count;
        const char *canonical;
    } cases[] = {
        {GOOD, 1, "3,Ana,Paz,20000000,2000-01-01,1\r\n"},
        {"Ana,Paz,20000000,2000-01-01,0001\r\n\"Eva\",\"G,l\",\"1\",2000-01-02,9999\n",
         2, "3,Ana,Paz,20000000,2000-01-01,1\r\n3,Eva,\"G,l\",1,2000-01-02,9999\r\n"},
        {GOOD GOOD GOOD GOOD GOOD, 5, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        batch (100 + i, cases[i].count, text_bytes (cases[i].rows));
        const mailed_t *item = sent_only (INTAKE_STORAGE, 1);
        const wire_batch_t *store = &item->message.batch;
        assert_string_equal (wire_command_name (item->message.command), "STORE");
        assert_int_equal (item->message.agency, 3);
        assert_int_equal (item->ticket, 77);
        assert_string_equal (item->client, "client");
        assert_int_equal (store->offset, 100 + i);
        assert_int_equal (store->count, cases[i].count);
        if (cases[i].canonical)
            assert_true (bytes_equal (store->rows, text_bytes (cases[i].canonical)));
        forget ();
    }
}

static void bad_batches_are_refused_whole (void **state)
{
    (void) state;
    static const struct {
        const char *rows;
        uint32_t count;
        wire_code_t code;
        uint32_t row;
        uint8_t field;
        const char *text;
    } cases[] = {
        {"", 0, REFUSED_EMPTY, 0, BET_ROW, "no bets in the batch"},
        {"", 1, REFUSED_COUNT, 1, BET_ROW, "more or fewer rows than announced"},
        {GOOD, 0, REFUSED_COUNT, 0, BET_ROW, "more or fewer rows than announced"},
        {GOOD, 2, REFUSED_COUNT, 2, BET_ROW, NULL},
        {GOOD GOOD, 1, REFUSED_COUNT, 2, BET_ROW, NULL},
        {GOOD, ROWS_MAX + 1, REFUSED_ROWS, 0, BET_ROW,
         "more rows than WELCOME permits"},
        {GOOD, UINT32_MAX, REFUSED_ROWS, 0, BET_ROW, NULL},
        {GOOD GOOD GOOD GOOD GOOD GOOD, 6, REFUSED_ROWS, 0, BET_ROW, NULL},
        {GOOD "Ana,Paz\n", 2, REFUSED_FIELDS, 2, BET_ROW, NULL},
        {"Ana,Paz,2,2000-01-01,1", 1, REFUSED_FIELDS, 1, BET_ROW, NULL},
        {"Ana,P\"z,2,2000-01-01,1\n", 1, REFUSED_QUOTES, 1, BET_LAST_NAME, NULL},
        {",Paz,2,2000-01-01,1\n", 1, REFUSED_MISSING, 1, BET_FIRST_NAME,
         "first name: nothing in it"},
        {"Ana,Paz,012345678901234567890123456789012,2000-01-01,1\n", 1, REFUSED_LONG, 1,
         BET_DOCUMENT, "document: too long"},
        {"\xff,Paz,2,2000-01-01,1\n", 1, REFUSED_UTF8, 1, BET_FIRST_NAME, NULL},
        {"A\x01,Paz,2,2000-01-01,1\n", 1, REFUSED_CONTROL, 1, BET_FIRST_NAME, NULL},
        {GOOD GOOD "Ana,Paz,2,2023-02-30,1\n", 3, REFUSED_DATE, 3, BET_BIRTHDATE, NULL},
        {"Ana,Paz,2,2000-01-01,x\n", 1, REFUSED_NUMBER, 1, BET_NUMBER,
         "number: not a number of digits alone"},
        {"Ana,Paz,2,2000-01-01,10000\n", 1, REFUSED_RANGE, 1, BET_NUMBER, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        batch (40, cases[i].count, text_bytes (cases[i].rows));
        const wire_refused_t *refused = sent_refusal (cases[i].code, WIRE_BATCH);
        assert_int_equal (refused->offset, 40);
        assert_int_equal (refused->row, cases[i].row);
        assert_int_equal (refused->field, cases[i].field);
        assert_true (refused->text.size > 0);
        if (cases[i].text)
            assert_true (bytes_equal (refused->text, text_bytes (cases[i].text)));
        forget ();
    }
    assert_int_equal (intake_strays (intake), 0);
}

/* Until it is told the day, any is good: a clock may not be set yet. */
static void nobody_is_born_after_the_day_that_it_was_told (void **state)
{
    (void) state;
    static const struct {
        uint32_t told; // 0: nothing
        const char *rows;
        bool good;
    } cases[] = {
        {0, "Ana,Paz,2,9999-12-31,1\n", true},
        {20261201, "Ana,Paz,2,2026-12-01,1\n", true},
        {20261201, "Ana,Paz,2,2026-12-02,1\n", false},
        {20261202, "Ana,Paz,2,2026-12-02,1\n", true},
        {20261202, "Ana,Paz,2,1899-12-31,1\n", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (cases[i].told)
            intake_set_born_max (intake, cases[i].told);
        batch (i, 1, text_bytes (cases[i].rows));
        if (cases[i].good)
            sent_only (INTAKE_STORAGE, 1);
        else
            assert_int_equal (sent_refusal (REFUSED_DATE, WIRE_BATCH)->field,
                              BET_BIRTHDATE);
        forget ();
    }
}

static void offsets_beyond_all_counting_are_refused (void **state)
{
    (void) state;
    static const struct {
        uint64_t offset;
        bool good;
    } cases[] = {
        {UINT64_MAX / 2, true}, {UINT64_MAX / 2 + 1, false}, {UINT64_MAX, false}};
    for (size_t i = 0; i < 3; i++) {
        batch (cases[i].offset, 1, text_bytes (GOOD));
        if (cases[i].good)
            sent_only (INTAKE_STORAGE, 1);
        else
            assert_true (sent_refusal (REFUSED_GAP, WIRE_BATCH)->offset ==
                         cases[i].offset);
        forget ();
    }
}

/* The most that canonical rows can grow: the shortest rows of the longest agency. */
static void the_largest_batch_passes (void **state)
{
    (void) state;
    static const char row[] = "a,b,1,2000-01-01,1\n";
    static uint8_t rows[MESSAGE_BYTES_MAX];
    teardown (NULL);
    setup_with (BATCH_ROWS_MAX);
    const uint32_t count =
        (MESSAGE_BYTES_MAX - WIRE_BATCH_BYTES) / (sizeof row - 1) < BATCH_ROWS_MAX
            ? (MESSAGE_BYTES_MAX - WIRE_BATCH_BYTES) / (sizeof row - 1)
            : BATCH_ROWS_MAX;
    for (uint32_t i = 0; i < count; i++)
        memcpy (rows + i * (sizeof row - 1), row, sizeof row - 1);
    const wire_message_t message = {
        .command = WIRE_BATCH,
        .agency = UINT32_MAX,
        .batch = {.count = count, .rows = bytes_of (rows, count * (sizeof row - 1))}};
    request (&message);
    const mailed_t *item = sent_only (INTAKE_STORAGE, 1);
    assert_int_equal (item->message.batch.rows.size, count * (sizeof row - 1 + 12));
}

/* No broker passes on so much; a worker survives it all the same. */
static void more_than_any_message_holds_is_refused (void **state)
{
    (void) state;
    static uint8_t rows[2 * MESSAGE_BYTES_MAX];
    memset (rows, 'x', sizeof rows);
    teardown (NULL);
    setup_with (BATCH_ROWS_MAX);
    static const size_t sizes[] = {MESSAGE_BYTES_MAX + 1, sizeof rows};
    for (size_t i = 0; i < 2; i++) {
        batch (0, BATCH_ROWS_MAX, bytes_of (rows, sizes[i]));
        sent_refusal (REFUSED_SIZE, WIRE_BATCH);
        forget ();
    }
}

/* ---- What an agency can cause in the log ---- */

static void send_bad_batches (void)
{
    for (int i = 0; i < 10000; i++) {
        batch (40, 1, text_bytes ("no bet\n"));
        intake_flush (intake);
        mail_clear (&sides[INTAKE_BROKER].mail);
    }
}

static void pass_time (void)
{
    intake_tick (intake, 100000 + RATE_LIMIT_PERIOD_MS);
}

static void a_flood_of_refused_batches_is_no_flood_of_lines (void **state)
{
    (void) state;
    intake_tick (intake, 100000);
    assert_int_equal (logged ("apuesta_recibida", send_bad_batches), RATE_LIMIT_LINES);
    assert_int_equal (logged ("agency: 3 | not_logged: 9990", pass_time), 1);
    assert_int_equal (logged ("code: FIELDS", send_bad_batches), RATE_LIMIT_LINES);
}

/* ---- Everything else ---- */

static void hello_is_lowered_and_passed_to_state (void **state)
{
    (void) state;
    static const uint32_t cases[][2] = {{0, ROWS_MAX},
                                        {1, 1},
                                        {ROWS_MAX, ROWS_MAX},
                                        {ROWS_MAX + 1, ROWS_MAX},
                                        {UINT32_MAX, ROWS_MAX}};
    for (size_t i = 0; i < 5; i++) {
        const wire_message_t hello = {
            .command = WIRE_HELLO,
            .agency = 3,
            .hello = {{16, 8192, cases[i][0], 65536}, text_bytes ("first")}};
        request (&hello);
        const mailed_t *item = sent_only (INTAKE_STATE, 1);
        assert_string_equal (wire_command_name (item->message.command), "HELLO");
        assert_int_equal (item->ticket, 77);
        assert_string_equal (item->client, "client");
        assert_int_equal (item->message.agency, 3);
        assert_int_equal (item->message.hello.limits.window, 16);
        assert_int_equal (item->message.hello.limits.message_bytes_max, 8192);
        assert_int_equal (item->message.hello.limits.rows_max, cases[i][1]);
        assert_int_equal (item->message.hello.limits.bundle_bytes, 65536);
        forget ();
    }
}

static void questions_are_passed_to_state (void **state)
{
    (void) state;
    const wire_message_t questions[] = {
        {.command = WIRE_READY, .agency = 3, .draw = 7, .tally = {55, 8, 2}},
        {.command = WIRE_RESULTS, .agency = 3, .draw = 7, .cursor = 66},
        {.command = WIRE_DONE, .agency = 3},
    };
    for (size_t i = 0; i < 3; i++) {
        request (&questions[i]);
        const mailed_t *item = sent_only (INTAKE_STATE, 1);
        assert_int_equal (item->message.command, questions[i].command);
        assert_int_equal (item->message.agency, 3);
        assert_int_equal (item->message.tally.count, questions[i].tally.count);
        assert_int_equal (item->ticket, 77);
        forget ();
    }
}

static void what_storage_knows_is_passed_to_storage (void **state)
{
    (void) state;
    const wire_message_t questions[] = {
        {.command = WIRE_CHECK, .agency = 3, .draw = 7, .tally = {.count = 55}},
        {.command = WIRE_CANCEL, .agency = 3, .draw = 7, .offset = 55},
    };
    for (size_t i = 0; i < 2; i++) {
        request (&questions[i]);
        const mailed_t *item = sent_only (INTAKE_STORAGE, 1);
        assert_int_equal (item->message.command, questions[i].command);
        assert_int_equal (item->message.agency, 3);
        assert_true (item->message.draw == 7);
        assert_int_equal (item->message.offset, 55);
        assert_int_equal (item->ticket, 77);
        forget ();
    }
}

static void rejoin_is_answered_with_join (void **state)
{
    (void) state;
    const wire_message_t rejoin = {.command = WIRE_REJOIN};
    request (&rejoin);
    const mailed_t *item = sent_only (INTAKE_BROKER, 1);
    assert_string_equal (wire_command_name (item->message.command), "JOIN");
    assert_int_equal (item->message.join.role, ROLE_WORKER);
    assert_int_equal (item->message.join.credit, CREDIT);
    assert_int_equal (item->message.join.heartbeat_ms, 500);
    assert_string_equal (item->client, ""); // its own, nobody's request
}

static void a_worker_speaks_for_itself (void **state)
{
    (void) state;
    static const wire_command_t commands[] = {WIRE_JOIN, WIRE_BEAT, WIRE_LEAVE};
    for (size_t i = 0; i < 3; i++) {
        intake_say (intake, commands[i]);
        const mailed_t *item = sent_only (INTAKE_BROKER, 1);
        assert_string_equal (wire_command_name (item->message.command),
                             wire_command_name (commands[i]));
        assert_string_equal (item->client, "");
        assert_int_equal (item->message.agency, 0);
        forget ();
    }
}

static void a_bundle_is_taken_message_by_message (void **state)
{
    (void) state;
    bundle_t bundle = {0};
    for (uint64_t i = 0; i < 60; i++) {
        const wire_message_t messages[] = {
            {.command = WIRE_BATCH,
             .agency = 1,
             .batch = {.offset = i, .count = 1, .rows = text_bytes (GOOD)}},
            {.command = WIRE_BATCH,
             .agency = 1,
             .batch = {.offset = i, .count = 1, .rows = text_bytes ("bad\n")}},
            {.command = WIRE_READY, .agency = 1, .tally = {.count = i}}};
        bundle_put (&bundle, "c", i, &messages[i % 3]);
    }
    intake_requests (intake, bundle_bytes (&bundle));
    bundle_clear (&bundle);
    assert_int_equal (sides[INTAKE_STORAGE].mail.count,
                      0); // bundled until it is flushed
    intake_flush (intake);
    static const intake_side_t to[] = {INTAKE_STORAGE, INTAKE_BROKER, INTAKE_STATE};
    for (uint64_t i = 0; i < 3; i++) {
        const mail_t *mail = &sides[to[i]].mail;
        assert_int_equal (sides[to[i]].bundles, 1);
        assert_int_equal (mail->count, 20);
        for (uint64_t j = 0; j < 20; j++)
            assert_int_equal (mail->items[j].ticket, j * 3 + i);
    }
    intake_flush (intake); // and there is nothing more
    assert_int_equal (sides[INTAKE_STORAGE].bundles, 1);
}

static void full_bundles_leave_at_once (void **state)
{
    (void) state;
    for (uint64_t i = 0; i < 2 * BUNDLE_MESSAGES_MAX + 10; i++)
        batch (i, 1, text_bytes (GOOD));
    assert_int_equal (sides[INTAKE_STORAGE].mail.count, 2 * BUNDLE_MESSAGES_MAX);
    sent_only (INTAKE_STORAGE, 2 * BUNDLE_MESSAGES_MAX + 10);
    assert_int_equal (sides[INTAKE_STORAGE].bundles, 3);
    for (uint64_t i = 0; i < sides[INTAKE_STORAGE].mail.count; i++)
        assert_int_equal (sides[INTAKE_STORAGE].mail.items[i].message.batch.offset, i);
}

/* ---- A side that cannot be reached ---- */

static void what_cannot_go_inwards_is_refused (void **state)
{
    (void) state;
    const wire_message_t hello = {.command = WIRE_HELLO, .agency = 3};
    const wire_message_t ready = {
        .command = WIRE_READY, .agency = 3, .tally = {.count = 1}};
    sides[INTAKE_STORAGE].away = sides[INTAKE_STATE].away = true;
    batch (40, 1, text_bytes (GOOD));
    const wire_refused_t *refused = sent_refusal (REFUSED_UNAVAILABLE, WIRE_BATCH);
    assert_int_equal (refused->offset, 40);
    assert_true (bytes_equal (refused->text, text_bytes ("storage cannot be reached")));
    forget ();
    request (&hello);
    refused = sent_refusal (REFUSED_UNAVAILABLE, WIRE_HELLO);
    assert_true (bytes_equal (refused->text, text_bytes ("state cannot be reached")));
    forget ();
    request (&ready);
    sent_refusal (REFUSED_UNAVAILABLE, WIRE_READY);
    forget ();

    sides[INTAKE_STORAGE].away = false; // what was answered is not sent as well
    batch (41, 1, text_bytes (GOOD));
    assert_int_equal (sent_only (INTAKE_STORAGE, 1)->message.batch.offset, 41);
    assert_int_equal (intake_lost (intake), 0);
}

/* With more than one bundle of them, each is answered, and the bundles stay bounded. */
static void every_request_of_it_is_refused (void **state)
{
    (void) state;
    sides[INTAKE_STORAGE].away = true;
    for (uint64_t i = 0; i < 500; i++)
        batch (i, 1, text_bytes (GOOD));
    const mailed_t *items = sent_only (INTAKE_BROKER, 500);
    for (uint64_t i = 0; i < 500; i++) {
        assert_refused (&items[i], REFUSED_UNAVAILABLE);
        assert_int_equal (items[i].message.refused.offset, i);
    }
}

static void what_the_broker_does_not_take_is_lost_and_counted (void **state)
{
    (void) state;
    sides[INTAKE_BROKER].away = true;
    for (int i = 0; i < 3; i++) {
        intake_say (intake, WIRE_BEAT);
        intake_flush (intake);
        assert_int_equal (intake_lost (intake), i + 1);
    }
    sides[INTAKE_BROKER].away = false;
    sent_only (INTAKE_BROKER, 0);
    for (int side = 0; side < INTAKE_SIDES; side++)
        sides[side].away = true;
    for (uint64_t i = 0; i < 1000; i++)
        batch (i, 1, text_bytes (GOOD));
    intake_flush (intake);
    assert_true (intake_lost (intake) > 3);
}

/* ---- What is no request ---- */

static void strays_are_counted (void **state)
{
    (void) state;
    static const uint8_t commands[] = {
        WIRE_PING,    WIRE_WELCOME, WIRE_STORED, WIRE_WAITING,   WIRE_WINNERS,
        WIRE_GOODBYE, WIRE_REFUSED, WIRE_PONG,   WIRE_JOIN,      WIRE_BEAT,
        WIRE_LEAVE,   WIRE_STORE,   WIRE_ADMIT,  WIRE_FIND,      WIRE_REGISTER,
        WIRE_REPLAY,  WIRE_RECORD,  WIRE_EVENT,  WIRE_REGISTERED};
    for (size_t i = 0; i < sizeof commands; i++) {
        const wire_message_t message = {.command = commands[i], .agency = 3};
        request (&message);
        assert_int_equal (intake_strays (intake), i + 1);
    }
    bundle_t bundle = {0};
    const envelope_t envelope = mail_envelope ("client", 77);
    bundle_add (&bundle, &envelope, text_bytes ("garbage"));
    intake_requests (intake, bundle_bytes (&bundle));
    bundle_clear (&bundle);
    assert_int_equal (intake_strays (intake), sizeof commands + 1);
    intake_requests (intake, text_bytes ("no bundle at all"));
    assert_int_equal (intake_strays (intake), sizeof commands + 2);
    sent_only (INTAKE_BROKER, 0);
}

/* A frame may be longer than any message is. */
static void a_message_longer_than_any_is_none (void **state)
{
    (void) state;
    static uint8_t frame[BUNDLE_BYTES_MAX];
    const size_t size = ENVELOPED_BYTES_MAX + 1, envelope = BUNDLE_HEAD_BYTES;
    put_u32 (frame, (uint32_t) size);
    const wire_message_t winners = {
        .command = WIRE_WINNERS,
        .winners = {.documents = {frame, size - envelope - WIRE_HEADER_BYTES - 64}}};
    uint8_t *message = malloc (wire_size (&winners));
    assert_non_null (message);
    wire_encode (&winners, message);
    memcpy (frame + envelope, message, wire_size (&winners));
    free (message);
    intake_requests (intake, bytes_of (frame, size));
    assert_int_equal (intake_strays (intake), 1);
    sent_only (INTAKE_BROKER, 0);
}

static void damaged_bundles_do_no_harm (void **state)
{
    (void) state;
    uint64_t random = 9;
    for (int i = 0; i < 30000; i++) {
        bundle_t bundle = {0};
        for (size_t n = 1 + random_below (&random, 3); n > 0; n--) {
            const wire_message_t messages[] = {
                {.command = WIRE_BATCH,
                 .batch = {.offset = 1, .count = 2, .rows = text_bytes (GOOD GOOD)}},
                {.command = WIRE_HELLO},
                {.command = WIRE_READY},
                {.command = WIRE_REJOIN}};
            bundle_put (&bundle, "client", 1, &messages[random_below (&random, 4)]);
        }
        for (size_t n = 1 + random_below (&random, 4); n > 0; n--)
            bundle.data[random_below (&random, bundle.size)] ^=
                (uint8_t) (1 << random_below (&random, 8));
        const size_t size = bundle.size - random_below (&random, 2) *
                                              random_below (&random, bundle.size);
        intake_requests (intake, bytes_of (bundle.data, size));
        bundle_clear (&bundle);
        for (int side = 0; side < INTAKE_SIDES; side++)
            sides[side].away = random_below (&random, 4) == 0;
        if (i % 50 == 0) {
            intake_flush (intake);
            forget ();
        }
    }
    assert_true (intake_strays (intake) > 1000);
}

#define INTAKE_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        INTAKE_TEST (good_batches_go_to_storage_in_canonical_rows),
        INTAKE_TEST (bad_batches_are_refused_whole),
        INTAKE_TEST (nobody_is_born_after_the_day_that_it_was_told),
        INTAKE_TEST (offsets_beyond_all_counting_are_refused),
        INTAKE_TEST (the_largest_batch_passes),
        INTAKE_TEST (more_than_any_message_holds_is_refused),
        INTAKE_TEST (a_flood_of_refused_batches_is_no_flood_of_lines),
        INTAKE_TEST (hello_is_lowered_and_passed_to_state),
        INTAKE_TEST (questions_are_passed_to_state),
        INTAKE_TEST (what_storage_knows_is_passed_to_storage),
        INTAKE_TEST (rejoin_is_answered_with_join),
        INTAKE_TEST (a_worker_speaks_for_itself),
        INTAKE_TEST (a_bundle_is_taken_message_by_message),
        INTAKE_TEST (full_bundles_leave_at_once),
        INTAKE_TEST (what_cannot_go_inwards_is_refused),
        INTAKE_TEST (every_request_of_it_is_refused),
        INTAKE_TEST (what_the_broker_does_not_take_is_lost_and_counted),
        INTAKE_TEST (strays_are_counted),
        INTAKE_TEST (a_message_longer_than_any_is_none),
        INTAKE_TEST (damaged_bundles_do_no_harm),
    };
    logger_set_level (LOG_CRITICAL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}
