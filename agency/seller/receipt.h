/* receipt.h - the lines of tickets.csv: a ticket names one bet, DRAW-AGENCY-OFFSET.

     first-3-811,2026-11-30T21:00:05Z,7574,7c3a91d2e45b60f8

   the ticket; when the agency heard that the bet is stored; the number bet on; and the
   draw's identity, 16 hexadecimal digits, as another day's draw may have the same name.
   A draw's name may have hyphens, the two numbers behind it have none: so a ticket is
   read from its end. Pure. */

#ifndef LOTERIA_RECEIPT_H
#define LOTERIA_RECEIPT_H

#include "bounds.h"
#include "bytes.h"

#define RECEIPT_BYTES      (DRAW_NAME_BYTES_MAX + 1 + 6 + 1 + 20 + 1)
#define RECEIPT_LINE_BYTES (RECEIPT_BYTES + 64) // with its line end

typedef struct {
    char draw[DRAW_NAME_BYTES_MAX + 1];
    uint64_t identity; // of the draw
    uint32_t agency;
} receipt_sale_t; // whose tickets they are

#define RECEIPT_NO_NUMBER UINT32_MAX // it is not known: the field is empty

typedef struct {
    receipt_sale_t sale;
    uint64_t offset;
    uint32_t number;
} receipt_t;

/* "first-3-811". Returns its length. */
size_t receipt_name (const receipt_sale_t *sale, uint64_t offset,
                     char text[RECEIPT_BYTES]);

/* The line, ended by LF; `time` is RFC 3339's. Returns its length. */
size_t receipt_write (const receipt_sale_t *sale, uint64_t offset, const char *time,
                      uint32_t number, char text[RECEIPT_LINE_BYTES]);

/* Read a line, without its end. False: it is none that receipt_write () wrote. */
bool receipt_read (bytes_t line, receipt_t *ticket);

bool receipt_same_sale (const receipt_sale_t *one, const receipt_sale_t *other);

#endif
