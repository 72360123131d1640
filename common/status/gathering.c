/* gathering.c - questions for the notes of a draw: loteria-ctl, loteria-web. */

#include "gathering.h"

#include <stdio.h>

#include "text.h"

static bool put_question (const gathering_t *gathering, wire_message_t *question);
static bool answers (const wire_message_t *question, const wire_message_t *answer);
static asker_say_t take_note (gathering_t *gathering, wire_message_t *question,
                              const wire_note_t *note);
static asker_say_t take_refusal (gathering_t *gathering, wire_message_t *question,
                                 const wire_refused_t *refused);
static asker_say_t go_on (gathering_t *gathering, wire_message_t *question);

bool gathering_ask (gathering_t *gathering, wire_message_t *question)
{
    gathering->asked = 0;
    gathering->code = 0;
    return put_question (gathering, question);
}

asker_say_t gathering_take (gathering_t *gathering, wire_message_t *question,
                            const wire_message_t *answer)
{
    if (!answer || answer->draw != question->draw)
        return ASKER_ON;
    if (answer->command == WIRE_NOTE && answers (question, answer))
        return take_note (gathering, question, &answer->note);
    if (answer->command == WIRE_REFUSED && answer->refused.command == WIRE_FETCH)
        return take_refusal (gathering, question, &answer->refused);
    return ASKER_ON;
}

static bool put_question (const gathering_t *gathering, wire_message_t *question)
{
    wire_fetch_t fetch;
    if (!publication_next (gathering->publication, &fetch))
        return false;
    *question = (wire_message_t){
        .command = WIRE_FETCH, .draw = gathering->draw, .fetch = fetch};
    return true;
}

static bool answers (const wire_message_t *question, const wire_message_t *answer)
{
    return answer->note.which == question->fetch.which &&
           answer->note.of == question->fetch.of &&
           answer->note.from == question->fetch.from;
}

static asker_say_t take_note (gathering_t *gathering, wire_message_t *question,
                              const wire_note_t *note)
{
    const char *fault = publication_take (gathering->publication, note);
    if (!gathering->fault)
        gathering->fault = fault;
    return go_on (gathering, question);
}

/* One that is not there yet is no reason to end. */
static asker_say_t take_refusal (gathering_t *gathering, wire_message_t *question,
                                 const wire_refused_t *refused)
{
    if (refused->code == REFUSED_BUSY || refused->code == REFUSED_UNAVAILABLE)
        return ASKER_LATER;
    if (refused->code == REFUSED_NOTE) {
        publication_lacks (gathering->publication);
        return go_on (gathering, question);
    }
    gathering->code = refused->code;
    snprintf (gathering->text, sizeof gathering->text, "%.*s", (int) refused->text.size,
              (const char *) refused->text.data);
    text_clean (gathering->text);
    return ASKER_OVER;
}

static asker_say_t go_on (gathering_t *gathering, wire_message_t *question)
{
    const bool more = put_question (gathering, question);
    gathering->asked++;
    return more && (gathering->pages == 0 || gathering->asked < gathering->pages)
               ? ASKER_NEXT
               : ASKER_OVER;
}
