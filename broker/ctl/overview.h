/* overview.h - a view of a central for a person: what `status`, `agencies`, `workers`
   and `top` show. Pure. */

#ifndef LOTERIA_OVERVIEW_H
#define LOTERIA_OVERVIEW_H

#include "paper.h"
#include "view.h"

/* All but single agencies and workers. */
void overview_status (paper_t *paper, const view_t *view);

/* A draw's agencies by number, and a line about all of them; `missing`: only those that
   are waited for. */
void overview_agencies (paper_t *paper, const view_t *view, const view_draw_t *draw,
                        bool missing);

void overview_workers (paper_t *paper, const view_t *view);

/* For `top`: the whole central in so many rows, with the agencies of its draw that sell
   fastest. `place` says which central it is. */
void overview_picture (paper_t *paper, const view_t *view, const char *place,
                       size_t rows);

#endif
