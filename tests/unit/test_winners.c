/* test_winners.c - an agency's winners, page by page, against a search by hand. */

#include "shelf.h"

#include "award.h"
#include "winners.h"

#define AGENCIES      3
#define DOCUMENTS_MAX (1024 * 1024)

static shelf_t shelf;

static int setup (void **state)
{
    (void) state;
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

/* What is asked for: of the first draw, nothing of it cancelled. */
static void ask (winners_t *winners, uint32_t agency, uint32_t number, uint64_t cursor)
{
    winners->sale = shelf.sale;
    winners->agency = cursors_admit (shelf.cursors, agency);
    winners->cancelled = (cancelled_t){0};
    winners->page =
        (wire_winners_t){.cursor = cursor, .number = number, .next = 1, .count = 99};
}

static wire_winners_t page_at (uint32_t agency, uint32_t number, uint64_t cursor)
{
    static winners_t winners;
    ask (&winners, agency, number, cursor);
    assert_int_equal (winners_find (book_archive (shelf.book), &winners, 1), 0);
    const wire_winners_t page = winners.page;
    assert_int_equal (page.cursor, cursor);
    assert_int_equal (page.number, number);
    assert_true (page.documents.size <= WINNERS_PAGE_BYTES);
    uint32_t lines = 0;
    for (size_t i = 0; i < page.documents.size; i++)
        lines += page.documents.data[i] == '\n';
    assert_int_equal (lines, page.count);
    return page;
}

/* All pages from `cursor` on, one behind the other; returns how many there were. */
static size_t all_pages (uint32_t agency, uint32_t number, uint64_t cursor, char *text)
{
    size_t pages = 0, size = 0;
    do {
        const wire_winners_t page = page_at (agency, number, cursor);
        assert_true (size + page.documents.size < DOCUMENTS_MAX);
        memcpy (text + size, page.documents.data, page.documents.size);
        size += page.documents.size;
        assert_true (page.next == 0 || page.next > cursor); // it comes to an end
        cursor = page.next;
        pages++;
    } while (cursor != 0);
    text[size] = 0;
    return pages;
}

/* The documents of the agency's made-up bets of this number, in order. */
static void expect_winners (uint32_t agency, uint32_t number, char *text)
{
    text[0] = 0;
    const uint64_t next = shelf_next (&shelf, agency);
    for (uint64_t offset = 0; offset < next; offset++)
        if (shelf_number (agency, offset) == number)
            text += sprintf (text, "%u%08llu\n", agency, (unsigned long long) offset);
}

static void assert_winners (uint32_t agency, uint32_t number)
{
    static char found[DOCUMENTS_MAX], expected[DOCUMENTS_MAX];
    all_pages (agency, number, 0, found);
    expect_winners (agency, number, expected);
    assert_string_equal (found, expected);
}

static void fill (uint32_t records, uint32_t bets_max, uint64_t seed)
{
    uint64_t random = seed;
    for (uint32_t i = 0; i < records; i++) {
        shelf_append (&shelf, 1 + (uint32_t) random_below (&random, AGENCIES),
                      1 + (uint32_t) random_below (&random, bets_max));
        if (random_below (&random, 50) == 0)
            shelf_commit (&shelf);
    }
}

/* A row that the test writes itself, as a bet of this agency. */
static void store_row (uint32_t agency, const char *row)
{
    record_t record = cursor_record (cursors_admit (shelf.cursors, agency), 1);
    shelf_put (&shelf, &record, bytes_of (row, strlen (row)));
}

static void an_empty_book_has_no_winners (void **state)
{
    (void) state;
    static const uint64_t cursors[] = {0, 1, 65536, UINT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        const wire_winners_t page = page_at (1, 7, cursors[i]);
        assert_int_equal (page.count, 0);
        assert_int_equal (page.next, 0);
    }
}

static void every_winner_is_found_once_and_in_order (void **state)
{
    (void) state;
    fill (3000, 30, 1); // some of it not committed yet
    for (uint32_t agency = 1; agency <= AGENCIES + 1; agency++)
        for (uint32_t number = 0; number < 12; number++)
            assert_winners (agency, number);
    shelf_append (&shelf, 1, 0);
    shelf_append (&shelf, 2, 5);
    shelf_commit (&shelf);
    shelf_start (&shelf);
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        assert_winners (agency, 3);
}

/* As when a provable draw's winners were hashed. */
static void remember_hits (uint32_t number)
{
    static const salt_key_t keys[SHELF_ROLL];
    archive_t *archive = book_archive (shelf.book);
    cancels_t *cancels = cancels_new (archive);
    award_t *award = award_new (archive, cancels, shelf.sale, number, keys);
    assert_int_equal (award_step (award, SIZE_MAX), 1);
    award_hand_over (award, &shelf.sale->hits);
    award_destroy (&award);
    cancels_destroy (&cancels);
}

static unsigned reads_of_winners (uint32_t number)
{
    const unsigned before = shelf.csv->calls[DISK_READ];
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        assert_winners (agency, number);
    return shelf.csv->calls[DISK_READ] - before;
}

/* The same ones, in the same order; and those of any other number. */
static void hits_that_are_known_are_looked_at_alone (void **state)
{
    (void) state;
    static const uint32_t numbers[] = {0, 3, 11, 77};
    fill (2000, 3, 2);
    shelf_commit (&shelf);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        remember_hits (numbers[i]);
        for (uint32_t number = 0; number < 12; number++)
            reads_of_winners (number);
    }
    assert_int_equal (reads_of_winners (77), 0); // nobody has it
}

/* Pages end and go on as they do without. */
static void pages_of_hits_are_filled (void **state)
{
    (void) state;
    static char all[DOCUMENTS_MAX], found[DOCUMENTS_MAX];
    for (int i = 0; i < 100; i++)
        shelf_append (&shelf, 1 + (uint32_t) i % 2, 1000);
    shelf_commit (&shelf);
    const size_t pages = all_pages (1, 4, 0, all);
    assert_true (pages > 1);
    remember_hits (4);
    assert_int_equal (all_pages (1, 4, 0, found), pages);
    assert_string_equal (found, all);
}

static void pages_are_filled (void **state)
{
    (void) state;
    static char found[DOCUMENTS_MAX];
    for (int i = 0; i < 100; i++)
        shelf_append (&shelf, 1, 1000);
    shelf_commit (&shelf);
    const size_t pages = all_pages (1, 4, 0, found);
    const size_t least = strlen (found) / WINNERS_PAGE_BYTES;
    assert_true (pages >= least && pages <= least + 2);
}

static void pages_end_within_a_record (void **state)
{
    (void) state;
    static char found[DOCUMENTS_MAX];
    static char rows[ROWS_BYTES_MAX]; // one record, all of it winners
    size_t size = 0;
    for (uint32_t i = 0; i < 5000; i++)
        size += (size_t) sprintf (rows + size, "3,A,B,%08u,2000-01-01,6\r\n", i);
    record_t record = cursor_record (cursors_admit (shelf.cursors, 3), 5000);
    shelf_put (&shelf, &record, bytes_of (rows, size));
    const size_t each = WINNERS_PAGE_BYTES / 9;
    assert_int_equal (all_pages (3, 6, 0, found), (5000 + each - 1) / each);
    assert_int_equal (strlen (found), 5000 * 9);
    for (uint32_t i = 0; i < 5000; i++) {
        char document[16];
        snprintf (document, sizeof document, "%08u\n", i);
        assert_memory_equal (found + i * 9, document, 9);
    }
}

static void store_document (size_t size)
{
    char row[ROW_BYTES_MAX];
    snprintf (row, sizeof row, "1,A,B,%0*d,2000-01-01,5\r\n", (int) size, 7);
    store_row (1, row);
}

static void a_page_may_be_full_to_the_last_byte (void **state)
{
    (void) state;
    for (int i = 0; i < WINNERS_PAGE_BYTES / 32; i++)
        store_document (31);
    assert_int_equal (page_at (1, 5, 0).next, 0);
    assert_int_equal (page_at (1, 5, 0).documents.size, WINNERS_PAGE_BYTES);
    store_document (1);
    const wire_winners_t full = page_at (1, 5, 0);
    assert_int_equal (full.count, WINNERS_PAGE_BYTES / 32);
    assert_int_equal (page_at (1, 5, full.next).count, 1);
}

/* The document would fit, and its line end would not. */
static void a_line_end_needs_room_too (void **state)
{
    (void) state;
    const int longest = WINNERS_PAGE_BYTES / (DOCUMENT_BYTES_MAX + 1);
    const size_t left = WINNERS_PAGE_BYTES % (DOCUMENT_BYTES_MAX + 1);
    assert_true (left > 0);
    for (int i = 0; i < longest; i++)
        store_document (DOCUMENT_BYTES_MAX);
    store_document (left);
    const wire_winners_t page = page_at (1, 5, 0);
    assert_int_equal (page.count, longest);
    assert_int_equal (page_at (1, 5, page.next).count, 1);
}

/* One never given out finds nothing or less: at most what is behind it, in order. */
static void bogus_cursors_find_nothing_that_is_not_there (void **state)
{
    (void) state;
    static char found[DOCUMENTS_MAX], all[DOCUMENTS_MAX];
    uint64_t random = 6;
    fill (500, 30, 2);
    for (int i = 0; i < 3000; i++) {
        const uint32_t agency = 1 + (uint32_t) random_below (&random, AGENCIES);
        uint64_t cursor = random_next (&random) >> random_below (&random, 64);
        if (random_below (&random, 2))
            cursor = random_below (&random, 600) << 16 | random_below (&random, 40);
        all_pages (agency, 3, cursor, found);
        expect_winners (agency, 3, all);
        const size_t size = strlen (found), whole = strlen (all);
        assert_true (size <= whole);
        assert_string_equal (all + whole - size, found);
    }
}

static void numbers_are_compared_whole (void **state)
{
    (void) state;
    static const char *const rows[] = {
        "1,A,B,1,2000-01-01,74\r\n",
        "1,A,B,2,2000-01-01,757\r\n",
        "1,A,B,3,2000-01-01,574\r\n",
        "1,A,B,4,2000-01-01,7574\r\n",
        "1,A,B,5,2000-01-01,17574\r\n",
        "1,A,B,6,2000-01-01,75740\r\n",
        "1,A,B,7574,2000-01-01,0\r\n",
        "1,7574,7574,7,2000-01-01,1\r\n",
        "1,\",7574\",\"7574,\",8,2000-01-01,7\r\n",
        "1,A,B,\"9,7574\",2000-01-01,7574\r\n",
        "1,A,B,10,2000-01-01,999999999\r\n",
    };
    static const struct {
        uint32_t number;
        const char *documents;
    } cases[] = {
        {7574, "4\n9,7574\n"},
        {757, "2\n"},
        {574, "3\n"},
        {74, "1\n"},
        {17574, "5\n"},
        {4, ""},
        {75740, "6\n"},
        {0, "7574\n"},
        {1, "7\n"},
        {7, "8\n"},
        {999999999, "10\n"},
        {UINT32_MAX, ""},
    };
    char found[256];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        store_row (1, rows[i]);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        all_pages (1, cases[i].number, 0, found);
        assert_string_equal (found, cases[i].documents);
    }
}

static void documents_come_without_their_quotes (void **state)
{
    (void) state;
    char longest[ROW_BYTES_MAX + 1], document[DOCUMENT_BYTES_MAX + 1], found[128];
    memset (document, '"', DOCUMENT_BYTES_MAX);
    document[DOCUMENT_BYTES_MAX] = 0;
    snprintf (longest, sizeof longest, "1,A,B,\"%s%s\",2000-01-01,5\r\n", document,
              document);
    store_row (1, longest);
    all_pages (1, 5, 0, found);
    assert_memory_equal (found, document, DOCUMENT_BYTES_MAX);
    assert_string_equal (found + DOCUMENT_BYTES_MAX, "\n");
}

/* However large the records are, one page reads a bounded stretch, and all pages
   together find what is there. */
static void one_page_reads_a_bounded_stretch (void **state)
{
    (void) state;
    static char rows[STORE_BYTES_MAX / 2];
    size_t size = 0;
    uint32_t count = 0;
    while (size + 64 < sizeof rows) // no winner among them
        size += (size_t) sprintf (rows + size, "1,A,B,%08u,2000-01-01,1\r\n", count++);
    for (int i = 0; i < 40; i++) {
        record_t record = cursor_record (cursors_admit (shelf.cursors, 1), count);
        shelf_put (&shelf, &record, bytes_of (rows, size));
    }
    store_row (1, "1,A,B,12345678,2000-01-01,7\r\n");
    shelf_commit (&shelf);
    uint64_t cursor = 0;
    size_t pages = 0;
    uint32_t found = 0;
    do {
        const uint64_t before = shelf.csv->bytes_read;
        const wire_winners_t page = page_at (1, 7, cursor);
        assert_true (shelf.csv->bytes_read - before <=
                     WINNERS_SCAN_BYTES + STORE_BYTES_MAX);
        found += page.count;
        cursor = page.next;
        pages++;
    } while (cursor != 0);
    assert_int_equal (found, 1);
    assert_true (pages >= 40 * size / (WINNERS_SCAN_BYTES + STORE_BYTES_MAX));
    assert_true (pages <= 40 * size / WINNERS_SCAN_BYTES + 1);
}

#define TOGETHER_MAX 64

/* In one pass as one by one: any agencies, some twice, none at all, anywhere. */
static void many_pages_are_found_in_one_pass (void **state)
{
    (void) state;
    static winners_t winners[TOGETHER_MAX];
    fill (4000, 60, 11);
    uint64_t random = 12, full = 0;
    for (int round = 0; round < 200; round++) {
        const size_t count = 1 + random_below (&random, TOGETHER_MAX);
        for (size_t i = 0; i < count; i++) {
            const uint32_t agency = 1 + (uint32_t) random_below (&random, AGENCIES + 1);
            const uint64_t cursor =
                random_below (&random, 2)
                    ? random_below (&random, 4100) << 16 | random_below (&random, 70)
                    : 0;
            ask (&winners[i], agency, 1 + (uint32_t) random_below (&random, 4), cursor);
        }
        assert_int_equal (winners_find (book_archive (shelf.book), winners, count), 0);
        for (size_t i = 0; i < count; i++) {
            const wire_winners_t *together = &winners[i].page;
            const wire_winners_t alone = page_at (winners[i].agency->at.agency,
                                                  together->number, together->cursor);
            assert_int_equal (together->count, alone.count);
            assert_int_equal (together->next, alone.next);
            assert_true (bytes_equal (together->documents, alone.documents));
            full += alone.next > 0;
        }
    }
    assert_true (full > 1000);
}

/* Neighbours in the book are read at once, whosever they are. */
static void one_pass_reads_in_long_stretches (void **state)
{
    (void) state;
    static winners_t winners[AGENCIES];
    fill (2000, 60, 13);
    shelf_commit (&shelf);
    const uint64_t reads = shelf.csv->calls[DISK_READ], bytes = shelf.csv->bytes_read;
    for (uint32_t i = 0; i < AGENCIES; i++)
        ask (&winners[i], i + 1, 10, 0); // nobody's
    assert_int_equal (winners_find (book_archive (shelf.book), winners, AGENCIES), 0);
    assert_int_equal (shelf.csv->bytes_read - bytes, book_bytes (shelf.book));
    assert_true (shelf.csv->calls[DISK_READ] - reads <
                 book_bytes (shelf.book) / 100000);
}

/* What nobody asks for is not read: between a page that has ended and one that begins
   far behind it, and up to one that begins nowhere. */
static void pages_far_apart_read_no_more_together (void **state)
{
    (void) state;
    static winners_t winners[2];
    fill (20000, 20, 14);
    shelf_commit (&shelf);
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        assert_true (shelf_next (&shelf, agency) > 40000); // its first page ends early
    static const uint64_t cursors[] = {19990, 1 << 30, UINT64_MAX >> 16};
    for (size_t i = 0; i < 3; i++) {
        const uint64_t before = shelf.index->bytes_read;
        ask (&winners[0], 1, 3, 0);
        ask (&winners[1], 2, 3, cursors[i] << 16);
        assert_int_equal (winners_find (book_archive (shelf.book), winners, 2), 0);
        assert_true (winners[0].page.next > 0 && winners[0].page.next < 8000 << 16);
        assert_int_equal (winners[1].page.next, 0);
        assert_true (shelf.index->bytes_read - before < 10000 * RECORD_BYTES);
    }
}

/* A bet that does not count is passed over, wherever it lies. */
static void cancelled_bets_do_not_win (void **state)
{
    (void) state;
    static char found[DOCUMENTS_MAX], expected[DOCUMENTS_MAX];
    static winners_t winners;
    uint64_t random = 15;
    fill (200, 20, 16);
    cancels_t *cancels = cancels_new (book_archive (shelf.book));
    static bool gone[AGENCIES + 1][4000];
    for (int i = 0; i < 600; i++) {
        const uint32_t agency = 1 + (uint32_t) random_below (&random, AGENCIES);
        const uint64_t offset =
            random_below (&random, (size_t) shelf_next (&shelf, agency));
        if (!gone[agency][offset])
            shelf_cancel (&shelf, shelf.sale, agency, offset);
        gone[agency][offset] = true;
        if (i % 50 > 0)
            continue;
        for (uint32_t number = 0; number < 10; number++) {
            char *at = expected;
            *at = 0;
            for (uint64_t k = 0; k < shelf_next (&shelf, agency); k++)
                if (shelf_number (agency, k) == number && !gone[agency][k])
                    at += sprintf (at, "%u%08llu\n", agency, (unsigned long long) k);
            size_t size = 0;
            for (uint64_t cursor = 0, more = 1; more; more = cursor) {
                ask (&winners, agency, number, cursor);
                assert_int_equal (
                    cancels_of (cancels, winners.agency, &winners.cancelled), 0);
                assert_int_equal (winners_find (book_archive (shelf.book), &winners, 1),
                                  0);
                memcpy (found + size, winners.page.documents.data,
                        winners.page.documents.size);
                size += winners.page.documents.size;
                cursor = winners.page.next;
            }
            found[size] = 0;
            assert_string_equal (found, expected);
        }
    }
    cancels_destroy (&cancels);
}

/* Two draws' bets lie in one log: each finds its own, in one pass, or following them
   where they are few among many. */
static void draws_do_not_mix (void **state)
{
    (void) state;
    static winners_t winners[2 * AGENCIES];
    static char expected[DOCUMENTS_MAX];
    uint64_t random = 19;
    sale_t *few = shelf_draw (&shelf, 2, "few");
    for (int i = 0; i < 3000; i++) {
        const uint32_t agency = 1 + (uint32_t) random_below (&random, AGENCIES);
        shelf_append_to (&shelf, i % 500 == 0 ? few : shelf.sale, agency,
                         1 + (uint32_t) random_below (&random, 3));
        if (i % 100 == 0)
            shelf_commit (&shelf);
    }
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        shelf_append_to (&shelf, few, agency, 40);
    shelf_commit (&shelf);
    for (uint32_t i = 0; i < 2 * AGENCIES; i++) {
        ask (&winners[i], 1 + i / 2, 3, 0);
        if (i % 2) {
            winners[i].sale = few;
            winners[i].agency = cursors_find (few->cursors, 1 + i / 2);
        }
    }
    const uint64_t before = shelf.index->bytes_read;
    assert_int_equal (winners_find (book_archive (shelf.book), winners, 2 * AGENCIES),
                      0);
    const uint64_t both = shelf.index->bytes_read - before;
    for (uint32_t i = 0; i < 2 * AGENCIES; i++) {
        const uint64_t next = winners[i].agency->at.next;
        const uint32_t agency = winners[i].agency->at.agency;
        char *at = expected;
        for (uint64_t k = 0; k < next; k++)
            if (shelf_number (agency, k) == 3)
                at += sprintf (at, "%u%08llu\n", agency, (unsigned long long) k);
        const size_t size = (size_t) (at - expected);
        const bytes_t documents = winners[i].page.documents;
        assert_true (documents.size > 0 && documents.size <= size);
        assert_memory_equal (documents.data, expected, documents.size);
        assert_true (documents.size == size || winners[i].page.next > 0);
    }
    for (uint32_t i = 0; i < AGENCIES; i++) { // the few alone: no pass over all
        ask (&winners[i], 1 + i, 3, 0);
        winners[i].sale = few;
        winners[i].agency = cursors_find (few->cursors, 1 + i);
    }
    const uint64_t begun = shelf.index->bytes_read;
    assert_int_equal (winners_find (book_archive (shelf.book), winners, AGENCIES), 0);
    const uint64_t alone = shelf.index->bytes_read - begun;
    assert_true (alone < 100 * RECORD_BYTES && both > 2000 * RECORD_BYTES);
}

static void a_book_that_cannot_be_read_is_told (void **state)
{
    (void) state;
    fill (100, 5, 3);
    shelf_commit (&shelf);
    disk_file_t *const files[] = {shelf.csv, shelf.index};
    for (size_t i = 0; i < 2; i++) {
        static winners_t winners;
        ask (&winners, 1, 3, 0);
        files[i]->fails[DISK_READ] = 1;
        errno = 0;
        assert_int_equal (winners_find (book_archive (shelf.book), &winners, 1), -1);
        assert_int_equal (errno, EIO);
    }
}

#define WINNERS_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        WINNERS_TEST (an_empty_book_has_no_winners),
        WINNERS_TEST (every_winner_is_found_once_and_in_order),
        WINNERS_TEST (hits_that_are_known_are_looked_at_alone),
        WINNERS_TEST (pages_of_hits_are_filled),
        WINNERS_TEST (pages_are_filled),
        WINNERS_TEST (pages_end_within_a_record),
        WINNERS_TEST (a_page_may_be_full_to_the_last_byte),
        WINNERS_TEST (a_line_end_needs_room_too),
        WINNERS_TEST (bogus_cursors_find_nothing_that_is_not_there),
        WINNERS_TEST (numbers_are_compared_whole),
        WINNERS_TEST (documents_come_without_their_quotes),
        WINNERS_TEST (one_page_reads_a_bounded_stretch),
        WINNERS_TEST (many_pages_are_found_in_one_pass),
        WINNERS_TEST (one_pass_reads_in_long_stretches),
        WINNERS_TEST (pages_far_apart_read_no_more_together),
        WINNERS_TEST (cancelled_bets_do_not_win),
        WINNERS_TEST (draws_do_not_mix),
        WINNERS_TEST (a_book_that_cannot_be_read_is_told),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
