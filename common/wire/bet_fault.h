/* bet_fault.h - what is wrong with a row, for the people who have to mend the file.

   Pure. Nothing of a bet is repeated: a refusal is logged, and bets are private. */

#ifndef LOTERIA_BET_FAULT_H
#define LOTERIA_BET_FAULT_H

#include "bet_csv.h"

/* Why bet_csv_canonical () refused `rows` by these rules with `error`, and the likely
   cause: "birthdate: not a real date, written YYYY-MM-DD (a header row?)". Returns
   `text`. */
const char *bet_fault_explain (bytes_t rows, const bet_rules_t *rules,
                               const bet_csv_error_t *error,
                               char text[REFUSAL_TEXT_MAX + 1]);

#endif
