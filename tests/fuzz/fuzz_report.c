/* fuzz_report.c - any text as what a part reports: metrics, log lines, refusals. What
   is made of it is bounded, in order, and can be shown. */

#include "fuzz.h"

#include "log_entry.h"
#include "text.h"
#include "view_json.h"

static void check_view (bytes_t text);
static void check_order (const view_t *view);
static void check_lines (bytes_t text);
static void check_text (char *text, size_t size);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    check_view (bytes_of (data, size));
    check_lines (bytes_of (data, size));
    return 0;
}

/* The halves are two rounds, and so there are rates. */
static void check_view (bytes_t text)
{
    const size_t half = text.size / 2;
    view_t *before = view_new (), *view = view_new ();
    size_t size;
    for (status_part_t part = 0; part < STATUS_PARTS; part++) {
        view_take (before, part, bytes_of (text.data, half));
        view_take (view, part, bytes_of (text.data + half, text.size - half));
        view_take (view, part, text); // again: a page may tell what another one did
    }
    view_finish (before, NULL, 1000, 1000);
    view_finish (view, before, 2000, 2000);
    check_order (view);
    char *json = view_json_status (view, &size);
    check_text (json, size);
    json = view_json_workers (view, &size);
    check_text (json, size);
    for (size_t i = 0; i < view->draws; i++) {
        json = view_json_agencies (view, &view->draw[i], i % 2, &size);
        check_text (json, size);
    }
    view_destroy (&view);
    view_destroy (&before);
}

static void check_order (const view_t *view)
{
    for (size_t i = 0; i < view->draws; i++) {
        const view_draw_t *draw = &view->draw[i];
        MUST (view_draw (view, draw->name) == draw);
        MUST (view_missing_count (draw) <= draw->count);
        for (size_t j = 0; j < draw->count; j++) {
            MUST (j == 0 || draw->list[j - 1].agency < draw->list[j].agency);
            MUST (view_agency (draw, draw->list[j].agency) == &draw->list[j]);
        }
    }
    for (size_t i = 1; i < view->connections; i++)
        MUST (view->connection[i - 1].agency <= view->connection[i].agency);
}

static void check_lines (bytes_t text)
{
    log_entry_t entry;
    uint64_t nonsense = 0;
    size_t size;
    char *json = view_json_refused (text, 3, &size);
    check_text (json, size);
    for (bytes_t rest = text; log_entry_next (&rest, &entry, &nonsense);) {
        MUST (entry.parts > 0 && entry.parts <= LOG_ENTRY_PARTS_MAX);
        for (size_t i = 0; i < entry.parts; i++) {
            MUST (entry.part[i].key.size > 0);
            MUST (entry.part[i].key.data >= text.data);
            MUST (entry.part[i].value.data + entry.part[i].value.size <=
                  text.data + text.size);
        }
    }
}

/* One line for each that was begun, all of it UTF-8 without control characters. */
static void check_text (char *text, size_t size)
{
    uint32_t character;
    MUST (size > 2 && strlen (text) == size && text[size - 1] == '\n');
    for (size_t i = 0; i < size; i++)
        text[i] = text[i] == '\n' || text[i] == ' ' ? '.' : text[i];
    const text_fault_t fault = text_check (bytes_of (text, size), &character);
    MUST (fault != TEXT_NOT_UTF8 && fault != TEXT_CONTROL);
    free (text);
}
