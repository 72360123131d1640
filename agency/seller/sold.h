/* sold.h - FOLDER/sold.csv: an agency's bets of a provable draw, each as the central
   has acknowledged it: canonical rows, as the central's bets.csv has them, by offset.
   It is what the agency commits to, so it is made by the agency and never from what the
   central says later.

   Like tickets.csv it is only added to: what was under way when a program or a machine
   died is missing at its end, or half a row, which is cut off. Touches the file; who
   has tickets.csv locked may open it. */

#ifndef LOTERIA_SOLD_H
#define LOTERIA_SOLD_H

#include "bytes.h"

#define SOLD_FILE      "sold.csv"
#define OFFERED_FILE   "offered.csv" // single bets, before they are sent
#define SOLD_WHY_BYTES 512

typedef struct sold sold_t;

/* Open FOLDER/NAME, which is made if it is not there. NULL with one line in `why`,
   which names the file, says why not and what to do. */
sold_t *sold_open (const char *folder, const char *name, uint32_t agency,
                   char why[SOLD_WHY_BYTES]);
void sold_close (sold_t **sold);

/* How many bets, and their digest (digest.h). */
uint64_t sold_count (const sold_t *sold);
uint64_t sold_digest (const sold_t *sold);

/* Add bets, from `offset` on: just so many rows as they were sold, each ended by LF.
   Those that are there already are passed over. They are in the file after sold_save
   (). */
void sold_add (sold_t *sold, uint64_t offset, uint32_t count, bytes_t rows);

/* Write what was added; and make it survive a power cut. NULL, or why it cannot: then
   the file ends as before, and no more is written. */
const char *sold_save (sold_t *sold, bool synced);

/* The rows from this offset on, of those that are written, until the next call of
   sold_rows () or sold_add (). No data: they cannot be read. */
bytes_t sold_rows (sold_t *sold, uint64_t offset);

#endif
