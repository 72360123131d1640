/* fair_paper.c - the rows of a provable draw's events. Pure. */

#include "fair_paper.h"

#include <assert.h>
#include <inttypes.h>

#include "hex.h"

static bool split (bytes_t line, bytes_t *word, bytes_t *value);
static void put_hex (fair_paper_writer_t *out, bytes_t bytes);

bool fair_paper_read (bytes_t text, fair_paper_t *paper)
{
    bytes_t rest = text, line, word, value;
    if (text.size > PAPER_BYTES_MAX)
        return false;
    while (bytes_take_until (&rest, '\n', &line)) {
        if (line.size == 0) {
            const size_t head = text.size - rest.size - 1;
            *paper = (fair_paper_t){bytes_of (text.data, head), rest};
            return true;
        }
        if (!split (line, &word, &value))
            return false;
    }
    return false;
}

bool fair_paper_next (bytes_t *head, bytes_t *word, bytes_t *value)
{
    bytes_t line;
    return bytes_take_until (head, '\n', &line) && split (line, word, value);
}

bool fair_paper_find (const fair_paper_t *paper, const char *word, bytes_t *value)
{
    bytes_t head = paper->head, found;
    while (fair_paper_next (&head, &found, value))
        if (bytes_equal (found, bytes_of (word, strlen (word))))
            return true;
    return false;
}

bool fair_paper_find_bytes (const fair_paper_t *paper, const char *word, uint8_t *bytes,
                            size_t size)
{
    bytes_t value;
    return fair_paper_find (paper, word, &value) && hex_read_whole (value, bytes, size);
}

void fair_paper_begin (fair_paper_writer_t *out)
{
    out->stream = open_memstream (&out->text, &out->size);
    assert (out->stream);
}

void fair_paper_text (fair_paper_writer_t *out, const char *word, bytes_t text)
{
    assert (text.size > 0 && !memchr (text.data, '\n', text.size));
    fprintf (out->stream, "%s ", word);
    fwrite (text.data, 1, text.size, out->stream);
    putc ('\n', out->stream);
}

void fair_paper_hex (fair_paper_writer_t *out, const char *word, bytes_t bytes)
{
    fprintf (out->stream, "%s ", word);
    put_hex (out, bytes);
}

void fair_paper_hex_of (fair_paper_writer_t *out, const char *word, uint32_t number,
                        bytes_t bytes)
{
    fprintf (out->stream, "%s %" PRIu32 " ", word, number);
    put_hex (out, bytes);
}

char *fair_paper_end (fair_paper_writer_t *out, bytes_t note, size_t *size)
{
    putc ('\n', out->stream);
    if (note.size > 0)
        fwrite (note.data, 1, note.size, out->stream);
    const int rc = fclose (out->stream);
    assert (rc == 0);
    *size = out->size;
    return out->text;
}

/* A word of lower-case letters, one blank, and something. */
static bool split (bytes_t line, bytes_t *word, bytes_t *value)
{
    size_t letters = 0;
    while (letters < line.size && line.data[letters] >= 'a' &&
           line.data[letters] <= 'z')
        letters++;
    if (letters == 0 || letters + 1 >= line.size || line.data[letters] != ' ')
        return false;
    *word = bytes_of (line.data, letters);
    *value = bytes_of (line.data + letters + 1, line.size - letters - 1);
    return true;
}

static void put_hex (fair_paper_writer_t *out, bytes_t bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        fprintf (out->stream, "%02x", bytes.data[i]);
    putc ('\n', out->stream);
}
