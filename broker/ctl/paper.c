/* paper.c - text for a person at a terminal: loteria-ctl. */

#include "paper.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct paper {
    bool colour;
    size_t columns, rows;
    char *text;
    size_t size, capacity;
    size_t column, row; // where the next character goes
};

static void put_line (paper_t *paper, style_t style, const char *text, size_t size);
static size_t fitting (const paper_t *paper, const char *text, size_t size,
                       size_t *width);
static void add (paper_t *paper, const char *text, size_t size);
static bool begins_character (char byte);

paper_t *paper_new (bool colour, size_t columns, size_t rows)
{
    paper_t *paper = calloc (1, sizeof *paper);
    assert (paper);
    paper->colour = colour;
    paper->columns = columns;
    paper->rows = rows;
    return paper;
}

void paper_destroy (paper_t **paper)
{
    if (*paper)
        free ((*paper)->text);
    free (*paper);
    *paper = NULL;
}

void paper_put (paper_t *paper, style_t style, const char *format, ...)
{
    char *text;
    va_list values;
    va_start (values, format);
    const int size = vasprintf (&text, format, values);
    va_end (values);
    assert (size >= 0);
    for (const char *at = text; *at;) {
        const size_t line = strcspn (at, "\n");
        put_line (paper, style, at, line);
        at += line;
        if (*at == '\n') {
            if (paper->rows == 0 || paper->row < paper->rows)
                add (paper, "\n", 1);
            paper->row++;
            paper->column = 0;
            at++;
        }
    }
    free (text);
}

size_t paper_lines (const paper_t *paper)
{
    return paper->row;
}

char *paper_finish (paper_t **paper, size_t *size)
{
    add (*paper, "", 1);
    char *text = (*paper)->text;
    if (size)
        *size = (*paper)->size - 1;
    (*paper)->text = NULL;
    paper_destroy (paper);
    return text;
}

size_t paper_width (const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += begins_character (*text);
    return width;
}

static void put_line (paper_t *paper, style_t style, const char *text, size_t size)
{
    static const char *const codes[STYLES] = {
        [STYLE_BOLD] = "\x1b[1m",  [STYLE_DIM] = "\x1b[2m",  [STYLE_GOOD] = "\x1b[32m",
        [STYLE_WARN] = "\x1b[33m", [STYLE_BAD] = "\x1b[31m",
    };
    size_t width;
    if (paper->rows > 0 && paper->row >= paper->rows)
        return;
    size = fitting (paper, text, size, &width);
    const bool styled = paper->colour && codes[style] && size > 0;
    if (styled)
        add (paper, codes[style], strlen (codes[style]));
    add (paper, text, size);
    if (styled)
        add (paper, "\x1b[0m", strlen ("\x1b[0m"));
    paper->column += width;
}

/* Bytes of whole characters that the line still has room for. */
static size_t fitting (const paper_t *paper, const char *text, size_t size,
                       size_t *width)
{
    size_t at = 0;
    *width = 0;
    for (; at < size; at++) {
        if (!begins_character (text[at]))
            continue;
        if (paper->columns > 0 && paper->column + *width == paper->columns)
            break;
        ++*width;
    }
    return at;
}

static void add (paper_t *paper, const char *text, size_t size)
{
    if (paper->capacity - paper->size < size) {
        paper->capacity = 2 * (paper->size + size) + 1024;
        paper->text = realloc (paper->text, paper->capacity);
        assert (paper->text);
    }
    memcpy (paper->text + paper->size, text, size);
    paper->size += size;
}

static bool begins_character (char byte)
{
    return ((unsigned char) byte & 0xC0) != 0x80;
}
