/* receipts.h - an agency's folder of receipts: a ticket for each bet that the central
   has acknowledged (receipt.h), for one draw.

     FOLDER/tickets.csv     a line for each bet, in their order
     FOLDER/cancelled.csv   the same line of each that was cancelled, if any was

   and of a provable draw

     FOLDER/sold.csv        each bet itself (sold.h)
     FOLDER/offered.csv     each single bet, before it was sent
     FOLDER/cancelling.csv  a ticket's line of each that was asked to be cancelled

   Both are only added to. What was under way when a program or a machine died is
   missing at their end, or half a line: that is cut off, and what is missing is added
   by the next run, which reads it in the file of bets again. So a sync is no promise to
   anybody, and comes now and then. Touches files and locks them; knows no sockets. */

#ifndef LOTERIA_RECEIPTS_H
#define LOTERIA_RECEIPTS_H

#include "problem.h"
#include "receipt.h"
#include "sold.h"

#define RECEIPTS_WHY_BYTES 512

typedef struct receipts receipts_t;

/* Open FOLDER, which is made with mode 0700 if it is not there, and read what is in it.
   NULL with the problem, which names the file and says what to do: another process has
   it, it is no file of tickets, it cannot be written. `single`: bets are sold one by
   one by several runs, so the file may lack some. */
receipts_t *receipts_open (const char *folder, bool single, problem_t *problem);
void receipts_close (receipts_t **receipts);

/* Whose they are now, whether the draw is provable, and how many bets the central has.
   Returns NULL, or why that does not fit what is in the files. Before that nothing can
   be added. */
const char *receipts_begin (receipts_t *receipts, const receipt_sale_t *sale,
                            bool provable, uint64_t stored);

/* The offset of the first bet that is missing at the end of a file. */
uint64_t receipts_next (const receipts_t *receipts);

/* Add tickets of these bets, from `offset` on: rows as they were sold, each ended by
   LF. They are in the file after receipts_save (). */
void receipts_add (receipts_t *receipts, uint64_t offset, uint32_t count, bytes_t rows);

/* Write what was added; and sync it, if that is due or `at_once`. Returns NULL, or why
   it cannot: then the file ends as before, and no more is written. */
const char *receipts_save (receipts_t *receipts, int64_t now_ms, bool at_once);

/* The bet at `offset` is cancelled. Returns NULL or why that cannot be written. To say
   it again changes nothing. */
const char *receipts_cancel (receipts_t *receipts, uint64_t offset);

/* Of a provable draw: it is about to be asked for that the bet be cancelled, which is
   durable from here on. NULL or why not. */
const char *receipts_cancels (receipts_t *receipts, uint64_t offset);

/* Make all bets of a provable draw, and which of them are cancelled, durable, whoever
   wrote that. NULL, or why not. */
const char *receipts_sync (receipts_t *receipts);

/* The offsets that are cancelled, ascending; and those of which it is not known. Both
   are borrowed until the next call that changes them. */
const uint64_t *receipts_cancelled (const receipts_t *receipts, size_t *count);
const uint64_t *receipts_cancelling (const receipts_t *receipts, size_t *count);

/* The bets of a provable draw, after receipts_begin (). */
sold_t *receipts_sold (receipts_t *receipts);

/* A single bet is about to be sent, which is durable from here on; and: so many are
   stored, with this digest, so that one that was not answered is known. NULL, or why
   not. */
const char *receipts_offer (receipts_t *receipts, bytes_t row);
const char *receipts_settle (receipts_t *receipts, uint64_t stored, uint64_t digest);

/* The offsets of the bets on `number` that are not known to be cancelled, in their
   order, `*count` of them: at most `most`, and one more if there are others. To be
   freed. NULL with errno when the file cannot be read. */
uint64_t *receipts_on_number (receipts_t *receipts, uint32_t number, size_t most,
                              size_t *count);

const receipt_sale_t *receipts_sale (const receipts_t *receipts);

#endif
