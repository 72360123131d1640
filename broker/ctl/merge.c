/* merge.c - log lines of several parts in one order: loteria-ctl events. */

#include "merge.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    uint64_t time_ms, serial; // in the order in which they came
    status_part_t part;
    char *text;
    size_t size;
} line_t;

struct merge {
    size_t lines;
    line_t *line;
    uint64_t serial, nonsense;
};

static void order (merge_t *merge);
static int compare (const void *a, const void *b);
static void drop (merge_t *merge, size_t count);

merge_t *merge_new (void)
{
    merge_t *merge = calloc (1, sizeof *merge);
    assert (merge);
    return merge;
}

void merge_destroy (merge_t **merge)
{
    if (*merge) {
        drop (*merge, (*merge)->lines);
        free ((*merge)->line);
    }
    free (*merge);
    *merge = NULL;
}

void merge_add (merge_t *merge, status_part_t part, bytes_t text)
{
    log_entry_t entry;
    const uint8_t *start = text.data;
    for (; log_entry_next (&text, &entry, &merge->nonsense); start = text.data) {
        if ((merge->lines & (merge->lines - 1)) == 0)
            merge->line = realloc (merge->line, (merge->lines ? 2 * merge->lines : 1) *
                                                    sizeof *merge->line);
        const size_t size = (size_t) (text.data - start);
        char *copy = malloc (size);
        assert (merge->line && copy);
        memcpy (copy, start, size);
        merge->line[merge->lines++] =
            (line_t){entry.time_ms, merge->serial++, part, copy, size};
    }
}

void merge_keep_last (merge_t *merge, size_t lines)
{
    order (merge);
    if (merge->lines > lines)
        drop (merge, merge->lines - lines);
}

void merge_take (merge_t *merge, uint64_t before_ms, merge_take_t *take, void *context)
{
    size_t count = 0;
    order (merge);
    for (; count < merge->lines && merge->line[count].time_ms < before_ms; count++) {
        const line_t *line = &merge->line[count];
        bytes_t text = bytes_of (line->text, line->size);
        log_entry_t entry;
        uint64_t nonsense = 0;
        if (log_entry_next (&text, &entry, &nonsense))
            take (context, line->part, &entry);
    }
    drop (merge, count);
}

size_t merge_lines (const merge_t *merge)
{
    return merge->lines;
}

uint64_t merge_nonsense (const merge_t *merge)
{
    return merge->nonsense;
}

static void order (merge_t *merge)
{
    if (merge->lines > 0)
        qsort (merge->line, merge->lines, sizeof *merge->line, compare);
}

static int compare (const void *a, const void *b)
{
    const line_t *one = a, *other = b;
    if (one->time_ms != other->time_ms)
        return one->time_ms > other->time_ms ? 1 : -1;
    return one->serial > other->serial ? 1 : -1;
}

/* The first ones. */
static void drop (merge_t *merge, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free (merge->line[i].text);
    merge->lines -= count;
    if (count > 0)
        memmove (merge->line, merge->line + count, merge->lines * sizeof *merge->line);
}
