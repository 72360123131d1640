/* note.c - the note that an operator's order leaves: loteria-ctl, state and storage. */

#include "note.h"

#include <assert.h>
#include <stdio.h>

#include "text.h"

#define OPENS  " ["
#define CLOSES "]"

static_assert (NOTE_REASON_BYTES_MAX + NOTE_NAME_BYTES_MAX + NOTE_KEY_BYTES_MAX +
                       sizeof OPENS ", " CLOSES <=
                   NOTE_BYTES_MAX + 1,
               "loteria-ctl's notes are never cut");

static size_t begin_of_who (bytes_t note);
static size_t cut_at_character (const char *text, size_t size);

void note_sign (char note[NOTE_BYTES_MAX + 1], const char *who)
{
    char signers[NOTE_BYTES_MAX + 1];
    const bytes_t all = bytes_of (note, strlen (note));
    const bytes_t before = note_who (all);
    const bytes_t reason = note_reason (all);
    assert (strlen (who) <= NOTE_NAME_BYTES_MAX);
    const bool room =
        before.size + strlen (who) + sizeof OPENS ", " CLOSES < sizeof signers;
    snprintf (signers, sizeof signers, "%.*s%s%s", room ? (int) before.size : 0,
              (const char *) before.data, room && before.size > 0 ? ", " : "", who);
    const size_t most = NOTE_BYTES_MAX - strlen (signers) - strlen (OPENS CLOSES);
    const size_t size =
        reason.size <= most ? reason.size : cut_at_character (note, most);
    snprintf (note + size, NOTE_BYTES_MAX + 1 - size, "%s%s" CLOSES,
              size > 0 ? OPENS : &OPENS[1], signers);
}

bytes_t note_reason (bytes_t note)
{
    size_t size = begin_of_who (note);
    if (size < note.size && size > 0)
        size--; // the blank before it
    return bytes_of (note.data, size);
}

bytes_t note_who (bytes_t note)
{
    const size_t begin = begin_of_who (note);
    return begin < note.size ? bytes_of (note.data + begin + 1, note.size - begin - 2)
                             : bytes_of (note.data + note.size, 0);
}

/* Where its bracket is, which begins the note or follows a blank (a key may have
   brackets, and has no blanks); the note's end when there is none. */
static size_t begin_of_who (bytes_t note)
{
    if (note.size < 2 || note.data[note.size - 1] != *CLOSES)
        return note.size;
    for (size_t i = note.size - 1; i-- > 0;)
        if (note.data[i] == OPENS[1] && (i == 0 || note.data[i - 1] == OPENS[0]))
            return i;
    return note.size;
}

/* How many bytes of it are a text still: of whole characters, without a blank at the
   end, or a joiner that joins nothing any more. */
static size_t cut_at_character (const char *text, size_t size)
{
    uint32_t character;
    while (text_check (bytes_of (text, size), &character) != TEXT_GOOD)
        size--;
    return size;
}
