/* table.c - columns that a person can read: loteria-ctl. */

#include "table.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    style_t style;
    char *text;
} cell_t;

struct table {
    size_t columns;
    struct {
        char *title;
        bool right;
        size_t width;
    } column[TABLE_COLUMNS_MAX];
    size_t cells;
    cell_t *cell;
};

static void show_cell (const table_t *table, size_t column, style_t style,
                       const char *text, paper_t *paper);

table_t *table_new (const char *titles)
{
    table_t *table = calloc (1, sizeof *table);
    assert (table);
    while (*titles) {
        const size_t i = table->columns++;
        assert (i < TABLE_COLUMNS_MAX);
        table->column[i].right = *titles == '>';
        titles += *titles == '>';
        const size_t size = strcspn (titles, " ");
        char *title = table->column[i].title = strndup (titles, size);
        assert (title);
        for (char *at = title; *at; at++)
            *at = *at == '_' ? ' ' : *at;
        table->column[i].width = paper_width (title);
        titles += size + (titles[size] == ' ');
    }
    return table;
}

void table_destroy (table_t **table)
{
    if (!*table)
        return;
    for (size_t i = 0; i < (*table)->columns; i++)
        free ((*table)->column[i].title);
    for (size_t i = 0; i < (*table)->cells; i++)
        free ((*table)->cell[i].text);
    free ((*table)->cell);
    free (*table);
    *table = NULL;
}

void table_put (table_t *table, style_t style, const char *format, ...)
{
    va_list values;
    if ((table->cells & (table->cells - 1)) == 0) // doubled each time that it was full
        table->cell = realloc (table->cell, (table->cells ? 2 * table->cells : 1) *
                                                sizeof *table->cell);
    assert (table->cell);
    cell_t *cell = &table->cell[table->cells];
    cell->style = style;
    va_start (values, format);
    const int size = vasprintf (&cell->text, format, values);
    va_end (values);
    assert (size >= 0);
    const size_t column = table->cells++ % table->columns;
    const size_t width = paper_width (cell->text);
    if (table->column[column].width < width)
        table->column[column].width = width;
}

size_t table_rows (const table_t *table)
{
    return table->cells / table->columns;
}

void table_show (const table_t *table, paper_t *paper)
{
    for (size_t i = 0; i < table->columns; i++)
        show_cell (table, i, STYLE_BOLD, table->column[i].title, paper);
    for (size_t i = 0; i < table->cells; i++)
        show_cell (table, i % table->columns, table->cell[i].style, table->cell[i].text,
                   paper);
}

/* Nothing is behind the last one of a line. */
static void show_cell (const table_t *table, size_t column, style_t style,
                       const char *text, paper_t *paper)
{
    const bool last = column + 1 == table->columns;
    const bool right = table->column[column].right;
    const int blanks = (int) (table->column[column].width - paper_width (text));
    paper_put (paper, STYLE_PLAIN, "%*s", right ? blanks : 0, "");
    paper_put (paper, style, "%s", text);
    if (!last)
        paper_put (paper, STYLE_PLAIN, "%*s", (right ? 0 : blanks) + 2, "");
    else
        paper_put (paper, STYLE_PLAIN, "\n");
}
