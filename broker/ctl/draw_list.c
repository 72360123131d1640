/* draw_list.c - gathers state's list of draws, page by page: loteria-ctl. */

#include "draw_list.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "denial.h"

#define DRAWS_LISTED_MAX 1024 // more than state keeps and plans

typedef struct {
    draw_list_t *list;
    size_t page; // where the one that was asked for begins
    bool whole;
    denial_t denial;
} gathering_t;

static talk_t take_draw (void *context, const wire_message_t *answer);
static void add (draw_list_t *list, const wire_draw_t *draw);

const char *draw_list_load (draw_list_t *list, conversation_t *conversation,
                            bool *denied, char why[REFUSAL_TEXT_MAX + 1])
{
    gathering_t gathering = {.list = list};
    const char *reason = NULL;
    *list = (draw_list_t){0};
    while (!reason && !gathering.whole) {
        const wire_message_t question = {.command = WIRE_LIST,
                                         .from = (uint32_t) list->count};
        gathering.page = list->count;
        reason =
            denial_reason (&gathering.denial, conversation_ask (conversation, &question,
                                                                take_draw, &gathering));
    }
    if (!reason)
        return NULL;
    *denied = gathering.denial.code != 0;
    draw_list_clear (list);
    snprintf (why, REFUSAL_TEXT_MAX + 1, "%s", reason);
    return why;
}

void draw_list_clear (draw_list_t *list)
{
    free (list->draws);
    *list = (draw_list_t){0};
}

const listed_t *draw_list_find (const draw_list_t *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp (list->draws[i].name, name) == 0)
            return &list->draws[i];
    return NULL;
}

/* They come in order; when the question was asked twice, some come again. */
static talk_t take_draw (void *context, const wire_message_t *answer)
{
    gathering_t *gathering = context;
    draw_list_t *list = gathering->list;
    if (!answer || answer->command != WIRE_DRAW)
        return denial_take (&gathering->denial, WIRE_LIST, answer);
    const wire_draw_t *draw = &answer->listed;
    gathering->denial = (denial_t){0};
    if (draw->total > 0 && draw->index == list->count && list->count < DRAWS_LISTED_MAX)
        add (list, draw);
    gathering->whole = list->count >= draw->total || list->count == DRAWS_LISTED_MAX;
    return gathering->whole || list->count == gathering->page + LIST_DRAWS ? TALK_OVER
                                                                           : TALK_ON;
}

static void add (draw_list_t *list, const wire_draw_t *draw)
{
    list->draws = realloc (list->draws, (list->count + 1) * sizeof *list->draws);
    assert (list->draws);
    listed_t *listed = &list->draws[list->count++];
    listed->draw = *draw;
    listed->draw.name = bytes_of (NULL, 0); // it was the message's
    snprintf (listed->name, sizeof listed->name, "%.*s", (int) draw->name.size,
              (const char *) draw->name.data);
}
