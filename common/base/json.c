/* json.c - writes JSON: loteria-ctl, loteria-web. */

#include "json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "local_time.h"
#include "text.h"

#define REPLACEMENT "\xEF\xBF\xBD" // U+FFFD
#define CHUNK       4096

typedef struct {
    char closing; // ']' or '}'
    bool filled;
} level_t;

struct json {
    char *text;
    size_t size, capacity;
    size_t depth;
    level_t level[JSON_DEPTH_MAX];
    bool line; // the next value begins one
};

static void begin (json_t *json, const char *key, const char *brackets);
static void begin_value (json_t *json, const char *key);
static void put (json_t *json, const void *data, size_t size);
static void put_text (json_t *json, const char *text);
static void put_string (json_t *json, bytes_t text);
static void put_character (json_t *json, bytes_t text, uint32_t character);

json_t *json_new (void)
{
    json_t *json = calloc (1, sizeof *json);
    assert (json);
    return json;
}

void json_destroy (json_t **json)
{
    if (*json)
        free ((*json)->text);
    free (*json);
    *json = NULL;
}

void json_object (json_t *json, const char *key)
{
    begin (json, key, "{}");
}

void json_array (json_t *json, const char *key)
{
    begin (json, key, "[]");
}

void json_end (json_t *json)
{
    assert (json->depth > 0);
    put (json, &json->level[--json->depth].closing, 1);
}

void json_line (json_t *json)
{
    json->line = true;
}

void json_text (json_t *json, const char *key, const char *text)
{
    if (text)
        json_bytes (json, key, bytes_of (text, strlen (text)));
    else
        json_null (json, key);
}

void json_bytes (json_t *json, const char *key, bytes_t text)
{
    begin_value (json, key);
    put_string (json, text);
}

void json_number (json_t *json, const char *key, uint64_t number)
{
    char digits[24];
    begin_value (json, key);
    snprintf (digits, sizeof digits, "%" PRIu64, number);
    put_text (json, digits);
}

/* The digits behind the point that say nothing are left out: 1.50 is 1.5, 2.00 is 2. */
void json_number_if (json_t *json, const char *key, bool known, uint64_t number)
{
    if (known)
        json_number (json, key, number);
    else
        json_null (json, key);
}

void json_real (json_t *json, const char *key, double number, int decimals)
{
    char digits[64];
    if (!isfinite (number) || fabs (number) >= 1e18) {
        json_null (json, key);
        return;
    }
    begin_value (json, key);
    size_t size =
        (size_t) snprintf (digits, sizeof digits, "%.*f", decimals % 18, number);
    if (strchr (digits, '.')) {
        while (digits[size - 1] == '0')
            size--;
        size -= digits[size - 1] == '.';
    }
    digits[size] = 0;
    put_text (json, strcmp (digits, "-0") == 0 ? "0" : digits);
}

void json_bool (json_t *json, const char *key, bool value)
{
    begin_value (json, key);
    put_text (json, value ? "true" : "false");
}

void json_null (json_t *json, const char *key)
{
    begin_value (json, key);
    put_text (json, "null");
}

void json_time (json_t *json, const char *key, uint64_t ms)
{
    char text[LOCAL_TEXT_BYTES];
    json_text (json, key, ms ? local_text_utc (ms, text) : NULL);
}

void json_newline (json_t *json)
{
    assert (json->depth == 0);
    put (json, "\n", 1);
}

char *json_finish (json_t **json, size_t *size)
{
    assert ((*json)->depth == 0);
    put (*json, "", 1);
    char *text = (*json)->text;
    if (size)
        *size = (*json)->size - 1;
    (*json)->text = NULL;
    json_destroy (json);
    return text;
}

static void begin (json_t *json, const char *key, const char *brackets)
{
    assert (json->depth < JSON_DEPTH_MAX);
    begin_value (json, key);
    put (json, brackets, 1);
    json->level[json->depth++] = (level_t){.closing = brackets[1]};
}

static void begin_value (json_t *json, const char *key)
{
    level_t *level = json->depth > 0 ? &json->level[json->depth - 1] : NULL;
    assert (!key == !(level && level->closing == '}'));
    if (level && level->filled)
        put (json, ",", 1);
    if (json->line)
        put (json, "\n ", 2);
    json->line = false;
    if (level)
        level->filled = true;
    if (key) {
        put_string (json, bytes_of (key, strlen (key)));
        put (json, ":", 1);
    }
}

static void put (json_t *json, const void *data, size_t size)
{
    if (json->capacity - json->size < size) {
        json->capacity = (json->size + size) * 2 + CHUNK;
        json->text = realloc (json->text, json->capacity);
        assert (json->text);
    }
    memcpy (json->text + json->size, data, size);
    json->size += size;
}

static void put_text (json_t *json, const char *text)
{
    put (json, text, strlen (text));
}

static void put_string (json_t *json, bytes_t text)
{
    put (json, "\"", 1);
    while (text.size > 0) {
        uint32_t character;
        const size_t size = text_character (text, &character);
        if (size == 0)
            put_text (json, REPLACEMENT);
        else
            put_character (json, bytes_of (text.data, size), character);
        text = bytes_of (text.data + (size ? size : 1), text.size - (size ? size : 1));
    }
    put (json, "\"", 1);
}

/* Control characters, with U+2028 and U+2029, which end a line in older JavaScript; '<'
   may begin "</script>". */
static void put_character (json_t *json, bytes_t text, uint32_t character)
{
    char escape[8];
    if (character == '"' || character == '\\')
        put (json, "\\", 1);
    if (text_is_control (character) || character == '<') {
        snprintf (escape, sizeof escape, "\\u%04X", character);
        put_text (json, escape);
    } else
        put (json, text.data, text.size);
}
