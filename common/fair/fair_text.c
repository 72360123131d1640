/* fair_text.c - texts by lines. State, agency, verifier. */

#include "fair_text.h"

#include <assert.h>
#include <stdlib.h>

static size_t first_difference (bytes_t text, bytes_t again);

void fair_write_begin (fair_writer_t *out, const origin_t *origin, const char *kind)
{
    char text[ORIGIN_TEXT_BYTES];
    out->stream = open_memstream (&out->text, &out->size);
    assert (out->stream);
    origin_text (origin, text);
    fprintf (out->stream, "%s\n%s\n", text, kind);
}

char *fair_write_end (fair_writer_t *out, size_t *size)
{
    const int failed = fclose (out->stream);
    assert (failed == 0);
    (void) failed;
    *size = out->size;
    return out->text;
}

void fair_write_hash (fair_writer_t *out, const char *word, const hash_t *hash)
{
    char digits[SHA256_TEXT_BYTES];
    fprintf (out->stream, "%s %s\n", word, hash_text (hash, digits));
}

/* Its first two lines, and the one behind them. */
bool fair_read_begin (fair_reader_t *in, bytes_t text, const char *kind,
                      origin_t *origin)
{
    *in = (fair_reader_t){.text = text, .rest = text};
    return fair_read_line (in) && origin_parse (in->line, origin) &&
           fair_read_line (in) && strcmp (in->line, kind) == 0 && fair_read_line (in);
}

/* The end is an empty line. False: the line is too long, or has a 0 in it, or no LF. */
bool fair_read_line (fair_reader_t *in)
{
    in->number++;
    in->line[0] = '\0';
    if (in->rest.size == 0)
        return true;
    const uint8_t *line_feed = memchr (in->rest.data, '\n', in->rest.size);
    const size_t size =
        line_feed ? (size_t) (line_feed - in->rest.data) : FAIR_LINE_BYTES;
    if (size == 0 || size >= FAIR_LINE_BYTES || memchr (in->rest.data, '\0', size))
        return false;
    memcpy (in->line, in->rest.data, size);
    in->line[size] = '\0';
    in->rest = bytes_of (line_feed + 1, in->rest.size - size - 1);
    return true;
}

/* Whether it is the word, a blank and more. */
bool fair_line_is (const fair_reader_t *in, const char *word)
{
    const size_t size = strlen (word);
    return strncmp (in->line, word, size) == 0 && in->line[size] == ' ';
}

bool fair_line_hash (const char *line, const char *word, hash_t *hash)
{
    const size_t size = strlen (word);
    return strncmp (line, word, size) == 0 && line[size] == ' ' &&
           hash_parse (line + size + 1, hash);
}

/* The line that is wrong; 0: none. What a number or a blank too many has let through
   does not come out again as it went in. Frees `again`. */
size_t fair_read_fault (const fair_reader_t *in, bool sound, char *again, size_t size)
{
    const size_t line =
        sound ? first_difference (in->text, bytes_of (again, size)) : in->number;
    free (again);
    return line;
}

static size_t first_difference (bytes_t text, bytes_t again)
{
    size_t line = 1;
    if (bytes_equal (text, again))
        return 0;
    for (size_t i = 0; i < text.size && i < again.size && text.data[i] == again.data[i];
         i++)
        line += text.data[i] == '\n';
    return line;
}
