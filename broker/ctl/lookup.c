/* lookup.c - finds a draw by its name: loteria-ctl. */

#include "lookup.h"

#include "draw_terms.h"
#include "denial.h"

typedef struct {
    lookup_t *lookup;
    bool found;
    denial_t denial;
} search_t;

static asker_say_t take (void *context, wire_message_t *question,
                         const wire_message_t *answer);

int lookup_find (look_t *look, const char *name, lookup_t *lookup)
{
    search_t search = {.lookup = lookup};
    const wire_message_t question = {
        .command = WIRE_LOOKUP, .lookup = {.name = bytes_of (name, strlen (name))}};
    const char *wrong = terms_name_fault (name);
    if (wrong)
        return command_misused (look->verb, "'%.64s' is not a draw name: it %s", name,
                                wrong);
    const char *reason = look_ask (look, STATUS_STATE, &question, take, &search);
    if (search.found)
        return 0;
    if (search.denial.code == REFUSED_DRAW)
        return command_failed (look->verb, CTL_UNKNOWN,
                               "draw: %s | reason: %s, or it is only planned; see "
                               "loteria-ctl draw list",
                               name, search.denial.text);
    if (search.denial.code)
        return command_failed (look->verb, PROCESS_FAILED, "draw: %s | reason: %s",
                               name, search.denial.text);
    return look_trouble (look, STATUS_STATE, reason);
}

static asker_say_t take (void *context, wire_message_t *question,
                         const wire_message_t *answer)
{
    search_t *search = context;
    (void) question;
    if (!answer || answer->command != WIRE_DRAW)
        return denial_say (&search->denial, WIRE_LOOKUP, answer);
    const bytes_t name = answer->listed.name;
    search->found = true;
    search->lookup->draw = answer->draw;
    search->lookup->about = answer->listed;
    search->lookup->about.name = bytes_of (NULL, 0); // it was the message's
    snprintf (search->lookup->name, sizeof search->lookup->name, "%.*s",
              (int) name.size, (const char *) name.data);
    return ASKER_OVER;
}
