/* png.h - a picture in black and white as PNG (RFC 2083): the few lines of it that such
   pictures need, not compressed. Pure. */

#ifndef LOTERIA_PNG_H
#define LOTERIA_PNG_H

#include "bytes.h"

/* `pixels` are rows of a bit for each pixel, 1 white, the first the highest, each row a
   whole number of bytes; width and height are not 0. The caller frees it. */
uint8_t *png_make (const uint8_t *pixels, size_t width, size_t height, size_t *size);

#endif
