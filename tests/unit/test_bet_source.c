/* test_bet_source.c - files of every shape as streams of rows. */

#include "bet_source.h"

#include "bet_csv.h"
#include "bounds.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "testing.h"

#define COUNT(table) (sizeof (table) / sizeof (table)[0])

typedef struct {
    char directory[64];
    char path[128];
    char error[1024];
    bet_source_t *source;
    rows_t rows;
} files_t;

static int files_setup (void **state)
{
    files_t *files = calloc (1, sizeof *files);
    assert_non_null (files);
    snprintf (files->directory, sizeof files->directory, "/tmp/test_bet_source.XXXXXX");
    assert_non_null (mkdtemp (files->directory));
    snprintf (files->path, sizeof files->path, "%s/bets.csv", files->directory);
    *state = files;
    return 0;
}

static int files_teardown (void **state)
{
    files_t *files = *state;
    bet_source_destroy (&files->source);
    unlink (files->path);
    rmdir (files->directory);
    free (files);
    return 0;
}

static void write_file (files_t *files, const char *mode, const void *data, size_t size)
{
    FILE *file = fopen (files->path, mode);
    assert_non_null (file);
    assert_int_equal (fwrite (data, 1, size, file), size);
    assert_int_equal (fclose (file), 0);
}

static void append (files_t *files, const char *text)
{
    write_file (files, "ab", text, strlen (text));
}

static void open_file (files_t *files, const void *data, size_t size)
{
    bet_source_destroy (&files->source);
    write_file (files, "wb", data, size);
    files->source =
        bet_source_open (files->path, false, files->error, sizeof files->error);
    assert_non_null (files->source);
    files->rows = bet_source_rows (files->source);
    assert_string_equal (files->rows.name, files->path);
    assert_int_equal (bet_source_bytes_total (files->source), size);
}

static void assert_row (files_t *files, const char *text, uint64_t line)
{
    row_t row;
    assert_int_equal (files->rows.next (files->rows.self, &row), ROWS_OK);
    assert_int_equal (row.text.size, strlen (text));
    assert_memory_equal (row.text.data, text, row.text.size);
    assert_int_equal (row.line, line);
}

static void assert_end (files_t *files)
{
    row_t row;
    assert_int_equal (files->rows.next (files->rows.self, &row), ROWS_END);
    assert_int_equal (files->rows.next (files->rows.self, &row), ROWS_END);
    assert_int_equal (bet_source_bytes (files->source),
                      bet_source_bytes_total (files->source));
}

static void seek (files_t *files, uint64_t index)
{
    uint64_t rows;
    rows_status_t status;
    do
        status = files->rows.seek (files->rows.self, index, &rows);
    while (status == ROWS_AGAIN);
    assert_int_equal (status, ROWS_OK);
}

#define TEXT(literal) literal, sizeof literal - 1
#define ROWS_MAX      6

static const struct {
    const char *text;
    size_t size;
    struct {
        const char *text;
        uint64_t line;
    } rows[ROWS_MAX]; // as many as have a line
} good[] = {
    {TEXT (""), {{0}}},
    {TEXT ("a,b\n"), {{"a,b", 1}}},
    {TEXT ("a,b"), {{"a,b", 1}}},
    {TEXT ("a,b\r"), {{"a,b", 1}}},
    {TEXT ("a,b\r\nc\nd\r\n"), {{"a,b", 1}, {"c", 2}, {"d", 3}}},
    {TEXT ("a\nb\r\nc"), {{"a", 1}, {"b", 2}, {"c", 3}}},
    // a blank line is no row, but a line
    {TEXT ("\n"), {{0}}},
    {TEXT ("\r\n\r\n"), {{0}}},
    {TEXT ("\na\n\n\r\nb\n\n"), {{"a", 2}, {"b", 5}}},
    {TEXT ("a\n \nb"), {{"a", 1}, {" ", 2}, {"b", 3}}},
    {TEXT ("\"a\n\nb\"\n\nc"), {{"\"a\n\nb\"", 1}, {"c", 5}}},
    // one CR belongs to the line end, any other to the row
    {TEXT ("a\r\r\nb\rc\n\r"), {{"a\r", 1}, {"b\rc", 2}}},
    // quotes hide commas and line ends
    {TEXT ("\"a\",b\nc\n"), {{"\"a\",b", 1}, {"c", 2}}},
    {TEXT ("\"a\nb\",c\nd\n"), {{"\"a\nb\",c", 1}, {"d", 3}}},
    {TEXT ("a,\"\r\n\r\n\"\r\nd\r\n\"\n\"\ne"),
     {{"a,\"\r\n\r\n\"", 1}, {"d", 4}, {"\"\n\"", 5}, {"e", 7}}},
    {TEXT ("\"a\"\"\nb\"\nc\n"), {{"\"a\"\"\nb\"", 1}, {"c", 3}}},
    {TEXT ("\"a\"\"\",b\nc"), {{"\"a\"\"\",b", 1}, {"c", 2}}},
    {TEXT ("a,\"b\""), {{"a,\"b\"", 1}}},
    // a quote within a bare field opens nothing
    {TEXT ("a\"b\nc\"\nd\n"), {{"a\"b", 1}, {"c\"", 2}, {"d", 3}}},
    // a byte order mark, at the start only
    {TEXT ("\xEF\xBB\xBF"
           "a\nb\n"),
     {{"a", 1}, {"b", 2}}},
    {TEXT ("\xEF\xBB\xBF"), {{0}}},
    {TEXT ("\xEF\xBB\xBF\"a\nb\"\nc"), {{"\"a\nb\"", 1}, {"c", 3}}},
    {TEXT ("a\n\xEF\xBB\xBF"
           "b\n"),
     {{"a", 1},
      {"\xEF\xBB\xBF"
       "b",
       2}}},
    {TEXT ("\xEF\xBB"), {{"\xEF\xBB", 1}}},
};

static void test_good_files (void **state)
{
    files_t *files = *state;
    for (size_t i = 0; i < COUNT (good); i++) {
        open_file (files, good[i].text, good[i].size);
        uint64_t count = 0;
        for (; count < ROWS_MAX && good[i].rows[count].line > 0; count++)
            assert_row (files, good[i].rows[count].text, good[i].rows[count].line);
        assert_end (files);

        for (uint64_t index = 0; index < count; index++) { // backwards and forwards
            seek (files, index);
            for (uint64_t at = index; at < count; at++)
                assert_row (files, good[i].rows[at].text, good[i].rows[at].line);
            assert_end (files);
        }
        uint64_t rows;
        seek (files, count);
        assert_end (files);
        assert_int_equal (files->rows.seek (files->rows.self, count + 1, &rows),
                          ROWS_END);
        assert_int_equal (rows, count);
        seek (files, count);
        assert_end (files);
    }
}

#define TAKEN_MAX 64

/* The rows of `text` by next and take in any order: the same as by next alone. */
static void assert_taken_as_read (files_t *files, const char *text, size_t size,
                                  uint64_t *random)
{
    char rows[TAKEN_MAX][64];
    uint64_t lines[TAKEN_MAX];
    uint32_t count = 0, at = 0;
    row_t row;
    open_file (files, text, size);
    while (files->rows.next (files->rows.self, &row) == ROWS_OK) {
        assert_true (count < TAKEN_MAX);
        snprintf (rows[count], sizeof rows[0], "%.*s", (int) row.text.size,
                  (const char *) row.text.data);
        lines[count++] = row.line;
    }
    open_file (files, text, size);
    while (at < count) {
        uint8_t out[40];
        const size_t room = random_below (random, sizeof out);
        const uint32_t rows_max = (uint32_t) random_below (random, 4);
        uint32_t taken;
        uint64_t digest = 7;
        bytes_t bytes = bytes_of (out, files->rows.take (files->rows.self, out, room,
                                                         rows_max, &taken, &digest));
        assert_true (bytes.size <= room && taken <= rows_max);
        assert_true (digest == bet_csv_digest (7, bytes, taken));
        for (; taken > 0; taken--, at++) {
            size_t end;
            const size_t row_bytes = bet_csv_row_size (bytes, &end);
            assert_true (row_bytes > 0 && at < count);
            assert_int_equal (end, strlen (rows[at]));
            assert_memory_equal (bytes.data, rows[at], end);
            bytes = bytes_of (bytes.data + row_bytes, bytes.size - row_bytes);
        }
        assert_int_equal (bytes.size, 0);
        if (at < count) {
            assert_row (files, rows[at], lines[at]);
            at++;
        }
    }
    assert_end (files);
}

static void test_rows_are_taken_as_they_are_read (void **state)
{
    uint64_t random = 1;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_taken_as_read (*state, good[i].text, good[i].size, &random);
    static const char *const pieces[] = {"a",  "bc,d",      "\n",   "\r\n",
                                         "\n", "\"e\nf\",", "\"\"", "\"g\""};
    for (int round = 0; round < 3000; round++) {
        char text[256] = "";
        size_t size = 0;
        for (size_t i = random_below (&random, 20); i > 0; i--)
            size +=
                (size_t) sprintf (text + size, "%s", pieces[random_below (&random, 8)]);
        files_t *files = *state;
        row_t row;
        open_file (files, text, size); // a quote that is not closed is another test's
        rows_status_t status;
        while ((status = files->rows.next (files->rows.self, &row)) == ROWS_OK)
            ;
        if (status == ROWS_END)
            assert_taken_as_read (files, text, size, &random);
    }
}

/* Rows of `size` bytes, line end included, as the row after `before` good ones. */
static void open_with_long_row (files_t *files, uint64_t before, size_t size,
                                const char *line_end)
{
    static char text[1024 * 1024];
    size_t at = 0;
    for (uint64_t i = 0; i < before; i++)
        at += (size_t) sprintf (text + at, "row %" PRIu64 "\n", i);
    size_t body = size - strlen (line_end);
    memset (text + at, 'x', body);
    at += body;
    at += (size_t) sprintf (text + at, "%sbehind\n", line_end);
    open_file (files, text, at);
}

static void test_longest_row (void **state)
{
    static const char *const line_ends[] = {"\n", "\r\n"};
    files_t *files = *state;
    for (size_t i = 0; i < 2; i++) {
        open_with_long_row (files, 3, ROW_BYTES_MAX, line_ends[i]);
        seek (files, 3);
        row_t row;
        assert_int_equal (files->rows.next (files->rows.self, &row), ROWS_OK);
        assert_int_equal (row.text.size, ROW_BYTES_MAX - strlen (line_ends[i]));
        assert_row (files, "behind", 5);
        assert_end (files);
    }
}

/* As above, but the row is one quoted field, so that its end is sought otherwise. */
static void test_longest_quoted_row (void **state)
{
    files_t *files = *state;
    for (size_t size = ROW_BYTES_MAX - 1; size <= ROW_BYTES_MAX + 1; size++) {
        char text[ROW_BYTES_MAX + 16];
        memset (text, 'x', size);
        text[0] = text[size - 2] = '"';
        text[1] = text[size - 1] = '\n';
        memcpy (text + size, "behind\n", 7);
        open_file (files, text, size + 7);
        row_t row;
        rows_status_t status = files->rows.next (files->rows.self, &row);
        assert_int_equal (status, size <= ROW_BYTES_MAX ? ROWS_OK : ROWS_FAILED);
        if (status == ROWS_OK)
            assert_row (files, "behind", 3);
    }
}

static void assert_fails (files_t *files, const char *expected)
{
    char text[1024];
    row_t row;
    uint64_t rows;
    snprintf (text, sizeof text, "%s%s", files->path, expected);
    for (int i = 0; i < 2; i++) { // and remains so
        assert_int_equal (files->rows.next (files->rows.self, &row), ROWS_FAILED);
        assert_string_equal (files->rows.error (files->rows.self), text);
        assert_int_equal (files->rows.seek (files->rows.self, 0, &rows), ROWS_FAILED);
    }
}

static void test_over_long_rows (void **state)
{
    static const char *const line_ends[] = {"\n", "\r\n"};
    static const uint64_t befores[] = {0, 1, 5000, 40000}; // also around buffers' ends
    static const size_t more[] = {1, 2, 1000, 300000};
    files_t *files = *state;
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < COUNT (befores); j++)
            for (size_t k = 0; k < COUNT (more); k++) {
                open_with_long_row (files, befores[j], ROW_BYTES_MAX + more[k],
                                    line_ends[i]);
                seek (files, befores[j]);
                char expected[128];
                // how much of it is seen decides the wording, not the outcome
                snprintf (expected, sizeof expected,
                          ", line %" PRIu64 ": the row is longer than %d bytes",
                          befores[j] + 1, ROW_BYTES_MAX);
                row_t row;
                assert_int_equal (files->rows.next (files->rows.self, &row),
                                  ROWS_FAILED);
                const char *error = files->rows.error (files->rows.self);
                size_t name = strlen (files->path);
                assert_memory_equal (error, files->path, name);
                assert_memory_equal (error + name, expected, strlen (expected));
            }
}

static void test_lines_that_end_in_cr_alone (void **state)
{
    files_t *files = *state;
    char text[40 * 40];
    size_t size = 0;
    for (int i = 0; i < 40; i++)
        size += (size_t) sprintf (text + size, "Ana,Paz,%08d,2000-01-01,7574\r", i);
    open_file (files, text, size);
    char expected[160];
    snprintf (expected, sizeof expected,
              ", line 1: the row is longer than %d bytes, or a quote is not closed: "
              "lines end in CR alone, they have to end in LF or CRLF",
              ROW_BYTES_MAX);
    assert_fails (files, expected);
}

static void test_quotes_left_open (void **state)
{
    static const struct {
        const char *text;
        uint64_t sound; // rows before
        const char *error;
    } table[] = {
        {"\"", 0, ", line 1: a quote is not closed"},
        {"\"\n", 0, ", line 1: a quote is not closed"},
        {"a\nb,\"c\nd\ne\n", 1, ", line 2: a quote is not closed"},
        {"\"a\nb\"\nc,\"d\"\"\n", 1, ", line 3: a quote is not closed"},
        {"a,b,\"c\r\nd", 0, ", line 1: a quote is not closed"},
    };
    files_t *files = *state;
    for (size_t i = 0; i < COUNT (table); i++) {
        open_file (files, table[i].text, strlen (table[i].text));
        seek (files, table[i].sound);
        assert_fails (files, table[i].error);
    }
}

static void test_quote_left_open_in_a_large_file (void **state)
{
    files_t *files = *state;
    static char text[600 * 1024];
    size_t size = 0;
    size += (size_t) sprintf (text, "a\n\"b\n");
    while (size < sizeof text - 8)
        size += (size_t) sprintf (text + size, "c,d,e\n");
    open_file (files, text, size);
    assert_row (files, "a", 1);
    char expected[128];
    snprintf (expected, sizeof expected,
              ", line 2: the row is longer than %d bytes, or a quote is not closed",
              ROW_BYTES_MAX);
    assert_fails (files, expected);
}

/* Row `index` of a large file, as text and in the file. */
static size_t make_row (uint64_t index, char *text, char *typed, uint64_t *lines)
{
    static const char *const kinds[] = {
        "Ana,Paz,%" PRIu64 ",2000-01-01,7574", "\"Pa\nz\",\"%" PRIu64 "\"",
        "\"a \"\"b\"\" c\",%" PRIu64, "%" PRIu64 ",\"\n\n\n\"", "José María,%" PRIu64};
    const char *kind = kinds[index % 97 < 5 ? index % 97 : 0];
    int size = sprintf (text, kind, index);
    *lines = 1;
    for (int i = 0; i < size; i++)
        *lines += text[i] == '\n';
    memcpy (typed, text, (size_t) size);
    if (index % 3 == 0)
        typed[size++] = '\r';
    typed[size++] = '\n';
    return (size_t) size;
}

/* Several buffers long, with and without quotes around the places where they meet. */
static void test_large_file (void **state)
{
    enum { ROWS = 60000 };
    static char file[ROWS * 64];
    static uint64_t lines[ROWS];
    files_t *files = *state;
    for (int shift = 0; shift < 40; shift += 13) {
        char text[128], typed[128];
        size_t size = 0;
        for (int i = 0; i < shift; i++) // all later rows move against the buffer
            file[size++] = 'x';
        uint64_t line = 1, row_lines;
        for (uint64_t i = 0; i < ROWS; i++) {
            size += make_row (i, text, file + size, &row_lines);
            lines[i] = line;
            line += row_lines;
        }
        open_file (files, file, size - (shift == 13)); // once without the last LF
        assert_true (size > 5 * 256 * 1024);
        row_t first;
        assert_int_equal (files->rows.next (files->rows.self, &first), ROWS_OK);
        for (uint64_t i = 1; i < ROWS; i++) {
            make_row (i, text, typed, &row_lines);
            assert_row (files, text, lines[i]);
        }
        assert_end (files);

        static const uint64_t places[] = {59999, 1, 30000, 29999,
                                          59000, 2, 60000, 7777};
        for (size_t i = 0; i < COUNT (places); i++) {
            seek (files, places[i]);
            if (places[i] == ROWS) {
                assert_end (files);
                continue;
            }
            make_row (places[i], text, typed, &row_lines);
            assert_row (files, text, lines[places[i]]);
        }
    }
}

static void test_seek_works_in_portions (void **state)
{
    enum { ROWS = 250000 };
    static char file[ROWS * 2];
    files_t *files = *state;
    for (size_t i = 0; i < sizeof file; i += 2)
        memcpy (file + i, "a\n", 2);
    open_file (files, file, sizeof file);
    uint64_t rows = 0;
    int calls = 1;
    while (files->rows.seek (files->rows.self, ROWS, &rows) == ROWS_AGAIN)
        calls++;
    assert_int_equal (calls, 3);
    assert_end (files);
    calls = 1;
    seek (files, 1);
    while (files->rows.seek (files->rows.self, ROWS + 1, &rows) == ROWS_AGAIN)
        calls++;
    assert_int_equal (calls, 3);
    assert_int_equal (rows, ROWS);
}

static void test_files_that_cannot_be_read (void **state)
{
    files_t *files = *state;
    char expected[256];
    assert_null (
        bet_source_open (files->path, false, files->error, sizeof files->error));
    snprintf (expected, sizeof expected, "%s: No such file or directory", files->path);
    assert_string_equal (files->error, expected);

    assert_null (
        bet_source_open (files->directory, false, files->error, sizeof files->error));
    snprintf (expected, sizeof expected, "%s: is a directory", files->directory);
    assert_string_equal (files->error, expected);

    assert_int_equal (mkfifo (files->path, 0600), 0); // and it must not wait there
    assert_null (
        bet_source_open (files->path, false, files->error, sizeof files->error));
    snprintf (expected, sizeof expected,
              "%s: is not a regular file, so it cannot be read twice", files->path);
    assert_string_equal (files->error, expected);
}

/* ---- A file that does not stay as it is ---- */

#define LARGE_ROWS 40000 // more than one buffer

static void open_large (files_t *files)
{
    static char text[LARGE_ROWS * 16];
    size_t size = 0;
    for (int i = 0; i < LARGE_ROWS; i++)
        size += (size_t) sprintf (text + size, "row,%09d\n", i);
    open_file (files, text, size);
    assert_row (files, "row,000000000", 1);
}

static rows_status_t read_on (files_t *files)
{
    row_t row;
    rows_status_t status;
    while ((status = files->rows.next (files->rows.self, &row)) == ROWS_OK)
        ;
    return status;
}

static void assert_changed (files_t *files, const char *how)
{
    assert_int_equal (read_on (files), ROWS_FAILED);
    assert_non_null (strstr (files->rows.error (files->rows.self), how));
    assert_int_equal (bet_source_look (files->source), BET_SOURCE_CHANGED);
}

static void replace_file (files_t *files)
{
    char other[160];
    snprintf (other, sizeof other, "%s.other", files->path);
    FILE *file = fopen (other, "wb");
    assert_non_null (file);
    assert_true (fputs ("row,000000000\n", file) >= 0);
    assert_int_equal (fclose (file), 0);
    assert_int_equal (rename (other, files->path), 0);
}

/* Without trusting the clock of the file system to have moved. */
static void touch (files_t *files, time_t seconds)
{
    const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    assert_int_equal (utimensat (AT_FDCWD, files->path, times, 0), 0);
}

static void test_file_that_changes_while_it_is_read (void **state)
{
    files_t *files = *state;
    open_large (files);
    assert_int_equal (truncate (files->path, 0), 0);
    assert_changed (files, "was shortened since its sale began, from ");
    open_large (files);
    assert_int_equal (truncate (files->path, 300001), 0); // within a row
    assert_changed (files, "was shortened since its sale began, from ");
    open_large (files);
    replace_file (files);
    assert_changed (files, "was replaced by another file");
    open_large (files);
    assert_int_equal (unlink (files->path), 0);
    assert_changed (files, "has gone since its sale began");
    open_large (files);
    touch (files, 1000000);
    assert_changed (files, "was written over");
}

/* What stands at the end of a file that is being cut is no row: 8191 is not 81. */
static void test_row_that_is_cut_is_not_taken (void **state)
{
    files_t *files = *state;
    row_t row;
    rows_status_t status;
    open_large (files);
    assert_int_equal (truncate (files->path, 300001), 0);
    while ((status = files->rows.next (files->rows.self, &row)) == ROWS_OK)
        assert_int_equal (row.text.size, strlen ("row,000000000"));
    assert_int_equal (status, ROWS_FAILED);
}

static void test_rows_added_while_it_is_read (void **state)
{
    files_t *files = *state;
    open_file (files, TEXT ("a\nb"));
    assert_row (files, "a", 1);
    append (files, "c\nd");
    seek (files, 0); // it is read again
    assert_row (files, "a", 1);
    assert_row (files, "bc", 2);
    assert_row (files, "d", 3);
    assert_end (files);
    assert_int_equal (bet_source_look (files->source), BET_SOURCE_SAME);
}

static void open_growing (files_t *files, const char *text)
{
    open_file (files, text, strlen (text));
    bet_source_destroy (&files->source);
    files->source =
        bet_source_open (files->path, true, files->error, sizeof files->error);
    assert_non_null (files->source);
    files->rows = bet_source_rows (files->source);
}

static void assert_no_more (files_t *files, uint64_t half)
{
    row_t row;
    assert_int_equal (files->rows.next (files->rows.self, &row), ROWS_END);
    assert_int_equal (bet_source_look (files->source), BET_SOURCE_SAME);
    assert_int_equal (files->rows.next (files->rows.self, &row), ROWS_END);
    assert_int_equal (bet_source_half_row (files->source), half);
}

static void test_file_that_grows (void **state)
{
    files_t *files = *state;
    open_growing (files, "");
    assert_no_more (files, 0);
    append (files, "a\nb");
    assert_int_equal (bet_source_look (files->source), BET_SOURCE_GREW);
    assert_row (files, "a", 1);
    assert_no_more (files, 2);
    append (files, "c,\"");
    assert_int_equal (bet_source_look (files->source), BET_SOURCE_GREW);
    assert_no_more (files, 2);
    append (files, "d\n");
    assert_int_equal (bet_source_look (files->source), BET_SOURCE_GREW);
    assert_no_more (files, 2); // the quote is open
    append (files, "\"\n\ne\n");
    assert_int_equal (bet_source_look (files->source), BET_SOURCE_GREW);
    assert_row (files, "bc,\"d\n\"", 2);
    assert_row (files, "e", 5);
    assert_no_more (files, 0);
    uint64_t rows;
    assert_int_equal (files->rows.seek (files->rows.self, 9, &rows), ROWS_END);
    assert_int_equal (rows, 3);
    replace_file (files);
    assert_int_equal (bet_source_look (files->source), BET_SOURCE_CHANGED);
}

static void test_file_that_differs_after_its_sale (void **state)
{
    static const struct {
        const char *before, *added, *says; // NULL: it is as it was
    } table[] = {
        {"a\n", "", NULL},
        {"a", "", NULL},
        {"a\n", "\n\r\n", NULL},
        {"a", "\n", NULL},
        {"a", "\r\n\n", NULL},
        {"a\n", "b\n", ": 1 row was added too late, and is not stored"},
        {"a\n", "b\nc", ": 2 rows were added"},
        {"a", "\nb\nc\nd\n", ": 3 rows were added"},
        {"a", "b", ": its last row, which had no line end, was continued too late"},
        {"a", "\r", ": its last row, which had no line end, was continued too late"},
        {"a\n", "\"b\n", "a quote is not closed"},
    };
    files_t *files = *state;
    for (size_t i = 0; i < COUNT (table); i++) {
        char text[512];
        open_file (files, table[i].before, strlen (table[i].before));
        assert_row (files, "a", 1);
        assert_end (files);
        append (files, table[i].added);
        const bool differs =
            bet_source_differs (files->source, text, sizeof text) != BET_SOURCE_SAME;
        assert_int_equal (differs, table[i].says != NULL);
        if (differs && !strstr (text, table[i].says))
            fail_msg ("'%s' then '%s': %s", table[i].before, table[i].added, text);
    }
    char text[512];
    open_file (files, TEXT ("a\n"));
    assert_row (files, "a", 1);
    assert_end (files);
    replace_file (files);
    assert_int_equal (bet_source_differs (files->source, text, sizeof text),
                      BET_SOURCE_CHANGED);
    assert_non_null (strstr (text, "was replaced"));
}

/* ---- A pipe, and a file that is followed ---- */

static int open_pipe (files_t *files, bool last_row_counts)
{
    int ends[2];
    assert_int_equal (pipe2 (ends, O_CLOEXEC), 0);
    bet_source_destroy (&files->source);
    files->source = bet_source_piped (ends[0], "the pipe", last_row_counts,
                                      files->error, sizeof files->error);
    assert_non_null (files->source);
    files->rows = bet_source_rows (files->source);
    assert_string_equal (files->rows.name, "the pipe");
    assert_int_equal (bet_source_input (files->source), ends[0]);
    return ends[1];
}

static void close_pipe (files_t *files, int input)
{
    close (input);
    bet_source_destroy (&files->source);
}

static void say (int end, const char *text)
{
    assert_int_equal (write (end, text, strlen (text)), strlen (text));
}

static void test_pipe (void **state)
{
    files_t *files = *state;
    for (int counts = 0; counts < 2; counts++) {
        const int end = open_pipe (files, counts);
        const int input = bet_source_input (files->source);
        assert_end (files);
        assert_int_equal (bet_source_look (files->source), BET_SOURCE_SAME);
        say (end, "a\nb\nc");
        assert_int_equal (bet_source_look (files->source), BET_SOURCE_GREW);
        assert_row (files, "a", 1);
        assert_row (files, "b", 2);
        row_t row;
        assert_int_equal (files->rows.next (files->rows.self, &row), ROWS_END);
        assert_int_equal (bet_source_half_row (files->source), 3);
        seek (files, 0); // it can be read again
        assert_row (files, "a", 1);
        say (end, ",d\ne");
        assert_int_equal (bet_source_look (files->source), BET_SOURCE_GREW);
        assert_row (files, "b", 2);
        assert_row (files, "c,d", 3);
        assert_int_equal (files->rows.next (files->rows.self, &row), ROWS_END);
        assert_false (bet_source_ended (files->source));
        close (end);
        assert_int_equal (bet_source_look (files->source), BET_SOURCE_GREW);
        assert_true (bet_source_ended (files->source));
        assert_int_equal (bet_source_input (files->source), -1);
        if (counts)
            assert_row (files, "e", 4);
        assert_int_equal (files->rows.next (files->rows.self, &row), ROWS_END);
        assert_int_equal (bet_source_half_row (files->source), counts ? 0 : 4);
        assert_int_equal (bet_source_look (files->source), BET_SOURCE_SAME);
        close_pipe (files, input);
    }
}

static void test_pipe_that_cannot_be_read (void **state)
{
    files_t *files = *state;
    const int directory = open (files->directory, O_RDONLY | O_CLOEXEC);
    files->source = bet_source_piped (directory, "the pipe", true, files->error,
                                      sizeof files->error);
    assert_non_null (files->source);
    files->rows = bet_source_rows (files->source);
    assert_end (files);
    assert_int_equal (bet_source_look (files->source), BET_SOURCE_CHANGED);
    assert_string_equal (files->rows.error (files->rows.self),
                         "the pipe: cannot be read: Is a directory");
    close (directory);
}

static void test_file_tells_when_it_grows (void **state)
{
    files_t *files = *state;
    open_file (files, TEXT ("a\n"));
    assert_int_equal (bet_source_input (files->source), -1);
    bet_source_watch (files->source);
    struct pollfd input = {.fd = bet_source_input (files->source), .events = POLLIN};
    if (input.fd == -1 && errno == EMFILE)
        skip (); // this user has as many as one may
    assert_true (input.fd != -1);
    assert_row (files, "a", 1);
    assert_end (files);
    assert_int_equal (poll (&input, 1, 0), 0);
    append (files, "b\n");
    assert_int_equal (poll (&input, 1, 0), 1);
    assert_int_equal (bet_source_look (files->source), BET_SOURCE_GREW);
    assert_int_equal (poll (&input, 1, 0), 0);
    assert_row (files, "b", 2);
    assert_false (bet_source_ended (files->source));
}

/* ---- The single bet ---- */

static void assert_single (files_t *files, const char *const fields[BET_FIELDS],
                           const char *text)
{
    bet_source_destroy (&files->source);
    files->source = bet_source_single (fields, files->error, sizeof files->error);
    assert_non_null (files->source);
    files->rows = bet_source_rows (files->source);
    seek (files, 12345);
    assert_row (files, text, 0);
}

static void test_single_bet (void **state)
{
    static const struct {
        const char *fields[BET_FIELDS];
        const char *text;
    } table[] = {
        {{"Santiago Lionel", "Lorca", "30904465", "1999-03-17", "2201"},
         "Santiago Lionel,Lorca,30904465,1999-03-17,2201"},
        {{"a,b", "c\"d", "e\nf", "g\rh", "'i #"},
         "\"a,b\",\"c\"\"d\",\"e\nf\",\"g\rh\",'i #"},
        {{"\"\"", "\"", " ", "", "0"}, "\"\"\"\"\"\",\"\"\"\", ,,0"},
    };
    files_t *files = *state;
    row_t row;
    for (size_t i = 0; i < COUNT (table); i++) {
        assert_single (files, table[i].fields, table[i].text);
        assert_int_equal (files->rows.next (files->rows.self, &row), ROWS_END);
        seek (files, 12345); // once more
        assert_row (files, table[i].text, 0);
        seek (files, 9); // at another place
        assert_row (files, table[i].text, 0);
        assert_int_equal (files->rows.next (files->rows.self, &row), ROWS_END);
        assert_int_equal (bet_source_look (files->source), BET_SOURCE_SAME);
    }
}

static void test_single_bet_too_long (void **state)
{
    files_t *files = *state;
    char name[ROW_BYTES_MAX];
    memset (name, 'a', sizeof name);
    const char *fields[BET_FIELDS] = {name, "b", "1", "2000-01-01", "1"};
    size_t others = strlen (",b,1,2000-01-01,1\n");
    name[ROW_BYTES_MAX - others] = 0;
    files->source = bet_source_single (fields, files->error, sizeof files->error);
    assert_non_null (files->source);
    bet_source_destroy (&files->source);
    name[ROW_BYTES_MAX - others] = 'a';
    name[ROW_BYTES_MAX - others + 1] = 0;
    assert_null (bet_source_single (fields, files->error, sizeof files->error));
    assert_non_null (strstr (files->error, "is longer than"));
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, files_setup, files_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_pipe),
        TEST (test_pipe_that_cannot_be_read),
        TEST (test_file_tells_when_it_grows),
        TEST (test_good_files),
        TEST (test_rows_are_taken_as_they_are_read),
        TEST (test_longest_row),
        TEST (test_longest_quoted_row),
        TEST (test_over_long_rows),
        TEST (test_lines_that_end_in_cr_alone),
        TEST (test_quotes_left_open),
        TEST (test_quote_left_open_in_a_large_file),
        TEST (test_large_file),
        TEST (test_seek_works_in_portions),
        TEST (test_files_that_cannot_be_read),
        TEST (test_file_that_changes_while_it_is_read),
        TEST (test_row_that_is_cut_is_not_taken),
        TEST (test_rows_added_while_it_is_read),
        TEST (test_file_that_grows),
        TEST (test_file_that_differs_after_its_sale),
        TEST (test_single_bet),
        TEST (test_single_bet_too_long),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
