/* instruction.c - which draw an order is meant for: loteria-ctl. */

#include "instruction.h"

#include <stdio.h>

static bool may_be_meant (wire_order_kind_t kind, const wire_draw_t *draw);
static const char *what_is_missing (wire_order_kind_t kind);

int instruction_find_draw (instruction_t *instruction, const draw_list_t *list,
                           char why[INSTRUCTION_WHY_BYTES])
{
    const listed_t *first = NULL, *second = NULL;
    size_t found = 0;
    for (size_t i = 0; i < list->count; i++)
        if (may_be_meant (instruction->kind, &list->draws[i].draw)) {
            second = first && !second ? &list->draws[i] : second;
            first = first ? first : &list->draws[i];
            found++;
        }
    if (found == 1) {
        snprintf (instruction->name, sizeof instruction->name, "%s", first->name);
        return 0;
    }
    if (found == 0)
        snprintf (why, INSTRUCTION_WHY_BYTES, "%s; see loteria-ctl draw list",
                  what_is_missing (instruction->kind));
    else
        snprintf (why, INSTRUCTION_WHY_BYTES, "it may be meant for %s, %s%s; name one",
                  first->name, second->name, found > 2 ? " or others" : "");
    return -1;
}

bool instruction_done (const instruction_t *instruction, const listed_t *listed)
{
    const wire_draw_t *draw = &listed->draw;
    switch (instruction->kind) {
    case ORDER_OPEN: // with what was left open, as state has it
        return draw->phase == PHASE_OPEN &&
               draw->closes_ms == instruction->order.closes_ms &&
               (!instruction->order.agencies ||
                draw->agencies == instruction->order.agencies) &&
               (!instruction->order.source ||
                draw->source == instruction->order.source) &&
               (instruction->order.highest == UINT32_MAX ||
                draw->highest == instruction->order.highest);
    case ORDER_CLOSE:
        return draw->phase == PHASE_CLOSED || draw->phase == PHASE_SEALED ||
               draw->phase == PHASE_DRAWN;
    case ORDER_NUMBER:
        return draw->phase == PHASE_DRAWN && draw->source == SOURCE_ENTERED &&
               draw->number == instruction->order.number;
    case ORDER_EXCUSE:
        return false; // the list does not say which agencies are
    case ORDER_ATTEST:
    case ORDER_REVEAL:
        return false; // nor what is known of its notes
    case ORDER_VOID:
        return draw->phase == PHASE_VOID;
    }
    return false;
}

static bool may_be_meant (wire_order_kind_t kind, const wire_draw_t *draw)
{
    const bool open = draw->phase == PHASE_OPEN, closed = draw->phase == PHASE_CLOSED;
    const bool sealed = draw->phase == PHASE_SEALED;
    return kind == ORDER_VOID     ? open || closed
           : kind == ORDER_NUMBER ? closed && draw->source == SOURCE_ENTERED
           : kind == ORDER_ATTEST || kind == ORDER_REVEAL ? sealed
                                                          : open;
}

static const char *what_is_missing (wire_order_kind_t kind)
{
    return kind == ORDER_VOID     ? "no draw is open or closed"
           : kind == ORDER_NUMBER ? "no draw is closed and waits for its number"
           : kind == ORDER_ATTEST || kind == ORDER_REVEAL
               ? "no draw is sealed and waits for its number"
               : "no draw is open";
}
