/* slip.c - a bettor's ticket of a provable draw, from the agency's folder (agency). */

#include "slip.h"

#include "bet_csv.h"
#include "fair_paper.h"
#include "qr.h"
#include "receipt.h"
#include "rooting.h"
#include "sold.h"
#include "ticket.h"
#include "verify.h"
#include "whole_file.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#define CANCELLED_BYTES_MAX (CANCELS_MAX * RECEIPT_LINE_BYTES)
#define SLICE_ROWS          100000

typedef struct {
    const char *folder;
    uint64_t offset;
    FILE *terminal;
    bytes_t open, commit, seal; // files, owned
    ready_t ready;              // what the agency committed to
    salt_key_t salts;
    open_t opened;
    seal_t sealed;
    const stake_t *stake; // the agency's
    uint64_t *offsets;    // that are cancelled, owned
    size_t offsets_count;
    sold_t *sold;
    char *why;
} slip_t;

static bool read_folder (slip_t *slip);
static bool read_note (slip_t *slip, const char *name, bytes_t *file);
static bool read_commitment (slip_t *slip);
static bool check_notes (slip_t *slip);
static bool find_stake (slip_t *slip, uint32_t agency);
static bool read_cancelled (slip_t *slip);
static int by_value (const void *a, const void *b);
static bool read_rows (slip_t *slip);
static bool write_slip (slip_t *slip);
static bool make_ticket (slip_t *slip, ticket_t *ticket, uint8_t *scratch);
static bool climb (slip_t *slip, ticket_t *ticket);
static bool write_files (slip_t *slip, bytes_t text);
static bool save (slip_t *slip, const char *kind, bytes_t file);
static void clear (slip_t *slip);
static bool fail (slip_t *slip, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

int slip_make (const char *folder, uint32_t agency, uint64_t offset, FILE *terminal,
               char why[SLIP_WHY_BYTES])
{
    slip_t slip = {
        .folder = folder, .offset = offset, .terminal = terminal, .why = why};
    const bool done = read_folder (&slip) && find_stake (&slip, agency) &&
                      read_cancelled (&slip) && read_rows (&slip) && write_slip (&slip);
    clear (&slip);
    return done ? 0 : -1;
}

static bool read_folder (slip_t *slip)
{
    if (!read_note (slip, "open.note", &slip->open))
        return false;
    if (!slip->open.data)
        return fail (slip,
                     "%s: has no open note, so it is not of a provable draw, or the "
                     "agency has not begun to sell in it",
                     slip->folder);
    if (!read_note (slip, "commit", &slip->commit) ||
        !read_note (slip, "seal.note", &slip->seal))
        return false;
    if (!slip->seal.data)
        return fail (slip,
                     "%s: there is no seal yet, and a ticket holds by the seal alone: "
                     "ask again once the draw is sealed and the agency has fetched it",
                     slip->folder);
    if (!slip->commit.data)
        return fail (slip,
                     "%s: this agency has not committed to its bets, so that the "
                     "operator alone has the salt key that tickets need",
                     slip->folder);
    return read_commitment (slip) && check_notes (slip);
}

/* A file that is not there has no data. */
static bool read_note (slip_t *slip, const char *name, bytes_t *file)
{
    char path[PATH_MAX];
    size_t size;
    if (snprintf (path, sizeof path, "%s/%s", slip->folder, name) >= (int) sizeof path)
        return fail (slip, "%.200s: is too long a name", slip->folder);
    char *text = whole_file_read (path, PAPER_BYTES_MAX, &size);
    if (text)
        *file = bytes_of (text, size);
    return text || errno == ENOENT ||
           fail (slip, "%s: cannot be read: %s", path, strerror (errno));
}

static bool read_commitment (slip_t *slip)
{
    fair_paper_t paper;
    signed_note_t note;
    return (fair_paper_read (slip->commit, &paper) &&
            signed_note_parse (paper.note, &note) &&
            ready_parse (note.text, &slip->ready) == 0 &&
            fair_paper_find_bytes (&paper, "salts", slip->salts.of,
                                   sizeof slip->salts.of)) ||
           fail (slip, "%s/commit is not what an agency wrote there: put the file back",
                 slip->folder);
}

static bool check_notes (slip_t *slip)
{
    const dossier_t dossier = {.open = slip->open, .seal = slip->seal};
    const verify_options_t options = {.dossier = &dossier};
    const verify_outcome_t outcome = verify (&options);
    signed_note_t open, seal;
    if (!outcome.holds)
        return fail (slip, "%s: %s does not hold: %s", slip->folder, outcome.step,
                     outcome.fault);
    return signed_note_parse (slip->open, &open) &&
           open_parse (open.text, &slip->opened) == 0 &&
           signed_note_parse (slip->seal, &seal) &&
           seal_parse (seal.text, &slip->sealed) == 0;
}

static bool find_stake (slip_t *slip, uint32_t agency)
{
    const uint32_t own = slip->ready.stake.agency;
    if (agency != 0 && agency != own)
        return fail (slip,
                     "%s: is agency %" PRIu32 "'s folder, not agency %" PRIu32 "'s",
                     slip->folder, own, agency);
    slip->stake = seal_stake (&slip->sealed, own);
    if (!slip->stake || !slip->stake->committed)
        return fail (slip,
                     "%s: agency %" PRIu32
                     " stands in the seal without its commitment, "
                     "so that it has not the salt key that tickets need",
                     slip->folder, own);
    if (slip->offset >= slip->stake->count)
        return fail (slip,
                     "%s: agency %" PRIu32 " has sold %" PRIu64
                     " bets in this draw, so there is none at offset %" PRIu64
                     " (the first is at 0)",
                     slip->folder, own, slip->stake->count, slip->offset);
    return true;
}

/* cancelled.csv, whose lines are tickets' (receipt.h), in any order. */
static bool read_cancelled (slip_t *slip)
{
    char path[PATH_MAX];
    size_t size = 0;
    snprintf (path, sizeof path, "%.*s/cancelled.csv", PATH_MAX - 16, slip->folder);
    char *text = whole_file_read (path, CANCELLED_BYTES_MAX, &size);
    if (!text && errno != ENOENT)
        return fail (slip, "%s: cannot be read: %s", path, strerror (errno));
    slip->offsets = calloc (size / 8 + 1, sizeof *slip->offsets);
    assert (slip->offsets);
    bool sound = true;
    for (char *line = text, *end; sound && line && (end = strchr (line, '\n'));
         line = end + 1) {
        receipt_t ticket;
        sound = receipt_read (bytes_of (line, (size_t) (end - line)), &ticket);
        slip->offsets[slip->offsets_count++] = ticket.offset;
    }
    free (text);
    qsort (slip->offsets, slip->offsets_count, sizeof *slip->offsets, by_value);
    return sound || fail (slip, "%s: is not what an agency wrote there", path);
}

static int by_value (const void *a, const void *b)
{
    const uint64_t one = *(const uint64_t *) a, other = *(const uint64_t *) b;
    return (one > other) - (one < other);
}

static bool read_rows (slip_t *slip)
{
    char why[SOLD_WHY_BYTES];
    slip->sold = sold_open (slip->folder, SOLD_FILE, slip->ready.stake.agency, why);
    if (!slip->sold)
        return fail (slip, "%s", why);
    return sold_count (slip->sold) >= slip->stake->count ||
           fail (slip,
                 "%s/" SOLD_FILE " has %" PRIu64 " bets, and %" PRIu64
                 " were sealed: put the file back",
                 slip->folder, sold_count (slip->sold), slip->stake->count);
}

static bool write_slip (slip_t *slip)
{
    uint8_t scratch[ROW_BYTES_MAX];
    ticket_t ticket;
    size_t size;
    if (!make_ticket (slip, &ticket, scratch))
        return false;
    char *text = ticket_write (&ticket, &size);
    const bool done = write_files (slip, bytes_of (text, size));
    free (text);
    return done;
}

static bool make_ticket (slip_t *slip, ticket_t *ticket, uint8_t *scratch)
{
    const origin_t *origin = &slip->opened.origin;
    signed_note_t open, seal;
    leaves_t leaves;
    uint32_t agency;
    bytes_t rows = sold_rows (slip->sold, slip->offset);
    *ticket = (ticket_t){.origin = *origin,
                         .agency = slip->stake->agency,
                         .offset = slip->offset,
                         .state = LEAF_STANDS};
    for (size_t i = 0; i < slip->offsets_count; i++)
        if (slip->offsets[i] == slip->offset)
            ticket->state = LEAF_CANCELLED;
    leaves_begin (&leaves, bytes_of (origin->draw, strlen (origin->draw)),
                  ticket->agency, &slip->salts);
    ticket->salt = leaves_salt (&leaves, slip->offset);
    signed_note_parse (slip->open, &open);
    signed_note_parse (slip->seal, &seal);
    ticket->open = statement_hash (open.text);
    ticket->seal = statement_hash (seal.text);
    if (!climb (slip, ticket) ||
        bet_csv_next (&rows, scratch, &agency, &ticket->bet) != 1)
        return fail (slip, "%s/" SOLD_FILE " cannot be read, or is damaged",
                     slip->folder);
    const char *fault = ticket_fault (ticket, &slip->sealed);
    return !fault ||
           fail (slip,
                 "%s: the ticket of bet %" PRIu64 " would not hold: %s. Is " SOLD_FILE
                 " or cancelled.csv another one than was committed to?",
                 slip->folder, slip->offset, fault);
}

/* The path to the root, over all of the agency's bets. */
static bool climb (slip_t *slip, ticket_t *ticket)
{
    const origin_t *origin = &slip->opened.origin;
    rooting_t rooting;
    rooting_begin (&rooting, bytes_of (origin->draw, strlen (origin->draw)),
                   ticket->agency, &slip->salts, sold_rows (slip->sold, 0), 0,
                   slip->stake->count, slip->offsets, slip->offsets_count);
    tree_watch (&rooting.tree, slip->offset);
    while (!rooting_step (&rooting, SLICE_ROWS))
        ;
    if (!rooting.faulty)
        ticket->path = tree_path (&rooting.tree);
    return !rooting.faulty;
}

static bool write_files (slip_t *slip, bytes_t text)
{
    size_t size;
    qr_t qr;
    if (!qr_make (&qr, text))
        return fail (slip, "the ticket has %zu bytes, too many for a QR code",
                     text.size);
    uint8_t *png = qr_png (&qr, &size);
    const bool done =
        save (slip, "txt", text) && save (slip, "png", bytes_of (png, size));
    if (done)
        qr_print (&qr, isatty (fileno (slip->terminal)), slip->terminal);
    free (png);
    qr_clear (&qr);
    return done && (fflush (slip->terminal) == 0 ||
                    fail (slip, "stdout: %s", strerror (errno)));
}

static bool save (slip_t *slip, const char *kind, bytes_t file)
{
    char name[64];
    snprintf (name, sizeof name, "ticket-%" PRIu64 ".%s", slip->offset, kind);
    return whole_file_save (slip->folder, name, file, true) == 0 ||
           fail (slip, "%s/%s: cannot be written: %s", slip->folder, name,
                 strerror (errno));
}

static void clear (slip_t *slip)
{
    sold_close (&slip->sold);
    open_clear (&slip->opened);
    seal_clear (&slip->sealed);
    free ((void *) slip->open.data);
    free ((void *) slip->commit.data);
    free ((void *) slip->seal.data);
    free (slip->offsets);
}

static bool fail (slip_t *slip, const char *format, ...)
{
    va_list values;
    va_start (values, format);
    vsnprintf (slip->why, SLIP_WHY_BYTES, format, values);
    va_end (values);
    return false;
}
