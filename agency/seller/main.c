/* main.c - loteria-agency: sells an agency's bets, and brings home its winners. */

#include "agency.h"
#include "clock.h"
#include "logger.h"
#include "process.h"
#include "slip.h"
#include "try.h"

#include <inttypes.h>
#include <sys/random.h>
#include <unistd.h>

static int make_ticket (const settings_t *settings);
static bool open_agency (agency_t *agency);
static bool open_source (agency_t *agency);
static bet_source_t *source_of (const settings_t *settings, char *error,
                                size_t error_size);
static void say_settings (const settings_t *settings);
static void open_receipts (agency_t *agency);
static const char *begin_receipts (void *self, const char *draw, uint64_t identity,
                                   bool provable, uint64_t stored, uint64_t *next);
static void add_receipts (void *self, uint64_t offset, uint32_t count, bytes_t rows);
static void open_safe (agency_t *agency);
static const char *tell_bets (void *self, session_bets_t *bets);
static bytes_t tell_rows (void *self, uint64_t offset);
static const char *draw_bytes (void *self, uint8_t *bytes, size_t size);
static const char *note_offer (void *self, bytes_t row);
static const char *settle_offers (void *self, uint64_t stored, uint64_t digest);
static const char *note_cancels (void *self, uint64_t offset);
static const char *note_cancelled (void *self, uint64_t offset);
static void open_report (agency_t *agency);
static void open_seller (agency_t *agency);
static session_options_t session_options (const settings_t *settings);
static session_task_t session_task (const settings_t *settings);
static void draw_random (session_options_t *options, bool single);
static void shut_down (agency_t *agency);
static void close_agency (agency_t *agency);

int main (int argc, char **argv)
{
    agency_t agency = {.signal_fd = process_start ()};
    settings_t settings;
    int status;
    config_t *config = settings_load (&settings, argc, argv, &status);
    if (config == NULL)
        return status;

    if (settings.tickets) {
        status = make_ticket (&settings);
        config_destroy (&config);
        close (agency.signal_fd);
        return status;
    }
    if (settings.tries) {
        status = try_all (&settings, agency.signal_fd);
        config_destroy (&config);
        close (agency.signal_fd);
        zsys_shutdown ();
        return status;
    }
    agency.settings = &settings;
    status = PROCESS_FAILED;
    if (open_agency (&agency)) {
        logger_gather (true);
        status = agency_run (&agency) ? agency_outcome (&agency)
                                      : agency_interrupted (&agency);
        if (agency.stopping)
            shut_down (&agency);
    }
    close_agency (&agency);
    config_destroy (&config);
    return status;
}

/* For a bettor. Nobody is asked. */
static int make_ticket (const settings_t *settings)
{
    char why[SLIP_WHY_BYTES] = "libsodium cannot be started";
    int status = PROCESS_FAILED;
    if (!settings->receipts) {
        snprintf (why, sizeof why,
                  "a ticket is made from the agency's folder: give it with --receipts");
        status = PROCESS_CANNOT_START;
    } else if (signed_note_start () == 0 &&
               slip_make (settings->receipts, settings->id, settings->ticket, stdout,
                          why) == 0)
        status = 0;
    if (status == 0)
        logger_event (
            LOG_INFO, "boleto", LOG_SUCCESS,
            "file: %s/ticket-%" PRIu32 ".txt | image: %s/ticket-%" PRIu32 ".png",
            settings->receipts, settings->ticket, settings->receipts, settings->ticket);
    else
        logger_event (LOG_ERROR, "boleto", LOG_FAIL, "reason: %s", why);
    logger_flush ();
    return status;
}

static bool open_agency (agency_t *agency)
{
    if (!open_source (agency))
        return false;
    open_receipts (agency);
    open_report (agency);
    open_seller (agency);
    return true;
}

static bool open_source (agency_t *agency)
{
    const settings_t *settings = agency->settings;
    char error[1024];
    if (!settings->sells)
        return true;
    agency->source = source_of (settings, error, sizeof error);
    if (agency->source == NULL) {
        agency_fail (agency, error, NULL);
        return false;
    }
    if (settings->follow)
        bet_source_watch (agency->source);
    agency->rows = bet_source_rows (agency->source);
    return true;
}

/* A sale that goes on later leaves a last row without line end alone. */
static bet_source_t *source_of (const settings_t *settings, char *error,
                                size_t error_size)
{
    if (settings->single)
        return bet_source_single (settings->fields, error, error_size);
    if (settings->piped)
        return bet_source_piped (STDIN_FILENO, settings->bets, !settings->sell_only,
                                 error, error_size);
    return bet_source_open (settings->bets, settings->sell_only || settings->follow,
                            error, error_size);
}

/* Whoever sells a file has a ticket for each of its bets. */
static void open_receipts (agency_t *agency)
{
    const settings_t *settings = agency->settings;
    problem_t problem;
    if (!settings->receipts)
        return;
    agency->receipts = receipts_open (settings->receipts,
                                      settings->single || !settings->sells, &problem);
    if (!agency->receipts)
        process_end (&problem);
    agency->feed = (session_receipts_t){agency, begin_receipts, add_receipts};
    open_safe (agency);
}

/* Without keys for signing it takes part in plain draws. */
static void open_safe (agency_t *agency)
{
    const settings_t *settings = agency->settings;
    problem_t problem;
    bool sound = signed_note_start () == 0;
    if (sound)
        agency->safe = safe_open (settings->receipts, settings->keys, settings->id,
                                  agency->unprovable, &sound);
    else
        snprintf (agency->unprovable, sizeof agency->unprovable,
                  "libsodium cannot be started");
    if (!sound) {
        problem_set (&problem, PROCESS_FAILED, "recibos", "reason: %s",
                     agency->unprovable);
        process_end (&problem);
    }
    if (agency->safe)
        agency->proof = (session_proof_t){.self = agency,
                                          .vault = safe_vault (agency->safe),
                                          .bets = tell_bets,
                                          .rows = tell_rows,
                                          .chance = draw_bytes,
                                          .offers = note_offer,
                                          .settle = settle_offers,
                                          .cancels = note_cancels,
                                          .cancelled = note_cancelled};
}

static const char *begin_receipts (void *self, const char *draw, uint64_t identity,
                                   bool provable, uint64_t stored, uint64_t *next)
{
    const agency_t *agency = self;
    receipt_sale_t sale = {.identity = identity, .agency = agency->settings->id};
    snprintf (sale.draw, sizeof sale.draw, "%s", draw);
    const char *why = receipts_begin (agency->receipts, &sale, provable, stored);
    *next = receipts_next (agency->receipts);
    return why;
}

static void add_receipts (void *self, uint64_t offset, uint32_t count, bytes_t rows)
{
    const agency_t *agency = self;
    receipts_add (agency->receipts, offset, count, rows);
}

static const char *tell_bets (void *self, session_bets_t *bets)
{
    const agency_t *agency = self;
    sold_t *sold = receipts_sold (agency->receipts);
    *bets = (session_bets_t){.count = sold_count (sold), .digest = sold_digest (sold)};
    bets->offsets = receipts_cancelled (agency->receipts, &bets->offsets_count);
    bets->asked = receipts_cancelling (agency->receipts, &bets->asked_count);
    return receipts_sync (agency->receipts);
}

static bytes_t tell_rows (void *self, uint64_t offset)
{
    const agency_t *agency = self;
    return sold_rows (receipts_sold (agency->receipts), offset);
}

static const char *draw_bytes (void *self, uint8_t *bytes, size_t size)
{
    (void) self;
    return getrandom (bytes, size, 0) == (ssize_t) size ? NULL : "no random numbers";
}

static const char *note_offer (void *self, bytes_t row)
{
    const agency_t *agency = self;
    return receipts_offer (agency->receipts, row);
}

static const char *settle_offers (void *self, uint64_t stored, uint64_t digest)
{
    const agency_t *agency = self;
    return receipts_settle (agency->receipts, stored, digest);
}

static const char *note_cancels (void *self, uint64_t offset)
{
    const agency_t *agency = self;
    return receipts_cancels (agency->receipts, offset);
}

static const char *note_cancelled (void *self, uint64_t offset)
{
    const agency_t *agency = self;
    return receipts_cancel (agency->receipts, offset);
}

static void open_report (agency_t *agency)
{
    const settings_t *settings = agency->settings;
    const report_options_t options = {.agency = settings->id,
                                      .server = settings->server,
                                      .keys = settings->keys != NULL,
                                      .source = agency->source,
                                      .growing = settings->follow || settings->piped,
                                      .log_bets = settings->log_bets,
                                      .log_winners = settings->log_winners,
                                      .json = settings->json,
                                      .vault = agency->proof.vault,
                                      .folder = settings->receipts,
                                      .cancels = settings->cancels,
                                      .cancel = settings->cancel,
                                      .bar = !settings->quiet};
    agency->report = report_new (&options);
}

static void open_seller (agency_t *agency)
{
    const settings_t *settings = agency->settings;
    seller_options_t options = {.servers = &settings->servers,
                                .keys = settings->keys,
                                .session = session_options (settings),
                                .rows = agency->source ? &agency->rows : NULL};
    options.session.receipts = agency->receipts ? &agency->feed : NULL;
    options.session.proof = agency->safe ? &agency->proof : NULL;
    options.session.unprovable = agency->unprovable[0] ? agency->unprovable : NULL;
    options.session.stored = report_stored;
    options.session.listener = agency->report;
    draw_random (&options.session, settings->single);
    problem_t problem;
    agency->seller = seller_new (&options, clock_ms (), &problem);
    if (agency->seller == NULL)
        process_end (&problem);
    say_settings (settings);
}

static session_options_t session_options (const settings_t *settings)
{
    return (session_options_t){.agency = settings->id,
                               .limits = {.window = settings->window,
                                          .message_bytes_max = settings->batch_bytes,
                                          .rows_max = settings->batch_count,
                                          .bundle_bytes = BATCHES_BYTES_MAX},
                               .period_ms = (int64_t) settings->loop_period_ms,
                               .patience_ms =
                                   (int64_t) settings->patience_seconds * 1000,
                               .draw = settings->draw,
                               .task = session_task (settings),
                               .growing = settings->follow || settings->piped,
                               .piped = settings->piped,
                               .cancel = settings->cancel};
}

static session_task_t session_task (const settings_t *settings)
{
    return settings->cancels        ? SESSION_CANCEL_ONLY
           : settings->results_only ? SESSION_RESULTS_ONLY
           : !settings->sells       ? SESSION_CLOSE_ONLY
           : settings->sell_only    ? SESSION_SELL_ONLY
                                    : SESSION_WHOLE;
}

/* A single bet is identified by the run that sells it: no other has its number. */
static void draw_random (session_options_t *options, bool single)
{
    uint64_t random[2];
    if (getrandom (random, sizeof random, 0) != sizeof random) {
        problem_t problem;
        problem_set (&problem, PROCESS_FAILED, "agencia",
                     "reason: no random numbers, %s", strerror (errno));
        process_end (&problem);
    }
    options->seed = random[0];
    if (single)
        options->writer = random[1] ? random[1] : 1;
}

static void say_settings (const settings_t *settings)
{
    const char *file = !settings->sells   ? "none"
                       : settings->single ? "environment"
                                          : settings->bets;
    logger_event (LOG_INFO, "config", LOG_SUCCESS,
                  "client_id: %u | server_address: %s | draw: %s | file: %s | "
                  "batch_bytes: %u | batch_count: %u | window: %u",
                  settings->id, settings->server,
                  settings->draw ? settings->draw : "the one on sale", file,
                  settings->batch_bytes, settings->batch_count, settings->window);
}

static void shut_down (agency_t *agency)
{
    report_hide_bar (agency->report);
    logger_event (LOG_INFO, "shutdown", LOG_IN_PROGRESS, NULL);
    seller_destroy (&agency->seller);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, "closed: socket");
    if (agency->source) {
        bet_source_destroy (&agency->source);
        logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, "closed: file");
    }
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, NULL);
}

static void close_agency (agency_t *agency)
{
    logger_gather (false);
    seller_destroy (&agency->seller);
    safe_close (&agency->safe);
    receipts_close (&agency->receipts);
    report_destroy (&agency->report);
    bet_source_destroy (&agency->source);
    close (agency->signal_fd);
    zsys_shutdown ();
}
