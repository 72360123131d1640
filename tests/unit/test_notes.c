/* test_notes.c - notes as they are published, from what storage has of them. */

#include "shelf.h"

#include "provable_shelf.h"

#include "notes.h"

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
    assert_null (notes);
    shelf_free (&shelf);
    return 0;
}

/* A note, page by page; NULL: there is none. */
static const char *note_of (uint8_t which, uint32_t of)
{
    static char note[64 * 1024];
    wire_note_t page = {.which = which, .of = of};
    uint8_t bytes[NOTE_PAGE_BYTES];
    uint64_t sequence = 0;
    size_t size = 0;
    do {
        page.from = (uint32_t) size;
        const int there = notes_page (notes, sale, &page, bytes, &sequence);
        assert_in_range (there, 0, 1);
        if (there == 0)
            return NULL;
        assert_int_equal (page.from, size);
        assert_in_range (sequence, 1, book_records (shelf.book));
        assert_true (page.bytes.size <= NOTE_PAGE_BYTES);
        memcpy (note + size, page.bytes.data, page.bytes.size);
        size += page.bytes.size;
    } while (size < page.total && page.bytes.size > 0);
    assert_int_equal (size, page.total);
    note[size] = 0;
    return note;
}

static void assert_note (uint8_t which, uint32_t of, const char *expected)
{
    const char *note = note_of (which, of);
    if (!expected)
        assert_null (note);
    else if (!note || strcmp (note, expected) != 0)
        fail_msg ("%c of %u: '%s' in place of '%s'", which, of, note ? note : "none",
                  expected);
}

static void assert_secret (uint8_t which, uint32_t of, const salt_key_t *expected)
{
    const char *note = note_of (which, of);
    assert_non_null (note);
    assert_memory_equal (note, expected->of, sizeof expected->of);
}

static void notes_are_as_published (void **state)
{
    (void) state;
    sale = provable_put (&shelf, &draw, EVENT_PUBLISHED);
    for (int round = 0; round < 3; round++) { // gathered, durable, kept
        assert_note (NOTE_OPEN, 0, draw.open_note);
        assert_note (NOTE_SEAL, 0, draw.seal_note);
        assert_note (NOTE_RESULT, 0, draw.result_note);
        for (size_t i = 0; i < FAIR_COMMITS; i++) {
            const fair_party_t *party = &draw.party[i];
            assert_note (NOTE_RECEIPT, party->agency, party->ready);
            assert_note (NOTE_COUNTERSIGNED, party->agency, party->countersigned);
        }
        for (uint32_t agency = 1; agency <= PROVABLE_ROLL; agency++) {
            const salt_key_t key = provable_chosen (&draw, agency);
            assert_secret (NOTE_SALTS, agency, &key);
        }
        shelf_commit (&shelf);
    }
}

static void what_is_not_there_is_none (void **state)
{
    (void) state;
    static const uint8_t all[] = {NOTE_OPEN,          NOTE_RECEIPT,  NOTE_SEAL,
                                  NOTE_COUNTERSIGNED, NOTE_ATTESTED, NOTE_RESULT,
                                  NOTE_VOID,          NOTE_SALTS,    NOTE_BOX};
    sale = shelf.sale; // a plain draw
    for (size_t i = 0; i < sizeof all; i++)
        assert_note (all[i], 1, NULL);
    sale = provable_put (&shelf, &draw, EVENT_PUBLISHED);
    assert_note (NOTE_ATTESTED, 0, NULL);
    assert_note (NOTE_VOID, 0, NULL);
    for (uint32_t of = 0; of < 20; of++) {
        assert_note (NOTE_BOX, of, NULL);
        if (of == draw.party[0].agency || of == draw.party[1].agency)
            continue;
        assert_note (NOTE_RECEIPT, of, NULL);
        assert_note (NOTE_COUNTERSIGNED, of, NULL);
        if (of == 0 || of > PROVABLE_ROLL)
            assert_note (NOTE_SALTS, of, NULL);
    }
}

static void a_draw_that_begins_has_nothing (void **state)
{
    (void) state;
    sale = provable_put (&shelf, &draw, EVENT_OPENED);
    assert_note (NOTE_OPEN, 0, NULL);
    provable_event (&shelf, sale, &draw, EVENT_NOTED, 0);
    assert_note (NOTE_OPEN, 0, draw.open_note);
    assert_note (NOTE_RECEIPT, 1, NULL);
    assert_note (NOTE_SEAL, 0, NULL);
    assert_note (NOTE_SALTS, 1, NULL);
}

/* The auditor's signature stands behind the seal, as an agency's does; boxes are bytes.
 */
static void an_audited_draw_has_more (void **state)
{
    (void) state;
    static const char paper[] = "box 00ff10\n\nnote\n", line[] = "\n\xe2\x80\x94 x y\n";
    sale = provable_put (&shelf, &draw, EVENT_OPENED);
    record_t record = {.kind = RECORD_NOTED};
    shelf_put_to (&shelf, sale, &record, bytes_of (paper, strlen (paper)));
    const char *const text = note_of (NOTE_BOX, 0);
    assert_non_null (text);
    assert_memory_equal (text, "\x00\xff\x10", 3);
    record = (record_t){.kind = RECORD_CLOSED};
    shelf_put_to (&shelf, sale, &record, bytes_of (NULL, 0));
    provable_event (&shelf, sale, &draw, EVENT_LOCKED, 0);
    record = (record_t){.kind = RECORD_ATTESTED};
    shelf_put_to (&shelf, sale, &record, bytes_of (line, strlen (line)));
    char expected[2 * FAIR_NOTE];
    snprintf (expected, sizeof expected, "%s%s", draw.seal_note, line + 1);
    assert_note (NOTE_ATTESTED, 0, expected);
}

/* Of the longest paper there may be, from anywhere in it, in pieces. */
static void a_long_note_comes_in_pages (void **state)
{
    (void) state;
    static char paper[PAPER_BYTES_MAX + 1];
    uint8_t bytes[NOTE_PAGE_BYTES];
    uint64_t sequence;
    sale = provable_put (&shelf, &draw, EVENT_OPENED);
    size_t head = (size_t) sprintf (paper, "nonce 00\n\n");
    for (size_t i = head; i < PAPER_BYTES_MAX; i++)
        paper[i] = (char) ('a' + i % 23);
    record_t record = {.kind = RECORD_NOTED};
    shelf_put_to (&shelf, sale, &record, bytes_of (paper, PAPER_BYTES_MAX));
    shelf_commit (&shelf);
    const size_t total = PAPER_BYTES_MAX - head;
    const size_t from[] = {0,     1,         NOTE_PAGE_BYTES, total - 1,
                           total, total + 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        wire_note_t page = {.which = NOTE_OPEN, .from = (uint32_t) from[i]};
        assert_int_equal (notes_page (notes, sale, &page, bytes, &sequence), 1);
        const size_t begin = from[i] < total ? from[i] : total;
        const size_t rest = total - begin;
        assert_int_equal (page.total, total);
        assert_int_equal (page.from, begin);
        assert_int_equal (page.bytes.size,
                          rest < NOTE_PAGE_BYTES ? rest : NOTE_PAGE_BYTES);
        assert_memory_equal (page.bytes.data, paper + head + begin, page.bytes.size);
    }
}

/* A page of two pieces: the seal, and the signature behind it. */
static void a_page_may_end_anywhere_in_two_pieces (void **state)
{
    (void) state;
    uint8_t bytes[NOTE_PAGE_BYTES];
    uint64_t sequence;
    sale = provable_put (&shelf, &draw, EVENT_REVEALED);
    const char *expected = draw.party[0].countersigned;
    const size_t total = strlen (expected);
    for (size_t from = 0; from <= total; from++) {
        wire_note_t page = {
            .which = NOTE_COUNTERSIGNED, .of = 1, .from = (uint32_t) from};
        assert_int_equal (notes_page (notes, sale, &page, bytes, &sequence), 1);
        assert_int_equal (page.bytes.size, total - from);
        assert_memory_equal (page.bytes.data, expected + from, total - from);
    }
}

static void salt_keys_of_all_are_found (void **state)
{
    (void) state;
    salt_key_t keys[PROVABLE_ROLL];
    sale = provable_put (&shelf, &draw, EVENT_PUBLISHED);
    assert_int_equal (notes_salts (notes, sale, keys), 0);
    for (uint32_t agency = 1; agency <= PROVABLE_ROLL; agency++) {
        const salt_key_t key = provable_chosen (&draw, agency);
        assert_memory_equal (keys[agency - 1].of, key.of, sizeof key.of);
    }
}

static void a_salt_key_that_is_missing_is_damage (void **state)
{
    (void) state;
    static const char *const heads[] = {
        "",
        "salts 5\n",
        "salts 5 00ff\n",
        "salts x 00\n",
        "salts 0 00\n",
        "salts 99 0000000000000000000000000000000000000000000000000000000000000000\n"};
    salt_key_t keys[PROVABLE_ROLL];
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        char paper[256];
        teardown (NULL);
        setup (NULL);
        sale = provable_put (&shelf, &draw, EVENT_CLOSED);
        snprintf (paper, sizeof paper, "%s\nnote\n", heads[i]);
        record_t record = {.kind = RECORD_LOCKED};
        shelf_put_to (&shelf, sale, &record, bytes_of (paper, strlen (paper)));
        assert_int_equal (notes_salts (notes, sale, keys), -1);
        assert_int_equal (errno, EBADMSG);
    }
}

static void what_cannot_be_read_is_told (void **state)
{
    (void) state;
    uint8_t bytes[NOTE_PAGE_BYTES];
    uint64_t sequence;
    sale = provable_put (&shelf, &draw, EVENT_PUBLISHED);
    shelf_commit (&shelf);
    disk_file_t *file = disk_find (shelf.disk, "draws/noche/notes");
    assert_non_null (file);
    const uint8_t all[] = {NOTE_OPEN, NOTE_RECEIPT, NOTE_SEAL, NOTE_RESULT, NOTE_SALTS};
    for (size_t i = 0; i < sizeof all; i++)
        for (int which = 0; which < 2; which++) {
            notes_destroy (&notes);
            notes = notes_new (book_archive (shelf.book));
            wire_note_t page = {.which = all[i], .of = 1};
            (which == 0 ? shelf.index : file)->fails[DISK_READ] = 1;
            assert_int_equal (notes_page (notes, sale, &page, bytes, &sequence), -1);
            assert_int_equal (errno, EIO);
            assert_int_equal (notes_page (notes, sale, &page, bytes, &sequence), 1);
        }
    for (size_t at = 0; at < file->cached.size; at += 97) { // and what was changed
        file->cached.data[at] ^= 1;
        notes_destroy (&notes);
        notes = notes_new (book_archive (shelf.book));
        int bad = 0;
        for (size_t i = 0; i < sizeof all; i++) {
            wire_note_t page = {.which = all[i], .of = all[i] == NOTE_RECEIPT ? 4 : 1};
            bad += notes_page (notes, sale, &page, bytes, &sequence) == -1;
        }
        wire_note_t page = {.which = NOTE_COUNTERSIGNED, .of = 4};
        bad += notes_page (notes, sale, &page, bytes, &sequence) == -1;
        page = (wire_note_t){.which = NOTE_COUNTERSIGNED, .of = 1};
        bad += notes_page (notes, sale, &page, bytes, &sequence) == -1;
        assert_true (bad > 0);
        file->cached.data[at] ^= 1;
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (notes_are_as_published, setup, teardown),
        cmocka_unit_test_setup_teardown (what_is_not_there_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown (a_draw_that_begins_has_nothing, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (an_audited_draw_has_more, setup, teardown),
        cmocka_unit_test_setup_teardown (a_long_note_comes_in_pages, setup, teardown),
        cmocka_unit_test_setup_teardown (a_page_may_end_anywhere_in_two_pieces, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (salt_keys_of_all_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown (a_salt_key_that_is_missing_is_damage, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (what_cannot_be_read_is_told, setup, teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
