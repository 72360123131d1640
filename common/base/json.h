/* json.h - writes JSON (RFC 8259), a value after another, in memory. Pure.

     json_t *json = json_new ();
     json_object (json, NULL);
     json_text (json, "name", "noche");
     json_array (json, "agencies");
     json_number (json, NULL, 4);
     json_end (json);
     json_end (json);
     char *text = json_finish (&json, NULL);     {"name":"noche","agencies":[4]}

   `key` is the member's name in an object, and NULL in an array and for the outermost
   value. Keys are the program's own words and need no escapes; texts may be any bytes:
   what is not UTF-8 becomes U+FFFD, and what would end a <script> is escaped, too. */

#ifndef LOTERIA_JSON_H
#define LOTERIA_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

#define JSON_DEPTH_MAX 16

typedef struct json json_t;

json_t *json_new (void);
void json_destroy (json_t **json);

/* Begin an object or an array, and end what was begun last. */
void json_object (json_t *json, const char *key);
void json_array (json_t *json, const char *key);
void json_end (json_t *json);

/* In an array of objects, begin the next one on a line of its own: for people who look
   at it, and for programs that read by the line. */
void json_line (json_t *json);

/* Values. A text that is NULL is null, and a number that is not known; a real has at
   most `decimals` digits behind the point, and what JSON has no number for is null; a
   time is UTC, "2026-12-01T00:00:05Z", from milliseconds since 1970, and 0 is null. */
void json_text (json_t *json, const char *key, const char *text);
void json_bytes (json_t *json, const char *key, bytes_t text);
void json_number (json_t *json, const char *key, uint64_t number);
void json_number_if (json_t *json, const char *key, bool known, uint64_t number);
void json_real (json_t *json, const char *key, double number, int decimals);
void json_bool (json_t *json, const char *key, bool value);
void json_null (json_t *json, const char *key);
void json_time (json_t *json, const char *key, uint64_t ms);

/* End the text with a line feed, once all that was begun has been ended. */
void json_newline (json_t *json);

/* The text, for the caller to free, zero-terminated; its length goes to `size` unless
   that is NULL. All that was begun has been ended. */
char *json_finish (json_t **json, size_t *size);

#endif
