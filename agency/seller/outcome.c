/* outcome.c - how loteria-agency's run ended: what its user is told, and the status. 0
   means that every bet it was given is stored. */

#include "agency.h"
#include "logger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static int session_outcome (agency_t *agency);
static int file_outcome (agency_t *agency);

int agency_outcome (agency_t *agency)
{
    report_hide_bar (agency->report);
    if (seller_link (agency->seller) == REACH_NOT_ADMITTED &&
        !session_over (seller_session (agency->seller)))
        return agency_fail (agency, agency->settings->server,
                            link_reason (REACH_NOT_ADMITTED, true));
    const int status = session_outcome (agency);
    return status == 0 && agency->source ? file_outcome (agency) : status;
}

static int session_outcome (agency_t *agency)
{
    const session_t *session = seller_session (agency->seller);
    const session_progress_t *progress = session_progress (session);
    if (progress->state == SESSION_FAILED)
        return agency_fail (agency, session_failure (session),
                            progress->silence
                                ? link_reason (seller_link (agency->seller),
                                               agency->settings->keys != NULL)
                                : NULL);
    if (agency->stopping && !agency->settings->follow)
        return 0; // it was stopped before there were results to print
    if (report_outcome (agency->report, session) == -1)
        return agency_fail (agency, "stdout", strerror (errno));
    return 0;
}

/* All that was read of the file is stored: whether that is all of it. */
static int file_outcome (agency_t *agency)
{
    const bool again = agency->settings->sell_only;
    const uint64_t line = bet_source_half_row (agency->source);
    char text[1024];
    if (line > 0) {
        snprintf (text, sizeof text,
                  "%s, line %" PRIu64
                  ": the last row has no line end, so that more of it may come: it is "
                  "not sold, all before it is",
                  agency->settings->bets, line);
        return agency_fail (agency, text, "end the row, and start again");
    }
    if (bet_source_differs (agency->source, text, sizeof text))
        return agency_fail (agency, text,
                            again ? "start again to sell them"
                                  : "the agency's sale is closed");
    return 0;
}

int agency_interrupted (agency_t *agency)
{
    const session_progress_t *progress =
        session_progress (seller_session (agency->seller));
    const bool single = agency->settings->single;
    char text[256];
    report_hide_bar (agency->report);
    if (agency->source == NULL)
        return 0;
    if (progress->sold_ms >= 0)
        return file_outcome (agency);
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

int agency_fail (const agency_t *agency, const char *reason, const char *detail)
{
    logger_event (LOG_ERROR, "agencia", LOG_FAIL, "server_address: %s | reason: %s%s%s",
                  agency->settings->server, reason, detail ? ": " : "",
                  detail ? detail : "");
    logger_flush ();
    return PROCESS_FAILED;
}
