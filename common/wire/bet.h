/* bet.h - a bet, and the rules for its fields. */

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
    bytes_t first_name; // borrowed and without quotes, like all of these
    bytes_t last_name;
    bytes_t document;
    bytes_t birthdate;
    uint32_t number;
} bet_t;

/* The field's name for people: "first name", ... */
const char *bet_field_name (uint8_t field);

/* What a central may configure, or what changes with time. Days are numbers that read
   as they are written: 20261130. */
typedef struct {
    uint32_t number_max; // the highest number that can be bet on
    uint32_t born_max;   // the latest birthdate
} bet_rules_t;

#define BET_BORN_MIN 19000101
#define BET_BORN_ANY 99991231

/* The most permissive rules: for rows that a central has accepted already. */
extern const bet_rules_t bet_rules_widest;

/* The latest birthdate that is not in the future everywhere on Earth, at a time in
   seconds since 1970 (UTC): tomorrow, which has begun somewhere already. BET_BORN_ANY
   when the clock has clearly not been set: no bet is refused for that. */
uint32_t bet_born_max (int64_t seconds);

/* A name or document: not empty, not too long, and text as text.h has it. */
wire_code_t bet_check_text (bytes_t text, size_t bytes_max);

/* YYYY-MM-DD, ASCII digits, a real date from 1900-01-01 to `born_max`. */
wire_code_t bet_check_birthdate (bytes_t text, uint32_t born_max);

/* ASCII digits only; leading zeros are dropped; 0..number_max. */
wire_code_t bet_check_number (bytes_t text, uint32_t number_max, uint32_t *number);

#endif
