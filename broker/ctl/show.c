/* show.c - prints draws: loteria-ctl. */

#include "show.h"

#include <inttypes.h>
#include <stdio.h>

#include "local_time.h"

#define CELL_BYTES 64

static void write_number (const wire_draw_t *draw, char text[CELL_BYTES]);
static void write_closing (const wire_draw_t *draw, char text[CELL_BYTES]);
static const char *local_or_none (uint64_t ms, char text[LOCAL_TEXT_BYTES]);
static void show_open (const wire_draw_t *draw);
static void show_agencies (const wire_draw_t *draw);
static void show_closes (const wire_draw_t *draw);
static void show_when (const char *word, uint64_t ms);
static void print_object (const listed_t *listed);
static void print_time (const char *key, uint64_t ms);
static void print_closes (const wire_draw_t *draw);

void show_draws (const draw_list_t *list)
{
    int width = (int) strlen ("NAME");
    for (size_t i = 0; i < list->count; i++) {
        const int size = (int) strlen (list->draws[i].name);
        width = size > width ? size : width;
    }
    printf ("%-*s  %-7s  %11s  %7s  %6s  %9s  %-19s  %s\n", width, "NAME", "PHASE",
            "ASKED", "EXCUSED", "SERVED", "NUMBER", "OPENED", "CLOSES");
    for (size_t i = 0; i < list->count; i++) {
        const wire_draw_t *draw = &list->draws[i].draw;
        char asked[CELL_BYTES], number[CELL_BYTES], closing[CELL_BYTES],
            opened[LOCAL_TEXT_BYTES];
        snprintf (asked, sizeof asked, "%u/%u", draw->ready, draw->agencies);
        write_number (draw, number);
        write_closing (draw, closing);
        printf ("%-*s  %-7s  %11s  %7u  %6u  %9s  %-19s  %s\n", width,
                list->draws[i].name, wire_phase_name (draw->phase), asked,
                draw->excused, draw->served, number,
                local_or_none (draw->opened_ms, opened), closing);
    }
}

void show_draws_json (const draw_list_t *list)
{
    fputs ("{\"draws\":[", stdout);
    for (size_t i = 0; i < list->count; i++) {
        fputs (i > 0 ? ",\n " : "\n ", stdout);
        print_object (&list->draws[i]);
    }
    puts (list->count > 0 ? "\n]}" : "]}");
}

void show_draw (const listed_t *listed)
{
    const wire_draw_t *draw = &listed->draw;
    printf ("%s: %s", listed->name, wire_phase_name (draw->phase));
    switch (draw->phase) {
    case PHASE_PLANNED:
    case PHASE_OPEN:
        show_open (draw);
        break;
    case PHASE_CLOSED:
        show_when ("at", draw->closed_ms);
        if (draw->source == SOURCE_PROVABLE)
            printf (", waits until agencies have committed: loteria-ctl agencies "
                    "--draw %s --missing",
                    listed->name);
        else if (draw->source == SOURCE_ENTERED)
            printf (", waits for its number: loteria-ctl draw number %s NUMBER",
                    listed->name);
        else
            fputs (draw->source == SOURCE_FIXED
                       ? ", its number is fixed: the draw is made at once"
                       : ", its number is about to be drawn (random)",
                   stdout);
        break;
    case PHASE_SEALED:
        show_agencies (draw);
        printf (", waits until those have revealed: loteria-ctl agencies --draw %s "
                "--missing",
                listed->name);
        break;
    case PHASE_DRAWN:
        show_when ("at", draw->drawn_ms);
        printf (", the number is %u (%s), %u of %u agencies have their winners",
                draw->number, wire_source_name (draw->source), draw->served,
                draw->agencies);
        break;
    case PHASE_VOID:
        show_when ("at", draw->drawn_ms);
        break;
    }
    putchar ('\n');
}

void show_draw_json (const listed_t *listed)
{
    print_object (listed);
    putchar ('\n');
}

static void write_number (const wire_draw_t *draw, char text[CELL_BYTES])
{
    if (draw->phase == PHASE_DRAWN)
        snprintf (text, CELL_BYTES, "%u", draw->number);
    else
        snprintf (text, CELL_BYTES, "%s", wire_source_name (draw->source));
}

/* When it will, or when it did. */
static void write_closing (const wire_draw_t *draw, char text[CELL_BYTES])
{
    const uint64_t closes_ms = draw->closed_ms ? draw->closed_ms : draw->closes_ms;
    if (closes_ms == CLOSES_ALL_ASKED || closes_ms == CLOSES_NEVER)
        snprintf (text, CELL_BYTES, "%s",
                  draw->phase == PHASE_VOID   ? "-"
                  : closes_ms == CLOSES_NEVER ? "by order"
                                              : "all asked");
    else
        local_text (closes_ms, text);
}

static const char *local_or_none (uint64_t ms, char text[LOCAL_TEXT_BYTES])
{
    return ms ? local_text (ms, text) : "-";
}

static void show_open (const wire_draw_t *draw)
{
    if (draw->phase == PHASE_PLANNED) {
        show_when (", opens", draw->opened_ms);
        printf (", %u %s", draw->agencies, draw->agencies == 1 ? "agency" : "agencies");
    } else
        show_agencies (draw);
    show_closes (draw);
    printf (", number %s, highest %u", wire_source_name (draw->source), draw->highest);
}

static void show_agencies (const wire_draw_t *draw)
{
    printf (", %u of %u agencies have %s", draw->ready, draw->agencies,
            draw->source == SOURCE_PROVABLE ? "committed" : "asked");
    if (draw->excused > 0)
        printf (", %u excused", draw->excused);
}

static void show_closes (const wire_draw_t *draw)
{
    if (draw->closes_ms == CLOSES_ALL_ASKED)
        fputs (", closes when all have", stdout);
    else if (draw->closes_ms == CLOSES_NEVER)
        fputs (", closes by order only", stdout);
    else
        show_when (", closes", draw->closes_ms);
}

static void show_when (const char *word, uint64_t ms)
{
    char local[LOCAL_TEXT_BYTES], utc[LOCAL_TEXT_BYTES];
    if (ms)
        printf ("%s%s %s (%s)", *word == ',' ? "" : " ", word, local_text (ms, local),
                local_text_utc (ms, utc));
}

/* Names need no escapes: draw_name.h. */
static void print_object (const listed_t *listed)
{
    const wire_draw_t *draw = &listed->draw;
    const bool planned = draw->phase == PHASE_PLANNED;
    const bool drawn = draw->phase == PHASE_DRAWN;
    printf ("{\"name\":\"%s\",\"phase\":\"%s\",\"agencies\":%u,\"asked\":%u,"
            "\"excused\":%u,\"served\":%u,\"source\":\"%s\",\"highest\":%u",
            listed->name, wire_phase_name (draw->phase), draw->agencies, draw->ready,
            draw->excused, draw->served, wire_source_name (draw->source),
            draw->highest);
    if (drawn)
        printf (",\"number\":%u", draw->number);
    else
        fputs (",\"number\":null", stdout);
    print_time ("opens", planned ? draw->opened_ms : 0);
    print_time ("opened", planned ? 0 : draw->opened_ms);
    print_closes (draw);
    print_time ("closed", draw->closed_ms);
    print_time ("drawn", drawn ? draw->drawn_ms : 0);
    print_time ("void", draw->phase == PHASE_VOID ? draw->drawn_ms : 0);
    putchar ('}');
}

static void print_time (const char *key, uint64_t ms)
{
    char text[LOCAL_TEXT_BYTES];
    if (ms)
        printf (",\"%s\":\"%s\"", key, local_text_utc (ms, text));
    else
        printf (",\"%s\":null", key);
}

static void print_closes (const wire_draw_t *draw)
{
    if (draw->closes_ms == CLOSES_ALL_ASKED || draw->closes_ms == CLOSES_NEVER)
        printf (",\"closes\":\"%s\"",
                draw->closes_ms == CLOSES_NEVER ? "never" : "all-asked");
    else
        print_time ("closes", draw->closes_ms);
}
