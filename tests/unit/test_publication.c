/* test_publication.c - publication.c */

#include "fair_draw.h"

#include "publication.h"

typedef struct { // a storage that has the notes of a draw, in small pages
    fair_draw_t draw;
    publication_t *publication;
    size_t page_bytes;
    const char *lacks; // kinds that it does not have yet
    unsigned asked, lacked;
    char order[256]; // what was asked for, in this order
} shelf_t;

static bytes_t note_of (const shelf_t *shelf, const wire_fetch_t *page)
{
    const fair_draw_t *draw = &shelf->draw;
    const fair_party_t *party = NULL;
    for (size_t i = 0; i < FAIR_AGENCIES; i++)
        if (draw->party[i].agency == page->of)
            party = &draw->party[i];
    if (strchr (shelf->lacks, (int) page->which))
        return bytes_of (NULL, 0);
    switch (page->which) {
    case NOTE_OPEN:
        return fair_text (draw->open_note);
    case NOTE_SEAL:
        return fair_text (draw->seal_note);
    case NOTE_RESULT:
        return fair_text (draw->result_note);
    case NOTE_RECEIPT:
        return fair_text (party->ready);
    case NOTE_COUNTERSIGNED:
        return fair_text (party->countersigned);
    case NOTE_SALTS:
        return bytes_of (party->salts.of, sizeof party->salts.of);
    default:
        return bytes_of (NULL, 0);
    }
}

static const char *take (shelf_t *shelf, const wire_fetch_t *page, size_t total,
                         bytes_t bytes)
{
    const wire_note_t note = {.which = page->which,
                              .of = page->of,
                              .total = (uint32_t) total,
                              .from = (uint32_t) page->from,
                              .bytes = bytes};
    return publication_take (shelf->publication, &note);
}

static const char *answer (shelf_t *shelf, const wire_fetch_t *page)
{
    const bytes_t note = note_of (shelf, page);
    const size_t asked = shelf->asked++;
    if (asked + 1 < sizeof shelf->order)
        shelf->order[asked] = (char) page->which;
    if (note.size == 0) {
        shelf->lacked++;
        publication_lacks (shelf->publication);
        return NULL;
    }
    assert_true (page->from < note.size);
    const size_t rest = note.size - page->from;
    return take (shelf, page, note.size,
                 bytes_of (note.data + page->from,
                           rest < shelf->page_bytes ? rest : shelf->page_bytes));
}

static void sweep (shelf_t *shelf)
{
    wire_fetch_t page;
    shelf->asked = shelf->lacked = 0;
    memset (shelf->order, 0, sizeof shelf->order);
    while (publication_next (shelf->publication, &page))
        assert_null (answer (shelf, &page));
}

static void assert_found (const shelf_t *shelf, wire_which_t which, uint32_t of,
                          const char *note)
{
    const bytes_t found = publication_find (shelf->publication, which, of);
    assert_int_equal (found.size, strlen (note));
    assert_memory_equal (found.data, note, found.size);
}

static int make (void **state)
{
    shelf_t *shelf = calloc (1, sizeof *shelf);
    shelf->page_bytes = 100;
    shelf->lacks = "";
    assert_int_equal (signed_note_start (), 0);
    fair_draw_make (&shelf->draw);
    shelf->publication = publication_new (false, false);
    *state = shelf;
    return 0;
}

static int unmake (void **state)
{
    shelf_t *shelf = *state;
    publication_destroy (&shelf->publication);
    free (shelf);
    return 0;
}

static void all_of_a_draw_that_is_over_comes_in_pages (void **state)
{
    shelf_t *shelf = *state;
    const fair_draw_t *draw = &shelf->draw;
    sweep (shelf);
    assert_found (shelf, NOTE_OPEN, 0, draw->open_note);
    assert_found (shelf, NOTE_SEAL, 0, draw->seal_note);
    assert_found (shelf, NOTE_RESULT, 0, draw->result_note);
    for (size_t i = 0; i < FAIR_COMMITS; i++) {
        const fair_party_t *party = &draw->party[i];
        assert_found (shelf, NOTE_RECEIPT, party->agency, party->ready);
        assert_found (shelf, NOTE_COUNTERSIGNED, party->agency,
                      strstr (party->countersigned, "\n\n") + 1);
        assert_true (publication_signed_itself (shelf->publication, party->agency));
        size_t size;
        char *file = publication_file (shelf->publication, NOTE_COUNTERSIGNED,
                                       party->agency, &size);
        assert_string_equal (file, party->countersigned);
        assert_int_equal (size, strlen (file));
        free (file);
    }
    assert_int_equal (publication_count (shelf->publication, NOTE_RECEIPT),
                      FAIR_COMMITS);
    assert_int_equal (publication_agencies (shelf->publication), FAIR_AGENCIES);
    assert_int_equal (publication_agency (shelf->publication, 2), 7);
    assert_null (publication_find (shelf->publication, NOTE_RECEIPT, 7).data);
    assert_null (publication_find (shelf->publication, NOTE_RECEIPT, 2).data);
    assert_null (publication_find (shelf->publication, NOTE_SALTS, 1).data);
}

static void only_what_is_missing_is_asked_for_again (void **state)
{
    shelf_t *shelf = *state;
    shelf->lacks = "NYLAQW";
    sweep (shelf);
    assert_string_equal (shelf->order, "N");
    shelf->lacks = "YLAQW";
    publication_again (shelf->publication);
    shelf->page_bytes = FAIR_NOTE;
    sweep (shelf);
    assert_string_equal (shelf->order, "NWLYYY"); // nothing of a seal without one
    shelf->lacks = "Q";
    publication_again (shelf->publication);
    sweep (shelf);
    assert_string_equal (shelf->order, "WLQYAYAYA");
    assert_int_equal (shelf->lacked, 4); // W, Q, and what the third agency never had
    shelf->lacks = "";
    publication_again (shelf->publication);
    sweep (shelf);
    assert_string_equal (shelf->order, "QYA");
    sweep (shelf);
    assert_int_equal (shelf->asked, 0); // the sweep is over
}

static void salt_keys_and_boxes_are_for_who_wants_them (void **state)
{
    shelf_t *shelf = *state;
    publication_destroy (&shelf->publication);
    shelf->publication = publication_new (true, true);
    shelf->page_bytes = FAIR_NOTE;
    shelf->lacks = "LW";
    sweep (shelf);
    assert_string_equal (shelf->order, "NWLYYY"); // none before the seal
    shelf->lacks = "";
    publication_again (shelf->publication);
    sweep (shelf);
    assert_string_equal (shelf->order, "WLQAKAKYAK");
    const bytes_t key = publication_find (shelf->publication, NOTE_SALTS, 4);
    assert_int_equal (key.size, sizeof (salt_key_t));
    assert_memory_equal (key.data, shelf->draw.party[1].salts.of, key.size);
    assert_null (publication_find (shelf->publication, NOTE_BOX, 0).data);
}

static void of_an_audited_draw_there_are_an_attestation_and_boxes (void **state)
{
    shelf_t *shelf = *state;
    note_secret_t secret;
    uint8_t public_key[NOTE_PUBLIC_BYTES];
    note_key_pair (&secret, public_key);
    shelf->draw.open.audited = true;
    shelf->draw.open.auditor = fair_key (&shelf->draw, PARTY_AUDITOR, 0, &secret);
    fair_open (&shelf->draw);
    publication_destroy (&shelf->publication);
    shelf->publication = publication_new (true, true);
    shelf->page_bytes = FAIR_NOTE;
    sweep (shelf);
    assert_string_equal (shelf->order, "NWLQUYAKBYAKBYAKBB");
    publication_destroy (&shelf->publication);
    shelf->publication = publication_new (true, false);
    sweep (shelf);
    assert_string_equal (shelf->order, "NWLQUYABYABYABB");
    publication_destroy (&shelf->publication);
    shelf->publication = publication_new (false, true);
    sweep (shelf);
    assert_string_equal (shelf->order, "NWLQUYAKYAKYAK");
}

static void an_auditor_may_have_stood_in (void **state)
{
    shelf_t *shelf = *state;
    fair_party_t *party = &shelf->draw.party[1];
    strcpy (party->countersigned, shelf->draw.seal_note);
    sweep (shelf);
    assert_true (publication_signed_itself (shelf->publication, 1));
    assert_false (publication_signed_itself (shelf->publication, party->agency));
    assert_false (publication_signed_itself (shelf->publication, 7)); // has none
    assert_false (publication_signed_itself (shelf->publication, 9)); // nor is it
}

static void assert_refused (shelf_t *shelf, wire_fetch_t page, uint64_t total,
                            size_t size, const char *why)
{
    static const uint8_t bytes[PUBLICATION_SMALL_BYTES_MAX];
    assert_string_equal (take (shelf, &page, total, bytes_of (bytes, size)), why);
}

static void pages_that_cannot_be_are_not_taken (void **state)
{
    shelf_t *shelf = *state;
    wire_fetch_t page;
    assert_true (publication_next (shelf->publication, &page));
    const char *other = "a page that was not asked for";
    assert_refused (shelf, (wire_fetch_t){'L', 0, 0}, 5, 5, other);
    assert_refused (shelf, (wire_fetch_t){'N', 0, 1}, 5, 4, other);
    assert_refused (shelf, (wire_fetch_t){'N', 1, 0}, 5, 5, other);
    assert_true (publication_next (shelf->publication, &page)); // as it was
    assert_refused (shelf, page, PAPER_BYTES_MAX + 1, 5,
                    "a note of a length that there is not");
    assert_false (publication_next (shelf->publication, &page)); // not in this sweep
    publication_again (shelf->publication);
    assert_refused (shelf, page, 0, 0, "a note of a length that there is not");
    publication_again (shelf->publication);
    assert_refused (shelf, page, 5, 0, "a page that is empty, or too long");
    publication_again (shelf->publication);
    assert_refused (shelf, page, 5, 6, "a page that is empty, or too long");
    publication_again (shelf->publication);
    assert_null (take (shelf, &page, 5, fair_text ("abc")));
    assert_true (publication_next (shelf->publication, &page));
    assert_int_equal (page.from, 3);
    assert_refused (shelf, page, 6, 2, "the note has changed meanwhile");
    publication_again (shelf->publication);
    assert_true (publication_next (shelf->publication, &page));
    assert_int_equal (page.from, 0);
    assert_null (take (shelf, &page, 5, fair_text ("abc")));
    assert_true (publication_next (shelf->publication, &page));
    assert_refused (shelf, page, 5, 3, "a page that is empty, or too long");
}

static void take_all_but (shelf_t *shelf, wire_which_t which, const char *note,
                          const char *why)
{
    wire_fetch_t page;
    while (publication_next (shelf->publication, &page))
        if (page.which != which)
            assert_null (answer (shelf, &page));
        else
            break;
    assert_int_equal (page.which, which);
    assert_string_equal (
        take (shelf, &page, page.from + strlen (note), fair_text (note)), why);
}

static void notes_that_are_none_lead_nowhere (void **state)
{
    shelf_t *shelf = *state;
    take_all_but (shelf, NOTE_OPEN, "junk\n", "the open note is none");
    sweep (shelf);
    assert_int_equal (shelf->asked, 0);
    assert_int_equal (publication_agencies (shelf->publication), 0);
    assert_found (shelf, NOTE_OPEN, 0, "junk\n"); // what it said is kept

    publication_destroy (&shelf->publication);
    shelf->publication = publication_new (false, false);
    take_all_but (shelf, NOTE_SEAL, "junk\n", "the seal is no note");
    sweep (shelf);
    assert_null (strchr (shelf->order, NOTE_COUNTERSIGNED));

    publication_destroy (&shelf->publication);
    shelf->publication = publication_new (false, false);
    take_all_but (shelf, NOTE_COUNTERSIGNED, "junk\n", "another text than the seal's");
    sweep (shelf);
    assert_null (publication_find (shelf->publication, NOTE_COUNTERSIGNED, 1).data);
    assert_non_null (publication_find (shelf->publication, NOTE_COUNTERSIGNED, 4).data);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (all_of_a_draw_that_is_over_comes_in_pages,
                                         make, unmake),
        cmocka_unit_test_setup_teardown (only_what_is_missing_is_asked_for_again, make,
                                         unmake),
        cmocka_unit_test_setup_teardown (salt_keys_and_boxes_are_for_who_wants_them,
                                         make, unmake),
        cmocka_unit_test_setup_teardown (
            of_an_audited_draw_there_are_an_attestation_and_boxes, make, unmake),
        cmocka_unit_test_setup_teardown (an_auditor_may_have_stood_in, make, unmake),
        cmocka_unit_test_setup_teardown (pages_that_cannot_be_are_not_taken, make,
                                         unmake),
        cmocka_unit_test_setup_teardown (notes_that_are_none_lead_nowhere, make,
                                         unmake),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
