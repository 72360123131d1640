/* notes.c - notes of provable draws, read from the files. Storage. */

#include "notes.h"

#include <assert.h>
#include <stdlib.h>

#include "hex.h"

#define KEPT 4 // papers

typedef struct {
    uint64_t sequence; // of its record; 0: none is kept
    uint64_t used;
    uint8_t *bytes;
    size_t size;
} kept_t;

typedef struct {
    bytes_t first, second; // one behind the other
} pieces_t;

struct notes {
    archive_t *archive; // borrowed
    kept_t kept[KEPT];
    uint64_t uses;
    uint8_t secret[WIRE_HASH_BYTES > BOX_BYTES_MAX ? WIRE_HASH_BYTES : BOX_BYTES_MAX];
};

static int read_paper (notes_t *notes, sale_t *sale, uint64_t sequence, bytes_t *paper);
static int find_note (notes_t *notes, sale_t *sale, const wire_note_t *page,
                      pieces_t *pieces, uint64_t *sequence);
static int find_signed_seal (notes_t *notes, sale_t *sale, const wire_note_t *page,
                             pieces_t *pieces, uint64_t *sequence);
static int find_box (notes_t *notes, sale_t *sale, const wire_note_t *page,
                     pieces_t *pieces, uint64_t *sequence);
static int find_salts (notes_t *notes, sale_t *sale, const wire_note_t *page,
                       pieces_t *pieces, uint64_t *sequence);
static bool chosen_key (const fair_paper_t *seal, uint32_t agency, salt_key_t *key);
static bool read_chosen (bytes_t value, uint32_t *agency, salt_key_t *key);
static void cut (const pieces_t *pieces, wire_note_t *page, uint8_t *bytes);
static int damaged (notes_t *notes, sale_t *sale, const char *what);

notes_t *notes_new (archive_t *archive)
{
    notes_t *notes = calloc (1, sizeof *notes);
    assert (notes);
    notes->archive = archive;
    return notes;
}

void notes_destroy (notes_t **notes)
{
    for (size_t i = 0; *notes && i < KEPT; i++)
        free ((*notes)->kept[i].bytes);
    free (*notes);
    *notes = NULL;
}

int notes_paper (notes_t *notes, sale_t *sale, uint8_t kind, uint32_t agency,
                 fair_paper_t *paper, uint64_t *sequence)
{
    bytes_t bytes;
    if (!sale_provable (sale) || agency > sale->terms.agencies)
        return 0;
    const uint32_t which = sale_recorded (sale, kind, agency);
    if (which == 0)
        return 0;
    *sequence = sale->sequences[which - 1];
    if (read_paper (notes, sale, *sequence, &bytes) == -1)
        return -1;
    return fair_paper_read (bytes, paper)
               ? 1
               : damaged (notes, sale, "an event's paper is none");
}

int notes_page (notes_t *notes, sale_t *sale, wire_note_t *page, uint8_t *bytes,
                uint64_t *sequence)
{
    pieces_t pieces = {0};
    int there;
    switch (page->which) {
    case NOTE_COUNTERSIGNED:
    case NOTE_ATTESTED:
        there = find_signed_seal (notes, sale, page, &pieces, sequence);
        break;
    case NOTE_SALTS:
        there = find_salts (notes, sale, page, &pieces, sequence);
        break;
    case NOTE_BOX:
        there = find_box (notes, sale, page, &pieces, sequence);
        break;
    default:
        there = find_note (notes, sale, page, &pieces, sequence);
    }
    if (there == 1)
        cut (&pieces, page, bytes);
    return there;
}

int notes_salts (notes_t *notes, sale_t *sale, salt_key_t *keys)
{
    const uint32_t agencies = sale->terms.agencies;
    uint64_t sequence;
    fair_paper_t paper;
    bool *known = calloc (agencies, sizeof *known);
    assert (known);
    int rc = notes_paper (notes, sale, EVENT_LOCKED, 0, &paper, &sequence);
    if (rc == 1)
        notes_chosen (&paper, agencies, keys, known);
    for (uint32_t i = 0; i < agencies && rc != -1; i++) {
        rc = known[i]
                 ? 0
                 : notes_paper (notes, sale, EVENT_COMMITTED, i + 1, &paper, &sequence);
        if (rc == 1)
            known[i] =
                fair_paper_find_bytes (&paper, "salts", keys[i].of, SHA256_BYTES);
        if (!known[i] && rc != -1)
            rc = damaged (notes, sale, "an agency's salt key is missing");
    }
    free (known);
    return rc == -1 ? -1 : 0;
}

void notes_chosen (const fair_paper_t *seal, uint32_t agencies, salt_key_t *keys,
                   bool *known)
{
    bytes_t head = seal->head, word, value;
    while (fair_paper_next (&head, &word, &value)) {
        uint32_t agency;
        salt_key_t key;
        if (bytes_equal (word, bytes_of ("salts", 5)) &&
            read_chosen (value, &agency, &key) && agency <= agencies) {
            keys[agency - 1] = key;
            known[agency - 1] = true;
        }
    }
}

/* In place of the one that was used least lately. */
static int read_paper (notes_t *notes, sale_t *sale, uint64_t sequence, bytes_t *paper)
{
    kept_t *kept = &notes->kept[0];
    record_t record;
    for (size_t i = 0; i < KEPT && kept->sequence != sequence; i++)
        if (notes->kept[i].sequence == sequence || notes->kept[i].used < kept->used)
            kept = &notes->kept[i];
    if (kept->sequence != sequence) {
        kept->sequence = 0;
        if (archive_get (notes->archive, sequence, &record) == -1)
            return -1;
        free (kept->bytes);
        kept->bytes = malloc (record.size + 1);
        assert (kept->bytes);
        if (archive_read_rows (notes->archive, sale->folder, &record, 1, kept->bytes) ==
            -1)
            return -1;
        kept->size = record.size;
        kept->sequence = sequence;
    }
    kept->used = ++notes->uses;
    *paper = bytes_of (kept->bytes, kept->size);
    return 0;
}

static int find_note (notes_t *notes, sale_t *sale, const wire_note_t *page,
                      pieces_t *pieces, uint64_t *sequence)
{
    fair_paper_t paper;
    const uint32_t agency = page->which == NOTE_RECEIPT ? page->of : 0;
    if (page->which == NOTE_RECEIPT && agency == 0)
        return 0;
    const int there = notes_paper (notes, sale, page->which, agency, &paper, sequence);
    if (there == 1)
        pieces->first = paper.note;
    return there;
}

/* The seal, with one more signature behind its own. */
static int find_signed_seal (notes_t *notes, sale_t *sale, const wire_note_t *page,
                             pieces_t *pieces, uint64_t *sequence)
{
    const uint32_t agency = page->which == NOTE_COUNTERSIGNED ? page->of : 0;
    fair_paper_t seal, signature;
    uint64_t sealed;
    int there = 0;
    if (page->which == NOTE_ATTESTED || agency > 0)
        there = notes_paper (notes, sale, page->which, agency, &signature, sequence);
    if (there == 1)
        there = notes_paper (notes, sale, EVENT_LOCKED, 0, &seal, &sealed);
    if (there == 1)
        *pieces = (pieces_t){seal.note, signature.note};
    return there;
}

/* What an agency gave with its commitment, or the operator with its own. */
static int find_box (notes_t *notes, sale_t *sale, const wire_note_t *page,
                     pieces_t *pieces, uint64_t *sequence)
{
    fair_paper_t paper;
    bytes_t value;
    const uint8_t kind = page->of == 0 ? EVENT_NOTED : EVENT_COMMITTED;
    const int there = notes_paper (notes, sale, kind, page->of, &paper, sequence);
    if (there != 1 || !fair_paper_find (&paper, "box", &value))
        return there == -1 ? -1 : 0;
    const int size = hex_read (value, notes->secret, sizeof notes->secret);
    if (size == -1)
        return damaged (notes, sale, "a box is none");
    pieces->first = bytes_of (notes->secret, (size_t) size);
    return 1;
}

/* The agency's own; or the one that the operator chose in its place. */
static int find_salts (notes_t *notes, sale_t *sale, const wire_note_t *page,
                       pieces_t *pieces, uint64_t *sequence)
{
    fair_paper_t paper;
    salt_key_t key;
    if (page->of == 0)
        return 0;
    int there = notes_paper (notes, sale, EVENT_COMMITTED, page->of, &paper, sequence);
    if (there == 1 && !fair_paper_find_bytes (&paper, "salts", key.of, sizeof key.of))
        return damaged (notes, sale, "a salt key is none");
    if (there == 0) {
        there = notes_paper (notes, sale, EVENT_LOCKED, 0, &paper, sequence);
        if (there == 1 && !chosen_key (&paper, page->of, &key))
            there = 0;
    }
    put_bytes (notes->secret, bytes_of (key.of, there == 1 ? sizeof key.of : 0));
    pieces->first = bytes_of (notes->secret, sizeof key.of);
    return there;
}

static bool chosen_key (const fair_paper_t *seal, uint32_t agency, salt_key_t *key)
{
    bytes_t head = seal->head, word, value;
    while (fair_paper_next (&head, &word, &value)) {
        uint32_t whose;
        if (bytes_equal (word, bytes_of ("salts", 5)) &&
            read_chosen (value, &whose, key) && whose == agency)
            return true;
    }
    return false;
}

/* "4 0a1b..." */
static bool read_chosen (bytes_t value, uint32_t *agency, salt_key_t *key)
{
    size_t digits = 0;
    uint64_t number = 0;
    for (; digits < value.size && digits < AGENCY_DIGITS_MAX &&
           value.data[digits] >= '0' && value.data[digits] <= '9';
         digits++)
        number = 10 * number + (value.data[digits] - '0');
    if (digits == 0 || digits + 1 >= value.size || value.data[digits] != ' ' ||
        number < 1 || number > AGENCIES_MAX)
        return false;
    *agency = (uint32_t) number;
    const bytes_t hex = bytes_of (value.data + digits + 1, value.size - digits - 1);
    return hex_read_whole (hex, key->of, sizeof key->of);
}

static void cut (const pieces_t *pieces, wire_note_t *page, uint8_t *bytes)
{
    const size_t total = pieces->first.size + pieces->second.size;
    const size_t from = page->from < total ? page->from : total;
    const size_t size = total - from < NOTE_PAGE_BYTES ? total - from : NOTE_PAGE_BYTES;
    const size_t first = from < pieces->first.size ? pieces->first.size - from : 0;
    const size_t of_first = first < size ? first : size;
    const size_t second = from > pieces->first.size ? from - pieces->first.size : 0;
    if (of_first > 0)
        memcpy (bytes, pieces->first.data + from, of_first);
    if (of_first < size)
        memcpy (bytes + of_first, pieces->second.data + second, size - of_first);
    page->total = (uint32_t) total;
    page->from = (uint32_t) from;
    page->bytes = bytes_of (bytes, size);
}

static int damaged (notes_t *notes, sale_t *sale, const char *what)
{
    return archive_paper_damaged (notes->archive, sale->folder, what);
}
