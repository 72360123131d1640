/* exposition.c - one text for Prometheus: loteria-web. */

#include "exposition.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define NO_METRIC SIZE_MAX

typedef struct {
    size_t metric;
    const char *part; // borrowed
    size_t at;        // in the text, where its name is, its labels (without braces) and
    size_t name, labels, rest; // the blank with its value: so many bytes each
} line_t;

struct exposition {
    const exposition_metric_t *metrics;
    size_t count;
    line_t *lines;
    size_t size, capacity;
    char *text; // of all lines, name, labels and rest of each
    size_t text_size, text_capacity;
    uint64_t nonsense;
};

typedef struct { // a line taken apart
    bytes_t name, labels, rest;
} pieces_t;

static bool take_line (exposition_t *exposition, const char *part, bytes_t text);
static bool take_apart (pieces_t *pieces, bytes_t text);
static size_t name_size (bytes_t text);
static size_t labels_size (bytes_t text);
static size_t label_size (bytes_t text);
static bool is_value (bytes_t text);
static size_t metric_of (const exposition_t *exposition, bytes_t name);
static bool belongs (const exposition_metric_t *metric, bytes_t name);
static void keep (exposition_t *exposition, bytes_t bytes);
static void write_metric (const exposition_t *exposition, size_t metric, FILE *file);
static void write_line (const exposition_t *exposition, const line_t *line, FILE *file);
static void write_labels (bytes_t labels, FILE *file);

exposition_t *exposition_new (const exposition_metric_t *metrics, size_t count)
{
    exposition_t *exposition = calloc (1, sizeof *exposition);
    assert (exposition);
    exposition->metrics = metrics;
    exposition->count = count;
    return exposition;
}

void exposition_destroy (exposition_t **exposition)
{
    if (*exposition) {
        free ((*exposition)->lines);
        free ((*exposition)->text);
        free (*exposition);
    }
    *exposition = NULL;
}

void exposition_clear (exposition_t *exposition)
{
    exposition->size = exposition->text_size = 0;
}

void exposition_take (exposition_t *exposition, const char *part, bytes_t text)
{
    bytes_t line;
    while (bytes_take_line (&text, &line))
        if (line.size > 0 && !take_line (exposition, part, line))
            exposition->nonsense++;
}

void exposition_put (exposition_t *exposition, const char *part, const char *name,
                     double value)
{
    char text[160];
    const int size = snprintf (text, sizeof text, "%s %.15g", name, value);
    exposition_take (exposition, part, bytes_of (text, (size_t) size));
}

char *exposition_text (const exposition_t *exposition, size_t *size)
{
    char *text = NULL;
    FILE *file = open_memstream (&text, size);
    assert (file);
    for (size_t metric = 0; metric < exposition->count; metric++)
        write_metric (exposition, metric, file);
    fclose (file);
    assert (text);
    return text;
}

uint64_t exposition_nonsense (const exposition_t *exposition)
{
    return exposition->nonsense;
}

/* ---- Taking lines ---------------------------------------------------------------- */

static bool take_line (exposition_t *exposition, const char *part, bytes_t text)
{
    pieces_t pieces;
    if (!take_apart (&pieces, text))
        return false;
    const size_t metric = metric_of (exposition, pieces.name);
    if (metric == NO_METRIC)
        return false;
    if (exposition->size == exposition->capacity) {
        exposition->capacity = exposition->capacity ? 2 * exposition->capacity : 256;
        exposition->lines = realloc (exposition->lines,
                                     exposition->capacity * sizeof *exposition->lines);
        assert (exposition->lines);
    }
    exposition->lines[exposition->size++] = (line_t){.metric = metric,
                                                     .part = part,
                                                     .at = exposition->text_size,
                                                     .name = pieces.name.size,
                                                     .labels = pieces.labels.size,
                                                     .rest = pieces.rest.size};
    keep (exposition, pieces.name);
    keep (exposition, pieces.labels);
    keep (exposition, pieces.rest);
    return true;
}

/* NAME{LABELS} VALUE or NAME VALUE */
static bool take_apart (pieces_t *pieces, bytes_t text)
{
    const size_t name = name_size (text);
    pieces->name = bytes_of (text.data, name);
    pieces->labels = bytes_of (NULL, 0);
    pieces->rest = bytes_of (text.data + name, text.size - name);
    if (pieces->rest.size > 0 && *pieces->rest.data == '{') {
        pieces->labels.data = pieces->rest.data + 1;
        pieces->labels.size =
            labels_size (bytes_of (pieces->rest.data + 1, pieces->rest.size - 1));
        const size_t taken = 1 + pieces->labels.size;
        if (taken >= pieces->rest.size || pieces->rest.data[taken] != '}')
            return false;
        pieces->rest.data += taken + 1;
        pieces->rest.size -= taken + 1;
    }
    return name > 0 && is_value (pieces->rest);
}

static size_t name_size (bytes_t text)
{
    size_t size = 0;
    while (size < text.size &&
           ((text.data[size] >= 'a' && text.data[size] <= 'z') ||
            (text.data[size] >= 'A' && text.data[size] <= 'Z') ||
            text.data[size] == '_' ||
            (size > 0 && text.data[size] >= '0' && text.data[size] <= '9')))
        size++;
    return size;
}

/* As far as they are sound. */
static size_t labels_size (bytes_t text)
{
    size_t size = 0;
    for (;;) {
        const size_t label = label_size (bytes_of (text.data + size, text.size - size));
        if (label == 0)
            return size;
        size += label;
        if (size == text.size || text.data[size] != ',')
            return size;
        size++;
    }
}

/* NAME="VALUE", in which \ stands before \, " and n; 0 for anything else. */
static size_t label_size (bytes_t text)
{
    size_t at = name_size (text);
    if (at == 0 || at + 2 > text.size || text.data[at] != '=' ||
        text.data[at + 1] != '"')
        return 0;
    for (at += 2; at < text.size && text.data[at] != '"'; at++)
        if (text.data[at] == '\\' &&
            (++at == text.size || !strchr ("\\\"n", text.data[at])))
            return 0;
    return at < text.size ? at + 1 : 0;
}

/* A blank and a number. */
static bool is_value (bytes_t text)
{
    char number[64], *end;
    if (text.size < 2 || text.size > sizeof number || *text.data != ' ' ||
        text.data[1] == ' ')
        return false;
    memcpy (number, text.data + 1, text.size - 1);
    number[text.size - 1] = 0;
    strtod (number, &end);
    return end == number + text.size - 1;
}

static size_t metric_of (const exposition_t *exposition, bytes_t name)
{
    for (size_t i = 0; i < exposition->count; i++)
        if (belongs (&exposition->metrics[i], name))
            return i;
    return NO_METRIC;
}

/* A histogram has lines of three names. */
static bool belongs (const exposition_metric_t *metric, bytes_t name)
{
    static const char *const suffixes[] = {"_bucket", "_sum", "_count"};
    const size_t size = strlen (metric->name);
    if (name.size < size || memcmp (name.data, metric->name, size) != 0)
        return false;
    const bytes_t suffix = bytes_of (name.data + size, name.size - size);
    if (strcmp (metric->type, "histogram") != 0)
        return suffix.size == 0;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (bytes_equal (suffix, bytes_of (suffixes[i], strlen (suffixes[i]))))
            return true;
    return false;
}

static void keep (exposition_t *exposition, bytes_t bytes)
{
    while (exposition->text_size + bytes.size > exposition->text_capacity) {
        exposition->text_capacity =
            exposition->text_capacity ? 2 * exposition->text_capacity : 16384;
        exposition->text = realloc (exposition->text, exposition->text_capacity);
        assert (exposition->text);
    }
    if (bytes.size > 0)
        memcpy (exposition->text + exposition->text_size, bytes.data, bytes.size);
    exposition->text_size += bytes.size;
}

/* ---- Writing them ---------------------------------------------------------------- */

static void write_metric (const exposition_t *exposition, size_t metric, FILE *file)
{
    const exposition_metric_t *about = &exposition->metrics[metric];
    bool told = false;
    for (size_t i = 0; i < exposition->size; i++) {
        if (exposition->lines[i].metric != metric)
            continue;
        if (!told)
            fprintf (file, "# HELP %s %s\n# TYPE %s %s\n", about->name, about->help,
                     about->name, about->type);
        told = true;
        write_line (exposition, &exposition->lines[i], file);
    }
}

static void write_line (const exposition_t *exposition, const line_t *line, FILE *file)
{
    const char *name = exposition->text + line->at, *labels = name + line->name;
    fwrite (name, 1, line->name, file);
    fprintf (file, "{part=\"%s\"", line->part);
    write_labels (bytes_of (labels, line->labels), file);
    fputc ('}', file);
    fwrite (labels + line->labels, 1, line->rest, file);
    fputc ('\n', file);
}

/* A label `part` of theirs is another part that they speak of. */
static void write_labels (bytes_t labels, FILE *file)
{
    while (labels.size > 0) {
        const size_t name = name_size (labels), size = label_size (labels);
        fputc (',', file);
        if (bytes_equal (bytes_of (labels.data, name), bytes_of ("part", 4)))
            fputs ("peer", file);
        else
            fwrite (labels.data, 1, name, file);
        fwrite (labels.data + name, 1, size - name, file);
        const size_t taken = size + (size < labels.size); // and a comma
        labels = bytes_of (labels.data + taken, labels.size - taken);
    }
}
