/* log_entry.h - a line of a REPORT about LINES or REFUSALS, taken apart:

     1764500000123 INFO action: sorteo | result: success | numero: 7574
     1764500000123 agency: 4 | draw: noche | code: FIELDS | command: BATCH | row: 3

   Pure. */

#ifndef LOTERIA_LOG_ENTRY_H
#define LOTERIA_LOG_ENTRY_H

#include "bytes.h"

#define LOG_ENTRY_PARTS_MAX 32

typedef struct {
    uint64_t time_ms;
    bytes_t level; // "INFO"; empty in a refusal
    bytes_t text;  // all that follows
    size_t parts;
    struct {
        bytes_t key, value; // without blanks around them
    } part[LOG_ENTRY_PARTS_MAX];
} log_entry_t;

/* Take the next line off `text`, which borrows; false at its end. A line that is none
   of these is passed over and counted in `nonsense`. */
bool log_entry_next (bytes_t *text, log_entry_t *entry, uint64_t *nonsense);

/* The value of the part with this key; empty when there is none. */
bytes_t log_entry_part (const log_entry_t *entry, const char *key);

#endif
