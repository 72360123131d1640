/* history.h - how fast bets came in during the last hour, for a plot; pure.

   Time is cut into pieces of HISTORY_PIECE_MS. What was between two looks at the
   central is shared out among the pieces that it touches; a piece that nobody looked at
   is unknown. */

#ifndef LOTERIA_HISTORY_H
#define LOTERIA_HISTORY_H

#include <stdint.h>

#include "json.h"

#define HISTORY_PIECES   360
#define HISTORY_PIECE_MS 10000 // an hour in all

typedef struct history history_t;

history_t *history_new (void);
void history_destroy (history_t **history);

#define HISTORY_NO_BETS UINT64_MAX // no draw is on sale

/* From `from_ms` to `to_ms` (clock_ms ()) bets came at so many a second, and there were
   so many then, of all draws that are not over; or HISTORY_NO_BETS. */
void history_add (history_t *history, int64_t from_ms, int64_t to_ms, double bets_per_s,
                  uint64_t bets);

/* Members of an object that was begun: "piece_s"; "ends", the number of the piece that
   goes on at `now_ms`; "rates" and "bets", oldest first, null where nothing is known.
 */
void history_json (const history_t *history, int64_t now_ms, json_t *json);

/* The piece that goes on, as members "piece", "rate", "bets". */
void history_json_last (const history_t *history, int64_t now_ms, json_t *json);

#endif
