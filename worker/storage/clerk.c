/* clerk.c - what storage does with each request. */

#include "clerk.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "bet_csv.h"
#include "digest.h"
#include "rate_limit.h"
#include "logger.h"
#include "winners.h"

#define FINDS_MAX BUNDLE_MESSAGES_MAX

typedef struct {  // one request and whom to answer
    bytes_t peer; // who passed it on; of interest where state asked for itself
    envelope_t envelope;
    bytes_t encoded;
    wire_message_t message;
    uint64_t digest; // of a STORE: behind its rows, if it is right about those before
} request_t;

struct clerk {
    ledger_t *ledger; // borrowed
    book_t *book;     // borrowed
    bool log_bets;
    outbox_t *answers, *to_state;
    account_t **owed; // accounts that this group owes a STORED or a HELD
    size_t owed_count, owed_capacity;
    size_t messages;  // in this group
    winners_t *finds; // FINDS_MAX, of the bundle that is being taken
    request_t *finders;
    size_t finds_count;
    rate_limit_t *refusals, *conflicts; // of the log's lines
    bool told_other;                    // the log, that state is another draw's
    int64_t now_ms;
    uint64_t strays;
};

static int take_request (clerk_t *clerk, request_t *request);
static int take_store (clerk_t *clerk, request_t *request);
static int take_admit (clerk_t *clerk, request_t *request);
static int take_seal (clerk_t *clerk, request_t *request);
static int take_find (clerk_t *clerk, request_t *request);
static int take_check (clerk_t *clerk, request_t *request);
static bool other_draw (clerk_t *clerk, const request_t *request, uint64_t draw);
static void log_other_state (clerk_t *clerk, uint64_t draw);
static int answer_finds (clerk_t *clerk);
static void conflict (clerk_t *clerk, const request_t *request, const char *reason);
static int store (clerk_t *clerk, account_t *account, request_t *request);
static bool rows_sound (request_t *request);
static int append (clerk_t *clerk, account_t *account, request_t *request);
static int compare (clerk_t *clerk, account_t *account, request_t *request);
static void hold (clerk_t *clerk, account_t *account, request_t *request);
static int store_released (clerk_t *clerk, account_t *account);
static void owe (clerk_t *clerk, account_t *account, const request_t *request);
static void note_owed (clerk_t *clerk, account_t *account);
static void pay (clerk_t *clerk, account_t *account);
static void tell_held (clerk_t *clerk, account_t *account);
static void answer (clerk_t *clerk, const request_t *request,
                    const wire_message_t *message);
static void refuse (clerk_t *clerk, const request_t *request, wire_code_t code,
                    const char *text);
static uint8_t command_of_agency (uint8_t command);
static void log_stored (const clerk_t *clerk, const wire_batch_t *batch);
static void report (rate_limit_t *limit, int64_t now_ms, logger_level_t level,
                    const char *action);

static const struct {
    uint8_t command;
    int (*take) (clerk_t *clerk, request_t *request);
} handlers[] = {
    {WIRE_STORE, take_store}, {WIRE_ADMIT, take_admit}, {WIRE_SEAL, take_seal},
    {WIRE_FIND, take_find},   {WIRE_CHECK, take_check},
};

clerk_t *clerk_new (ledger_t *ledger, book_t *book, bool log_bets)
{
    clerk_t *clerk = calloc (1, sizeof *clerk);
    assert (clerk);
    clerk->ledger = ledger;
    clerk->book = book;
    clerk->log_bets = log_bets;
    clerk->answers = outbox_new ();
    clerk->to_state = outbox_new ();
    clerk->refusals = rate_limit_new ();
    clerk->conflicts = rate_limit_new ();
    clerk->finds = malloc (FINDS_MAX * sizeof *clerk->finds);
    clerk->finders = malloc (FINDS_MAX * sizeof *clerk->finders);
    assert (clerk->finds && clerk->finders);
    return clerk;
}

void clerk_destroy (clerk_t **clerk)
{
    if (*clerk) {
        outbox_destroy (&(*clerk)->answers);
        outbox_destroy (&(*clerk)->to_state);
        rate_limit_destroy (&(*clerk)->refusals);
        rate_limit_destroy (&(*clerk)->conflicts);
        free ((*clerk)->owed);
        free ((*clerk)->finds);
        free ((*clerk)->finders);
        free (*clerk);
    }
    *clerk = NULL;
}

void clerk_tick (clerk_t *clerk, int64_t now_ms)
{
    clerk->now_ms = now_ms;
    report (clerk->refusals, now_ms, LOG_WARNING, "apuesta_recibida");
    report (clerk->conflicts, now_ms, LOG_ERROR, "conflicto");
}

int64_t clerk_deadline (const clerk_t *clerk)
{
    const int64_t refusals_ms = rate_limit_deadline (clerk->refusals);
    const int64_t conflicts_ms = rate_limit_deadline (clerk->conflicts);
    return refusals_ms < conflicts_ms ? refusals_ms : conflicts_ms;
}

int clerk_take (clerk_t *clerk, bytes_t peer, bytes_t bundle)
{
    request_t request = {.peer = peer};
    int more;
    while ((more = bundle_next (&bundle, &request.envelope, &request.encoded)) == 1) {
        clerk->messages++;
        if (take_request (clerk, &request) == -1)
            return -1;
    }
    if (more == -1)
        clerk->strays++;
    return answer_finds (clerk);
}

bool clerk_full (const clerk_t *clerk)
{
    return clerk->messages >= GROUP_MESSAGES_MAX ||
           book_pending (clerk->book) >= GROUP_BYTES_MAX;
}

int clerk_commit (clerk_t *clerk)
{
    if (book_commit (clerk->book) == -1)
        return -1;
    for (size_t i = 0; i < clerk->owed_count; i++) {
        clerk->owed[i]->owed = false;
        pay (clerk, clerk->owed[i]);
        tell_held (clerk, clerk->owed[i]);
    }
    clerk->owed_count = 0;
    clerk->messages = 0;
    return 0;
}

outbox_t *clerk_answers (clerk_t *clerk)
{
    return clerk->answers;
}

outbox_t *clerk_to_state (clerk_t *clerk)
{
    return clerk->to_state;
}

uint64_t clerk_strays (const clerk_t *clerk)
{
    return clerk->strays;
}

static int take_request (clerk_t *clerk, request_t *request)
{
    const wire_code_t code = wire_decode (request->encoded, &request->message);
    if (code == REFUSED_OK)
        for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++)
            if (handlers[i].command == request->message.command)
                return handlers[i].take (clerk, request);
    clerk->strays++;
    return 0;
}

static int take_store (clerk_t *clerk, request_t *request)
{
    if (other_draw (clerk, request, request->message.batch.draw))
        return 0;
    account_t *account = ledger_find (clerk->ledger, request->message.agency);
    if (!account) {
        refuse (clerk, request, REFUSED_HELLO, "storage has not heard HELLO from it");
        return 0;
    }
    if (!rows_sound (request)) {
        clerk->strays++; // no worker of ours makes such rows
        refuse (clerk, request, REFUSED_BODY, "rows that are not canonical");
        return 0;
    }
    if (store (clerk, account, request) == -1)
        return -1;
    return store_released (clerk, account);
}

/* State vouches for the agency and has filled in what it knows; its next offset is
   ours. Whatever of an earlier life of the agency was held is stale. */
static int take_admit (clerk_t *clerk, request_t *request)
{
    wire_message_t *message = &request->message;
    if (message->agency == 0 || message->agency > AGENCIES_MAX) {
        clerk->strays++;
        return 0;
    }
    if (message->welcome.draw != 0 &&
        other_draw (clerk, request, message->welcome.draw)) {
        log_other_state (clerk, message->welcome.draw);
        return 0;
    }
    account_t *account = ledger_admit (clerk->ledger, message->agency);
    ledger_drop_held (clerk->ledger, account);
    message->command = WIRE_WELCOME;
    message->welcome.draw = book_draw (clerk->book);
    message->welcome.next = account->next;
    message->welcome.digest = account->digest;
    if (account->sealed && message->welcome.day == DAY_OPEN)
        message->welcome.day = DAY_SEALED;
    answer (clerk, request, message);
    return 0;
}

static int take_seal (clerk_t *clerk, request_t *request)
{
    const wire_message_t *message = &request->message;
    if (other_draw (clerk, request, message->tally.draw))
        return 0;
    account_t *account = ledger_find (clerk->ledger, message->agency);
    if (!account) {
        refuse (clerk, request, REFUSED_HELLO, "storage has not heard HELLO from it");
        return 0;
    }
    if (account->next != message->tally.count) {
        refuse (clerk, request, REFUSED_TALLY, "another count of bets is stored");
        return 0;
    }
    if (account->digest != message->tally.digest) {
        conflict (clerk, request, "other bets are stored than it says that it sold");
        return 0;
    }
    if (!account->sealed) {
        if (book_reserve (clerk->book, 0) == -1) {
            if (!file_full (errno))
                return -1;
            refuse (clerk, request, REFUSED_NOSPACE, "the central's disk is full");
            return 0;
        }
        record_t record = ledger_record (account, RECORD_SEAL, 0);
        const uint32_t index = book_append (clerk->book, &record, bytes_of (NULL, 0));
        ledger_apply (clerk->ledger, index, &record);
        ledger_drop_held (clerk->ledger, account);
    }
    const wire_message_t sealed = {.command = WIRE_SEALED,
                                   .agency = message->agency,
                                   .tally = {.draw = book_draw (clerk->book),
                                             .count = account->next,
                                             .digest = account->digest}};
    outbox_write (clerk->to_state, request->peer, &request->envelope, &sealed);
    return 0;
}

/* After the draw many ask at once: what a bundle asks for is found in one pass. */
static int take_find (clerk_t *clerk, request_t *request)
{
    const wire_message_t *message = &request->message;
    const wire_find_t *find = &message->find;
    if (other_draw (clerk, request, find->draw))
        return 0;
    account_t *account = ledger_find (clerk->ledger, message->agency);
    if (!account || !account->sealed || account->next != find->count) {
        refuse (clerk, request, REFUSED_TALLY, "not the bets that were sealed");
        return 0;
    }
    winners_t *winners = &clerk->finds[clerk->finds_count];
    winners->agency = message->agency;
    winners->page = (wire_winners_t){.cursor = find->cursor, .number = find->number};
    clerk->finders[clerk->finds_count++] = *request;
    return clerk->finds_count == FINDS_MAX ? answer_finds (clerk) : 0;
}

/* Whoever has its bets in a file compares them with what is stored, wherever it likes.
 */
static int take_check (clerk_t *clerk, request_t *request)
{
    const wire_message_t *message = &request->message;
    if (other_draw (clerk, request, message->tally.draw))
        return 0;
    const account_t *account = ledger_find (clerk->ledger, message->agency);
    if (!account) {
        refuse (clerk, request, REFUSED_HELLO, "storage has not heard HELLO from it");
        return 0;
    }
    if (message->tally.count > account->next) {
        refuse (clerk, request, REFUSED_GAP, "not so many bets are stored");
        return 0;
    }
    wire_message_t digest = {.command = WIRE_DIGEST,
                             .agency = message->agency,
                             .tally = {.count = message->tally.count}};
    if (book_digest (clerk->book, account->last, message->tally.count,
                     &digest.tally.digest) == -1)
        return -1;
    answer (clerk, request, &digest);
    return 0;
}

/* Refuse what was begun with another central's bets.journal, or this one's of another
   day: whatever it says of offsets is not about these bets. */
static bool other_draw (clerk_t *clerk, const request_t *request, uint64_t draw)
{
    if (draw == book_draw (clerk->book))
        return false;
    refuse (clerk, request, REFUSED_DRAW, "it began with another draw");
    return true;
}

/* The seals that state has recorded are those of other bets: one of the two was started
   in the wrong directory. */
static void log_other_state (clerk_t *clerk, uint64_t draw)
{
    if (!clerk->told_other)
        logger_event (LOG_ERROR, "conflicto", LOG_FAIL,
                      "draw: %016llx | state: %016llx | reason: draw.journal and "
                      "bets.journal are not of one draw; give state and storage the "
                      "data directories that belong together",
                      (unsigned long long) book_draw (clerk->book),
                      (unsigned long long) draw);
    clerk->told_other = true;
}

static int answer_finds (clerk_t *clerk)
{
    const size_t count = clerk->finds_count;
    clerk->finds_count = 0;
    if (count > 0 && winners_find (clerk->book, clerk->finds, count) == -1)
        return -1;
    for (size_t i = 0; i < count; i++) {
        const wire_message_t winners = {.command = WIRE_WINNERS,
                                        .agency = clerk->finds[i].agency,
                                        .winners = clerk->finds[i].page};
        answer (clerk, &clerk->finders[i], &winners);
    }
    return 0;
}

static int store (clerk_t *clerk, account_t *account, request_t *request)
{
    const wire_batch_t *batch = &request->message.batch;
    switch (ledger_judge (account, batch->offset, batch->count)) {
    case LEDGER_NEXT:
        return append (clerk, account, request);
    case LEDGER_PAST:
        return compare (clerk, account, request);
    case LEDGER_AHEAD:
        hold (clerk, account, request);
        return 0;
    case LEDGER_ACROSS:
        refuse (clerk, request, REFUSED_GAP, "it begins in what is stored already");
        return 0;
    case LEDGER_CLOSED:
        refuse (clerk, request, REFUSED_CLOSED, "the agency asked for its results");
        return 0;
    }
    assert (false);
    return -1;
}

/* What a worker checked is not checked again, but its shape is: as many LF as rows,
   the last at the end. Everything that reads bets.csv relies on that. */
static bool rows_sound (request_t *request)
{
    const wire_batch_t *batch = &request->message.batch;
    const bytes_t rows = batch->rows;
    request->digest = batch->digest;
    return batch->count > 0 && batch->count <= BATCH_ROWS_MAX && rows.size >= 2 &&
           rows.size <= STORE_BYTES_MAX &&
           memcmp (rows.data + rows.size - 2, "\r\n", 2) == 0 &&
           digest_rows (&request->digest, rows,
                        digest_prefix (request->message.agency)) == batch->count;
}

static int append (clerk_t *clerk, account_t *account, request_t *request)
{
    const wire_batch_t *batch = &request->message.batch;
    if (batch->digest != account->digest) {
        conflict (clerk, request, "what is stored before it is not what it sold");
        return 0;
    }
    if (book_reserve (clerk->book, batch->rows.size) == -1) {
        if (!file_full (errno))
            return -1;
        refuse (clerk, request, REFUSED_NOSPACE, "the central's disk is full");
        return 0;
    }
    record_t record = ledger_record (account, RECORD_BETS, batch->count);
    record.digest = request->digest;
    record.writer = batch->writer;
    const uint32_t index = book_append (clerk->book, &record, batch->rows);
    ledger_apply (clerk->ledger, index, &record);
    owe (clerk, account, request);
    log_stored (clerk, batch);
    return 0;
}

/* A repeat has the same bets, of the same writer, behind the same bets. */
static int compare (clerk_t *clerk, account_t *account, request_t *request)
{
    const wire_batch_t *batch = &request->message.batch;
    const int same = book_same (clerk->book, account->last, batch->offset, batch->count,
                                batch->writer, batch->rows);
    uint64_t before;
    if (same == -1 ||
        book_digest (clerk->book, account->last, batch->offset, &before) == -1)
        return -1;
    if (same == 0)
        conflict (clerk, request, "other bets, or another writer's, are stored there");
    else if (before != batch->digest)
        conflict (clerk, request, "what is stored before it is not what it sold");
    else
        owe (clerk, account, request);
    return 0;
}

static void conflict (clerk_t *clerk, const request_t *request, const char *reason)
{
    const wire_message_t *message = &request->message;
    if (rate_limit_allows (clerk->conflicts, message->agency, clerk->now_ms))
        logger_event (
            LOG_ERROR, "conflicto", LOG_FAIL,
            "agency: %u | offset: %llu | reason: %s, two histories with one identity",
            message->agency,
            (unsigned long long) (message->command == WIRE_STORE
                                      ? message->batch.offset
                                      : message->tally.count),
            reason);
    refuse (clerk, request, REFUSED_CONFLICT, reason);
}

static void hold (clerk_t *clerk, account_t *account, request_t *request)
{
    if (ledger_hold (clerk->ledger, account, &request->envelope, request->encoded,
                     request->message.batch.offset) == -1)
        refuse (clerk, request, REFUSED_GAP, "too far ahead of what is stored");
    else
        note_owed (clerk, account);
}

/* What was held and whose turn has come goes the way of a batch that arrives now. */
static int store_released (clerk_t *clerk, account_t *account)
{
    held_t *held;
    int rc = 0;
    while (rc == 0 && (held = ledger_release (clerk->ledger, account))) {
        request_t request = {.envelope = held->envelope,
                             .encoded = bytes_of (held->message, held->message_size)};
        const wire_code_t code = wire_decode (request.encoded, &request.message);
        const bool sound = code == REFUSED_OK && rows_sound (&request);
        assert (sound); // it was when it came
        rc = store (clerk, account, &request);
        free (held);
    }
    return rc;
}

/* One STORED answers all of an agency's batches in the group: it goes where the latest
   of them came from. Should they come from two connections, each gets one. */
static void owe (clerk_t *clerk, account_t *account, const request_t *request)
{
    const envelope_t *envelope = &request->envelope;
    if (account->ack && (account->ack_to.client != envelope->client ||
                         account->ack_to.boot != envelope->boot))
        pay (clerk, account);
    note_owed (clerk, account);
    account->ack = true;
    account->ack_to = *envelope;
}

static void note_owed (clerk_t *clerk, account_t *account)
{
    if (account->owed)
        return;
    account->owed = true;
    if (clerk->owed_count == clerk->owed_capacity) {
        clerk->owed_capacity = clerk->owed_capacity * 2 + 64;
        clerk->owed =
            realloc (clerk->owed, clerk->owed_capacity * sizeof (account_t *));
        assert (clerk->owed);
    }
    clerk->owed[clerk->owed_count++] = account;
}

static void pay (clerk_t *clerk, account_t *account)
{
    if (!account->ack)
        return;
    account->ack = false;
    const wire_message_t stored = {
        .command = WIRE_STORED,
        .agency = account->agency,
        .stored = {.next = account->next, .digest = account->digest}};
    outbox_answer (clerk->answers, &account->ack_to, &stored);
}

/* What is held still when its group is over may be so for long: the worker's credit
   that it takes up is given back. */
static void tell_held (clerk_t *clerk, account_t *account)
{
    const wire_message_t message = {.command = WIRE_HELD, .agency = account->agency};
    for (size_t i = 0; i < account->held_count; i++) {
        held_t *held = account->held[i];
        if (!held->told)
            outbox_answer (clerk->answers, &held->envelope, &message);
        held->told = true;
    }
}

static void answer (clerk_t *clerk, const request_t *request,
                    const wire_message_t *message)
{
    outbox_answer (clerk->answers, &request->envelope, message);
}

static void refuse (clerk_t *clerk, const request_t *request, wire_code_t code,
                    const char *text)
{
    wire_message_t refusal = wire_refusal (&request->message, code, text);
    const account_t *account = ledger_find (clerk->ledger, request->message.agency);
    refusal.refused.command = command_of_agency (refusal.refused.command);
    refusal.refused.expected = account ? account->next : 0;
    answer (clerk, request, &refusal);
    if (request->message.command == WIRE_STORE &&
        rate_limit_allows (clerk->refusals, request->message.agency, clerk->now_ms))
        logger_event (
            LOG_WARNING, "apuesta_recibida", LOG_FAIL,
            "cantidad: %u | agency: %u | offset: %llu | code: %s | reason: %s",
            request->message.batch.count, request->message.agency,
            (unsigned long long) request->message.batch.offset,
            wire_code_name ((uint16_t) code), text);
}

/* What state asks in an agency's place is refused as what the agency asked. */
static uint8_t command_of_agency (uint8_t command)
{
    switch (command) {
    case WIRE_ADMIT:
        return WIRE_HELLO;
    case WIRE_SEAL:
        return WIRE_READY;
    case WIRE_FIND:
        return WIRE_RESULTS;
    default:
        return command;
    }
}

static void log_stored (const clerk_t *clerk, const wire_batch_t *batch)
{
    logger_event (LOG_INFO, "apuesta_recibida", LOG_SUCCESS, "cantidad: %u",
                  batch->count);
    if (!clerk->log_bets)
        return;
    uint8_t scratch[ROW_BYTES_MAX];
    bytes_t rows = batch->rows;
    uint32_t agency;
    bet_t bet;
    while (bet_csv_next (&rows, scratch, &agency, &bet) == 1)
        logger_event (LOG_INFO, "apuesta_almacenada", LOG_SUCCESS,
                      "dni: %.*s | numero: %u", (int) bet.document.size,
                      (const char *) bet.document.data, bet.number);
}

static void report (rate_limit_t *limit, int64_t now_ms, logger_level_t level,
                    const char *action)
{
    uint32_t agency;
    uint64_t count;
    while (rate_limit_report (limit, now_ms, &agency, &count))
        logger_event (level, action, LOG_FAIL, "agency: %u | not_logged: %llu", agency,
                      (unsigned long long) count);
}
