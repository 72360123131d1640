/* test_check_provable.c - a provable draw whose papers say what its records do, and
   ones that do not. */

#include "shelf.h"

#include "provable_shelf.h"

#include "check_provable.h"

static shelf_t shelf;
static fair_draw_t draw;

static int setup (void **state)
{
    (void) state;
    signed_note_start ();
    fair_draw_make (&draw);
    shelf_init (&shelf);
    shelf_start (&shelf);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    shelf_free (&shelf);
    return 0;
}

static void assert_check (sale_t *sale, const char *fault)
{
    char why[CHECK_PROVABLE_WHY_BYTES] = "";
    const int rc = check_provable (book_archive (shelf.book), sale, why);
    if (rc != (fault ? -1 : 0) || !strstr (why, fault ? fault : ""))
        fail_msg ("%d: '%s'", rc, why);
}

static void a_draw_is_sound_in_every_phase (void **state)
{
    (void) state;
    static const uint8_t phases[] = {EVENT_OPENED, EVENT_NOTED,    EVENT_COMMITTED,
                                     EVENT_CLOSED, EVENT_LOCKED,   EVENT_REVEALED,
                                     EVENT_DRAWN,  EVENT_PUBLISHED};
    for (size_t i = 0; i < sizeof phases; i++) {
        teardown (NULL);
        setup (NULL);
        sale_t *sale = provable_put (&shelf, &draw, phases[i]);
        assert_check (sale, NULL);
        shelf_commit (&shelf);
        assert_check (sale, NULL);
    }
}

/* Whoever sold them: each root is over what is stored. */
static void bets_are_those_of_the_roots (void **state)
{
    (void) state;
    for (size_t i = 0; i < FAIR_AGENCIES; i++) {
        teardown (NULL);
        setup (NULL);
        char start[64], fault[64];
        const uint32_t agency = draw.party[i].agency;
        snprintf (start, sizeof start, "%u,Ana,\"Paz, of %u\",103", agency, agency);
        char *row = strstr (draw.bets, start);
        assert_non_null (row);
        row[strlen (start) - 1] = '4'; // another document
        sale_t *sale = provable_put (&shelf, &draw, EVENT_LOCKED);
        snprintf (fault, sizeof fault, "the bets of agency %u do not have the root",
                  agency);
        assert_check (sale, fault);
    }
}

static void a_bet_that_was_cancelled_is_so_in_its_root (void **state)
{
    (void) state;
    sale_t *sale = provable_put (&shelf, &draw, EVENT_NOTED);
    shelf_cancel (&shelf, sale, 1, 5);
    provable_event (&shelf, sale, &draw, EVENT_COMMITTED, 1);
    assert_check (sale, "the bets of agency 1 do not have the root");
}

static void winners_are_those_of_the_bets (void **state)
{
    (void) state;
    for (size_t i = 0; i < FAIR_AGENCIES; i++)
        for (int what = 0; what < 2; what++) {
            teardown (NULL);
            setup (NULL);
            char fault[64];
            if (what == 0)
                draw.won[i].count++;
            else
                draw.won[i].root.of[1] ^= 1;
            fair_result (&draw);
            sale_t *sale = provable_put (&shelf, &draw, EVENT_PUBLISHED);
            snprintf (fault, sizeof fault, "the winners of agency %u are not",
                      draw.party[i].agency);
            assert_check (sale, fault);
        }
}

static void the_number_follows_from_the_nonces (void **state)
{
    (void) state;
    draw.result.number = (draw.result.number + 1) % (FAIR_HIGHEST + 1);
    sale_t *sale = provable_put (&shelf, &draw, EVENT_DRAWN);
    assert_check (sale, "its number does not follow from the nonces");
}

static void a_paper_that_does_not_fit_is_named (void **state)
{
    (void) state;
    draw.stakes[1].count++;
    fair_seal (&draw);
    sale_t *sale = provable_put (&shelf, &draw, EVENT_LOCKED);
    assert_check (sale, "L of agency 0: agency 4 committed to something else");
    teardown (NULL);
    setup (NULL);
    draw.party[1].nonce.of[3] ^= 1;
    sale = provable_put (&shelf, &draw, EVENT_REVEALED);
    assert_check (sale, "A of agency 4: its nonce is not");
}

static void what_cannot_be_read_is_told (void **state)
{
    (void) state;
    sale_t *sale = provable_put (&shelf, &draw, EVENT_PUBLISHED);
    shelf_commit (&shelf);
    disk_file_t *const files[] = {shelf.index,
                                  disk_find (shelf.disk, "draws/noche/notes"),
                                  disk_find (shelf.disk, "draws/noche/bets.csv")};
    for (size_t i = 0; i < 3; i++) {
        const unsigned before = files[i]->calls[DISK_READ];
        assert_check (sale, NULL);
        const unsigned reads = files[i]->calls[DISK_READ] - before;
        assert_true (reads > 0);
        for (unsigned n = 1; n <= reads; n++) {
            files[i]->fails[DISK_READ] = n;
            assert_check (sale, files[i]->file->name);
        }
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (a_draw_is_sound_in_every_phase, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (bets_are_those_of_the_roots, setup, teardown),
        cmocka_unit_test_setup_teardown (a_bet_that_was_cancelled_is_so_in_its_root,
                                         setup, teardown),
        cmocka_unit_test_setup_teardown (winners_are_those_of_the_bets, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (the_number_follows_from_the_nonces, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_paper_that_does_not_fit_is_named, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (what_cannot_be_read_is_told, setup, teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
