/* report.h - what the user sees of a session: log lines, a progress bar on a terminal,
   and the outcome on stdout. */

#ifndef LOTERIA_REPORT_H
#define LOTERIA_REPORT_H

#include "bet_source.h"
#include "claims.h"
#include "link.h"
#include "receipt.h"
#include "session.h"

typedef struct {
    uint32_t agency;
    const char *server;         // as typed; borrowed
    bool keys;                  // we have some
    const bet_source_t *source; // for the bar; may be NULL; borrowed
    bool growing;               // it has no end yet
    bool log_bets;              // a line for each bet stored
    bool log_winners;           // a line for each winner, and no documents on stdout
    bool json;
    const vault_t *vault; // of a provable draw; may be NULL; borrowed
    const char *folder;   // it is in; borrowed
    bool cancels;         // a bet: nothing is sold
    uint32_t cancel;      // its offset
    bool bar;             // wanted; drawn if stderr is a terminal
} report_options_t;

typedef struct report report_t;

report_t *report_new (const report_options_t *options);
void report_destroy (report_t **report);

/* For session_options_t.stored: `report` is the listener. */
void report_stored (void *report, const window_batch_t *batch);

/* To which of several centrals it talks from now on, as typed; borrowed. */
void report_server (report_t *report, const char *server);

/* Say what changed, and draw the bar anew if it is time. `link` is the state of the
   connection: why there is no answer, if there is none. */
void report_update (report_t *report, const session_t *session, reach_state_t link,
                    int64_t now_ms);

/* When report_update () has to be called again, if nothing else happens. */
int64_t report_deadline (const report_t *report, int64_t now_ms);

/* The winners' tickets, if receipts are kept: for report_outcome (). Both are borrowed.
 */
void report_claims (report_t *report, const claims_t *claims,
                    const receipt_sale_t *sale);

/* The session ended well: print its outcome. Returns 0, or -1 with errno set when
   stdout could not be written. */
int report_outcome (report_t *report, const session_t *session);

/* Take the bar away; before anybody else writes to the terminal. */
void report_hide_bar (report_t *report);

#endif
