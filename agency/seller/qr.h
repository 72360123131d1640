/* qr.h - a text as a QR code (ISO/IEC 18004, by libqrencode): a square of modules, for
   a terminal or as a picture. Pure. */

#ifndef LOTERIA_QR_H
#define LOTERIA_QR_H

#include <stdio.h>

#include "bytes.h"

#define QR_BYTES_MAX 2953 // that fit the largest code, at the lowest correction
#define QR_QUIET     4    // modules of white around it
#define QR_SCALE     4    // pixels of a module

typedef struct {
    size_t width;     // and height, in modules, without what is around it
    uint8_t *modules; // row by row: 1 black, 0 white; owned
} qr_t;

/* False: it is too long, or empty. To be cleared. */
bool qr_make (qr_t *qr, bytes_t text);
void qr_clear (qr_t *qr);

bool qr_black (const qr_t *qr, size_t x, size_t y);

/* Two rows of modules in a line of characters. With `colours` by ANSI's escape
   sequences, black on white whatever the terminal's colours; else white modules are
   drawn, as terminals are dark. */
void qr_print (const qr_t *qr, bool colours, FILE *stream);

/* As PNG, black and white, QR_SCALE pixels a module. The caller frees it. */
uint8_t *qr_png (const qr_t *qr, size_t *size);

#endif
