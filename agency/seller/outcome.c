/* outcome.c - how loteria-agency's run ended: what its user is told, and the status. 0
   means that every bet it was given is stored. */

#include "agency.h"
#include "logger.h"
#include "winnings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static int session_outcome (agency_t *agency);
static int results_outcome (agency_t *agency);
static bool sale_is_closed (const agency_t *agency);
static claims_t *find_claims (const agency_t *agency);
static int file_outcome (agency_t *agency);
static int half_row_outcome (agency_t *agency, uint64_t line);
static int interrupted (const agency_t *agency);
static int end_closed (const agency_t *agency, const char *reason);
static void say (const agency_t *agency, const char *reason, const char *detail);

static const char missing_receipts[] =
    "the bets are stored: mend that and start again, and what is missing is added";

int agency_outcome (agency_t *agency)
{
    report_hide_bar (agency->report);
    if (seller_link (agency->seller) == REACH_NOT_ADMITTED &&
        !session_over (seller_session (agency->seller)))
        return agency_fail (agency, agency->settings->server,
                            link_reason (REACH_NOT_ADMITTED, true));
    if (agency->unreceipted)
        return agency_fail (agency, agency->unreceipted, missing_receipts);
    const int status = session_outcome (agency);
    return status == 0 && agency->source ? file_outcome (agency) : status;
}

static int session_outcome (agency_t *agency)
{
    const settings_t *settings = agency->settings;
    const session_t *session = seller_session (agency->seller);
    const session_progress_t *progress = session_progress (session);
    if (progress->state == SESSION_FAILED)
        return agency_fail (
            agency, session_failure (session),
            progress->silence
                ? link_reason (seller_link (agency->seller), settings->keys != NULL)
                : NULL);
    if (agency->stopping && settings->piped && !bet_source_ended (agency->source))
        return interrupted (agency);
    if (agency->stopping && !settings->follow)
        return 0; // it was stopped before there were results to print
    if (results_outcome (agency) != 0)
        return PROCESS_FAILED;
    return progress->closed ? end_closed (agency, session_shortfall (session)) : 0;
}

static int results_outcome (agency_t *agency)
{
    const settings_t *settings = agency->settings;
    const session_t *session = seller_session (agency->seller);
    const char *why = agency->receipts && settings->cancels
                          ? receipts_cancel (agency->receipts, settings->cancel)
                          : NULL;
    if (why)
        return agency_fail (agency, why, "the bet is cancelled; say it again");
    claims_t *claims = agency->receipts && session_progress (session)->drawn
                           ? find_claims (agency)
                           : NULL;
    report_claims (agency->report, claims,
                   claims ? receipts_sale (agency->receipts) : NULL);
    const int rc = report_outcome (agency->report, session);
    const int error = errno;
    claims_destroy (&claims);
    return rc == 0 ? 0 : agency_fail (agency, "stdout", strerror (error));
}

/* The source itself has to stay at its end, where it is looked at last of all. */
static claims_t *find_claims (const agency_t *agency)
{
    bet_source_t *again = agency->source ? bet_source_again (agency->source) : NULL;
    const rows_t rows = again ? bet_source_rows (again) : (rows_t){0};
    claims_t *claims = winnings_find (agency->receipts, again ? &rows : NULL,
                                      seller_session (agency->seller));
    bet_source_destroy (&again);
    return claims;
}

/* All that was read of the file is stored: whether that is all of it. */
static int file_outcome (agency_t *agency)
{
    const uint64_t line = bet_source_half_row (agency->source);
    char text[1024];
    if (line > 0)
        return half_row_outcome (agency, line);
    switch (bet_source_differs (agency->source, text, sizeof text)) {
    case BET_SOURCE_SAME:
        return 0;
    case BET_SOURCE_GREW:
        if (sale_is_closed (agency))
            return end_closed (agency, text);
        return agency_fail (agency, text, "start again to sell them");
    default:
        return agency_fail (agency, text,
                            sale_is_closed (agency) ? "the agency's sale is closed"
                                                    : "start again to sell them");
    }
}

static bool sale_is_closed (const agency_t *agency)
{
    return session_progress (seller_session (agency->seller))->ready;
}

static int half_row_outcome (agency_t *agency, uint64_t line)
{
    char text[AGENCY_TEXT_BYTES];
    if (agency_half_row (agency, text))
        return end_closed (agency, text);
    snprintf (text, sizeof text,
              "%s, line %" PRIu64 ": the last row has no line end, so that more of it "
              "may come: it is not sold, all before it is",
              agency->settings->bets, line);
    return agency_fail (agency, text, "end the row, and start again");
}

bool agency_half_row (const agency_t *agency, char *text)
{
    const uint64_t line = agency->source && sale_is_closed (agency)
                              ? bet_source_half_row (agency->source)
                              : 0;
    const session_progress_t *progress =
        session_progress (seller_session (agency->seller));
    const bool one = progress->stored == 1;
    snprintf (text, AGENCY_TEXT_BYTES,
              "the sale in draw %s is closed: %" PRIu64 " %s of %s %s in, and the "
              "first that is not is on line %" PRIu64 ", which has no line end",
              progress->draw, progress->stored, one ? "bet" : "bets",
              agency->settings->bets, one ? "is" : "are", line);
    return line > 0;
}

int agency_interrupted (agency_t *agency)
{
    const session_t *session = seller_session (agency->seller);
    const session_progress_t *progress = session_progress (session);
    report_hide_bar (agency->report);
    if (agency->source == NULL)
        return 0;
    if (progress->closed)
        return end_closed (agency, session_shortfall (session));
    return progress->sold_ms >= 0 ? file_outcome (agency) : interrupted (agency);
}

static int interrupted (const agency_t *agency)
{
    const session_progress_t *progress =
        session_progress (seller_session (agency->seller));
    const bool single = agency->settings->single;
    char text[256];
    if (single)
        snprintf (text, sizeof text,
                  "interrupted before it was known whether the bet is stored");
    else if (progress->welcomed_ms < 0)
        snprintf (text, sizeof text,
                  "interrupted before the central said how many bets are stored");
    else
        snprintf (text, sizeof text,
                  "interrupted: %" PRIu64 " of the file's bets are stored",
                  progress->stored);
    return agency_fail (agency, text, single ? NULL : "start again to go on");
}

/* Whatever of the file is not in will not be. */
static int end_closed (const agency_t *agency, const char *reason)
{
    say (agency, reason, NULL);
    return AGENCY_CLOSED;
}

int agency_fail (const agency_t *agency, const char *reason, const char *detail)
{
    say (agency, reason, detail);
    return PROCESS_FAILED;
}

static void say (const agency_t *agency, const char *reason, const char *detail)
{
    logger_event (LOG_ERROR, "agencia", LOG_FAIL, "server_address: %s | reason: %s%s%s",
                  agency->settings->server, reason, detail ? ": " : "",
                  detail ? detail : "");
    logger_flush ();
}
