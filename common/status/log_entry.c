/* log_entry.c - takes a reported line apart: loteria-ctl, loteria-web. */

#include "log_entry.h"

#define LEVEL_BYTES_MAX 8
#define TIME_DIGITS_MAX 15

static bool take_entry (bytes_t line, log_entry_t *entry);
static bool take_time (bytes_t *line, uint64_t *time_ms);
static void take_level (bytes_t *line, log_entry_t *entry);
static bool take_part (bytes_t text, log_entry_t *entry);
static size_t find (bytes_t text, uint8_t byte);
static bytes_t behind (bytes_t text, size_t size);
static bytes_t skip_blanks (bytes_t text);
static bytes_t trim (bytes_t text);

bool log_entry_next (bytes_t *text, log_entry_t *entry, uint64_t *nonsense)
{
    while (text->size > 0) {
        const size_t size = find (*text, '\n');
        const bytes_t line = bytes_of (text->data, size);
        *text = behind (*text, size < text->size ? size + 1 : size);
        if (take_entry (line, entry))
            return true;
        ++*nonsense;
    }
    return false;
}

bytes_t log_entry_part (const log_entry_t *entry, const char *key)
{
    const bytes_t wanted = bytes_of (key, strlen (key));
    for (size_t i = 0; i < entry->parts; i++)
        if (bytes_equal (entry->part[i].key, wanted))
            return entry->part[i].value;
    return bytes_of (NULL, 0);
}

static bool take_entry (bytes_t line, log_entry_t *entry)
{
    *entry = (log_entry_t){0};
    if (!take_time (&line, &entry->time_ms))
        return false;
    take_level (&line, entry);
    entry->text = line;
    bool more = true;
    while (more) {
        const size_t size = find (line, '|');
        if (!take_part (bytes_of (line.data, size), entry))
            return false;
        more = size < line.size;
        line = behind (line, more ? size + 1 : size);
    }
    return true;
}

static bool take_time (bytes_t *line, uint64_t *time_ms)
{
    const size_t size = find (*line, ' ');
    if (size == 0 || size > TIME_DIGITS_MAX || size == line->size)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (line->data[i] < '0' || line->data[i] > '9')
            return false;
        *time_ms = *time_ms * 10 + (uint64_t) (line->data[i] - '0');
    }
    *line = skip_blanks (behind (*line, size));
    return true;
}

/* A word of capitals; a part's key is not. */
static void take_level (bytes_t *line, log_entry_t *entry)
{
    const size_t size = find (*line, ' ');
    for (size_t i = 0; i < size; i++)
        if (size > LEVEL_BYTES_MAX || line->data[i] < 'A' || line->data[i] > 'Z')
            return;
    entry->level = bytes_of (line->data, size);
    *line = skip_blanks (behind (*line, size));
}

static bool take_part (bytes_t text, log_entry_t *entry)
{
    const size_t colon = find (text, ':');
    if (colon == text.size || entry->parts == LOG_ENTRY_PARTS_MAX)
        return false;
    entry->part[entry->parts].key = trim (bytes_of (text.data, colon));
    entry->part[entry->parts].value = trim (behind (text, colon + 1));
    return entry->part[entry->parts++].key.size > 0;
}

static size_t find (bytes_t text, uint8_t byte)
{
    const uint8_t *found = text.size > 0 ? memchr (text.data, byte, text.size) : NULL;
    return found ? (size_t) (found - text.data) : text.size;
}

static bytes_t behind (bytes_t text, size_t size)
{
    return bytes_of (text.data + size, text.size - size);
}

static bytes_t skip_blanks (bytes_t text)
{
    while (text.size > 0 && text.data[0] == ' ')
        text = behind (text, 1);
    return text;
}

static bytes_t trim (bytes_t text)
{
    text = skip_blanks (text);
    while (text.size > 0 && text.data[text.size - 1] == ' ')
        text.size--;
    return text;
}
