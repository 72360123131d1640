/* bet_csv_check.h - what the tests of bet_csv share: memory in which one byte read or
   written too many is seen. */

#ifndef LOTERIA_BET_CSV_CHECK_H
#define LOTERIA_BET_CSV_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bet_csv.h"

#define COUNT(table) (sizeof (table) / sizeof (table)[0])
#define GOOD         "Ana,Paz,20000000,2000-01-01,1\r\n"
#define BORN_MAX     20261201
#define LONG_NAME    "0123456789abcdef0123456789abcdef" /* 32 bytes */

#define TEXT_BYTES_MAX  2048
#define OUT_BYTES(s, n) ((s) + (size_t) (n) * (AGENCY_DIGITS_MAX + 2))

/* A copy of exactly the text's size, so that ASan sees whoever reads past its end. */
static inline bytes_t exact (bytes_t text)
{
    uint8_t *copy = malloc (text.size);
    assert_true (copy != NULL || text.size == 0);
    if (text.size > 0)
        memcpy (copy, text.data, text.size);
    return bytes_of (copy, text.size);
}

/* What bet_csv_canonical () makes of `rows`, in and out at their exact sizes. The
   caller frees what is returned. */
static inline bytes_t canonical (bytes_t rows, uint32_t count, uint32_t agency,
                                 bet_csv_error_t *error)
{
    bytes_t copy = exact (rows);
    uint8_t *out = malloc (OUT_BYTES (rows.size, count));
    assert_true (out != NULL || OUT_BYTES (rows.size, count) == 0);
    size_t size = bet_csv_canonical (copy, count, agency,
                                     &(bet_rules_t){9999, BORN_MAX}, out, error);
    free ((void *) copy.data);
    assert_true (size <= OUT_BYTES (rows.size, count));
    assert_true ((size > 0) == (error->code == REFUSED_OK));
    return bytes_of (out, size);
}

#endif
