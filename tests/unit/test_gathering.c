/* test_gathering.c - gathering.c */

#include "fair_draw.h"

#include "gathering.h"

#define DRAW 77

static fair_draw_t draw;

static int make (void **state)
{
    gathering_t *gathering = calloc (1, sizeof *gathering);
    assert_int_equal (signed_note_start (), 0);
    fair_draw_make (&draw);
    gathering->draw = DRAW;
    gathering->publication = publication_new (false, false);
    *state = gathering;
    return 0;
}

static int unmake (void **state)
{
    gathering_t *gathering = *state;
    publication_destroy (&gathering->publication);
    free (gathering);
    return 0;
}

static wire_message_t note (const wire_message_t *question, const char *text)
{
    const bytes_t file = fair_text (text);
    const size_t from = (size_t) question->fetch.from;
    return (wire_message_t){
        .command = WIRE_NOTE,
        .draw = DRAW,
        .note = {.which = question->fetch.which,
                 .of = question->fetch.of,
                 .total = (uint32_t) file.size,
                 .from = (uint32_t) from,
                 .bytes = bytes_of (file.data + from, file.size - from)}};
}

static wire_message_t refusal (uint16_t code, const char *text)
{
    return (wire_message_t){
        .command = WIRE_REFUSED,
        .draw = DRAW,
        .refused = {.code = code, .command = WIRE_FETCH, .text = fair_text (text)}};
}

static asker_say_t take (gathering_t *gathering, wire_message_t *question,
                         wire_message_t answer)
{
    return gathering_take (gathering, question, &answer);
}

static void answers_lead_to_the_next_question (void **state)
{
    gathering_t *gathering = *state;
    wire_message_t question;
    assert_true (gathering_ask (gathering, &question));
    assert_int_equal (question.command, WIRE_FETCH);
    assert_int_equal (question.draw, DRAW);
    assert_int_equal (question.fetch.which, NOTE_OPEN);
    assert_int_equal (take (gathering, &question, note (&question, draw.open_note)),
                      ASKER_NEXT);
    assert_int_equal (question.fetch.which, NOTE_VOID);
    assert_int_equal (take (gathering, &question, refusal (REFUSED_BUSY, "")),
                      ASKER_LATER);
    assert_int_equal (take (gathering, &question, refusal (REFUSED_UNAVAILABLE, "")),
                      ASKER_LATER);
    assert_int_equal (question.fetch.which, NOTE_VOID);
    assert_int_equal (take (gathering, &question, refusal (REFUSED_NOTE, "not yet")),
                      ASKER_NEXT);
    assert_int_equal (question.fetch.which, NOTE_SEAL);
    gathering->pages = 4;
    assert_int_equal (take (gathering, &question, note (&question, draw.seal_note)),
                      ASKER_NEXT);
    assert_int_equal (question.fetch.which, NOTE_RESULT);
    assert_int_equal (take (gathering, &question, note (&question, draw.result_note)),
                      ASKER_OVER); // so many at once
    assert_true (gathering_ask (gathering, &question));
    assert_int_equal (question.fetch.which, NOTE_RECEIPT);
    gathering->pages = 0;
    while (take (gathering, &question, refusal (REFUSED_NOTE, "")) != ASKER_OVER)
        ;
    assert_false (gathering_ask (gathering, &question));
    assert_null (gathering->fault);
}

static void what_does_not_answer_is_passed_over (void **state)
{
    gathering_t *gathering = *state;
    wire_message_t question;
    gathering_ask (gathering, &question);
    const wire_message_t good = note (&question, draw.open_note);
    for (int change = 0; change < 7; change++) {
        wire_message_t answer = good;
        answer.draw += change == 0;
        answer.note.which = change == 1 ? NOTE_SEAL : answer.note.which;
        answer.note.of += change == 2;
        answer.note.from += change == 3;
        answer.command = change == 4 ? WIRE_DIGEST : answer.command;
        if (change == 5)
            answer = refusal (REFUSED_NOTE, "");
        answer.refused.command = change == 5 ? WIRE_CHECK : answer.refused.command;
        if (change == 6) {
            answer = refusal (REFUSED_NOTE, "");
            answer.draw++;
        }
        assert_int_equal (gathering_take (gathering, &question, &answer), ASKER_ON);
    }
    assert_int_equal (gathering_take (gathering, &question, NULL), ASKER_ON);
    assert_int_equal (take (gathering, &question, good), ASKER_NEXT);
}

static void a_refusal_ends_it_and_is_kept (void **state)
{
    gathering_t *gathering = *state;
    wire_message_t question;
    gathering_ask (gathering, &question);
    assert_int_equal (
        take (gathering, &question, refusal (REFUSED_PHASE, "it is not \x1bprovable")),
        ASKER_OVER);
    assert_int_equal (gathering->code, REFUSED_PHASE);
    assert_null (strchr (gathering->text, '\x1b'));
    assert_true (gathering_ask (gathering, &question)); // it may be asked anew
    assert_int_equal (gathering->code, 0);
}

static void the_first_fault_is_kept (void **state)
{
    gathering_t *gathering = *state;
    wire_message_t question;
    gathering_ask (gathering, &question);
    assert_int_equal (take (gathering, &question, note (&question, "junk")),
                      ASKER_OVER);
    assert_string_equal (gathering->fault, "the open note is none");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (answers_lead_to_the_next_question, make,
                                         unmake),
        cmocka_unit_test_setup_teardown (what_does_not_answer_is_passed_over, make,
                                         unmake),
        cmocka_unit_test_setup_teardown (a_refusal_ends_it_and_is_kept, make, unmake),
        cmocka_unit_test_setup_teardown (the_first_fault_is_kept, make, unmake),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
