/* qr.c - a text as a QR code (agency). */

#include "qr.h"

#include "png.h"

#include <assert.h>
#include <qrencode.h>
#include <stdlib.h>

#define ECI_UTF8 26 // says what the bytes are; without it readers guess

static QRcode *encode (bytes_t text);
static bool is_ascii (bytes_t text);
static void print_line (const qr_t *qr, size_t y, FILE *stream);
static bool white (const qr_t *qr, size_t x, size_t y);

bool qr_make (qr_t *qr, bytes_t text)
{
    *qr = (qr_t){0};
    if (text.size == 0 || text.size > QR_BYTES_MAX)
        return false;
    QRcode *code = encode (text);
    if (!code)
        return false;
    const size_t count = (size_t) code->width * (size_t) code->width;
    qr->width = (size_t) code->width;
    qr->modules = malloc (count);
    assert (qr->modules);
    for (size_t i = 0; i < count; i++)
        qr->modules[i] = code->data[i] & 1;
    QRcode_free (code);
    return true;
}

/* NULL: it does not fit. */
static QRcode *encode (bytes_t text)
{
    QRcode *code = NULL;
    QRinput *input = QRinput_new2 (0, QR_ECLEVEL_L);
    assert (input);
    if ((is_ascii (text) || QRinput_appendECIheader (input, ECI_UTF8) == 0) &&
        QRinput_append (input, QR_MODE_8, (int) text.size, text.data) == 0)
        code = QRcode_encodeInput (input);
    QRinput_free (input);
    return code;
}

static bool is_ascii (bytes_t text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] > 0x7F)
            return false;
    return true;
}

void qr_clear (qr_t *qr)
{
    free (qr->modules);
    *qr = (qr_t){0};
}

bool qr_black (const qr_t *qr, size_t x, size_t y)
{
    return x < qr->width && y < qr->width && qr->modules[y * qr->width + x] == 1;
}

void qr_print (const qr_t *qr, bool colours, FILE *stream)
{
    const size_t side = qr->width + 2 * QR_QUIET;
    for (size_t y = 0; y < side; y += 2) {
        if (colours)
            fputs ("\033[40;37;1m", stream);
        print_line (qr, y, stream);
        fputs (colours ? "\033[0m\n" : "\n", stream);
    }
}

static void print_line (const qr_t *qr, size_t y, FILE *stream)
{
    static const char *const halves[2][2] = {{" ", "\u2584"}, {"\u2580", "\u2588"}};
    for (size_t x = 0; x < qr->width + 2 * QR_QUIET; x++)
        fputs (halves[white (qr, x, y)][white (qr, x, y + 1)], stream);
}

/* Below what is around it there is nothing to be drawn. */
static bool white (const qr_t *qr, size_t x, size_t y)
{
    return y < qr->width + 2 * QR_QUIET && !qr_black (qr, x - QR_QUIET, y - QR_QUIET);
}

uint8_t *qr_png (const qr_t *qr, size_t *size)
{
    const size_t side = (qr->width + 2 * QR_QUIET) * QR_SCALE;
    const size_t row = (side + 7) / 8;
    uint8_t *pixels = calloc (side, row);
    assert (pixels);
    for (size_t y = 0; y < side; y++)
        for (size_t x = 0; x < side; x++)
            if (!qr_black (qr, x / QR_SCALE - QR_QUIET, y / QR_SCALE - QR_QUIET))
                pixels[y * row + x / 8] |= (uint8_t) (0x80 >> x % 8);
    uint8_t *png = png_make (pixels, side, side, size);
    free (pixels);
    return png;
}
