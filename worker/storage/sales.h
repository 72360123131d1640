/* sales.h - the draws that are live: those that are open or closed, and those that are
   over and were used last. Pure: no file, no socket, no clock. */

#ifndef LOTERIA_SALES_H
#define LOTERIA_SALES_H

#include "sale.h"

typedef struct sales sales_t;

sales_t *sales_new (void);
void sales_destroy (sales_t **sales); // the sales with it

/* What all of them hold: for sale_new (). */
size_t *sales_held_bytes (sales_t *sales);

/* The sale is the table's from here on. None has its identity, or its name. */
void sales_add (sales_t *sales, sale_t *sale);
/* Take it out; it is the caller's again. */
void sales_remove (sales_t *sales, sale_t *sale);

/* By its identity, or its name: NULL when it is not live. Finding one by its identity
   counts as using it; it costs next to nothing. */
sale_t *sales_find (sales_t *sales, uint64_t identity);
sale_t *sales_named (const sales_t *sales, bytes_t name);

/* How many there are; each, in the order they were opened. */
size_t sales_count (const sales_t *sales);
sale_t *sales_at (const sales_t *sales, size_t place);

/* The cursors of all that the log shows; agencies on the rolls of all. */
uint64_t sales_recorded (const sales_t *sales);
uint64_t sales_seats (const sales_t *sales);
/* Whether one more, with so many agencies on its roll, is too much. */
bool sales_full (const sales_t *sales, uint32_t agencies);

/* A sale has taken in an event: what the table knows of all is worked out anew. */
void sales_changed (sales_t *sales);

/* When the clock closes the next of them; CLOSES_NEVER: none. And which does by now, or
   NULL. */
uint64_t sales_next_close (const sales_t *sales);
sale_t *sales_due (const sales_t *sales, uint64_t now_ms);

/* One that is over and should be put away: the one unused longest, when there are more
   than DRAWS_FINISHED_KEPT, or more agencies on their rolls than DRAWS_AGENCIES_MAX.
   One that was used just now stays, so that who is about to ask of it again need not
   have it brought back each time; unless there are very many. Nor is one that is
   pinned. NULL: none. */
sale_t *sales_idle (const sales_t *sales);
/* What time it is; 0, as long as nobody says so, and then nothing was used just now. */
void sales_tick (sales_t *sales, int64_t now_ms);
/* Keep no more than so many that are over. */
void sales_keep (sales_t *sales, uint32_t finished);

#endif
