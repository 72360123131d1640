/* vectors.h - reads the byte examples in tests/vectors (their README.md has the
   format), and lends memory in which one byte read too many ends the test. */

#ifndef LOTERIA_VECTORS_H
#define LOTERIA_VECTORS_H

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "bytes.h"

#define VECTORS           "tests/vectors/" /* the tests run in the project's root */
#define VECTOR_FIELDS_MAX 32
#define VECTOR_BYTES_MAX  4096

typedef struct {
    char key[32];
    char value[VECTOR_BYTES_MAX]; // as it stands in the file
} vector_field_t;

typedef struct {
    size_t fields;
    vector_field_t field[VECTOR_FIELDS_MAX];
} vector_t;

static inline FILE *vector_open (const char *file)
{
    char path[256];
    snprintf (path, sizeof path, VECTORS "%s", file);
    FILE *stream = fopen (path, "r");
    if (!stream)
        fail_msg ("%s cannot be read", path);
    return stream;
}

/* The value of the field, NULL when there is none. `from` is where to begin. */
static inline const char *vector_value (const vector_t *vector, const char *key,
                                        size_t from)
{
    for (size_t i = from; i < vector->fields; i++)
        if (strcmp (vector->field[i].key, key) == 0)
            return vector->field[i].value;
    return NULL;
}

static inline const char *vector_name (const vector_t *vector)
{
    const char *name = vector_value (vector, "name", 0);
    if (!name)
        fail_msg ("an example without a name");
    return name;
}

static inline void vector_line (vector_t *vector, const char *line)
{
    if (isspace ((unsigned char) line[0])) { // goes on with the field before
        assert_true (vector->fields > 0);
        char *value = vector->field[vector->fields - 1].value;
        assert_true (strlen (value) + strlen (line) < VECTOR_BYTES_MAX);
        strcat (value, line);
        return;
    }
    assert_true (vector->fields < VECTOR_FIELDS_MAX);
    vector_field_t *field = &vector->field[vector->fields++];
    const char *colon = strchr (line, ':');
    if (!colon || (size_t) (colon - line) >= sizeof field->key)
        fail_msg ("no field: %s", line);
    snprintf (field->key, sizeof field->key, "%.*s", (int) (colon - line), line);
    snprintf (field->value, sizeof field->value, "%s",
              colon + 1 + strspn (colon + 1, " "));
}

/* Read the next example. False at the end, when the file is closed as well. */
static inline bool vector_next (FILE *stream, vector_t *vector)
{
    char line[VECTOR_BYTES_MAX];
    vector->fields = 0;
    while (fgets (line, sizeof line, stream)) {
        line[strcspn (line, "\n")] = '\0';
        if (line[0] == '#')
            continue;
        if (line[0] != '\0')
            vector_line (vector, line);
        else if (vector->fields > 0)
            return true;
    }
    if (vector->fields > 0)
        return true;
    fclose (stream);
    return false;
}

static inline uint64_t vector_number (const char *value)
{
    char *end;
    const uint64_t number = strtoull (value, &end, 10);
    if (!isdigit ((unsigned char) value[0]) || *end != '\0')
        fail_msg ("no number: %s", value);
    return number;
}

static inline uint8_t vector_digits (const char *at)
{
    unsigned byte = 0;
    if (!isxdigit ((unsigned char) at[0]) || !isxdigit ((unsigned char) at[1]) ||
        sscanf (at, "%2x", &byte) != 1)
        fail_msg ("no two hexadecimal digits: %s", at);
    return (uint8_t) byte;
}

/* Bytes in hexadecimal; returns how many. `room` has VECTOR_BYTES_MAX. */
static inline size_t vector_hex (const char *value, uint8_t *room)
{
    size_t size = 0;
    for (value += strspn (value, " "); *value; value += strspn (value, " ")) {
        room[size++] = vector_digits (value);
        value += 2;
    }
    return size;
}

static inline size_t vector_quoted (const char *value, uint8_t *room)
{
    size_t size = 0;
    assert_int_equal (*value, '"');
    for (value++; *value != '"'; value++) {
        assert_int_not_equal (*value, '\0');
        if (*value == '\\' && *++value == 'x') {
            room[size++] = vector_digits (value + 1);
            value += 2;
        } else if (value[-1] == '\\' && *value != '\\' && *value != '"') {
            room[size++] = *value == 'r' ? '\r' : '\n';
        } else {
            room[size++] = (uint8_t) *value;
        }
    }
    assert_int_equal (value[1], '\0');
    return size;
}

/* All the text of a field, which may be given several times. */
static inline size_t vector_text (const vector_t *vector, const char *key,
                                  uint8_t *room)
{
    size_t size = 0;
    for (size_t i = 0; i < vector->fields; i++)
        if (strcmp (vector->field[i].key, key) == 0)
            size += vector_quoted (vector->field[i].value, room + size);
    return size;
}

/* A copy of `bytes` that ends where memory ends: reading on is a segmentation fault, in
   every build. Lasts until the next call. */
static inline bytes_t vector_guard (bytes_t bytes)
{
    static uint8_t *end;
    if (!end) {
        const size_t page = (size_t) sysconf (_SC_PAGESIZE);
        const size_t size = (2 * VECTOR_BYTES_MAX / page + 1) * page;
        uint8_t *memory = mmap (NULL, size + page, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true (memory != MAP_FAILED);
        end = memory + size;
        assert_int_equal (mprotect (end, page, PROT_NONE), 0);
    }
    assert_true (bytes.size <= 2 * VECTOR_BYTES_MAX);
    put_bytes (end - bytes.size, bytes);
    return bytes_of (end - bytes.size, bytes.size);
}

/* Numbers that look random and are the same in every run (splitmix64). */
static inline uint64_t vector_random (uint64_t *state)
{
    uint64_t value = (*state += 0x9E3779B97F4A7C15);
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
    return value ^ (value >> 31);
}

/* Damage `size` bytes at `data` in up to four places; returns the new size, which is at
   most `size` + 8. */
static inline size_t vector_mutate (uint8_t *data, size_t size, uint64_t *state)
{
    static const uint8_t telling[] = {0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF};
    for (uint64_t places = 1 + vector_random (state) % 4; places > 0 && size > 0;
         places--) {
        const uint64_t random = vector_random (state);
        const size_t at = (random >> 8) % size;
        if (random % 2)
            data[at] = telling[(random >> 40) % sizeof telling];
        else
            data[at] ^= (uint8_t) (1 << (random >> 40) % 8);
    }
    const uint64_t random = vector_random (state);
    if (random % 8 == 0)
        return (random >> 8) % (size + 1);
    if (random % 8 == 1) {
        const size_t more = (random >> 8) % 9;
        memset (data + size, (int) (random >> 16 & 0xFF), more);
        return size + more;
    }
    return size;
}

#endif
