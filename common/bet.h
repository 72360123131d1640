/* bet.h - a bet and the rules that its fields obey. */

#ifndef LOTERIA_BET_H
#define LOTERIA_BET_H

#include "bytes.h"
#include "wire.h"

typedef enum {
    BET_ROW = 0, // the row as a whole
    BET_FIRST_NAME = 1,
    BET_LAST_NAME = 2,
    BET_DOCUMENT = 3,
    BET_BIRTHDATE = 4,
    BET_NUMBER = 5
} bet_field_t;

#define BET_FIELDS 5

typedef struct {
    bytes_t first_name; // borrowed, without quotes, as all of these
    bytes_t last_name;
    bytes_t document;
    bytes_t birthdate;
    uint32_t number;
} bet_t;

/* The field's name for people: "first name", ... */
const char *bet_field_name (uint8_t field);

/* A name or document: not empty, not over-long, UTF-8 (RFC 3629), no control
   characters (U+0000..U+001F, U+007F..U+009F, U+2028, U+2029). */
wire_code_t bet_check_text (bytes_t text, size_t bytes_max);

/* YYYY-MM-DD, ASCII digits, a day of the proleptic Gregorian calendar, year 1 to 9999
   (what Python's datetime.date accepts). */
wire_code_t bet_check_birthdate (bytes_t text);

/* ASCII digits only; leading zeros are dropped; 0..number_max. */
wire_code_t bet_check_number (bytes_t text, uint32_t number_max, uint32_t *number);

#endif
