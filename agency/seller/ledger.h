/* ledger.h - one file of tickets, which is only added to. Touches the file. */

#ifndef LOTERIA_LEDGER_H
#define LOTERIA_LEDGER_H

#include "receipt.h"

#define LEDGER_WHY_BYTES 512

typedef struct {
    char *path;                       // owned; for messages
    int file;                         // -1: it is not there
    uint64_t size;                    // of its whole lines
    uint64_t lines;                   // as many
    receipt_sale_t sale;              // whose they are, if there are any
    uint8_t half[RECEIPT_LINE_BYTES]; // of a line behind them, as a crash leaves it
    size_t half_size;
    char *added; // owned; what is not in the file yet
    size_t added_size;
    bool unsynced;
    char failure[LEDGER_WHY_BYTES]; // why it could not be written: it is not any more
} ledger_t;

/* Called for each line, in their order; false: that line does not belong there. */
typedef bool (ledger_take_t) (void *context, const receipt_t *ticket);

/* Open FOLDER/NAME, lock it against other processes, and read it. A file that is not
   there is made if `make`. False with one line in `why`, which names the file, says why
   not and what to do. */
bool ledger_open (ledger_t *ledger, const char *folder, const char *name, bool make,
                  ledger_take_t *take, void *context, char why[LEDGER_WHY_BYTES]);
void ledger_close (ledger_t *ledger);

/* Whether its lines, and half a one, can be of this sale: false with why not. */
bool ledger_fits (const ledger_t *ledger, const receipt_sale_t *sale,
                  char why[LEDGER_WHY_BYTES]);

/* Read its lines once more. False with why not. */
bool ledger_read (ledger_t *ledger, ledger_take_t *take, void *context,
                  char why[LEDGER_WHY_BYTES]);

/* Add a line; write what was added, behind the whole lines; make it survive a power
   cut. When writing fails the file ends as it did before, if that can be, and every
   further call fails as well. */
void ledger_add (ledger_t *ledger, const char *line, size_t size);
bool ledger_write (ledger_t *ledger, char why[LEDGER_WHY_BYTES]);
bool ledger_sync (ledger_t *ledger, char why[LEDGER_WHY_BYTES]);

#endif
