/* gathering.h - what storage answers about the notes of a draw goes into a publication,
   and what is asked next comes out: for questions over an asker. Pure. */

#ifndef LOTERIA_GATHERING_H
#define LOTERIA_GATHERING_H

#include "asker.h"
#include "publication.h"

typedef struct {
    publication_t *publication;
    uint64_t draw;                   // its identity
    unsigned pages;                  // so many at most for a question; 0: no limit
    unsigned asked;                  // so far
    const char *fault;               // what was no note, NULL: nothing (a constant)
    uint16_t code;                   // 0; or the refusal that ended it,
    char text[REFUSAL_TEXT_MAX + 1]; // and what it says, cleaned
} gathering_t;

/* What to ask storage for; false: the sweep is over. Begins a new question. */
bool gathering_ask (gathering_t *gathering, wire_message_t *question);

/* As asker_question_t.take wants it. */
asker_say_t gathering_take (gathering_t *gathering, wire_message_t *question,
                            const wire_message_t *answer);

#endif
