/* recording.c - reads a recording. */

#include "recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assert.h>

static bool take_line (recording_t *recording, char *line);
static bool take_sold (recording_t *recording, uint32_t agency, uint64_t count,
                       const char *hex);
static bool take_file_step (recording_t *recording, step_kind_t kind,
                            unsigned long file, uint64_t at, const char *hex);
static bool take_told (recording_t *recording, const char *what, unsigned long agency,
                       uint64_t count);
static bool bytes_from (const char *hex, bytes_t *bytes);
static bool add (recording_t *recording, step_t step);

static const char *const file_steps[] = {"write", "truncate", "reserve", "sync"};
static const char *const told_steps[] = {"stored", "sealed", "waiting", "winners",
                                         "served"};

void recording_read (recording_t *recording, const char *path)
{
    *recording = (recording_t){0};
    FILE *file = fopen (path, "r");
    char *line = NULL;
    size_t capacity = 0, number = 0;
    if (!file) {
        perror (path);
        exit (2);
    }
    while (getline (&line, &capacity, file) != -1) {
        number++;
        if (!take_line (recording, line)) {
            fprintf (stderr, "%s: line %zu is no step\n", path, number);
            exit (2);
        }
    }
    free (line);
    fclose (file);
}

void recording_redo (const step_t *step, disk_file_t *file)
{
    int rc = 0;
    if (step->kind == STEP_WRITE)
        rc = file->file->ops->write (file->file, step->data.data, step->data.size,
                                     step->at);
    else if (step->kind == STEP_TRUNCATE)
        rc = file->file->ops->truncate (file->file, step->at);
    assert (rc == 0);
}

const char *recording_text (const recording_t *recording, size_t step)
{
    static char text[128];
    const step_t *is = &recording->steps[step];
    if (is->kind >= STEP_STORED)
        snprintf (text, sizeof text, "step %zu: told %s to agency %u, %llu", step,
                  told_steps[is->kind - STEP_STORED], is->agency,
                  (unsigned long long) is->count);
    else
        snprintf (text, sizeof text, "step %zu: %s %s at %llu, %zu bytes", step,
                  file_steps[is->kind], recording->files[is->file],
                  (unsigned long long) is->at, is->data.size);
    return text;
}

static bool take_line (recording_t *recording, char *line)
{
    char *word[5] = {0};
    size_t words = 0;
    for (char *rest = line; words < 5 && (word[words] = strtok (rest, " \n"));
         rest = NULL)
        words++;
    if (words < 2)
        return false;
    if (strcmp (word[0], "file") == 0 && recording->file_count < RECORDING_FILES_MAX) {
        recording->files[recording->file_count] = strdup (word[1]);
        assert (recording->files[recording->file_count]);
        recording->file_count++;
        return true;
    }
    const unsigned long first = strtoul (word[1], NULL, 10);
    const uint64_t second = words > 2 ? strtoull (word[2], NULL, 10) : 0;
    if (strcmp (word[0], "terms") == 0) {
        recording->agencies = (uint32_t) first;
        recording->number = (uint32_t) second;
        return first <= RECORDING_AGENCIES_MAX;
    }
    if (strcmp (word[0], "sold") == 0 && first <= RECORDING_AGENCIES_MAX)
        return take_sold (recording, (uint32_t) first, second, word[3]);
    if (strcmp (word[0], "told") == 0 && words == 4)
        return take_told (recording, word[1], strtoul (word[2], NULL, 10),
                          strtoull (word[3], NULL, 10));
    for (size_t kind = 0; kind <= STEP_SYNC; kind++)
        if (strcmp (word[0], file_steps[kind]) == 0)
            return take_file_step (recording, (step_kind_t) kind, first, second,
                                   word[3]);
    return false;
}

static bool take_sold (recording_t *recording, uint32_t agency, uint64_t count,
                       const char *hex)
{
    bytes_t rest;
    if (!bytes_from (hex, &rest))
        return false;
    bytes_t *rows = calloc (count + 1, sizeof *rows);
    assert (rows);
    recording->sold[agency].count = count;
    recording->sold[agency].all = rest;
    recording->sold[agency].rows = rows;
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *end = memchr (rest.data, '\n', rest.size);
        if (!end)
            return false;
        rows[i] = bytes_of (rest.data, (size_t) (end - rest.data) + 1);
        rest = bytes_of (rest.data + rows[i].size, rest.size - rows[i].size);
    }
    return rest.size == 0;
}

static bool take_file_step (recording_t *recording, step_kind_t kind,
                            unsigned long file, uint64_t at, const char *hex)
{
    step_t step = {.kind = kind, .file = (unsigned) file, .at = at};
    return file < recording->file_count &&
           (kind != STEP_WRITE || bytes_from (hex, &step.data)) &&
           add (recording, step);
}

static bool take_told (recording_t *recording, const char *what, unsigned long agency,
                       uint64_t count)
{
    for (size_t i = 0; i < sizeof told_steps / sizeof *told_steps; i++)
        if (strcmp (what, told_steps[i]) == 0)
            return agency <= recording->agencies &&
                   add (recording, (step_t){.kind = (step_kind_t) (STEP_STORED + i),
                                            .agency = (uint32_t) agency,
                                            .count = count});
    return false;
}

/* No digits at all are no bytes. */
static bool bytes_from (const char *hex, bytes_t *bytes)
{
    const size_t size = hex ? strlen (hex) / 2 : 0;
    uint8_t *data = malloc (size + 1);
    assert (data);
    for (size_t i = 0; i < size; i++) {
        const char digits[] = {hex[2 * i], hex[2 * i + 1], 0};
        char *end;
        data[i] = (uint8_t) strtoul (digits, &end, 16);
        if (*end)
            return false;
    }
    *bytes = bytes_of (data, size);
    return true;
}

static bool add (recording_t *recording, step_t step)
{
    if ((recording->count & (recording->count + 1)) == 0) { // 0, 1, 3, 7, ...
        recording->steps =
            realloc (recording->steps, 2 * (recording->count + 1) * sizeof step);
        assert (recording->steps);
    }
    recording->steps[recording->count++] = step;
    return true;
}
