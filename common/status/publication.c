/* publication.c - what was published of a provable draw, gathered: loteria-ctl,
   loteria-web. */

#include "publication.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sorted.h"

typedef struct {
    wire_which_t which;
    uint32_t of;
    uint8_t *data; // so far; of a seal that was signed again, only behind its text
    size_t size, total;
    bool whole;
    bool passed; // in this sweep
} piece_t;

/* In the order in which they are asked for: what a note builds upon comes behind it, so
   that it is there in the same sweep. */
enum { AT_OPEN, AT_VOID, AT_SEAL, AT_RESULT, AT_ATTESTED, ALONE };

struct publication {
    bool boxes, salts;
    bool opened; // the open note is there, and parses
    open_t open;
    size_t seal_text; // bytes; 0: there is no seal
    size_t pieces, at;
    piece_t *piece; // those that stand alone; then each agency's, `each` of them
    size_t each;
};

static bool is_wanted (const publication_t *self, const piece_t *piece);
static uint64_t begin_of (const publication_t *self, const piece_t *piece);
static size_t limit_of (const piece_t *piece);
static const char *fault_of (const piece_t *piece, uint64_t begin, uint64_t total,
                             size_t size);
static void add (piece_t *piece, size_t total, bytes_t bytes);
static void go_on (publication_t *self);
static const char *complete (publication_t *self, piece_t *piece);
static const char *take_open (publication_t *self, const piece_t *piece);
static const char *take_seal (publication_t *self, const piece_t *piece);
static void add_agencies (publication_t *self);
static void drop (piece_t *piece);
static bytes_t bytes_in (const piece_t *piece);
static const piece_t *find (const publication_t *self, wire_which_t which, uint32_t of);
static size_t place_of (const publication_t *self, uint32_t agency);

publication_t *publication_new (bool boxes, bool salts)
{
    static const wire_which_t alone[ALONE] = {
        [AT_OPEN] = NOTE_OPEN,         [AT_VOID] = NOTE_VOID,     [AT_SEAL] = NOTE_SEAL,
        [AT_ATTESTED] = NOTE_ATTESTED, [AT_RESULT] = NOTE_RESULT,
    };
    publication_t *self = calloc (1, sizeof *self);
    const int started = signed_note_start ();
    assert (self && started == 0);
    self->boxes = boxes;
    self->salts = salts;
    self->pieces = ALONE;
    self->piece = calloc (ALONE, sizeof *self->piece);
    assert (self->piece);
    for (size_t i = 0; i < ALONE; i++)
        self->piece[i].which = alone[i];
    return self;
}

void publication_destroy (publication_t **publication)
{
    publication_t *self = *publication;
    *publication = NULL;
    if (!self)
        return;
    for (size_t i = 0; i < self->pieces; i++)
        free (self->piece[i].data);
    if (self->opened)
        open_clear (&self->open);
    free (self->piece);
    free (self);
}

bool publication_next (const publication_t *self, wire_fetch_t *fetch)
{
    if (self->at == self->pieces)
        return false;
    const piece_t *piece = &self->piece[self->at];
    *fetch = (wire_fetch_t){.which = (uint8_t) piece->which,
                            .of = piece->of,
                            .from = begin_of (self, piece) + piece->size};
    return true;
}

const char *publication_take (publication_t *self, const wire_note_t *page)
{
    wire_fetch_t wanted;
    if (!publication_next (self, &wanted) || page->which != wanted.which ||
        page->of != wanted.of || page->from != wanted.from)
        return "a page that was not asked for";
    piece_t *piece = &self->piece[self->at];
    const uint64_t begin = begin_of (self, piece);
    const char *fault = fault_of (piece, begin, page->total, page->bytes.size);
    if (!fault) {
        add (piece, (size_t) (page->total - begin), page->bytes);
        fault = piece->size == piece->total ? complete (self, piece) : NULL;
    } else
        drop (piece);
    go_on (self);
    return fault;
}

void publication_lacks (publication_t *self)
{
    if (self->at < self->pieces)
        drop (&self->piece[self->at]);
    go_on (self);
}

void publication_again (publication_t *self)
{
    for (size_t i = 0; i < self->pieces; i++)
        self->piece[i].passed = false;
    self->at = 0;
    go_on (self);
}

size_t publication_agencies (const publication_t *self)
{
    return self->opened ? self->open.agencies : 0;
}

uint32_t publication_agency (const publication_t *self, size_t place)
{
    return self->open.of[place].agency;
}

bytes_t publication_find (const publication_t *self, wire_which_t which, uint32_t of)
{
    const piece_t *piece = find (self, which, of);
    return piece && piece->whole ? bytes_in (piece) : bytes_of (NULL, 0);
}

char *publication_file (const publication_t *self, wire_which_t which, uint32_t of,
                        size_t *size)
{
    const piece_t *piece = find (self, which, of);
    if (!piece || !piece->whole)
        return NULL;
    const size_t before = (size_t) begin_of (self, piece);
    char *file = malloc (before + piece->size + 1);
    assert (file);
    if (before > 0)
        memcpy (file, self->piece[AT_SEAL].data, before);
    memcpy (file + before, piece->data, piece->size);
    *size = before + piece->size;
    file[*size] = 0;
    return file;
}

bool publication_signed_itself (const publication_t *self, uint32_t agency)
{
    const bytes_t seal = publication_find (self, NOTE_SEAL, 0);
    const bytes_t lines = publication_find (self, NOTE_COUNTERSIGNED, agency);
    const size_t place = place_of (self, agency);
    if (!lines.data || place == publication_agencies (self))
        return false;
    const signed_note_t note = {.text = bytes_of (seal.data, self->seal_text),
                                .signatures =
                                    bytes_of (lines.data + 1, lines.size - 1)};
    return signed_note_verify (&note, &self->open.of[place].key) != NOTE_UNSIGNED;
}

size_t publication_count (const publication_t *self, wire_which_t which)
{
    size_t count = 0;
    for (size_t i = ALONE; i < self->pieces; i++)
        count += self->piece[i].which == which && self->piece[i].whole;
    return count;
}

/* Whether there can be such a note by now, and it is still to be had in this sweep. */
static bool is_wanted (const publication_t *self, const piece_t *piece)
{
    if (piece->whole || piece->passed)
        return false;
    switch (piece->which) {
    case NOTE_VOID:
        return self->opened && self->seal_text == 0;
    case NOTE_ATTESTED:
        return self->seal_text > 0 && self->open.audited;
    case NOTE_RESULT:
    case NOTE_COUNTERSIGNED:
        return self->seal_text > 0;
    case NOTE_SALTS:
        return self->seal_text > 0 && piece->of != 0;
    case NOTE_BOX:
        return self->open.audited;
    default:
        return piece->which == NOTE_OPEN || self->opened;
    }
}

/* A seal that was signed again has the seal's text, which is there. */
static uint64_t begin_of (const publication_t *self, const piece_t *piece)
{
    return piece->which == NOTE_COUNTERSIGNED || piece->which == NOTE_ATTESTED
               ? self->seal_text
               : 0;
}

static size_t limit_of (const piece_t *piece)
{
    return piece->which == NOTE_OPEN || piece->which == NOTE_SEAL ||
                   piece->which == NOTE_RESULT
               ? PAPER_BYTES_MAX
               : PUBLICATION_SMALL_BYTES_MAX;
}

static const char *fault_of (const piece_t *piece, uint64_t begin, uint64_t total,
                             size_t size)
{
    if (total <= begin || total - begin > limit_of (piece))
        return "a note of a length that there is not";
    if (piece->size > 0 && total - begin != piece->total)
        return "the note has changed meanwhile";
    if (size == 0 || size > total - begin - piece->size)
        return "a page that is empty, or too long";
    return NULL;
}

static void add (piece_t *piece, size_t total, bytes_t bytes)
{
    piece->total = total;
    if (!piece->data)
        piece->data = malloc (total);
    assert (piece->data);
    memcpy (piece->data + piece->size, bytes.data, bytes.size);
    piece->size += bytes.size;
}

/* To the next piece that is wanted. What comes to be wanted by another is behind it. */
static void go_on (publication_t *self)
{
    while (self->at < self->pieces && !is_wanted (self, &self->piece[self->at]))
        self->at++;
}

static const char *complete (publication_t *self, piece_t *piece)
{
    if (begin_of (self, piece) > 0 && piece->data[0] != '\n') {
        drop (piece);
        return "another text than the seal's";
    }
    piece->whole = true;
    if (piece->which == NOTE_OPEN)
        return take_open (self, piece);
    return piece->which == NOTE_SEAL ? take_seal (self, piece) : NULL;
}

/* What it says is what everything else is asked for by. */
static const char *take_open (publication_t *self, const piece_t *piece)
{
    signed_note_t note;
    if (!signed_note_parse (bytes_in (piece), &note) ||
        open_parse (note.text, &self->open) != 0)
        return "the open note is none";
    if (self->open.agencies > PROVABLE_AGENCIES_MAX) {
        open_clear (&self->open);
        return "the open note has more agencies than there can be";
    }
    self->opened = true;
    add_agencies (self);
    return NULL;
}

static const char *take_seal (publication_t *self, const piece_t *piece)
{
    signed_note_t note;
    if (!signed_note_parse (bytes_in (piece), &note))
        return "the seal is no note";
    self->seal_text = note.text.size;
    return NULL;
}

/* Behind those that stand alone; party 0 is the operator, for its box. */
static void add_agencies (publication_t *self)
{
    const struct {
        wire_which_t which;
        bool wanted;
    } kinds[] = {{NOTE_RECEIPT, true},
                 {NOTE_COUNTERSIGNED, true},
                 {NOTE_SALTS, self->salts},
                 {NOTE_BOX, self->boxes}};
    self->each = 2 + self->salts + self->boxes;
    const size_t count = ALONE + self->each * self->open.agencies + self->boxes;
    self->piece = realloc (self->piece, count * sizeof *self->piece);
    assert (self->piece);
    for (size_t i = 0; i < self->open.agencies; i++)
        for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
            if (kinds[kind].wanted)
                self->piece[self->pieces++] = (piece_t){.which = kinds[kind].which,
                                                        .of = self->open.of[i].agency};
    if (self->boxes)
        self->piece[self->pieces++] = (piece_t){.which = NOTE_BOX};
}

/* In this sweep it is not to be had. */
static void drop (piece_t *piece)
{
    free (piece->data);
    *piece = (piece_t){.which = piece->which, .of = piece->of, .passed = true};
}

static bytes_t bytes_in (const piece_t *piece)
{
    return bytes_of (piece->data, piece->size);
}

static const piece_t *find (const publication_t *self, wire_which_t which, uint32_t of)
{
    const size_t place = of == 0 ? 0 : place_of (self, of);
    if (of != 0 && place == publication_agencies (self))
        return NULL;
    const bool last = of == 0 && which == NOTE_BOX; // the operator's
    const size_t from = last      ? self->pieces - 1
                        : of == 0 ? 0
                                  : ALONE + place * self->each;
    const size_t to = last ? self->pieces : of == 0 ? ALONE : from + self->each;
    for (size_t i = from; i < to; i++)
        if (self->piece[i].which == which && self->piece[i].of == of)
            return &self->piece[i];
    return NULL;
}

/* Its place among the agencies; how many there are: it is none of them. */
static size_t place_of (const publication_t *self, uint32_t agency)
{
    return sorted_find (self->open.of, publication_agencies (self),
                        sizeof *self->open.of, agency);
}
