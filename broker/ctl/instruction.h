/* instruction.h - what an operator orders: which draw he means, and whether it is so
   already. Pure. */

#ifndef LOTERIA_INSTRUCTION_H
#define LOTERIA_INSTRUCTION_H

#include "draw_list.h"

#define INSTRUCTION_WHY_BYTES 256

typedef struct {
    wire_order_kind_t kind;
    uint32_t agency; // ORDER_EXCUSE, ORDER_REVEAL
    wire_order_t order;
    char name[DRAW_NAME_BYTES_MAX + 1]; // "": the draw that is meant
} instruction_t;

/* Put in the name of the one draw that the order can be meant for: the open one for a
   close or an excuse, the closed one that waits for its number, the one that is sealed
   for what an auditor made, the one that is not drawn for a void. 0, or -1 with what to
   do in `why`, when there is none, or several.
 */
int instruction_find_draw (instruction_t *instruction, const draw_list_t *list,
                           char why[INSTRUCTION_WHY_BYTES]);

/* Whether the draw is as it was ordered, so that an order that was asked twice and then
   refused may have been carried out the first time. */
bool instruction_done (const instruction_t *instruction, const listed_t *listed);

#endif
