/* test_fair_paper.c - papers, taken apart and put together again. */

#include "testing.h"

#include <stdlib.h>

#include "fair_paper.h"

static bytes_t whole (const char *text)
{
    return bytes_of (text, strlen (text));
}

static void what_is_written_is_read (void **state)
{
    (void) state;
    static const uint8_t key[] = {0x00, 0x9f, 0xa0, 0xff};
    const char *expected = "nonce 009fa0ff\nnote why [ana]\nsalts 7 009fa0ff\n\n"
                           "open v1\n\nline\n";
    fair_paper_writer_t out;
    size_t size;
    fair_paper_begin (&out);
    fair_paper_hex (&out, "nonce", bytes_of (key, sizeof key));
    fair_paper_text (&out, "note", whole ("why [ana]"));
    fair_paper_hex_of (&out, "salts", 7, bytes_of (key, sizeof key));
    char *text = fair_paper_end (&out, whole ("open v1\n\nline\n"), &size);
    assert_string_equal (text, expected);
    assert_int_equal (size, strlen (expected));
    fair_paper_t paper;
    uint8_t bytes[8];
    bytes_t value;
    assert_true (fair_paper_read (bytes_of (text, size), &paper));
    assert_true (bytes_equal (paper.note, whole ("open v1\n\nline\n")));
    assert_true (fair_paper_find_bytes (&paper, "nonce", bytes, 4));
    assert_memory_equal (bytes, key, 4);
    assert_false (fair_paper_find_bytes (&paper, "nonce", bytes, 3)); // just so many
    assert_false (fair_paper_find_bytes (&paper, "nonce", bytes, 5));
    assert_false (fair_paper_find_bytes (&paper, "note", bytes, 4));
    assert_true (fair_paper_find (&paper, "note", &value));
    assert_true (bytes_equal (value, whole ("why [ana]")));
    assert_false (fair_paper_find (&paper, "non", &value));
    assert_false (fair_paper_find (&paper, "line", &value)); // that is the note's
    bytes_t head = paper.head, word;
    size_t lines = 0;
    while (fair_paper_next (&head, &word, &value))
        lines++;
    assert_int_equal (lines, 3);
    assert_true (bytes_equal (value, whole ("7 009fa0ff")));
    free (text);
}

static void head_and_note_may_be_empty (void **state)
{
    (void) state;
    fair_paper_writer_t out;
    size_t size;
    fair_paper_t paper;
    bytes_t value;
    fair_paper_begin (&out);
    char *text = fair_paper_end (&out, bytes_of (NULL, 0), &size);
    assert_string_equal (text, "\n");
    assert_true (fair_paper_read (bytes_of (text, size), &paper));
    assert_int_equal (paper.head.size + paper.note.size, 0);
    assert_false (fair_paper_find (&paper, "nonce", &value));
    free (text);
}

static void what_is_no_paper_is_refused (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        bool paper;
    } cases[] = {
        {"", false},           {"nonce 00", false},
        {"nonce 00\n", false}, {"nonce\n\n", false},
        {"nonce \n\n", false}, {"Nonce 00\n\n", false},
        {" 00\n\n", false},    {"nonce=00\n\n", false},
        {"n0 00\n\n", false},  {"nonce 0\n\n", true},
        {"\n", true},          {"\nnonce 00", true},
        {"a  \n\n", true},
    };
    fair_paper_t paper;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (fair_paper_read (whole (cases[i].text), &paper) != cases[i].paper)
            fail_msg ("row %zu", i);
    char *long_one = malloc (PAPER_BYTES_MAX + 1);
    assert_non_null (long_one);
    memset (long_one, '\n', PAPER_BYTES_MAX + 1);
    assert_true (fair_paper_read (bytes_of (long_one, PAPER_BYTES_MAX), &paper));
    assert_false (fair_paper_read (bytes_of (long_one, PAPER_BYTES_MAX + 1), &paper));
    free (long_one);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_written_is_read),
        cmocka_unit_test (head_and_note_may_be_empty),
        cmocka_unit_test (what_is_no_paper_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
