/* account.h - what `report` says of a draw: per agency what it sold, cancelled and won,
   and when it fetched its winners; and totals. Pure. */

#ifndef LOTERIA_ACCOUNT_H
#define LOTERIA_ACCOUNT_H

#include "paper.h"
#include "view.h"

typedef struct {
    uint32_t agency;
    uint64_t sold, cancelled, winners;
    bool excused;
    uint64_t collected_ms; // 0: not yet
} account_line_t;

typedef struct {
    const view_draw_t *draw; // borrowed
    wire_draw_t about;
    bool drawn;
    size_t count;
    account_line_t *line; // by number
    uint64_t sold, cancelled, winners;
    size_t collected;
} account_t;

/* All that are on its roll or have an account. `about` is what state says of the draw.
 */
void account_open (account_t *account, const view_draw_t *draw,
                   const wire_draw_t *about);
void account_close (account_t *account);

/* Of a draw that was made: how many winners the i-th line's agency has. */
void account_winners (account_t *account, size_t i, uint64_t winners);

/* For people; as CSV (RFC 4180, a line per agency below a heading, times in UTC), as
   JSON: both for the caller to free. */
void account_show (const account_t *account, uint64_t now_ms, paper_t *paper);
char *account_csv (const account_t *account);
char *account_json (const account_t *account);

#endif
