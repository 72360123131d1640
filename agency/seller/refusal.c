/* refusal.c - says what the central refused, and where to mend it (agency). */

#include "refusal.h"

#include "bet.h"

#include <inttypes.h>
#include <stdio.h>

static bool about_rows (const wire_refused_t *refused);
static void describe_place (const refusal_place_t *place, char *text, size_t size);
static const char *field_to_name (const wire_refused_t *refused, const char *reason);

bool refusal_of_rows (const wire_refused_t *refused)
{
    return about_rows (refused) && refused->code != REFUSED_ROWS;
}

static bool about_rows (const wire_refused_t *refused)
{
    return refused->code >= REFUSED_EMPTY && refused->code < REFUSED_AGENCY;
}

void refusal_describe (const wire_refused_t *refused, const refusal_place_t *place,
                       char *text, size_t size)
{
    char where[64], code[16], reason[REFUSAL_TEXT_MAX + 1];
    describe_place (place, where, sizeof where);
    snprintf (code, sizeof code, "%s", wire_code_name (refused->code));
    if (code[0] == '?')
        snprintf (code, sizeof code, "code %u", refused->code);
    snprintf (reason, sizeof reason, "%.*s", (int) refused->text.size,
              (const char *) refused->text.data);
    const char *field = field_to_name (refused, reason);
    if (place->source && about_rows (refused))
        snprintf (text, size, "%s%s%s%s: %s (%s)", place->source, where,
                  *field ? ", " : "", field, reason, code);
    else
        snprintf (text, size, "the central refused %s%s%s%s: %s (%s)",
                  wire_command_name (refused->command), place->source ? " of " : "",
                  place->source ? place->source : "", where, reason, code);
}

static void describe_place (const refusal_place_t *place, char *text, size_t size)
{
    text[0] = 0;
    if (place->line > 0)
        snprintf (text, size,
                  place->exact ? ", line %" PRIu64 : ", from line %" PRIu64 " on",
                  place->line);
}

/* The central's own text may name it already. */
static const char *field_to_name (const wire_refused_t *refused, const char *reason)
{
    if (refused->field == 0 || refused->field > BET_FIELDS)
        return "";
    const char *field = bet_field_name (refused->field);
    return strncmp (reason, field, strlen (field)) == 0 ? "" : field;
}
