/* fuzz_note.c - any text as a note, a statement, a key, a ticket and a box of a
   provable draw. What parses is what writing it again gives. */

#include "fuzz.h"

#include "escrow.h"
#include "fair_paper.h"
#include "hex.h"
#include "ticket.h"

#define FUZZ_WORD_BYTES 64

static void check_note (bytes_t file);
static void check_statements (bytes_t text);
static void check_same (bytes_t text, char *again, size_t size);
static void check_key (bytes_t text);
static void check_ticket (bytes_t text);
static void check_box (bytes_t text);
static void check_paper (bytes_t text);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    const bytes_t bytes = bytes_of (data, size);
    MUST (signed_note_start () == 0);
    check_note (bytes);
    check_statements (bytes);
    check_key (bytes);
    check_ticket (bytes);
    check_box (bytes);
    check_paper (bytes);
    return 0;
}

static void check_note (bytes_t file)
{
    static note_secret_t secret;
    static note_key_t key;
    signed_note_t note;
    if (key.name[0] == '\0') {
        uint8_t public_key[NOTE_PUBLIC_BYTES];
        note_key_pair (&secret, public_key);
        MUST (note_key_make ("loteria/nacional/noche/operator", public_key, &key));
    }
    if (!signed_note_parse (file, &note))
        return;
    MUST (note.text.size > 1 && note.text.data[note.text.size - 1] == '\n');
    MUST (signed_note_verify (&note, &key) != NOTE_SIGNED); // nobody has its secret
    check_statements (note.text);
}

static void check_statements (bytes_t text)
{
    open_t open;
    ready_t ready;
    seal_t seal;
    result_t result;
    void_t off;
    size_t size;
    char *again;
    if (open_parse (text, &open) == 0) {
        again = open_write (&open, &size);
        check_same (text, again, size);
        open_clear (&open);
    }
    if (ready_parse (text, &ready) == 0) {
        again = ready_write (&ready, &size);
        check_same (text, again, size);
    }
    if (seal_parse (text, &seal) == 0) {
        again = seal_write (&seal, &size);
        check_same (text, again, size);
        seal_clear (&seal);
    }
    if (result_parse (text, &result) == 0) {
        again = result_write (&result, &size);
        check_same (text, again, size);
        result_clear (&result);
    }
    if (void_parse (text, &off) == 0) {
        again = void_write (&off, &size);
        check_same (text, again, size);
    }
}

static void check_same (bytes_t text, char *again, size_t size)
{
    MUST (bytes_equal (text, bytes_of (again, size)));
    free (again);
}

static void check_key (bytes_t text)
{
    char again[NOTE_KEY_TEXT_BYTES];
    note_key_t key;
    if (!note_key_parse (text, &key))
        return;
    note_key_text (&key, again);
    MUST (bytes_equal (text, bytes_of (again, strlen (again))));
}

static void check_ticket (bytes_t text)
{
    stake_t stake = {.agency = 4, .count = 7};
    const seal_t seal = {.agencies = 1, .of = &stake};
    ticket_t ticket;
    size_t size;
    if (ticket_parse (text, &ticket) != 0)
        return;
    char *again = ticket_write (&ticket, &size);
    check_same (text, again, size);
    MUST (ticket_fault (&ticket, &seal) != NULL); // it is of some other draw
}

static void check_box (bytes_t text)
{
    char again[ESCROW_TEXT_BYTES];
    escrow_box_t box;
    if (!escrow_parse (text, &box))
        return;
    escrow_text (&box, again);
    MUST (bytes_equal (text, bytes_of (again, strlen (again))));
}

static void check_paper (bytes_t text)
{
    fair_paper_t paper, again;
    fair_paper_writer_t out;
    bytes_t word, value, head;
    uint8_t bytes[64];
    size_t size;
    if (!fair_paper_read (text, &paper))
        return;
    fair_paper_begin (&out);
    for (head = paper.head; fair_paper_next (&head, &word, &value);) {
        char name[FUZZ_WORD_BYTES];
        MUST (hex_read (value, bytes, sizeof bytes) <= (int) sizeof bytes);
        if (word.size < sizeof name) {
            snprintf (name, sizeof name, "%.*s", (int) word.size,
                      (const char *) word.data);
            fair_paper_text (&out, name, value);
        }
    }
    MUST (head.size == 0);
    char *written = fair_paper_end (&out, paper.note, &size);
    MUST (size > PAPER_BYTES_MAX || fair_paper_read (bytes_of (written, size), &again));
    free (written);
}
