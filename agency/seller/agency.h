/* agency.h - what the parts of loteria-agency's own program share: main.c (opens and
   closes), run.c (the loop) and outcome.c (how it ended). For them alone. */

#ifndef LOTERIA_AGENCY_H
#define LOTERIA_AGENCY_H

#include "bet_source.h"
#include "receipts.h"
#include "report.h"
#include "safe.h"
#include "seller.h"
#include "settings.h"

/* The exit code of an agency whose sale is closed, with bets that are not in. */
#define AGENCY_CLOSED 3

typedef struct {
    const settings_t *settings; // borrowed; the rest is owned
    bet_source_t *source;       // NULL when nothing is to be sold
    rows_t rows;
    seller_t *seller;
    report_t *report;
    receipts_t *receipts; // NULL: none are kept
    session_receipts_t feed;
    safe_t *safe; // NULL: it takes part in no provable draw, as `unprovable` says
    session_proof_t proof;
    char unprovable[SAFE_WHY_BYTES];
    const char *unreceipted; // why receipts cannot be written; NULL: they can
    int signal_fd;
    bool stopping;   // a signal came
    int64_t stop_ms; // then, at the latest
    int64_t look_ms; // when the file is to be looked at next
    bool completed;  // the session knows that no more rows will come
    bool altered;    // since it was sold, and that has been said
    bool half_told;  // that its last row is not in, as it has no line end
} agency_t;

/* Sell, and wait for the results. Returns false when a signal ended it before. */
bool agency_run (agency_t *agency);

/* What came of it: says so, and returns the status to end with. The second is for a run
   that a signal ended. */
int agency_outcome (agency_t *agency);
int agency_interrupted (agency_t *agency);

/* What is not in, of a source whose sale was closed before its last row had a line end,
   into `text` (AGENCY_TEXT_BYTES); false: it is not so. */
#define AGENCY_TEXT_BYTES 1024
bool agency_half_row (const agency_t *agency, char *text);

/* Say why it failed; `detail` may be NULL. Returns PROCESS_FAILED. */
int agency_fail (const agency_t *agency, const char *reason, const char *detail);

#endif
