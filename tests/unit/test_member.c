/* test_member.c - how storage and state stay members of a broker. */

#include "mail.h"

#include "member.h"

#define MS 500

static member_t member;

static int setup (void **state)
{
    (void) state;
    member_start (&member, ROLE_STORAGE, MS);
    return 0;
}

static void hears (wire_command_t command, uint32_t boot)
{
    bundle_t bundle = {0};
    const wire_message_t message = {.command = (uint8_t) command, .boot = boot};
    bundle_put (&bundle, "", 0, &message);
    assert_int_equal (member_take (&member, bundle_bytes (&bundle)), 0);
    bundle_clear (&bundle);
}

static void it_joins_and_then_beats (void **state)
{
    (void) state;
    assert_int_equal (member_turn (&member, false, 1000), 0);
    assert_true (member_deadline (&member) == 1000 + CONNECT_LOOK_MS);
    assert_int_equal (member_turn (&member, true, 1001), WIRE_JOIN);
    assert_int_equal (member_turn (&member, true, 1001), 0);
    hears (WIRE_JOINED, 77);
    assert_int_equal (member.boot, 77);
    assert_int_equal (member_turn (&member, true, 1002), WIRE_BEAT); // it has heard
    assert_true (member_deadline (&member) == 1002 + MS);
    assert_int_equal (member_turn (&member, true, 1001 + MS), 0);
    assert_int_equal (member_turn (&member, true, 1002 + MS), WIRE_BEAT);
    assert_int_equal (member_turn (&member, true, 1003 + MS), 0);
}

static void an_unanswered_join_is_said_again (void **state)
{
    (void) state;
    for (int i = 0; i < 3; i++)
        assert_int_equal (member_turn (&member, true, i * MS), WIRE_JOIN);
}

static void it_joins_again_when_it_is_told_or_comes_back (void **state)
{
    (void) state;
    member_turn (&member, true, 0);
    hears (WIRE_JOINED, 77);
    assert_int_equal (member.rejoins, 0);
    hears (WIRE_REJOIN, 0);
    assert_int_equal (member.rejoins, 1);
    assert_int_equal (member_turn (&member, true, 1), WIRE_JOIN);
    hears (WIRE_JOINED, 77);
    assert_int_equal (member_turn (&member, false, 2), 0);
    assert_int_equal (member_turn (&member, true, 3), WIRE_JOIN);
    hears (WIRE_JOINED, 78);
    assert_int_equal (member.boot, 78);
}

static void what_it_says_is_nobodys (void **state)
{
    (void) state;
    bundle_t bundle = {0};
    mail_t mail = {0};
    assert_true (member_write (&member, true, 0, &bundle));
    assert_false (member_write (&member, true, 0, &bundle));
    mail_open (&mail, text_bytes (""), bundle_bytes (&bundle));
    assert_only (&mail, WIRE_JOIN);
    assert_int_equal (mail.items[0].message.join.role, ROLE_STORAGE);
    assert_int_equal (mail.items[0].message.join.heartbeat_ms, MS);
    assert_int_equal (mail.items[0].envelope.client, 0);
    assert_int_equal (mail.items[0].ticket, 0);
    mail_clear (&mail);
    bundle_clear (&bundle);
}

static void strays_are_counted (void **state)
{
    (void) state;
    bundle_t bundle = {0};
    const envelope_t nobody = {0};
    const wire_message_t beat = {.command = WIRE_BEAT};
    bundle_put (&bundle, "", 0, &beat);
    bundle_add (&bundle, &nobody, text_bytes ("garbage"));
    assert_int_equal (member_take (&member, bundle_bytes (&bundle)), 2);
    assert_int_equal (member_take (&member, text_bytes ("no bundle")), 1);
    assert_int_equal (member.boot, 0);
    bundle_clear (&bundle);
}

#define MEMBER_TEST(name) cmocka_unit_test_setup (name, setup)

int main (void)
{
    const struct CMUnitTest tests[] = {
        MEMBER_TEST (it_joins_and_then_beats),
        MEMBER_TEST (an_unanswered_join_is_said_again),
        MEMBER_TEST (it_joins_again_when_it_is_told_or_comes_back),
        MEMBER_TEST (what_it_says_is_nobodys),
        MEMBER_TEST (strays_are_counted),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
