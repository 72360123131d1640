/* draw_list.h - the draws that state knows, as an operator is told them. */

#ifndef LOTERIA_DRAW_LIST_H
#define LOTERIA_DRAW_LIST_H

#include "conversation.h"

typedef struct {
    wire_draw_t draw; // without its name, which is here
    char name[DRAW_NAME_BYTES_MAX + 1];
} listed_t;

typedef struct {
    size_t count;
    listed_t *draws; // in state's order: those that are recorded, then what is planned
} draw_list_t;

/* Ask for all of them. NULL; or why that failed, kept in `why`, whether state said so
   itself in `denied`, and the list is empty. */
const char *draw_list_load (draw_list_t *list, conversation_t *conversation,
                            bool *denied, char why[REFUSAL_TEXT_MAX + 1]);
void draw_list_clear (draw_list_t *list);

/* The draw of that name; a recorded one rather than what is planned. NULL for none. */
const listed_t *draw_list_find (const draw_list_t *list, const char *name);

#endif
