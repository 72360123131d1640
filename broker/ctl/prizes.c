/* prizes.c - asks for an agency's winners: loteria-ctl. */

#include "prizes.h"

#include "denial.h"
#include "text.h"

typedef struct {
    prizes_t *prizes;
    denial_t denial;
    bool whole, senseless;
} gathering_t;

static asker_say_t take (void *context, wire_message_t *question,
                         const wire_message_t *answer);
static bool keep (prizes_t *prizes, const wire_winners_t *page);

int prizes_load (look_t *look, const lookup_t *lookup, uint32_t agency,
                 prizes_t *prizes)
{
    gathering_t gathering = {.prizes = prizes};
    const wire_message_t question = {
        .command = WIRE_RESULTS, .agency = agency, .draw = lookup->draw};
    *prizes = (prizes_t){0};
    const char *reason = look_ask (look, STATUS_STATE, &question, take, &gathering);
    if (gathering.whole)
        return 0;
    prizes_clear (prizes);
    if (gathering.senseless)
        return command_failed (look->verb, PROCESS_FAILED,
                               "draw: %s | agency: %u | reason: the answer makes no "
                               "sense; is state of the same version?",
                               lookup->name, agency);
    if (gathering.denial.code)
        return command_failed (look->verb,
                               gathering.denial.code == REFUSED_AGENCY ? CTL_UNKNOWN
                                                                       : PROCESS_FAILED,
                               "draw: %s | agency: %u | reason: %s", lookup->name,
                               agency, gathering.denial.text);
    return look_trouble (look, STATUS_STATE, reason);
}

void prizes_clear (prizes_t *prizes)
{
    free (prizes->documents);
    *prizes = (prizes_t){0};
}

/* Pages of another agency are answers to what was asked before. */
static asker_say_t take (void *context, wire_message_t *question,
                         const wire_message_t *answer)
{
    gathering_t *gathering = context;
    if (!answer || answer->command != WIRE_WINNERS)
        return denial_say (&gathering->denial, WIRE_RESULTS, answer);
    const wire_winners_t *page = &answer->winners;
    if (answer->agency != question->agency || answer->draw != question->draw ||
        page->cursor != question->cursor)
        return ASKER_ON;
    gathering->denial = (denial_t){0};
    gathering->senseless =
        !keep (gathering->prizes, page) || (page->next && page->next <= page->cursor);
    gathering->whole = !gathering->senseless && !page->next;
    question->cursor = page->next;
    return gathering->whole || gathering->senseless ? ASKER_OVER : ASKER_NEXT;
}

static bool keep (prizes_t *prizes, const wire_winners_t *page)
{
    const bytes_t documents = page->documents;
    if (prizes->size + documents.size > WINNERS_BYTES_MAX ||
        bytes_count (documents, '\n') != page->count)
        return false;
    if (prizes->capacity - prizes->size <= documents.size) {
        prizes->capacity = 2 * (prizes->size + documents.size) + 1;
        prizes->documents = realloc (prizes->documents, prizes->capacity);
        assert (prizes->documents);
    }
    char *at = prizes->documents + prizes->size;
    memcpy (at, documents.data, documents.size);
    for (size_t i = 0; i < documents.size; i++)
        at[i] = at[i] ? at[i] : '?';
    at[documents.size] = 0;
    for (char *line = at, *end; (end = strchr (line, '\n')); line = end + 1) {
        *end = 0; // which would be made a blank
        text_clean (line);
        *end = '\n';
    }
    prizes->size += documents.size;
    prizes->count += page->count;
    return true;
}
