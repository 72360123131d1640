/* fair.h - provable draws in a simulated day: everybody's signing keys, the folders
   that agencies keep (`--receipts`), and whether what became of a draw is proven.

   A folder outlives the processes of its agency. Files in it are durable once they are
   kept, as product code promises of them; of the bets what was not synced may be lost
   when the power is cut. */

#ifndef LOTERIA_SIM_FAIR_H
#define LOTERIA_SIM_FAIR_H

#include "scan.h"
#include "session.h"
#include "signing.h"
#include "world.h"

#define FAIR_CENTRAL "simulated"

/* An agency's pair, or the operator's (0). They are the same on all days. */
const signing_pair_t *fair_pair (uint32_t agency);
/* For state: those of all agencies. */
int fair_signers (void *context, signers_t *signers, char *why);

typedef struct fair_folder fair_folder_t;

fair_folder_t *fair_folder_new (const bets_t *bets);
void fair_folder_destroy (fair_folder_t **folder);
/* The power was cut. */
void fair_folder_cut (fair_folder_t *folder, dice_t *dice);

/* One process's hold of its agency's folder. */
typedef struct {
    node_t *node;
    fair_folder_t *folder;
    session_receipts_t receipts;
    session_proof_t proof;
} fair_hold_t;

/* NULL, or why what is in the folder is refused. Borrowed by the session's options. */
const char *fair_hold (fair_hold_t *hold, node_t *node, fair_folder_t *folder);
void fair_release (fair_hold_t *hold);

/* Whether the notes in the log are proven by the agencies' bets, as loteria-verify sees
   it; and whether each of the agency's folders (by agency; NULL: none) has the same
   notes. NULL, or what does not hold. */
const char *fair_doubt (const scan_t *scan, uint32_t draw,
                        fair_folder_t *const folders[PLAN_AGENCIES_MAX + 1]);

#endif
