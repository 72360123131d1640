/* test_ticket.c - tickets of a small draw: written, read, held against the seal; and
   that no byte of one can be changed. */

#include "testing.h"

#include "ticket.h"

#define BETS 11

static const origin_t origin = {"nacional", "noche"};
static stake_t stake = {.agency = 4, .count = BETS, .committed = true};
static seal_t seal = {.origin = {"nacional", "noche"}, .agencies = 1, .of = &stake};
static char documents[BETS][8];

static bet_t bet_at (uint64_t offset)
{
    snprintf (documents[offset], sizeof documents[offset], "%u",
              100u + (unsigned) offset);
    return (bet_t){bytes_of ("Mar\xC3\xAD"
                             "a",
                             6),
                   bytes_of ("de la Paz", 9),
                   bytes_of (documents[offset], strlen (documents[offset])),
                   bytes_of ("1999-03-17", 10), (uint32_t) (7570 + offset)};
}

/* The ticket of this bet, and the seal that it fits. */
static ticket_t ticket_at (uint64_t offset)
{
    const salt_key_t key = {{9}};
    leaves_t leaves;
    tree_t tree;
    leaves_begin (&leaves, bytes_of ("noche", 5), 4, &key);
    tree_begin (&tree);
    tree_watch (&tree, offset);
    for (uint64_t i = 0; i < BETS; i++) {
        const bet_t bet = bet_at (i);
        const hash_t leaf =
            leaves_hash (&leaves, i, i == 3 ? LEAF_CANCELLED : LEAF_STANDS, NULL, &bet);
        tree_add (&tree, &leaf);
    }
    stake.root = tree_root (&tree);
    return (ticket_t){.origin = origin,
                      .open = seal.open,
                      .seal = {{7}},
                      .agency = 4,
                      .offset = offset,
                      .state = offset == 3 ? LEAF_CANCELLED : LEAF_STANDS,
                      .salt = leaves_salt (&leaves, offset),
                      .bet = bet_at (offset),
                      .path = tree_path (&tree)};
}

static void a_ticket_is_written_and_read_and_fits_its_seal (void **state)
{
    (void) state;
    for (uint64_t offset = 0; offset < BETS; offset++) {
        const ticket_t ticket = ticket_at (offset);
        ticket_t read;
        size_t size, again_size;
        char *text = ticket_write (&ticket, &size);
        assert_int_equal (ticket_parse (bytes_of (text, size), &read), 0);
        assert_int_equal (read.state, ticket.state);
        assert_true (bytes_equal (read.bet.last_name, ticket.bet.last_name));
        assert_null (ticket_fault (&read, &seal));
        char *again = ticket_write (&read, &again_size);
        assert_string_equal (text, again);
        free (again);
        free (text);
    }
}

/* It is no ticket, or it does not fit; but for S, which is held against the seal note's
   text by who has that. */
static void no_byte_of_a_ticket_can_be_changed (void **state)
{
    (void) state;
    const ticket_t ticket = ticket_at (5);
    size_t size;
    char *text = ticket_write (&ticket, &size);
    const char *s = strstr (text, "\nseal ");
    for (size_t at = 0; at < size; at++)
        for (int bit = 0; bit < 8; bit++) {
            ticket_t read;
            text[at] ^= (char) (1 << bit);
            if (ticket_parse (bytes_of (text, size), &read) == 0 &&
                !(text + at > s + 5 && text + at < s + 70))
                assert_non_null (ticket_fault (&read, &seal));
            text[at] ^= (char) (1 << bit);
        }
    for (size_t cut = 0; cut < size; cut++) {
        ticket_t read;
        if (ticket_parse (bytes_of (text, cut), &read) == 0)
            assert_non_null (ticket_fault (&read, &seal)); // without some of its path
    }
    free (text);
}

static void what_does_not_fit_is_named (void **state)
{
    (void) state;
    ticket_t ticket = ticket_at (5);
    ticket.offset = BETS;
    assert_string_equal (ticket_fault (&ticket, &seal),
                         "its agency has no bet at this offset");
    ticket = ticket_at (5);
    ticket.agency = 5;
    assert_string_equal (ticket_fault (&ticket, &seal),
                         "its agency does not take part");
    ticket = ticket_at (5);
    strcpy (ticket.origin.draw, "tarde");
    assert_string_equal (ticket_fault (&ticket, &seal), "it is of another draw");
    ticket = ticket_at (5);
    ticket.open.of[0] = 1;
    assert_string_equal (ticket_fault (&ticket, &seal), "it is of another open note");
    ticket = ticket_at (3);
    ticket.state = LEAF_STANDS;
    assert_string_equal (ticket_fault (&ticket, &seal),
                         "the bet is not the one that was sealed there");
}

/* With the widest that there can be, and the highest tree. */
static void bounds_hold (void **state)
{
    (void) state;
    char name[NAME_BYTES_MAX + 1], document[DOCUMENT_BYTES_MAX + 1];
    memset (name, 'x', sizeof name);
    memset (document, '9', sizeof document);
    ticket_t ticket = ticket_at (0), read;
    ticket.bet.first_name = ticket.bet.last_name = bytes_of (name, NAME_BYTES_MAX);
    ticket.bet.document = bytes_of (document, DOCUMENT_BYTES_MAX);
    ticket.bet.number = UINT32_MAX;
    ticket.offset = UINT64_MAX;
    ticket.path.length = TREE_LEVELS;
    size_t size;
    char *text = ticket_write (&ticket, &size);
    assert_int_equal (ticket_parse (bytes_of (text, size), &read), 0);
    char more[8192];
    snprintf (more, sizeof more, "%s%s\n", text, strrchr (text, '\n') - 69);
    assert_int_not_equal (ticket_parse (bytes_of (more, strlen (more)), &read), 0);
    free (text);
    ticket.path.length = 1;
    ticket.bet.first_name.size++;
    text = ticket_write (&ticket, &size);
    assert_int_equal (ticket_parse (bytes_of (text, size), &read), 6);
    free (text);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_ticket_is_written_and_read_and_fits_its_seal),
        cmocka_unit_test (no_byte_of_a_ticket_can_be_changed),
        cmocka_unit_test (what_does_not_fit_is_named),
        cmocka_unit_test (bounds_hold),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
