/* test_papers.c - which papers of a provable draw fit what is recorded of it. */

#include "shelf.h"

#include "provable_shelf.h"

#include "papers.h"

static shelf_t shelf;
static fair_draw_t draw;
static sale_t *sale;
static notes_t *notes;

static int setup (void **state)
{
    (void) state;
    signed_note_start ();
    fair_draw_make (&draw);
    shelf_init (&shelf);
    shelf_start (&shelf);
    notes = notes_new (book_archive (shelf.book));
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    notes_destroy (&notes);
    shelf_free (&shelf);
    return 0;
}

static void assert_text (uint8_t kind, uint32_t agency, bytes_t text, const char *fault)
{
    char why[PAPERS_WHY_BYTES] = "?";
    const int fits = papers_fit (notes, sale, kind, agency, text, why);
    if (fits != (fault == NULL) || !strstr (why, fault ? fault : ""))
        fail_msg ("%c of %u: %d, '%s'", kind, agency, fits, why);
    assert_true (fits == 0 || why[0] == 0);
}

/* Of the draw as it is by now. */
static void assert_fits (uint8_t kind, uint32_t agency)
{
    const provable_paper_t paper = provable_paper (&draw, kind, agency);
    assert_text (kind, agency, provable_bytes (&paper), NULL);
}

static void assert_unfit (uint8_t kind, uint32_t agency, const char *fault)
{
    const provable_paper_t paper = provable_paper (&draw, kind, agency);
    assert_text (kind, agency, provable_bytes (&paper), fault);
}

/* The same, of a paper in which some text is another. */
static void assert_changed (uint8_t kind, uint32_t agency, const char *from,
                            const char *to, const char *fault)
{
    provable_paper_t paper = provable_paper (&draw, kind, agency), other;
    const char *at = strstr (paper.text, from);
    assert_non_null (at);
    other.size =
        (size_t) snprintf (other.text, sizeof other.text, "%.*s%s%s",
                           (int) (at - paper.text), paper.text, to, at + strlen (from));
    assert_text (kind, agency, provable_bytes (&other), fault);
}

/* Each as it comes, and later as it was. */
static void what_honest_parties_say_fits (void **state)
{
    (void) state;
    sale = provable_put (&shelf, &draw, EVENT_OPENED);
    assert_fits (EVENT_NOTED, 0);
    provable_event (&shelf, sale, &draw, EVENT_NOTED, 0);
    provable_sell (&shelf, sale, &draw);
    for (size_t i = 0; i < FAIR_COMMITS; i++) {
        assert_fits (EVENT_COMMITTED, draw.party[i].agency);
        provable_event (&shelf, sale, &draw, EVENT_COMMITTED, draw.party[i].agency);
    }
    provable_event (&shelf, sale, &draw, EVENT_CLOSED, 0);
    assert_fits (EVENT_LOCKED, 0);
    provable_event (&shelf, sale, &draw, EVENT_LOCKED, 0);
    shelf_commit (&shelf);
    for (size_t i = 0; i < FAIR_COMMITS; i++) {
        assert_fits (EVENT_REVEALED, draw.party[i].agency);
        provable_event (&shelf, sale, &draw, EVENT_REVEALED, draw.party[i].agency);
    }
    provable_event (&shelf, sale, &draw, EVENT_DRAWN, 0);
    assert_fits (EVENT_PUBLISHED, 0);
    provable_event (&shelf, sale, &draw, EVENT_PUBLISHED, 0);
    assert_fits (EVENT_NOTED, 0);
    assert_fits (EVENT_COMMITTED, draw.party[0].agency);
    assert_fits (EVENT_LOCKED, 0);
    assert_fits (EVENT_REVEALED, draw.party[1].agency);
    assert_fits (EVENT_PUBLISHED, 0);
}

static void what_is_no_paper_is_none (void **state)
{
    (void) state;
    static const uint8_t kinds[] = {EVENT_NOTED,    EVENT_COMMITTED, EVENT_LOCKED,
                                    EVENT_ATTESTED, EVENT_REVEALED,  EVENT_PUBLISHED,
                                    EVENT_VOIDED,   EVENT_CLOSED};
    sale = provable_put (&shelf, &draw, EVENT_PUBLISHED);
    for (size_t i = 0; i < sizeof kinds; i++) {
        assert_text (kinds[i], 1, bytes_of ("", 0), "it is no paper");
        assert_text (kinds[i], 1, bytes_of ("salts", 5), "it is no paper");
        if (kinds[i] != EVENT_ATTESTED && kinds[i] != EVENT_REVEALED)
            assert_text (kinds[i], 1, bytes_of ("a b\n\nnone\n", 10),
                         "its note is none");
    }
    const provable_paper_t paper = provable_paper (&draw, EVENT_NOTED, 0);
    assert_text (EVENT_CLOSED, 0, provable_bytes (&paper), "has none");
    assert_text (EVENT_COMMITTED, 1, provable_bytes (&paper), "is no READY");
    assert_text (EVENT_LOCKED, 0, provable_bytes (&paper), "is no seal");
    assert_text (EVENT_PUBLISHED, 0, provable_bytes (&paper), "is no result");
    assert_text (EVENT_VOIDED, 0, provable_bytes (&paper), "calls off nothing");
}

static void an_open_note_is_of_this_draw (void **state)
{
    (void) state;
    sale = provable_put (&shelf, &draw, EVENT_OPENED);
    draw.nonce.of[0] ^= 1;
    assert_unfit (EVENT_NOTED, 0, "its nonce is not what its note commits to");
    draw.nonce.of[0] ^= 1;
    assert_changed (EVENT_NOTED, 0, "nonce 01", "nounce 01", "its nonce is not");
    assert_changed (EVENT_NOTED, 0, "nonce 01", "nonce 010", "its nonce is not");
    assert_changed (EVENT_NOTED, 0, "nonce 01", "box 00ff\nnonce 01", "no auditor");
    draw.open.highest++;
    fair_open (&draw);
    assert_unfit (EVENT_NOTED, 0, "other terms");
    draw.open.highest--;
    draw.roll[2].agency = PROVABLE_ROLL + 1;
    draw.roll[2].key =
        fair_key (&draw, PARTY_AGENCY, PROVABLE_ROLL + 1, &draw.party[2].secret);
    fair_open (&draw);
    assert_unfit (EVENT_NOTED, 0, "other terms");
    fair_draw_make (&draw);
    strcpy (draw.origin.draw, "tarde");
    draw.open.origin = draw.origin;
    draw.open.operator= fair_key (&draw, PARTY_OPERATOR, 0, &draw.operator);
    for (size_t i = 0; i < FAIR_AGENCIES; i++)
        draw.roll[i].key =
            fair_key (&draw, PARTY_AGENCY, draw.party[i].agency, &draw.party[i].secret);
    fair_open (&draw);
    assert_unfit (EVENT_NOTED, 0, "another draw");
}

static void a_box_is_the_one_of_the_note (void **state)
{
    (void) state;
    uint8_t public_key[NOTE_PUBLIC_BYTES];
    note_secret_t auditor;
    char name[NOTE_KEY_NAME_BYTES_MAX + 1];
    sale = provable_put (&shelf, &draw, EVENT_OPENED);
    note_key_pair (&auditor, public_key);
    party_name (&draw.origin, PARTY_AUDITOR, 0, name);
    assert_true (note_key_make (name, public_key, &draw.open.auditor));
    draw.open.audited = true;
    sha256 (bytes_of ("\x0b\xad", 2), (bytes_t){0}, draw.open.box.of);
    fair_open (&draw);
    assert_unfit (EVENT_NOTED, 0, "a box and no auditor, or the other way round");
    assert_changed (EVENT_NOTED, 0, "nonce 01", "box 0bad\nnonce 01", NULL);
    assert_changed (EVENT_NOTED, 0, "nonce 01", "box 0bae\nnonce 01", "its box is not");
    assert_changed (EVENT_NOTED, 0, "nonce 01", "box 0bax\nnonce 01", "its box is not");
}

static void a_commitment_is_of_the_agencys_bets (void **state)
{
    (void) state;
    sale = provable_put (&shelf, &draw, EVENT_NOTED);
    const uint32_t agency = draw.party[0].agency;
    const provable_paper_t of_first = provable_paper (&draw, EVENT_COMMITTED, agency);
    assert_text (EVENT_COMMITTED, 4, provable_bytes (&of_first), "another agency");
    assert_text (EVENT_COMMITTED, 5, provable_bytes (&of_first), "another agency");
    draw.stakes[0].count++;
    fair_ready (&draw, 0);
    assert_unfit (EVENT_COMMITTED, agency, "other bets");
    draw.stakes[0].count--;
    draw.party[0].salts.of[5] ^= 1;
    fair_ready (&draw, 0);
    assert_unfit (EVENT_COMMITTED, agency, "its salt key is not that of its note");
    draw.party[0].salts.of[5] ^= 1;
    assert_changed (EVENT_COMMITTED, agency, "salts ", "pepper ", "no salt key");
    assert_changed (EVENT_COMMITTED, agency, "salts ", "box 00\nsalts ", "a box that");
    draw.seal.open.of[0] ^= 1;
    fair_ready (&draw, 0);
    assert_unfit (EVENT_COMMITTED, agency, "another open note");
}

/* What storage compares its own root with. */
static void a_commitment_says_which_root (void **state)
{
    (void) state;
    const provable_paper_t paper = provable_paper (&draw, EVENT_COMMITTED, 4);
    const papers_commitment_t commitment = papers_commitment (provable_bytes (&paper));
    assert_int_equal (commitment.count, draw.stakes[1].count);
    assert_true (hash_equal (&commitment.root, &draw.stakes[1].root));
    assert_memory_equal (commitment.key.of, draw.party[1].salts.of, SHA256_BYTES);
    const papers_commitment_t none = papers_commitment (bytes_of ("x", 1));
    assert_int_equal (none.count, 0);
}

static void a_seal_has_all_as_they_are (void **state)
{
    (void) state;
    sale = provable_put (&shelf, &draw, EVENT_CLOSED);
    assert_fits (EVENT_LOCKED, 0);
    stake_t *const stakes = draw.stakes;
    const stake_t kept[] = {stakes[0], stakes[1], stakes[2]};
    for (size_t i = 0; i < FAIR_AGENCIES; i++) { // of any, anything
        stakes[i].count++;
        fair_seal (&draw);
        assert_unfit (EVENT_LOCKED, 0, i < 2 ? "something else" : "other bets");
        stakes[i] = kept[i];
        stakes[i].salts.of[3] ^= 1;
        fair_seal (&draw);
        assert_unfit (EVENT_LOCKED, 0, i < 2 ? "something else" : "another salt key");
        stakes[i] = kept[i];
        stakes[i].committed = !stakes[i].committed;
        fair_seal (&draw);
        assert_unfit (EVENT_LOCKED, 0, i < 2 ? "something else" : "did not commit");
        stakes[i] = kept[i];
    }
    for (size_t i = 0; i < FAIR_COMMITS; i++) {
        stakes[i].root.of[0] ^= 1;
        fair_seal (&draw);
        assert_unfit (EVENT_LOCKED, 0, "something else");
        stakes[i] = kept[i];
        stakes[i].commitment.of[0] ^= 1;
        fair_seal (&draw);
        assert_unfit (EVENT_LOCKED, 0, "something else");
        stakes[i] = kept[i];
    }
    draw.seal.agencies--;
    fair_seal (&draw);
    assert_unfit (EVENT_LOCKED, 0, "other agencies");
    draw.seal.agencies++;
    stakes[2].agency = 6;
    fair_seal (&draw);
    assert_unfit (EVENT_LOCKED, 0, "other agencies");
    stakes[2] = kept[2];
    draw.seal.open.of[9] ^= 1;
    fair_seal (&draw);
    assert_unfit (EVENT_LOCKED, 0, "another open note");
    draw.seal.open.of[9] ^= 1;
    fair_seal (&draw);
    assert_fits (EVENT_LOCKED, 0);
}

/* Or its bets could not be shown to anybody. */
static void a_seal_has_a_salt_key_for_each (void **state)
{
    (void) state;
    sale = provable_put (&shelf, &draw, EVENT_CLOSED);
    assert_changed (EVENT_LOCKED, 0, "salts 7 ", "salts 6 ",
                    "another salt key, or none");
    assert_changed (EVENT_LOCKED, 0, "salts 3 ", "salts 2 ",
                    "agency 3 has no salt key");
    assert_changed (EVENT_LOCKED, 0, "salts 7 00", "salts 7 01", "another salt key");
}

static void a_nonce_is_the_one_committed_to (void **state)
{
    (void) state;
    sale = provable_put (&shelf, &draw, EVENT_LOCKED);
    assert_fits (EVENT_REVEALED, 1);
    const provable_paper_t of_first = provable_paper (&draw, EVENT_REVEALED, 1);
    assert_text (EVENT_REVEALED, 4, provable_bytes (&of_first), "not what the agency");
    assert_text (EVENT_REVEALED, 7, provable_bytes (&of_first), "has not committed");
    assert_text (EVENT_REVEALED, 99, provable_bytes (&of_first), "has not committed");
    draw.party[0].nonce.of[31] ^= 1;
    assert_unfit (EVENT_REVEALED, 1, "not what the agency committed to");
    draw.party[0].nonce.of[31] ^= 1;
    assert_changed (EVENT_REVEALED, 1, "nonce ", "nuncio ", "no nonce");
    assert_text (EVENT_ATTESTED, 0, bytes_of ("\nx\n", 3), "no auditor");
}

/* Nobody's nonce is told before. */
static void an_auditor_signs_before_nonces_are_told (void **state)
{
    (void) state;
    uint8_t public_key[NOTE_PUBLIC_BYTES];
    note_secret_t auditor;
    char name[NOTE_KEY_NAME_BYTES_MAX + 1];
    note_key_pair (&auditor, public_key);
    party_name (&draw.origin, PARTY_AUDITOR, 0, name);
    assert_true (note_key_make (name, public_key, &draw.open.auditor));
    draw.open.audited = true;
    fair_open (&draw);
    for (size_t i = 0; i < FAIR_COMMITS; i++)
        fair_ready (&draw, i);
    fair_seal (&draw);
    sale = provable_put (&shelf, &draw, EVENT_LOCKED);
    assert_unfit (EVENT_REVEALED, 1, "the auditor has not signed");
    const bytes_t line = bytes_of ("\nx\n", 3);
    assert_text (EVENT_ATTESTED, 0, line, NULL);
    record_t record = {.kind = RECORD_ATTESTED};
    shelf_put_to (&shelf, sale, &record, line);
    assert_fits (EVENT_REVEALED, 1);
}

static void a_result_is_of_the_seal_and_the_number (void **state)
{
    (void) state;
    sale = provable_put (&shelf, &draw, EVENT_DRAWN);
    assert_fits (EVENT_PUBLISHED, 0);
    draw.result.number = (draw.result.number + 1) % 10;
    fair_result (&draw);
    assert_unfit (EVENT_PUBLISHED, 0, "its number is not");
    draw.result.number = (draw.result.number + 9) % 10;
    draw.result.seal.of[0] ^= 1;
    fair_result (&draw);
    assert_unfit (EVENT_PUBLISHED, 0, "another seal");
    draw.result.seal.of[0] ^= 1;
    for (size_t i = 0; i < draw.result.reveals; i++) {
        draw.reveals[i].nonce.of[9] ^= 1;
        fair_result (&draw);
        assert_unfit (EVENT_PUBLISHED, 0, "is not what was recorded");
        draw.reveals[i].nonce.of[9] ^= 1;
    }
    draw.reveals[1].by_auditor = true;
    fair_result (&draw);
    assert_unfit (EVENT_PUBLISHED, 0, "the nonce of 1 is not what was recorded");
    draw.reveals[1].by_auditor = false;
    draw.result.reveals--;
    fair_result (&draw);
    assert_unfit (EVENT_PUBLISHED, 0, "the nonce of 4 is not what was recorded");
}

static void a_number_follows_from_what_is_recorded (void **state)
{
    (void) state;
    uint32_t number = 99;
    sale = provable_put (&shelf, &draw, EVENT_LOCKED);
    assert_int_equal (papers_number (notes, sale, &number), 0);
    provable_event (&shelf, sale, &draw, EVENT_REVEALED, 4);
    assert_int_equal (papers_number (notes, sale, &number), 0);
    provable_event (&shelf, sale, &draw, EVENT_REVEALED, 1); // in any order
    assert_int_equal (papers_number (notes, sale, &number), 1);
    assert_int_equal (number, draw.result.number);
}

static void a_void_is_of_the_open_note (void **state)
{
    (void) state;
    char note[FAIR_NOTE], paper[2 * FAIR_NOTE];
    size_t size;
    sale = provable_put (&shelf, &draw, EVENT_NOTED);
    void_t off = {.origin = draw.origin, .open = draw.seal.open, .reason = "rain"};
    for (int round = 0; round < 2; round++) {
        fair_begin_note (note, void_write (&off, &size));
        fair_sign (&draw, note, PARTY_OPERATOR, 0, &draw.operator);
        const int length = snprintf (paper, sizeof paper, "note rain\n\n%s", note);
        assert_text (EVENT_VOIDED, 0, bytes_of (paper, (size_t) length),
                     round == 0 ? NULL : "another draw");
        off.open.of[4] ^= 1;
    }
}

static void what_cannot_be_read_is_told (void **state)
{
    (void) state;
    char why[PAPERS_WHY_BYTES];
    sale = provable_put (&shelf, &draw, EVENT_PUBLISHED);
    shelf_commit (&shelf);
    disk_file_t *file = disk_find (shelf.disk, "draws/noche/notes");
    static const uint8_t kinds[] = {EVENT_COMMITTED, EVENT_LOCKED, EVENT_REVEALED,
                                    EVENT_PUBLISHED};
    for (size_t i = 0; i < sizeof kinds; i++) {
        const uint32_t agency =
            kinds[i] == EVENT_COMMITTED || kinds[i] == EVENT_REVEALED ? 1 : 0;
        const provable_paper_t paper = provable_paper (&draw, kinds[i], agency);
        notes_destroy (&notes);
        notes = notes_new (book_archive (shelf.book));
        file->fails[DISK_READ] = 1;
        assert_int_equal (
            papers_fit (notes, sale, kinds[i], agency, provable_bytes (&paper), why),
            -1);
        assert_int_equal (errno, EIO);
        assert_fits (kinds[i], agency);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (what_honest_parties_say_fits, setup, teardown),
        cmocka_unit_test_setup_teardown (what_is_no_paper_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown (an_open_note_is_of_this_draw, setup, teardown),
        cmocka_unit_test_setup_teardown (a_box_is_the_one_of_the_note, setup, teardown),
        cmocka_unit_test_setup_teardown (a_commitment_is_of_the_agencys_bets, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_commitment_says_which_root, setup, teardown),
        cmocka_unit_test_setup_teardown (a_seal_has_all_as_they_are, setup, teardown),
        cmocka_unit_test_setup_teardown (a_seal_has_a_salt_key_for_each, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_nonce_is_the_one_committed_to, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (an_auditor_signs_before_nonces_are_told, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_result_is_of_the_seal_and_the_number, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_number_follows_from_what_is_recorded, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_void_is_of_the_open_note, setup, teardown),
        cmocka_unit_test_setup_teardown (what_cannot_be_read_is_told, setup, teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
