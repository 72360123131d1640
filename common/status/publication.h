/* publication.h - what was published of a provable draw (docs/fairness.md, "A folder of
   notes"), gathered from storage page by page: loteria-ctl, loteria-web. Pure.

     while (publication_next (publication, &fetch))
         ask; then publication_take () what came, or publication_lacks ()

   One sweep asks once for everything that there can be by now and that is not there
   yet; notes do not change, so what was taken is not asked for again. */

#ifndef LOTERIA_PUBLICATION_H
#define LOTERIA_PUBLICATION_H

#include "statement.h"
#include "wire.h"

/* Of a receipt, and of the lines that sign a seal. */
#define PUBLICATION_SMALL_BYTES_MAX 8192

typedef struct publication publication_t;

/* With `boxes`: what is sealed for the auditor, if there is one, too; with `salts`:
   once there is a seal, the agencies' salt keys. Both are for operators. */
publication_t *publication_new (bool boxes, bool salts);
void publication_destroy (publication_t **publication);

/* What to ask for next; false: the sweep is over. */
bool publication_next (const publication_t *publication, wire_fetch_t *fetch);

/* A page came. NULL; or, for people, why that cannot be: what came is dropped, and the
   sweep goes on behind it. */
const char *publication_take (publication_t *publication, const wire_note_t *page);

/* What is asked for is not there yet. */
void publication_lacks (publication_t *publication);

/* Begin another sweep, for what is missing. */
void publication_again (publication_t *publication);

/* The agencies of the open note, ascending; 0 as long as there is none that parses. */
size_t publication_agencies (const publication_t *publication);
uint32_t publication_agency (const publication_t *publication, size_t place);

/* Borrowed; without data: it is not there. `of` as in a page. */
bytes_t publication_find (const publication_t *publication, wire_which_t which,
                          uint32_t of);

/* The same, as a file of the folder: a seal that was signed again with its text. The
   caller frees it; NULL: it is not there. */
char *publication_file (const publication_t *publication, wire_which_t which,
                        uint32_t of, size_t *size);

/* Whether the lines that sign a seal, of this agency's countersigned one, have one of
   the agency's own; false where the auditor stood in for it. */
bool publication_signed_itself (const publication_t *publication, uint32_t agency);

/* How many of the agencies have it: receipts, countersigned seals. */
size_t publication_count (const publication_t *publication, wire_which_t which);

#endif
