/* publication.h - what was published of a provable draw (docs/fairness.md, "A folder of
   notes"), gathered from storage page by page: loteria-ctl, loteria-web. Pure.

     while (publication_next (publication, &wanted))
         ask; then publication_take () what came, or publication_lacks ()

   One sweep asks once for everything that there can be by now and that is not there
   yet; notes do not change, so what was taken is not asked for again. */

#ifndef LOTERIA_PUBLICATION_H
#define LOTERIA_PUBLICATION_H

#include "statement.h"

/* Of a receipt, and of the lines that sign a seal. */
#define PUBLICATION_SMALL_BYTES_MAX 8192
#define PUBLICATION_BYTES_MAX       (1536 * 1024) // of any other
#define PUBLICATION_AGENCIES_MAX    4000

typedef enum { // as on the wire
    PUBLISHED_OPEN = 'N',
    PUBLISHED_RECEIPT = 'Y', // of an agency
    PUBLISHED_SEAL = 'L',
    PUBLISHED_COUNTERSIGNED = 'A', // of an agency: the lines that sign the seal
    PUBLISHED_ATTESTED = 'U',      // likewise: with the auditor's
    PUBLISHED_RESULT = 'Q',
    PUBLISHED_VOID = 'W',
    PUBLISHED_SALTS = 'K', // an agency's salt key
    PUBLISHED_BOX = 'B'    // an agency's box for the auditor, or the operator's (0)
} published_t;

typedef struct {       // a page to ask for
    published_t which; //
    uint32_t of;       // agency, or 0
    uint64_t from;     // byte
} publication_page_t;

typedef struct publication publication_t;

/* `secrets`: salt keys, once there is a seal, and boxes, if there is an auditor, as
   well. Pages are at most `page_bytes` long. */
publication_t *publication_new (bool secrets);
void publication_destroy (publication_t **publication);

/* What to ask for next; false: the sweep is over. */
bool publication_next (const publication_t *publication, publication_page_t *page);

/* A page came: of a note of `total` bytes those from `from` on. NULL; or, for people,
   why that cannot be: what came is dropped, and the sweep goes on behind it. */
const char *publication_take (publication_t *publication, const publication_page_t *of,
                              uint64_t total, bytes_t bytes);

/* What is asked for is not there yet. */
void publication_lacks (publication_t *publication);

/* Begin another sweep, for what is missing. */
void publication_again (publication_t *publication);

/* The agencies of the open note, ascending; 0 as long as there is none that parses. */
size_t publication_agencies (const publication_t *publication);
uint32_t publication_agency (const publication_t *publication, size_t place);

/* Borrowed; without data: it is not there. `of` as in a page. */
bytes_t publication_find (const publication_t *publication, published_t which,
                          uint32_t of);

/* Whether the lines that sign a seal, of this agency's countersigned one, have one of
   the agency's own; false where the auditor stood in for it. */
bool publication_signed_itself (const publication_t *publication, uint32_t agency);

/* How many of the agencies have it: receipts, countersigned seals. */
size_t publication_count (const publication_t *publication, published_t which);

#endif
