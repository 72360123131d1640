/* metric_line.c - takes METRICS apart, line by line: loteria-ctl, loteria-web. */

#include "metric_line.h"

#include <ctype.h>
#include <stdlib.h>

#include "text.h"

#define VALUE_BYTES_MAX 40

static bool take_line (bytes_t text, metric_line_t *line);
static bytes_t take_name (bytes_t *text);
static bool take_labels (bytes_t *text, metric_line_t *line);
static bool take_label (bytes_t *text, metric_line_t *line);
static bool take_quoted (bytes_t *text, char value[METRIC_LABEL_BYTES]);
static bool take_value (bytes_t text, double *value);
static bool take (bytes_t *text, char byte);
static bool begins (bytes_t text, char byte);

bool metric_line_next (bytes_t *text, metric_line_t *line, uint64_t *nonsense)
{
    bytes_t one;
    while (bytes_take_line (text, &one)) {
        if (one.size == 0 || begins (one, '#'))
            continue;
        if (take_line (one, line))
            return true;
        ++*nonsense;
    }
    return false;
}

const char *metric_line_label (const metric_line_t *line, const char *name)
{
    const bytes_t wanted = bytes_of (name, strlen (name));
    for (size_t i = 0; i < line->labels; i++)
        if (bytes_equal (line->label[i].name, wanted))
            return line->label[i].value;
    return "";
}

static bool take_line (bytes_t text, metric_line_t *line)
{
    line->labels = 0;
    line->name = take_name (&text);
    return line->name.size > 0 && take_labels (&text, line) && take (&text, ' ') &&
           take_value (text, &line->value);
}

static bytes_t take_name (bytes_t *text)
{
    size_t size = 0;
    while (size < text->size &&
           (isalpha (text->data[size]) || text->data[size] == '_' ||
            (size > 0 && isdigit (text->data[size]))))
        size++;
    const bytes_t name = bytes_of (text->data, size);
    *text = bytes_of (text->data + size, text->size - size);
    return name;
}

static bool take_labels (bytes_t *text, metric_line_t *line)
{
    if (!take (text, '{'))
        return true;
    while (!take (text, '}'))
        if ((line->labels > 0 && !take (text, ',')) || !take_label (text, line))
            return false;
    return true;
}

static bool take_label (bytes_t *text, metric_line_t *line)
{
    if (line->labels == METRIC_LABELS_MAX)
        return false;
    line->label[line->labels].name = take_name (text);
    return line->label[line->labels].name.size > 0 && take (text, '=') &&
           take_quoted (text, line->label[line->labels++].value);
}

/* What is too long is no label of ours. */
static bool take_quoted (bytes_t *text, char value[METRIC_LABEL_BYTES])
{
    size_t size = 0;
    if (!take (text, '"'))
        return false;
    while (!take (text, '"')) {
        const bool escaped = take (text, '\\');
        if (text->size == 0 || size + 1 == METRIC_LABEL_BYTES)
            return false;
        const char byte = (char) text->data[0];
        value[size++] = escaped && byte == 'n' ? '\n' : byte ? byte : '?';
        take (text, byte);
    }
    value[size] = 0;
    text_clean (value);
    return true;
}

/* A number as C writes it, not in hexadecimal, without blanks; or +Inf, -Inf, NaN. */
static bool take_value (bytes_t text, double *value)
{
    char digits[VALUE_BYTES_MAX + 1];
    char *end;
    if (text.size == 0 || text.size > VALUE_BYTES_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!isalnum (text.data[i]) && !memchr ("+-.", text.data[i], 3))
            return false;
        else if (text.data[i] == 'x' || text.data[i] == 'X')
            return false;
    memcpy (digits, text.data, text.size);
    digits[text.size] = 0;
    *value = strtod (digits, &end);
    return !*end;
}

static bool take (bytes_t *text, char byte)
{
    if (!begins (*text, byte))
        return false;
    *text = bytes_of (text->data + 1, text->size - 1);
    return true;
}

static bool begins (bytes_t text, char byte)
{
    return text.size > 0 && text.data[0] == (uint8_t) byte;
}
