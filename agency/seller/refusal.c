/* refusal.c - says what the central would not take, and where to mend it (agency). */

#include "refusal.h"

#include "bet.h"

#include <inttypes.h>
#include <stdio.h>

static bool about_rows (const wire_refused_t *refused);
static void describe_place (const wire_refused_t *refused, const window_batch_t *batch,
                            char *text, size_t size);

void refusal_describe (const wire_refused_t *refused, const window_batch_t *batch,
                       const char *source, char *text, size_t size)
{
    char place[64] = "", code[16], reason[REFUSAL_TEXT_MAX + 1];
    if (batch)
        describe_place (refused, batch, place, sizeof place);
    snprintf (code, sizeof code, "%s", wire_code_name (refused->code));
    if (code[0] == '?')
        snprintf (code, sizeof code, "code %u", refused->code);
    snprintf (reason, sizeof reason, "%.*s", (int) refused->text.size,
              (const char *) refused->text.data);

    const char *field = "";
    if (refused->field > 0 && refused->field <= BET_FIELDS)
        field = bet_field_name (refused->field);
    if (strncmp (reason, field, strlen (field)) == 0)
        field = ""; // the central's text names it already
    if (batch && about_rows (refused))
        snprintf (text, size, "%s%s%s%s: %s (%s)", source, place, *field ? ", " : "",
                  field, reason, code);
    else
        snprintf (text, size, "the central refused %s%s%s%s: %s (%s)",
                  wire_command_name (refused->command), batch ? " of " : "",
                  batch ? source : "", place, reason, code);
}

static bool about_rows (const wire_refused_t *refused)
{
    return refused->code >= REFUSED_EMPTY && refused->code <= REFUSED_CHARACTER;
}

static void describe_place (const wire_refused_t *refused, const window_batch_t *batch,
                            char *text, size_t size)
{
    uint64_t line = window_batch_line (batch, refused->row);
    if (line > 0)
        snprintf (text, size, ", line %" PRIu64, line);
    else if (batch->line > 0)
        snprintf (text, size, ", from line %" PRIu64 " on", batch->line);
}
