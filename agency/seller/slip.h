/* slip.h - what a bettor takes home: the ticket of one bet (ticket.h), as a file, as a
   picture of a QR code, and on a terminal. From the agency's folder alone; it needs no
   central and no key. Touches the folder's files. */

#ifndef LOTERIA_SLIP_H
#define LOTERIA_SLIP_H

#include <stdint.h>
#include <stdio.h>

#define SLIP_WHY_BYTES 1024

/* Write FOLDER/ticket-OFFSET.txt and FOLDER/ticket-OFFSET.png for the bet at this
   offset, and print the code to `terminal`. `agency` is 0, or whose folder it has to
   be. libsodium has to be started (signed_note_start ()). Returns 0, or -1 with one
   line in `why`, which says what to do. */
int slip_make (const char *folder, uint32_t agency, uint64_t offset, FILE *terminal,
               char why[SLIP_WHY_BYTES]);

#endif
