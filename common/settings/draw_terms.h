/* draw_terms.h - what a draw is opened with, as people write it: where its number comes
   from, and when it closes.

     number   fixed:7574   it is known when the draw is opened
              entered      the operator enters it after the close
              random       it is drawn by chance after the close
              provable     it follows from nonces of the operator and the agencies
                           (docs/fairness.md)
     closes   all-asked    when every agency on the roll has asked for its results
              21:00        at that time, by the clock on the wall (local_time.h)
              never        when the operator closes it

   The letters and times that stand for them are the wire's: wire_source_t,
   CLOSES_ALL_ASKED, CLOSES_NEVER. */

#ifndef LOTERIA_DRAW_TERMS_H
#define LOTERIA_DRAW_TERMS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    TERMS_FIXED = 'F',
    TERMS_ENTERED = 'E',
    TERMS_RANDOM = 'R',
    TERMS_PROVABLE = 'P'
} terms_source_t;

typedef struct {
    uint8_t source;  // terms_source_t
    uint32_t number; // of a fixed one, up to NUMBER_MAX_MAX; else 0
} terms_number_t;

typedef enum { TERMS_ALL_ASKED, TERMS_AT, TERMS_NEVER } terms_closing_t;

typedef struct {
    terms_closing_t closing;
    uint32_t minute; // of the day: TERMS_AT
} terms_closes_t;

/* Each returns what is wrong with the text, for people, or NULL with the value. What is
   wrong with a number does not quote it, since nobody may see it. */
const char *terms_number_parse (const char *text, terms_number_t *number);
const char *terms_closes_parse (const char *text, terms_closes_t *closes);
const char *terms_time_parse (const char *text, uint32_t *minute); // 00:00 to 23:59

/* The same without the value: for config_item_t. */
const char *terms_number_fault (const char *text);
const char *terms_closes_fault (const char *text);
const char *terms_name_fault (const char *text); // a draw's name: draw_name.h

/* "fixed", "entered", "random", "provable": without the number. */
const char *terms_source_name (uint8_t source);

/* When such a draw closes if it is opened at `now_ms`, in milliseconds since 1970:
   the next time that the clock on the wall shows that hour, after now; 0 for
   TERMS_ALL_ASKED, UINT64_MAX for TERMS_NEVER. */
uint64_t terms_closes_ms (terms_closes_t closes, uint64_t now_ms);

#endif
