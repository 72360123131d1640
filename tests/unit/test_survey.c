/* test_survey.c - a central is asked, by sockets, with parts that answer, that do not,
   and that answer nonsense. */

#include "testing.h"

#include <unistd.h>

#include "clock.h"
#include "net.h"
#include "survey.h"

#define PATIENCE_MS 30000
#define NEVER_MS    (10 * PATIENCE_MS)
#define SHORT_MS    2000

typedef struct {
    char folder[32];
    whereabouts_t where;
    zsock_t *socket[STATUS_PARTS];
    asker_t *asker;
    survey_t *survey;
} stage_t;

typedef struct {
    const char *text;
    uint8_t more;
    uint64_t next;
} page_t;

static void set_stage (stage_t *stage, size_t parts, int64_t timeout_ms)
{
    problem_t problem;
    *stage = (stage_t){.folder = "/tmp/loteria-test-XXXXXX"};
    assert_non_null (mkdtemp (stage->folder));
    for (status_part_t part = 0; part < parts; part++) {
        char endpoint[ADDRESS_TEXT_BYTES];
        snprintf (endpoint, sizeof endpoint, "ipc://%s/%u", stage->folder, part);
        strcpy (stage->where.endpoint[part], endpoint);
        stage->socket[part] = net_router (WIRE_SMALL_BYTES_MAX, 16, &problem);
        assert_non_null (stage->socket[part]);
        assert_int_equal (net_bind (stage->socket[part], endpoint), 0);
    }
    stage->asker = asker_new (&stage->where, timeout_ms, &problem);
    assert_non_null (stage->asker);
    stage->survey = survey_new (stage->asker);
}

static void clear_stage (stage_t *stage)
{
    char path[64];
    survey_destroy (&stage->survey);
    asker_destroy (&stage->asker);
    for (status_part_t part = 0; part < STATUS_PARTS; part++) {
        zsock_destroy (&stage->socket[part]);
        snprintf (path, sizeof path, "%s/%u", stage->folder, part);
        unlink (path);
    }
    assert_int_equal (rmdir (stage->folder), 0);
}

/* One round of a loop, which also has an eye on the parts' sockets. */
static void turn (stage_t *stage)
{
    zmq_pollitem_t items[ASKER_ITEMS_MAX + STATUS_PARTS];
    size_t count = asker_items (stage->asker, items);
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        if (stage->socket[part])
            items[count++] = (zmq_pollitem_t){
                .socket = zsock_resolve (stage->socket[part]), .events = ZMQ_POLLIN};
    const int64_t now_ms = clock_ms ();
    zmq_poll (items, (int) count,
              clock_timeout (now_ms, asker_deadline (stage->asker)));
    asker_turn (stage->asker, clock_ms ());
}

/* The next question at a part, once it is there. */
static wire_message_t heard (stage_t *stage, status_part_t part, peer_t *peer)
{
    wire_message_t message;
    zmq_msg_t body;
    zmq_msg_init (&body);
    const int64_t end_ms = clock_ms () + PATIENCE_MS;
    while (net_receive (stage->socket[part], peer, &body) != NET_OK) {
        assert_true (clock_ms () < end_ms);
        turn (stage);
    }
    assert_int_equal (wire_decode (net_body (&body), &message), REFUSED_OK);
    zmq_msg_close (&body);
    return message;
}

static void say (stage_t *stage, status_part_t part, const peer_t *peer, page_t page)
{
    const wire_message_t report = {
        .command = WIRE_REPORT,
        .report = {.subject = STATUS_METRICS,
                   .more = page.more,
                   .next = page.next,
                   .text = bytes_of (page.text, strlen (page.text))}};
    assert_int_equal (net_send_message (stage->socket[part], net_peer (peer), &report),
                      NET_OK);
}

static void answer (stage_t *stage, status_part_t part, uint64_t from, page_t page)
{
    peer_t peer;
    const wire_message_t asked = heard (stage, part, &peer);
    assert_int_equal (asked.command, WIRE_STATUS);
    assert_int_equal (asked.status.subject, STATUS_METRICS);
    assert_int_equal (asked.status.from, from);
    say (stage, part, &peer, page);
}

static const view_t *finished (stage_t *stage)
{
    const int64_t end_ms = clock_ms () + PATIENCE_MS;
    while (!survey_over (stage->survey)) {
        assert_true (clock_ms () < end_ms);
        turn (stage);
    }
    return survey_view (stage->survey);
}

static void count_texts (void *context, status_part_t part, bytes_t text)
{
    (void) part;
    *(size_t *) context += text.size > 0;
}

static void test_asks_for_all_pages (void **state)
{
    (void) state;
    stage_t stage;
    size_t tapped = 0;
    set_stage (&stage, 3, NEVER_MS);
    survey_tap (stage.survey, count_texts, &tapped);
    survey_begin (stage.survey, clock_ms ());
    assert_null (survey_view (stage.survey));
    answer (&stage, STATUS_STORAGE, 0,
            (page_t){"loteria_bets_total{draw=\"a\"} 5\n", 1, 77});
    answer (&stage, STATUS_STATE, 0,
            (page_t){"loteria_draw_phase{draw=\"a\"} 1\n", 0, 0});
    answer (&stage, STATUS_STORAGE, 77,
            (page_t){"loteria_agency_bets{draw=\"a\",agency=\"4\"} 5\n", 0, 0});
    answer (&stage, STATUS_BROKER, 0, (page_t){"", 0, 0});
    const view_t *view = finished (&stage);
    assert_true (view_whole (view));
    assert_int_equal (view->part[STATUS_CENTRAL].answer, VIEW_ABSENT);
    assert_int_equal (view_draw (view, NULL)->bets, 5);
    assert_int_equal (view_agency (view_draw (view, NULL), 4)->bets, 5);
    assert_int_equal (survey_rounds (stage.survey), 1);
    assert_int_equal (tapped, 3);
    clear_stage (&stage);
}

static void test_a_silent_part_is_said (void **state)
{
    (void) state;
    stage_t stage;
    peer_t peer;
    set_stage (&stage, 1, SHORT_MS);
    survey_begin (stage.survey, clock_ms ());
    survey_begin (stage.survey, clock_ms ()); // one is under way
    heard (&stage, STATUS_BROKER, &peer);
    const view_t *view = finished (&stage);
    assert_false (view_whole (view));
    assert_int_equal (view->part[STATUS_BROKER].answer, VIEW_SILENT);
    assert_string_equal (view->part[STATUS_BROKER].reason, "no answer");

    // It is not waited for again, where only rates are wanted.
    survey_repeat (stage.survey, clock_ms ());
    assert_true (survey_over (stage.survey));
    view = finished (&stage);
    assert_int_equal (view->part[STATUS_BROKER].answer, VIEW_SILENT);
    assert_string_equal (view->part[STATUS_BROKER].reason, "no answer");

    // What it says at last is no answer to the next question.
    say (&stage, STATUS_BROKER, &peer, (page_t){"loteria_requests_total 1\n", 0, 0});
    survey_begin (stage.survey, clock_ms ());
    answer (&stage, STATUS_BROKER, 0, (page_t){"loteria_requests_total 2\n", 0, 0});
    view = finished (&stage);
    assert_true (view_whole (view));
    assert_int_equal (view->broker.requests, 2);
    clear_stage (&stage);
}

static void test_nonsense_ends_a_question (void **state)
{
    (void) state;
    stage_t stage;
    peer_t peer;
    set_stage (&stage, 1, NEVER_MS);
    survey_begin (stage.survey, clock_ms ());
    heard (&stage, STATUS_BROKER, &peer);
    zmq_msg_t body;
    zmq_msg_init_size (&body, 5);
    memcpy (zmq_msg_data (&body), "bytes", 5);
    assert_int_equal (net_send (stage.socket[STATUS_BROKER], net_peer (&peer), &body),
                      NET_OK);
    const view_t *view = finished (&stage);
    assert_int_equal (view->part[STATUS_BROKER].answer, VIEW_SILENT);
    assert_int_equal (view->nonsense, 1);
    clear_stage (&stage);
}

static void test_a_draw_is_asked_for_besides (void **state)
{
    (void) state;
    stage_t stage;
    set_stage (&stage, 2, NEVER_MS);
    survey_draw (stage.survey, 9);
    survey_begin (stage.survey, clock_ms ());
    answer (&stage, STATUS_BROKER, 0, (page_t){"", 0, 0});
    peer_t peer;
    assert_int_equal (heard (&stage, STATUS_STORAGE, &peer).draw, 0);
    say (&stage, STATUS_STORAGE, &peer, (page_t){"", 0, 0});
    assert_int_equal (heard (&stage, STATUS_STORAGE, &peer).draw, 9);
    say (&stage, STATUS_STORAGE, &peer,
         (page_t){"loteria_bets_total{draw=\"old\"} 3\n", 0, 0});
    assert_int_equal (view_draw (finished (&stage), "old")->bets, 3);
    clear_stage (&stage);
}

static asker_say_t take_nothing (void *context, wire_message_t *question,
                                 const wire_message_t *answer)
{
    (void) context;
    (void) question;
    (void) answer;
    return ASKER_ON;
}

static void count_over (void *context, status_part_t part, const char *reason)
{
    (void) part;
    assert_non_null (reason);
    ++*(int *) context;
}

static void test_questions_are_bounded_and_end_together (void **state)
{
    (void) state;
    stage_t stage;
    int over = 0;
    set_stage (&stage, 1, SHORT_MS);
    const asker_question_t question = {.message = {.command = WIRE_STATUS},
                                       .take = take_nothing,
                                       .over = count_over,
                                       .context = &over};
    assert_false (asker_ask (stage.asker, STATUS_STATE, &question, clock_ms ()));
    for (int i = 0; i < ASKER_QUESTIONS_MAX; i++)
        assert_true (asker_ask (stage.asker, STATUS_BROKER, &question, clock_ms ()));
    assert_false (asker_ask (stage.asker, STATUS_BROKER, &question, clock_ms ()));
    assert_true (asker_busy (stage.asker));
    const int64_t end_ms = clock_ms () + PATIENCE_MS;
    while (asker_busy (stage.asker)) {
        assert_true (clock_ms () < end_ms);
        turn (&stage);
    }
    assert_int_equal (over, ASKER_QUESTIONS_MAX);
    clear_stage (&stage);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_asks_for_all_pages),
        cmocka_unit_test (test_a_silent_part_is_said),
        cmocka_unit_test (test_nonsense_ends_a_question),
        cmocka_unit_test (test_a_draw_is_asked_for_besides),
        cmocka_unit_test (test_questions_are_bounded_and_end_together),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
