/* settings.h - what the user asked of an agency. */

#ifndef LOTERIA_SETTINGS_H
#define LOTERIA_SETTINGS_H

#include "bet.h"
#include "config.h"
#include "servers.h"

typedef struct {
    uint32_t id;
    const char *server;   // as typed; owned by the configuration
    const char *keys;     // folder of the agency's keys; NULL: no CURVE
    const char *receipts; // folder for them; NULL: none are kept
    const char *draw;     // its name; NULL: the one on sale
    const char *bets; // the file; owned by the configuration or points to default_bets
    uint32_t batch_bytes;
    uint32_t batch_count;
    uint32_t window;
    uint64_t loop_period_ms;
    uint32_t patience_seconds;
    bool patient; // these were asked for
    bool log_bets;
    bool log_winners;
    bool json;
    bool quiet;
    bool sell_only;
    bool follow; // the file, as it grows
    bool piped;  // the bets come by stdin
    bool close;  // the sale; of what is stored, if no bets were given
    bool results_only;
    bool tries;      // whether it could sell, and does not
    bool cancels;    // a bet:
    uint32_t cancel; // its offset
    bool tickets;    // writes a bettor's ticket of a bet, and asks nobody:
    uint32_t ticket; // its offset
    bool sells;      // something: a file, a pipe or a single bet

    const char *fields[BET_FIELDS]; // of the single bet; borrowed from the environment
    bool single;                    // there is one to sell, instead of the file's
    servers_t servers;              // that `server` names
    char default_bets[64];
} settings_t;

/* Fill in `settings`. Returns the configuration, which owns the texts, or NULL when the
   program should end with `*status`; the reason has been printed. */
config_t *settings_load (settings_t *settings, int argc, char **argv, int *status);

#endif
