/* report.c - what the user sees of a session (agency).

   The bar shares stderr with the log lines: the sink takes it away before it writes
   one, and it is drawn again at its next turn. */

#include "report.h"

#include "bar.h"
#include "bet_csv.h"
#include "logger.h"
#include "missing.h"
#include "sink.h"
#include "waiting.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_PERIOD_MS   100
#define TICKETS_BYTES   512 // of one winner, for people: some of many
#define COLUMNS_DEFAULT 80
#define UPDATE_MS       500 // how often it looks, at least, whether somebody answers
#define WAITING_SAY_MS  WAIT_AGAIN_MS

struct report {
    report_options_t options;
    int64_t bar_due_ms;
    uint64_t resumed; // bets that were stored when it was let in
    uint64_t rows;    // of the source that were read
    uint64_t total;   // that it has, by then
    bool estimated;   // that is

    bool welcomed;
    int64_t heard_ms; // as of the last update
    uint64_t served;  // answers, likewise
    const char *served_by;
    waiting_t silence;    // nobody answers
    waiting_t delay;      // the central is busy, or full
    logger_limit_t limit; // of that
    bool opened, promised, received, sealed, revealed, proven, late; // told of
    bool sold;
    bool closed;
    int64_t told_ms;         // when it said that it waits for the draw
    session_progress_t told; // `ready` and its numbers, as last told
    const claims_t *claims;  // borrowed, or NULL
    const receipt_sale_t *sale;
    uint8_t *canonical; // room for a batch's rows, owned
    size_t canonical_bytes;
};

static bool draws_bars (void);
static void tell_who (const report_t *report, const char *draw);
static void tell_contact (report_t *report, const session_t *session,
                          reach_state_t link, int64_t now_ms);
static void tell_server (report_t *report, const session_progress_t *progress);
static void tell_silence (report_t *report, reach_state_t link, int64_t now_ms);
static void tell_held_up (report_t *report, const session_progress_t *progress,
                          int64_t now_ms);
static void tell_provable (report_t *report, const session_progress_t *progress);
static bool has_notes (const report_t *report, const session_progress_t *progress);
static void tell_open (const vault_t *vault);
static void tell_committed (const vault_t *vault);
static void tell_seal (const char *action, const vault_t *vault);
static void tell_sold (report_t *report, const session_progress_t *progress);
static void tell_closed (report_t *report, const session_t *session);
static void tell_ready (report_t *report, const session_progress_t *progress,
                        int64_t now_ms);
static void tell_waiting (const session_progress_t *progress);
static const char *say_missing (const session_progress_t *progress,
                                char text[MISSING_TEXT_BYTES]);
static void draw_bar (report_t *report, const session_progress_t *progress,
                      int64_t now_ms);
static uint64_t bets_to_sell (report_t *report, uint64_t stored);
static uint64_t rate (uint64_t count, int64_t elapsed_ms);
static void tell_cancelled (report_t *report, const session_progress_t *progress);
static void tell_results (const session_progress_t *progress);
static void tell_head (const session_progress_t *progress);
static void tell_winners (const report_t *report, bytes_t documents);
static void print_json (const report_t *report, const session_progress_t *progress,
                        bytes_t winners);
static bool take_document (bytes_t *documents, bytes_t *document);
static const char *list_tickets (const report_t *report, size_t winner,
                                 char text[TICKETS_BYTES]);
static void print_winners (const report_t *report, bytes_t documents);
static void print_json_proof (const vault_t *vault, const session_progress_t *progress);
static void print_json_documents (bytes_t documents);
static void print_json_tickets (const report_t *report, bytes_t documents);
static void print_json_text (bytes_t text);

report_t *report_new (const report_options_t *options)
{
    report_t *report = calloc (1, sizeof *report);
    assert (report);
    report->options = *options;
    report->options.bar = options->bar && draws_bars ();
    tell_who (report, "");
    return report;
}

static bool draws_bars (void)
{
    const char *terminal = getenv ("TERM");
    return isatty (STDERR_FILENO) && !(terminal && strcmp (terminal, "dumb") == 0);
}

/* In every line from now on. */
static void tell_who (const report_t *report, const char *draw)
{
    char who[sizeof "draw:  | agency: 4294967295" + DRAW_NAME_BYTES_MAX];
    snprintf (who, sizeof who, "%s%s%sagency: %" PRIu32, *draw ? "draw: " : "", draw,
              *draw ? " | " : "", report->options.agency);
    logger_set_context (who);
}

void report_destroy (report_t **report)
{
    if (*report == NULL)
        return;
    free ((*report)->canonical);
    free (*report);
    *report = NULL;
}

/* The central accepted the rows, so they are sound; in canonical form they are easy to
   read. */
void report_stored (void *self, const window_batch_t *batch)
{
    report_t *report = self;
    if (!report->options.log_bets || !logger_enabled (LOG_INFO))
        return;
    bytes_t rows = window_batch_rows (batch);
    size_t room = rows.size + (size_t) batch->count * (AGENCY_DIGITS_MAX + 2);
    if (room > report->canonical_bytes) {
        free (report->canonical);
        report->canonical = malloc (room);
        assert (report->canonical);
        report->canonical_bytes = room;
    }
    bet_csv_error_t error;
    bytes_t rest =
        bytes_of (report->canonical,
                  bet_csv_canonical (rows, batch->count, report->options.agency,
                                     &bet_rules_widest, report->canonical, &error));
    uint8_t scratch[ROW_BYTES_MAX];
    uint32_t agency;
    bet_t bet;
    while (bet_csv_next (&rest, scratch, &agency, &bet) == 1)
        logger_event (LOG_INFO, "apuesta_enviada", LOG_SUCCESS,
                      "dni: %.*s | numero: %" PRIu32, (int) bet.document.size,
                      (const char *) bet.document.data, bet.number);
}

void report_server (report_t *report, const char *server)
{
    report->options.server = server;
}

void report_update (report_t *report, const session_t *session, reach_state_t link,
                    int64_t now_ms)
{
    const session_progress_t *progress = session_progress (session);
    tell_contact (report, session, link, now_ms);
    tell_held_up (report, progress, now_ms);
    tell_sold (report, progress);
    if (has_notes (report, progress))
        tell_provable (report, progress);
    tell_closed (report, session);
    tell_ready (report, progress, now_ms);
    if (report->options.bar && now_ms >= report->bar_due_ms)
        draw_bar (report, progress, now_ms);
}

static void tell_contact (report_t *report, const session_t *session,
                          reach_state_t link, int64_t now_ms)
{
    const session_progress_t *progress = session_progress (session);
    const bool heard = progress->heard_ms != report->heard_ms;
    int64_t waited_s;
    report->heard_ms = progress->heard_ms;
    tell_server (report, progress);
    if (progress->welcomed_ms >= 0 && !report->welcomed) {
        report->welcomed = true;
        report->resumed = progress->stored;
        waiting_end (&report->silence, now_ms, &waited_s);
        tell_who (report, progress->draw);
        logger_event (LOG_INFO, "conexion", LOG_SUCCESS,
                      "server_address: %s | next: %" PRIu64, report->options.server,
                      progress->stored);
    }
    const bool failed = progress->state == SESSION_FAILED;
    if ((heard || (!session_answer_due (session) && !failed)) &&
        waiting_end (&report->silence, now_ms, &waited_s))
        logger_event (LOG_INFO, "conexion", LOG_SUCCESS,
                      "server_address: %s | after_s: %" PRId64, report->options.server,
                      waited_s);
    // a READY that was answered is repeated only after a while
    const bool asks = progress->state != SESSION_WAITING || link != REACH_UP ||
                      now_ms - progress->heard_ms >= 2 * READY_RENEW_MS;
    if (session_answer_due (session) && asks)
        tell_silence (report, link, now_ms);
}

/* Another one of several serves now. */
static void tell_server (report_t *report, const session_progress_t *progress)
{
    const char *server = report->options.server;
    if (progress->served == report->served)
        return;
    report->served = progress->served;
    if (report->served_by && report->served_by != server)
        logger_event (LOG_INFO, "conexion", LOG_SUCCESS,
                      "server_address: %s | before: %s | next: %" PRIu64, server,
                      report->served_by, progress->stored);
    report->served_by = server;
}

static void tell_silence (report_t *report, reach_state_t link, int64_t now_ms)
{
    const bool misfit = link_misfit (link);
    int64_t waited_s;
    waiting_begin (&report->silence, now_ms);
    const char *reason = link_reason (link, report->options.keys);
    if (waiting_tells (&report->silence, reason, link_certain (link), now_ms,
                       &waited_s))
        logger_event (LOG_WARNING, "conexion", misfit ? LOG_FAIL : LOG_IN_PROGRESS,
                      "server_address: %s | waiting_s: %" PRId64 " | reason: %s",
                      report->options.server, waited_s, reason);
}

/* The central answers, but accepts nothing. */
static void tell_held_up (report_t *report, const session_progress_t *progress,
                          int64_t now_ms)
{
    int64_t waited_s;
    uint64_t held_back;
    if (progress->held_up == 0) {
        if (waiting_end (&report->delay, now_ms, &waited_s))
            logger_event (LOG_INFO, "espera", LOG_SUCCESS,
                          "server_address: %s | after_s: %" PRId64,
                          report->options.server, waited_s);
        return;
    }
    const bool first = !report->delay.waits &&
                       logger_limit_allows (&report->limit, now_ms, &held_back);
    waiting_begin (&report->delay, now_ms);
    if (waiting_tells (&report->delay, wire_code_name (progress->held_up), first,
                       now_ms, &waited_s))
        logger_event (LOG_WARNING, "espera", LOG_IN_PROGRESS,
                      "reason: %s | server_address: %s | waiting_s: %" PRId64,
                      wire_code_name (progress->held_up), report->options.server,
                      waited_s);
}

static void tell_sold (report_t *report, const session_progress_t *progress)
{
    if (report->sold || progress->sold_ms < 0)
        return;
    report->sold = true;
    int64_t elapsed_ms = progress->stored_ms - progress->welcomed_ms;
    logger_event (LOG_INFO, "venta", LOG_SUCCESS,
                  "cantidad: %" PRIu64 " | almacenadas: %" PRIu64
                  " | milliseconds: %" PRId64 " | retries: %" PRIu64,
                  progress->sent, progress->stored, elapsed_ms, progress->retries);
}

/* Of this draw: the folder that was given may be another's, as is said then. */
static bool has_notes (const report_t *report, const session_progress_t *progress)
{
    const vault_t *vault = report->options.vault;
    return vault && progress->provable && vault_has (vault, NOTE_OPEN) &&
           strcmp (vault_open (vault)->origin.draw, progress->draw) == 0;
}

/* Each once in a run, also of what an earlier one has done. */
static void tell_provable (report_t *report, const session_progress_t *progress)
{
    const vault_t *vault = report->options.vault;
    if (!report->opened && (report->opened = vault_has (vault, NOTE_OPEN)))
        tell_open (vault);
    if (!report->promised && (report->promised = vault_has (vault, VAULT_COMMIT)))
        tell_committed (vault);
    if (!report->received && (report->received = vault_has (vault, NOTE_RECEIPT)))
        logger_event (LOG_INFO, "recibo", LOG_SUCCESS,
                      "file: %s/ready-%" PRIu32 ".note", report->options.folder,
                      report->options.agency);
    if (!report->late && (report->late = progress->late))
        logger_event (
            LOG_WARNING, "compromiso", LOG_FAIL,
            "reason: the draw was sealed without it: what this agency sold is "
            "in, and for what was before the seal there is the operator's "
            "word alone");
    if (!report->sealed && (report->sealed = vault_has (vault, NOTE_SEAL)))
        tell_seal ("sello", vault);
    if (!report->revealed && (report->revealed = progress->revealed))
        tell_seal ("revelacion", vault);
    if (!report->proven && (report->proven = progress->proven))
        tell_seal ("resultado", vault);
}

static void tell_open (const vault_t *vault)
{
    char digits[SHA256_TEXT_BYTES];
    const open_t *open = vault_open (vault);
    const hash_t hash = vault_open_hash (vault);
    logger_event (LOG_INFO, "nota_abierta", LOG_SUCCESS,
                  "open: %s | agencies: %zu | least: %" PRIu32 " | demo: %s",
                  hash_text (&hash, digits), open->agencies, open->least,
                  open->demo ? "yes" : "no");
}

static void tell_committed (const vault_t *vault)
{
    char digits[SHA256_TEXT_BYTES];
    const hash_t root = vault_root (vault);
    logger_event (LOG_INFO, "compromiso", LOG_SUCCESS,
                  "cantidad: %" PRIu64 " | root: %s",
                  vault_commitment (vault)->tally.count, hash_text (&root, digits));
}

static void tell_seal (const char *action, const vault_t *vault)
{
    char digits[SHA256_TEXT_BYTES];
    const hash_t seal = vault_seal_hash (vault);
    logger_event (LOG_INFO, action, LOG_SUCCESS, "seal: %s", hash_text (&seal, digits));
}

/* At once: until the draw there is time to do something about it. */
static void tell_closed (report_t *report, const session_t *session)
{
    if (report->closed || !session_progress (session)->closed)
        return;
    report->closed = true;
    logger_event (LOG_WARNING, "cierre", LOG_FAIL, "reason: %s",
                  session_shortfall (session));
}

static void tell_ready (report_t *report, const session_progress_t *progress,
                        int64_t now_ms)
{
    session_progress_t *told = &report->told;
    if (!progress->asked)
        return;
    if (progress->ready && !told->ready)
        logger_event (LOG_INFO, "listo", LOG_SUCCESS, "cantidad: %" PRIu64,
                      progress->stored);
    bool changed = !told->asked || told->ready_agencies != progress->ready_agencies ||
                   told->agencies != progress->agencies ||
                   memcmp (told->missing, progress->missing, sizeof told->missing) ||
                   now_ms - report->told_ms >= WAITING_SAY_MS;
    if (changed)
        report->told_ms = now_ms;
    if (changed && progress->state == SESSION_WAITING)
        tell_waiting (progress);
    *told = *progress;
}

static void tell_waiting (const session_progress_t *progress)
{
    char missing[MISSING_TEXT_BYTES];
    if (*say_missing (progress, missing))
        logger_event (LOG_INFO, "espera_sorteo", LOG_IN_PROGRESS,
                      "ready: %" PRIu32 " | agencies: %" PRIu32 " | waiting_for: %s",
                      progress->ready_agencies, progress->agencies, missing);
    else
        logger_event (LOG_INFO, "espera_sorteo", LOG_IN_PROGRESS,
                      "ready: %" PRIu32 " | agencies: %" PRIu32,
                      progress->ready_agencies, progress->agencies);
}

static const char *say_missing (const session_progress_t *progress,
                                char text[MISSING_TEXT_BYTES])
{
    wire_waiting_t waiting = {.ready = progress->ready_agencies,
                              .agencies = progress->agencies};
    memcpy (waiting.missing, progress->missing, sizeof waiting.missing);
    return missing_text (&waiting, text);
}

static void draw_bar (report_t *report, const session_progress_t *progress,
                      int64_t now_ms)
{
    struct winsize window = {0};
    char text[BAR_BYTES], missing[MISSING_TEXT_BYTES];
    const uint64_t total = bets_to_sell (report, progress->stored);
    const bar_t bar = {.stage = progress->welcomed_ms < 0           ? BAR_LOOKING
                                : progress->state < SESSION_WAITING ? BAR_SELLING
                                                                    : BAR_WAITING,
                       .agency = report->options.agency,
                       .server = report->options.server,
                       .stored = progress->stored,
                       .resumed = report->resumed,
                       .total = total,
                       .estimated = report->estimated,
                       .rate = rate (progress->sent, now_ms - progress->welcomed_ms),
                       .ready = progress->ready_agencies,
                       .agencies = progress->agencies,
                       .missing = say_missing (progress, missing)};
    report->bar_due_ms = now_ms + BAR_PERIOD_MS;
    ioctl (STDERR_FILENO, TIOCGWINSZ, &window); // whenever it is drawn: it may change
    const size_t columns = window.ws_col > 0 ? window.ws_col : COLUMNS_DEFAULT;
    sink_draw (text, bar_write (&bar, columns, text));
}

/* By how many rows are in what was read so far. A source that grows has no total; one
   that is read once more was read before. */
static uint64_t bets_to_sell (report_t *report, uint64_t stored)
{
    const bet_source_t *source = report->options.source;
    if (!source || report->options.growing)
        return 0;
    const uint64_t rows = bet_source_rows_read (source);
    if (rows > report->rows) {
        report->rows = rows;
        const uint64_t read = bet_source_bytes (source);
        const uint64_t all = bet_source_bytes_total (source);
        report->total = bar_estimate (rows, read, all);
        report->estimated = read < all;
    }
    return report->total > 0 && report->total < stored ? stored : report->total;
}

static uint64_t rate (uint64_t count, int64_t elapsed_ms)
{
    return count * 1000 / (uint64_t) (elapsed_ms > 0 ? elapsed_ms : 1);
}

int64_t report_deadline (const report_t *report, int64_t now_ms)
{
    return report->options.bar ? report->bar_due_ms : now_ms + UPDATE_MS;
}

void report_hide_bar (report_t *report)
{
    if (report->options.bar)
        sink_erase ();
}

void report_claims (report_t *report, const claims_t *claims,
                    const receipt_sale_t *sale)
{
    report->claims = claims;
    report->sale = sale;
}

int report_outcome (report_t *report, const session_t *session)
{
    const session_progress_t *progress = session_progress (session);
    bytes_t winners = session_winners (session);
    if (report->options.cancels)
        tell_cancelled (report, progress);
    if (progress->drawn)
        tell_results (progress);
    if (report->options.log_winners)
        tell_winners (report, winners);
    report_hide_bar (report);
    logger_flush ();
    if (report->options.json)
        print_json (report, progress, winners);
    else if (winners.size > 0 && !report->options.log_winners)
        print_winners (report, winners);
    return fflush (stdout) == 0 && !ferror (stdout) ? 0 : -1;
}

static void tell_cancelled (report_t *report, const session_progress_t *progress)
{
    logger_event (LOG_INFO, "apuesta_cancelada", LOG_SUCCESS,
                  "offset: %" PRIu32 " | cancelled: %" PRIu32, report->options.cancel,
                  progress->cancelled);
}

static void tell_results (const session_progress_t *progress)
{
    logger_event (LOG_INFO, "consulta_ganadores", LOG_SUCCESS,
                  "cant_ganadores: %" PRIu64, progress->winners);
    tell_head (progress);
}

/* For whoever wants to know later whether the central's log is still the one that it
   was: loteria-storage --check --expect HEAD. */
static void tell_head (const session_progress_t *progress)
{
    char text[SHA256_TEXT_BYTES];
    sha256_text (progress->head, text);
    logger_event (LOG_INFO, "cabeza", LOG_SUCCESS, "records: %" PRIu64 " | head: %s",
                  progress->records, text);
}

static void tell_winners (const report_t *report, bytes_t documents)
{
    bytes_t document;
    for (size_t i = 0; take_document (&documents, &document); i++) {
        char tickets[TICKETS_BYTES];
        if (*list_tickets (report, i, tickets))
            logger_event (LOG_INFO, "ganador", LOG_SUCCESS, "dni: %.*s | ticket: %s",
                          (int) document.size, (const char *) document.data, tickets);
        else
            logger_event (LOG_INFO, "ganador", LOG_SUCCESS, "dni: %.*s",
                          (int) document.size, (const char *) document.data);
    }
}

static bool take_document (bytes_t *documents, bytes_t *document)
{
    if (documents->size == 0)
        return false;
    const uint8_t *end = memchr (documents->data, '\n', documents->size);
    *document = bytes_of (documents->data, (size_t) (end - documents->data));
    *documents = bytes_of (end + 1, documents->size - document->size - 1);
    return true;
}

/* Of the winner at that place, with a blank between; "" when none is known. */
static const char *list_tickets (const report_t *report, size_t winner,
                                 char text[TICKETS_BYTES])
{
    size_t count = 0, size = 0;
    const uint64_t *offsets =
        report->claims ? claims_of (report->claims, winner, &count) : NULL;
    text[0] = 0;
    for (size_t i = 0; i < count && size + 1 + RECEIPT_BYTES < TICKETS_BYTES; i++) {
        if (i > 0)
            text[size++] = ' ';
        size += receipt_name (report->sale, offsets[i], text + size);
    }
    return text;
}

/* A document a line, and behind a tab its tickets, where receipts are kept. */
static void print_winners (const report_t *report, bytes_t documents)
{
    bytes_t document;
    for (size_t i = 0; take_document (&documents, &document); i++) {
        char tickets[TICKETS_BYTES];
        list_tickets (report, i, tickets);
        fwrite (document.data, 1, document.size, stdout);
        printf ("%s%s\n", *tickets ? "\t" : "", tickets);
    }
}

/* Without results, `number` and `winners` are null. */
static void print_json (const report_t *report, const session_progress_t *progress,
                        bytes_t winners)
{
    int64_t elapsed_ms = progress->stored_ms - progress->welcomed_ms;
    printf ("{\"agency\":%" PRIu32 ",\"draw\":\"%s\",\"bets\":%" PRIu64
            ",\"cancelled\":%" PRIu32,
            report->options.agency, progress->draw, progress->stored,
            progress->cancelled);
    if (has_notes (report, progress))
        print_json_proof (report->options.vault, progress);
    if (report->options.cancels) {
        printf (",\"offset\":%" PRIu32 "}\n", report->options.cancel);
        return;
    }
    printf (",\"sent\":%" PRIu64 ",", progress->sent);
    if (progress->drawn) {
        printf ("\"number\":%" PRIu32 ",\"winners\":", progress->number);
        print_json_documents (winners);
        if (report->claims)
            print_json_tickets (report, winners);
    } else
        printf ("\"number\":null,\"winners\":null");
    printf (",\"seconds\":%" PRId64 ".%03" PRId64 ",\"bets_per_second\":%" PRIu64
            ",\"retries\":%" PRIu64 "}\n",
            elapsed_ms / 1000, elapsed_ms % 1000, rate (progress->sent, elapsed_ms),
            progress->retries);
}

/* `proven`: the notes hold, and the number follows from them. */
static void print_json_proof (const vault_t *vault, const session_progress_t *progress)
{
    char digits[SHA256_TEXT_BYTES];
    const hash_t open = vault_open_hash (vault), seal = vault_seal_hash (vault);
    printf (",\"open\":\"%s\"", hash_text (&open, digits));
    if (vault_has (vault, NOTE_SEAL))
        printf (",\"seal\":\"%s\"", hash_text (&seal, digits));
    printf (",\"committed\":%s,\"proven\":%s", progress->committed ? "true" : "false",
            progress->proven ? "true" : "false");
}

static void print_json_documents (bytes_t documents)
{
    bytes_t document;
    putchar ('[');
    for (bool first = true; take_document (&documents, &document); first = false) {
        if (!first)
            putchar (',');
        print_json_text (document);
    }
    putchar (']');
}

/* For each winner a list: most often of one; of none when it is not known. */
static void print_json_tickets (const report_t *report, bytes_t documents)
{
    bytes_t document;
    char name[RECEIPT_BYTES];
    printf (",\"tickets\":[");
    for (size_t winner = 0; take_document (&documents, &document); winner++) {
        size_t count;
        const uint64_t *offsets = claims_of (report->claims, winner, &count);
        printf ("%s[", winner ? "," : "");
        for (size_t i = 0; i < count; i++) {
            receipt_name (report->sale, offsets[i], name);
            printf ("%s\"%s\"", i ? "," : "", name);
        }
        putchar (']');
    }
    putchar (']');
}

/* What is not UTF-8 would not be JSON; the document of a sound bet always is. */
static void print_json_text (bytes_t text)
{
    bool sound = bet_check_text (text, DOCUMENT_BYTES_MAX) == REFUSED_OK;
    putchar ('"');
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (byte < 0x20 || (byte >= 0x80 && !sound))
            printf ("\\u%04X", byte < 0x80 ? byte : 0xFFFD);
        else if (byte == '"' || byte == '\\')
            printf ("\\%c", byte);
        else
            putchar (byte);
    }
    putchar ('"');
}
